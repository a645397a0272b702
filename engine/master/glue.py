"""The glue: a slow compressor over everything, one gain for every channel and every stem."""

import numpy as np
from numpy.typing import NDArray

from engine.sound.compiled import compiled

Sound = NDArray[np.floating]
KNOT_S = 0.004
MOST_DB = 3.0
_RATIO, _KNEE_DB = 1.7, 8.0
_STEP = 192  # frames
_BASS_HZ = 90.0
_CONTEXT_S = 2.0  # of a loop's end that still works on its beginning


def glue_gain(sound: Sound, sample_rate: int, most_db: float = 2.0, *, loop: bool = False) -> Sound:
    """A 1.7:1 compressor whose strongest twentieth is about ``most_db``, at most 3 dB.

    The gain at the middle of every 4 ms, `spread` makes one per frame of it. A loop is compressed
    as if it had come round before.
    """
    knots = max(1, round(len(sound) / (KNOT_S * sample_rate)))
    level = _level_db(sound, knots, sample_rate, loop=loop)
    reduction = np.minimum(_curve(level - _threshold(level, most_db)), MOST_DB)
    context = int(_CONTEXT_S / KNOT_S) if loop else 0
    followed = _followed(np.take(reduction, np.arange(-context, knots), mode="wrap"))
    return (10 ** (-followed[context:] / 20)).astype(np.float32)


def spread(gain: Sound, frames: int, *, loop: bool) -> Sound:
    """The gain of every frame, straight between points 4 ms apart."""
    knots = len(gain)
    ends = (gain[-1], gain[0]) if loop else (gain[0], gain[-1])
    around = np.concatenate([[ends[0]], gain, [ends[1]]])
    places = (np.arange(-1, knots + 1) + 0.5) * frames / knots
    steps = -(-frames // _STEP)
    grid = np.interp(np.arange(steps + 1) * _STEP, places, around).astype(np.float32)
    slope = np.diff(grid) / np.float32(_STEP)
    out = slope[:, None] * np.arange(_STEP, dtype=np.float32)[None, :]
    out += grid[:-1, None]
    return out.reshape(-1)[:frames]


def _level_db(sound: Sound, knots: int, rate: int, *, loop: bool) -> NDArray[np.floating]:
    """Level of the last 30 ms at every knot, without the bass, which must not pump the rest.

    The bass is a moving mean. In a stretch of 1 ms it hardly moves, so the power without it
    follows from the stretch's own mean and mean square.
    """
    frames = len(sound)
    pieces = max(knots, round(frames * 1000 / rate))
    edges = np.round(np.arange(pieces + 1) * frames / pieces).astype(np.int64)
    mean, power = np.empty(pieces), np.empty(pieces)
    left, right = (np.ascontiguousarray(sound[:, side]) for side in (0, min(1, sound.shape[1] - 1)))
    _measure(left, right, edges, mean, power)
    bass = _moving_mean(mean, max(1, round(0.44 * pieces * rate / (frames * _BASS_HZ))), 0.5)
    high = np.maximum(power - 2 * mean * bass + bass * bass, 0.0)
    window = max(1, round(0.030 * pieces * rate / frames))
    wrapped = np.take(high, np.arange(-window, pieces), mode="wrap" if loop else "clip")
    recent = _moving_mean(wrapped, window, 1.0)[window:]
    at = np.minimum(((np.arange(knots) + 0.5) * pieces / knots).astype(int), pieces - 1)
    return 10 * np.log10(recent[at] + 1e-10)


def _moving_mean(values: NDArray[np.floating], width: int, before: float) -> NDArray[np.floating]:
    """The mean over ``width`` values, the share ``before`` of them earlier than each."""
    early = int(width * before) - (1 if before == 1.0 else 0)
    padded = np.pad(values.astype(np.float64), (early, width - early), mode="edge")
    total = np.concatenate([[0.0], np.cumsum(padded)])
    return ((total[width:] - total[:-width]) / width)[: len(values)]


def _curve(over: NDArray[np.floating]) -> NDArray[np.floating]:
    slope = 1 - 1 / _RATIO
    inside = slope * (over + _KNEE_DB / 2) ** 2 / (2 * _KNEE_DB)
    return np.where(2 * over < -_KNEE_DB, 0.0, np.where(2 * over > _KNEE_DB, slope * over, inside))


def _threshold(level: NDArray[np.floating], most_db: float) -> float:
    """Where the 95th percentile of the reduction is ``most_db``: the curve rises with the level,
    so it is that of the level's own 95th percentile."""
    loud = float(np.percentile(level, 95))
    low, high = -40.0, 40.0  # how far that level may lie over the threshold
    for _ in range(40):
        middle_db = (low + high) / 2
        if float(_curve(np.array(middle_db))) > most_db:
            high = middle_db
        else:
            low = middle_db
    return loud - low


@compiled("const float32[:]", "const float32[:]", "const int64[:]", "float64[:]", "float64[:]")
def _measure(left, right, edges, mean, power):
    """Mean and mean square of the middle in every piece between two edges."""
    half = np.float32(0.5)
    for number in range(len(mean)):
        one = left[edges[number] : edges[number + 1]]
        two = right[edges[number] : edges[number + 1]]
        total = square = 0.0
        for at in range(len(one)):
            middle = (one[at] + two[at]) * half
            total += middle
            square += middle * middle
        mean[number] = total / max(len(one), 1)
        power[number] = square / max(len(one), 1)


def _followed(reduction: NDArray[np.floating]) -> NDArray[np.floating]:
    """Attack 30 ms; release 150 ms for the most part, 600 ms for the rest."""
    up, fast, late = (1 - np.exp(-KNOT_S / seconds) for seconds in (0.030, 0.150, 0.600))
    out = np.empty(len(reduction))
    _follow(np.ascontiguousarray(reduction, np.float64), up, fast, late, out)
    return out


@compiled("const float64[:]", "float64", "float64", "float64", "float64[:]")
def _follow(reduction, up, fast, late, out):
    one = two = 0.0
    for at in range(len(reduction)):
        asked = reduction[at]
        one += (up if asked > one else fast) * (asked - one)
        two += (up if asked > two else late) * (asked - two)
        out[at] = 0.6 * one + 0.4 * two
