"""Telling the meter: what was captured, exactly once, whatever fails on the way.

A sender leases lanes, one customer and meter each, so no transaction is open while Stripe is
asked and nobody else speaks for the same customer. The identifier is the capture's, so a repeat
is recognised; but only for a day, and so a row whose first sending lies further back than that is
never sent blindly again: it goes to ``reconcile``.
"""

import asyncio
import random
import time
import uuid
from datetime import datetime, timedelta

import asyncpg

from billing.connections import lent, transaction
from billing.meters import pace, store
from billing.meters.contracts import Lane, Outcome, UsageSink
from billing.meters.pace import Turns

LEASE = timedelta(seconds=90)
SPOKEN_FOR_S = 20.0
"""Nothing new is said in a lane so long after it was leased: what is being said then, three times
and up to twenty seconds each, ends before the lease."""
LANES_AT_ONCE = 32
ROWS_A_LANE = 40
UNKNOWN_AFTER = timedelta(hours=23)  # Stripe drops repeats of an identifier for 24 h at least
TOO_OLD = timedelta(days=34)  # it refuses events older than 35 days
LONGEST_WAIT_S = 300.0
TOP_PER_S = 500.0
"""Half of what Stripe takes live from one account; the other half is for people."""


async def send_due(
    pool: asyncpg.Pool, sink: UsageSink, limit: int = LANES_AT_ONCE, top_per_s: float = TOP_PER_S
) -> int:
    """Send what is due of up to ``limit`` lanes; returns how many events were delivered.

    Nothing is sent while the senders are stopped, as they are when a database was put back.
    """
    holder = uuid.uuid4().hex
    async with transaction(pool) as conn:
        if await stopped(conn) is not None:
            return 0
        await store.park_stale(conn, UNKNOWN_AFTER, TOO_OLD)
        lanes = await store.claim(conn, holder, limit, ROWS_A_LANE, LEASE)
    if not lanes:
        return 0
    async with lent(pool) as conn:
        turns = await pace.turns(conn, sum(len(lane.rows) for lane in lanes), top_per_s)
    until = time.monotonic() + SPOKEN_FOR_S
    said = await asyncio.gather(
        *(_send_lane(pool, sink, lane, holder, turns, until) for lane in lanes)
    )
    outcomes = [one.lane for lane in said for one in lane]
    if outcomes and "send" not in outcomes:
        async with lent(pool) as conn:
            await pace.speed_up(conn, top_per_s)
    return outcomes.count("done")


async def depth(conn: asyncpg.Connection) -> dict[str, int]:
    """Rows that are not delivered yet, by lane: send, reconcile, dead."""
    return await store.count_lanes(conn)


async def oldest_age(conn: asyncpg.Connection) -> timedelta:
    """How long the oldest row that is still to be sent has waited."""
    return await store.oldest_age(conn)


async def stop_senders(conn: asyncpg.Connection, reason: str) -> None:
    """Let nothing be sent until it is known what Stripe has; for every clerk."""
    await store.stop(conn, reason)


async def let_senders_go_on(conn: asyncpg.Connection) -> None:
    """Let them send again: what Stripe has is known."""
    await store.go_on(conn)


async def stopped(conn: asyncpg.Connection) -> str | None:
    """Why nothing is sent; None while it is."""
    return await store.stopped(conn, PUT_BACK)


async def watch_for_restore(conn: asyncpg.Connection) -> bool:
    """Remember which database this is; stop the senders when it is another, or was put back.

    Both a copy on another server and a recovery to an earlier moment are seen; a file system's
    snapshot of the same server is not: then an operator runs
    `cuesmith billing reconcile --after-restore` before a clerk is started.
    """
    return await store.watch_for_restore(conn, PUT_BACK)


PUT_BACK = "this database was put back or copied: what Stripe has been told since is not in it"


async def reopen(
    conn: asyncpg.Connection, since: datetime, until: datetime, event_name: str | None
) -> int:
    """Doubt what was told in that time, of one meter or (None) of all: the rows go to
    ``reconcile``, since Stripe names only some of what it found wrong. Returns how many."""
    return await store.reopen(conn, since, until, event_name)


async def _send_lane(
    pool: asyncpg.Pool, sink: UsageSink, lane: Lane, holder: str, turns: Turns, until: float
) -> list[Outcome]:
    """One customer's events of one meter, in order; the first that must wait ends the lane's
    turn, and "too many" ends everybody's. Returns what became of those that were said."""
    outcomes: list[Outcome] = []
    for row in lane.rows:
        if not await turns.turn(until):
            break
        told = await sink.tell(row.event)
        if told.outcome == "delivered":
            outcomes.append(
                Outcome(identifier=row.event.identifier, lane="done", detail=told.detail)
            )
            continue
        if told.outcome == "hopeless":
            outcomes.append(
                Outcome(identifier=row.event.identifier, lane="dead", detail=told.detail)
            )
            continue
        outcomes.append(
            Outcome(identifier=row.event.identifier, lane="send", detail=told.detail,
                    wait_s=_wait_s(row.attempts))
        )  # fmt: skip
        if told.outcome == "slow_down" and turns.end():  # one storm, one slowing down
            async with lent(pool) as conn:
                await pace.slow_down(conn)
        break
    async with transaction(pool) as conn:
        await store.leave(conn, lane, holder, outcomes)
    return outcomes


def _wait_s(attempts: int) -> float:
    return min(LONGEST_WAIT_S, 2.0 ** min(attempts, 9)) * random.uniform(0.5, 1.0)
