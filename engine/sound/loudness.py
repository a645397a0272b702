"""Loudness as ITU-R BS.1770 hears it, and true peak, both through libebur128."""

from functools import lru_cache

import numpy as np
import pyebur128
from numpy.typing import NDArray

SAMPLE_RATE = 48_000
SHORT_S = 3.0  # below this the integrated value says little: the loudest 400 ms count
_Mode = pyebur128.MeasurementMode
Sound = NDArray[np.floating]


def integrated_lufs(sound: Sound, sample_rate: int = SAMPLE_RATE) -> float:
    """Gated loudness of (frames, channels); minus infinity for silence and for under 400 ms."""
    return float(pyebur128.get_loudness_global(_state(sound, sample_rate, _Mode.MODE_I)))


def programme_lufs(sound: Sound, sample_rate: int = SAMPLE_RATE) -> float:
    """Integrated loudness, or, for sounds under three seconds, that of their loudest 400 ms."""
    if len(sound) >= SHORT_S * sample_rate:
        return integrated_lufs(sound, sample_rate)
    state = pyebur128.R128State(sound.shape[1], sample_rate, _Mode.MODE_M)
    step = sample_rate // 100
    padded = np.concatenate([sound, np.zeros((step * 10, sound.shape[1]))]).astype(np.float32)
    loudest = -np.inf
    for start in range(0, len(padded), step):
        piece = np.ascontiguousarray(padded[start : start + step])
        state.add_frames(piece.ravel(), len(piece))
        loudest = max(loudest, float(pyebur128.get_loudness_momentary(state)))
    return loudest


def true_peak(sound: Sound, sample_rate: int = SAMPLE_RATE) -> float:
    """The highest point between the samples too, 1.0 = 0 dBTP."""
    state = _state(sound, sample_rate, _Mode.MODE_TRUE_PEAK)
    return max(float(pyebur128.get_true_peak(state, side)) for side in range(sound.shape[1]))


def true_peak_dbtp(sound: Sound, sample_rate: int = SAMPLE_RATE) -> float:
    """`true_peak` in decibels; -120 for silence."""
    return float(20 * np.log10(max(true_peak(sound, sample_rate), 1e-6)))


def loudness_range_lu(sound: Sound, sample_rate: int = SAMPLE_RATE) -> float:
    """EBU 3342 loudness range."""
    return float(pyebur128.get_loudness_range(_state(sound, sample_rate, _Mode.MODE_LRA)))


def _state(sound: Sound, sample_rate: int, mode: int) -> pyebur128.R128State:
    state = pyebur128.R128State(sound.shape[1], sample_rate, mode)
    state.add_frames(np.ascontiguousarray(sound, np.float32).ravel(), len(sound))
    return state


@lru_cache(maxsize=16)
def _k_weight(size: int) -> Sound:
    """Magnitude of the K-weighting filter at 48 kHz on the bins of ``size``."""
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (
        1 - 1.69065929318241 * z + 0.73248077421585 * z**2
    )
    high = (1 - 2 * z + z**2) / (1 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    return np.abs(shelf * high).astype(np.float32)


def momentary_lufs(sound: Sound) -> float:
    """The loudest 400 ms of one note at 48 kHz, by one transform; within 0.2 LU of libebur128.

    A mono note counts as it plays on both loudspeakers. Sounds shorter than 400 ms are measured
    over 400 ms of sound and silence.
    """
    both = sound[:, None] if sound.ndim == 1 else sound
    size = 1 << (len(both) + 2400).bit_length()
    spectrum = np.fft.rfft(both, n=size, axis=0)
    heard = np.fft.irfft(spectrum * _k_weight(size)[:, None], n=size, axis=0)[: len(both)]
    power = (heard**2).sum(axis=1) * (2.0 if sound.ndim == 1 else 1.0)
    window = int(0.4 * SAMPLE_RATE)
    if len(power) < window:
        power = np.pad(power, (0, window - len(power)))
    total = np.concatenate([[0.0], np.cumsum(power, dtype=np.float64)])
    loudest = (total[window:] - total[:-window]).max() / window
    return float(-0.691 + 10 * np.log10(max(loudest, 1e-12)))
