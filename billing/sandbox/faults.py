"""What goes wrong on purpose: so many times, or by a seeded chance."""

import random
from typing import Any

from msgspec import Struct

KINDS = {
    "refuse": "the connection is closed before anything happens",
    "429": "too many requests, nothing happens",
    "500": "an error of the server's, nothing happens",
    "lose": "everything happens, and the reply is lost",
    "delay": "the answer comes ``seconds`` later",
    "late": "a meter event is taken, and found wrong afterwards",
    "duplicate": "a webhook is sent twice",
    "drop": "a webhook is never sent; the event can be listed",
    "shuffle": "the webhooks of a delivery are sent in another order",
}
"""Every switch and what it does."""


class Fault(Struct, kw_only=True, forbid_unknown_fields=True):
    """One switch: for the next ``count`` chances, or for each with probability ``chance``; on
    paths that begin with ``path``."""

    count: int = 0
    chance: float = 0.0
    seconds: float = 0.0
    path: str = "/"


class Faults:
    """The switches of one sandbox."""

    def __init__(self, seed: int = 1) -> None:
        self.on: dict[str, Fault] = {}
        self.struck: dict[str, int] = {}
        self.reseed(seed)

    def reseed(self, seed: int) -> None:
        """The same seed and the same calls strike at the same places."""
        self._dice = random.Random(seed)

    def set(self, kind: str, **fields: Any) -> None:
        """Turn a switch, such as ``set("lose", count=2, path="/v1/billing/meter_events")``."""
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is no fault; there are {', '.join(KINDS)}")
        fault = Fault(**fields)
        if fault.count < 0 or not 0 <= fault.chance <= 1 or not 0 <= fault.seconds <= 60:
            raise ValueError("count is not negative, chance within 0 and 1, seconds at most 60")
        self.on[kind] = fault

    def clear(self) -> None:
        """Everything works again."""
        self.on.clear()

    def strikes(self, kind: str, path: str = "/") -> Fault | None:
        """The fault, if it strikes now."""
        fault = self.on.get(kind)
        if fault is None or not path.startswith(fault.path):
            return None
        if fault.count > 0:
            fault.count -= 1
        elif not (fault.chance and self._dice.random() < fault.chance):
            return None
        self.struck[kind] = self.struck.get(kind, 0) + 1
        return fault

    def shuffled(self, letters: list[Any]) -> list[Any]:
        """The letters in another order, where that switch is on."""
        if len(letters) > 1 and self.strikes("shuffle"):
            return self._dice.sample(letters, len(letters))
        return letters
