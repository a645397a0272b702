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


def convolve(sound: Sound, response: Sound, *, circular: bool = False) -> Sound:
    """``sound`` (frames,) or (frames, 2) through ``response``: (taps,) or (taps, 2).

    The result is as long as the sound. What rings beyond its end is dropped, or, ``circular``,
    laid over the beginning, as it is when the sound is played round and round.
    """
    frames, taps = len(sound), len(response)
    hop = max(1 << (taps - 1).bit_length(), 8192)
    blocks = -(-frames // hop)
    answers = [response] if response.ndim == 1 else [response[:, 0], response[:, 1]]
    spectra = [np.fft.rfft(one, n=2 * hop).astype(np.complex64) for one in answers]
    sources = [sound] if sound.ndim == 1 else [sound[:, 0], sound[:, 1]]
    width = max(len(sources), len(answers))
    out = np.zeros((blocks + 1, hop, width), np.float32)
    for at in range(blocks):
        pieces = [np.ascontiguousarray(one[at * hop : (at + 1) * hop]) for one in sources]
        if not any(piece.any() for piece in pieces):
            continue
        heard = [np.fft.rfft(piece, n=2 * hop) for piece in pieces]
        for side in range(width):
            product = heard[side % len(heard)] * spectra[side % len(spectra)]
            wave = np.fft.irfft(product, n=2 * hop)
            out[at, :, side] += wave[:hop]
            out[at + 1, :, side] += wave[hop:]
    flat = out.reshape(-1, width)
    whole = flat[:frames]
    if circular:
        whole = fold(flat[: frames + taps], frames)
    return whole if width > 1 or sound.ndim == 2 else np.ascontiguousarray(whole[:, 0])


def fold(sound: Sound, frames: int) -> Sound:
    """The first ``frames`` with everything after them laid over the beginning, lap by lap."""
    out = sound[:frames].copy()
    for start in range(frames, len(sound), frames):
        lap = sound[start : start + frames]
        out[: len(lap)] += lap
    return out
