"""What can be measured on one cabin sound: envelope, decay, loudness, bands, urgency.

Definitions after §6.3 and §4.7 of the sound designer's book; all on the finished mono file.
"""

from itertools import pairwise

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.sound.loudness import SAMPLE_RATE, momentary_lufs, programme_lufs

Sound = NDArray[np.floating]
SHORT_MS = 400.0
AUDIBLE = 10 ** (-60 / 20)
SOFTLY = 10 ** (-40 / 20)


class Urgency(Struct, frozen=True, kw_only=True):
    """The four criteria that decide whether people hear an alarm; ``passes`` counts those met."""

    peak_to_total: float
    gap_ms: float | None  # longest between bursts; None when there is one burst
    harmonics: int
    base_hz: float

    @property
    def passes(self) -> tuple[bool, bool, bool, bool]:
        return (
            self.peak_to_total >= 0.7,
            self.gap_ms is not None and self.gap_ms <= 125,
            self.harmonics >= 3,
            self.base_hz >= 1_000,
        )


def decibels(value: float) -> float:
    return float(20 * np.log10(max(value, 1e-6)))


def spectrum(sound: Sound, rate: int) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Frequencies and power of the whole sound."""
    size = 1 << (len(sound) - 1).bit_length()
    power = np.abs(np.fft.rfft(sound, n=size)) ** 2
    return np.fft.rfftfreq(size, 1 / rate), power


def share(sound: Sound, rate: int, low: float, high: float) -> float:
    """The share of the energy between two frequencies, 0-1."""
    f, power = spectrum(sound, rate)
    return float(power[(f >= low) & (f <= high)].sum() / (power.sum() + 1e-30))


def share_db(sound: Sound, rate: int, low: float, high: float) -> float:
    return float(10 * np.log10(max(share(sound, rate, low, high), 1e-12)))


def centroid_hz(sound: Sound, rate: int) -> float:
    f, power = spectrum(sound, rate)
    return float((f * power).sum() / (power.sum() + 1e-30))


def envelope(sound: Sound, rate: int) -> Sound:
    """The size of the analytic signal, smoothed over a millisecond."""
    size = 1 << len(sound).bit_length()
    whole = np.fft.fft(sound, n=size)
    whole[1 : size // 2] *= 2
    whole[size // 2 + 1 :] = 0
    size_of = np.abs(np.fft.ifft(whole))[: len(sound)]
    width = max(1, rate // 1000)
    return np.convolve(size_of, np.full(width, 1 / width), mode="same")


def attack_ms(sound: Sound, rate: int, until_ms: float) -> float:
    """From 10 to 90 % of the first note's top; ``until_ms`` is where the second note begins."""
    stretch = envelope(sound, rate)[: max(8, round(until_ms * rate / 1000))]
    # What rings higher later on is a swell or a beating, not the attack.
    running = np.maximum.accumulate(stretch)
    top = _first_top(stretch, rate)
    low = int(np.argmax(running >= 0.1 * top))
    high = int(np.argmax(running >= 0.9 * top))
    return (high - low) * 1000 / rate


def _first_top(stretch: Sound, rate: int) -> float:
    """The height at which the envelope first stays: nothing in the next 25 ms is 5 % above it."""
    ahead = max(1, rate // 40)
    for at in range(0, len(stretch), max(1, rate // 2000)):
        rest = stretch[at : at + ahead]
        if stretch[at] > 0.05 * stretch.max() and rest.max() <= stretch[at] * 1.05:
            return float(rest.max())
    return float(stretch.max())


def decay_ms(sound: Sound, rate: int, from_ms: float) -> float | None:
    """The time to fall by 60 dB, from the slope between -3 and -23 dB after the last note; None
    where the sound does not fall that far."""
    level = rms_envelope(sound, rate, 16.0)
    start = min(round(from_ms * rate / 1000), len(level) - 1)
    stretch = level[start:]
    top = int(np.argmax(stretch))
    falling = 20 * np.log10(np.maximum(stretch[top:], 1e-9) / (stretch[top] + 1e-12))
    below = np.flatnonzero(falling <= -23)
    end = int(below[0]) if len(below) else len(falling)
    begin = int(np.argmax(falling <= -3))
    if end - begin < rate // 200 or falling[end - 1] > -12:
        return None
    t = np.arange(begin, end) / rate
    slope = np.polyfit(t, falling[begin:end], 1)[0]
    return float(-60_000 / slope) if slope < 0 else None


def rms_envelope(sound: Sound, rate: int, window_ms: float = 8.0) -> Sound:
    """RMS over a window centred on each frame, (frames,)."""
    half = max(1, round(window_ms * rate / 2000))
    total = np.concatenate([[0.0], np.cumsum(np.pad(sound.astype(np.float64) ** 2, half))])
    return np.sqrt((total[2 * half :] - total[: -2 * half])[: len(sound)] / (2 * half))


def loudest_lufs(sound: Sound, rate: int) -> float:
    """The loudest 400 ms of a mono file."""
    if len(sound) < 3 * rate:
        return programme_lufs(sound[:, None], rate)
    if rate == SAMPLE_RATE:
        return momentary_lufs(sound) - 3.0103  # measured there as on two loudspeakers
    step = 2 * rate
    return max(
        programme_lufs(sound[at : at + 2 * rate + rate // 2][:, None], rate)
        for at in range(0, len(sound) - rate // 2, step)
    )


def a_weight(f: NDArray[np.floating]) -> NDArray[np.floating]:
    """A-weighting as a gain (IEC 61672)."""
    square = np.asarray(f, np.float64) ** 2
    top = 12194.0**2 * square**2
    below = (square + 20.6**2) * (square + 12194.0**2)
    return 1.2589 * top / (below * np.sqrt((square + 107.7**2) * (square + 737.9**2)) + 1e-30)


def loudest_dba(sound: Sound, rate: int) -> float:
    """The loudest 125 ms in dB(A) re full scale, RMS."""
    window = round(0.125 * rate)
    size = 1 << (len(sound) + window).bit_length()
    f = np.fft.rfftfreq(size, 1 / rate)
    heard = np.fft.irfft(np.fft.rfft(sound, n=size) * a_weight(f), n=size)[: len(sound) + window]
    total = np.concatenate([[0.0], np.cumsum(heard**2)])
    return float(10 * np.log10(max((total[window:] - total[:-window]).max() / window, 1e-12)))


def loudness(sound: Sound, rate: int) -> float:
    """What the level of a single sound is set by: LUFS-M, under 400 ms the loudest 125 ms (A)."""
    if len(sound) < SHORT_MS * rate / 1000:
        return loudest_dba(sound, rate)
    return loudest_lufs(sound, rate)


def first_audible_ms(sound: Sound, rate: int) -> float:
    """Until it is over -60 dBFS, or, where it is soft by intention, 40 dB under its own peak."""
    level = np.abs(sound)
    loud = level > min(AUDIBLE, float(level.max(initial=0.0)) * SOFTLY)
    return float(np.argmax(loud)) * 1000 / rate if loud.any() else len(sound) * 1000 / rate


def zero_ended(sound: Sound) -> bool:
    """Whether the first and the last frame are zero itself."""
    return bool(sound[0] == 0 and sound[-1] == 0)


# --- urgency --------------------------------------------------------------------------------------


def urgency(sound: Sound, rate: int, base_hz: float) -> Urgency:
    """The four criteria as they are defined in §6.3."""
    level = rms_envelope(sound, rate)
    bursts = _bursts(level, rate)
    shares = [
        float((level[a:b] >= level[a:b].max() * 10 ** (-3 / 20)).sum()) / (b - a) for a, b in bursts
    ]
    gaps = [(after - end) * 1000 / rate for (_, end), (after, _) in pairwise(bursts)]
    return Urgency(
        peak_to_total=round(float(np.median(shares)), 4) if shares else 0.0,
        gap_ms=round(max(gaps), 2) if gaps else None,
        harmonics=_harmonics(sound, rate, level, base_hz),
        base_hz=round(base_hz, 2),
    )


def _bursts(level: Sound, rate: int) -> list[tuple[int, int]]:
    """Runs above -20 dB of the maximum that last longer than 10 ms."""
    loud = level > level.max() * 0.1
    edges = np.flatnonzero(np.diff(np.pad(loud.astype(np.int8), 1)))
    return [
        (int(a), int(b))
        for a, b in zip(edges[::2], edges[1::2], strict=True)
        if (b - a) * 1000 / rate > 10
    ]


def _harmonics(sound: Sound, rate: int, level: Sound, base_hz: float) -> int:
    """How many of the first eight lie within 26 dB of the strongest, in the loudest 85 ms."""
    window = min(len(sound), round(0.085 * rate))
    total = np.concatenate([[0.0], np.cumsum(level**2)])
    at = int(np.argmax(total[window:] - total[:-window]))
    size = 1 << (4 * window - 1).bit_length()
    power = np.abs(np.fft.rfft(sound[at : at + window] * np.hanning(window), n=size))
    f = np.fft.rfftfreq(size, 1 / rate)
    peaks = []
    for h in range(1, 9):
        near = (f >= h * base_hz * 0.97) & (f <= h * base_hz * 1.03)
        peaks.append(float(power[near].max(initial=0.0)))
    strongest = max(float(power.max()), 1e-12)
    return sum(peak >= strongest * 10 ** (-26 / 20) for peak in peaks)
