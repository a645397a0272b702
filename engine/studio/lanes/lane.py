"""One lane: claim the next job, do it, claim again, until the studio stops."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta

import asyncpg
import structlog
from msgspec import Struct

from engine.backends.contracts import Backend
from engine.contracts import Failed
from engine.errors import BriefRefused, LeaseLost
from engine.queue import service as queue
from engine.queue.contracts import Lease, Wants
from engine.studio.connections import GONE, lent
from engine.studio.shelf import Shelf

IDLE_S = 0.5

log = structlog.get_logger()


class Studio(Struct, frozen=True, kw_only=True):
    """What all lanes of one studio share. ``stop`` is set when the studio is to end."""

    pool: asyncpg.Pool
    backend: Backend
    shelf: Shelf
    worker: str
    lease_for: timedelta
    stop: asyncio.Event


Work = Callable[[Studio, Lease], Awaitable[None]]


async def follow(studio: Studio, wants: Wants, work: Work) -> None:
    """One job after the other, until the studio stops."""
    while not studio.stop.is_set():
        if (lease := await claim(studio, wants)) is not None:
            await work(studio, lease)
            continue
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(studio.stop.wait(), IDLE_S)


async def claim(studio: Studio, wants: Wants) -> Lease | None:
    """The lane's next job; None where there is none, the queue does not answer, or what would be
    made could not be put away."""
    if wants != "plans" and not await asyncio.to_thread(studio.shelf.ready):
        return None
    try:
        async with lent(studio.pool) as conn:
            await queue.reap(conn)
            return await queue.claim(conn, studio.worker, studio.lease_for, wants)
    except GONE as error:
        log.warning("studio.queue_unreachable", error=str(error))
        return None


def facts_of(lease: Lease, name: str) -> dict[str, str | int]:
    """What every line about a job says; ``name`` is what its id stands for."""
    return {name: lease.job.id, "account": lease.job.account, "attempt": lease.attempt}


async def survived(work: Awaitable[str], what: str, facts: dict[str, str | int]) -> str:
    """How a job's work ended; whatever went wrong in it, the studio lives on."""
    try:
        return await work
    except LeaseLost:
        return "lease_lost"
    except GONE as error:
        # The database went away: the lease runs out by itself and the job is tried again.
        log.warning(f"{what}.left", error=str(error), **facts)
        return "left"
    except Exception:  # one job's fault must not stop the studio for the others
        # The attempt stays counted; the queue tries again until the attempts are used up.
        log.exception(f"{what}.fault", **facts)
        return "fault"


def refusal(refused: BriefRefused) -> Failed:
    """What is found impossible stays so: another attempt would say the same."""
    return Failed(code="brief_refused", detail=str(refused))


async def refuse_unbuilt(studio: Studio, lease: Lease, what: str) -> str:
    """End a job that this studio's backend cannot do; no other attempt would find another one."""
    failure = Failed(
        code="not_yet_available", detail=f"the backend {studio.backend.name} makes no {what}"
    )
    async with lent(studio.pool) as conn:
        await queue.finish(conn, lease, failure=failure)
    return "refused"
