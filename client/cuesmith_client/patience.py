"""When a call is tried again, and after how long.

A call is repeated when nobody answered or the refusal says that the same request may pass later.
Every call that costs carries an idempotency key, so a repeat never happens twice.
"""

import random

from msgspec import Struct

from cuesmith_client.errors import CuesmithError, Refused, TooMuch, Unreachable

FIRST_S, LONGEST_S = 0.5, 30.0


class Patience(Struct, frozen=True, kw_only=True):
    """``tries``: how often a call is sent at most. ``longest_s``: the longest pause between two."""

    tries: int = 5
    longest_s: float = LONGEST_S

    def pause(self, tried: int, error: CuesmithError) -> float | None:
        """Seconds until the next try after ``tried``; None where another one would not help."""
        if tried >= self.tries or not _passing(error):
            return None
        asked = error.retry_after_s if isinstance(error, Refused) else None
        if asked is not None:
            return asked if asked <= self.longest_s else None
        return random.uniform(0.5, 1) * min(self.longest_s, FIRST_S * 2.0 ** (tried - 1))


STEADY = Patience()
"""Five tries within about half a minute."""


def _passing(error: CuesmithError) -> bool:
    """Whether the same request may pass later."""
    if isinstance(error, Refused):
        return error.problem.retryable or isinstance(error, TooMuch)
    return isinstance(error, Unreachable)
