"""Beds of sound that go round: noises, resonances, slow movements, drops. (frames, 2), 48 kHz.

Everything is periodic by construction: noise is made as a spectrum, movements have whole cycles,
what rings past the end lies over the beginning. So a loop of it has no seam to hide. Recipes after
the sound designer's book, §1.3.5, §1.3.11 and §1.3.12. Levels are relative; every bed comes out at
an RMS of ``LEVEL``.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.floating]
Spectrum = Callable[[Sound], Sound]
"""Frequencies in Hz → amplitudes."""

SAMPLE_RATE = 48_000
LEVEL = 0.1
CONTROL_HZ = 50
SAME_BELOW_HZ = 150.0  # one noise for both sides below it: a wide bass falls apart in mono
LONGEST_PERIOD_S, SHORTEST_PERIOD_S = 120, 45


def period(frames: int) -> int:
    """Frames after which a bed may begin again: all of it, or a part that fills it exactly.

    Nobody hears noise come back after a minute, and ten minutes at once would not fit the memory.
    """
    longest, shortest = LONGEST_PERIOD_S * SAMPLE_RATE, SHORTEST_PERIOD_S * SAMPLE_RATE
    for times in range(-(-frames // longest), frames // shortest + 1):
        if frames % times == 0:
            return frames // times
    return frames


def noise(frames: int, spectrum: Spectrum, rng: np.random.Generator) -> Sound:
    """A noise of a colour, the two sides apart but in the bass."""
    f = np.fft.rfftfreq(frames, 1 / SAMPLE_RATE).astype(np.float32)
    shape = np.where((f > 15) & (f < 22_000), spectrum(np.maximum(f, 1.0)), 0).astype(np.float32)
    common = 1 / (1 + (f / SAME_BELOW_HZ) ** 4)
    both, first, second = (_white(len(f), rng) for _ in range(3))
    sides = [
        both * np.sqrt(common) + own * np.sqrt(1 - common, dtype=np.float32)
        for own in (first, second)
    ]
    waves = [np.fft.irfft(side * shape, n=frames).astype(np.float32) for side in sides]
    return levelled(np.stack(waves, axis=1))


def _white(bins: int, rng: np.random.Generator) -> NDArray[np.complexfloating]:
    return (
        rng.standard_normal(bins, np.float32) + 1j * rng.standard_normal(bins, np.float32)
    ).astype(np.complex64)


def band(low_hz: float, high_hz: float, slope: float = 0.0) -> Spectrum:
    """What lies between two corners; below it falls by 24 dB an octave, above by 12. ``slope`` is
    dB an octave inside."""

    def amplitudes(f: Sound) -> Sound:
        edges = 1 / (1 + (low_hz / f) ** 4) / (1 + (f / high_hz) ** 2)
        return edges * (f / 1000) ** (slope / 6.02)

    return amplitudes


def resonances(frequencies: Sequence[float], q: float, fall_db: float = 3.0) -> Spectrum:
    """Narrow bands at some pitches, each ``fall_db`` softer for every octave it lies higher."""
    lowest = min(frequencies)

    def amplitudes(f: Sound) -> Sound:
        total = np.zeros_like(f)
        for pitch in frequencies:
            width = pitch / q
            level = 10 ** (-fall_db * np.log2(pitch / lowest) / 20) / np.sqrt(width)
            total += level / (1 + ((f - pitch) / (width / 2)) ** 2)
        return total

    return amplitudes


def tones(
    frames: int, frequencies: Sequence[float], levels: Sequence[float], rng: np.random.Generator
) -> Sound:
    """Steady partials of whole cycles, each coming and going slowly on a side of its own."""
    f = [round(pitch * frames / SAMPLE_RATE) for pitch in frequencies]
    spectrum = np.zeros((2, frames // 2 + 1), np.complex64)
    for cycles, level in zip(f, levels, strict=True):
        for side in spectrum:
            # Two or three lines a few cycles apart beat against each other: the partial breathes.
            for offset, share in ((0, 1.0), (int(rng.integers(1, 4)), 0.45), (-2, 0.3)):
                if 0 < cycles + offset < spectrum.shape[1]:
                    turn = np.exp(2j * np.pi * rng.random())
                    side[cycles + offset] += level * share * turn
    waves = [np.fft.irfft(side, n=frames).astype(np.float32) for side in spectrum]
    return levelled(np.stack(waves, axis=1))


def movement(
    frames: int, seconds: float, rng: np.random.Generator, *, rows: int = 1
) -> NDArray[np.floating]:
    """Slow circular curves of about ``seconds`` to a wave, (rows, frames), mean 0, RMS 1."""
    points = max(8, round(frames / SAMPLE_RATE * CONTROL_HZ))
    cycles = np.arange(points // 2 + 1)
    middle = max(1.0, frames / SAMPLE_RATE / seconds)
    weight = np.exp(-0.5 * (np.log2(np.maximum(cycles, 1) / middle) / 0.6) ** 2)
    weight[0] = 0
    lines = weight * np.exp(2j * np.pi * rng.random((rows, len(cycles))))
    curves = np.fft.irfft(lines, n=points, axis=1)
    curves /= np.sqrt((curves**2).mean(axis=1, keepdims=True)) + 1e-12
    at = np.arange(frames) * (points / frames)
    return np.stack([np.interp(at, np.arange(points), row, period=points) for row in curves])


def swell(frames: int, times: int, rise: float = 0.35) -> Sound:
    """``times`` waves from 0 to 1 and back, rising for a share of each and falling for the rest."""
    phase = np.arange(frames) * (times / frames) % 1.0
    up = 0.5 - 0.5 * np.cos(np.pi * phase / rise)
    down = 0.5 + 0.5 * np.cos(np.pi * (phase - rise) / (1 - rise))
    return np.where(phase < rise, up, down).astype(np.float32)


def gained(sound: Sound, decibels: Sound) -> Sound:
    """The sound under a curve of decibels."""
    return sound * (10 ** (decibels / 20)).astype(np.float32)[:, None]


def drops(
    frames: int,
    per_second: float,
    hz: tuple[float, float],
    tau_ms: tuple[float, float],
    rng: np.random.Generator,
    *,
    glide: float = 0.2,
) -> Sound:
    """Short damped tones at random moments and places, as rain, fire and bubbles make them.

    Pitches lie evenly on a logarithmic scale, ``glide`` is how far each rises while it sounds;
    levels are exponential, so that a few stand out.
    """
    out = np.zeros((frames, 2), np.float32)
    count = round(per_second * frames / SAMPLE_RATE)
    size = max(64, int(6.9 * tau_ms[1] / 1000 * SAMPLE_RATE))
    t = np.arange(size, dtype=np.float32) / SAMPLE_RATE
    for first in range(0, count, 512):
        some = min(512, count - first)
        pitch = np.exp(rng.uniform(np.log(hz[0]), np.log(hz[1]), some))[:, None]
        tau = rng.uniform(*tau_ms, some)[:, None] / 1000
        level = rng.exponential(1.0, some)[:, None]
        angle = rng.uniform(0.1, 0.9, some)[:, None] * np.pi / 2
        phase = 2 * np.pi * pitch * (t + glide * t * t / (2 * size / SAMPLE_RATE))
        grains = (level * np.sin(phase) * np.exp(-t / tau)).astype(np.float32)
        places = (rng.integers(0, frames, some)[:, None] + np.arange(size)) % frames
        np.add.at(out[:, 0], places, grains * np.cos(angle).astype(np.float32))
        np.add.at(out[:, 1], places, grains * np.sin(angle).astype(np.float32))
    return levelled(out)


def laid(sound: Sound, struck: Sound, at: int) -> None:
    """Add what was struck at a frame; what rings past the end lies over the beginning."""
    places = (at + np.arange(len(struck))) % len(sound)
    np.add.at(sound, places, struck)


def levelled(sound: Sound) -> Sound:
    """The sound at an RMS of ``LEVEL``; silence stays silent."""
    power = float(np.sqrt(np.mean(np.square(sound), dtype=np.float64)))
    return sound * np.float32(LEVEL / power) if power > 0 else sound
