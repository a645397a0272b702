"""Loudness as ITU-R BS.1770 hears it, and true peak, both through libebur128."""

from functools import lru_cache

import numpy as np
import pyebur128
from numpy.typing import NDArray

from engine.sound.compiled import compiled
from engine.sound.peaks import points
from engine.sound.transforms import irfft, rfft

SAMPLE_RATE = 48_000
MS_FRAMES = SAMPLE_RATE // 1000
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
    places = _loud_places(sound)
    state = _state(places, sample_rate, _Mode.MODE_TRUE_PEAK)
    return max(float(pyebur128.get_true_peak(state, side)) for side in range(sound.shape[1]))


def highest_sample(sound: Sound) -> float:
    """The largest magnitude of (frames,)."""
    return max(float(sound.max(initial=0.0)), -float(sound.min(initial=0.0)))


_BLOCK = 64
_NEAR = 10 ** (-0.6 / 20)  # as far as our reading and the meter's may be apart


def _loud_places(sound: Sound) -> Sound:
    """The blocks in which the highest point can lie, each faded in and out by its neighbours."""
    highest = max((highest_sample(side) for side in sound.T), default=0.0)
    if not highest:
        return sound[:_BLOCK]
    found = points(sound, highest * _NEAR)
    blocks = -(-len(sound) // _BLOCK)
    hot = np.zeros(blocks, bool)
    hot[found.at[found.level >= found.level.max(initial=0.0) * _NEAR] // _BLOCK] = True
    hot = _widened(hot)
    if hot.all():
        return sound
    edges = np.flatnonzero(np.diff(np.pad(hot, 1).astype(np.int8)))
    fade = _BLOCK // 2
    rise = (0.5 - 0.5 * np.cos(np.pi * np.arange(fade) / fade)).astype(np.float32)[:, None]
    pieces = []
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        piece = np.array(sound[first * _BLOCK : last * _BLOCK], np.float32)
        if first:
            piece[:fade] *= rise
        if last < blocks:
            piece[-fade:] *= rise[::-1]
        pieces.append(piece)
    return np.concatenate(pieces)


def _widened(hot: NDArray[np.bool_]) -> NDArray[np.bool_]:
    wide = hot.copy()
    wide[1:] |= hot[:-1]
    wide[:-1] |= hot[1:]
    return wide


def true_peak_dbtp(sound: Sound, sample_rate: int = SAMPLE_RATE) -> float:
    """`true_peak` in decibels; -120 for silence."""
    return float(20 * np.log10(max(true_peak(sound, sample_rate), 1e-6)))


def loudness_range_lu(sound: Sound, sample_rate: int = SAMPLE_RATE) -> float:
    """EBU 3342 loudness range."""
    return float(pyebur128.get_loudness_range(_state(sound, sample_rate, _Mode.MODE_LRA)))


def programme_and_range(sound: Sound, sample_rate: int) -> tuple[float, float]:
    """`programme_lufs` and `loudness_range_lu` of at least three seconds, heard once."""
    state = _state(sound, sample_rate, _Mode.MODE_I | _Mode.MODE_LRA)
    return (
        float(pyebur128.get_loudness_global(state)),
        float(pyebur128.get_loudness_range(state)),
    )


def _state(sound: Sound, sample_rate: int, mode: int) -> pyebur128.R128State:
    state = pyebur128.R128State(sound.shape[1], sample_rate, mode)
    state.add_frames(np.ascontiguousarray(sound, np.float32).ravel(), len(sound))
    return state


@lru_cache(maxsize=64)
def k_weight(size: int) -> Sound:
    """Magnitude of the K-weighting filter at 48 kHz on the bins of ``size``."""
    return np.abs(_k_response(size)).astype(np.float32)


# The two sections of BS.1770 at 48 kHz: a shelf, then a high-pass of 1 - 2/z + 1/z².
_SHELF = (1.53512485958697, -2.69169618940638, 1.19839281085285)
_SHELF_POLES = (-1.69065929318241, 0.73248077421585)
_HIGH_POLES = (-1.99004745483398, 0.99007225036621)


def _k_response(size: int) -> NDArray[np.complex128]:
    z: NDArray[np.complex128] = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    shelf = (_SHELF[0] + _SHELF[1] * z + _SHELF[2] * z**2) / (
        1 + _SHELF_POLES[0] * z + _SHELF_POLES[1] * z**2
    )
    high = (1 - 2 * z + z**2) / (1 + _HIGH_POLES[0] * z + _HIGH_POLES[1] * z**2)
    return shelf * high


_LANES = 16  # stretches of a sound that are heard at a time: a filter waits for itself
_AHEAD_MS = 170  # after which what the filter heard before is 180 dB down


def k_powers(sound: Sound, *, loop: bool) -> NDArray[np.float64]:
    """Mean square of every millisecond of (frames,) at 48 kHz behind the K-weighting, the last one
    filled up with silence; a loop as if it had come round before."""
    out = np.zeros(-(-len(sound) // MS_FRAMES))
    _k_powers(sound, loop, out)
    return out


@compiled("const float32[:]", "boolean", "float64[:]")
def _k_powers(sound, loop, out):
    (b0, b1, b2), (a1, a2), (c1, c2) = _SHELF, _SHELF_POLES, _HIGH_POLES
    frames, lap = len(sound), -(-len(out) // _LANES)
    waits = np.zeros((4, _LANES))
    heard, power = np.zeros((MS_FRAMES, _LANES)), np.zeros(_LANES)
    for ms in range(-_AHEAD_MS, lap):
        for lane in range(_LANES):
            first = (lane * lap + ms) * MS_FRAMES
            if first >= 0 and first + MS_FRAMES <= frames:
                piece = sound[first : first + MS_FRAMES]
                for at in range(MS_FRAMES):
                    heard[at, lane] = piece[at]
            else:
                for at in range(MS_FRAMES):
                    place = (first + at) % frames if loop and first < 0 else first + at
                    heard[at, lane] = sound[place] if 0 <= place < frames else 0.0
        power[:] = 0.0
        for at in range(MS_FRAMES):
            for lane in range(_LANES):
                x = heard[at, lane]
                y = b0 * x + waits[0, lane]
                waits[0, lane] = b1 * x - a1 * y + waits[1, lane]
                waits[1, lane] = b2 * x - a2 * y
                z = y + waits[2, lane]
                waits[2, lane] = -2.0 * y - c1 * z + waits[3, lane]
                waits[3, lane] = y - c2 * z
                power[lane] += z * z
        if ms >= 0:
            for lane in range(_LANES):
                if lane * lap + ms < len(out):
                    out[lane * lap + ms] = power[lane] / MS_FRAMES


def lufs_of_powers(powers: NDArray[np.floating]) -> float:
    """`programme_lufs` of a sound whose K-weighted power in every millisecond is known.

    ``powers`` are mean squares, added up over the channels with their weights.
    """
    total = np.concatenate([[0.0], np.cumsum(powers, dtype=np.float64)])
    if len(powers) < SHORT_S * 1000:
        ends = np.arange(10, len(powers) + 400, 10)
        stretches = total[np.minimum(ends, len(powers))] - total[np.clip(ends - 400, 0, None)]
        return _lufs(stretches.max() / 400)
    blocks = (total[400::100] - total[:-400:100][: len(total[400::100])]) / 400
    loud = blocks[blocks > _power(-70.0)]
    if not len(loud):
        return -np.inf
    loud = loud[loud > loud.mean() / 10]
    return _lufs(loud.mean())


def _lufs(power: float) -> float:
    return float(-0.691 + 10 * np.log10(power)) if power > 0 else -np.inf


def _power(lufs: float) -> float:
    return 10 ** ((lufs + 0.691) / 10)


def momentary_lufs(sound: Sound) -> float:
    """The loudest 400 ms of one note at 48 kHz, by one transform; within 0.2 LU of libebur128.

    A mono note counts as it plays on both loudspeakers. Sounds shorter than 400 ms are measured
    over 400 ms of sound and silence.
    """
    both = np.atleast_2d(sound.T)
    size = _smooth_length(both.shape[1] + 2400)
    power = np.zeros(both.shape[1], np.float32)
    for channel in both:
        spectrum = rfft(np.ascontiguousarray(channel, np.float32), n=size)
        heard = irfft(spectrum * k_weight(size), n=size)[: len(channel)]
        power += heard * heard
    if len(both) == 1:
        power *= 2
    window = int(0.4 * SAMPLE_RATE)
    if len(power) < window:
        power = np.pad(power, (0, window - len(power)))
    total = np.concatenate([[0.0], np.cumsum(power, dtype=np.float64)])
    loudest = (total[window:] - total[:-window]).max() / window
    return float(-0.691 + 10 * np.log10(max(loudest, 1e-12)))


def _smooth_length(least: int) -> int:
    """The next length made of a power of two and at most one three: quick to transform."""
    power = 1 << (least - 1).bit_length()
    return power * 3 // 4 if power * 3 // 4 >= least else power
