"""What the work on a job has said and nobody has written down yet."""

import threading
from collections import deque

from msgspec import to_builtins

from engine.queue.contracts import Progress
from engine.queue.events import Told

MOST_KEPT = 200
"""Between two beats; beyond it the oldest are dropped: what is matters more than what was."""


class Telling:
    """Takes from any thread what is said; never waits."""

    def __init__(self) -> None:
        self._said: deque[Told] = deque(maxlen=MOST_KEPT)
        self._lock = threading.Lock()

    def note(self, said: Progress | Told) -> None:
        """Keep it for the next beat. Of two sayings on how far one step is, only the later one."""
        told = (
            Told(kind="progress", facts=to_builtins(said)) if isinstance(said, Progress) else said
        )
        with self._lock:
            if self._said and _same_step(self._said[-1], told):
                self._said.pop()
            self._said.append(told)

    def taken(self) -> list[Told]:
        """What was said since the last time, in order."""
        with self._lock:
            said = list(self._said)
            self._said.clear()
        return said


def _same_step(before: Told, now: Told) -> bool:
    return before.kind == now.kind == "progress" and before.facts["step"] == now.facts["step"]
