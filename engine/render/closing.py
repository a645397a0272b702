"""How a bed ends: everything dies away within the file."""

import numpy as np
from numpy.typing import NDArray

from engine.render.control import CELL, cells, drawn, stretches

SAMPLE_RATE = 48_000
CLOSE_FRAMES = 960
Sound = NDArray[np.floating]


_ENOUGH_DB = ((0.5, -45.0), (0.3, -55.0), (0.05, -78.0))
"""Seconds before the end, and how loud the mix may be there: what is held until then (a bass that
would go on for ever) has to sink with the rest, or its release is heard as a cut."""
_BEND = 1.35


def close(groups: dict[str, Sound], last_onset: int, frames: int) -> None:
    """Let the groups (frames, 2) die away in place before the last frame.

    After the last onset the sound is damped along a line in decibels, as much as it takes to be
    quiet before the end; the last 20 ms go to exact zero. What dies by itself is left alone.
    """
    start = min(last_onset + int(0.12 * SAMPLE_RATE), frames - int(0.3 * SAMPLE_RATE))
    excess = _left_over(groups, max(start, 0), frames)
    if excess > 0:
        _damp(groups, max(start, 0), frames, excess)
    last = min(CLOSE_FRAMES, frames)
    shape = 0.5 + 0.5 * np.cos(np.pi * (np.arange(last) + 1) / last)
    for one in groups.values():
        one[frames - last :] *= shape.astype(np.float32)[:, None]


def _left_over(groups: dict[str, Sound], start: int, frames: int) -> float:
    """Decibels that a line from ``start`` to the end must fall for the mix to end quietly."""
    excess = 0.0
    for before_s, enough_db in _ENOUGH_DB:
        at = frames - round(before_s * SAMPLE_RATE)
        along = (at - start) / max(frames - start, 1)
        if before_s > 0.05 and along < 0.5:
            continue  # an ending as short as that has no time to sink
        over = _level_db(groups, max(at, 0)) - enough_db
        excess = max(excess, over if before_s == 0.05 else over / along**_BEND)
    return excess


def _level_db(groups: dict[str, Sound], at: int) -> float:
    """The mix over the 50 ms from a frame on."""
    part = slice(at, at + int(0.05 * SAMPLE_RATE))
    mix = np.zeros_like(next(iter(groups.values()))[part])
    for name in sorted(groups):
        mix += groups[name][part]
    power = float(np.mean(mix.astype(np.float64) ** 2)) if mix.size else 0.0
    return 10 * np.log10(power + 1e-24)


def _damp(groups: dict[str, Sound], start: int, frames: int, excess_db: float) -> None:
    at = np.arange(cells(frames)) * CELL
    along = np.clip((at - start) / max(frames - start, 1), 0, 1)
    curve = 10 ** (-excess_db * along**_BEND / 20)
    for part, place in stretches(frames):
        if place.stop <= start:
            continue
        gain = drawn(curve, part, frames, loop=False)
        for one in groups.values():
            for channel in one.T:
                channel[place] *= gain
