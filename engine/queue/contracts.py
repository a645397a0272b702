"""What travels through the queue. Lenient on purpose: an old pod may read a new job."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, Protocol

from msgspec import Struct

from engine.contracts import (
    Asset,
    Failed,
    FamilyMade,
    Made,
    Outline,
    Rendered,
    RenditionOrder,
    Resolved,
    ResolvedFamily,
    RetractedTake,
    TrackFacts,
)
from engine.queue.events import Told

JobState = Literal["queued", "leased", "done", "failed", "canceled"]
Lane = Literal["rendition", "plan", "interactive", "batch"]
Wants = Literal["candidates", "plans", "renditions", "families"]
UNCOUNTED_RETURNS = 10
"""A job given back more often than this counts as tried: perhaps it is what interrupts studios."""
POSITION_MAX = 100
"""Nobody counts further than this where a job stands: it is this far back, or farther."""


class Source(Struct, frozen=True, kw_only=True):
    """What a rendition is made from: a licensed track as it lies on the shelf, and the shape that
    it is wanted in. ``family`` is there where the track is one."""

    facts: TrackFacts
    order: RenditionOrder
    assets: tuple[Asset, ...]
    family: FamilyMade | None = None


class Job(Struct, frozen=True, kw_only=True):
    """The queue row that carries a wish to a studio. ``id`` is that of the brief, the family, the
    plans or the rendition.

    Plans and renditions have lanes of their own, which hold no tokens. ``seed`` is the working
    seed of what is to be made; of a rendition that of the take it was made from. ``api_key`` is
    who asked, ``trace`` what the work is called in every log, ``engine`` the digest of the only
    engine that may do it (None: any).
    """

    id: str
    account: str
    resolved: Resolved | ResolvedFamily
    seed: int
    deadline_at: datetime
    lane: Lane = "interactive"
    wants: Wants = "candidates"
    source: Source | None = None
    expected_s: float = 0.0
    max_attempts: int = 3
    api_key: str = ""
    trace: str = ""
    engine: str | None = None

    @property
    def music(self) -> Resolved:
        """What a job that is not about a family means."""
        assert isinstance(self.resolved, Resolved), f"{self.id} is about a family"
        return self.resolved

    @property
    def family(self) -> ResolvedFamily:
        """What a job about a family means."""
        assert isinstance(self.resolved, ResolvedFamily), f"{self.id} is about music"
        return self.resolved


class Lease(Struct, frozen=True, kw_only=True):
    """A job that one worker holds for a while. ``worker`` and ``attempt`` fence its writes."""

    job: Job
    worker: str
    attempt: int


def candidate_id(job: str, number: int) -> str:
    """The public id of a job's n-th candidate: the same in every attempt, so nothing doubles."""
    digest = hashlib.sha256(f"{job}/{number}".encode()).hexdigest()
    return f"cand_{digest[:24]}"


class Progress(Struct, frozen=True, kw_only=True):
    """How far a studio has come: ``done`` of ``total`` units of ``step``."""

    step: str = "queued"
    done: int = 0
    total: int = 0


class JobView(Struct, frozen=True, kw_only=True):
    """A job as the door shows it. ``position`` counts the jobs of the same key and lane that wait
    before it, up to `POSITION_MAX`: what other keys and accounts send does not push it back."""

    state: JobState
    attempt: int
    position: int
    finished_at: datetime | None = None
    progress: Progress
    expected_s: float
    cancel_asked: bool


class Load(Struct, frozen=True, kw_only=True):
    """Jobs of one lane that wait (``queued``) or run (``leased``), the studio seconds they are
    expected to take, and how long the oldest has been there. ``batch_s``: those of the seconds that
    are batch work, whose time may have run short since."""

    lane: Lane
    state: JobState
    jobs: int
    seconds: float
    batch_s: float
    oldest_s: float


class Delivered(Struct, frozen=True, kw_only=True, tag="delivered"):
    """One candidate, handed back before it is charged and before the client may hear it."""

    made: Made


class FamilyDelivered(Struct, frozen=True, kw_only=True, tag="family"):
    """One candidate of a family, handed back likewise."""

    made: FamilyMade


class Ended(Struct, frozen=True, kw_only=True, tag="ended"):
    """The last word on a job. ``failure`` is None when every asked candidate was delivered."""

    delivered: int
    retracted_takes: tuple[RetractedTake, ...] = ()
    failure: Failed | None = None
    canceled: bool = False


class Planned(Struct, frozen=True, kw_only=True, tag="planned"):
    """Plans, handed back as the last word on the job that wanted them."""

    plans: tuple[Outline, ...]


class Played(Struct, frozen=True, kw_only=True, tag="rendition"):
    """A rendition, handed back as the last word on the job that wanted it."""

    rendered: Rendered


class Unreadable(Struct, frozen=True, kw_only=True):
    """A delivery that this program cannot read, perhaps because a newer studio wrote it."""

    why: str


class Delivery(Struct, frozen=True, kw_only=True):
    """A delivery row the clerk has yet to settle."""

    id: int
    job: str
    account: str
    trace: str
    number: int
    body: Delivered | FamilyDelivered | Ended | Unreadable
    waited: timedelta  # since it was delivered, by the database's clock


class Queue(Protocol):
    """Jobs on their way from the door to a studio, and what is handed back on its way to the clerk.

    A job is leased to one worker at a time; its attempt counts from the claim. What a worker writes
    names its lease, and raises `LeaseLost` once the job belongs to somebody else.
    """

    # --- the door ---------------------------------------------------------------------------------

    async def enqueue(self, job: Job) -> None:
        """Hand a job to the studios."""
        ...

    async def ask_cancel(self, job: str) -> bool:
        """Stop a job: at once while it waits, at the next heartbeat while it runs. False when there
        is nothing left to stop."""
        ...

    async def view(self, job: str) -> JobView | None:
        """The job as the door shows it; None if there is none."""
        ...

    async def last_word(self, job: str) -> Planned | Played | Ended | None:
        """What a job wanted that holds no tokens, or why it has not got it; None while it waits."""
        ...

    async def backlog(self) -> tuple[int, float]:
        """Jobs waiting or running, and the studio seconds they are expected to take."""
        ...

    # --- the studio -------------------------------------------------------------------------------

    async def claim(
        self, worker: str, lease: timedelta, wants: Wants | None = None, engine: str | None = None
    ) -> Lease | None:
        """The next job that this engine may do, leased; None where there is none.

        Interactive jobs go before batch ones. Of the accounts that wait, the one with the fewest
        running jobs of the kind goes first, of equals the one that was served the least; among its
        keys likewise; of one key the oldest job.
        """
        ...

    async def beat(self, lease: Lease, until: timedelta, progress: Progress) -> bool:
        """Keep the lease alive and tell how far it is. True when the client has asked to stop."""
        ...

    async def tell(self, lease: Lease, told: Sequence[Told]) -> None:
        """Say what happens to a job to those who listen to it; once the job belongs to somebody
        else, or is over, nothing is said and nothing raised."""
        ...

    async def delivered_takes(self, job: str) -> dict[int, int]:
        """What earlier attempts have handed back: candidate number → take."""
        ...

    async def deliver(
        self, lease: Lease, made: Made | FamilyMade, runs: Sequence[int] = ()
    ) -> None:
        """Hand back one candidate, with the signed keys of the runs that nobody else shall be
        offered. A number that is there already stays as it is."""
        ...

    async def finish(
        self,
        lease: Lease,
        *,
        retracted: tuple[RetractedTake, ...] = (),
        failure: Failed | None = None,
        canceled: bool = False,
    ) -> None:
        """End the job with its last delivery."""
        ...

    async def hand_over(self, lease: Lease, made: tuple[Outline, ...] | Rendered) -> None:
        """End a job that wants plans or a rendition, with what it wanted."""
        ...

    async def give_back(self, lease: Lease) -> None:
        """Return an interrupted job; its attempt does not count, but no more than
        `UNCOUNTED_RETURNS` times. Nothing where the lease is lost."""
        ...

    async def reap(self) -> int:
        """Requeue the jobs of studios that went silent, hasten batch jobs whose time runs short,
        end jobs whose attempts or time are used up; returns how many were requeued or ended."""
        ...

    # --- the clerk --------------------------------------------------------------------------------

    async def unsettled(self, limit: int) -> list[Delivery]:
        """What was handed back and has not been settled, oldest first; not what was put off."""
        ...

    async def settle(self, delivery: int) -> None:
        """Mark a delivery as settled."""
        ...

    async def put_off(self, delivery: int) -> None:
        """Show this delivery again later: in a second, and twice as late each further time."""
        ...
