"""Where the steps of a style's patterns fall in a bar of the plan's meter.

A pattern is written in one meter and may be played in another: beats are left out, repeated or
stretched as whole groups, so that a groove keeps its shape.
"""

from functools import cache

from msgspec import Struct

from engine.score import bar_ticks

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


class Step(Struct, frozen=True):
    """A pattern's step in this bar: which one, where, and how long a step is here."""

    source: int
    tick: int
    ticks: int


@cache
def steps(sub: str, meter: str, bar: int) -> tuple[Step, ...]:
    """The pattern steps of a bar in order of time."""
    variants = _BEATS[(sub, meter)]
    beats = variants[bar % len(variants)]
    per_beat = 3 if sub == "12/8" else 4
    beat = bar_ticks(meter) // len(beats)  # type: ignore[arg-type]
    found = []
    for place, source in enumerate(beats):
        for inside in range(per_beat):
            if per_beat == 4 and beat == 720:
                at = _STRETCH[inside] * 120
            else:
                at = inside * beat // per_beat
            found.append(Step(source * per_beat + inside, place * beat + at, beat // per_beat))
    return tuple(found)
