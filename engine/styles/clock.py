"""Where the steps of a style's patterns fall in a bar of the plan's meter.

A pattern is written in one meter and may be played in another: beats are left out, repeated or
stretched as whole groups, so that a groove keeps its shape.
"""

from collections.abc import Mapping
from functools import cache

from msgspec import Struct

from engine.score import bar_ticks, beat_ticks

MACHINES = frozenset({"chiptune", "house_edm", "synthwave", "trap_hiphop"})
"""Styles whose parts are sequenced: nothing leaves the grid by more than a millisecond, and the
velocities are the pattern's."""

# (pattern's meter, plan's meter) → source beats of one bar; two tuples alternate bar by bar.
_BEATS: dict[tuple[str, str], tuple[tuple[int, ...], ...]] = {
    ("4/4", "4/4"): ((0, 1, 2, 3),),
    ("4/4", "3/4"): ((0, 1, 3),),
    ("4/4", "6/8"): ((0, 1), (2, 3)),
    ("4/4", "12/8"): ((0, 1, 2, 3),),
    ("3/4", "3/4"): ((0, 1, 2),),
    ("3/4", "4/4"): ((0, 1, 2, 2),),
    ("3/4", "6/8"): ((0, 1, 2),),
    ("3/4", "12/8"): ((0, 1, 2, 2),),
    ("12/8", "12/8"): ((0, 1, 2, 3),),
    ("12/8", "4/4"): ((0, 1, 2, 3),),
    ("12/8", "6/8"): ((0, 1), (2, 3)),
    ("12/8", "3/4"): ((0, 1, 3),),
}
_STRETCH = (0, 2, 4, 5)  # four sixteenths of a beat inside the six of a dotted quarter

_EVEN = frozenset("HPR")  # voices that keep running in even eighths when a beat is stretched
STRONGEST = 9


class Step(Struct, frozen=True):
    """A pattern's step in this bar: which one, where, and how long a step is here."""

    source: int
    tick: int
    ticks: int
    leads: bool = False  # first of its group in a bar that was regrouped


class Stroke(Struct, frozen=True):
    """A drum voice struck at the bar's ``at``-th step, with a digit 1-9."""

    at: int
    voice: str
    digit: int
    key: int = 0  # the drum, where it is told; else the voice's own


@cache
def steps(sub: str, meter: str, bar: int, *, tail: bool = False) -> tuple[Step, ...]:
    """The pattern steps of a bar in order of time; ``tail`` keeps the distance to the pattern's
    end, as fills do."""
    variants = _BEATS[(sub, meter)]
    beats = variants[bar % len(variants)]
    if tail:
        count = 3 if sub == "3/4" else 4
        beats = tuple(max(0, count - len(beats) + place) for place in range(len(beats)))
    per_beat = 3 if sub == "12/8" else 4
    beat = bar_ticks(meter) // len(beats)  # type: ignore[arg-type]
    found = []
    for place, source in enumerate(beats):
        for inside in range(per_beat):
            if per_beat == 4 and beat == 720:
                at = _STRETCH[inside] * 120
            else:
                at = inside * beat // per_beat
            tick = place * beat + at
            leads = sub != meter and tick % beat_ticks(meter) == 0  # type: ignore[arg-type]
            found.append(Step(source * per_beat + inside, tick, beat // per_beat, leads))
    return tuple(found)


def strokes(
    voices: Mapping[str, tuple[int, ...]], sub: str, meter: str, bar: int, *, tail: bool = False
) -> list[Stroke]:
    """A groove or a fill as it is struck in this bar of this meter, in order of time."""
    here = steps(sub, meter, bar, tail=tail)
    stretched = sub != "12/8" and any(step.ticks == 180 for step in here)
    found = []
    for voice, digits in voices.items():
        row = [digits[step.source] for step in here]
        if stretched and voice in _EVEN:
            row = _eighths(row)
        for at, digit in enumerate(row):
            if digit:
                found.append(Stroke(at, voice, min(STRONGEST, digit + here[at].leads)))
    return sorted(found, key=lambda one: (one.at, one.voice))


def _eighths(row: list[int]) -> list[int]:
    """Two even eighths of a beat become the three of a dotted quarter."""
    for first in range(0, len(row), 4):
        one, two, three, four = row[first : first + 4]
        if one and three and not two and not four:
            row[first + 1] = min(one, three)
    return row
