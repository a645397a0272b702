"""Linear filters as impulse responses, and the block convolution that applies them."""

from functools import lru_cache
from typing import Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

SAMPLE_RATE = 48_000
TAPS = 8192
Sound = NDArray[np.floating]


class Band(Struct, frozen=True, array_like=True):
    """One section of an equaliser: kind, hertz, decibels (peaks and shelves), q."""

    kind: Literal["high_pass", "low_pass", "peak", "high_shelf", "low_shelf"]
    hertz: float
    decibels: float = 0.0
    q: float = 0.707


@lru_cache(maxsize=256)
def impulse(bands: tuple[Band, ...], taps: int = TAPS) -> Sound:
    """The causal response of the bands in series; nothing rings before its cause."""
    size = taps * 4
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    response = np.ones(len(z), complex)
    for band in bands:
        response *= _section(band, z)
    whole = np.fft.irfft(response, n=size)
    fade = np.ones(taps)
    fade[-taps // 8 :] = 0.5 + 0.5 * np.cos(np.pi * np.arange(taps // 8) / (taps // 8))
    return (whole[:taps] * fade).astype(np.float32)


def _section(band: Band, z: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """One second-order section after the well-known bilinear recipes."""
    w = 2 * np.pi * min(band.hertz, 0.45 * SAMPLE_RATE) / SAMPLE_RATE
    cos, alpha = np.cos(w), np.sin(w) / (2 * band.q)
    a = 10 ** (band.decibels / 40)
    root = 2 * np.sqrt(a) * alpha
    match band.kind:
        case "high_pass":
            b0, b1, b2 = (1 + cos) / 2, -(1 + cos), (1 + cos) / 2
            a0, a1, a2 = 1 + alpha, -2 * cos, 1 - alpha
        case "low_pass":
            b0, b1, b2 = (1 - cos) / 2, 1 - cos, (1 - cos) / 2
            a0, a1, a2 = 1 + alpha, -2 * cos, 1 - alpha
        case "peak":
            b0, b1, b2 = 1 + alpha * a, -2 * cos, 1 - alpha * a
            a0, a1, a2 = 1 + alpha / a, -2 * cos, 1 - alpha / a
        case "high_shelf":
            b0 = a * ((a + 1) + (a - 1) * cos + root)
            b1 = -2 * a * ((a - 1) + (a + 1) * cos)
            b2 = a * ((a + 1) + (a - 1) * cos - root)
            a0 = (a + 1) - (a - 1) * cos + root
            a1 = 2 * ((a - 1) - (a + 1) * cos)
            a2 = (a + 1) - (a - 1) * cos - root
        case "low_shelf":
            b0 = a * ((a + 1) - (a - 1) * cos + root)
            b1 = 2 * a * ((a - 1) - (a + 1) * cos)
            b2 = a * ((a + 1) - (a - 1) * cos - root)
            a0 = (a + 1) + (a - 1) * cos + root
            a1 = -2 * ((a - 1) + (a + 1) * cos)
            a2 = (a + 1) + (a - 1) * cos - root
    return (b0 + b1 * z + b2 * z * z) / (a0 + a1 * z + a2 * z * z)


def convolve(
    sound: Sound, response: Sound, *, circular: bool = False, into: Sound | None = None
) -> Sound:
    """``sound`` (frames,) or (frames, 2) through ``response``: (taps,) or (taps, 2).

    The result is as long as the sound; it may be written ``into`` the sound itself. What rings
    beyond its end is dropped, or, ``circular``, laid over the beginning, as it is when the sound
    is played round and round.
    """
    frames, taps = len(sound), len(response)
    sources, answers = np.atleast_2d(sound.T), np.atleast_2d(response.T)
    size = _transform(frames, taps)
    hop = size - taps
    spectra = np.fft.rfft(answers, n=size, axis=1).astype(np.complex64)
    width = max(len(sources), len(answers))
    out = np.empty((width, frames), np.float32) if into is None else np.atleast_2d(into.T)
    ringing = np.zeros((width, taps), np.float32)
    for at in range(0, frames, hop):
        piece = np.ascontiguousarray(sources[:, at : at + hop], np.float32)
        length = piece.shape[1]
        if piece.any():
            wave = np.fft.irfft(np.fft.rfft(piece, n=size, axis=1) * spectra, n=size, axis=1)
            wave[:, :taps] += ringing
        elif ringing.any():
            wave = np.zeros((width, size), np.float32)
            wave[:, :taps] = ringing
        else:
            out[:, at : at + length] = 0
            continue
        out[:, at : at + length] = wave[:, :length]
        ringing = wave[:, length : length + taps].copy()
    if circular:
        for at in range(0, taps, frames):
            lap = ringing[:, at : at + frames]
            out[:, : lap.shape[1]] += lap
    if into is not None:
        return into
    return out[0] if sound.ndim == 1 and width == 1 else out.T


def _transform(frames: int, taps: int) -> int:
    """The length of one block's transform: four responses long is cheapest, shorter for notes."""
    least = 1 << max(taps + 1, 4096).bit_length()
    while least < min(4 * taps, frames + taps, 1 << 19):
        least *= 2
    return least


def fold(sound: Sound, frames: int) -> Sound:
    """The first ``frames`` with everything after them laid over the beginning, lap by lap."""
    out = sound[:frames].copy(order="K")
    for start in range(frames, len(sound), frames):
        lap = sound[start : start + frames]
        out[: len(lap)] += lap
    return out


def blank(frames: int, channels: int = 2) -> Sound:
    """Silence, (frames, channels). Every channel lies in one piece, which is what is added up."""
    return np.zeros((channels, frames), np.float32).T


def middle(sound: Sound) -> Sound:
    """Both channels as one, (frames,): several times faster than a mean over an axis of two."""
    if sound.ndim == 1:
        return sound
    if sound.shape[1] == 1:
        return sound[:, 0]
    return (sound[:, 0] + sound[:, 1]) * np.float32(0.5)


def beside(left: Sound, right: Sound) -> Sound:
    """Two channels as (frames, 2), each in one piece."""
    return np.stack([left, right]).astype(np.float32, copy=False).T
