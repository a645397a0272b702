"""The second hearing: measurements of a finished master, by one who has not seen the score.

All values are plain numbers, so that they can be stored beside the candidate as they are.
"""

import numpy as np
from numpy.typing import NDArray

from engine.sound.downmix import mono
from engine.sound.filters import beside
from engine.sound.loudness import (
    integrated_lufs,
    programme_and_range,
    programme_lufs,
    true_peak_dbtp,
)

Sound = NDArray[np.floating]
AUDIBLE = 10 ** (-60 / 20)
NOTHING_DB = -120.0


def hear(audio: Sound, sample_rate: int, loop: bool = False) -> dict[str, float]:
    """Measure a master of (frames, channels); a loop also at the joint of its ends.

    ``lufs`` is integrated; for less than three seconds that of the loudest 400 ms. ``seam_db`` is
    the step at the joint against the liveliest thousandth of the loop itself: above 0 the joint
    would be the roughest spot. ``dc`` is the larger offset of the channels.
    """
    if audio.ndim == 1:
        audio = audio[:, None]
    audio = np.asarray(audio, np.float32)
    level = np.abs(audio[:, 0])
    for channel in audio.T[1:]:
        np.maximum(level, np.abs(channel), out=level)
    together = mono(audio)
    lufs, spread = _loudness(audio, sample_rate)
    heard: dict[str, float] = {
        "sample_rate": sample_rate,
        "channels": audio.shape[1],
        "frames": len(audio),
        "lufs": lufs,
        "true_peak_dbtp": true_peak_dbtp(audio, sample_rate),
        "sample_peak_dbfs": _decibels(float(level.max(initial=0.0))),
        "dc": max(abs(float(channel.mean(dtype=np.float64))) for channel in audio.T),
        "clipped": _clipped(audio),
        "head_ms": _head_ms(level, sample_rate, loop=loop),
        "tail_db": _tail_db(audio, sample_rate),
        "longest_silence_s": _longest_silence_s(level, sample_rate),
        "correlation": _correlation(audio),
        "balance_db": _balance_db(audio),
        "crest_db": _crest_db(audio, level),
        "air_db": _share_db(together, sample_rate, 10_000, 20_000),
        "sub_db": _share_db(together, sample_rate, 0, 25),
    }
    if spread is not None:
        heard["loudness_range_lu"] = spread
    if audio.shape[1] > 1:
        both = beside(together, together)
        heard["mono_loss_lu"] = lufs - _finite(programme_lufs(both, sample_rate))
    if loop:
        heard |= _joint(audio, sample_rate)
    return {name: round(float(value), 6) for name, value in heard.items()}


def _loudness(audio: Sound, sample_rate: int) -> tuple[float, float | None]:
    """Loudness, and from three seconds on its range."""
    if len(audio) < 3 * sample_rate:
        return _finite(programme_lufs(audio, sample_rate)), None
    lufs, spread = programme_and_range(audio, sample_rate)
    return _finite(lufs), _finite(spread)


def onset_envelope(audio: Sound, sample_rate: int) -> NDArray[np.floating]:
    """How strongly something begins, 100 values a second: rising energy over the spectrum."""
    together = mono(audio)
    hop, size = sample_rate // 100, 1024
    padded = np.pad(together, (size // 2, size))
    count = len(together) // hop + 1
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop][:count]
    spectrum = np.log1p(100 * np.abs(np.fft.rfft(frames * np.hanning(size), axis=1)))
    rise = np.maximum(np.diff(spectrum, axis=0, prepend=spectrum[:1]), 0)
    return rise.mean(axis=1).astype(np.float32)


def short_term_lufs(audio: Sound, sample_rate: int, seconds: float = 3.0) -> list[float]:
    """Loudness of stretch after stretch, for comparing with the plan's energy."""
    size = int(seconds * sample_rate)
    return [
        _finite(integrated_lufs(audio[start : start + size], sample_rate))
        for start in range(0, len(audio) - size + 1, size)
    ]


def _finite(value: float) -> float:
    return value if np.isfinite(value) else NOTHING_DB


def _decibels(amplitude: float) -> float:
    return float(20 * np.log10(max(amplitude, 1e-6)))


def _clipped(audio: Sound) -> int:
    """Frames inside runs of three or more equal values at full scale."""
    count = 0
    for channel in audio.T:
        full = np.abs(channel) > 0.999
        if not full.any():
            continue
        runs = full[:-2] & full[1:-1] & full[2:]
        runs &= (channel[:-2] == channel[1:-1]) & (channel[1:-1] == channel[2:])
        count += int(runs.sum())
    return count


def _head_ms(level: Sound, sample_rate: int, *, loop: bool) -> float:
    """Milliseconds until something can be heard; nothing at all counts as the whole file."""
    first = int(np.argmax(level > AUDIBLE)) if (level > AUDIBLE).any() else len(level)
    return 0.0 if loop and first == len(level) else 1000 * first / sample_rate


def _tail_db(audio: Sound, sample_rate: int) -> float:
    last = audio[-max(1, sample_rate // 200) :]
    return _decibels(float(np.sqrt(np.mean(last.astype(np.float64) ** 2))))


def _longest_silence_s(level: Sound, sample_rate: int) -> float:
    """The longest stretch under -60 dBFS inside the file; the ring-out at the end is not one."""
    loud = np.flatnonzero(level > AUDIBLE)
    if not len(loud):
        return len(level) / sample_rate
    gaps = np.diff(loud, prepend=-1)
    return float(gaps.max() - 1) / sample_rate


def _correlation(audio: Sound) -> float:
    if audio.shape[1] < 2:
        return 1.0
    left, right = audio[:, 0], audio[:, 1]
    power = np.sqrt(_energy(left, left) * _energy(right, right))
    return _energy(left, right) / power if power > 0 else 1.0


def _balance_db(audio: Sound) -> float:
    """Left over right."""
    if audio.shape[1] < 2:
        return 0.0
    left, right = (_energy(side, side) / len(side) + 1e-12 for side in audio.T[:2])
    return float(10 * np.log10(left / right))


def _crest_db(audio: Sound, level: Sound) -> float:
    power = sum(_energy(side, side) for side in audio.T) / audio.size
    return _decibels(float(level.max(initial=0.0))) - _decibels(float(np.sqrt(power)))


def _energy(one: Sound, other: Sound) -> float:
    return float(np.sum(one * other, dtype=np.float64))


def _share_db(mono: Sound, sample_rate: int, low: float, high: float) -> float:
    """The energy of a band against the whole."""
    size = 1 << 14
    whole = max(1, len(mono) // size)
    rows = np.resize(np.pad(mono, (0, size)), (whole, size)) if len(mono) < size else None
    rows = mono[: whole * size].reshape(whole, size) if rows is None else rows
    power = (np.abs(np.fft.rfft(rows * np.hanning(size).astype(np.float32), axis=1)) ** 2).sum(
        axis=0
    )
    f = np.fft.rfftfreq(size, 1 / sample_rate)
    share = power[(f >= low) & (f < high)].sum() / (power.sum() + 1e-20)
    return float(10 * np.log10(max(share, 1e-12)))


def _joint(audio: Sound, sample_rate: int) -> dict[str, float]:
    """Step, spectral jump and level jump where the end meets the beginning."""
    around = np.concatenate([audio[-4:], audio[:4]])
    step = np.abs(np.diff(around, 2, axis=0)).max()
    inside = np.abs(np.diff(audio, 2, axis=0)).max(axis=1)
    usual = np.percentile(inside, 99.9) + 1e-9
    size = 2048
    reach = min(sample_rate // 20, len(audio) // 2)
    before = float(np.sqrt(np.mean(audio[-reach:] ** 2))) + 1e-9
    after = float(np.sqrt(np.mean(audio[:reach] ** 2))) + 1e-9
    jumps = {
        "seam_db": _decibels(float(step / usual)),
        "seam_level_db": 20 * np.log10(after / before),
    }
    if len(audio) > 4 * size:
        together = mono(audio)
        rolled = np.roll(together, size)
        centres = np.linspace(2 * size, len(together) - 2 * size, 41).astype(int)
        inner = [_unlike(together, centre, size) for centre in centres]
        jumps["seam_spectrum"] = _unlike(rolled, size, size) / (float(np.median(inner)) + 1e-9)
    return jumps


def _unlike(mono: Sound, centre: int, size: int) -> float:
    """Log-spectrum difference between what lies before and after a frame."""
    window = np.hanning(size)
    before = np.abs(np.fft.rfft(mono[centre - size : centre] * window))
    after = np.abs(np.fft.rfft(mono[centre : centre + size] * window))
    difference = np.log10(before + 1e-4) - np.log10(after + 1e-4)
    return float(np.sqrt(np.mean(difference**2)))
