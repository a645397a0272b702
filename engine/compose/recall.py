"""What a bar refers to: an earlier bar of its section, of the section it is like, or the motif."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from engine.compose.codes import (
    DENSITIES,
    DRUMS,
    FIGURE,
    LEVELS,
    REST,
    TIE,
    VOICES,
    Step,
    density_of,
)
from engine.compose.following import followed, pace_of
from engine.compose.groove import opening, strokes_of

if TYPE_CHECKING:
    from engine.compose.passage import Passage

MOTIF_ENERGY = 4  # at which a motif has the notes that its contour has
UNRELATED = LEVELS - 1
UNTOLD = DENSITIES - 1
ASKED_TO_VARY = 0.7  # of the pull to a section that returns: to one whose variation is asked for
# Onsets per bar of 4/4 by energy 1-7: what the plan asks of each role.
_NOTES = {
    "lead": (2, 3, 3, 4, 5, 6, 7),
    "bass": (1, 1, 2, 3, 4, 5, 6),
    "counter": (1, 1, 1, 2, 2, 3, 3),
}
# Nats towards the referenced bar, by level: of a section that returns, within a section, and of a
# figure.
_RETURN = (8.0, 4.0, 2.8, 1.8, 0.0)
_WITHIN = (7.0, 2.2, 1.1, 0.3, 0.0)
_FIGURE = (5.0, 3.0, 1.5, 0.7, 0.0)
# How far a bar may depart from the one so many bars before it, by its place in the phrase.
_FREEDOM = {4: (1, 1, 2, 3), 2: (2, 2, 1, 2), 1: (1, 1, 1, 1)}


class Recall(Struct, frozen=True):
    """The steps of the bar that this one repeats or varies.

    ``level`` says how far it may depart (0-3, 4 refers to nothing), ``pull`` how strongly it is
    drawn there in nats, ``onsets`` how many notes the bar should have; ``density`` is their bucket.
    """

    steps: Sequence[Step]
    level: int
    pull: float
    onsets: int
    density: int


def recall(passage: "Passage") -> Recall:
    """What the bar that is being written refers to.

    The network is told what will be: of the referenced bar what fits before this one's breath, and
    of a silent bar that it is silent. Told otherwise, it pays for each silence as for a surprise.
    """
    if not passage.craft:
        return Recall(*(_source_bar(passage) or _earlier_bar(passage)), 0.0, 0, UNTOLD)
    if passage.silent:
        return Recall((), UNRELATED, 0.0, 0, density_of(0))
    if passage.slot.role in VOICES:
        return _voiced(passage)
    if passage.slot.role == FIGURE:
        return _figured(passage)
    if passage.slot.role == DRUMS:
        return _drummed(passage)
    source = _source_bar(passage)
    steps, level = source or _motif_bar(passage) or _earlier_bar(passage)
    steps = _before_breath(steps, passage.singing, passage.bar.units)
    energy = passage.section.energy
    if source is not None:
        energy = passage.like[passage.role].section.energy
    elif passage.role == "lead" and passage.slot.bar < len(passage.motif):
        energy = MOTIF_ENERGY
    onsets = _onsets(passage, steps, level, energy)
    pull = (_RETURN if source is not None else _WITHIN)[level]
    pull *= ASKED_TO_VARY if passage.varied else 1.0
    # How many notes a bass or a counter has is left to the network, and only leant on.
    density = density_of(onsets) if passage.role == "lead" else UNTOLD
    return Recall(steps, level, pull, onsets, density)


def _voiced(passage: "Passage") -> Recall:
    """An inner voice knows what it did before; it moves with the harmony, at nobody's pace."""
    steps, level = _source_bar(passage) or _earlier_bar(passage)
    return Recall(steps, level, 0.0, 0, UNTOLD)


def _figured(passage: "Passage") -> Recall:
    """A figure has as many notes as its section's pace; a bar it follows is led through its own
    harmony."""
    steps, level = followed(passage)
    onsets = passage.bar.units // pace_of(passage.plan, passage.section)
    return Recall(steps, level, _FIGURE[level], onsets, density_of(onsets))


def _drummed(passage: "Passage") -> Recall:
    """A fill refers to nothing; how busy it is its section's energy says."""
    plan, section, inside = passage.plan, passage.section, passage.slot.bar
    begun = sum(step.code != REST for step in opening(passage))
    onsets = begun + round(strokes_of(plan, section, inside))
    return Recall((), UNRELATED, 0.0, onsets, density_of(onsets))


def _before_breath(steps: Sequence[Step], singing: int, units: int) -> Sequence[Step]:
    """The bar up to where the breath begins, and a rest to its end."""
    if singing == units or not steps:
        return steps
    kept, at = [], 0
    for step in steps:
        length = min(step.units, singing - at)
        at += step.units
        if length > 0:
            kept.append(Step(step.code, length))
    while kept and kept[-1].code == REST:
        kept.pop()
    return [*kept, Step(REST, units - sum(step.units for step in kept))]


def _source_bar(passage: "Passage") -> tuple[Sequence[Step], int] | None:
    section, source, inside = passage.section, passage.like.get(passage.role), passage.slot.bar
    if source is None:
        return None
    often = 2 if passage.varied else 4
    ends = section.variation > 0 and (inside >= section.bars - 2 or inside % often == often - 1)
    bar = source.sheet.bars[inside % source.section.bars]
    steps = source.sheet.bar_steps(passage.slot.role, bar)
    if not any(step.code > TIE for step in steps):
        return None  # a silent bar is nothing to go by
    return steps, min(3, section.variation + ends)


def _motif_bar(passage: "Passage") -> tuple[Sequence[Step], int] | None:
    if passage.role != "lead" or passage.slot.bar >= len(passage.motif):
        return None
    return passage.motif[passage.slot.bar], 1


def _earlier_bar(passage: "Passage") -> tuple[Sequence[Step], int]:
    inside, role = passage.slot.bar, passage.slot.role
    for back in (4, 2, 1):
        if inside < back:
            continue
        steps = passage.sheet.bar_steps(role, passage.sheet.bars[inside - back])
        if any(step.code > TIE for step in steps):
            return steps, _FREEDOM[back][inside % 4]
    return _later_bar(passage) or ((), UNRELATED)


def _later_bar(passage: "Passage") -> tuple[Sequence[Step], int] | None:
    """A given bar that is to follow, where nothing before this one was sung."""
    if passage.fixed(passage.slot.role, passage.slot.bar):
        return None
    for ahead in (4, 2, 1):
        steps = passage.given_steps(passage.slot.role, passage.slot.bar + ahead)
        if any(step.code > TIE for step in steps):
            return steps, _FREEDOM[ahead][0]
    return None


def _onsets(passage: "Passage", steps: Sequence[Step], level: int, energy: int) -> int:
    """Notes for the bar: those of the referenced one, as its energy stands to this section's."""
    table = _NOTES[passage.role]
    asked = table[passage.section.energy - 1] * passage.singing / 48
    there = sum(step.code > TIE for step in steps)
    grown = there * table[passage.section.energy - 1] / table[energy - 1]
    if there and level <= 1:
        return max(1, round(grown))
    return max(1, round((asked + grown) / 2 if there and level == 2 else asked))
