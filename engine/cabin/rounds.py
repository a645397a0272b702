"""Beds that go round without a seam: everything here repeats after exactly ``frames`` frames.

Noise is shaped in the spectrum of the whole loop, tones and slow movements have whole numbers of
cycles, and what rings beyond the end is laid over the beginning. So the joint is like any other
place. Unlike `engine.sound.textures` they are drawn at any rate, channel by channel.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.floating]
Shape = NDArray[np.floating]


def frequencies(frames: int, rate: int) -> Shape:
    """The frequencies at which a loop of ``frames`` has a shape, (frames // 2 + 1,)."""
    return np.fft.rfftfreq(frames, 1 / rate)


def colour(
    f: Shape,
    slope_db: float,
    low: float | None = None,
    high: float | None = None,
    order: int = 2,
) -> Shape:
    """A shape that falls or rises by ``slope_db`` per octave (0 white, -3 pink, -6 brown, +3 air)
    between ``low`` and ``high``, with edges of ``order`` times 6 dB per octave."""
    safe = np.maximum(f, 1e-3)
    shape = (safe / 1_000) ** (slope_db / 6.0206)
    if low is not None:
        shape = shape / np.sqrt(1 + (low / safe) ** (2 * order))
    if high is not None:
        shape = shape / np.sqrt(1 + (safe / high) ** (2 * order))
    shape[f < 10] = 0.0
    return shape


def resonances(f: Shape, pitches: Iterable[float], q: float, slope_db: float = -3.0) -> Shape:
    """The shape of two-pole resonators at ``pitches``, each ``slope_db`` an octave softer than the
    first; times noise they are a pad."""
    safe = np.maximum(f, 1e-3)
    tones = sorted(pitches)
    shape = np.zeros(len(f))
    for tone in tones:
        level = 10 ** (slope_db * np.log2(tone / tones[0]) / 20)
        shape += level / np.sqrt(1 + (q * (safe / tone - tone / safe)) ** 2)
    shape[f < 10] = 0.0
    return shape


def noise_bed(frames: int, shape: Shape, dice: np.random.Generator) -> Sound:
    """Noise of that shape and an RMS of 1, (frames,): as endless as its loop."""
    wave = np.fft.irfft(np.fft.rfft(dice.standard_normal(frames)) * shape, n=frames)
    size = float(np.sqrt(np.mean(wave**2)))
    return wave / size if size > 0 else wave


def windowed(sound: Sound, rate: int, low: float, high: float) -> Sound:
    """The loop with nothing left outside a window of frequencies."""
    spectrum = np.fft.rfft(sound)
    f = frequencies(len(sound), rate)
    spectrum[(f < low) | (f > high)] = 0.0
    return np.fft.irfft(spectrum, n=len(sound))


def tone(hertz: float, frames: int, rate: int, phase: float = 0.0) -> Sound:
    """A sine of whole cycles, (frames,)."""
    cycles = max(1, round(hertz * frames / rate))
    return np.sin(2 * np.pi * ((cycles * np.arange(frames)) % frames) / frames + phase)


def sway(frames: int, cycles: int, depth_db: float, phase: float = 0.0) -> Sound:
    """A gain that swings by ``depth_db`` in all, ``cycles`` times a loop, evenly about 1."""
    at = 2 * np.pi * cycles * np.arange(frames) / frames + phase
    return 10 ** (depth_db / 2 * np.sin(at) / 20)


def waves(frames: int, count: int, depth_db: float, rising: float = 0.35) -> Sound:
    """A gain like surf: ``count`` waves a loop that rise in the ``rising`` share of their time."""
    at = (count * np.arange(frames) / frames) % 1.0
    up = 0.5 - 0.5 * np.cos(np.pi * np.minimum(at / rising, 1.0))
    down = 0.5 + 0.5 * np.cos(np.pi * np.maximum(at - rising, 0.0) / (1 - rising))
    return 10 ** (depth_db * (np.where(at < rising, up, down) - 0.5) / 20)


def strewn(events: Sequence[tuple[int, Sound]], frames: int) -> Sound:
    """Sounds at their frames; what rings beyond the end goes on at the beginning."""
    out = np.zeros(frames)
    for start, sound in events:
        at = start % frames
        while len(sound):
            piece = sound[: frames - at]
            out[at : at + len(piece)] += piece
            sound, at = sound[len(piece) :], 0
    return out
