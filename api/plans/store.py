"""Plans in SQL."""

from datetime import timedelta

import asyncpg
import msgspec

from api.plans.contracts import PlansRow
from engine.contracts import Resolved

INSERT_PLANS = """
insert into api.plans (id, account, seed, resolved, created_at, expires_at)
values ($1, $2, $3, $4::jsonb, now(), now() + $5::interval)
returning created_at, expires_at
"""


async def insert_plans(
    conn: asyncpg.Connection,
    plans: str,
    account: str,
    seed: int,
    resolved: Resolved,
    kept: timedelta,
) -> PlansRow:
    """Plans to be made, with their times by the clock that will judge them."""
    encoded = msgspec.json.encode(resolved).decode()
    times = await conn.fetchrow(INSERT_PLANS, plans, account, seed, encoded, kept)
    assert times is not None, "an insert that returns nothing raises"
    return PlansRow(id=plans, account=account, seed=seed, resolved=resolved, **dict(times))


SELECT_PLANS = """
select id, account, seed, resolved, created_at, expires_at
from api.plans where id = $1 and account = $2 and expires_at > now()
"""


async def select_plans(conn: asyncpg.Connection, plans: str, account: str) -> PlansRow | None:
    row = await conn.fetchrow(SELECT_PLANS, plans, account)
    if row is None:
        return None
    resolved = msgspec.json.decode(row["resolved"], type=Resolved)
    return PlansRow(**{**dict(row), "resolved": resolved})


DELETE_EXPIRED = "delete from api.plans where expires_at <= now() returning id"


async def delete_expired(conn: asyncpg.Connection) -> list[str]:
    return [row["id"] for row in await conn.fetch(DELETE_EXPIRED)]


# The job's state is only read here, for all who wait at once.
SELECT_FINISHED = "select id from engine.jobs where id = any($1) and finished_at is not null"
