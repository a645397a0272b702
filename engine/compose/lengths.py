"""Masks of lengths, in grid units; computed once and shared, so that they are read-only."""

from functools import cache

import numpy as np

from engine.compose.codes import DURATIONS
from engine.compose.pitches import shared

UNITS = shared(np.arange(DURATIONS))


@cache
def exactly(units: int) -> np.ndarray:
    """(durations,) that length alone."""
    return shared(np.equal(UNITS, units))


@cache
def upto(units: int) -> np.ndarray:
    """(durations,) any length that is no longer."""
    return shared((UNITS >= 1) & (units >= UNITS))
