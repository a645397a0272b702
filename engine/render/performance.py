"""Performance: what players do that no score says. The notes on paper stay as they were written.

Timing, swing, strums and small dynamics of the hands are in the score already (`engine.arrange`
plays it); here the sound gets what a file of notes cannot hold.
"""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.contracts import Plan
from engine.render.strokes import Stroke, strokes_of
from engine.score import Part

LEVEL_STEP = 480  # frames between two values of a level curve: 10 ms


class Performance(Struct, frozen=True, kw_only=True):
    """A part as it is played: its strokes, and its level in dB every `LEVEL_STEP` frames.

    ``level`` is None where the player holds one level. A loop's curve ends where it begins.
    """

    strokes: list[Stroke]
    level: NDArray[np.floating] | None = None


def perform(
    part: Part, plan: Plan, pace: float, frames: int, *, loop: bool, seed: int
) -> Performance:
    """How the part is played; the same seed plays the same way, whatever else sounds."""
    del plan, seed
    return Performance(strokes=strokes_of(part, pace, frames, loop=loop))
