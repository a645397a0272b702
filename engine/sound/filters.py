"""Linear filters as impulse responses, and the block convolution that applies them."""

from functools import lru_cache
from typing import Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.sound.compiled import compiled
from engine.sound.transforms import irfft, rfft

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
    whole = irfft(bins_of(bands, size), n=size)
    fade = np.ones(taps)
    fade[-taps // 8 :] = 0.5 + 0.5 * np.cos(np.pi * np.arange(taps // 8) / (taps // 8))
    return (whole[:taps] * fade).astype(np.float32)


def bins_of(bands: tuple[Band, ...], size: int) -> NDArray[np.complex128]:
    """What the bands in series do to every bin of ``size``."""
    sections = np.array([coefficients(band) for band in bands]).reshape(len(bands), 6)
    out = np.ones(size // 2 + 1, complex)
    _in_series(sections, _delays(size), out)
    return out


@lru_cache(maxsize=8)
def _delays(size: int) -> NDArray[np.complex128]:
    """A frame's delay by the bins of ``size``."""
    return np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)


@compiled("const float64[:, :]", "const complex128[:]", "complex128[:]")
def _in_series(sections, delays, out):
    for section in range(len(sections)):
        b0, b1, b2 = sections[section, 0], sections[section, 1], sections[section, 2]
        a0, a1, a2 = sections[section, 3], sections[section, 4], sections[section, 5]
        for at in range(len(out)):
            z = delays[at]
            z2 = z * z
            above = b0 + b1 * z + b2 * z2
            below = a0 + a1 * z + a2 * z2
            # One over a complex number, written out: numba's own division minds every infinity.
            over = 1.0 / (below.real * below.real + below.imag * below.imag)
            out[at] *= above * (below.conjugate() * over)


def coefficients(band: Band) -> tuple[float, float, float, float, float, float]:
    """One second-order section after the well-known bilinear recipes: b0-b2, a0-a2."""
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
    return b0, b1, b2, a0, a1, a2


_AT_ONCE = 4  # blocks: so many rows the transform takes side by side


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
    spectra = rfft(answers, n=size).astype(np.complex64)
    width = max(len(sources), len(answers))
    out = np.empty((width, frames), np.float32) if into is None else np.atleast_2d(into.T)
    ringing = np.zeros((width, taps), np.float32)
    for first in range(0, frames, _AT_ONCE * hop):
        waves = _filtered(sources[:, first : first + _AT_ONCE * hop], spectra, hop, size)
        for at, wave in zip(range(first, frames, hop), waves, strict=False):
            length = min(hop, frames - at)
            wave[:, :taps] += ringing
            out[:, at : at + length] = wave[:, :length]
            ringing = wave[:, length : length + taps].copy()
    if circular:
        for at in range(0, taps, frames):
            lap = ringing[:, at : at + frames]
            out[:, : lap.shape[1]] += lap
    if into is not None:
        return into
    return out[0] if sound.ndim == 1 and width == 1 else out.T


def _filtered(
    sources: Sound, spectra: NDArray[np.complex64], hop: int, size: int
) -> NDArray[np.float32]:
    """Blocks of ``hop`` frames of (channels, frames) through a filter: (blocks, width, size)."""
    channels, frames = sources.shape
    blocks = -(-frames // hop)
    pieces = np.zeros((blocks, channels, hop), np.float32)
    for number in range(blocks):
        piece = sources[:, number * hop : (number + 1) * hop]
        pieces[number, :, : piece.shape[1]] = piece
    playing = pieces.any(axis=(1, 2))
    if playing.all():
        bins = rfft(pieces, n=size)
        if len(spectra) > channels:
            return irfft(bins * spectra, n=size, overwrite_x=True)
        bins *= spectra
        return irfft(bins, n=size, overwrite_x=True)
    waves = np.zeros((blocks, max(channels, len(spectra)), size), np.float32)
    if playing.any():
        waves[playing] = irfft(rfft(pieces[playing], n=size) * spectra, n=size)
    return waves


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
    both = sound[:, 0] + sound[:, 1]
    both *= both.dtype.type(0.5)
    return both


def beside(left: Sound, right: Sound) -> Sound:
    """Two channels as (frames, 2), each in one piece."""
    return np.stack([left, right]).astype(np.float32, copy=False).T
