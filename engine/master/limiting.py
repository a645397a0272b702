"""The true-peak limiter: one gain curve for every channel and every stem.

It looks 5 ms ahead and reduces just enough, so that no point between two samples rises above the
ceiling; where nothing is too loud its gain is exactly 1. The curve is reckoned at every fourth
frame, which is often enough for a gain that takes 5 ms to move.
"""

import math

import numpy as np
from numpy.typing import NDArray

from engine.sound.compiled import compiled
from engine.sound.peaks import Points, points

Sound = NDArray[np.floating]
STEP = 4  # frames
AHEAD_S = 0.005
RELEASE_DB_PER_S = 20 / 0.16
TIP_AHEAD_S = 0.0005
TIP_RELEASE_DB_PER_S = 20 / 0.01
_CONTEXT_S = 0.4  # of a loop's end that still works on its beginning


def limiter_gain(sound: Sound, ceiling: float, sample_rate: int) -> Sound | None:
    """Gain per frame that keeps the true peak of ``sound`` at ``ceiling``; None when idle."""
    found = points(sound, ceiling)
    curve = limited(found, ceiling, len(sound), sample_rate, loop=False)
    return None if curve is None else drawn(curve, len(sound))


def limited(
    found: Points,
    ceiling: float,
    frames: int,
    sample_rate: int,
    *,
    loop: bool,
    slow_db: float = np.inf,
) -> Sound | None:
    """Gain at every fourth frame, and one more, for peaks at ``found``; None when idle.

    What a peak needs beyond ``slow_db`` is taken from its very tip within half a millisecond, so
    that one hit does not pull the whole music down. It stands in for a clipper: as short, but
    nothing of it folds back from above half the rate, and stems still add up. A loop is limited as
    if it had come round before.
    """
    over = found.level > ceiling
    if not over.any():
        return None
    at, decibels = found.at[over], 20 * np.log10(found.level[over] / ceiling)
    context = int(_CONTEXT_S * sample_rate) // STEP if loop else 0
    if loop:
        at, decibels = _around(at, decibels, frames, context * STEP)
    needed = np.zeros(-(-frames // STEP) + 1 + 2 * context)
    np.maximum.at(needed, at // STEP + context, decibels)
    gain = np.ones(len(needed), np.float32)
    _limit(needed, 0.0, slow_db, *_pace(AHEAD_S, RELEASE_DB_PER_S, sample_rate), gain)
    if decibels.max() > slow_db:
        pace = _pace(TIP_AHEAD_S, TIP_RELEASE_DB_PER_S, sample_rate)
        _limit(needed, slow_db, np.inf, *pace, gain)
    return gain[context : len(gain) - context]


def _pace(ahead_s: float, release_db_per_s: float, rate: int) -> tuple[int, float]:
    """Steps that a gain looks ahead, and decibels a step by which it comes back."""
    return max(2, round(ahead_s * rate / STEP)), release_db_per_s * STEP / rate


def _around(
    at: NDArray[np.integer], decibels: Sound, frames: int, context: int
) -> tuple[NDArray[np.integer], Sound]:
    """The peaks of a loop in this lap and as far before and after it as ``context`` frames."""
    reach = -(-context // frames)
    laps = np.arange(-reach, reach + 1)
    at = (at[None, :] + laps[:, None] * frames).ravel()
    inside = (at >= -context) & (at < frames + context)
    return at[inside], np.tile(decibels, len(laps))[inside]


def drawn(curve: Sound, frames: int) -> Sound:
    """A curve of every fourth frame as one of every frame, straight in between."""
    out = np.ones(frames, np.float32)
    draw_over(out, curve)
    return out


def draw_over(gain: Sound, curve: Sound) -> None:
    """Put a curve of every fourth frame on a gain of every frame, in place."""
    _draw_over(np.ascontiguousarray(curve), gain)


@compiled("const float32[:]", "float32[:]")
def _draw_over(curve, gain):
    quarter = np.float32(0.25)
    whole = len(gain) // STEP
    for step in range(whole):
        level = curve[step]
        slope = (curve[step + 1] - level) * quarter
        for part in range(STEP):
            gain[step * STEP + part] *= level + np.float32(part) * slope
    for at in range(whole * STEP, len(gain)):
        slope = (curve[whole + 1] - curve[whole]) * quarter
        gain[at] *= curve[whole] + np.float32(at - whole * STEP) * slope


_NEPERS = math.log(10) / 20


@compiled("const float64[:]", "float64", "float64", "int64", "float64", "float32[:]")
def _limit(needed, above, most, ahead, release, out):
    """Put on ``out`` a gain for what is ``needed`` between two levels: held for ``ahead`` steps on
    either side of every peak, let go by ``release`` dB a step, and then the mean over the last
    ``ahead`` steps, twice halved: no corner, and never too late.
    """
    steps, half = len(needed), ahead // 2
    # The peaks within reach that no later one outdoes, the highest first.
    place, peak = np.empty(2 * ahead + 2, np.int64), np.empty(2 * ahead + 2)
    first = last = 0
    gains, means = np.ones(half), np.ones(half)
    total, total_mean, held, idle = float(half), float(half), 0.0, 0
    for now in range(-ahead, steps):
        later = now + ahead
        if later < steps and needed[later] > above:
            value = min(needed[later] - above, most)
            while last > first and peak[(last - 1) % len(peak)] <= value:
                last -= 1
            place[last % len(peak)], peak[last % len(peak)] = later, value
            last += 1
        if now < 0:
            continue
        if last > first and place[first % len(peak)] < now - ahead:
            first += 1
        held = max(held - release, peak[first % len(peak)] if last > first else 0.0)
        if held <= 1e-9:
            if idle > 2 * half:
                continue
            held, gain = 0.0, 1.0
            idle += 1
        else:
            if idle > 2 * half:
                # What running sums leave of their rounding is not a gain.
                gains[:], means[:], total, total_mean = 1.0, 1.0, float(half), float(half)
            gain = math.exp(-held * _NEPERS)
            idle = 0
        spot = now % half
        if now == 0:
            gains[:], means[:] = gain, gain
            total, total_mean = gain * half, gain * half
        total += gain - gains[spot]
        gains[spot] = gain
        total_mean += total / half - means[spot]
        means[spot] = total / half
        smooth = total_mean / half
        if smooth < 1 - 1e-9:
            out[now] *= smooth
