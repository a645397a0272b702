"""The ledger's SQL. The service opens no transaction either: both run inside the caller's."""

from datetime import datetime, timedelta

import asyncpg

from billing.contracts import Balance, Capture, Hold, LedgerLine, Tokens, UsageRow

INSERT_WALLET = """
insert into billing.wallets (account, mode, credit_limit) values ($1, $2, $3)
on conflict (account) do nothing
"""


async def insert_wallet(
    conn: asyncpg.Connection, account: str, mode: str, credit_limit: int
) -> None:
    await conn.execute(INSERT_WALLET, account, mode, credit_limit)


SELECT_WALLET = """
select posted, held, credit_limit, frozen, mode from billing.wallets where account = $1
"""


async def select_wallet(conn: asyncpg.Connection, account: str) -> Balance | None:
    row = await conn.fetchrow(SELECT_WALLET, account)
    if row is None:
        return None
    available = max(0, row["posted"] - row["held"] + row["credit_limit"])
    return Balance(
        posted=row["posted"], held=row["held"], credit_limit=row["credit_limit"],
        available=Tokens(available), mode=row["mode"], frozen=row["frozen"],
    )  # fmt: skip


# One guarded update decides: whoever comes too late finds no row. The wallet is the hot row, so
# every operation touches it last.
RESERVE = """
update billing.wallets set held = held + $2
where account = $1 and not frozen and posted - held - $2 >= -credit_limit
returning account
"""


async def reserve(conn: asyncpg.Connection, account: str, tokens: int) -> bool:
    return await conn.fetchval(RESERVE, account, tokens) is not None


SPEND_NOW = """
update billing.wallets set posted = posted - $2
where account = $1 and not frozen and posted - held - $2 >= -credit_limit
returning account
"""


async def spend_now(conn: asyncpg.Connection, account: str, tokens: int) -> bool:
    return await conn.fetchval(SPEND_NOW, account, tokens) is not None


MOVE_WALLET = """
update billing.wallets set posted = posted + $2, held = held + $3 where account = $1
"""


async def move_wallet(conn: asyncpg.Connection, account: str, posted: int, held: int) -> None:
    await conn.execute(MOVE_WALLET, account, posted, held)


INSERT_HOLD = """
insert into billing.holds (id, account, brief, quoted, expires_at)
values ($1, $2, $3, $4, now() + $5::interval)
on conflict (brief) do nothing
returning *
"""


async def insert_hold(
    conn: asyncpg.Connection, hold: str, account: str, brief: str, tokens: int, ttl: timedelta
) -> Hold | None:
    return _hold(await conn.fetchrow(INSERT_HOLD, hold, account, brief, tokens, ttl))


SELECT_HOLD = "select * from billing.holds where id = $1"
SELECT_HOLD_OF_BRIEF = "select * from billing.holds where brief = $1"
LOCK_HOLD = "select * from billing.holds where id = $1 for update"


async def select_hold(conn: asyncpg.Connection, hold: str) -> Hold | None:
    return _hold(await conn.fetchrow(SELECT_HOLD, hold))


async def select_hold_of_brief(conn: asyncpg.Connection, brief: str) -> Hold | None:
    return _hold(await conn.fetchrow(SELECT_HOLD_OF_BRIEF, brief))


async def lock_hold(conn: asyncpg.Connection, hold: str) -> Hold | None:
    return _hold(await conn.fetchrow(LOCK_HOLD, hold))


def _hold(row: asyncpg.Record | None) -> Hold | None:
    if row is None:
        return None
    return Hold(
        id=row["id"], account=row["account"], brief=row["brief"], quoted=row["quoted"],
        captured=row["captured"], released=row["released"], state=row["state"],
        expires_at=row["expires_at"],
    )  # fmt: skip


CAPTURE_FROM_HOLD = """
update billing.holds
set captured = captured + $2,
    state = case when captured + released + $2 = quoted then 'closed' else state end
where id = $1
"""


async def capture_from_hold(conn: asyncpg.Connection, hold: str, tokens: int) -> None:
    await conn.execute(CAPTURE_FROM_HOLD, hold, tokens)


CLOSE_HOLD = """
update billing.holds set released = quoted - captured, state = $2
where id = $1 and state = 'open'
returning *
"""


async def close_hold(conn: asyncpg.Connection, hold: str, state: str) -> Hold | None:
    return _hold(await conn.fetchrow(CLOSE_HOLD, hold, state))


EXTEND_HOLD = """
update billing.holds set expires_at = greatest(expires_at, $2)
where id = $1 and state = 'open'
"""


async def extend_hold(conn: asyncpg.Connection, hold: str, until: datetime) -> None:
    await conn.execute(EXTEND_HOLD, hold, until)


SELECT_ENDING_HOLDS = """
select * from billing.holds
where state = 'open' and expires_at < $1
order by expires_at
limit 1000
"""


async def select_ending_holds(conn: asyncpg.Connection, before: datetime) -> tuple[Hold, ...]:
    rows = await conn.fetch(SELECT_ENDING_HOLDS, before)
    return tuple(hold for row in rows if (hold := _hold(row)) is not None)


# Sorted by account: sweepers take the wallets in one order, so they never wait for each other.
SELECT_EXPIRED_HOLDS = """
with expired as (
  select id, account from billing.holds
  where state = 'open' and expires_at < now()
  order by expires_at
  limit 100
  for update skip locked
)
select id from expired order by account, id
"""


async def select_expired_holds(conn: asyncpg.Connection) -> list[str]:
    return [row["id"] for row in await conn.fetch(SELECT_EXPIRED_HOLDS)]


INSERT_TRANSFER = """
insert into billing.transfers (kind, ref, account, debit, credit, tokens)
values ($1, $2, $3, $4, $5, $6)
on conflict (kind, ref) do nothing
returning id
"""


async def insert_transfer(
    conn: asyncpg.Connection,
    kind: str,
    ref: str,
    account: str,
    debit: str,
    credit: str,
    tokens: int,
) -> int | None:
    return await conn.fetchval(INSERT_TRANSFER, kind, ref, account, debit, credit, tokens)


INSERT_CAPTURE = """
insert into billing.captures (id, account, hold, sku, reference, tokens, transfer)
values ($1, $2, $3, $4, $5, $6, $7)
"""


async def insert_capture(
    conn: asyncpg.Connection, capture: Capture, hold: str | None, transfer: int
) -> None:
    await conn.execute(
        INSERT_CAPTURE, capture.id, capture.account, hold, capture.sku, capture.reference,
        capture.tokens, transfer,
    )  # fmt: skip


SELECT_CAPTURE = """
select id, account, sku, reference, tokens from billing.captures
where sku = $1 and reference = $2
"""
SELECT_CAPTURE_BY_ID = """
select id, account, sku, reference, tokens from billing.captures where id = $1
"""


async def select_capture(conn: asyncpg.Connection, sku: str, reference: str) -> Capture | None:
    return _capture(await conn.fetchrow(SELECT_CAPTURE, sku, reference))


async def select_capture_by_id(conn: asyncpg.Connection, capture: str) -> Capture | None:
    return _capture(await conn.fetchrow(SELECT_CAPTURE_BY_ID, capture))


def _capture(row: asyncpg.Record | None) -> Capture | None:
    return None if row is None else Capture(**dict(row), replayed=True)


# The time is the database's, never a pod's: Stripe refuses events from the future.
INSERT_OUTBOX = """
insert into billing.outbox (identifier, account, event_name, tokens) values ($1, $2, $3, $4)
"""


async def insert_outbox(conn: asyncpg.Connection, capture: Capture, event_name: str) -> None:
    await conn.execute(INSERT_OUTBOX, capture.id, capture.account, event_name, capture.tokens)


# What a transfer did to its account: credits to the wallet count up, debits count down. A capture
# is named by what was bought, and a refund by what was given back.
SELECT_LINES = """
select transfers.id, transfers.created_at,
  case when kind = 'capture' then sku else kind end as kind, coalesce(reference, ref) as reference,
  case when credit = 'wallet:' || transfers.account then transfers.tokens
       else -transfers.tokens end as tokens,
  sum(case when credit = 'wallet:' || transfers.account then transfers.tokens
           else -transfers.tokens end) over (order by transfers.id) as balance_after
from billing.transfers
left join billing.captures on captures.id = ref and kind in ('capture', 'refund')
where transfers.account = $1
"""
# ruff: noqa: S608 - the only thing put into these texts is the constant above
SELECT_PAGE = f"select * from ({SELECT_LINES}) lines where id > $2 order by id limit $3"
SELECT_PERIOD = f"""
select * from ({SELECT_LINES}) lines where created_at >= $2 and created_at < $3 order by id
"""
SELECT_OPENING = """
select coalesce(sum(case when credit = 'wallet:' || account then tokens else -tokens end), 0)
from billing.transfers where account = $1 and created_at < $2
"""


async def select_page(
    conn: asyncpg.Connection, account: str, after: int, limit: int
) -> tuple[LedgerLine, ...]:
    return _lines(await conn.fetch(SELECT_PAGE, account, after, limit))


async def select_period(
    conn: asyncpg.Connection, account: str, since: datetime, until: datetime
) -> tuple[LedgerLine, ...]:
    return _lines(await conn.fetch(SELECT_PERIOD, account, since, until))


async def select_opening(conn: asyncpg.Connection, account: str, since: datetime) -> int:
    return int(await conn.fetchval(SELECT_OPENING, account, since) or 0)


def _lines(rows: list[asyncpg.Record]) -> tuple[LedgerLine, ...]:
    return tuple(
        LedgerLine(
            id=row["id"], kind=row["kind"], tokens=Tokens(int(row["tokens"])),
            reference=row["reference"], created_at=row["created_at"],
            balance_after=Tokens(int(row["balance_after"])),
        )
        for row in rows
    )  # fmt: skip


SELECT_USAGE = """
select to_char(created_at at time zone 'UTC', 'YYYY-MM-DD') as day, sku,
  sum(tokens)::bigint as tokens, count(*) as count
from billing.captures
where account = $1 and created_at >= $2 and created_at < $3
group by 1, 2
order by 1, 2
"""


async def select_usage(
    conn: asyncpg.Connection, account: str, since: datetime, until: datetime
) -> tuple[UsageRow, ...]:
    rows = await conn.fetch(SELECT_USAGE, account, since, until)
    return tuple(UsageRow(**dict(row)) for row in rows)


BIND_MODE = """
insert into billing.settings (stripe_mode) values ($1) on conflict (only_row) do nothing
"""
SELECT_MODE = "select stripe_mode from billing.settings"


async def bind_mode(conn: asyncpg.Connection, mode: str) -> str:
    await conn.execute(BIND_MODE, mode)
    bound = await conn.fetchval(SELECT_MODE)
    assert bound is not None, "the row is there: the line above saw to it"
    return bound


# Each query finds rows that break a promise; every one must come back empty.
INVARIANTS: dict[str, str] = {
    "a wallet's posted tokens are its transfers": """
        select wallets.account from billing.wallets
        left join billing.transfers on transfers.account = wallets.account
        group by wallets.account, posted
        having posted <> coalesce(sum(case when credit = 'wallet:' || transfers.account
                                           then tokens else -tokens end), 0)""",
    "a wallet's held tokens are its open holds": """
        select wallets.account from billing.wallets
        left join billing.holds on holds.account = wallets.account and state = 'open'
        group by wallets.account, held
        having held <> coalesce(sum(quoted - captured - released), 0)""",
    "no wallet is below its credit limit": """
        select account from billing.wallets where posted - held < -credit_limit""",
    "a hold's captured tokens are its captures": """
        select holds.id from billing.holds left join billing.captures on captures.hold = holds.id
        group by holds.id, captured having captured <> coalesce(sum(tokens), 0)""",
    "no hold gives more than was quoted": """
        select id from billing.holds where captured + released > quoted""",
    "a hold that is not open is fully resolved": """
        select id from billing.holds where state <> 'open' and captured + released <> quoted""",
    "every capture has its transfer, for the same tokens": """
        select captures.id from billing.captures
        join billing.transfers on transfers.id = captures.transfer
        where transfers.tokens <> captures.tokens or transfers.account <> captures.account
           or transfers.kind <> 'capture'""",
    "every capture is told to Stripe once": """
        select captures.id from billing.captures
        left join billing.outbox on outbox.identifier = captures.id
        where outbox.identifier is null or outbox.tokens <> captures.tokens""",
    "revenue is what was captured": """
        select 'revenue' where
          (select coalesce(sum(tokens), 0) from billing.transfers where kind = 'capture')
          <> (select coalesce(sum(tokens), 0) from billing.captures)""",
}  # fmt: skip


async def broken_rows(conn: asyncpg.Connection, query: str) -> list[str]:
    return [str(row[0]) for row in await conn.fetch(query)]
