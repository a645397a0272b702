"""Every pitch code, its class from the tonic, and who can play it."""

import numpy as np

from engine.compose.codes import CODES, FIRST_PITCH, pitch_of, relative_class
from engine.contracts import PartPlan

PITCHES = np.arange(FIRST_PITCH, CODES)  # (pitches,) codes
CLASSES = np.array([relative_class(int(code)) for code in PITCHES])  # (pitches,) 0-11


def range_of(part: PartPlan, tonic_pitch: int) -> np.ndarray:
    """(pitches,) whether a part's instrument has the pitch."""
    sounding = pitch_of(0, tonic_pitch) + PITCHES
    return (part.low <= sounding) & (part.high >= sounding)
