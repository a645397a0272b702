"""Every pitch code, its class from the tonic, and who can play it.

What is asked for again at every step is computed once for each of the few things it depends on, and
shared: such arrays are read-only.
"""

from collections.abc import Iterable
from functools import cache

import numpy as np

from engine.compose.codes import CODES, FIRST_PITCH, FIRST_STROKE, pitch_of, relative_class
from engine.contracts import PartPlan

PITCHES = np.arange(FIRST_PITCH, CODES)  # (pitches,) codes; nobody's range has the strokes
CLASSES = np.array([relative_class(int(code)) for code in PITCHES])  # (pitches,) 0-11


def range_of(part: PartPlan, tonic_pitch: int) -> np.ndarray:
    """(pitches,) whether a part's instrument has the pitch."""
    sounding = pitch_of(0, tonic_pitch) + PITCHES
    return (part.low <= sounding) & (part.high >= sounding) & (PITCHES < FIRST_STROKE)


@cache
def among(classes: int) -> np.ndarray:
    """(pitches,) whether a pitch's class is in a 12-bit mask of classes."""
    return shared((classes >> CLASSES) & 1 > 0)


@cache
def away_from(code: int) -> np.ndarray:
    """(pitches,) semitones between a pitch and a code, without a sign."""
    return shared(np.abs(PITCHES - code))


def mask_of(classes: Iterable[int]) -> int:
    """Pitch classes as a 12-bit mask."""
    return sum(1 << one for one in {one % 12 for one in classes})


def shared(array: np.ndarray) -> np.ndarray:
    """The array, never to be written to again."""
    array.flags.writeable = False
    return array
