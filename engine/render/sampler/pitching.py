"""Plays a recording at another pitch: band-limited interpolation, with the zone's filter in it.

The step from one output frame to the next is taken as a fraction p/q of a sample, so the same q
positions between samples come again and again, and a whole note is a handful of small matrix
products: windows of the recording times a table of kernels. The kernel is a Kaiser-windowed sinc
whose corner lies under both Nyquist frequencies (nothing folds back when a note is pitched up); a
low-pass filter of the zone is convolved into it, which costs nothing more.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from engine.sound.compiled import compiled

SAMPLE_RATE = 48_000
TAPS = 32  # of the unfiltered kernel: flat to 0.8 of the lower Nyquist, 80 dB beyond 1.15 of it
CORNER, BETA = 0.94, 8.0
FINE = 64  # points of the kernel's table between two samples
CLOSE_ENOUGH = 4e-5  # of the asked step: 0.07 cent
LONGEST_TURN = 1000
BLOCK = 32  # output frames that share one window
LONGEST_RING = 3000  # samples that a filter may ring
# Products stay below what a BLAS would split among threads: the sum never depends on their number.
SMALL = 240_000
STRETCH = 1 << 16  # numbers of windows that are laid out at a time: they stay in a near cache
KEPT_KERNEL = 1 << 19  # numbers in the largest table of kernels that is kept
Sound = NDArray[np.float32]


class Filter(NamedTuple):
    """A resonant low-pass of two poles: its corner in hertz, its resonance in decibels."""

    hertz: float
    resonance_db: float


def pitched(wave: Sound, step: float, frames: int, low_pass: Filter | None = None) -> Sound:
    """``wave`` (n,) read ``step`` samples per frame from its first sample on: (frames,) float32.

    Before its first sample and beyond its last the recording is silent. ``low_pass`` is in hertz
    of the output.
    """
    p, q = fraction(step)
    past, blocks = _kernels_of(p, q, low_pass)
    turns = -(-frames // q)
    width = max(kernel.shape[0] + start for start, kernel in blocks)
    padded = np.zeros((turns - 1) * p + width + 1, np.float32)
    heard = wave[: len(padded) - past]
    padded[past : past + len(heard)] = heard
    out = np.empty((turns, q), np.float32)
    at = 0
    for start, kernel in blocks:
        taps, many = kernel.shape
        rows = max(1, min(turns, SMALL // (taps * many)))
        stretch = rows * max(1, STRETCH // (rows * taps))
        windows = as_strided(padded[start:], (turns, taps), (4 * p, 4))
        for first in range(0, turns, stretch):
            some = windows[first : first + stretch]
            stacks = np.zeros((-(-len(some) // rows), rows, taps), np.float32)
            stacks.reshape(-1, taps)[: len(some)] = some
            made = (stacks @ kernel).reshape(-1, many)
            out[first : first + stretch, at : at + many] = made[: len(some)]
        at += many
    return out.reshape(-1)[:frames]


@lru_cache(maxsize=4096)
def fraction(step: float) -> tuple[int, int]:
    """The fraction p/q nearest to the step, of the shortest turn q that is close enough."""
    turns = np.arange(BLOCK, LONGEST_TURN + 1)
    steps = np.maximum(np.rint(step * turns), 1)
    error = np.abs(steps / turns / step - 1)
    good = np.flatnonzero(error < CLOSE_ENOUGH)
    best = int(good[0]) if len(good) else int(np.argmin(error))
    return int(steps[best]), int(turns[best])


def _kernels_of(p: int, q: int, low_pass: Filter | None) -> tuple[int, list[tuple[int, Sound]]]:
    ringing = 0 if low_pass is None else _ringing(low_pass, p / q)
    size = q * (ringing + (BLOCK + TAPS) * max(1.0, p / q))
    return (_kernels if size < KEPT_KERNEL else _kernels.__wrapped__)(p, q, low_pass)


@lru_cache(maxsize=96)
def _kernels(p: int, q: int, low_pass: Filter | None) -> tuple[int, list[tuple[int, Sound]]]:
    """Silence to put before the recording, and for each block of outputs where its window begins
    and its kernels, (window, outputs)."""
    step = p / q
    stretch = max(1.0, step)
    table = _sinc() if low_pass is None else _filtered(low_pass, step, stretch)
    ahead = int(np.ceil(TAPS / 2 * stretch))
    past = ahead + (0 if low_pass is None else _ringing(low_pass, step))
    outputs = np.arange(q)
    starts = outputs // BLOCK * BLOCK * p // q
    width = int((outputs * p // q - starts).max()) + past + ahead + 1
    # Output k lies at sample k p/q; the table begins half a kernel before its centre.
    places = (outputs * step - starts + past) * (1 / stretch) + TAPS / 2
    kernels = np.empty((q, width), np.float32)
    _read(table, places, 1 / stretch, kernels)
    return past, [
        (int(starts[first]), np.ascontiguousarray(kernels[first : first + BLOCK].T))
        for first in range(0, q, BLOCK)
    ]


@compiled("const float64[:]", "const float64[:]", "float64", "float32[:, :]")
def _read(table, places, pace, out):
    """A row of the table from each of ``places`` backwards, straight between its points."""
    last = len(table) - 2.0
    for row in range(len(places)):
        kernel = out[row]
        for tap in range(len(kernel)):
            place = min(max((places[row] - tap * pace) * FINE, 0.0), last)
            left = int(place)
            low = table[left]
            kernel[tap] = (low + (table[left + 1] - low) * (place - left)) * pace


def forget() -> None:
    """Drop all kernels, as if nothing had been played yet."""
    _kernels.cache_clear()


@lru_cache(maxsize=1)
def _sinc() -> NDArray[np.float64]:
    """The kernel on a fine grid, from -TAPS/2 on. Its ends are nought."""
    time = np.arange(-TAPS // 2 * FINE, TAPS // 2 * FINE + 1) / FINE
    window = np.i0(BETA * np.sqrt(1 - (time / (TAPS / 2)) ** 2)) / np.i0(BETA)
    table = np.sinc(time * CORNER) * CORNER * window
    table[[0, -1]] = 0
    return table


@lru_cache(maxsize=8)
def _spectrum(size: int) -> NDArray[np.complexfloating]:
    return np.fft.rfft(_sinc(), size)


def _filtered(low_pass: Filter, step: float, stretch: float) -> NDArray[np.float64]:
    """The kernel after the filter; one unit of its grid is ``stretch`` samples long."""
    plain = _sinc()
    length = len(plain) + int(_ringing(low_pass, step) / stretch * FINE)
    size = 1 << length.bit_length()
    # Frequencies of the grid in hertz of the output: a sample lasts 1 / (step * SAMPLE_RATE) s.
    hertz = np.fft.rfftfreq(size, stretch / (FINE * step * SAMPLE_RATE))
    table = np.fft.irfft(_spectrum(size) * _response(low_pass, hertz), size)[:length]
    fade = (length - len(plain)) // 4
    table[length - fade :] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(1, fade + 1) / max(fade, 1))
    table[[0, -1]] = 0
    return table


def _response(low_pass: Filter, hertz: NDArray[np.floating]) -> NDArray[np.complexfloating]:
    """The analogue pair of poles; half of the resonance is taken off below it (8.1.3, 9)."""
    ratio = hertz / low_pass.hertz
    damping = 1 / _quality(low_pass)
    return 10 ** (-low_pass.resonance_db / 40) / (1 - ratio**2 + 1j * damping * ratio)


def _quality(low_pass: Filter) -> float:
    return 10 ** ((low_pass.resonance_db - 3.0103) / 20)


def _ringing(low_pass: Filter, step: float) -> int:
    """Samples until the filter has died by 60 dB: what is left is faded."""
    tau = 2 * _quality(low_pass) / (2 * np.pi * low_pass.hertz)
    return min(int(6.9 * tau * SAMPLE_RATE * step) + 2, LONGEST_RING)
