"""The baseline that a model must beat: how often each code follows each code, each duration each
code, counted over the training works."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from engine.workshop.extract import Window

_START = 255  # what the first code of a window follows


class Frequencies:
    """``follows`` (256, 128) counts of a code after a code, ``lasts`` (128, 64) of a duration."""

    def __init__(self, follows: np.ndarray, lasts: np.ndarray) -> None:
        self.follows, self.lasts = follows, lasts
        # One is added to every count, so that nothing is impossible.
        self._follows = _surprise(follows + 1.0)
        self._lasts = _surprise(lasts + 1.0)

    @classmethod
    def counted(cls, windows: Iterable[Window]) -> "Frequencies":
        """Count the steps of some windows."""
        follows, lasts = np.zeros((256, 128), np.uint32), np.zeros((128, 64), np.uint32)
        for window in windows:
            np.add.at(follows, (_before(window), window.codes), 1)
            np.add.at(lasts, (window.codes, window.units), 1)
        return cls(follows, lasts)

    @classmethod
    def read(cls, file: Path) -> "Frequencies":
        """What `write` wrote."""
        with np.load(file, allow_pickle=False) as kept:
            return cls(kept["follows"], kept["lasts"])

    def write(self, file: Path) -> None:
        """Keep the counts; the same counts give the same bytes."""
        with file.open("wb") as out:
            np.savez_compressed(out, follows=self.follows, lasts=self.lasts)

    def bits(self, window: Window) -> np.ndarray:
        """(steps,) bits of every step of a window."""
        codes = window.codes
        return self._follows[_before(window), codes] + self._lasts[codes, window.units]


def _before(window: Window) -> np.ndarray:
    return np.concatenate([[_START], window.codes[:-1]])


def _surprise(counts: np.ndarray) -> np.ndarray:
    return -np.log2(counts / counts.sum(1, keepdims=True))
