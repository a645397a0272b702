"""What strings become in an amplifier: driven above their rate, then boxed by a loudspeaker.

A valve's curve makes harmonics far above what a file can hold, so it is passed at two or four times
the rate. Between rates stand half-band filters: every second tap of theirs is nought and the others
are alike in pairs. The loudspeaker is the recipe of its equaliser itself, fed back sample by sample
instead of laid over the sound as a response.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.render.synth.oscillators import Sound
from engine.sound.compiled import compiled, inlined
from engine.sound.filters import Band, coefficients


class Curve(Struct, frozen=True):
    """What is done to strings: ``drive`` multiplies them on their way to the valves, ``asymmetry``
    shifts them on the valves' curve, ``clean`` of them goes around it; all of it at ``gain``."""

    drive: float
    asymmetry: float
    clean: float
    gain: float


_BLOCK = 2048  # frames that are driven at a time: they stay in the nearest cache
_SHARP, _WIDE = 20, 8  # pairs of taps between the rate and its double, and from there to four times
_REJECTED_DB = 96.0
_LANES = 32  # places at which a part goes through the box side by side
_SETTLING = 4096  # frames after which a box no longer knows how it began, 120 dB down
_CHUNK = 64  # frames of all lanes that lie together


def amplified(strings: Sound, curve: Curve, over: int, box: tuple[Band, ...], out: Sound) -> None:
    """Mono strings, (frames,), through valves and box, into ``out``, as long and in one piece.

    ``over`` is how many times the rate they are driven at: two or four.
    """
    wide = half_band(_WIDE, 0.25) if over == 4 else np.empty(0, np.float32)
    sharp = half_band(_SHARP, 20_000.0 / 48_000.0)
    sections = _feedback(box).copy()
    sections[0, :3] *= curve.gain
    _driven(strings, curve.drive, curve.asymmetry, curve.clean, sharp, wide, out)
    # A short part is one lane's: what is laid out for others is beyond its end.
    lane = max(-(-len(out) // _LANES), _SETTLING)
    _boxed(sections, lane, out)


@lru_cache(maxsize=8)
def half_band(pairs: int, passed: float) -> Sound:
    """One side of a half-band filter's taps beside its middle, which is a half; read-only.

    ``passed`` is up to where it passes, as a share of the lower rate; it rejects what mirrors that.
    """
    width = (0.5 - passed) / 0.5  # of the lower rate's half
    taps = 4 * pairs - 1
    beta = 0.1102 * (min(_REJECTED_DB, 7.95 + 2.285 * np.pi * width * taps) - 8.7)
    away = np.arange(1, 2 * pairs, 2)
    sinc = np.sin(np.pi * away / 2) / (np.pi * away)
    side = sinc * np.kaiser(taps, beta)[taps // 2 + away]
    side = (side * (0.25 / side.sum())).astype(np.float32)
    side.flags.writeable = False
    return side


@lru_cache(maxsize=32)
def _feedback(box: tuple[Band, ...]) -> NDArray[np.float64]:
    """b0, b1, b2, a1, a2 of every section for a0 = 1; read-only."""
    six = np.array([coefficients(band) for band in box])
    five = np.ascontiguousarray(np.delete(six, 3, axis=1) / six[:, 3:4])
    five.flags.writeable = False
    return five


@inlined
def _saturated(x: Any) -> Any:
    """``tanh``, right to a millionth: a continued fraction for half of x, doubled."""
    y = min(max(x, np.float32(-9.0)), np.float32(9.0)) * np.float32(0.5)
    z = y * y
    above = y * (np.float32(10395.0) + z * (np.float32(1260.0) + z * np.float32(21.0)))
    below = np.float32(10395.0) + z * (np.float32(4725.0) + z * (np.float32(210.0) + z))
    return np.float32(2.0) * above * below / (below * below + above * above)


@inlined
def _between(points: Any, taps: Any, scale: Any, out: Any) -> None:
    """``out[i]``: what lies between two points, ``len(taps)`` of them on either side."""
    pairs = len(taps)
    for at in range(len(out)):
        out[at] = np.float32(0.0)
    for pair in range(pairs):
        tap = taps[pair] * scale
        left, right = points[pairs - 1 - pair :], points[pairs + pair :]
        for at in range(len(out)):
            out[at] += tap * (left[at] + right[at])


@inlined
def _drive(points: Any, drive: Any, asymmetry: Any) -> None:
    """Points through the valves, in place."""
    rest = _saturated(asymmetry)
    for at in range(len(points)):
        points[at] = _saturated(points[at] * drive + asymmetry) - rest


@compiled(
    "const float32[:]", "float32", "float32", "float32", "const float32[:]", "const float32[:]",
    "float32[:]",
)  # fmt: skip
def _driven(
    strings: Sound,
    drive: float,
    asymmetry: float,
    clean: float,
    sharp: Sound,
    wide: Sound,
    out: Sound,
) -> None:
    """The valves alone. Without ``wide`` taps the strings are driven at twice their rate."""
    near, far = len(sharp), len(wide)
    margin = 2 * near + far
    piece = np.empty(_BLOCK + 2 * margin, np.float32)
    odd = np.empty(_BLOCK + 2 * (near + far) + 1, np.float32)
    even = np.empty(_BLOCK, np.float32)
    fallen = np.empty(2 * (_BLOCK + 2 * near), np.float32)
    # All that the valves see of a block: at twice the rate, then what lies between it.
    double = 2 * (_BLOCK + 2 * (near + far)) if far else _BLOCK
    middle = double - 2 * far + 1 if far else len(odd)
    points = np.empty(double + middle, np.float32)
    for begin in range(0, len(strings), _BLOCK):
        count = min(_BLOCK, len(strings) - begin)
        result = out[begin : begin + count]
        sounding = False
        for at in range(len(piece)):
            frame = begin - margin + at
            piece[at] = strings[frame] if 0 <= frame < len(strings) else np.float32(0.0)
            sounding |= piece[at] != np.float32(0.0)
        if not sounding:
            for at in range(count):
                result[at] = np.float32(0.0)
            continue
        _between(piece, sharp, np.float32(2.0), odd)
        if far:
            for at in range(double // 2):
                points[2 * at] = piece[at + near]
                points[2 * at + 1] = odd[at + 1]
            _between(points[:double], wide, np.float32(2.0), points[double:])
        else:
            for at in range(_BLOCK):
                points[at] = piece[at + margin]
            for at in range(len(odd)):
                points[double + at] = odd[at]
        _drive(points, drive, asymmetry)
        if far:
            _between(points[double + 1 :], wide, np.float32(1.0), fallen)
            for at in range(len(fallen)):
                fallen[at] += np.float32(0.5) * points[at + 2 * far]
            for at in range(_BLOCK):
                even[at] = fallen[2 * (at + near)]
            for at in range(_BLOCK + 2 * near):
                odd[at + 1] = fallen[2 * at + 1]
        else:
            for at in range(_BLOCK):
                even[at] = points[at]
            for at in range(len(odd)):
                odd[at] = points[double + at]
        _between(odd[1:], sharp, np.float32(1.0), result)
        for at in range(count):
            result[at] += np.float32(0.5) * even[at] + clean * piece[margin + at]


@compiled("const float64[:, :]", "int64", "float32[:]")
def _boxed(sections: NDArray[np.float64], lane: int, sound: Sound) -> None:
    """A sound through sections that feed back, in place.

    What feeds back can only be done frame by frame, so the sound is done at `_LANES` places at a
    time, ``lane`` frames apart. All but the first begin earlier, by as much as a box remembers.
    """
    memory = np.zeros((len(sections), 2, _LANES))
    frames = np.empty((_CHUNK, _LANES))
    for begin in range(-_SETTLING, lane, _CHUNK):
        for one in range(_LANES):
            start = one * lane + begin
            for at in range(_CHUNK):
                inside = 0 <= start + at < len(sound) and begin + at < lane
                frames[at, one] = sound[start + at] if inside else 0.0
        for section in range(len(sections)):
            b0, b1, b2 = sections[section, 0], sections[section, 1], sections[section, 2]
            a1, a2 = sections[section, 3], sections[section, 4]
            first, second = memory[section, 0], memory[section, 1]
            for at in range(_CHUNK):
                row = frames[at]
                for one in range(_LANES):
                    x = row[one]
                    y = b0 * x + first[one]
                    first[one] = b1 * x - a1 * y + second[one]
                    second[one] = b2 * x - a2 * y
                    row[one] = y
            for one in range(_LANES):  # what has died away would become slow instead of nought
                first[one] = (first[one] + 1e-15) - 1e-15
                second[one] = (second[one] + 1e-15) - 1e-15
        if begin >= 0:
            for one in range(_LANES):
                start = one * lane + begin
                for at in range(min(_CHUNK, lane - begin, len(sound) - start)):
                    sound[start + at] = np.float32(frames[at, one])
