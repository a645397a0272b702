"""To 24 kHz and back, in time: rooms and echoes are heard at half the rate."""

import numpy as np
from numpy.typing import NDArray

HALF_RATE = 24_000
_REACH = 6  # neighbours on each side of a new sample
_STRETCH = 1 << 14
Sound = NDArray[np.floating]
_AT = np.arange(_REACH) + 0.5
# What lies between two samples: a sinc under a Kaiser window, flat to 9 kHz and 60 dB down at 15.
_WEIGHTS = np.sinc(_AT) * np.i0(6.0 * np.sqrt(1 - (_AT / (_REACH + 0.5)) ** 2)) / np.i0(6.0)
_WEIGHTS = (_WEIGHTS / (2 * _WEIGHTS.sum())).astype(np.float32)


def halved(sound: Sound, *, loop: bool) -> Sound:
    """Every second sample of (frames,), an even number of them, without what lies too high."""
    even, odd = np.ascontiguousarray(sound[::2]), np.ascontiguousarray(sound[1::2])
    odd = _framed(odd, loop=loop)
    half = np.float32(0.5)
    for at in range(0, len(even), _STRETCH):
        piece = even[at : at + _STRETCH]
        piece += _between(odd, at - 1, len(piece))
        piece *= half
    return even


def add_doubled(out: Sound, sound: Sound, *, loop: bool) -> None:
    """Add (frames,) at 24 kHz to ``out`` at 48, which may be shorter than twice as long."""
    framed = _framed(sound, loop=loop)
    for at in range(0, -(-len(out) // 2), _STRETCH):
        size = min(_STRETCH, len(sound) - at)
        whole = out[2 * at : 2 * (at + size)]
        even, odd = whole[::2], whole[1::2]
        even += sound[at : at + len(even)]
        odd += _between(framed, at, size)[: len(odd)]


def _framed(sound: Sound, *, loop: bool) -> Sound:
    if loop:
        return np.take(sound, np.arange(-_REACH, len(sound) + _REACH), mode="wrap")
    return np.pad(sound, _REACH)


def _between(framed: Sound, first: int, size: int) -> Sound:
    """What lies half-way behind each of ``size`` samples from ``first`` on."""
    first += _REACH
    out = np.zeros(size, np.float32)
    for reach, weight in enumerate(_WEIGHTS):
        pair = (
            framed[first - reach : first - reach + size]
            + (framed[first + 1 + reach : first + 1 + reach + size])
        )
        pair *= weight
        out += pair
    return out
