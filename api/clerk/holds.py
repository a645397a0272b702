"""Keeping the holds of living jobs, and giving back those that outlived theirs."""

from datetime import timedelta

import asyncpg

from api.clerk.desk import Desk
from billing.connections import lent, transaction
from billing.ledger import service as ledger
from engine.queue import service as queue

HOLD_AHEAD = timedelta(minutes=10)
UNFINISHED_KEPT = timedelta(days=1)
"""How long after its deadline a brief that nobody could finish may still hold tokens."""

SELECT_UNFINISHED = """
select id from api.briefs
where id = any($1::text[]) and outcome is null and deadline_at > now() - $2::interval
"""


async def keep_holds(desk: Desk) -> int:
    """End hopeless jobs, keep the holds of living ones, give back those that outlived theirs."""
    async with lent(desk.pool) as conn:
        ended = await queue.reap(conn)
    async with lent(desk.pool) as conn:
        await _extend_holds(conn)
    async with transaction(desk.pool) as conn:
        return ended + await ledger.expire_holds(conn)


async def _extend_holds(conn: asyncpg.Connection) -> None:
    """Keep what unfinished briefs hold, also while what they delivered waits for its money."""
    ending = {one.brief: one.id for one in await ledger.ending_holds(conn, HOLD_AHEAD / 2)}
    for row in await conn.fetch(SELECT_UNFINISHED, list(ending), UNFINISHED_KEPT):
        await ledger.extend_hold(conn, ending[row["id"]], HOLD_AHEAD)
