"""Where a sound is loudest, between its samples too, looked for only where it can be.

The true peak of a band-limited sound lies beside a local maximum of its samples. So only the local
maxima that come near the floor are interpolated, a few in a thousand; the result is that of
interpolating everything.
"""

from functools import lru_cache

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.sound.compiled import compiled, inlined

Sound = NDArray[np.floating]
HALF = 16  # taps on either side
# A full-scale sine at a quarter of the rate stands 3 dB above its samples; more is a made-up sound.
MARGIN = 10 ** (-3.1 / 20)
_BLOCK = 64  # frames that are passed over together where all are low
_MAGNITUDE = np.int32(0x7FFFFFFF)  # of a float32: its bits rise with it


class Points(Struct, frozen=True, kw_only=True):
    """Frames at which a sound rises above a floor, with how high; in any order, some twice."""

    at: NDArray[np.integer]
    level: Sound


def points(sound: Sound, floor: float) -> Points:
    """All frames of (frames, channels) above ``floor`` on any channel, and the local maxima above
    it with their height between the samples."""
    frames: list[NDArray[np.integer]] = [np.zeros(0, np.int64)]
    levels: list[Sound] = [np.zeros(0, np.float32)]
    near = np.float32(floor * MARGIN)
    for channel in np.ascontiguousarray(sound.T, np.float32):
        # Room for every frame twice, of which only what is written takes memory.
        at, level = np.empty(2 * len(channel), np.int64), np.empty(2 * len(channel), np.float32)
        found = _found(
            channel, channel.view(np.int32), near, near.view(np.int32), floor, _kernel(), at, level
        )
        frames.append(at[:found].copy())
        levels.append(level[:found].copy())
    return Points(at=np.concatenate(frames), level=np.concatenate(levels))


@compiled(
    "const float32[:]", "const int32[:]", "float32", "int32", "float32", "const float32[:, :]",
    "int64[:]", "float32[:]", gives="int64",
)  # fmt: skip
def _found(sound, bits, near, near_bits, floor, kernel, at_out, level_out):
    found, last = 0, len(sound) - 1
    for start in range(0, len(sound), _BLOCK):
        block = bits[start : start + _BLOCK]
        over = np.int32(0)
        for at in range(len(block)):
            over |= near_bits - (block[at] & _MAGNITUDE)
        if over >= 0:
            continue
        for at in range(start, start + len(block)):
            here = abs(sound[at])
            if here <= near:
                continue
            if here > floor:
                at_out[found], level_out[found] = at, here
                found += 1
            if here >= abs(sound[max(at - 1, 0)]) and here >= abs(sound[min(at + 1, last)]):
                between = _between(sound, at, kernel)
                if between > floor:
                    at_out[found], level_out[found] = at, between
                    found += 1
    return found


@inlined
def _between(sound, at, kernel):
    """The largest magnitude within a frame around ``at``."""
    around = sound[max(at - HALF, 0) : at + HALF + 1]
    early = max(HALF - at, 0)
    a = b = c = d = e = f = g = sound[at] * np.float32(0)
    for tap in range(len(around)):
        value, weights = around[tap], kernel[early + tap]
        a += weights[0] * value
        b += weights[1] * value
        c += weights[2] * value
        d += weights[3] * value
        e += weights[4] * value
        f += weights[5] * value
        g += weights[6] * value
    return max(abs(a), abs(b), abs(c), abs(d), abs(e), abs(f), abs(g))


@lru_cache(maxsize=1)
def _kernel() -> Sound:
    """Windowed sinc at quarters of a frame before and after a sample: (taps, 7)."""
    k = np.arange(-HALF, HALF + 1)[:, None]
    p = np.arange(-3, 4)[None, :] / 4
    taps = np.sinc(p - k) * np.cos(np.pi * (p - k) / (2 * HALF + 3)) ** 2
    return taps.astype(np.float32)
