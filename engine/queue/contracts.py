"""What travels through the queue. Lenient on purpose: an old pod may read a new job."""

import hashlib
from datetime import datetime
from typing import Literal

from msgspec import Struct

from engine.contracts import Failed, Made, Outline, Resolved, RetractedTake

JobState = Literal["queued", "leased", "done", "failed", "canceled"]
Lane = Literal["plan", "interactive", "batch"]
Wants = Literal["candidates", "plans"]


class Job(Struct, frozen=True, kw_only=True):
    """The queue row that carries a wish to a studio. ``id`` is the brief's id, or the plans'.

    A job that wants plans has the lane "plan", which holds no tokens.
    """

    id: str
    account: str
    resolved: Resolved
    seed: int
    deadline_at: datetime
    lane: Lane = "interactive"
    wants: Wants = "candidates"
    expected_s: float = 0.0
    max_attempts: int = 3


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
    """A job as the door shows it. ``position`` counts the jobs ahead while it waits."""

    state: JobState
    attempt: int
    position: int
    progress: Progress
    expected_s: float
    cancel_asked: bool


class Delivered(Struct, frozen=True, kw_only=True, tag="delivered"):
    """One candidate, handed back before it is charged and before the client may hear it."""

    made: Made


class Ended(Struct, frozen=True, kw_only=True, tag="ended"):
    """The last word on a job. ``failure`` is None when every asked candidate was delivered."""

    delivered: int
    retracted_takes: tuple[RetractedTake, ...] = ()
    failure: Failed | None = None
    canceled: bool = False


class Planned(Struct, frozen=True, kw_only=True, tag="planned"):
    """Plans, handed back as the last word on the job that wanted them."""

    plans: tuple[Outline, ...]


class Unreadable(Struct, frozen=True, kw_only=True):
    """A delivery that this program cannot read, perhaps because a newer studio wrote it."""

    why: str


class Delivery(Struct, frozen=True, kw_only=True):
    """A delivery row the clerk has yet to settle."""

    id: int
    job: str
    account: str
    number: int
    body: Delivered | Ended | Unreadable
