"""Packs run out: tokens of a lot that nobody spent go on its day, the first to expire first.

Spending never touches a lot, so the wallet stays the only hot row. What was spent since a lot was
last looked at is drawn when it matters: before a lot expires, and before a client is told that
one will. What a hold set aside before the day stays spendable; when it comes back, it goes with
the next round.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

import asyncpg
from msgspec import Struct
from msgspec.structs import replace

from billing import notices
from billing.contracts import Balance, Tokens
from billing.ledger import store

WARNED_AHEAD = timedelta(days=30)


class Lot(Struct, frozen=True, kw_only=True):
    """Tokens that came in together and expire together; ``taken`` of them are gone."""

    id: int
    tokens: Tokens
    taken: Tokens
    expires_at: datetime | None
    over: bool = False

    @property
    def left(self) -> int:
        """Tokens nobody has drawn yet."""
        return self.tokens - self.taken


class Purse(Struct, frozen=True, kw_only=True):
    """What an account has, and what is left of the lots it came in, the first to expire first."""

    balance: Balance
    lots: tuple[Lot, ...]


def drawn(lots: Sequence[Lot], tokens: int) -> tuple[Lot, ...]:
    """The lots after tokens were drawn from them in the order they stand in."""
    return tuple(_drawn(lots, tokens) if tokens else lots)


def _drawn(lots: Sequence[Lot], tokens: int) -> Iterator[Lot]:
    for lot in lots:
        share = min(lot.left, tokens)
        tokens -= share
        yield replace(lot, taken=Tokens(lot.taken + share))


async def lots_of(conn: asyncpg.Connection, account: str) -> tuple[Lot, ...]:
    """What is left of an account's lots, the first to expire first; changes nothing."""
    found = (await purses(conn, [account])).get(account)
    return () if found is None else found.lots


async def purses(conn: asyncpg.Connection, accounts: Sequence[str]) -> dict[str, Purse]:
    """What each of these accounts has, and what is left of its lots; in one round trip."""
    rows: dict[str, list[asyncpg.Record]] = {}
    for row in await conn.fetch(SELECT_PURSES, accounts):
        rows.setdefault(row["account"], []).append(row)
    return {account: _purse(its) for account, its in rows.items()}


def _purse(rows: Sequence[asyncpg.Record]) -> Purse:
    balance = store.balance_in(rows[0])
    lots = [_lot(row) for row in rows if row["id"] is not None]
    current = drawn(lots, _undrawn(lots, balance.posted))
    return Purse(balance=balance, lots=tuple(lot for lot in current if lot.left))


async def expired_of(conn: asyncpg.Connection, payment: str) -> int:
    """Tokens of a payment that ran out: they are gone already when the payment goes back."""
    return await conn.fetchval(SELECT_EXPIRED_OF, payment) or 0


async def expire_due(conn: asyncpg.Connection) -> int:
    """Let the lots go whose day has come; returns the tokens that went. In the caller's
    transaction; an account whose wallet is busy is left for the next round."""
    accounts = [row["account"] for row in await conn.fetch(SELECT_OVERDUE)]
    return sum([await _expire(conn, account) for account in accounts])


async def warn(conn: asyncpg.Connection) -> int:
    """Tell accounts once of every lot that expires within thirty days; returns how many lots."""
    rows = await conn.fetch(SELECT_TO_WARN, WARNED_AHEAD)
    told = 0
    for account in dict.fromkeys(row["account"] for row in rows):
        wanted = {row["id"] for row in rows if row["account"] == account}
        for lot in await lots_of(conn, account):
            if lot.id in wanted and lot.expires_at is not None:
                facts = {"tokens": lot.left, "expires_at": lot.expires_at.isoformat()}
                told += await notices.tell(
                    conn, account, "tokens_expiring", str(lot.id), f"{lot.expires_at:%Y-%m}", facts
                )
    return told


async def _expire(conn: asyncpg.Connection, account: str) -> int:
    wallet = await conn.fetchrow(LOCK_WALLET, account)
    if wallet is None:
        return 0
    before = {row["id"]: _lot(row) for row in await conn.fetch(SELECT_LOTS, account)}
    after = drawn(tuple(before.values()), _undrawn(before.values(), wallet["posted"]))
    # What is held is of the lots that end first, as it will be when it is spent.
    free = {lot.id: lot.left for lot in drawn(after, wallet["held"])}
    gone = 0
    for lot in after:
        share = free[lot.id] if lot.over else 0
        if share:
            # The reference says how much was gone before: a repeat would write the same row.
            reference = f"lot_{lot.id}_{lot.taken}"
            left = wallet["posted"] - gone - share
            await conn.execute(INSERT_EXPIRY, reference, account, f"wallet:{account}", share, left)
        if lot.taken + share != before[lot.id].taken:
            await conn.execute(UPDATE_TAKEN, lot.id, lot.taken + share)
        gone += share
    if gone:
        await store.move_wallet(conn, account, -gone)
    return gone


def _undrawn(lots: Iterable[Lot], posted: int) -> int:
    """Tokens spent that no lot knows of yet: every credit opened a lot, so what the lots still
    have beyond the wallet has been spent."""
    return max(0, sum(lot.left for lot in lots) - posted)


def _lot(row: asyncpg.Record) -> Lot:
    return Lot(
        id=row["id"], tokens=row["tokens"], taken=row["taken"], expires_at=row["expires_at"],
        over=row["over"],
    )  # fmt: skip


LOCK_WALLET = """
select posted, held from billing.wallets where account = $1 and mode = 'prepaid'
for no key update skip locked
"""
SELECT_LOTS = """
select id, tokens, taken, expires_at, coalesce(expires_at <= now(), false) as over
from billing.lots where account = $1 and taken < tokens
order by expires_at nulls last, id
"""
# A row for every lot, and one for an account that has none; postpaid accounts never do.
SELECT_PURSES = """
select wallets.account, posted, held, credit_limit, frozen, mode, owed,
  id, tokens, taken, expires_at, coalesce(expires_at <= now(), false) as over
from billing.wallets
left join billing.lots on lots.account = wallets.account and taken < tokens and mode = 'prepaid'
where wallets.account = any($1)
order by wallets.account, expires_at nulls last, id
"""
SELECT_OVERDUE = """
select distinct account from billing.lots
where taken < tokens and expires_at <= now()
order by account limit 100
"""
SELECT_TO_WARN = """
select lots.id, lots.account from billing.lots
where taken < tokens and expires_at > now() and expires_at < now() + $1::interval
  and not exists (
    select from billing.notices
    where notices.account = lots.account and kind = 'tokens_expiring'
      and subject = lots.id::text)
order by expires_at limit 1000
"""
# A lot's expiries are named after it, see `_expire`.
SELECT_EXPIRED_OF = """
select sum(gone.amount)::bigint
from billing.transfers as paid
join billing.lots on lots.transfer = paid.id
join billing.transfers as gone on gone.account = paid.account and gone.kind = 'expiry'
  and gone.ref like 'lot\\_' || lots.id || '\\_%'
where paid.kind = 'topup' and paid.ref = $1
"""
UPDATE_TAKEN = "update billing.lots set taken = $2 where id = $1"
INSERT_EXPIRY = """
insert into billing.transfers (kind, ref, account, debit, credit, amount, balance_after)
values ('expiry', $1, $2, $3, 'breakage', $4, $5)
"""
