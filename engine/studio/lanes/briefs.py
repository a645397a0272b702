"""The lane of briefs: music is made, and each candidate is delivered as soon as it is good."""

import asyncio
from functools import partial

import structlog
from msgspec import structs
from prometheus_client import Counter, Gauge, Histogram

from engine.contracts import Asset, Failed, RetractedTake
from engine.critique.originality import Index, Runs, among, runs_of, signed, unsigned
from engine.errors import BriefRefused
from engine.queue import service as queue
from engine.queue.contracts import Lease, candidate_id
from engine.repertoire import service as repertoire
from engine.studio import manuscript
from engine.studio.connections import lent
from engine.studio.lanes.heart import Heart
from engine.studio.lanes.lane import Studio, facts_of, refusal, survived
from engine.studio.session import Offered, Performance, StopAsked, perform
from engine.studio.shelf import Shelf
from engine.studio.takes import tunes

FEWER = "the panel kept fewer takes than were asked for; only what was delivered is charged"

log = structlog.get_logger()
BRIEFS = Counter("studio_briefs_total", "Briefs ended by this studio", ["outcome"])
CANDIDATES = Counter("studio_candidates_total", "Candidates delivered")
RETRACTED = Counter("studio_takes_retracted_total", "Takes that were not offered")
SECONDS = Histogram(
    "studio_brief_seconds", "Seconds from claim to end", buckets=(2, 5, 10, 20, 40, 80, 160, 320)
)
BUSY = Gauge("studio_busy", "1 while a brief is being made")


async def make(studio: Studio, lease: Lease) -> None:
    """Carry one brief to its end, or leave it to another studio."""
    facts = facts_of(lease, "brief")
    log.info("brief.claimed", **facts)
    with BUSY.track_inprogress(), SECONDS.time():
        outcome = await survived(_Session(studio, lease).run(), "brief", facts)
    BRIEFS.labels(outcome).inc()
    log.info("brief.ended", outcome=outcome, **facts)


class _Session:
    """One leased brief: a thread that makes music, a heart that keeps the lease."""

    def __init__(self, studio: Studio, lease: Lease) -> None:
        self._studio, self._lease = studio, lease

    async def run(self) -> str:
        """Make and deliver; returns how it ended, for the log."""
        async with Heart(self._studio, self._lease, "plan") as heart:
            return await self._make_all(heart)

    async def _make_all(self, heart: Heart) -> str:
        job = self._lease.job
        async with lent(self._studio.pool) as conn:
            done = await queue.delivered_takes(conn, job.id)
        made = perform(
            job.music,
            job.seed,
            self._studio.rooms,
            label=lambda number: candidate_id(job.id, number),
            tell=heart.tell,
            done=done,
            others=partial(self._others, asyncio.get_running_loop()),
        )
        retracted: list[RetractedTake] = []
        try:
            await self._deliver_all(made, heart, retracted)
        except StopAsked:
            return await self._interrupted(tuple(retracted), canceled=heart.canceled)
        except BriefRefused as refused:
            return await self._end(tuple(retracted), refusal(refused))
        finally:
            # What is still being played ahead ends before the next brief begins.
            await asyncio.to_thread(made.close)
        return await self._end(tuple(retracted))

    async def _deliver_all(
        self, made: Performance, heart: Heart, retracted: list[RetractedTake]
    ) -> None:
        while (outcome := await heart.through(lambda: next(made, None))) is not None:
            if isinstance(outcome, RetractedTake):
                retracted.append(outcome)
                RETRACTED.inc()
                log.info("take.retracted", brief=self._lease.job.id, take=outcome.take,
                         reason=outcome.reason)  # fmt: skip
            else:
                await self._deliver(outcome)

    async def _deliver(self, offered: Offered) -> None:
        assets = await asyncio.to_thread(store_files, self._studio.shelf, offered)
        made = structs.replace(offered.made, assets=assets)
        name = candidate_id(self._lease.job.id, made.number)
        keys = signed(runs_of(tunes(offered.take)).keys)
        async with lent(self._studio.pool) as conn, conn.transaction():
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
        async with lent(self._studio.pool) as conn:
            return await repertoire.nearest(conn, self._lease.job.account, asked.signed)

    async def _interrupted(self, retracted: tuple[RetractedTake, ...], *, canceled: bool) -> str:
        async with lent(self._studio.pool) as conn:
            if canceled:
                await queue.finish(conn, self._lease, retracted=retracted, canceled=True)
                return "canceled"
            await queue.give_back(conn, self._lease)
            return "given_back"

    async def _end(
        self, retracted: tuple[RetractedTake, ...], refused: Failed | None = None
    ) -> str:
        async with lent(self._studio.pool) as conn:
            delivered = len(await queue.delivered_takes(conn, self._lease.job.id))
            short = delivered < self._lease.job.music.candidates
            failure = Failed(code="fewer_candidates", detail=FEWER) if short else None
            await queue.finish(conn, self._lease, retracted=retracted, failure=refused or failure)
        return "refused" if refused else "short" if short else "done"


def store_files(shelf: Shelf, offered: Offered) -> tuple[Asset, ...]:
    """Put a candidate's files on the shelf."""
    wav, stems = "audio/wav", offered.stems.items()
    return (
        shelf.put("master", offered.master, wav),
        shelf.put("evaluation", offered.evaluation, wav),
        shelf.put("preview", offered.preview, "audio/mpeg"),
        shelf.put("midi", offered.midi, "audio/midi"),
        shelf.put("score", offered.manuscript, manuscript.MEDIA_TYPE),
        *(shelf.put(f"stem.{name}", content, wav) for name, content in stems),
    )
