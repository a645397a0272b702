"""Our own backend: a score is written first, then instruments play it."""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import IO

from engine.backends.contracts import (
    FamilyPerformance,
    File,
    Finish,
    Label,
    Offered,
    Others,
    Performance,
    Piece,
    Stop,
    Tell,
)
from engine.compose.seats import Seat
from engine.contracts import Outline, RetractedTake, SoundFile
from engine.critique.originality import runs_of, signed
from engine.queue.contracts import Job, Source
from engine.settings import StudioSettings
from engine.studio import leadsheet, manuscript, renditions
from engine.studio.family import perform_family
from engine.studio.players import Players
from engine.studio.rooms import Rooms, furnish
from engine.studio.session import Candidate, perform
from engine.studio.stage import Stage, Threads
from engine.studio.takes import outlines, tunes


def backend(settings: StudioSettings) -> "ScoreBackend":
    """Our backend, its weights loaded, its instruments found and its players in their places."""
    rooms = furnish(settings)
    if not settings.players:
        return ScoreBackend(rooms)
    return ScoreBackend(rooms, Players(rooms.bank, settings.bank, settings.players))


class ScoreBackend:
    """The rooms of the studio behind the contract of backends."""

    name = "score"

    def __init__(self, rooms: Rooms, stage: Stage | None = None) -> None:
        self._rooms = rooms
        self._stage = stage or Threads(rooms.bank)
        self.digest: str = rooms.composer.digest

    def make(
        self,
        job: Job,
        *,
        label: Label,
        tell: Tell,
        done: Mapping[int, int],
        others: Others,
        stop: Stop,
    ) -> Performance:
        """The brief's candidates, in the order of their rank."""
        performed = perform(
            job.music, job.seed, self._rooms, label=label, tell=tell, done=done, others=others,
            stop=stop, stage=self._stage, seat=_seat(job),
        )  # fmt: skip
        try:
            for outcome in performed:
                yield outcome if isinstance(outcome, RetractedTake) else offered(outcome)
        finally:
            performed.close()

    def plans(self, job: Job) -> Sequence[Outline]:
        """The plans that the brief would be composed from."""
        return outlines(job.music, job.seed)

    def pieces(self, kept: bytes, job: Job) -> Iterator[Piece]:
        """The track in the shape that was ordered."""
        source = _source(job)
        return renditions.render(kept, job.music, source.order, self._rooms, source.facts)

    def pack(self, kept: bytes, job: Job, out: IO[bytes], finish: Finish) -> Sequence[SoundFile]:
        """The track in all the shapes that a profile asks for."""
        source = _source(job)
        return renditions.packed(
            kept, job.music, source.order, self._rooms, source.facts, out, finish
        )

    def family(
        self,
        job: Job,
        *,
        tell: Tell,
        done: Mapping[int, int],
        stop: Stop,
    ) -> FamilyPerformance:
        """The family's candidates, in the order of their rank."""
        return perform_family(job.family, tell=tell, done=done)

    def close(self) -> None:
        """End the players and the composer."""
        self._stage.close()
        self._rooms.composer.close()


def offered(candidate: Candidate) -> Offered:
    """A candidate as its files, and the runs of its tunes."""
    wav = "audio/wav"
    return Offered(
        made=candidate.made,
        files=(
            File(name="master", content=candidate.master, media_type=wav),
            File(name="evaluation", content=candidate.evaluation, media_type=wav),
            File(name="preview", content=candidate.preview, media_type="audio/mpeg"),
            File(name="midi", content=candidate.midi, media_type="audio/midi"),
            File(name="score", content=candidate.manuscript, media_type=manuscript.MEDIA_TYPE),
            File(name=leadsheet.NAME, content=candidate.sheet, media_type=leadsheet.MEDIA_TYPE),
            *(
                File(name=f"stem.{name}", content=content, media_type=wav)
                for name, content in candidate.stems.items()
            ),
        ),
        runs=tuple(signed(runs_of(tunes(candidate.take)).keys)),
    )


def _seat(job: Job) -> Seat:
    """Where a brief sits while it is composed; its stop is asked by whoever performs it."""
    left = job.deadline_at - datetime.now(UTC)
    return Seat(
        account=job.account,
        lane="batch" if job.lane == "batch" else "interactive",
        due=time.monotonic() + left.total_seconds(),
    )


def _source(job: Job) -> Source:
    assert job.source is not None, "the database keeps no rendition without one"
    return job.source
