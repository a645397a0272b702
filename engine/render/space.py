"""The rooms the music is heard in: impulse responses made of noise that dies away band by band."""

from functools import lru_cache

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.sound.filters import SAMPLE_RATE, Band, blank, convolve, impulse

Sound = NDArray[np.floating]


class Space(Struct, frozen=True, kw_only=True):
    """A room. Reverberation times in seconds at 125, 500, 2000 and 8000 Hz."""

    times_s: tuple[float, float, float, float]
    pre_delay_ms: float = 15.0
    early_db: float = -4.0
    early_stretch: float = 1.0
    low_hz: float = 220.0
    high_hz: float = 8000.0
    seed: int = 1


_EARLY = ((7, -6, -0.5), (11, -7, 0.6), (16, -9, -0.3), (21, -10, 0.8), (29, -12, -0.8),
          (37, -14, 0.4))  # fmt: skip
_OCTAVES = np.array([125.0, 250, 500, 1000, 2000, 4000, 8000, 16000])


@lru_cache(maxsize=32)
def response(space: Space) -> Sound:
    """The room's answer to a click, (frames, 2), every channel of energy 1: a send of -12 dB gives
    a room 12 dB under the dry sound."""
    longest = max(space.times_s)
    frames = int(min(longest * 1.05, 5.6) * SAMPLE_RATE)
    size = 1 << frames.bit_length()
    rng = np.random.default_rng(space.seed)
    t = np.arange(frames) / SAMPLE_RATE
    pre = int(space.pre_delay_ms * SAMPLE_RATE / 1000)
    f = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    white = rng.standard_normal((2, size)).astype(np.float32)
    spectra = np.fft.rfft(white, axis=1)
    # One noise for both sides in the bass: a wide bass falls apart in mono.
    common = 1 / (1 + (f / 160) ** 4)
    spectra[1] = spectra[0] * np.sqrt(common) + spectra[1] * np.sqrt(1 - common)
    out = np.zeros((pre + frames, 2))
    for octave, t60 in zip(_OCTAVES, _times(space), strict=True):
        mask = np.exp(-0.5 * (np.log2(np.maximum(f, 1) / octave) / 0.42) ** 2)
        noise = np.fft.irfft(spectra * mask, n=size, axis=1)[:, :frames].T
        out[pre:] += noise * (10 ** (-3 * t / t60))[:, None]
    out[pre:] *= np.minimum(t / 0.012, 1)[:, None] ** 2
    out /= np.sqrt((out**2).sum(axis=0))
    out += _early(space, len(out))
    close = frames // 6
    out[-close:] *= (0.5 + 0.5 * np.cos(np.pi * np.arange(close) / close))[:, None]
    edges = impulse(
        (
            Band("high_pass", space.low_hz),
            Band("low_pass", space.high_hz),
        ),
        4096,
    )
    shaped = convolve(out.astype(np.float32), edges)
    return (shaped / np.sqrt((shaped**2).sum(axis=0))).astype(np.float32)


def _times(space: Space) -> NDArray[np.floating]:
    # Neighbouring bands overlap and the slower one is heard, so the top is asked for a tenth less.
    asked = np.interp(np.log2(_OCTAVES), np.log2([125.0, 500, 2000, 8000]), space.times_s)
    asked[-3:] *= 0.9
    asked[-1] *= 0.7
    return asked


def _early(space: Space, frames: int) -> NDArray[np.floating]:
    """First reflections, each duller than the last."""
    out = np.zeros((frames, 2))
    scale = 10 ** (space.early_db / 20) * 0.7
    for ms, level, pan in _EARLY:
        at = int((space.pre_delay_ms * 0.5 + ms * space.early_stretch) * SAMPLE_RATE / 1000)
        width = max(2, int(SAMPLE_RATE / (1000 * 2 ** (3 - ms * space.early_stretch / 12) * 6.28)))
        click = np.exp(-np.arange(8 * width) / width)
        click *= scale * 10 ** (level / 20) / np.sqrt((click**2).sum())
        stop = min(frames, at + len(click))
        if stop <= at:
            continue
        angle = (pan + 1) * np.pi / 4
        out[at:stop, 0] += click[: stop - at] * np.cos(angle)
        out[at:stop, 1] -= click[: stop - at] * np.sin(angle)
    return out


@lru_cache(maxsize=1)
def _echo_colour() -> Sound:
    return impulse((Band("high_pass", 350), Band("low_pass", 3500)), 2048)


def echoes(
    sound: Sound, frames_apart: int, feedback: float, level_db: float, *, circular: bool
) -> Sound:
    """Ping-pong repeats of a mono ``sound``, stereo, dying to -40 dB; without the sound itself."""
    dark = convolve(sound, _echo_colour(), circular=circular)
    out = blank(len(sound))
    level = 10 ** (level_db / 20)
    repeats = int(np.ceil(40 / (-20 * np.log10(feedback))))
    for number in range(1, repeats + 1):
        shift = frames_apart * number
        gain = np.float32(level * feedback ** (number - 1))
        side = number % 2
        if circular:
            out[:, side] += gain * np.roll(dark, shift % len(sound))
            out[:, 1 - side] += 0.25 * gain * np.roll(dark, shift % len(sound))
        elif shift < len(sound):
            out[shift:, side] += gain * dark[:-shift]
            out[shift:, 1 - side] += 0.25 * gain * dark[:-shift]
    return out
