"""What the till promises of its rows, as queries that find every row which breaks it."""

import asyncpg

# Every one must come back empty, at any moment.
INVARIANTS: dict[str, str] = {
    "a wallet's posted tokens are its transfers": """
        select wallets.account from billing.wallets
        left join billing.transfers on transfers.account = wallets.account and unit = 'tok'
        group by wallets.account, posted
        having posted <> coalesce(sum(case
          when credit = 'wallet:' || transfers.account then amount
          when debit = 'wallet:' || transfers.account then -amount else 0 end), 0)""",
    "a wallet owes what its transfers say": """
        select wallets.account from billing.wallets
        left join billing.transfers on transfers.account = wallets.account and unit = 'tok'
        group by wallets.account, owed
        having owed <> coalesce(sum(case
          when debit = 'owed:' || transfers.account then amount
          when credit = 'owed:' || transfers.account then -amount else 0 end), 0)""",
    "every transfer left the balance that follows from the one before it": """
        select id from (
          select id, balance_after,
            sum(case when credit = 'wallet:' || account then amount else -amount end)
              over (partition by account order by id) as balance
          from billing.transfers where balance_after is not null) as lines
        where balance_after <> balance""",
    "a wallet's held tokens are its open holds": """
        select wallets.account from billing.wallets
        left join billing.holds on holds.account = wallets.account and state = 'open'
        group by wallets.account, held
        having held <> coalesce(sum(quoted - captured - released), 0)""",
    "no wallet is below its credit limit": """
        select account from billing.wallets where posted - held < -credit_limit""",
    "a wallet is frozen while there is a reason": """
        select account from billing.wallets
        where frozen <> exists (select from billing.freezes where account = wallets.account)
           or (owed > 0) <> exists (
             select from billing.freezes where account = wallets.account and reason = 'owed')""",
    "a hold's captured tokens are its captures": """
        select holds.id from billing.holds left join billing.captures on captures.hold = holds.id
        group by holds.id, captured, holds.late
        having captured <> coalesce(sum(tokens) filter (where not captures.late), 0)
          or holds.late <> coalesce(sum(tokens) filter (where captures.late), 0)""",
    "no brief costs more than was quoted": """
        select id from billing.holds where captured + released > quoted or captured + late > quoted
        """,
    "a hold that is not open is fully resolved": """
        select id from billing.holds where state <> 'open' and captured + released <> quoted""",
    "every capture has its transfer, for the same tokens": """
        select captures.id from billing.captures
        join billing.transfers on transfers.id = captures.transfer
        where amount <> tokens or transfers.account <> captures.account
           or transfers.kind <> 'capture' or transfers.ref <> captures.id""",
    "every capture is told to Stripe once": """
        select captures.id from billing.captures
        left join billing.outbox on outbox.capture = captures.id and outbox.kind = 'usage'
        group by captures.id, captures.tokens
        having count(outbox.identifier) <> 1 or sum(outbox.tokens) <> captures.tokens""",
    "every capture that was returned is taken off at Stripe once": """
        select coalesce(transfers.ref, outbox.identifier)
        from (select ref, amount from billing.transfers where kind = 'refund') as transfers
        full join (select * from billing.outbox where kind = 'return') as outbox
          on outbox.capture = transfers.ref
        where transfers.ref is null or outbox.tokens is distinct from -transfers.amount""",
    "revenue is what was captured and not returned": """
        select 'revenue' where
          (select coalesce(sum(case kind when 'capture' then amount else -amount end), 0)
           from billing.transfers where kind in ('capture', 'refund'))
          <> (select coalesce(sum(tokens), 0) from billing.outbox where kind <> 'correction')""",
    "a budget's month holds what its open holds do": """
        select account, scope, subject, month from billing.budget_months as months
        where held <> (
          select coalesce(sum(quoted - captured - released), 0) from billing.holds
          where holds.account = months.account and scope = any (capped)
            and billing.subject_of(scope, api_key, project) = subject
            and billing.month_of(created_at) = months.month)""",
    "a budget's month has spent what was captured under it": """
        select account, scope, subject, month from billing.budget_months as months
        where spent <> (
          select coalesce(sum(tokens), 0) from billing.captures
          where captures.account = months.account and scope = any (capped)
            and billing.subject_of(scope, api_key, project) = subject
            and captures.month = months.month)""",
    "every credit of a prepaid wallet has its lot": """
        select transfers.id from billing.transfers
        join billing.wallets on wallets.account = transfers.account and mode = 'prepaid'
        left join billing.lots on lots.transfer = transfers.id
        where credit = 'wallet:' || transfers.account and lots.tokens is distinct from amount""",
    "lots have at least what the wallet has": """
        select wallets.account from billing.wallets
        join billing.lots on lots.account = wallets.account
        where mode = 'prepaid'
        group by wallets.account, posted having sum(tokens - taken) < posted""",
}  # fmt: skip


async def violations(conn: asyncpg.Connection) -> list[str]:
    """Every broken promise of the ledger, in words; empty when all hold."""
    return [
        f"{promise}: {row[0]}"
        for promise, query in INVARIANTS.items()
        for row in await conn.fetch(query)
    ]
