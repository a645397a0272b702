"""A style's seed of a melody, read onto the grid: what the first statement of the lead refers to.

Notation: ``mode bar / bar``; a bar is cells ``degree[',]:length`` with ``b`` or ``#`` before the
degree, ``r`` for a rest and ``~`` for an optional ornament; lengths are sixteenths, or triplet
eighths where a bar adds up to twelve of them in 12/8.
"""

import re

from engine.compose.codes import FIRST_PITCH, Step, code_of, pitch_of

_CELL = re.compile(r"(?P<sign>[b#]?)(?P<degree>[1-7r])(?P<octave>['’,]?)~?:(?P<length>\d+)")
EIGHTH = 6  # grid units
_STEPS = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
}
_ALIAS = {"ionian": "major", "aeolian": "minor", "harmonic minor": "minor", "locrian": "phrygian"}


def scale_of(mode: str) -> tuple[int, ...]:
    """Semitones of the seven degrees; pentatonics and strangers read as their nearest mode."""
    name = _ALIAS.get(mode, mode)
    if name not in _STEPS:
        name = "minor" if "min" in name or name in ("yu", "jue", "zhi minor") else "major"
    return _STEPS[name]


def scale_mask(mode: str) -> int:
    """The mode's scale as a 12-bit mask from the tonic."""
    return sum(1 << step for step in scale_of(mode))


def read(
    contour: str, mode: str, tonic_pitch: int, low: int, high: int, bar_units: int
) -> list[list[Step]]:
    """The contour's bars as steps on the grid, placed inside a range; [] when there is none."""
    bars = [_CELL.findall(bar) for bar in contour.partition(" ")[2].split("/")]
    scale = scale_of(mode)
    pitches = [
        _semitone(sign, degree, octave, scale)
        for bar in bars
        for sign, degree, octave, _ in bar
        if degree != "r"
    ]
    if not pitches:
        return []
    shift = _shift(pitches, tonic_pitch, low, high)
    return [_bar(bar, scale, tonic_pitch, shift, bar_units) for bar in bars]


def inverted(bars: list[list[Step]], mode: str, shift: int) -> list[list[Step]]:
    """Mirrored in the scale around its first note, in another rhythm, ``shift`` degrees off."""
    scale = scale_of(mode)
    first = next((step.code for bar in bars for step in bar if step.code >= FIRST_PITCH), None)
    if first is None:
        return bars
    axis = 2 * _degree_of(first, scale) + shift
    return [
        [
            Step(_mirrored(step.code, axis, scale), units)
            for step, units in zip(bar, _other_rhythm(bar), strict=True)
        ]
        for bar in bars
    ]


def backwards(bars: list[list[Step]], mode: str, shift: int) -> list[list[Step]]:
    """From its last note to its first, ``shift`` degrees off."""
    scale = scale_of(mode)
    return [
        [Step(_shifted(step.code, shift, scale), step.units) for step in reversed(bar)]
        for bar in reversed(bars)
    ]


def _other_rhythm(bar: list[Step]) -> list[int]:
    """The bar's lengths backwards; an even pulse becomes a dotted one."""
    lengths = [step.units for step in bar]
    if lengths != lengths[::-1]:
        return lengths[::-1]
    for at in range(0, len(lengths) - 1, 2):
        moved = lengths[at + 1] // 2
        if lengths[at] == lengths[at + 1] and moved % EIGHTH == 0:
            lengths[at : at + 2] = [lengths[at] + moved, lengths[at + 1] - moved]
    return lengths


def _shifted(code: int, shift: int, scale: tuple[int, ...]) -> int:
    return code if code < FIRST_PITCH else _code_at(_degree_of(code, scale) + shift, scale)


def _mirrored(code: int, axis: int, scale: tuple[int, ...]) -> int:
    return code if code < FIRST_PITCH else _code_at(axis - _degree_of(code, scale), scale)


def _degree_of(code: int, scale: tuple[int, ...]) -> int:
    """The nearest scale step under a code, counted from the tonic nearest to middle C."""
    octave, semitone = divmod(pitch_of(code, 0), 12)
    return len(scale) * octave + sum(step <= semitone for step in scale) - 1


def _code_at(degree: int, scale: tuple[int, ...]) -> int:
    octave, step = divmod(degree, len(scale))
    return code_of(12 * octave + scale[step], 0)


def _semitone(sign: str, degree: str, octave: str, scale: tuple[int, ...]) -> int:
    base = scale[int(degree) - 1]
    if sign:
        base = _STEPS["major"][int(degree) - 1] + (1 if sign == "#" else -1)
    return base + {"": 0, ",": -12}.get(octave, 12)


def _shift(pitches: list[int], tonic_pitch: int, low: int, high: int) -> int:
    """The octave that keeps most of the contour inside the range, near its middle."""
    middle = (low + high) / 2

    def outside(octaves: int) -> tuple[int, float]:
        placed = [pitch + tonic_pitch + 12 * octaves for pitch in pitches]
        lost = sum(not low <= pitch <= high for pitch in placed)
        return lost, abs(sum(placed) / len(placed) - middle)

    return 12 * min(range(-3, 4), key=outside)


def _bar(
    cells: list[tuple[str, str, str, str]],
    scale: tuple[int, ...],
    tonic_pitch: int,
    shift: int,
    bar_units: int,
) -> list[Step]:
    written = sum(int(length) for *_, length in cells)
    step_units = 6 if written <= 12 and bar_units == 72 else 3
    steps, left = [], bar_units
    for sign, degree, octave, length in cells:
        units = min(int(length) * step_units, left)
        if units <= 0:
            break
        code = 0
        if degree != "r":
            pitch = tonic_pitch + shift + _semitone(sign, degree, octave, scale)
            code = code_of(pitch, tonic_pitch)
        steps.append(Step(code, units))
        left -= units
    if left > 0:
        steps.append(Step(0, left))
    return steps
