"""Transforms of real sounds along their last axis, many rows side by side.

scipy takes four rows at a time through a processor's registers and keeps float32, which numpy does
one way only: of eight rows each costs a third of one alone. The bins of a row do not depend on its
neighbours. Everything that sounds is transformed here.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft


def rfft(sound: NDArray[np.floating], n: int | None = None) -> NDArray[np.complexfloating]:
    """The bins of (…, frames), filled up with silence to ``n`` frames: (…, n // 2 + 1)."""
    bins: Any = fft.rfft(sound, n)
    return bins


def irfft(bins: NDArray[Any], n: int, *, overwrite_x: bool = False) -> NDArray[np.floating]:
    """``n`` frames of (…, bins), which may be used up."""
    sound: Any = fft.irfft(bins, n, overwrite_x=overwrite_x)
    return sound


def quick_length(least: int) -> int:
    """The next length that is quick to transform."""
    length: Any = fft.next_fast_len(least, real=True)
    return length
