"""The composer's drum fills as a drummer plays them: which voice, and how loud each stroke is.

The composer says what is struck and when. How loud a fill is comes from the style's own fills, and
its shape from drummers: in the Groove MIDI Dataset's fills strokes between the eighths are some
8 % softer than those on them, and the last beat is some 12 % louder than the third.
"""

from collections.abc import Mapping, Sequence

from engine.contracts import Plan, Section
from engine.score import Note, bar_ticks, beat_ticks
from engine.styles import clock
from engine.styles.clock import STRONGEST, Stroke
from engine.styles.sheet import Style

_VOICES = {36: "K", 38: "S", 42: "H", 46: "O", 51: "R"}  # every other drum is a tom
_LIKE = "groove.fill2"  # the style's fill that says how loud fills are
_BETWEEN, _LAST_BEAT, _CYMBAL = -1.0, 1.0, -1.0  # digits
_CYMBALS = "HOR"


def strokes(
    plan: Plan, section: Section, style: Style, told: Sequence[Note]
) -> Mapping[int, tuple[Stroke, ...]]:
    """By bar inside the section, the strokes that the composer wrote there."""
    found: dict[int, list[Stroke]] = {}
    bar = bar_ticks(plan.meter)
    loud = _loudness(style)
    for note in told:
        inside, tick = divmod(note.start - section.bar * bar, bar)
        if 0 <= inside < section.bars:
            places = [step.tick for step in clock.steps(style.sub, plan.meter, inside)]
            voice = _VOICES.get(note.pitch, "T")
            digit = round(loud + _shape(plan, style, tick) + _CYMBAL * (voice in _CYMBALS))
            digit = min(STRONGEST, max(1, digit))
            found.setdefault(inside, []).append(
                Stroke(places.index(tick), voice, digit, key=note.pitch)
            )
    return {inside: tuple(one) for inside, one in found.items()}


def _loudness(style: Style) -> float:
    """The mean digit of the style's own fill."""
    digits = [digit for row in style.grooves[_LIKE].values() for digit in row if digit]
    return sum(digits) / len(digits)


def _shape(plan: Plan, style: Style, tick: int) -> float:
    """Digits more or less, by the place in the bar."""
    beat = beat_ticks(plan.meter)
    straight = style.sub != "12/8"
    between = tick % (beat // 2) != 0 if straight else tick % beat == beat // 3
    return _BETWEEN * between + _LAST_BEAT * (tick >= bar_ticks(plan.meter) - beat)
