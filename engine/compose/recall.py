"""What a bar refers to: an earlier bar of its section, of the section it is like, or the motif."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from engine.compose.codes import LEVELS, TIE, Step, density_of

if TYPE_CHECKING:
    from engine.compose.passage import Passage

UNRELATED = LEVELS - 1
# Onsets per bar of 4/4 by energy 1-7: what the plan asks of each role.
_NOTES = {
    "lead": (2, 3, 3, 4, 5, 6, 7),
    "bass": (1, 1, 2, 3, 4, 5, 6),
    "counter": (1, 1, 1, 2, 2, 3, 3),
}


class Recall(Struct, frozen=True):
    """The steps of the bar that this one repeats or varies.

    ``level`` says how far it may depart (0-3, 4 refers to nothing), ``density`` is the bucket of
    onsets that the bar should have.
    """

    steps: Sequence[Step]
    level: int
    density: int


def recall(passage: "Passage") -> Recall:
    """What the bar that is being written refers to."""
    steps, level = _source_bar(passage) or _motif_bar(passage) or _earlier_bar(passage)
    return Recall(steps, level, _density(passage, steps, level))


def _source_bar(passage: "Passage") -> tuple[Sequence[Step], int] | None:
    section, source, inside = passage.section, passage.source, passage.slot.bar
    if source is None or passage.role not in source.section.roles:
        return None
    ends = inside >= section.bars - 2
    bar = source.sheet.bars[inside % source.section.bars]
    steps = source.sheet.bar_steps(passage.slot.role, bar)
    return steps, min(3, section.variation + ends)


def _motif_bar(passage: "Passage") -> tuple[Sequence[Step], int] | None:
    if passage.role != "lead" or passage.slot.bar >= len(passage.motif):
        return None
    return passage.motif[passage.slot.bar], 1


def _earlier_bar(passage: "Passage") -> tuple[Sequence[Step], int]:
    inside = passage.slot.bar
    back = 4 if inside >= 4 else 2 if inside >= 2 else 1
    if inside < back:
        return (), UNRELATED
    level = {4: (1, 1, 2, 3), 2: (2, 2, 1, 2), 1: (1, 1, 1, 1)}[back][inside % 4]
    bar = passage.sheet.bars[inside - back]
    return passage.sheet.bar_steps(passage.slot.role, bar), level


def _density(passage: "Passage", steps: Sequence[Step], level: int) -> int:
    asked = _NOTES[passage.role][passage.section.energy - 1]
    onsets = sum(step.code > TIE for step in steps)
    if level <= 1 and onsets:
        asked = onsets
    elif level == 2 and onsets:
        asked = round((asked + onsets) / 2)
    return density_of(round(asked * passage.bar.units / 48) if level > 2 else asked)
