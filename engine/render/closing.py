"""How a bed ends: everything dies away within the file."""

import numpy as np
from numpy.typing import NDArray

from engine.render.control import CELL, cells, drawn, stretches

SAMPLE_RATE = 48_000
CLOSE_FRAMES = 960
Sound = NDArray[np.floating]


def close(groups: dict[str, Sound], last_onset: int, frames: int) -> None:
    """Let the groups (frames, 2) die away in place before the last frame.

    After the last onset the sound is damped along a line in decibels, as much as it takes to be
    72 dB down at the end; the last 20 ms go to exact zero. What has died by itself is left alone.
    """
    excess = _left_over(groups)
    if excess > 0:
        start = min(last_onset + int(0.12 * SAMPLE_RATE), frames - int(0.3 * SAMPLE_RATE))
        _damp(groups, max(start, 0), frames, excess)
    last = min(CLOSE_FRAMES, frames)
    shape = 0.5 + 0.5 * np.cos(np.pi * (np.arange(last) + 1) / last)
    for one in groups.values():
        one[frames - last :] *= shape.astype(np.float32)[:, None]


def _left_over(groups: dict[str, Sound]) -> float:
    """Decibels by which the last 50 ms of the mix are too loud for an end."""
    tail = int(0.05 * SAMPLE_RATE)
    mix = np.zeros_like(next(iter(groups.values()))[-tail:])
    for name in sorted(groups):
        mix += groups[name][-tail:]
    ended = float(np.sqrt(np.mean(mix.astype(np.float64) ** 2))) if mix.size else 0.0
    return 20 * np.log10(ended + 1e-12) + 78


def _damp(groups: dict[str, Sound], start: int, frames: int, excess_db: float) -> None:
    at = np.arange(cells(frames)) * CELL
    along = np.clip((at - start) / max(frames - start, 1), 0, 1)
    curve = 10 ** (-excess_db * along**1.35 / 20)
    for part, place in stretches(frames):
        if place.stop <= start:
            continue
        gain = drawn(curve, part, frames, loop=False)
        for one in groups.values():
            for channel in one.T:
                channel[place] *= gain
