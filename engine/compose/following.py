"""How a bar of the figure follows an earlier one, tone by tone, through the harmony of its own.

A pattern is known again while its chords move: what was the root of the old chord is the root of
the new one where the figure carries the bass, and elsewhere every tone moves as little as may be.
"""

from collections.abc import Sequence
from functools import cache, lru_cache
from math import log2
from typing import TYPE_CHECKING

from engine.compose.codes import (
    CODES,
    FIGURE,
    FIRST_PITCH,
    LEVELS,
    TICKS_PER_UNIT,
    Sheet,
    Step,
    pitch_of,
)
from engine.compose.ground import contrasts
from engine.compose.pitches import CLASSES, PITCHES, among
from engine.contracts import Plan, Section
from engine.score import bar_ticks, seconds_per_tick

if TYPE_CHECKING:
    from engine.compose.passage import Passage

SIXTEENTH, TRIPLET, EIGHTH, QUARTER = 3, 4, 6, 12
LEAST_A_BAR, MOST_A_BAR = 4, 16  # notes
CALM = 2  # the highest energy at which a figure may walk in quarters
# Notes a second that an energy of 1 to 7 asks for.
_WANTED = (1.2, 1.7, 2.3, 2.6, 3.0, 3.7, 4.6)
_FLOWING = frozenset({"solo_piano", "orchestral_tender"})  # styles that may turn to triplets
# From which bar, so many before, and how freely: by the bar's place in its phrase of four.
_FROM = ((4, 1), (1, 1), (2, 0), (2, 2))
_AS_VARIED = (0, 1, 1, 2)  # how freely a returning section is followed, by its variation


def pace_of(plan: Plan, section: Section) -> int:
    """Grid units from tone to tone in a section: eighths, or what its energy needs at its tempo."""
    bar = bar_ticks(plan.meter) // TICKS_PER_UNIT
    turns = plan.style in _FLOWING and contrasts(section) and plan.meter in ("4/4", "3/4", "2/4")
    calm = section.energy <= CALM and plan.meter == "4/4"
    paces = [QUARTER] * calm + [EIGHTH] + [TRIPLET] * turns + [SIXTEENTH]
    open_to = [one for one in paces if LEAST_A_BAR <= bar // one <= MOST_A_BAR]
    unit = TICKS_PER_UNIT * seconds_per_tick(plan.tempo, plan.meter)
    wanted = _WANTED[section.energy - 1]
    return min(open_to, key=lambda one: abs(log2(one * unit * wanted)))


def followed(passage: "Passage") -> tuple[Sequence[Step], int]:
    """The bar that this one follows, led through this one's harmony, and how freely (a level)."""
    found = _returning(passage) or _earlier(passage)
    if found is None:
        return (), LEVELS - 1
    sheet, first, level = found
    return _led(passage, sheet, first), level


def _returning(passage: "Passage") -> tuple[Sheet, int, int] | None:
    """The bar of the section that this one is like: its sheet, its first unit, how freely."""
    source = passage.like.get(passage.role)
    if source is None:
        return None
    first = source.sheet.bars[passage.slot.bar % source.section.bars].start
    level = _AS_VARIED[passage.section.variation]
    return (source.sheet, first, level) if _even(passage, source.sheet, first) else None


def _earlier(passage: "Passage") -> tuple[Sheet, int, int] | None:
    inside = passage.slot.bar
    back, level = _FROM[inside % len(_FROM)]
    if inside < back:
        return None
    first = passage.sheet.bars[inside - back].start
    return (passage.sheet, first, level) if _even(passage, passage.sheet, first) else None


def _even(passage: "Passage", sheet: Sheet, first: int) -> bool:
    """Whether a bar goes at this section's pace."""
    struck = sheet.onsets[FIGURE, first : first + passage.bar.units]
    return int(struck.sum()) == passage.bar.units // pace_of(passage.plan, passage.section)


def _led(passage: "Passage", sheet: Sheet, first: int) -> Sequence[Step]:
    """A bar's steps with each tone where the harmony here has it.

    Counted up the chord from its root where the figure carries the bass, else moved as little as
    may be.
    """
    pace = pace_of(passage.plan, passage.section)
    begin, places = passage.bar.start, range(0, passage.bar.units, pace)
    codes = [int(sheet.codes[FIGURE, first + at]) for at in places]
    if all(_chord(sheet, first + at) == _chord(passage.sheet, begin + at) for at in places):
        return [Step(code, pace) for code in codes]
    grounded = "bass" not in passage.section.roles
    led = []
    for number, at in enumerate(places):
        old, new = _chord(sheet, first + at), _chord(passage.sheet, begin + at)
        beside = tuple(codes[n] for n, p in enumerate(places) if _chord(sheet, first + p) == old)
        code = _moved(codes[number], old, new, beside, grounded=grounded)
        led.append(Step(_folded(passage, code), pace))
    return led


def _chord(sheet: Sheet, unit: int) -> tuple[int, int]:
    """Root and chroma of the harmony at a unit."""
    return int(sheet.roots[unit]), int(sheet.chromas[unit])


@lru_cache(4096)
def _moved(
    code: int,
    old: tuple[int, int],
    new: tuple[int, int],
    beside: tuple[int, ...],
    *,
    grounded: bool,
) -> int:
    """A tone of one chord in another; ``beside`` are the tones that move with it."""
    if old == new or not old[1] or not new[1]:
        return code
    before, after, lowest = old[1], new[1], min(beside)
    if grounded:
        by = _rung(after, _nearest_root(new[0], lowest))
        by -= _rung(before, _nearest_root(old[0], lowest))
    else:
        alike = _rung(after, lowest) - _rung(before, lowest)
        by = min(
            range(alike - 6, alike + 7),
            key=lambda one: (_distance(before, after, beside, one), abs(one - alike)),
        )
    return _on_rung(after, _rung(before, code) + by)


def _distance(before: int, after: int, codes: Sequence[int], by: int) -> int:
    """Semitones that some tones move in all, when they take the rung ``by`` above their own."""
    return sum(abs(_on_rung(after, _rung(before, code) + by) - code) for code in codes)


@cache
def _ladder(chroma: int) -> tuple[int, ...]:
    """The codes of a chord's tones, from the bottom."""
    return tuple(PITCHES[among(chroma)].tolist())


def _on_rung(chroma: int, rung: int) -> int:
    """The code of a chord's tone, the last one where there are no more."""
    ladder = _ladder(chroma)
    return ladder[min(len(ladder) - 1, max(0, rung))]


@cache
def _rung(chroma: int, code: int) -> int:
    """The number of the chord tone nearest to a code."""
    ladder = _ladder(chroma)
    return min(range(len(ladder)), key=lambda rung: abs(ladder[rung] - code))


def _nearest_root(root: int, code: int) -> int:
    """The code of a root next to another code."""
    away = (root - int(CLASSES[code - FIRST_PITCH])) % 12
    return code + (away if away <= 6 else away - 12)


def _folded(passage: "Passage", code: int) -> int:
    """A code inside the part's range, by octaves."""
    pitch = pitch_of(code, passage.tonic_pitch)
    while pitch > passage.part.high:
        pitch, code = pitch - 12, code - 12
    while pitch < passage.part.low:
        pitch, code = pitch + 12, code + 12
    return min(CODES - 1, max(FIRST_PITCH, code))
