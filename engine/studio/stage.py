"""Where takes become sound, several at once and those of all sessions together.

Two makers: threads of the studio itself, here, and processes beside it, `engine.studio.players`.
Which of them plays, and what is played beside it, changes no byte.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock, Semaphore
from typing import Protocol

from engine.contracts import Resolved, RetractedTake
from engine.render.banks import Bank
from engine.studio.playing import Sounded, play
from engine.studio.takes import Take

ABREAST = 2  # takes that threads render side by side
LONG_MS = 150_000  # above this a take needs the memory of two

Playing = Future[Sounded | RetractedTake]


class Stage(Protocol):
    """Plays takes in the order in which they come. ``places`` are played at the same time."""

    places: int

    @property
    def turns(self) -> int:
        """How often a take was begun or ended, whoever's: it changes while there are players."""
        ...

    def submit(self, resolved: Resolved, take: Take) -> Playing:
        """A start on a take, or its place in the row; it may be canceled before its start."""
        ...

    def close(self) -> None:
        """End all players. What was submitted and has not ended is dropped."""
        ...


class Threads:
    """Players that are threads of the studio."""

    def __init__(self, bank: Bank, places: int = ABREAST) -> None:
        self.places = places
        self._bank, self._room = bank, Room(places)
        self._pool = ThreadPoolExecutor(places, thread_name_prefix="player")

    @property
    def turns(self) -> int:
        """How often a take was begun or ended."""
        return self._room.turns

    def submit(self, resolved: Resolved, take: Take) -> Playing:
        """A start on a take."""
        return self._pool.submit(self._play, resolved, take)

    def close(self) -> None:
        """Waits for what is being played: a thread cannot be ended."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _play(self, resolved: Resolved, take: Take) -> Sounded | RetractedTake:
        with self._room.taken(resolved.duration_ms):
            return play(resolved, take, self._bank)


class Room:
    """Memory for so many takes at once; a long one takes twice as much."""

    def __init__(self, places: int) -> None:
        self.turns = 0
        """How often it was taken or left."""
        self._places, self._free = places, Semaphore(places)
        self._door = Lock()  # one at a time, or two long ones would each hold half of theirs

    @contextmanager
    def taken(self, duration_ms: int) -> Iterator[None]:
        """Wait for the room that a take of this length needs, and hold it."""
        needed = min(self._places, 2 if duration_ms > LONG_MS else 1)
        with self._door:
            for _ in range(needed):
                self._free.acquire()
            self.turns += 1
        try:
            yield
        finally:
            self.turns += 1  # of two at once one may be lost: that it changes is what counts
            self._free.release(needed)
