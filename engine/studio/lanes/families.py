"""The lane of families: the sounds of a car are drawn, measured and delivered family by family."""

import asyncio

import structlog
from msgspec import structs
from prometheus_client import Counter, Histogram

from engine.backends.contracts import FamilyMaker, FamilyPerformance, OfferedFamily
from engine.contracts import Asset, FamilyMade, FamilyMember, RetractedTake
from engine.queue.contracts import Lease, candidate_id
from engine.studio.family_copies import evaluation, preview
from engine.studio.lanes.heart import Heart
from engine.studio.lanes.lane import Studio, facts_of, refuse_unbuilt, survived
from engine.studio.lanes.session import Session
from engine.studio.marking import Stamp, of_candidate
from engine.studio.shelf import Shelf

log = structlog.get_logger()
FAMILIES = Counter("studio_families_total", "Families ended by this studio", ["outcome"])
CANDIDATES = Counter("studio_family_candidates_total", "Candidates of families delivered")
RETRACTED = Counter("studio_family_takes_retracted_total", "Takes of families not offered")
SECONDS = Histogram(
    "studio_family_seconds", "Seconds from claim to end", buckets=(2, 5, 10, 20, 40, 80, 160, 320)
)


async def make(studio: Studio, lease: Lease) -> None:
    """Carry one family to its end, or leave it to another studio."""
    facts = facts_of(lease, "family")
    log.info("family.claimed", **facts)
    with SECONDS.time():
        outcome = await survived(studio, lease, _made(studio, lease), "family", facts)
    FAMILIES.labels(outcome).inc()
    log.info("family.ended", outcome=outcome, **facts)


async def _made(studio: Studio, lease: Lease) -> str:
    if not isinstance(studio.backend, FamilyMaker):
        return await refuse_unbuilt(studio, lease, "families")
    return await _Family(studio, lease, studio.backend).run()


class _Family(Session[OfferedFamily]):
    """A family's candidates."""

    def __init__(self, studio: Studio, lease: Lease, maker: FamilyMaker) -> None:
        super().__init__(studio, lease)
        self._maker = maker

    @property
    def asked(self) -> int:
        return self.lease.job.family.candidates

    def begin(self, done: dict[int, int], heart: Heart) -> FamilyPerformance:
        return self._maker.family(self.lease.job, tell=heart.tell, done=done, stop=heart.stopped)

    async def deliver(self, offered: OfferedFamily) -> None:
        label = candidate_id(self.lease.job.id, offered.made.number)
        stamp = Stamp(marked=of_candidate(label, offered.made), credentials=self.studio.credentials)
        made = await asyncio.to_thread(stored, self.studio.shelf, offered, label, stamp)
        await self.studio.queue.deliver(self.lease, made)
        CANDIDATES.inc()
        log.info("family.delivered", family=self.lease.job.id, number=made.number,
                 rating=made.rating)  # fmt: skip

    def retracted(self, take: RetractedTake) -> None:
        RETRACTED.inc()
        log.info("take.retracted", family=self.lease.job.id, take=take.take, reason=take.reason)


def stored(shelf: Shelf, offered: OfferedFamily, label: str, stamp: Stamp) -> FamilyMade:
    """The candidate with all its files, marked, on the shelf, each with the sound it belongs to."""
    members = tuple(
        structs.replace(one, assets=_files(shelf, offered, one, label, stamp))
        for one in offered.made.members
    )
    return structs.replace(offered.made, members=members, assets=())


def _files(
    shelf: Shelf, offered: OfferedFamily, member: FamilyMember, label: str, stamp: Stamp
) -> tuple[Asset, ...]:
    """One sound's own files, and the copies to judge it by."""
    delivery, wav, mp3 = offered.made.resolved.delivery, "audio/wav", "audio/mpeg"
    master = offered.sounds[member.name]
    whole = evaluation(master, delivery, member.name, label)
    small = preview(master, member.name, label)
    return (
        *(
            shelf.put(own.name, stamp.put(offered.sounds[own.name], wav), wav)
            for own in member.assets
        ),
        shelf.put("evaluation", stamp.put(whole, wav), wav),
        shelf.put("preview", stamp.put(small, mp3), mp3),
    )
