"""What a voice sounds like apart from its notes: how families are told from one another (§6.7)."""

import numpy as np
from numpy.typing import NDArray

from engine.cabin.voices import Tone, hertz, note

_E5, _NOTE_MS, _BANDS, _FLOOR_DB = 76, 250, 30, -50.0
_RATE = 48_000


def profile(tone: Tone) -> NDArray[np.floating]:
    """The timbre of a voice: one note E5 of 250 ms in sixth-octaves from below its pitch on."""
    pitch = hertz(_E5)
    sound = note(tone, _E5, 0.85, round(_NOTE_MS * _RATE / 1000), _RATE)
    size = 1 << 16
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), n=size)) ** 2
    f = np.fft.rfftfreq(size, 1 / _RATE)
    edges = pitch / np.sqrt(2) * 2 ** (np.arange(_BANDS + 1) / 6)
    total = np.concatenate([[0.0], np.cumsum(power)])
    at = np.searchsorted(f, edges)
    levels = 10 * np.log10(total[at[1:]] - total[at[:-1]] + 1e-12)
    levels = np.maximum(levels - levels.max(), _FLOOR_DB)
    return levels - levels.mean()


def unlike(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """The cosine distance of two profiles."""
    size = np.sqrt(float(one @ one) * float(other @ other))
    return float(1 - (one @ other) / size) if size > 0 else 0.0
