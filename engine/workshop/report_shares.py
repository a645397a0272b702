"""Who wrote the notes that sound: the model or the arranger, style by style and role by role.

A note of an arranged part is the model's where the model wrote its pitch for that place. In lead,
bass, counter and drums it must begin there as well; the inner voices are the model's as pitches,
while their rhythm is the style's. Octaves that the arranger adds or shifts count as the model's.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from engine.arrange import arrange
from engine.compose.codes import ROLES
from engine.compose.composer import Composer
from engine.contracts import Brief
from engine.critique import reading
from engine.critique.bars import rater
from engine.plan import draw
from engine.provenance.origin import derive_seed
from engine.score import Line, Note, Part, Score
from engine.words import resolve

LENGTH_MS = 30_000
PLAYED = 100  # ticks that swing and a player's hand may move a note
VOICING = ("comp", "harmony", "pad")
_OUTER = ("lead", "bass", "counter", "drums")
_INNER = tuple(role for role in ROLES if role not in _OUTER)


class Count(Struct, frozen=True, kw_only=True):
    """Of some part's notes and of their sounding time, in ticks: how much is the model's."""

    notes: int = 0
    by_model: int = 0
    ticks: int = 0
    ticks_by_model: int = 0

    def plus(self, other: "Count") -> "Count":
        """Both together."""
        return Count(
            notes=self.notes + other.notes,
            by_model=self.by_model + other.by_model,
            ticks=self.ticks + other.ticks,
            ticks_by_model=self.ticks_by_model + other.ticks_by_model,
        )

    @property
    def share(self) -> float | None:
        """Of the notes; None without any."""
        return self.by_model / self.notes if self.notes else None

    @property
    def time_share(self) -> float | None:
        """Of the sounding time."""
        return self.ticks_by_model / self.ticks if self.ticks else None


class Share(Struct, frozen=True, kw_only=True):
    """A style's counts by role."""

    style: str
    pieces: int
    roles: dict[str, Count]

    def of(self, roles: Iterable[str]) -> Count:
        """Some roles together."""
        total = Count()
        for role in roles:
            total = total.plus(self.roles.get(role, Count()))
        return total


def share(style: str, briefs: int, seed: int, composer: Composer) -> Share:
    """Some beds of a style: composed and arranged as the studio does, and counted."""
    roles: dict[str, Count] = {}
    for number in range(briefs):
        own = derive_seed(seed, number)
        resolved = resolve(Brief(style=style, kind="bed", duration_ms=LENGTH_MS), own)
        plans = draw(resolved, own, 1)
        (made,) = composer.write(plans, [own], rate=rater(plans[0]))
        for role, count in counted(arrange(plans[0], made.lines, own), made.lines).items():
            roles[role] = roles.get(role, Count()).plus(count)
    return Share(style=style, pieces=briefs, roles=roles)


def counted(score: Score, lines: Sequence[Line]) -> dict[str, Count]:
    """Every role of an arranged score, against what the composer wrote."""
    found: dict[str, Count] = {}
    for part in score.parts:
        if part.plan.role == "fx":
            continue
        mine = by_model(part, lines)
        count = Count(
            notes=len(part.notes),
            by_model=sum(mine),
            ticks=sum(note.length for note in part.notes),
            ticks_by_model=sum(
                note.length for note, own in zip(part.notes, mine, strict=True) if own
            ),
        )
        found[part.plan.role] = found.get(part.plan.role, Count()).plus(count)
    return found


def by_model(part: Part, lines: Sequence[Line]) -> list[bool]:
    """Note by note, whether the model wrote it."""
    role = part.plan.role
    if role in _OUTER:
        line = next((line.notes for line in lines if line.role == role), ())
        return [_begun(note, line, struck=role == "drums") for note in part.notes]
    voices = [line.notes for line in lines if line.role in _INNER]
    return [any(_held(note, voice) for voice in voices) for note in part.notes]


def _begun(note: Note, line: Sequence[Note], *, struck: bool) -> bool:
    near = reading.within(line, note.start - PLAYED, note.start + PLAYED)
    span = 128 if struck else 12  # a drum is itself, a tone is itself in every octave
    return any((one.pitch - note.pitch) % span == 0 for one in near)


def _held(note: Note, voice: Sequence[Note]) -> bool:
    sounding = reading.sounding(voice, note.start + PLAYED)
    return any((one.pitch - note.pitch) % 12 == 0 for one in sounding)
