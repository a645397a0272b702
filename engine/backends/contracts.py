"""What a studio asks of whoever makes its music, and what it gets back.

A backend makes briefs. Whether it can also plan without making, bring a licensed track into another
shape or draw a family of sounds is told by the further protocols that it keeps.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Protocol, runtime_checkable

from msgspec import Struct

from engine.contracts import FamilyMade, Made, Outline, RetractedTake, SoundFile
from engine.critique.originality import Index, Runs
from engine.queue.contracts import Job, Progress
from engine.queue.events import Told
from engine.words.formats import ENDINGS

Label = Callable[[int], str]
"""Names the n-th candidate, for the tags of its evaluation copy."""
Tell = Callable[[Progress | Told], None]
"""Hears how far the work is, and what else those who listen may want to know; never waits. Raises
`engine.errors.Stopped` where the work is to end."""
Stop = Callable[[], bool]
"""Whether the work is to end: asked as often as it costs nothing, from any thread."""
Others = Callable[[Runs], Index]
"""Asks what other accounts hold near some runs of notes."""

Finish = Callable[[Path, str], bytes | None]
"""Marks a finished file of a media type where it lies; what must lie beside it, if anything."""


class File(Struct, frozen=True, kw_only=True):
    """One file of a candidate. What lies on a path may be gone once the next outcome is asked."""

    name: str
    content: bytes | Path
    media_type: str


class Offered(Struct, frozen=True, kw_only=True):
    """A candidate with its files, before they are stored.

    Among the files are ``master`` and ``evaluation`` (WAV), ``preview`` (MP3) and, where it has
    notes, ``midi``, ``score`` and ``sheet`` (an `engine.contracts.Sheet` as JSON). ``runs`` are the
    signed keys of the runs of notes that nobody else shall be offered; empty where there are no
    notes.
    """

    made: Made
    files: tuple[File, ...]
    runs: tuple[int, ...] = ()


class OfferedFamily(Struct, frozen=True, kw_only=True):
    """A family with its sound; ``sounds`` maps file names without ending to WAV files."""

    made: FamilyMade
    sounds: Mapping[str, bytes]


class Piece(Struct, frozen=True, kw_only=True):
    """One file of a rendition, what is known of it, and its score where it has one of its own."""

    sound: SoundFile
    content: bytes
    midi: bytes | None = None

    def named(self) -> Iterator[tuple[str, bytes]]:
        """Its files by name."""
        yield f"{self.sound.name}.{ENDINGS[self.sound.media_type]}", self.content
        if self.midi is not None:
            yield f"{self.sound.name}.mid", self.midi


Performance = Generator[Offered | RetractedTake, None, None]
FamilyPerformance = Generator[OfferedFamily | RetractedTake, None, None]


class Backend(Protocol):
    """Makes the candidates of briefs, of several at once, each in a thread of its own."""

    name: str
    digest: str
    """Of whatever decides the music: two studios with the same digest write the same."""

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
        """Candidates in rank order, and the takes that were retracted on the way.

        ``done`` maps the numbers of candidates that earlier attempts delivered to their takes;
        these are not yielded again. The same job gives the same takes in the same order.
        Raises `BriefRefused` for what cannot be, `Stopped` where it is to end, and `DeviceLost`
        when only a new process can go on.
        """
        ...

    def close(self) -> None:
        """Let go of processes and memory. Called once, when nothing is under way."""
        ...


@runtime_checkable
class Planner(Protocol):
    """A backend that says what it would write, before it does."""

    def plans(self, job: Job) -> Sequence[Outline]:
        """The plans a job's brief would be made from; raises `BriefRefused`."""
        ...


@runtime_checkable
class Reshaper(Protocol):
    """A backend that plays what it once wrote in another shape. ``kept`` is the file ``score`` of
    the candidate; the errors are those of `engine.studio.renditions`."""

    def pieces(self, kept: bytes, job: Job) -> Iterator[Piece]:
        """What the job's order asks of the track, file by file."""
        ...

    def pack(self, kept: bytes, job: Job, out: IO[bytes], finish: Finish) -> Sequence[SoundFile]:
        """Write the package of the job's order, each of its files finished; tells what is in it."""
        ...


@runtime_checkable
class FamilyMaker(Protocol):
    """A backend that draws the sounds of a car."""

    def family(
        self, job: Job, *, tell: Tell, done: Mapping[int, int], stop: Stop
    ) -> FamilyPerformance:
        """A family's candidates, like those of a brief."""
        ...
