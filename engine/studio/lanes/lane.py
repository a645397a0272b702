"""One lane: claim the next job, do it, claim again, until the studio stops."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import asyncpg
import structlog
from msgspec import DecodeError, Struct, field

from engine.backends.contracts import Backend
from engine.contracts import Failed
from engine.errors import BriefRefused, DeviceLost, LeaseLost
from engine.marks.credentials import Credentials
from engine.queue.contracts import Lease, Queue, Wants
from engine.studio.connections import GONE, patiently
from engine.studio.health import Health
from engine.studio.shelf import Shelf

T = TypeVar("T")
IDLE_S = 0.5

log = structlog.get_logger()


class Studio(Struct, frozen=True, kw_only=True):
    """What all lanes of one studio share.

    When ``stop`` is set nothing more is claimed, when ``leave`` is, what is unfinished goes back to
    the queue. ``lost`` says that the studio's device is gone.
    """

    pool: asyncpg.Pool
    queue: Queue
    backend: Backend
    shelf: Shelf
    worker: str
    lease_for: timedelta
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    leave: asyncio.Event = field(default_factory=asyncio.Event)
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    health: Health = field(default_factory=Health)
    credentials: Credentials | None = None
    """Who signs what is made here; None: nobody does."""

    async def patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """What ``ask`` gives, also when the database is away for less than a lease."""
        return await patiently(ask, self.lease_for)


Work = Callable[[Studio, Lease], Awaitable[None]]


async def follow(studio: Studio, wants: Wants, work: Work, at_once: int = 1) -> None:
    """So many jobs at the same time, until the studio stops and the last of them has ended."""
    stopping = asyncio.ensure_future(studio.stop.wait())
    running: set[asyncio.Future[None]] = set()
    while not studio.stop.is_set():
        if len(running) < at_once and (lease := await claim(studio, wants)) is not None:
            running.add(asyncio.ensure_future(_traced(studio, lease, work)))
            continue
        ended, _ = await asyncio.wait(
            {stopping, *running},
            timeout=IDLE_S if len(running) < at_once else None,
            return_when=asyncio.FIRST_COMPLETED,
        )
        for one in ended & running:
            await one  # what nobody has caught ends the studio
        running -= ended
    stopping.cancel()
    await asyncio.gather(*running)


async def _traced(studio: Studio, lease: Lease, work: Work) -> None:
    """Do a job; whatever is logged meanwhile says what the work is called everywhere."""
    with structlog.contextvars.bound_contextvars(trace=lease.job.trace):
        await work(studio, lease)


async def claim(studio: Studio, wants: Wants) -> Lease | None:
    """The lane's next job; None where there is none that can be read, the queue does not answer, or
    what would be made could not be put away. A studio whose certificate has ended drains: with the
    same one it would not start."""
    if studio.credentials is not None and studio.credentials.over():
        log.error("studio.credentials_over", signer=studio.credentials.name)
        studio.health.ready = False
        studio.stop.set()
        return None
    if wants != "plans" and not await asyncio.to_thread(studio.shelf.ready):
        return None
    try:
        await studio.queue.reap()
        return await studio.queue.claim(
            studio.worker, studio.lease_for, wants, studio.backend.digest
        )
    except GONE as error:
        log.warning("studio.queue_unreachable", why=type(error).__name__)
    except DecodeError as error:
        # A newer gateway wrote it, perhaps: when its lease has run out a newer studio may take it,
        # and its attempts have an end.
        log.error("studio.job_unreadable", wants=wants, why=str(error))
    return None


def facts_of(lease: Lease, name: str) -> dict[str, str | int]:
    """What every line about a job says; ``name`` is what its id stands for."""
    return {name: lease.job.id, "account": lease.job.account, "attempt": lease.attempt}


async def survived(
    studio: Studio, lease: Lease, work: Awaitable[str], what: str, facts: dict[str, str | int]
) -> str:
    """How a job's work ended; whatever went wrong in it, the studio lives on. Only without its
    device it does not: then all that it holds goes back to the queue."""
    try:
        return await work
    except LeaseLost:
        return "lease_lost"
    except DeviceLost as error:
        log.error("studio.device_lost", error=str(error), **facts)
        for event in (studio.lost, studio.stop, studio.leave):
            event.set()
        with contextlib.suppress(LeaseLost, *GONE):
            await studio.queue.give_back(lease)
        return "device_lost"
    except GONE as error:
        # The database went away: the lease runs out by itself and the job is tried again.
        log.warning(f"{what}.left", why=type(error).__name__, **facts)
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
    await studio.queue.finish(lease, failure=failure)
    return "refused"
