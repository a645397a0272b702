"""What the work on a job has said and nobody has written down yet."""

import threading
from collections import deque

from msgspec import to_builtins

from engine.queue.contracts import Progress
from engine.queue.events import Told

MOST_KEPT = 200
"""Of what is not written down yet the newest: what is matters more than what was."""


class Telling:
    """Takes from any thread what is said; never waits."""

    def __init__(self) -> None:
        self._said: deque[Told] = deque(maxlen=MOST_KEPT)
        self._progress: Told | None = None
        self._lock = threading.Lock()

    def note(self, said: Progress | Told) -> None:
        """Keep it until it is written down. Of two sayings on how far one step is, only the later
        one, and nothing that was the last thing said of it."""
        told = (
            Told(kind="progress", facts=to_builtins(said)) if isinstance(said, Progress) else said
        )
        with self._lock:
            if told.kind == "progress":
                if told == self._progress:
                    return
                self._progress = told
            if self._said and _same_step(self._said[-1], told):
                self._said.pop()
            self._said.append(told)

    def put_back(self, said: list[Told]) -> None:
        """What could not be written down after all comes before what was said since."""
        with self._lock:
            room = MOST_KEPT - len(self._said)
            self._said.extendleft(reversed(said[len(said) - room :] if room < len(said) else said))

    def taken(self) -> list[Told]:
        """What was said since the last time, in order."""
        with self._lock:
            said = list(self._said)
            self._said.clear()
        return said


def _same_step(before: Told, now: Told) -> bool:
    return before.kind == now.kind == "progress" and before.facts["step"] == now.facts["step"]
