"""The lane of briefs: music is made, and each candidate is delivered as soon as it is good."""

import asyncio
from functools import partial

import structlog
from msgspec import structs
from prometheus_client import Counter, Gauge, Histogram

from engine.backends.contracts import File, Offered, Performance
from engine.contracts import Asset, RetractedTake
from engine.critique.originality import Index, Runs, among, unsigned
from engine.queue.contracts import Lease, candidate_id
from engine.repertoire import service as repertoire
from engine.studio.connections import lent
from engine.studio.lanes.heart import Heart
from engine.studio.lanes.lane import Studio, facts_of, survived
from engine.studio.lanes.session import Session
from engine.studio.marking import Stamp, of_candidate
from engine.studio.shelf import Shelf

log = structlog.get_logger()
BRIEFS = Counter("studio_briefs_total", "Briefs ended by this studio", ["outcome"])
CANDIDATES = Counter("studio_candidates_total", "Candidates delivered")
RETRACTED = Counter("studio_takes_retracted_total", "Takes that were not offered")
SECONDS = Histogram(
    "studio_brief_seconds", "Seconds from claim to end", buckets=(2, 5, 10, 20, 40, 80, 160, 320)
)
BUSY = Gauge("studio_sessions_busy", "Briefs that are being made")


async def make(studio: Studio, lease: Lease) -> None:
    """Carry one brief to its end, or leave it to another studio."""
    facts = facts_of(lease, "brief")
    log.info("brief.claimed", **facts)
    with BUSY.track_inprogress(), SECONDS.time():
        outcome = await survived(studio, lease, _Music(studio, lease).run(), "brief", facts)
    BRIEFS.labels(outcome).inc()
    log.info("brief.ended", outcome=outcome, **facts)


class _Music(Session[Offered]):
    """A brief's candidates, with the runs of notes that nobody else shall be offered."""

    @property
    def asked(self) -> int:
        return self.lease.job.music.candidates

    def begin(self, done: dict[int, int], heart: Heart) -> Performance:
        job = self.lease.job
        return self.studio.backend.make(
            job,
            label=lambda number: candidate_id(job.id, number),
            tell=heart.tell,
            done=done,
            others=partial(self._others, asyncio.get_running_loop()),
            stop=heart.stopped,
        )

    async def deliver(self, offered: Offered) -> None:
        named = candidate_id(self.lease.job.id, offered.made.number)
        stamp = Stamp(marked=of_candidate(named, offered.made), credentials=self.studio.credentials)
        assets = await asyncio.to_thread(store_files, self.studio.shelf, offered, stamp)
        made = structs.replace(offered.made, assets=assets)
        await self.studio.queue.deliver(self.lease, made, offered.runs)
        CANDIDATES.inc()
        log.info("candidate.delivered", brief=self.lease.job.id, number=made.number,
                 rating=made.rating, originality=made.provenance["originality"])  # fmt: skip

    def retracted(self, take: RetractedTake) -> None:
        RETRACTED.inc()
        log.info("take.retracted", brief=self.lease.job.id, take=take.take, reason=take.reason)

    def _others(self, loop: asyncio.AbstractEventLoop, asked: Runs) -> Index:
        """What other accounts hold near some runs, asked from the thread that makes music."""
        answer = asyncio.run_coroutine_threadsafe(
            self.studio.patiently(lambda: self._nearest(asked)), loop
        )
        return among(unsigned(answer.result()))

    async def _nearest(self, asked: Runs) -> list[int]:
        async with lent(self.studio.pool) as conn:
            return await repertoire.nearest(conn, self.lease.job.account, asked.signed)


def store_files(shelf: Shelf, offered: Offered, stamp: Stamp) -> tuple[Asset, ...]:
    """Mark a candidate's files and put them on the shelf."""
    return tuple(_stored(shelf, one, stamp) for one in offered.files)


def _stored(shelf: Shelf, one: File, stamp: Stamp) -> Asset:
    name, content, media_type = one.name, one.content, one.media_type
    if isinstance(content, bytes):
        return shelf.put(name, stamp.put(content, media_type), media_type)
    stamp.put_file(content, media_type)
    return shelf.put_file(name, content, media_type)
