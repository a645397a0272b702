"""A section as its players see it: its own slice of the plan, its own dice, nothing beyond.

Everything that writes notes is handed a passage and never the whole plan, so a section that is
edited changes itself alone: what came before it and what follows is out of its players' sight.
"""

import random
from collections.abc import Sequence

from msgspec import Struct, structs

from engine.arrange.places import places
from engine.contracts import Chord, Plan, Section
from engine.score import Line, Note, bar_ticks


class Passage(Struct, frozen=True, kw_only=True):
    """One section. ``plan`` has its constants and of sections, chords and hits only its own."""

    plan: Plan
    section: Section
    lines: tuple[Line, ...]  # what the composer wrote inside it
    key: str  # name and occurrence, e.g. "A'/1"
    seed: int
    opens: bool  # the piece begins here
    closes: bool  # the piece ends here
    before_peak: bool  # the form's largest section comes next

    @property
    def bar(self) -> int:
        """Ticks of one bar."""
        return bar_ticks(self.plan.meter)

    @property
    def begin(self) -> int:
        """The tick of its first bar line."""
        return self.section.bar * self.bar

    @property
    def line(self) -> int:
        """The tick of the bar line that ends it."""
        return self.begin + self.section.bars * self.bar

    @property
    def end(self) -> int:
        """Where its sound ends: its last bar line, or the end of the ring-out."""
        return self.line + (self.plan.ring_ticks if self.closes else 0)

    def dice(self, *what: object) -> random.Random:
        """Dice for one purpose at one place of this section."""
        named = "/".join(str(one) for one in what)
        return random.Random(f"arrange/{self.seed}/{self.key}/{named}")

    def letter_dice(self, *what: object) -> random.Random:
        """The same dice for every section of one letter: what returns is known again."""
        named = "/".join(str(one) for one in what)
        letter = self.section.name.rstrip("'")
        return random.Random(f"arrange/{self.seed}/{letter}/{named}")

    def bars(self) -> range:
        """The bars inside, from 0."""
        return range(self.section.bars)

    def start(self, inside: int) -> int:
        """The tick at which a bar inside begins."""
        return self.begin + inside * self.bar

    def notes(self, role: str) -> tuple[Note, ...]:
        """What the composer wrote for a role here."""
        return next((line.notes for line in self.lines if line.role == role), ())

    def chord_at(self, tick: int) -> Chord:
        """The harmony at a tick."""
        chords = self.plan.chords
        return next((one for one in chords if one.at <= tick < one.at + one.length), chords[-1])

    def final(self, inside: int) -> bool:
        """Whether a bar inside is the piece's last one."""
        return self.closes and inside == self.section.bars - 1


def passages(plan: Plan, lines: Sequence[Line], seed: int) -> list[Passage]:
    """The plan section by section."""
    bar, count = bar_ticks(plan.meter), len(plan.sections)
    found = []
    for at, place in enumerate(places(plan)):
        section, closes = place.section, at == count - 1
        begin = section.bar * bar
        end = begin + section.bars * bar + (plan.ring_ticks if closes else 0)
        found.append(
            Passage(
                plan=structs.replace(
                    plan,
                    sections=(section,),
                    chords=_cut(plan.chords, begin, end),
                    hits=tuple(hit for hit in plan.hits if begin <= hit < end),
                ),
                section=section,
                lines=_own(lines, begin, end),
                key=place.key,
                seed=seed,
                opens=at == 0,
                closes=closes,
                before_peak=place.before_peak,
            )
        )
    return found


def _cut(chords: Sequence[Chord], begin: int, end: int) -> tuple[Chord, ...]:
    cut = []
    for chord in chords:
        at, stop = max(begin, chord.at), min(end, chord.at + chord.length)
        if at < stop:
            cut.append(structs.replace(chord, at=at, length=stop - at))
    return tuple(cut)


def _own(lines: Sequence[Line], begin: int, end: int) -> tuple[Line, ...]:
    """The notes that start inside, none of them held past the end."""
    return tuple(
        structs.replace(
            line,
            notes=tuple(
                structs.replace(note, length=min(note.length, end - note.start))
                for note in line.notes
                if begin <= note.start < end
            ),
        )
        for line in lines
    )
