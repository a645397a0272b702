"""A tape that does not run quite true: slow wow, the same for every stem."""

import numpy as np
from numpy.typing import NDArray

from engine.render.control import CELL, cells
from engine.sound.compiled import compiled

SAMPLE_RATE = 48_000
Sound = NDArray[np.floating]


def wobbled(sound: Sound, cents: float, seed: int, *, loop: bool) -> None:
    """Move (frames, 2), each side in one piece, to and fro in place: by some milliseconds and at
    most ``cents`` of pitch."""
    frames = len(sound)
    many = cells(frames)
    moved = _moved(np.arange(many + 1) * CELL / frames, frames, cents, seed)
    if not loop:
        moved -= moved[0]
    start = np.floor(moved[:-1])
    first = np.arange(many) * CELL + start.astype(np.int64)
    # Within a cell the tape moves by less than a quarter of a frame: one line is enough.
    between = (moved[:-1] - start).astype(np.float32)
    slope = ((moved[1:] - moved[:-1]) / CELL).astype(np.float32)
    reach = int(np.abs(moved).max()) + CELL + 2
    for channel in sound.T:
        framed = np.pad(channel, reach, mode="wrap" if loop and reach <= frames else "edge")
        _sway(framed, np.minimum(first + reach, len(framed) - CELL - 1), between, slope, channel)


@compiled(
    "const float32[:]", "const int64[:]", "const float32[:]", "const float32[:]", "float32[:]"
)
def _sway(sound, first, between, slope, out):
    for cell in range(len(first)):
        target = out[cell * CELL : (cell + 1) * CELL]
        heard = sound[first[cell] : first[cell] + CELL + 1]
        start, rise = between[cell], slope[cell]
        for at in range(len(target)):
            here = heard[at]
            target[at] = here + (heard[at + 1] - here) * (start + rise * np.float32(at))


def _moved(turn: Sound, frames: int, cents: float, seed: int) -> Sound:
    """Frames by which the tape is ahead, at these shares of the file."""
    seconds = frames / SAMPLE_RATE
    rng = np.random.default_rng([seed % 2**32, 31])
    moved = np.zeros(len(turn))
    for rate, depth in ((0.5, 0.8), (1.3, 0.2)):
        # Whole turns in the file, so that a loop's tape joins.
        turns = max(1, round(rate * seconds))
        swing = depth * cents * np.log(2) / 1200 * SAMPLE_RATE * seconds / (2 * np.pi * turns)
        moved += swing * np.sin(2 * np.pi * (turns * turn + rng.random()))
    return moved
