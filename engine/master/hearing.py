"""The second hearing: measurements of a finished master, by one who has not seen the score.

All values are plain numbers, so that they can be stored beside the candidate as they are.
"""

import numpy as np
from numpy.typing import NDArray

from engine.master.blemishes import clicks, fall_db, flat_frames, silences
from engine.master.seam import line_count, lines
from engine.sound import downmix
from engine.sound.filters import middle
from engine.sound.loudness import (
    integrated_lufs,
    k_weight,
    programme_and_range,
    programme_lufs,
    true_peak_dbtp,
)
from engine.sound.transforms import rfft

Sound = NDArray[np.floating]
NOTHING_DB = -120.0
WINDOW = 1 << 14
_AT_ONCE = 8  # windows that are transformed side by side
WINDOWS = 64  # that a spectrum is the mean of, evenly spread over a long sound
BASS_HZ = 100.0  # below this a master is in the middle


def hear(
    audio: Sound, sample_rate: int, loop: bool = False, bars: int = 0, beats: int = 4
) -> dict[str, float]:
    """Measure a master of (frames, channels); a loop also at the joint of its ends.

    ``lufs`` is integrated; for less than three seconds that of the loudest 400 ms. ``dc`` is the
    larger offset of the channels. ``fall_db`` is the level from which the sound ends: a ring-out
    comes down to -60 dBFS, a cut does not. ``bass_side_db`` is the side against the middle where
    both ought to be one. ``seam_db`` is the step at the joint against the liveliest thousandth of
    the loop itself: above 0 the joint would be the roughest spot. Of a loop of ``bars`` bars the
    joint is compared with its bar lines too, see `engine.master.seam`.
    """
    if audio.ndim == 1:
        audio = audio[:, None]
    audio = np.asarray(audio, np.float32)
    level = np.abs(audio[:, 0])
    for channel in audio.T[1:]:
        np.maximum(level, np.abs(channel), out=level)
    highest = float(level.max(initial=0.0))
    if not np.isfinite(highest):
        return {"sample_rate": sample_rate, "frames": len(audio), "sample_peak_dbfs": np.nan}
    energies = [_energy(channel, channel) for channel in audio.T]
    lufs, spread = _loudness(audio, sample_rate)
    together = downmix.mono(audio)
    heard: dict[str, float] = {
        "sample_rate": sample_rate,
        "channels": audio.shape[1],
        "frames": len(audio),
        "lufs": lufs,
        "true_peak_dbtp": true_peak_dbtp(audio, sample_rate),
        "sample_peak_dbfs": _decibels(highest),
        "dc": max(abs(float(channel.mean())) for channel in audio.T),
        "clipped": flat_frames(audio, level, highest),
        "clicks": clicks(together, sample_rate),
        "tail_db": _tail_db(audio, sample_rate),
        "silent_channels": sum(not energy for energy in energies),
        "correlation": _correlation(audio, energies),
        "balance_db": _balance_db(energies, len(audio)),
        "crest_db": _decibels(highest)
        - _decibels(float(np.sqrt(sum(energies) / max(audio.size, 1)))),
    }
    heard |= silences(level, sample_rate, loop=loop)
    heard |= _spectrum(audio, sample_rate)
    if not loop:
        heard["fall_db"] = fall_db(audio, level, sample_rate)
    if spread is not None:
        heard["loudness_range_lu"] = spread
    if loop:
        heard |= _joint(audio, together, sample_rate)
        if bars:
            heard |= lines(audio, sample_rate, line_count(bars, beats)).seam()
    return {name: round(float(value), 6) for name, value in heard.items()}


def _loudness(audio: Sound, sample_rate: int) -> tuple[float, float | None]:
    """Loudness, and from three seconds on its range."""
    if len(audio) < 3 * sample_rate:
        return _finite(programme_lufs(audio, sample_rate)), None
    lufs, spread = programme_and_range(audio, sample_rate)
    return _finite(lufs), _finite(spread)


def onset_envelope(audio: Sound, sample_rate: int) -> NDArray[np.floating]:
    """How strongly something begins, 100 values a second: rising energy over the spectrum."""
    together = downmix.mono(audio)
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


def _tail_db(audio: Sound, sample_rate: int) -> float:
    last = audio[-max(1, sample_rate // 200) :]
    return _decibels(float(np.sqrt(np.mean(last.astype(np.float64) ** 2))))


def _energy(one: Sound, other: Sound) -> float:
    return float(np.einsum("i,i->", one, other, dtype=np.float64, casting="same_kind"))


def _correlation(audio: Sound, energies: list[float]) -> float:
    if audio.shape[1] < 2:
        return 1.0
    power = np.sqrt(energies[0] * energies[1])
    return _energy(audio[:, 0], audio[:, 1]) / power if power > 0 else 1.0


def _balance_db(energies: list[float], frames: int) -> float:
    """Left over right."""
    if len(energies) < 2:
        return 0.0
    left, right = (energy / max(frames, 1) + 1e-12 for energy in energies[:2])
    return float(10 * np.log10(left / right))


def _spectrum(audio: Sound, sample_rate: int) -> dict[str, float]:
    """What is high, what is too low, and what one loudspeaker would lose.

    A sound of more channels is heard from two loudspeakers first.
    """
    sides = downmix.stereo(audio)
    both = _power(middle(sides))
    f = np.fft.rfftfreq(WINDOW, 1 / sample_rate)
    whole = both.sum() + 1e-20
    heard = {
        "air_db": _share_db(both[(f >= 10_000) & (f < 20_000)].sum(), whole),
        "sub_db": _share_db(both[f < 25].sum(), whole),
    }
    if audio.shape[1] > 1:
        apart = _power((sides[:, 0] - sides[:, 1]) * np.float32(0.5))
        weight = np.interp(f, *_ear()) ** 2
        loud, lost = (both * weight).sum() + 1e-20, (apart * weight).sum()
        heard["mono_loss_lu"] = float(10 * np.log10(1 + lost / loud))
        bass = f < BASS_HZ
        heard["bass_side_db"] = _share_db(apart[bass].sum(), both[bass].sum() + 1e-20)
        heard["bass_db"] = _share_db(both[bass].sum() + apart[bass].sum(), whole + apart.sum())
    return heard


def _ear() -> tuple[Sound, Sound]:
    weight = k_weight(WINDOW)
    return np.fft.rfftfreq(WINDOW, 1 / 48_000), weight


def _power(mono: Sound) -> NDArray[np.floating]:
    """Mean power of windows all over a sound, by frequency."""
    count = max(1, len(mono) // WINDOW)
    if len(mono) < WINDOW:
        mono = np.pad(mono, (0, WINDOW - len(mono)))
    starts = np.linspace(0, len(mono) - WINDOW, min(count, WINDOWS)).astype(int)
    taper = np.hanning(WINDOW).astype(np.float32)
    total = np.zeros(WINDOW // 2 + 1)
    for first in range(0, len(starts), _AT_ONCE):
        rows = [mono[start : start + WINDOW] * taper for start in starts[first : first + _AT_ONCE]]
        bins = rfft(np.stack(rows))
        total += (bins.real**2 + bins.imag**2).sum(axis=0)
    return total / len(starts)


def _share_db(part: float, whole: float) -> float:
    return float(10 * np.log10(max(part / whole, 1e-12)))


def _joint(audio: Sound, together: Sound, sample_rate: int) -> dict[str, float]:
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
