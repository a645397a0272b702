"""Telling the meter: what was captured, exactly once, whatever fails on the way.

Rows are claimed by moving their ``next_at`` ahead, so no transaction is open while Stripe is asked.
The identifier is the capture's, so a repeat is recognised; but only for a day, and so a row whose
first sending lies further back than that is never sent blindly again: it goes to ``reconcile``.
"""

import asyncio
import random
from datetime import datetime, timedelta

import asyncpg

from billing.connections import lent
from billing.meters import store
from billing.meters.contracts import Row, UsageSink

LEASE = timedelta(seconds=60)
UNKNOWN_AFTER = timedelta(hours=23)  # Stripe drops repeats of an identifier for 24 h at least
TOO_OLD = timedelta(days=34)  # it refuses events older than 35 days
LONGEST_WAIT_S = 300.0


async def send_due(pool: asyncpg.Pool, sink: UsageSink, limit: int = 40) -> int:
    """Send what is due; returns how many were delivered. One customer's events go one by one."""
    async with lent(pool) as conn:
        await store.park_stale(conn, UNKNOWN_AFTER, TOO_OLD)
        due = await store.claim(conn, limit, LEASE)
    lanes: dict[tuple[str, str], list[Row]] = {}
    for row in due:
        lanes.setdefault((row.event.account, row.event.event_name), []).append(row)
    sent = await asyncio.gather(*(_send_lane(pool, sink, lane) for lane in lanes.values()))
    return sum(sent)


async def depth(conn: asyncpg.Connection) -> dict[str, int]:
    """Rows that are not delivered yet, by lane: send, reconcile, dead."""
    return await store.count_lanes(conn)


async def reopen(
    conn: asyncpg.Connection, since: datetime, until: datetime, event_name: str | None
) -> int:
    """Doubt what was told in that time, of one meter or (None) of all: the rows go to
    ``reconcile``, since Stripe names only some of what it found wrong. Returns how many."""
    return await store.reopen(conn, since, until, event_name)


async def _send_lane(pool: asyncpg.Pool, sink: UsageSink, lane: list[Row]) -> int:
    """One customer's events of one meter, in order; a slow-down stops the lane."""
    delivered = 0
    for row in lane:
        told = await sink.tell(row.event)
        async with lent(pool) as conn:
            if told.outcome == "delivered":
                await store.mark_done(conn, row.event.identifier)
                delivered += 1
            elif told.outcome == "hopeless":
                await store.park(conn, row.event.identifier, "dead", told.detail)
            else:
                await store.retry_in(conn, row.event.identifier, _wait(row.attempts), told.detail)
        if told.outcome == "slow_down":
            break
    return delivered


def _wait(attempts: int) -> timedelta:
    longest = min(LONGEST_WAIT_S, 2.0 ** min(attempts, 9))
    return timedelta(seconds=longest * random.uniform(0.5, 1.0))
