"""Rates per key, as a leaky bucket that is one number per key (GCRA).

Kept per replica: a key's true rate is this one times the replicas its requests reach. Money has its
own guard in Postgres; this one only protects the door, so it need not be exact.
"""

import math
import time
from collections.abc import Callable

from api.errors import RateLimited

CLEAN_UP_AT = 10_000
"""With so many keys in memory those that have fallen silent are forgotten."""


class Limiter:
    """Lets ``per_minute`` requests of a key through, ``burst`` of them at once."""

    def __init__(
        self,
        per_minute: int,
        burst: int,
        clock: Callable[[], float] = time.monotonic,
        name: str = "req",
    ) -> None:
        self.per_minute, self.burst, self.name, self._clock = per_minute, burst, name, clock
        self._spacing = 60 / per_minute
        self.policy = f'"{name}";q={per_minute};w=60'.encode()
        """The limit in the words of the RateLimit-Policy header."""
        self._due: dict[str, float] = {}  # when a key's bucket will be empty again

    def take(self, key: str) -> bytes:
        """Count one request; returns what is left, as `said`. `RateLimited` with the seconds to
        wait when it is one too many."""
        now = self._clock()
        due = max(self._due.get(key, now), now) + self._spacing
        excess = due - now - self.burst * self._spacing
        if excess > 1e-9:
            raise RateLimited(excess)
        if len(self._due) >= CLEAN_UP_AT:
            self._due = {one: until for one, until in self._due.items() if until > now}
        self._due[key] = due
        return self.said(int(-excess / self._spacing + 1e-6), due - now)

    def said(self, remaining: int, reset_s: float) -> bytes:
        """What is left of a key's rate in the words of the RateLimit header: requests now, and
        seconds until all of them are back."""
        return f'"{self.name}";r={remaining};t={math.ceil(reset_s)}'.encode()
