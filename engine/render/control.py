"""Gains at a thousand values a second: what moves a fader is drawn, not computed frame by frame.

A curve has one value per cell of 48 frames, at the cell's first frame; between two cells the gain
runs along a line. Everything that moves (compressors, ducking, the energy of the sections) is one
such curve per part, so the stems still add up to the mix.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from engine.sound.compiled import compiled
from engine.sound.transforms import irfft, quick_length, rfft

CELL = 48
CELLS_PER_SECOND = 1000
STRETCH = 528  # cells that are worked on at a time: their arrays stay in the second cache
Sound = NDArray[np.floating]
Curve = NDArray[np.floating]
_ALONG = (np.arange(CELL) / CELL).astype(np.float32)


def cells(frames: int) -> int:
    """Cells that hold so many frames; the last may be short."""
    return -(-frames // CELL)


def channels(sound: Sound) -> tuple[Sound, ...]:
    """The sound's channels, each (frames,): one where it is the same on both sides."""
    return (sound,) if sound.ndim == 1 else tuple(sound.T)


def powers(sound: Sound) -> Curve:
    """Mean square per cell of (frames,) or (frames, 2), both loudspeakers together."""
    if sound.ndim == 1:
        return products(sound, sound)[0] * (2 / CELL)
    left, right, _ = products(*channels(sound))
    return (left + right) / CELL


def products(one: Sound, two: Sound) -> NDArray[np.float64]:
    """The squares of two channels (frames,), and what they have in common, each summed by the cell:
    (3, cells)."""
    out = np.zeros((3, cells(len(one))))
    _products(np.ascontiguousarray(one), np.ascontiguousarray(two), out)
    return out


@compiled("const float32[:]", "const float32[:]", "float64[:, :]")
def _products(one, two, out):
    # Sixteen sums side by side: the order in which they are added is written, so it can be kept.
    firsts, seconds, both = (
        np.zeros(16, one.dtype),
        np.zeros(16, one.dtype),
        np.zeros(16, one.dtype),
    )
    frames = len(one)
    for cell in range(frames // CELL):
        for at in range(16):
            a, b, c = cell * CELL + at, cell * CELL + at + 16, cell * CELL + at + 32
            firsts[at] = one[a] * one[a] + one[b] * one[b] + one[c] * one[c]
            seconds[at] = two[a] * two[a] + two[b] * two[b] + two[c] * two[c]
            both[at] = one[a] * two[a] + one[b] * two[b] + one[c] * two[c]
        for at in range(16):
            out[0, cell] += firsts[at]
            out[1, cell] += seconds[at]
            out[2, cell] += both[at]
    for at in range(frames // CELL * CELL, frames):
        out[0, -1] += one[at] * one[at]
        out[1, -1] += two[at] * two[at]
        out[2, -1] += one[at] * two[at]


def stretches(frames: int) -> Iterator[tuple[slice, slice]]:
    """The file in stretches: which cells, and which frames they hold."""
    many = cells(frames)
    for first in range(0, many, STRETCH):
        last = min(first + STRETCH, many)
        yield slice(first, last), slice(first * CELL, min(last * CELL, frames))


def drawn(curve: Curve, part: slice, frames: int, *, loop: bool) -> Sound:
    """The gain of the cells ``part`` frame by frame, float32.

    Behind the last cell a loop's curve runs on to its first value, any other stays where it is.
    """
    knots = curve[part.start : part.stop + 1].astype(np.float32)
    many = part.stop - part.start
    ended = part.stop == len(curve)
    if ended:
        knots = np.append(knots, np.float32(curve[0]) if loop else knots[-1])
    gain = (knots[:-1, None] + (knots[1:] - knots[:-1])[:, None] * _ALONG).ravel()
    if not ended:
        return gain
    size = frames - part.start * CELL
    short = size - (many - 1) * CELL
    if short < CELL and loop:
        along = (np.arange(short) / short).astype(np.float32)
        gain[(many - 1) * CELL : size] = knots[-2] + (knots[-1] - knots[-2]) * along
    return gain[:size]


def knots(curve: Curve, *, loop: bool) -> Sound:
    """A curve of cells with what it runs on to behind the last one, float32."""
    return np.append(curve, curve[0] if loop else curve[-1]).astype(np.float32)


def smoothed(curve: Curve, width: int, *, loop: bool) -> Curve:
    """The curve under a raised cosine of ``width`` cells, centred; a loop's runs round."""
    kernel = np.hanning(max(width | 1, 3) + 2)[1:-1]
    kernel /= kernel.sum()
    half = len(kernel) // 2
    if loop and half > len(curve):
        around = np.take(curve, np.arange(-half, len(curve) + half), mode="wrap")
    else:
        around = np.pad(curve, half, mode="wrap" if loop else "edge")
    size = quick_length(len(around) + len(kernel))
    wave = irfft(rfft(around, n=size) * rfft(kernel, n=size), n=size)
    return wave[2 * half : 2 * half + len(curve)]
