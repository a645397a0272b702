"""Effects: beds of noise, rises into what comes, falls out of it, hits. Never a melody.

A patch is one kind of effect and plays only what that kind is for; it sounds in the sections whose
roles name it, and nowhere else.
"""

import random
from collections.abc import Callable, Iterator, Sequence

from engine.arrange.places import Place, places
from engine.contracts import PartPlan, Plan
from engine.score import Line, Note, bar_ticks, beat_ticks, seconds_per_tick
from engine.styles.sheet import Style
from engine.styles.sounds import RISES

_FALLS = frozenset({"downer", "sub_drop"})
_HITS = frozenset({"impact", "braam"})
_REVERSED = frozenset({"rev_swell"})  # peaks on the downbeat itself
_BEFORE_S = 0.045  # a riser lets go so long before the downbeat, which then sounds larger
_LOUD_FROM = 5  # rungs that are hit
_SOFT, _PLAIN, _LOUD = 0.25, 0.5, 0.85  # places in the part's range of velocities


def effects(
    plan: Plan, part: PartPlan, style: Style, lines: Sequence[Line], dice: random.Random
) -> list[Note]:
    """What this patch is for, section by section."""
    del style, lines, dice
    write = _writer(part)
    return [
        note
        for place in places(plan)
        if "fx" in place.section.roles
        for note in write(plan, part, place)
    ]


def _writer(part: PartPlan) -> Callable[[Plan, PartPlan, Place], Iterator[Note]]:
    if part.patch in RISES:
        return _rise
    if part.patch in _FALLS:
        return _fall
    return _hit if part.patch in _HITS else _bed


def _bed(plan: Plan, part: PartPlan, place: Place) -> Iterator[Note]:
    """One held noise or texture under the whole section."""
    bar = bar_ticks(plan.meter)
    start, length = place.section.bar * bar, place.section.bars * bar
    yield Note(start, length, _pitch(part) + _shade(place), _level(part, place, _SOFT))


def _rise(plan: Plan, part: PartPlan, place: Place) -> Iterator[Note]:
    """Two bars into the largest section, one into any other; at the end into the last bar."""
    bar = bar_ticks(plan.meter)
    end = place.section.bar + place.section.bars
    if not place.after and plan.kind != "loop":
        end -= 1
    first = place.section.bar
    bars = min(2 if place.before_peak else 1, end - first)
    if not bars:
        return  # the last chord of all leads nowhere
    before_s = 0.0 if part.patch in _REVERSED else _BEFORE_S
    gap = round(before_s / seconds_per_tick(plan.tempo, plan.meter))
    start = (end - bars) * bar
    if bars == place.section.bars == 1:
        start += bar // 2  # leave the bar its beginning
    level = _level(part, place, _LOUD if place.before_peak else _PLAIN)
    yield Note(start, end * bar - gap - start, _pitch(part), level)


def _fall(plan: Plan, part: PartPlan, place: Place) -> Iterator[Note]:
    """Out of the section line, for a bar."""
    bar = bar_ticks(plan.meter)
    yield Note(place.section.bar * bar, bar, _pitch(part), _level(part, place, _PLAIN))


def _hit(plan: Plan, part: PartPlan, place: Place) -> Iterator[Note]:
    """On the first beat of a loud section, loudest on the largest one, and on the picture's hits.

    A loop's first bar stays bare, so that nothing marks its seam.
    """
    bar, beat = bar_ticks(plan.meter), beat_ticks(plan.meter)
    first, last = place.section.bar * bar, (place.section.bar + place.section.bars) * bar
    struck = {tick: _LOUD for tick in plan.hits if first <= tick < last}
    if place.section.energy >= _LOUD_FROM and (first or plan.kind != "loop"):
        struck.setdefault(first, _LOUD if place.is_peak else _PLAIN)
    if not struck:
        struck[last - bar if plan.kind == "loop" else first] = _SOFT
    for tick in sorted(struck):
        yield Note(tick, 2 * beat, _pitch(part) + _shade(place), _level(part, place, struck[tick]))


def _pitch(part: PartPlan) -> int:
    return (part.low + part.high) // 2


def _shade(place: Place) -> int:
    """Semitones, so that short sections that follow one another are not all alike."""
    return random.Random(f"shade/{place.key}").choice((-2, -1, 0, 1, 2))


def _level(part: PartPlan, place: Place, share: float) -> int:
    low, high = part.velocity
    return round(low + (high - low) * min(1.0, share + 0.15 * (place.section.energy - 1) / 6))
