"""A studio that claims jobs: one brief at a time and plans beside it, every write fenced.

The work runs in a thread; the event loop keeps the lease alive and hears of cancellation. On
SIGTERM the running brief is given back to the queue, and that attempt is not counted. Plans take
less than a second, so they have a lane that no brief holds up.
"""

import asyncio
import contextlib
import os
import signal
import socket
import threading
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import asyncpg
import msgspec
import structlog
from prometheus_client import Counter, Gauge, Histogram

from engine.contracts import Asset, Failed, Made, RetractedTake
from engine.critique.originality import Index, Runs, among, runs_of, signed, unsigned
from engine.errors import BriefRefused, LeaseLost
from engine.queue import service as queue
from engine.queue.contracts import Lease, Progress, Wants, candidate_id
from engine.repertoire import service as repertoire
from engine.settings import StudioSettings
from engine.studio.connections import lent
from engine.studio.rooms import Rooms, furnish
from engine.studio.session import Offered, Performance, StopAsked, perform
from engine.studio.shelf import Shelf, open_shelf
from engine.studio.takes import outlines, tunes

IDLE_S = 0.5
FEWER = "the panel kept fewer takes than were asked for; only what was delivered is charged"

log = structlog.get_logger()
BRIEFS = Counter("studio_briefs_total", "Briefs ended by this studio", ["outcome"])
CANDIDATES = Counter("studio_candidates_total", "Candidates delivered")
RETRACTED = Counter("studio_takes_retracted_total", "Takes that were not offered")
SECONDS = Histogram(
    "studio_brief_seconds", "Seconds from claim to end", buckets=(2, 5, 10, 20, 40, 80, 160, 320)
)
PLANS = Counter("studio_plans_total", "Requests for plans ended by this studio", ["outcome"])
PLAN_SECONDS = Histogram(
    "studio_plan_seconds", "Seconds from claim to plans", buckets=(0.1, 0.2, 0.5, 1, 2, 5, 10)
)
BUSY = Gauge("studio_busy", "1 while a brief is being made")


async def serve(settings: StudioSettings) -> None:
    """Claim and make briefs until SIGTERM or SIGINT; then give back what is unfinished."""
    rooms = furnish(settings)
    shelf = open_shelf(settings.store)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    worker = f"{socket.gethostname()}/{os.getpid()}"
    async with asyncpg.create_pool(settings.database_url, min_size=1, max_size=5) as pool:
        log.info("studio.ready", worker=worker, model=rooms.composer.digest, bank=rooms.bank.name)

        async def make(lease: Lease) -> None:
            await _make(pool, lease, rooms, shelf, settings, stop)

        async def plan(lease: Lease) -> None:
            await _plan(pool, lease, settings)

        claim = partial(_claim, pool, worker, settings)
        await asyncio.gather(
            _lane(partial(claim, "plans"), plan, stop),
            _lane(partial(claim, "candidates"), make, stop),
        )
    log.info("studio.stopped", worker=worker)


async def _lane(
    claim: Callable[[], Awaitable[Lease | None]],
    work: Callable[[Lease], Awaitable[None]],
    stop: asyncio.Event,
) -> None:
    """One job after the other, until the studio stops."""
    while not stop.is_set():
        if (lease := await claim()) is not None:
            await work(lease)
            continue
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), IDLE_S)


async def _claim(
    pool: asyncpg.Pool, worker: str, settings: StudioSettings, wants: Wants = "candidates"
) -> Lease | None:
    try:
        async with lent(pool) as conn:
            await queue.reap(conn)
            return await queue.claim(conn, worker, timedelta(seconds=settings.lease_s), wants)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        log.warning("studio.queue_unreachable", error=str(error))
        return None


async def _make(
    pool: asyncpg.Pool,
    lease: Lease,
    rooms: Rooms,
    shelf: Shelf,
    settings: StudioSettings,
    stop: asyncio.Event,
) -> None:
    """Carry one brief to its end, or leave it to another studio."""
    session = _Session(pool, lease, rooms, shelf, timedelta(seconds=settings.lease_s), stop)
    facts = {"brief": lease.job.id, "account": lease.job.account, "attempt": lease.attempt}
    log.info("brief.claimed", **facts)
    with BUSY.track_inprogress(), SECONDS.time():
        outcome = await _survived(session.run(), "brief", facts)
    BRIEFS.labels(outcome).inc()
    log.info("brief.ended", outcome=outcome, **facts)


async def _plan(pool: asyncpg.Pool, lease: Lease, settings: StudioSettings) -> None:
    """Plan one brief without making it, or leave it to another studio."""
    facts = {"plans": lease.job.id, "account": lease.job.account, "attempt": lease.attempt}
    log.info("plans.claimed", **facts)
    with PLAN_SECONDS.time():
        work = _planned(pool, lease, timedelta(seconds=settings.lease_s))
        outcome = await _survived(work, "plans", facts)
    PLANS.labels(outcome).inc()
    log.info("plans.ended", outcome=outcome, **facts)


async def _survived(work: Awaitable[str], what: str, facts: dict[str, str | int]) -> str:
    """How a job's work ended; whatever went wrong in it, the studio lives on."""
    try:
        return await work
    except LeaseLost:
        return "lease_lost"
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        # The database went away: the lease runs out by itself and the job is tried again.
        log.warning(f"{what}.left", error=str(error), **facts)
        return "left"
    except Exception:  # one job's fault must not stop the studio for the others
        # The attempt stays counted; the queue tries again until the attempts are used up.
        log.exception(f"{what}.fault", **facts)
        return "fault"


async def _planned(pool: asyncpg.Pool, lease: Lease, lease_for: timedelta) -> str:
    """Plan and hand over; returns how it ended, for the log. A stopping studio finishes this."""
    job = lease.job
    work = asyncio.ensure_future(asyncio.to_thread(outlines, job.resolved, job.seed))
    pause = lease_for.total_seconds() / 3
    while not (await asyncio.wait({work}, timeout=pause))[0]:
        async with lent(pool) as conn:
            await queue.beat(conn, lease, lease_for, Progress(step="plan"))
    async with lent(pool) as conn:
        try:
            plans = tuple(work.result())
        except BriefRefused as refused:
            await queue.finish(conn, lease, failure=_refused(refused))
            return "refused"
        await queue.hand_over(conn, lease, plans)
    return "done"


def _refused(refused: BriefRefused) -> Failed:
    """What the planner finds impossible stays so: another attempt would say the same."""
    return Failed(code="brief_refused", detail=str(refused))


class _Session:
    """One leased brief: a thread that makes music, a loop that keeps the lease."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        lease: Lease,
        rooms: Rooms,
        shelf: Shelf,
        lease_for: timedelta,
        stop: asyncio.Event,
    ) -> None:
        self._pool, self._lease, self._rooms, self._shelf = pool, lease, rooms, shelf
        self._lease_for, self._stop = lease_for, stop
        self._progress = Progress(step="plan")
        self._halt = threading.Event()
        self._canceled = False

    async def run(self) -> str:
        """Make and deliver; returns how it ended, for the log."""
        heart = asyncio.create_task(self._beat())
        try:
            return await self._make_all(heart)
        finally:
            self._halt.set()
            heart.cancel()
            with contextlib.suppress(asyncio.CancelledError, LeaseLost, OSError):
                await heart

    async def _make_all(self, heart: "asyncio.Task[None]") -> str:
        job = self._lease.job
        async with lent(self._pool) as conn:
            done = await queue.delivered_takes(conn, job.id)
        made = perform(
            job.resolved,
            job.seed,
            self._rooms,
            label=lambda number: candidate_id(job.id, number),
            tell=self._tell,
            done=done,
            others=partial(self._others, asyncio.get_running_loop()),
        )
        retracted: list[RetractedTake] = []
        try:
            while (outcome := await self._next(made, heart)) is not None:
                if isinstance(outcome, RetractedTake):
                    retracted.append(outcome)
                    RETRACTED.inc()
                    log.info("take.retracted", brief=job.id, take=outcome.take,
                             reason=outcome.reason)  # fmt: skip
                else:
                    await self._deliver(outcome)
        except StopAsked:
            return await self._interrupted(tuple(retracted))
        except BriefRefused as refused:
            return await self._end(tuple(retracted), _refused(refused))
        finally:
            # What is still being played ahead ends before the next brief begins.
            await asyncio.to_thread(made.close)
        return await self._end(tuple(retracted))

    async def _next(
        self, made: "Performance", heart: "asyncio.Task[None]"
    ) -> Offered | RetractedTake | None:
        work = asyncio.ensure_future(asyncio.to_thread(next, made, None))
        await asyncio.wait({work, heart}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():  # the heart stopped first: the lease is lost or the database is gone
            self._halt.set()
            with contextlib.suppress(StopAsked):
                await work
            await heart
        return await work

    async def _deliver(self, offered: Offered) -> None:
        assets = await asyncio.to_thread(store_files, self._shelf, offered)
        made = _with_assets(offered.made, assets)
        name = candidate_id(self._lease.job.id, made.number)
        keys = signed(runs_of(tunes(offered.take)).keys)
        async with lent(self._pool) as conn, conn.transaction():
            await queue.deliver(conn, self._lease, made)
            await repertoire.offer(conn, name, keys)
        CANDIDATES.inc()
        log.info("candidate.delivered", brief=self._lease.job.id, number=made.number,
                 rating=made.rating, originality=made.provenance["originality"])  # fmt: skip

    def _others(self, loop: asyncio.AbstractEventLoop, asked: Runs) -> Index:
        """What other accounts hold near some runs, asked from the thread that makes music."""
        answer = asyncio.run_coroutine_threadsafe(self._nearest(asked), loop)
        return among(unsigned(answer.result()))

    async def _nearest(self, asked: Runs) -> list[int]:
        async with lent(self._pool) as conn:
            return await repertoire.nearest(conn, self._lease.job.account, asked.signed)

    async def _interrupted(self, retracted: tuple[RetractedTake, ...]) -> str:
        async with lent(self._pool) as conn:
            if self._canceled:
                await queue.finish(conn, self._lease, retracted=retracted, canceled=True)
                return "canceled"
            await queue.give_back(conn, self._lease)
            return "given_back"

    async def _end(
        self, retracted: tuple[RetractedTake, ...], refused: Failed | None = None
    ) -> str:
        async with lent(self._pool) as conn:
            delivered = len(await queue.delivered_takes(conn, self._lease.job.id))
            short = delivered < self._lease.job.resolved.candidates
            failure = Failed(code="fewer_candidates", detail=FEWER) if short else None
            await queue.finish(conn, self._lease, retracted=retracted, failure=refused or failure)
        return "refused" if refused else "short" if short else "done"

    async def _beat(self) -> None:
        """Extend the lease three times as often as needed; learn of a cancel or a shutdown."""
        pause = self._lease_for.total_seconds() / 3
        while True:
            async with lent(self._pool) as conn:
                if await queue.beat(conn, self._lease, self._lease_for, self._progress):
                    self._canceled = True
                    self._halt.set()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), min(pause, 2.0))
                self._halt.set()
                await asyncio.sleep(min(pause, 2.0))

    def _tell(self, progress: Progress) -> None:
        self._progress = progress
        if self._halt.is_set():
            raise StopAsked


def store_files(shelf: Shelf, offered: Offered) -> tuple[Asset, ...]:
    """Put a candidate's files on the shelf."""
    wav, stems = "audio/wav", offered.stems.items()
    return (
        shelf.put("master", offered.master, wav),
        shelf.put("evaluation", offered.evaluation, wav),
        shelf.put("preview", offered.preview, "audio/mpeg"),
        shelf.put("midi", offered.midi, "audio/midi"),
        *(shelf.put(f"stem.{name}", content, wav) for name, content in stems),
    )


def _with_assets(made: Made, assets: tuple[Asset, ...]) -> Made:
    return msgspec.structs.replace(made, assets=assets)
