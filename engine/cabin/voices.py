"""One note, one breath of noise, one small room: the cabin's own instrument, at any rate.

Everything is drawn at the rate of the delivery, so that nothing is resampled: a file begins and
ends on an exact zero and is as long as was asked to the frame.
"""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.cabin.character import Table

Sound = NDArray[np.floating]
CUT_MS = 12.0
BRIGHT_HZ, HIGHEST_HZ = 3_800.0, 7_000.0
BRIGHT_DB = -10.0
"""Glitter above 4 kHz is disliked, and older ears lose it first."""
_GLIDE_S = 0.08 / 3


class Tone(Struct, frozen=True, kw_only=True):
    """How a note sounds: partials, envelope in ms, and what bends it."""

    table: Table
    attack_ms: float
    decay_ms: float
    hold_ms: float = 0.0
    drift_cents: float = 0.0
    glide_cents: float = 0.0
    modulation: float = 0.0
    band_hz: tuple[float, float] | None = None


def hertz(midi: float) -> float:
    return 440.0 * 2 ** ((midi - 69) / 12)


def note(tone: Tone, midi: float, velocity: float, frames: int, rate: int) -> Sound:
    """One note of exactly ``frames`` frames, (frames,): a raised cosine in, a hold, a decay by
    60 dB in ``decay_ms`` times the partial's own, a cosine of 12 ms out."""
    t = np.arange(frames) / rate
    pitch = hertz(midi + tone.drift_cents / 100)
    bend = 2 ** (-tone.glide_cents / 1200) - 1
    turns = 2 * np.pi * pitch * (t + bend * _GLIDE_S * (1 - np.exp(-t / _GLIDE_S)))
    falling = np.maximum(t - (tone.attack_ms + tone.hold_ms) / 1000, 0.0)
    out = np.zeros(frames)
    table = tone.table
    for q, (ratio, decibels, fade) in enumerate(
        zip(table.ratios, table.decibels, table.fades, strict=True)
    ):
        level = _level(pitch * ratio, decibels - 6 * q * (1 - velocity), tone.band_hz, rate)
        if level is None:
            continue
        phase = ratio * turns + 0.9 * q * q  # a sum without a peak, and even to both sides
        if q == 0 and tone.modulation:
            phase = phase + tone.modulation * np.exp(-t / 0.15) * np.sin(2 * turns)
        fall = np.exp(-6.908 * falling / (tone.decay_ms / 1000 * fade))
        out += level * fall * np.sin(phase)
    out *= velocity
    rise = min(frames, max(2, round(tone.attack_ms * rate / 1000)))
    out[:rise] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(rise) / rise)
    return closed(out, rate)


def _level(
    frequency: float, decibels: float, band_hz: tuple[float, float] | None, rate: int
) -> float | None:
    """The gain of a partial; None where it has no place."""
    if frequency > min(HIGHEST_HZ, 0.45 * rate):
        return None
    if band_hz is not None and not band_hz[0] * 1.01 <= frequency <= band_hz[1] / 1.01:
        return None
    if frequency > BRIGHT_HZ:
        decibels += BRIGHT_DB
    return 10 ** (decibels / 20)


def closed(sound: Sound, rate: int, cut_ms: float = CUT_MS) -> Sound:
    """The sound with its last 12 ms on half a cosine; the last frame is zero itself."""
    cut = min(len(sound), round(cut_ms * rate / 1000))
    sound[-cut:] *= 0.5 + 0.5 * np.cos(np.pi * (np.arange(cut) + 1) / cut)
    sound[-1] = 0.0
    return sound


def breath(
    frames: int,
    rate: int,
    band_hz: tuple[float, float],
    length_ms: float,
    dice: np.random.Generator,
    *,
    swell: bool = False,
    edges: tuple[float, float] | None = None,
) -> Sound:
    """Noise in a band, its peak at 1: 4 ms in and half a Hann out, or a whole one as a swell.

    Nothing of it lies outside ``edges``.
    """
    length = min(frames, max(8, round(length_ms * rate / 1000)))
    size = 1 << (length - 1).bit_length()
    f = np.maximum(np.fft.rfftfreq(size, 1 / rate), 1e-3)
    low, high = band_hz
    shape = 1 / np.sqrt((1 + (low / f) ** 8) * (1 + (f / high) ** 8))
    if edges is not None:
        shape = shape * ((f >= edges[0] * 1.1) & (f <= edges[1] / 1.1))
    spectrum = np.fft.rfft(dice.standard_normal(size)) * shape
    wave = np.fft.irfft(spectrum, n=size)[:length]
    at = np.arange(length) / length
    if swell:
        wave *= 0.5 - 0.5 * np.cos(2 * np.pi * at)
    else:
        rise = min(length, max(2, round(0.004 * rate)))
        wave *= 0.5 + 0.5 * np.cos(np.pi * at)
        wave[:rise] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(rise) / rise)
    loudest = np.abs(wave).max(initial=0.0)
    out = np.zeros(frames)
    if loudest > 0:
        out[:length] = wave / loudest
    return out


def room(seconds: float, rate: int, seed: int, band_hz: tuple[float, float] | None = None) -> Sound:
    """The small room of a family as an impulse response without its direct sound; what lies in its
    band comes back as loud as it went in."""
    frames = round((seconds + 0.02) * rate)
    dice = np.random.default_rng([seed, 603])
    wave = dice.standard_normal(frames)
    early = round(0.006 * rate)
    wave[:early] = 0.0
    wave *= np.exp(-6.908 * np.arange(frames) / (seconds * rate))
    size = 1 << (2 * frames - 1).bit_length()
    f = np.maximum(np.fft.rfftfreq(size, 1 / rate), 1e-3)
    shape = 1 / np.sqrt((1 + (250 / f) ** 4) * (1 + (f / 3_500) ** 4))
    if band_hz is not None:
        shape = shape / np.sqrt((1 + (band_hz[0] / f) ** 8) * (1 + (f / band_hz[1]) ** 8))
    wave = np.fft.irfft(np.fft.rfft(wave, n=size) * shape, n=size)[:frames]
    answer = np.abs(np.fft.rfft(wave, n=size)) ** 2
    return wave / np.sqrt(answer[shape > 0.7].mean())


def in_room(sound: Sound, answer: Sound, decibels: float) -> Sound:
    """The sound with its room behind it, no longer than it was."""
    size = 1 << (len(sound) + len(answer) - 1).bit_length()
    wet = np.fft.irfft(np.fft.rfft(sound, n=size) * np.fft.rfft(answer, n=size), n=size)
    return sound + 10 ** (decibels / 20) * wet[: len(sound)]


def grains(sound: Sound, rate: int, gain: float, dice: np.random.Generator) -> Sound:
    """The sound with pieces of itself scattered behind it: Hann windows of 120 ms, each softer."""
    length = round(0.12 * rate)
    out = sound.copy()
    if gain <= 0 or len(sound) < 3 * length:
        return out
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    for at in range(length, len(sound) - length, length // 2):
        source = max(0, at - int(dice.integers(length // 2, 2 * length)))
        out[at : at + length] += gain * window * sound[source : source + length]
    return out
