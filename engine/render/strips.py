"""Strips: what a part goes through on its way into the sums, a handful of blocks at a time.

Its gain is drawn, it is driven, narrowed and panned while it lies in the nearest cache; then its
blocks are transformed side by side, and equalised and added up while their spectra are there.
"""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.render.control import CELL, Curve
from engine.sound.compiled import compiled, inlined

Bins = NDArray[np.complexfloating]


class Strip(Struct, frozen=True, kw_only=True):
    """How one part goes into the mix: its gain and width by the cell, and where it stands."""

    group: str
    gain: Curve
    equaliser: Bins  # by the bins of a block
    send: float
    pan: float
    late_frames: int  # how much later the room answers this part
    echoed: bool
    width: Curve | None = None
    drive: float = 0.0


def driven_by(powers: Curve, amount: float) -> tuple[float, float]:
    """Factors before and behind a saturation around a part's own level, a third harmonic near one
    per cent; the level stays."""
    level = 6 * float(np.sqrt(powers.mean() / 2)) + 1e-9
    return amount / level, level / amount


@inlined
def _saturated(x):
    """A hyperbolic tangent by its continued fraction: within a millionth where music is."""
    x2 = x * x
    above = x * (_A0 + x2 * (_A1 + x2 * (_A2 + x2)))
    below = _A0 + x2 * (_B1 + x2 * (_B2 + x2 * _B3))
    return max(min(above / below, _ONE), -_ONE)


_ONE, _HALF = np.float32(1), np.float32(0.5)
_A0, _A1, _A2 = np.float32(135135), np.float32(17325), np.float32(378)
_B1, _B2, _B3 = np.float32(62370), np.float32(3150), np.float32(28)


@compiled(
    "const float32[:, :]", "const int64[:]", "int64", "const float32[:]", "const float32[:]",
    "const float32[:]", "float32[:, :]",
)  # fmt: skip
def place(sound, numbers, cells, gain, width, manner, rows):
    """Write blocks ``numbers``, of so many ``cells``, of (channels, frames) into rows.

    The first row of a pair is the left side. ``manner`` is the drive, how far the sides are drawn
    together, and the gains of left and right.
    """
    channels, frames = sound.shape
    drive, near, left, right = manner[0], manner[1], manner[2], manner[3]
    for number in range(len(numbers)):
        first = numbers[number] * cells
        row = number * channels
        for cell in range(cells):
            start = (first + cell) * CELL
            size = min(CELL, frames - start)
            at = cell * CELL
            if size <= 0:
                rows[row : row + channels, at : cells * CELL] = 0
                break
            rows[row : row + channels, at + size : at + CELL] = 0
            level = gain[first + cell]
            slope = (gain[first + cell + 1] - level) / np.float32(size)
            for channel in range(channels):
                if drive > 0:
                    for i in range(size):
                        moved = level + slope * np.float32(i)
                        rows[row + channel, at + i] = moved * _saturated(
                            sound[channel, start + i] * drive
                        )
                else:
                    for i in range(size):
                        moved = level + slope * np.float32(i)
                        rows[row + channel, at + i] = moved * sound[channel, start + i]
            if channels == 2:
                wide = width[first + cell]
                spread = (width[first + cell + 1] - wide) / np.float32(size)
                for i in range(size):
                    one, two = rows[row, at + i], rows[row + 1, at + i]
                    # Less of what the sides do not have in common.
                    side = (one - two) * (_HALF - _HALF * (wide + spread * np.float32(i)))
                    one, two = one - side, two + side
                    both = (one + two) * _HALF
                    rows[row, at + i] = (one + (both - one) * near) * left
                    rows[row + 1, at + i] = (two + (both - two) * near) * right


@compiled(
    "const complex64[:, :]", "const int64[:]", "const complex64[:]", "const complex64[:]",
    "float32", "float32", "complex64[:, :]", "complex64[:, :]", "complex64[:, :]",
)  # fmt: skip
def add_single(rows, numbers, equaliser, answered, left, right, lefts, rights, sends):
    """Add the spectra of blocks of one channel, equalised, to both sides and to the room."""
    for row in range(len(numbers)):
        to = numbers[row]
        for at in range(len(answered)):
            sends[to, at] += rows[row, at] * answered[at]
        for at in range(len(equaliser)):
            one = rows[row, at] * equaliser[at]
            lefts[to, at] += one * left
            rights[to, at] += one * right


@compiled(
    "const complex64[:, :]", "const int64[:]", "const complex64[:]", "const complex64[:]",
    "complex64[:, :]", "complex64[:, :]", "complex64[:, :]",
)  # fmt: skip
def add_pair(rows, numbers, equaliser, answered, lefts, rights, sends):
    """The same of blocks of two channels, whose middle the room hears."""
    for pair in range(len(numbers)):
        to, row = numbers[pair], 2 * pair
        for at in range(len(answered)):
            sends[to, at] += (rows[row, at] + rows[row + 1, at]) * (_HALF * answered[at])
        for at in range(len(equaliser)):
            lefts[to, at] += rows[row, at] * equaliser[at]
        for at in range(len(equaliser)):
            rights[to, at] += rows[row + 1, at] * equaliser[at]


@compiled(
    "const complex64[:, :]", "const int64[:]", "int64", "const complex64[:]", "complex64[:, :]"
)
def add_echo(rows, numbers, channels, colour, echoes):
    """Add the middle of blocks to what is repeated."""
    share = np.float32(1.0 / channels)
    for number in range(len(numbers)):
        for channel in range(channels):
            row = number * channels + channel
            for at in range(len(colour)):
                echoes[numbers[number], at] += rows[row, at] * (share * colour[at])
