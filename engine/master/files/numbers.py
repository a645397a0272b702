"""From floating point to whole numbers, with the dither that keeps the last bit honest."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

AT_ONCE = 1 << 18  # frames turned into integers at a time


def whole(
    samples: NDArray[np.floating], bit_depth: int, seed: int, *, dithered: bool
) -> Iterator[NDArray[np.int32]]:
    """``samples`` (frames, channels) as integers of ``bit_depth`` bit, piece by piece.

    The triangular dither is drawn from ``seed``; full scale is clipped and does not wrap.
    """
    full = 2 ** (bit_depth - 1)
    rng = np.random.default_rng([seed % 2**63, bit_depth])
    for start in range(0, len(samples), AT_ONCE):
        scaled = samples[start : start + AT_ONCE].astype(np.float64, order="C") * full
        if dithered:
            # Two even draws make the triangle that frees the last bit of every trace of the signal.
            scaled += rng.random(scaled.shape, np.float32)
            scaled -= rng.random(scaled.shape, np.float32)
        yield np.clip(np.rint(scaled), -full, full - 1).astype("<i4")
