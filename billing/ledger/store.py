"""The ledger's SQL. The service opens no transaction either: both run inside the caller's."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import msgspec

from billing.contracts import (
    Balance,
    Capture,
    ClawedBack,
    Hold,
    Tags,
    Tokens,
    Wanted,
)
from billing.money import Money

INSERT_WALLET = """
insert into billing.wallets (account, mode, credit_limit) values ($1, $2, $3)
on conflict (account) do nothing
"""


async def insert_wallet(
    conn: asyncpg.Connection, account: str, mode: str, credit_limit: int
) -> None:
    await conn.execute(INSERT_WALLET, account, mode, credit_limit)


SELECT_WALLET = """
select posted, held, credit_limit, frozen, mode, owed from billing.wallets where account = $1
"""


async def select_wallet(conn: asyncpg.Connection, account: str) -> Balance | None:
    row = await conn.fetchrow(SELECT_WALLET, account)
    return None if row is None else balance_in(row)


def balance_in(row: asyncpg.Record) -> Balance:
    """What a wallet's row says."""
    available = max(0, row["posted"] - row["held"] + row["credit_limit"])
    return Balance(
        posted=row["posted"], held=row["held"], credit_limit=row["credit_limit"],
        available=Tokens(available), mode=row["mode"], frozen=row["frozen"],
        owed=row["owed"],
    )  # fmt: skip


MOVE_WALLET = "update billing.wallets set posted = posted + $2 where account = $1"


async def move_wallet(conn: asyncpg.Connection, account: str, tokens: int) -> None:
    await conn.execute(MOVE_WALLET, account, tokens)


SET_CREDIT_LIMIT = """
update billing.wallets set credit_limit = $2
where account = $1 and mode = 'postpaid' and posted - held >= -$2::bigint
returning account
"""


async def set_credit_limit(conn: asyncpg.Connection, account: str, limit: int) -> bool:
    return await conn.fetchval(SET_CREDIT_LIMIT, account, limit) is not None


# Every operation is one function of the schema, and so one round trip.
PLACE_HOLD = """
select said, expires_at, facts from billing.place_hold($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""


async def place_hold(conn: asyncpg.Connection, hold: str, one: Wanted) -> tuple[str, datetime, Any]:
    row = await conn.fetchrow(
        PLACE_HOLD, hold, one.account, one.brief, one.tokens, one.ttl,
        one.tags.api_key, one.tags.project, one.tags.customer_ref, one.tags.kind,
    )  # fmt: skip
    assert row is not None, "a function with OUT parameters returns one row"
    return row["said"], row["expires_at"], _facts(row)


PLACE_HOLDS = "select * from billing.place_holds($1, $2, $3, $4, $5, $6, $7, $8, $9)"


async def place_holds(
    conn: asyncpg.Connection, account: str, ids: Sequence[str], wanted: Sequence[Wanted]
) -> tuple[Hold, ...]:
    rows = await conn.fetch(
        PLACE_HOLDS, account, list(ids), [one.brief for one in wanted],
        [one.tokens for one in wanted], [one.ttl for one in wanted],
        [one.tags.api_key for one in wanted], [one.tags.project for one in wanted],
        [one.tags.customer_ref for one in wanted], [one.tags.kind for one in wanted],
    )  # fmt: skip
    return tuple(held for row in rows if (held := _hold(row)) is not None)


CAPTURE = """
select said, quoted, (made).id, (made).account, (made).sku, (made).reference, (made).tokens
from billing.capture($1, $2, $3, $4, $5)
"""


async def capture(
    conn: asyncpg.Connection,
    hold: str,
    capture_id: str,
    candidate: str,
    tokens: int,
    release_rest: bool,
) -> tuple[str, Capture | None, int]:
    row = await conn.fetchrow(CAPTURE, hold, capture_id, candidate, tokens, release_rest)
    assert row is not None, "a function with OUT parameters returns one row"
    return row["said"], _capture(row, row["said"]), row["quoted"] or 0


CHARGE_NOW = """
select said, facts, (made).id, (made).account, (made).sku, (made).reference, (made).tokens
from billing.charge_now($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""


async def charge_now(
    conn: asyncpg.Connection, wanted: Capture, tags: Tags
) -> tuple[str, Capture | None, Any]:
    row = await conn.fetchrow(
        CHARGE_NOW, wanted.account, wanted.id, wanted.sku, wanted.reference, wanted.tokens,
        tags.api_key, tags.project, tags.customer_ref, tags.kind,
    )  # fmt: skip
    assert row is not None, "a function with OUT parameters returns one row"
    return row["said"], _capture(row, row["said"]), _facts(row)


CHARGE_LATE = """
select said, account as payer, facts,
  (made).id, (made).account, (made).sku, (made).reference, (made).tokens
from billing.charge_late($1, $2, $3, $4)
"""


async def charge_late(
    conn: asyncpg.Connection, hold: str, capture_id: str, candidate: str, tokens: int
) -> tuple[str, Capture | None, Any, str]:
    row = await conn.fetchrow(CHARGE_LATE, hold, capture_id, candidate, tokens)
    assert row is not None, "a function with OUT parameters returns one row"
    return row["said"], _capture(row, row["said"]), _facts(row), row["payer"] or ""


RELEASE = """
select said, (held).id, (held).account, (held).brief, (held).quoted, (held).captured,
  (held).released, (held).state, (held).expires_at
from billing.release($1, $2)
"""


async def release(conn: asyncpg.Connection, hold: str, state: str) -> Hold | None:
    row = await conn.fetchrow(RELEASE, hold, state)
    return _hold(row)


EXPIRE_HOLDS = "select billing.expire_holds($1)"


async def expire_holds(conn: asyncpg.Connection, limit: int) -> int:
    return await conn.fetchval(EXPIRE_HOLDS, limit) or 0


CREDIT = "select billing.credit($1, $2, $3, $4, $5, $6)"


async def credit(
    conn: asyncpg.Connection,
    account: str,
    kind: str,
    reference: str,
    source: str,
    tokens: int,
    expires_at: datetime | None,
) -> bool:
    return bool(await conn.fetchval(CREDIT, account, kind, reference, source, tokens, expires_at))


SELECT_CREDITED = "select account, amount from billing.transfers where kind = $1 and ref = $2"


async def credited_as(
    conn: asyncpg.Connection, kind: str, reference: str, account: str, tokens: int
) -> bool:
    """Whether what was credited under this reference is the same."""
    row = await conn.fetchrow(SELECT_CREDITED, kind, reference)
    return row is not None and (row["account"], row["amount"]) == (account, tokens)


REFUND = "select billing.refund($1)"


async def refund(conn: asyncpg.Connection, capture_id: str) -> str:
    return str(await conn.fetchval(REFUND, capture_id))


CLAW_BACK = "select taken, owed from billing.claw_back($1, $2, $3)"


async def claw_back(
    conn: asyncpg.Connection, account: str, reference: str, tokens: int
) -> ClawedBack:
    row = await conn.fetchrow(CLAW_BACK, account, reference, tokens)
    assert row is not None, "a function with OUT parameters returns one row"
    return ClawedBack(taken=row["taken"], owed=row["owed"])


REINSTATE = "select billing.reinstate($1, $2)"


async def reinstate(conn: asyncpg.Connection, account: str, reference: str) -> str:
    return str(await conn.fetchval(REINSTATE, account, reference))


FREEZE = "select billing.freeze($1, $2)"
THAW = "select billing.thaw($1, $2)"
SELECT_FREEZES = "select reason from billing.freezes where account = $1 order by since, reason"


async def freeze(conn: asyncpg.Connection, account: str, reason: str) -> bool:
    return bool(await conn.fetchval(FREEZE, account, reason))


async def thaw(conn: asyncpg.Connection, account: str, reason: str) -> bool:
    return bool(await conn.fetchval(THAW, account, reason))


async def select_freezes(conn: asyncpg.Connection, account: str) -> tuple[str, ...]:
    return tuple(row["reason"] for row in await conn.fetch(SELECT_FREEZES, account))


INSERT_CASH = """
insert into billing.transfers (kind, ref, account, debit, credit, amount, unit)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (kind, ref) do nothing
returning id
"""


async def insert_cash(
    conn: asyncpg.Connection,
    kind: str,
    reference: str,
    account: str,
    debit: str,
    credit_: str,
    money: Money,
) -> bool:
    made = await conn.fetchval(
        INSERT_CASH, kind, reference, account, debit, credit_, money.minor, money.currency
    )
    return made is not None


def _facts(row: asyncpg.Record) -> Any:
    return None if row["facts"] is None else msgspec.json.decode(row["facts"])


SELECT_HOLD = "select * from billing.holds where id = $1"
SELECT_HOLD_OF_BRIEF = "select * from billing.holds where brief = $1"


async def select_hold(conn: asyncpg.Connection, hold: str) -> Hold | None:
    return _hold(await conn.fetchrow(SELECT_HOLD, hold))


async def select_hold_of_brief(conn: asyncpg.Connection, brief: str) -> Hold | None:
    return _hold(await conn.fetchrow(SELECT_HOLD_OF_BRIEF, brief))


def _hold(row: asyncpg.Record | None) -> Hold | None:
    if row is None or row["id"] is None:
        return None
    return Hold(
        id=row["id"], account=row["account"], brief=row["brief"], quoted=row["quoted"],
        captured=row["captured"], released=row["released"], state=row["state"],
        expires_at=row["expires_at"],
    )  # fmt: skip


EXTEND_HOLD = """
update billing.holds set expires_at = greatest(expires_at, now() + $2::interval)
where id = $1 and state = 'open'
"""


async def extend_hold(conn: asyncpg.Connection, hold: str, ahead: timedelta) -> None:
    await conn.execute(EXTEND_HOLD, hold, ahead)


SELECT_ENDING_HOLDS = """
select * from billing.holds
where state = 'open' and expires_at < now() + $1::interval
order by expires_at
limit 1000
"""


async def select_ending_holds(conn: asyncpg.Connection, within: timedelta) -> tuple[Hold, ...]:
    rows = await conn.fetch(SELECT_ENDING_HOLDS, within)
    return tuple(hold for row in rows if (hold := _hold(row)) is not None)


def _capture(row: asyncpg.Record | None, said: str) -> Capture | None:
    if row is None or row["id"] is None:
        return None
    return Capture(
        id=row["id"], account=row["account"], sku=row["sku"], reference=row["reference"],
        tokens=row["tokens"], replayed=said != "captured",
    )  # fmt: skip


BIND_MODE = """
insert into billing.settings (stripe_mode) values ($1) on conflict (only_row) do nothing
"""
SELECT_MODE = "select stripe_mode from billing.settings"


async def bind_mode(conn: asyncpg.Connection, mode: str) -> str:
    await conn.execute(BIND_MODE, mode)
    bound = await conn.fetchval(SELECT_MODE)
    assert bound is not None, "the row is there: the line above saw to it"
    return bound
