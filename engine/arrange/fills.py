"""Where a drummer fills, and how: by the place in the section and its own energy."""

import random
from collections.abc import Iterable, Mapping

from msgspec import Struct

from engine.arrange import grooves
from engine.arrange.places import Place
from engine.contracts import Plan
from engine.score import bar_ticks, beat_ticks
from engine.styles import clock
from engine.styles.clock import Stroke
from engine.styles.kits import FULL_FROM
from engine.styles.kits import begin as earliest
from engine.styles.sheet import Style

HEAVY, HALF, LIGHT, PICKUP = "groove.fill", "groove.fill2", "groove.fill3", "groove.fill4"
_BUILD_BARS = 2
_PICKUP_ODDS = 0.6
_REAL_ODDS = 0.6
_FEWEST = 3  # moments of a longer fill that is heard as one, kicks aside
# Styles played on a kit as the drummers of the table have it, and the busiest fill they may take.
_REAL = frozenset({"rock", "metal", "funk_corporate", "lofi", "country", "acoustic_folk"})
_BUSIEST = {HEAVY: 18, HALF: 9, PICKUP: 4}
_FIRST = {HEAVY: 0, HALF: 8, PICKUP: 12}  # steps of sixteen


class Fill(Struct, frozen=True, kw_only=True):
    """A fill: how much of the bar it takes, and its voices on the style's grid; or the strokes
    that the composer wrote."""

    name: str
    span: str
    voices: Mapping[str, tuple[int, ...]]
    strokes: tuple[Stroke, ...] = ()
    first: int = 0  # the tick of the bar from which the composer's strokes stand alone


def fills(
    plan: Plan,
    place: Place,
    style: Style,
    dice: random.Random,
    told: Mapping[int, tuple[Stroke, ...]],
) -> dict[int, Fill]:
    """Bar inside the section → its fill; never the same twice in a row.

    ``told``: by bar, what the composer wrote for it, which takes the place of a pattern.
    """
    chosen: dict[int, Fill] = {}
    before = ""
    for inside in range(place.section.bars):
        spans = _spans(plan, place, inside)
        pickup = spans == [PICKUP]
        if not spans or (pickup and dice.random() >= _PICKUP_ODDS):
            continue
        span = dice.choice([one for one in spans if one != before] or spans)
        written = _written(plan, place, style, span, inside, told.get(inside, ()))
        if written is not None:
            chosen[inside], before = written, written.name
            continue
        options = [one for one in _options(plan, place, style, span) if one.name != before]
        if not options:
            continue
        real = [one for one in options if one.name != span]
        fill = dice.choice(real) if real and dice.random() < _REAL_ODDS else options[0]
        chosen[inside], before = fill, fill.name
    return chosen


def builds(place: Place, electronic: bool) -> frozenset[int]:
    """Bars inside the section in which a snare roll leads into the largest one."""
    section = place.section
    if not (electronic and place.before_peak and section.energy >= FULL_FROM and section.bars >= 4):
        return frozenset()
    return frozenset(range(section.bars - _BUILD_BARS, section.bars))


def replaces(plan: Plan, style: Style, fill: Fill, inside: int, at: int) -> bool:
    """Whether a step of a bar lies in what a fill takes of it."""
    step = clock.steps(style.sub, plan.meter, inside, tail=True)[at]
    if fill.strokes:
        return step.tick >= fill.first
    return step.source >= begin(fill.span, style)


def begin(span: str, style: Style) -> int:
    """The step of the style's grid at which a fill takes the groove's place."""
    beat = 3 if style.sub == "12/8" else 4
    return {HALF: style.grid // 2, PICKUP: style.grid - beat}.get(span, 0)


def _spans(plan: Plan, place: Place, inside: int) -> list[str]:
    """The fills that suit a bar: a pickup in bar 4, two beats in bar 8, a bar before the peak."""
    full = place.section.energy >= FULL_FROM
    if inside == place.section.bars - 1:
        if not place.after:
            return [PICKUP, HALF] if plan.kind == "loop" else []
        if place.section.bars < 2 or place.after in ("i", "br"):
            return []  # into calm: no fill
        if place.before_peak:
            return [HEAVY] if full else [HALF, LIGHT]
        return [HALF, LIGHT]
    if inside % 16 == 15:
        return [HEAVY, HALF] if full else [HALF, LIGHT]
    if inside % 8 == 7:
        return [HALF, LIGHT]
    return [PICKUP] if inside % 8 == 3 else []


def _written(
    plan: Plan, place: Place, style: Style, span: str, inside: int, strokes: tuple[Stroke, ...]
) -> Fill | None:
    """As much of the composer's fill as the bar has room for; None where hardly any is left."""
    bar, beat = bar_ticks(plan.meter), beat_ticks(plan.meter)
    room = {HEAVY: 0, HALF: bar // 2 // beat * beat}.get(span, bar - beat)
    first = max(room, earliest(plan, place.section, inside))
    steps = clock.steps(style.sub, plan.meter, inside)
    kept = tuple(one for one in strokes if steps[one.at].tick >= first)
    if len({one.at for one in kept if one.voice != "K"}) < (_FEWEST if room < bar - beat else 2):
        return None
    return Fill(name=f"{span}/told", span=span, voices={}, strokes=kept, first=first)


def _options(plan: Plan, place: Place, style: Style, span: str) -> list[Fill]:
    """The style's own fill first, then those of real drummers that are as loud as it."""
    own = Fill(name=span, span=span, voices=style.grooves[span])
    if (
        style.id not in _REAL
        or span not in _FIRST
        or plan.meter != "4/4"
        or place.section.energy < FULL_FROM
    ):
        return [own]
    loud = _mean(own.voices.values())
    return [own] + [
        Fill(name=f"{span}/{number}", span=span, voices=_as_loud(voices, loud))
        for number, voices in enumerate(grooves.real_fills(style.id, _FIRST[span], _BUSIEST[span]))
    ]


def _mean(rows: Iterable[tuple[int, ...]]) -> float:
    digits = [digit for row in rows for digit in row if digit]
    return sum(digits) / max(1, len(digits))


def _as_loud(voices: Mapping[str, tuple[int, ...]], mean: float) -> dict[str, tuple[int, ...]]:
    shift = mean - _mean(voices.values())
    return {
        voice: tuple(min(9, max(1, round(digit + shift))) if digit else 0 for digit in row)
        for voice, row in voices.items()
    }
