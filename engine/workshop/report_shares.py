"""Who wrote the notes that sound: the model or the arranger, style by style and role by role.

A note of lead, bass, counter or drums is the model's where the model wrote one of its name at that
place; octaves that the arranger adds or shifts count as the model's. A chord is played in the
arranger's rhythm and place, on the model's voices: its notes are the model's where the part is led
by those voices and one of them has that tone. A broken chord is the model's note by note.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from engine import styles
from engine.arrange import arrange, figures, inner
from engine.arrange.comping import cell_name
from engine.arrange.passage import Passage, passages
from engine.arrange.recipes import MANNERS, recipe_of
from engine.compose.cast import HARMONY
from engine.compose.composer import Composer
from engine.contracts import Brief, PartPlan
from engine.critique import reading
from engine.critique.bars import rater
from engine.plan import draw
from engine.provenance.origin import derive_seed
from engine.score import Line, Note, Part, Score
from engine.words import resolve

LENGTH_MS = 30_000
PLAYED = 100  # ticks that swing and a player's hand may move a note
EARLY = 300  # ticks that a hand may come before its chord, and not be late for it


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
        score = arrange(plans[0], made.lines, own)
        for role, count in counted(score, made.lines, own).items():
            roles[role] = roles.get(role, Count()).plus(count)
    return Share(style=style, pieces=briefs, roles=roles)


def counted(score: Score, lines: Sequence[Line], seed: int) -> dict[str, Count]:
    """Every role of an arranged score, against what the composer wrote."""
    found: dict[str, Count] = {}
    sections = passages(score.plan, lines, seed)
    for part in score.parts:
        if part.plan.role == "fx":
            continue
        mine = by_model(part, sections)
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


def by_model(part: Part, sections: Sequence[Passage]) -> list[bool]:
    """Note by note, whether the model wrote it."""
    return [_written(part.plan, _of(note, sections), note) for note in part.notes]


def _of(note: Note, sections: Sequence[Passage]) -> Passage:
    """The section a note belongs to, forgiving a player who comes in early."""
    begun = [one for one in sections if one.begin <= note.start + PLAYED]
    return begun[-1] if begun else sections[0]


def _written(part: PartPlan, passage: Passage, note: Note) -> bool:
    if part.role not in HARMONY:
        return _begun(note, passage.notes(part.role), struck=part.role == "drums")
    if part.role == "comp" and figures.has(passage):
        return _begun(note, passage.notes(figures.FIGURE), struck=False)
    return _led(part, passage) and note.pitch % 12 in _tones(passage, note)


def _begun(note: Note, line: Sequence[Note], *, struck: bool) -> bool:
    near = reading.within(line, note.start - PLAYED, note.start + PLAYED)
    span = 128 if struck else 12  # a drum is itself, a tone is itself in every octave
    return any((one.pitch - note.pitch) % span == 0 for one in near)


def _led(part: PartPlan, passage: Passage) -> bool:
    """Whether a part's chords are made of the model's voices here."""
    style = styles.load(passage.plan.style)
    if part.role == "harmony" and MANNERS.get(style.id) == "thirds":
        return False  # a second voice under the lead
    cell = cell_name(passage, style) if part.role == "comp" else ""
    return inner.has(passage, recipe_of(style.id, part.role, cell))


def _tones(passage: Passage, note: Note) -> set[int]:
    """Pitch classes of the model's voices in the harmony that a note belongs to, or in the next one
    where it comes early."""
    ticks = (note.start, note.start + PLAYED, note.start + EARLY)
    return {
        one.pitch % 12
        for voice in inner.VOICES
        for tick in ticks
        for one in reading.sounding(passage.notes(voice), tick)
    }
