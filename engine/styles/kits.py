"""Kits that a person plays, and where in a section its drummer fills.

A sequencer's kit, a frame drum and an orchestra's percussion keep to their sheet's own patterns.
"""

from engine.contracts import Plan, Section
from engine.score import bar_ticks, beat_ticks

PLAYED = frozenset({"acoustic_folk", "country", "funk_corporate", "jazz_trio", "metal", "rock"})
PHRASE_BARS = 4  # a drummer fills where one ends
LONG_BARS = 16  # and turns a whole bar where so many do
FULL_FROM = 4  # the rung of energy from which a fill may take a whole bar
_EVEN = ("4/4", "3/4")  # meters whose every step is one of the pattern's own


def fills_in(plan: Plan, section: Section, inside: int) -> bool:
    """Whether the drummer may fill in a bar, counted from its section's first."""
    if plan.style not in PLAYED or plan.meter not in _EVEN or section.bars < 2:
        return False
    if section.bar + inside == plan.bars - 1 and plan.kind != "loop":
        return False
    return inside % PHRASE_BARS == PHRASE_BARS - 1 or inside == section.bars - 1


def begin(plan: Plan, section: Section, inside: int) -> int:
    """The tick of a bar at which a fill begins at the earliest: where a section of some energy ends
    after its first beat, else in its middle."""
    bar, beat = bar_ticks(plan.meter), beat_ticks(plan.meter)
    late = inside == section.bars - 1 or inside % LONG_BARS == LONG_BARS - 1
    return beat if late and section.energy >= FULL_FROM else bar // 2 // beat * beat


def groove_of(section: Section) -> str:
    """The groove that a section's patterns name."""
    return next((one for one in section.patterns if one.startswith("groove.")), "groove.low")
