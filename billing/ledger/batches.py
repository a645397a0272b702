"""Holds by the thousand: for a whole catalogue at once, and given back some at a time."""

from collections.abc import Sequence
from datetime import timedelta

import asyncpg
import msgspec
from msgspec import Struct

from billing.errors import BillingError
from billing.ledger.service import refusal


class Asked(Struct, frozen=True, kw_only=True):
    """One hold of a batch, with what its spending is grouped by and capped by."""

    hold: str
    brief: str
    tokens: int
    ttl: timedelta
    project: str | None
    customer_ref: str | None
    kind: str


PLACE_BATCH = "select said, facts from billing.place_batch($1, $2, $3, $4, $5, $6, $7, $8, $9)"


async def place_batch(
    conn: asyncpg.Connection, account: str, api_key: str, asked: Sequence[Asked], within_s: float
) -> None:
    """Set tokens aside for all of these, or for none.

    Raises `InsufficientTokens` with what all together need, `BudgetExceeded` with what all under
    that budget need, `AccountFrozen` or `UnknownAccount`.
    """
    row = await conn.fetchrow(
        PLACE_BATCH, account, api_key,
        [one.hold for one in asked], [one.brief for one in asked], [one.tokens for one in asked],
        [one.ttl for one in asked], [one.project for one in asked],
        [one.customer_ref for one in asked], [one.kind for one in asked],
        timeout=within_s,
    )  # fmt: skip
    assert row is not None, "a function with OUT parameters returns one row"
    if row["said"] != "held":
        raise _refusal(account, row["said"], row["facts"], sum(one.tokens for one in asked))


def _refusal(account: str, said: str, facts: str, tokens: int) -> BillingError:
    found = msgspec.json.decode(facts)
    return refusal(said, account, found.get("wanted", tokens), found, "these were held before")


LOCK = "select billing.lock_holds($1)"
RELEASE = """
select count(*) from unnest($1::text[]) as hold, lateral billing.release(hold, 'closed') as given
where given.said = 'released'
"""


async def release_all(conn: asyncpg.Connection, holds: Sequence[str]) -> int:
    """Give back what these holds still have; returns how many had anything to give back."""
    await conn.execute(LOCK, holds)
    return await conn.fetchval(RELEASE, holds) or 0
