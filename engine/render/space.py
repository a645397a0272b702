"""The rooms the music is heard in: impulse responses made of noise that dies away band by band.

A room says nothing above ten kilohertz, so it is made and heard at 24 kHz, for half the work.
"""

from functools import lru_cache

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.render.halves import HALF_RATE
from engine.sound.compiled import compiled
from engine.sound.filters import Band, impulse
from engine.sound.transforms import irfft, rfft

Sound = NDArray[np.floating]


class Space(Struct, frozen=True, kw_only=True):
    """A room. Reverberation times in seconds at 125, 500, 2000 and 8000 Hz.

    ``pre_delay_ms`` is what a player at the front has; who stands further back has less.
    """

    times_s: tuple[float, float, float, float]
    pre_delay_ms: float = 15.0
    early_db: float = -4.0
    early_stretch: float = 1.0
    low_hz: float = 220.0
    high_hz: float = 8000.0
    seed: int = 1


LONGEST_S = 5.6
# First reflections of a small room: milliseconds, decibels, side.
_EARLY = ((7, -6, -0.5), (11, -7, 0.6), (16, -9, -0.3), (21, -10, 0.8), (29, -12, -0.8),
          (37, -14, 0.4))  # fmt: skip
_CENTRES = 62.5 * 2.0 ** np.arange(8)  # 62.5 Hz - 8 kHz
_ASKED_AT = np.log2([125.0, 500, 2000, 8000])


@lru_cache(maxsize=32)
def response(space: Space) -> Sound:
    """The room's answer to a click at `HALF_RATE`, (frames, 2), every channel of energy 1: a send
    of -12 dB gives a room 12 dB under the dry sound."""
    frames = int(min(max(space.times_s) * 1.05, LONGEST_S) * HALF_RATE)
    t = np.arange(frames) / HALF_RATE
    out = np.zeros((2, frames))
    for noise, t60 in zip(_bands(frames, space.seed), _times(space), strict=True):
        out += noise * 10 ** (-3 * t / t60)
    out *= np.minimum(t / 0.012, 1) ** 2
    out /= np.sqrt((out**2).sum(axis=1, keepdims=True))
    out += _early(space, frames)
    close = frames // 6
    out[:, -close:] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(close) / close)
    shaped = _between(out, space)
    return (shaped / np.sqrt((shaped**2).sum(axis=1, keepdims=True))).astype(np.float32).T


def _bands(frames: int, seed: int) -> list[Sound]:
    """Noise in octaves that add up to white, each (2, frames)."""
    size = 1 << frames.bit_length()
    f = np.fft.rfftfreq(size, 1 / HALF_RATE)
    spectra = rfft(np.random.default_rng(seed).standard_normal((2, size)))
    common = _common(f)
    spectra[1] = spectra[0] * np.sqrt(common) + spectra[1] * np.sqrt(1 - common)
    # Where an octave ends the next begins within a quarter of one: a slow neighbour stays outside.
    place = np.log2(np.maximum(f, 1) / _CENTRES[0])
    reached = [np.clip((place - edge) / 0.25 + 0.5, 0, 1) for edge in np.arange(7) + 0.5]
    rising = [np.ones(len(f)), *(np.sin(np.pi / 2 * one) for one in reached)]
    falling = [*(np.cos(np.pi / 2 * one) for one in reached), np.ones(len(f))]
    return [
        _even(irfft(spectra * up * down, n=size)[:, :frames])
        for up, down in zip(rising, falling, strict=True)
    ]


def _even(noise: Sound) -> Sound:
    """Noise without its chance swells, or a short room would ring by luck: of equal power in every
    45 ms."""
    width = int(0.045 * HALF_RATE)
    around = np.pad((noise**2).mean(axis=0), (width // 2, width - width // 2), mode="reflect")
    sums = np.cumsum(around)
    local = (sums[width:] - sums[:-width])[: noise.shape[1]] / width
    return noise * np.sqrt(local.mean() / np.maximum(local, 1e-3 * local.mean()))


def _common(f: Sound) -> Sound:
    """What both sides share, by hertz: a wide bass falls apart in mono."""
    return 1 / (1 + (f / 225) ** 10)


def _times(space: Space) -> NDArray[np.floating]:
    return np.interp(np.log2(_CENTRES), _ASKED_AT, space.times_s)


def _early(space: Space, frames: int) -> NDArray[np.floating]:
    """First reflections, each duller than the last; it reaches the far ear a little later."""
    out = np.zeros((2, frames))
    scale = 10 ** (space.early_db / 20) * 0.7
    for ms, level, pan in _EARLY:
        reached = ms * space.early_stretch
        width = max(1.0, HALF_RATE / (1000 * 2 ** (3 - reached / 12) * 6.28))
        click = np.exp(-np.arange(int(8 * width)) / width)
        click *= scale * 10 ** (level / 20) / np.sqrt((click**2).sum())
        angle = (pan + 1) * np.pi / 4
        for side, gain in enumerate((np.cos(angle), np.sin(angle))):
            far = 0.6 * max(pan if side == 0 else -pan, 0)
            at = int((reached + far) * HALF_RATE / 1000)
            piece = click[: max(frames - at, 0)]
            out[side, at : at + len(piece)] += gain * piece
    return out


def _between(sound: Sound, space: Space) -> Sound:
    """Between the room's lowest and highest frequency; (2, frames)."""
    bands = (Band("high_pass", space.low_hz), Band("low_pass", space.high_hz))
    size = 1 << (sound.shape[1] + 4096).bit_length()
    # The lower half of the bins at 48 kHz are the bins at 24.
    edges = rfft(impulse(bands, 4096), n=2 * size)[: size // 2 + 1]
    left, right = rfft(sound, n=size) * edges
    middle, side = (left + right) / 2, (left - right) / 2
    side *= 1 - _common(np.fft.rfftfreq(size, 1 / HALF_RATE))
    both = np.stack([middle + side, middle - side])
    return irfft(both, n=size)[:, : sound.shape[1]]


@lru_cache(maxsize=32)
def spectra(space: Space, size: int) -> NDArray[np.complex64]:
    """The room's spectra, (2, bins) complex64."""
    return rfft(response(space).T, n=size).astype(np.complex64)


_AT_ONCE = 4  # blocks


def reverberated(send: Sound, space: Space, frames: int) -> Sound:
    """The first ``frames`` of what a room makes of a send at `HALF_RATE`, without the send itself:
    (2, frames)."""
    taps = len(response(space))
    size = _transform(len(send), taps)
    room, hop = spectra(space, size), size - taps
    out = np.zeros((2, frames), np.float32)
    playing = [at for at in range(0, min(len(send), frames), hop) if send[at : at + hop].any()]
    for first in range(0, len(playing), _AT_ONCE):
        some = playing[first : first + _AT_ONCE]
        pieces = np.zeros((len(some), 1, hop), np.float32)
        for piece, at in zip(pieces, some, strict=True):
            told = send[at : at + hop]
            piece[0, : len(told)] = told
        waves = irfft(rfft(pieces, n=size) * room, n=size, overwrite_x=True)
        for wave, at in zip(waves, some, strict=True):
            target = out[:, at : at + size]
            target += wave[:, : target.shape[1]]
    return out


def _transform(frames: int, taps: int) -> int:
    """The size of one block's transform that makes the whole cheapest."""
    sizes = [1 << power for power in range(12, 21)]
    sizes = [size for size in sizes if size >= 1.3 * taps] or [1 << 21]
    return min(sizes, key=lambda size: -(-frames // (size - taps)) * size * (20 + np.log2(size)))


def last_echo(frames_apart: int, feedback: float) -> int:
    """After how many frames the last repeat begins, the one at -40 dB."""
    return frames_apart * int(np.ceil(40 / (-20 * np.log10(feedback))))


def add_echoes(
    out: Sound, sound: Sound, frames_apart: int, feedback: float, level_db: float
) -> None:
    """Add ping-pong repeats of a mono ``sound`` to ``out`` (2, frames), dying to -40 dB; what comes
    behind its end is dropped."""
    after = np.arange(frames_apart, last_echo(frames_apart, feedback) + 1, frames_apart)
    near = 10 ** (level_db / 20) * feedback ** np.arange(len(after))
    gains = np.stack([near, 0.25 * near]).astype(np.float32)
    # The first repeat stands on the right, the second on the left.
    gains[:, 0::2] = gains[::-1, 0::2]
    _add_repeats(sound, after, gains, out)


_STRETCH = 1 << 13


@compiled("const float32[:]", "const int64[:]", "const float32[:, :]", "float32[:, :]")
def _add_repeats(sound, after, gains, out):
    frames = out.shape[1]
    for first in range(0, frames, _STRETCH):
        for number in range(len(after)):
            start = max(first, after[number])
            end = min(first + _STRETCH, frames, len(sound) + after[number])
            if start >= end:
                continue
            piece = sound[start - after[number] : end - after[number]]
            for side in range(2):
                level, target = gains[side, number], out[side, start:end]
                for at in range(len(piece)):
                    target[at] += level * piece[at]
