"""The queue between door and studio: leased rows, claimed with SKIP LOCKED, fenced by attempt.

A job is enqueued in the transaction that holds the tokens. An attempt counts when it is claimed, so
a job that kills its pod ends after ``max_attempts`` instead of looping. Every write of a worker
names its worker and attempt; a late worker's write finds no row and raises `LeaseLost`.
"""

from collections.abc import Sequence
from datetime import timedelta

import asyncpg

from engine.contracts import Failed, FamilyMade, Made, Outline, Rendered, RetractedTake
from engine.errors import LeaseLost
from engine.queue import store, turns
from engine.queue.contracts import (
    Delivered,
    Delivery,
    Ended,
    FamilyDelivered,
    Job,
    JobView,
    Lease,
    Load,
    Planned,
    Played,
    Progress,
    Wants,
)
from engine.queue.endings import hopeless, state_after
from engine.queue.events import Told

URGENT = timedelta(hours=2)
"""So long before its deadline, or four times as long as it is expected to take, a batch job stops
making way for interactive ones."""
REAPED_AT_ONCE = 500
PUT_OFF_FIRST = timedelta(seconds=1)
PUT_OFF_LONGEST = timedelta(minutes=5)
"""A delivery that cannot be settled is put off, twice as long each time, within these bounds."""


async def enqueue(conn: asyncpg.Connection, job: Job) -> None:
    """Hand a job to the studios, inside the caller's transaction."""
    await store.insert_job(conn, job, URGENT)


async def ask_cancel(conn: asyncpg.Connection, job: str) -> bool:
    """Stop a job: at once while it waits, at the studio's next heartbeat while it runs.

    False when there is nothing left to stop.
    """
    if await store.cancel_waiting(conn, job):
        delivered = len(await store.select_numbers(conn, job))
        await store.insert_delivery(conn, job, 0, 0, Ended(delivered=delivered, canceled=True))
        return True
    return await store.mark_cancel(conn, job)


async def view(conn: asyncpg.Connection, job: str) -> JobView | None:
    """The job as the door shows it; None if it was never enqueued."""
    return await store.select_view(conn, job)


async def claim(
    conn: asyncpg.Connection,
    worker: str,
    lease: timedelta,
    wants: Wants | None = None,
    engine: str | None = None,
) -> Lease | None:
    """Take the next waiting job for ``lease``; its attempt counts from now.

    Only such a job as ``wants`` says, or any: then what takes the least time comes first. A job
    that is pinned to an engine is taken only by a studio whose ``engine`` it is.
    """
    for one in turns.LANES if wants is None else (wants,):
        if (found := await turns.claim_next(conn, worker, lease, one, engine)) is not None:
            return found
    return None


async def beat(
    conn: asyncpg.Connection, lease: Lease, until: timedelta, progress: Progress
) -> bool:
    """Keep the lease alive and tell how far it is. True when the client has asked to stop."""
    cancel_asked = await store.extend_lease(conn, lease, until, progress)
    if cancel_asked is None:
        raise LeaseLost(f"{lease.job.id} belongs to another studio now")
    return cancel_asked


async def tell(conn: asyncpg.Connection, lease: Lease, told: Sequence[Told]) -> None:
    """Say what happens to a job; nothing once it is no longer ours."""
    await store.tell(conn, lease, told)


async def delivered_takes(conn: asyncpg.Connection, job: str) -> dict[int, int]:
    """What earlier attempts have already handed back: candidate number → take."""
    return await store.select_takes(conn, job)


async def deliver(conn: asyncpg.Connection, lease: Lease, made: Made | FamilyMade) -> None:
    """Hand back one candidate. A number that is there already stays as it is."""
    body = Delivered(made=made) if isinstance(made, Made) else FamilyDelivered(made=made)
    async with conn.transaction():
        await _fence(conn, lease)
        await store.insert_delivery(conn, lease.job.id, made.number, lease.attempt, body)


async def finish(
    conn: asyncpg.Connection,
    lease: Lease,
    *,
    retracted: tuple[RetractedTake, ...] = (),
    failure: Failed | None = None,
    canceled: bool = False,
) -> None:
    """End the job: the last delivery row and the job's state, together."""
    async with conn.transaction():
        await _fence(conn, lease)
        delivered = len(await store.select_numbers(conn, lease.job.id))
        ended = Ended(
            delivered=delivered, retracted_takes=retracted, failure=failure, canceled=canceled
        )
        state = state_after(delivered, failure, canceled=canceled)
        await store.end_job(conn, lease.job.id, state)
        await store.insert_delivery(conn, lease.job.id, 0, lease.attempt, ended)


async def hand_over(
    conn: asyncpg.Connection, lease: Lease, made: tuple[Outline, ...] | Rendered
) -> None:
    """End a job that wants plans or a rendition: from now on it can be read, nobody has to settle
    it."""
    last = Played(rendered=made) if isinstance(made, Rendered) else Planned(plans=made)
    async with conn.transaction():
        await _fence(conn, lease)
        await store.end_job(conn, lease.job.id, "done")
        await store.insert_delivery(conn, lease.job.id, 0, lease.attempt, last)


async def last_word(conn: asyncpg.Connection, job: str) -> Planned | Played | Ended | None:
    """What a job wanted, where it holds no tokens, or why it has not got it; None while it is not
    over."""
    return await store.select_last(conn, job)


async def open_jobs(conn: asyncpg.Connection, account: str, wants: Wants) -> int:
    """How many jobs of an account still wait for what they want."""
    return await store.count_open(conn, account, wants)


async def soonest_end_s(conn: asyncpg.Connection, account: str) -> float:
    """In how many seconds about one of an account's briefs or families will have ended."""
    return await store.select_soonest_end(conn, account)


async def forget_plans(conn: asyncpg.Connection, jobs: list[str]) -> None:
    """Drop these jobs and what they delivered; those that do not want plans stay."""
    await store.delete_plans(conn, jobs)


async def forget_settled(conn: asyncpg.Connection, older: timedelta, limit: int) -> int:
    """Drop some of what was handed back for money by jobs that ended so long ago; returns how much.

    Whoever was charged has it as a candidate; what is not settled stays, and so does what plans
    and renditions are read from.
    """
    return await store.delete_settled(conn, older, limit)


async def give_back(conn: asyncpg.Connection, lease: Lease) -> None:
    """Return an interrupted job to the queue; an interrupted attempt is not a failed one, unless
    the job is interrupted again and again."""
    await store.return_job(conn, lease)


async def reap(conn: asyncpg.Connection) -> int:
    """Requeue jobs whose studio went silent, hasten batch jobs whose time runs short, and end those
    whose attempts or time are used up; returns how many were requeued or ended."""
    if not await store.anything_due(conn):
        return 0
    async with conn.transaction():
        requeued = await store.requeue_silent(conn)
        await store.hasten(conn, REAPED_AT_ONCE)
        given_up = await store.select_hopeless(conn, REAPED_AT_ONCE)
        for job, wants, late in given_up:
            delivered = len(await store.select_numbers(conn, job))
            ended = Ended(delivered=delivered, failure=hopeless(wants, late=late))
            await store.end_job(conn, job, state_after(delivered, ended.failure))
            await store.insert_delivery(conn, job, 0, 0, ended)
    return requeued + len(given_up)


async def unsettled(conn: asyncpg.Connection, limit: int) -> list[Delivery]:
    """Delivery rows without their money, locked for the caller's transaction, oldest first."""
    return await store.select_unsettled(conn, limit)


async def put_off(conn: asyncpg.Connection, delivery: int) -> None:
    """Try this delivery again later: in a second, and twice as late each further time."""
    await store.put_off(conn, delivery, PUT_OFF_FIRST, PUT_OFF_LONGEST)


async def settle(conn: asyncpg.Connection, delivery: int) -> None:
    """Mark a delivery row as settled, in the transaction that captured its tokens."""
    await store.mark_settled(conn, delivery)


async def loads(conn: asyncpg.Connection) -> tuple[Load, ...]:
    """What waits and what runs, lane by lane; a lane without jobs is left out."""
    return await store.select_loads(conn)


async def backlog(conn: asyncpg.Connection) -> tuple[int, float]:
    """Jobs waiting or running, and the studio seconds they are expected to take."""
    return await store.select_backlog(conn)


async def _fence(conn: asyncpg.Connection, lease: Lease) -> None:
    if not await store.lock_lease(conn, lease):
        raise LeaseLost(f"{lease.job.id} belongs to another studio now")
