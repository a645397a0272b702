"""The queue between door and studio: leased rows, claimed with SKIP LOCKED, fenced by attempt.

A job is enqueued in the transaction that holds the tokens. An attempt counts when it is claimed, so
a job that kills its pod ends after ``max_attempts`` instead of looping. Every write of a worker
names its worker and attempt; a late worker's write finds no row and raises `LeaseLost`.
"""

from datetime import timedelta

import asyncpg

from engine.contracts import Failed, Made, RetractedTake
from engine.errors import LeaseLost
from engine.queue import store
from engine.queue.contracts import Delivered, Delivery, Ended, Job, JobView, Lease, Progress

USED_UP = Failed(
    code="attempts_used_up",
    detail="every studio that tried this brief stopped early; what is missing was not charged",
)
TOO_LATE = Failed(code="deadline_exceeded", detail="the brief was not done before its deadline")


async def enqueue(conn: asyncpg.Connection, job: Job) -> None:
    """Hand a brief to the studios, inside the caller's transaction."""
    await store.insert_job(conn, job)


async def ask_cancel(conn: asyncpg.Connection, job: str) -> bool:
    """Stop a job: at once while it waits, at the studio's next heartbeat while it runs.

    False when there is nothing left to stop.
    """
    if await store.cancel_waiting(conn, job):
        await store.insert_delivery(conn, job, 0, 0, Ended(delivered=0, canceled=True))
        return True
    return await store.mark_cancel(conn, job)


async def view(conn: asyncpg.Connection, job: str) -> JobView | None:
    """The job as the door shows it; None if it was never enqueued."""
    return await store.select_view(conn, job)


async def claim(conn: asyncpg.Connection, worker: str, lease: timedelta) -> Lease | None:
    """Take the next waiting job for ``lease``; its attempt counts from now."""
    return await store.claim_next(conn, worker, lease)


async def beat(
    conn: asyncpg.Connection, lease: Lease, until: timedelta, progress: Progress
) -> bool:
    """Keep the lease alive and tell how far it is. True when the client has asked to stop."""
    cancel_asked = await store.extend_lease(conn, lease, until, progress)
    if cancel_asked is None:
        raise LeaseLost(f"{lease.job.id} belongs to another studio now")
    return cancel_asked


async def delivered_takes(conn: asyncpg.Connection, job: str) -> dict[int, int]:
    """What earlier attempts have already handed back: candidate number → take."""
    return await store.select_takes(conn, job)


async def deliver(conn: asyncpg.Connection, lease: Lease, made: Made) -> None:
    """Hand back one candidate. A number that is there already stays as it is."""
    async with conn.transaction():
        await _fence(conn, lease)
        await store.insert_delivery(
            conn, lease.job.id, made.number, lease.attempt, Delivered(made=made)
        )


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
        state = "canceled" if canceled else "failed" if failure and not delivered else "done"
        await store.end_job(conn, lease.job.id, state)
        await store.insert_delivery(conn, lease.job.id, 0, lease.attempt, ended)


async def give_back(conn: asyncpg.Connection, lease: Lease) -> None:
    """Return an interrupted job to the queue; an interrupted attempt is not a failed one."""
    await store.return_job(conn, lease)


async def reap(conn: asyncpg.Connection) -> int:
    """Requeue jobs whose studio went silent; end those whose attempts or time are used up."""
    async with conn.transaction():
        requeued = await store.requeue_silent(conn)
        ended = 0
        for job, late in await store.select_hopeless(conn):
            delivered = len(await store.select_numbers(conn, job))
            failure = TOO_LATE if late else USED_UP
            await store.end_job(conn, job, "done" if delivered else "failed")
            await store.insert_delivery(
                conn, job, 0, 0, Ended(delivered=delivered, failure=failure)
            )
            ended += 1
    return requeued + ended


async def unsettled(conn: asyncpg.Connection, limit: int) -> list[Delivery]:
    """Delivery rows without their money, locked for the caller's transaction, oldest first."""
    return await store.select_unsettled(conn, limit)


async def settle(conn: asyncpg.Connection, delivery: int) -> None:
    """Mark a delivery row as settled, in the transaction that captured its tokens."""
    await store.mark_settled(conn, delivery)


async def backlog(conn: asyncpg.Connection) -> tuple[int, float]:
    """Jobs waiting or running, and the studio seconds they are expected to take."""
    return await store.select_backlog(conn)


async def _fence(conn: asyncpg.Connection, lease: Lease) -> None:
    if not await store.lock_lease(conn, lease):
        raise LeaseLost(f"{lease.job.id} belongs to another studio now")
