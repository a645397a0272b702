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
from billing.contracts import Tokens
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


def drawn(lots: Sequence[Lot], tokens: int) -> tuple[Lot, ...]:
    """The lots after tokens were drawn from them in the order they stand in."""
    return tuple(_drawn(lots, tokens))


def _drawn(lots: Sequence[Lot], tokens: int) -> Iterator[Lot]:
    for lot in lots:
        share = min(lot.left, tokens)
        tokens -= share
        yield replace(lot, taken=Tokens(lot.taken + share))


async def lots_of(conn: asyncpg.Connection, account: str) -> tuple[Lot, ...]:
    """What is left of an account's lots, the first to expire first; changes nothing."""
    wallet = await store.select_wallet(conn, account)
    if wallet is None or wallet.mode == "postpaid":
        return ()
    return tuple(lot for lot in await _current(conn, account, wallet.posted) if lot.left)


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
    before = {lot.id: lot for lot in await _lots(conn, account)}
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


async def _current(conn: asyncpg.Connection, account: str, posted: int) -> tuple[Lot, ...]:
    lots = await _lots(conn, account)
    return drawn(lots, _undrawn(lots, posted))


def _undrawn(lots: Iterable[Lot], posted: int) -> int:
    """Tokens spent that no lot knows of yet: every credit opened a lot, so what the lots still
    have beyond the wallet has been spent."""
    return max(0, sum(lot.left for lot in lots) - posted)


async def _lots(conn: asyncpg.Connection, account: str) -> tuple[Lot, ...]:
    return tuple(Lot(**dict(row)) for row in await conn.fetch(SELECT_LOTS, account))


LOCK_WALLET = """
select posted, held from billing.wallets where account = $1 and mode = 'prepaid'
for no key update skip locked
"""
SELECT_LOTS = """
select id, tokens, taken, expires_at, coalesce(expires_at <= now(), false) as over
from billing.lots where account = $1 and taken < tokens
order by expires_at nulls last, id
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
