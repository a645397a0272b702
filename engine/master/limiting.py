"""One gain curve for every channel and every stem: glue first, then the true-peak limiter.

The limiter looks 5 ms ahead and reduces just enough, so that no point between two samples rises
above the ceiling; where nothing is too loud its gain is exactly 1.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from engine.sound.filters import middle

Sound = NDArray[np.floating]
BLOCK = 480
HALF = 16  # taps either side of the point between two samples
AHEAD_S = 0.005
RELEASE_DB_PER_S = 20 / 0.16
# Between two samples below this a full-scale sine at a quarter of the rate still stays under it.
MARGIN = 10 ** (-3.1 / 20)


def limiter_gain(sound: Sound, ceiling: float, sample_rate: int) -> Sound | None:
    """Gain per frame that keeps the true peak of ``sound`` at ``ceiling``; None when idle."""
    peak = _peaks(sound, ceiling)
    if peak.max(initial=0.0) <= ceiling:
        return None
    ahead = max(2, round(AHEAD_S * sample_rate))
    needed = np.zeros(len(peak))
    over = peak > ceiling
    needed[over] = 20 * np.log10(peak[over] / ceiling)
    held = _ahead_maximum(needed, ahead)
    line = np.arange(len(held)) * (RELEASE_DB_PER_S / sample_rate)
    held += line
    released = np.maximum.accumulate(held, out=held)
    released -= line
    gain = np.ones(len(released))
    working = released > 1e-9
    gain[working] = 10 ** (-released[working] / 20)
    return _smoothed(gain, ahead).astype(np.float32)


def _peaks(sound: Sound, ceiling: float) -> NDArray[np.floating]:
    """Largest magnitude at or just after every frame; between samples only where it matters."""
    frames, channels = sound.shape
    magnitude = np.zeros(frames, np.float32)
    for channel in sound.T:
        np.maximum(magnitude, np.abs(channel), out=magnitude)
    blocks = -(-frames // BLOCK)
    padded = np.pad(magnitude, (0, blocks * BLOCK - frames)).reshape(blocks, BLOCK)
    hot = np.flatnonzero(padded.max(axis=1) > ceiling * MARGIN)
    if not len(hot):
        return magnitude
    kernel = _kernel()
    around = np.pad(sound, ((HALF, HALF + BLOCK), (0, 0)))
    peak = padded.copy()
    for chunk in np.array_split(hot, max(1, len(hot) // 64)):
        rows = chunk[:, None] * BLOCK + np.arange(BLOCK + 2 * HALF - 1)[None, :] + 1
        for side in range(channels):
            windows = sliding_window_view(around[rows, side], 2 * HALF, axis=1)
            between = np.abs(windows @ kernel).max(axis=2)
            peak[chunk] = np.maximum(peak[chunk], between)
            # What lies before a sample concerns it as much as what lies after.
            peak[chunk, 1:] = np.maximum(peak[chunk, 1:], between[:, :-1])
    return peak.reshape(-1)[:frames]


def _kernel() -> Sound:
    """Windowed sinc at a quarter, a half and three quarters between two samples: (taps, 3)."""
    phases = []
    for p in (0.25, 0.5, 0.75):
        k = np.arange(-HALF + 1, HALF + 1)
        taps = np.sinc(p - k) * np.cos(np.pi * (p - k) / (2 * HALF + 1)) ** 2
        phases.append(taps)
    return np.stack(phases, axis=1).astype(np.float32)


def _ahead_maximum(values: NDArray[np.floating], ahead: int) -> NDArray[np.floating]:
    """The maximum over the last and the next ``ahead`` frames."""
    width = 2 * ahead + 1
    out = np.concatenate([np.zeros(ahead), values, np.zeros(ahead)])
    reach = 1
    while reach * 2 <= width:
        out = np.maximum(out[:-reach], out[reach:])
        reach *= 2
    rest = width - reach
    if rest:
        out = np.maximum(out[:-rest], out[rest:])
    return out[: len(values)]


def _smoothed(gain: NDArray[np.floating], ahead: int) -> NDArray[np.floating]:
    """The mean over the last ``ahead`` frames, twice halved: no corner, and never too late."""
    half = ahead // 2
    padded = np.concatenate([np.full(2 * half, gain[0]), gain])
    for _ in range(2):
        total = np.concatenate([[0.0], np.cumsum(padded)])
        padded = (total[half:] - total[:-half]) / half
    return np.minimum(padded[-len(gain) :], 1.0)


def glue_gain(sound: Sound, sample_rate: int, most_db: float = 2.0) -> Sound:
    """A slow 1.7:1 compressor whose strongest twentieth is about ``most_db``, at most 3 dB."""
    step = sample_rate // 1000
    knots = -(-len(sound) // step)
    mono = middle(sound)
    # The bass must not pump the rest: a first difference mixed in weighs it down below 90 Hz.
    high = mono - _slow(mono, 90.0, sample_rate)
    power = np.pad(high**2, (0, knots * step - len(high))).reshape(knots, step).mean(axis=1)
    window = 30
    total = np.concatenate([[0.0], np.cumsum(np.pad(power, (window, 0), mode="edge"))])
    level = 10 * np.log10((total[window:] - total[:-window])[:knots] / window + 1e-10)
    threshold = _threshold(level, most_db)
    reduction = np.minimum(_curve(level - threshold), 3.0)
    slow = _followed(reduction)
    curve = np.interp(np.arange(len(sound)), np.arange(knots) * step + step / 2, slow)
    return (10 ** (-curve / 20)).astype(np.float32)


def _slow(mono: Sound, hertz: float, sample_rate: int) -> Sound:
    """A moving mean: the bass of the signal, near enough for a detector."""
    width = max(1, int(0.44 * sample_rate / hertz))
    total = np.concatenate([[0.0], np.cumsum(np.pad(mono, (width // 2, width), mode="edge"))])
    return ((total[width:] - total[:-width]) / width)[: len(mono)].astype(np.float32)


def _curve(
    over: NDArray[np.floating], ratio: float = 1.7, knee: float = 8.0
) -> NDArray[np.floating]:
    slope = 1 - 1 / ratio
    inside = slope * (over + knee / 2) ** 2 / (2 * knee)
    return np.where(2 * over < -knee, 0.0, np.where(2 * over > knee, slope * over, inside))


def _threshold(level: NDArray[np.floating], most_db: float) -> float:
    low, high = float(level.min()), float(level.max()) + 6
    for _ in range(24):
        middle = (low + high) / 2
        if np.percentile(_curve(level - middle), 95) > most_db:
            low = middle
        else:
            high = middle
    return high


def _followed(reduction: NDArray[np.floating]) -> NDArray[np.floating]:
    """Attack 30 ms; release 150 ms for the most part, 600 ms for the rest; one value per ms."""
    up, fast, late = 1 - np.exp(-1 / 30), 1 - np.exp(-1 / 150), 1 - np.exp(-1 / 600)
    out = []
    one = two = 0.0
    for asked in reduction.tolist():
        one += (up if asked > one else fast) * (asked - one)
        two += (up if asked > two else late) * (asked - two)
        out.append(0.6 * one + 0.4 * two)
    return np.asarray(out)
