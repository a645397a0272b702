"""The true-peak limiter: one gain curve for every channel and every stem.

It looks 5 ms ahead and reduces just enough, so that no point between two samples rises above the
ceiling; where nothing is too loud its gain is exactly 1. The curve is reckoned at every fourth
frame, which is often enough for a gain that takes 5 ms to move.
"""

import numpy as np
from numpy.typing import NDArray

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
    gain = _gain(np.minimum(needed, slow_db), AHEAD_S, RELEASE_DB_PER_S, sample_rate)
    if decibels.max() > slow_db:
        tips = np.maximum(needed - slow_db, 0.0)
        gain *= _gain(tips, TIP_AHEAD_S, TIP_RELEASE_DB_PER_S, sample_rate)
    return gain[context : len(gain) - context]


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
    steps = len(curve) - 1
    out = np.empty((steps, STEP), np.float32)
    slope = np.diff(curve) / STEP
    for part in range(STEP):
        out[:, part] = curve[:-1] + part * slope
    return out.reshape(-1)[:frames]


def _gain(needed: NDArray[np.floating], ahead_s: float, release: float, rate: int) -> Sound:
    """Held on either side of every peak, let go slowly, smooth: a gain of at most 1."""
    ahead = max(2, round(ahead_s * rate / STEP))
    held = _held(needed, ahead)
    line = np.arange(len(held)) * (release * STEP / rate)
    held += line
    np.maximum.accumulate(held, out=held)
    held -= line
    gain = np.ones(len(held))
    working = held > 1e-9
    gain[working] = 10 ** (-held[working] / 20)
    return _smoothed(gain, ahead).astype(np.float32)


def _held(values: NDArray[np.floating], ahead: int) -> NDArray[np.floating]:
    """The maximum over the last and the next ``ahead`` steps."""
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
    """The mean over the last ``ahead`` steps, twice halved: no corner, and never too late."""
    half = ahead // 2
    padded = np.concatenate([np.full(2 * half, gain[0]), gain])
    for _ in range(2):
        total = np.concatenate([[0.0], np.cumsum(padded)])
        padded = (total[half:] - total[:-half]) / half
    out = np.minimum(padded[-len(gain) :], 1.0)
    # What a running sum leaves of its rounding is not a gain.
    out[out > 1 - 1e-9] = 1.0
    return out
