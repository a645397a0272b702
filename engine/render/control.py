"""Gains at a thousand values a second: what moves a fader is drawn, not computed frame by frame.

A curve has one value per cell of 48 frames, at the cell's first frame; between two cells the gain
runs along a line. Everything that moves (compressors, ducking, the energy of the sections) is one
such curve per part, so the stems still add up to the mix.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

CELL = 48
CELLS_PER_SECOND = 1000
STRETCH = 1216  # cells that are worked on at a time: their arrays stay in the second cache
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
    both = channels(sound)
    return np.sum([products(one, one) for one in both], axis=0) * (2 / len(both) / CELL)


def products(one: Sound, two: Sound) -> Curve:
    """What two channels (frames,) have in common, summed by the cell."""
    whole = len(one) // CELL
    total = np.zeros(cells(len(one)))
    inside = whole * CELL
    total[:whole] = np.einsum(
        "ij,ij->i", one[:inside].reshape(whole, CELL), two[:inside].reshape(whole, CELL)
    )
    if inside < len(one):
        total[-1] += float(np.einsum("i,i->", one[inside:], two[inside:]))
    return total


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


def smoothed(curve: Curve, width: int, *, loop: bool) -> Curve:
    """The curve under a raised cosine of ``width`` cells, centred; a loop's runs round."""
    kernel = np.hanning(max(width | 1, 3) + 2)[1:-1]
    kernel /= kernel.sum()
    half = len(kernel) // 2
    if loop and half > len(curve):
        around = np.take(curve, np.arange(-half, len(curve) + half), mode="wrap")
    else:
        around = np.pad(curve, half, mode="wrap" if loop else "edge")
    return np.convolve(around, kernel, "valid")


def decibels(curve: Curve) -> Curve:
    """Gain of a curve in decibels."""
    return 10 ** (curve / 20)
