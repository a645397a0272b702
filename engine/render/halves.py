"""From 24 kHz to 48, in time: rooms and echoes are heard at half the rate."""

import numpy as np
from numpy.typing import NDArray

from engine.sound.compiled import compiled

HALF_RATE = 24_000
_REACH = 6  # neighbours on each side of a new sample
Sound = NDArray[np.floating]
_AT = np.arange(_REACH) + 0.5
# What lies between two samples: a sinc under a Kaiser window, flat to 9 kHz and 60 dB down at 15.
_WEIGHTS = np.sinc(_AT) * np.i0(6.0 * np.sqrt(1 - (_AT / (_REACH + 0.5)) ** 2)) / np.i0(6.0)
_W0, _W1, _W2, _W3, _W4, _W5 = (_WEIGHTS / (2 * _WEIGHTS.sum())).astype(np.float32)


_STRETCH = 2048  # new samples that are reckoned at a time


def add_doubled(out: Sound, sound: Sound, first: int = 0) -> None:
    """Add (frames,) at 24 kHz to ``out`` at 48, from its frame ``first`` at 48 kHz on; around it
    all is silent."""
    reached = np.pad(sound[: (first + len(out)) // 2 + _REACH + 1], _REACH)
    _add_doubled(reached, first, out[: max(2 * len(sound) - first, 0)])


@compiled("const float32[:]", "int64", "float32[:]")
def _add_doubled(sound, first, out):
    w0, w1, w2, w3, w4, w5 = _W0, _W1, _W2, _W3, _W4, _W5
    between = np.empty(_STRETCH, np.float32)
    # Where the first frame lies between two samples, the pairs begin one frame before it.
    early = first % 2
    for start in range(0, (len(out) + early + 1) // 2, _STRETCH):
        size = min(_STRETCH, (len(out) + early + 1) // 2 - start)
        x = sound[first // 2 + start : first // 2 + start + size + 2 * _REACH]
        for at in range(size):
            between[at] = (
                w0 * (x[at + 6] + x[at + 7])
                + w1 * (x[at + 5] + x[at + 8])
                + w2 * (x[at + 4] + x[at + 9])
                + w3 * (x[at + 3] + x[at + 10])
                + w4 * (x[at + 2] + x[at + 11])
                + w5 * (x[at + 1] + x[at + 12])
            )
        place = 2 * start - early
        if place >= 0 and place + 2 * size <= len(out):
            pairs = out[place : place + 2 * size]
            for at in range(size):
                pairs[2 * at] += x[at + 6]
                pairs[2 * at + 1] += between[at]
            continue
        for at in range(size):
            if place + 2 * at >= 0:
                out[place + 2 * at] += x[at + 6]
            if place + 2 * at + 1 < len(out):
                out[place + 2 * at + 1] += between[at]
