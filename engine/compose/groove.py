"""What a drummer plays on: the style's groove as steps, and where in the bar a fill begins."""

from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING

from engine import styles
from engine.compose.codes import (
    DRUMS,
    FIRST_STROKE,
    REST,
    SCHOOLS,
    STROKES,
    TICKS_PER_UNIT,
    Step,
    stroke_of,
)
from engine.contracts import Plan, Section
from engine.score import Note, bar_ticks
from engine.styles import clock
from engine.styles.kits import begin, fills_in, groove_of

if TYPE_CHECKING:
    from engine.compose.passage import Passage

SIXTEENTH, TRIPLET = 3, 4
KIT = SCHOOLS.index("kit")  # fills are written as the drummers of that school play
# Strokes asked for in half a bar of four by energy 1-7; the network writes a few less. Drummers of
# the Groove MIDI Dataset take 5.3 moments in the second half of a bar that is a fill.
_STROKES = (3.0, 3.5, 4.5, 6.0, 7.0, 8.0, 8.0)
_HALF_UNITS = 24
_AS = {"L": "S", "P": ""}  # a style's voice → what the network calls it
# General MIDI's drums. Toms that follow one another fall from the highest.
_KEYS = {"K": 36, "S": 38, "H": 42, "O": 46, "R": 51, "F": 41}
_TOMS = (50, 47, 45)
_HIT_TICKS = 100


def fill_begin(plan: Plan, section: Section, inside: int) -> int:
    """The grid unit of a bar at which its fill takes the groove's place."""
    return begin(plan, section, inside) // TICKS_PER_UNIT


def strokes_of(plan: Plan, section: Section, inside: int) -> float:
    """Moments that are struck in a fill, by what its section's energy asks for."""
    units = bar_ticks(plan.meter) // TICKS_PER_UNIT - fill_begin(plan, section, inside)
    return _STROKES[section.energy - 1] * units / _HALF_UNITS


def pace_of(style: str) -> int:
    """Grid units of a style's shortest step."""
    return TRIPLET if styles.load(style).sub == "12/8" else SIXTEENTH


def groove(plan: Plan, section: Section) -> tuple[Step, ...]:
    """A bar of the section's groove, its crash left out; each stroke lasts until the next."""
    return _groove(plan.style, groove_of(section), plan.meter)


def opening(passage: "Passage") -> list[Step]:
    """The groove as it is played up to where the fill begins."""
    first = fill_begin(passage.plan, passage.section, passage.slot.bar)
    found, at = [], 0
    for step in groove(passage.plan, passage.section):
        if at < first:
            found.append(Step(step.code, min(step.units, first - at)))
        at += step.units
    return found


def fills(passage: "Passage") -> tuple[Note, ...]:
    """The strokes of a passage that the network wrote, one note for each drum, in its ticks."""
    found: list[Note] = []
    for inside, bar in enumerate(passage.sheet.bars):
        if fills_in(passage.plan, passage.section, inside):
            first = bar.start + fill_begin(passage.plan, passage.section, inside)
            found += _struck(passage, first, bar.start + bar.units)
    return tuple(found)


def _struck(passage: "Passage", first: int, end: int) -> list[Note]:
    onsets, codes = passage.sheet.onsets[DRUMS], passage.sheet.codes[DRUMS]
    struck = [
        (at, STROKES[int(codes[at]) - FIRST_STROKE]) for at in range(first, end) if onsets[at]
    ]
    toms = _falling([letters for _, letters in struck])
    return [
        Note(passage.start + at * TICKS_PER_UNIT, _HIT_TICKS, key, 80)
        for (at, letters), tom in zip(struck, toms, strict=True)
        for key in sorted(tom if letter == "T" else _KEYS[letter] for letter in letters)
    ]


def _falling(struck: list[str]) -> list[int]:
    """The tom of every stroke: those of a run are shared out from the highest to the lowest."""
    found: list[int] = []
    for _, run in groupby(struck, key=lambda letters: "T" in letters):
        strokes = list(run)
        found += [_TOMS[at * len(_TOMS) // len(strokes)] for at in range(len(strokes))]
    return found


@cache
def _groove(style: str, name: str, meter: str) -> tuple[Step, ...]:
    sheet = styles.load(style)
    places = clock.steps(sheet.sub, meter, 0)
    struck: dict[int, set[str]] = {0: set()}
    for stroke in clock.strokes(sheet.grooves[name], sheet.sub, meter, 0):
        if stroke.voice != "C" and _AS.get(stroke.voice, stroke.voice):
            unit = places[stroke.at].tick // TICKS_PER_UNIT
            struck.setdefault(unit, set()).add(_AS.get(stroke.voice, stroke.voice))
    starts = sorted(struck)
    ends = [*starts[1:], bar_ticks(meter) // TICKS_PER_UNIT]  # type: ignore[arg-type]
    return tuple(
        Step(stroke_of(struck[start]) or REST, end - start)
        for start, end in zip(starts, ends, strict=True)
    )
