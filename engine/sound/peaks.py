"""Where a sound is loudest, between its samples too, looked for only where it can be.

The true peak of a band-limited sound lies beside a local maximum of its samples. So only the local
maxima that come near the floor are interpolated, a few in a thousand; the result is that of
interpolating everything.
"""

from functools import lru_cache

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Sound = NDArray[np.floating]
HALF = 16  # taps on either side
# A full-scale sine at a quarter of the rate stands 3 dB above its samples; more is a made-up sound.
MARGIN = 10 ** (-3.1 / 20)
_AT_ONCE = 1 << 14


class Points(Struct, frozen=True, kw_only=True):
    """Frames at which a sound rises above a floor, with how high; in any order, some twice."""

    at: NDArray[np.integer]
    level: Sound


def points(sound: Sound, floor: float) -> Points:
    """All frames of (frames, channels) above ``floor`` on any channel, and the local maxima above
    it with their height between the samples."""
    frames: list[NDArray[np.integer]] = [np.zeros(0, np.int64)]
    levels: list[Sound] = [np.zeros(0, np.float32)]
    for channel in sound.T:
        magnitude = np.abs(channel)
        near = np.flatnonzero(magnitude > floor * MARGIN)
        over = near[magnitude[near] > floor]
        frames.append(over)
        levels.append(magnitude[over])
        tops = _local(magnitude, near)
        between = _between(channel, tops)
        above = between > floor
        frames.append(tops[above])
        levels.append(between[above])
    return Points(at=np.concatenate(frames), level=np.concatenate(levels))


def _local(magnitude: Sound, near: NDArray[np.integer]) -> NDArray[np.integer]:
    """Those of ``near`` that are no lower than their neighbours."""
    before = magnitude[np.maximum(near - 1, 0)]
    after = magnitude[np.minimum(near + 1, len(magnitude) - 1)]
    here = magnitude[near]
    return near[(here >= before) & (here >= after)]


def _between(channel: Sound, tops: NDArray[np.integer]) -> Sound:
    """The largest magnitude within a frame around each of ``tops``."""
    kernel = _kernel()
    around = np.pad(channel, HALF)
    out = np.empty(len(tops), np.float32)
    for start in range(0, len(tops), _AT_ONCE):
        some = tops[start : start + _AT_ONCE]
        values = np.zeros((len(kernel[0]), len(some)), np.float32)
        # Tap after tap, not one product of matrices: the bytes must not hang on the library's
        # threads.
        for tap, weights in enumerate(kernel):
            values += weights[:, None] * around[some + tap][None, :]
        out[start : start + _AT_ONCE] = np.abs(values).max(axis=0)
    return out


@lru_cache(maxsize=1)
def _kernel() -> Sound:
    """Windowed sinc at quarters of a frame before and after a sample: (taps, 7)."""
    k = np.arange(-HALF, HALF + 1)[:, None]
    p = np.arange(-3, 4)[None, :] / 4
    taps = np.sinc(p - k) * np.cos(np.pi * (p - k) / (2 * HALF + 3)) ** 2
    return taps.astype(np.float32)
