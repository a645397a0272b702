"""How long a step of the work is likely to take, from how long it took this studio lately."""

from threading import Lock
from typing import Literal

Work = Literal["composing", "rendering"]

FIRST: dict[Work, float] = {"composing": 0.04, "rendering": 0.15}
"""Seconds per unit before anything was measured, of one core: a bar of all parts, a second of
sound."""
NEW = 0.5
"""The weight of what was measured last."""


class Pace:
    """Seconds per unit of work: of bars that are composed, of seconds of sound that are rendered
    and mastered. Safe for any number of threads."""

    def __init__(self) -> None:
        self._lock, self._lately = Lock(), dict(FIRST)
        self._times: dict[Work, int] = dict.fromkeys(FIRST, 0)

    def expected_s(self, work: Work, units: float) -> float:
        """Seconds that so much of this work is likely to take."""
        with self._lock:
            return round(self._lately[work] * units, 1)

    def took(self, work: Work, units: float, seconds: float) -> None:
        """So much of this work took so long. The first time tells nothing: then all is made that is
        made once."""
        if units <= 0:
            return
        with self._lock:
            weight = (0.0, 1.0, NEW)[min(self._times[work], 2)]
            self._times[work] += 1
            self._lately[work] += weight * (seconds / units - self._lately[work])
