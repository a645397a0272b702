"""How many may be in the house at once, so that those who are in are served.

Requests that work are counted for the replica; beyond the bound the next is sent away at once, for
an answer that comes after its client has given up is work for nothing. Requests that only wait cost
next to nothing and are counted for their key; beyond that bound they are not held back, but
answered as things stand. Nor does anybody work at a request whose body is still on its way: such
are counted for their key too, those without one together, and beyond the bound bodies must come at
once. And nobody works at a file that is sent at its client's pace: of those there may be as many
beside, and no key has more than a part of them.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from prometheus_client import Gauge

from api.errors import Overcrowded

OPEN = Gauge("gateway_open_requests", "Requests being worked on")
SENT_PART = 4
"""No key, and no link, is sent more than one of so many parts of all files that may be."""
KEY: ContextVar[str] = ContextVar("key", default="")
"""The key, or the link's ticket, that the request under way was sent with."""


class Crowd:
    """The requests of one replica."""

    def __init__(self, most: int, waits_per_key: int) -> None:
        self._most, self._waits_per_key = most, waits_per_key
        self._working = 0
        self._waiting: Counter[str] = Counter()
        self._receiving: Counter[str] = Counter()
        self._sending: Counter[str] = Counter()
        OPEN.set_function(lambda: self._working)

    def come(self) -> None:
        """One more works; `Overcrowded` when it would be one too many."""
        if self._working >= self._most:
            raise Overcrowded(self._most)
        self._working += 1

    def go(self) -> None:
        """It has been answered."""
        self._working -= 1

    @contextmanager
    def aside(self) -> Iterator[bool]:
        """Wait without being counted among those who work. False: its key has too many waiting
        already; this one should not wait."""
        if self._waiting[KEY.get()] >= self._waits_per_key:
            yield False
            return
        with Apart(self, self._waiting):
            yield True

    def receiving(self) -> "Apart":
        """Wait for a body without being counted among those who work."""
        return Apart(self, self._receiving)

    def patient(self) -> bool:
        """False: the key under way has too many bodies on their way already; this one should not be
        waited for long."""
        return self._receiving[KEY.get()] < self._waits_per_key

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Send a file without being counted among those who work; `Overcrowded` where too many are
        being sent, to all or to this key."""
        if self._sending.total() >= self._most:
            raise Overcrowded(self._most)
        if self._sending[KEY.get()] >= (of_key := max(1, self._most // SENT_PART)):
            raise Overcrowded(of_key)
        with Apart(self, self._sending):
            yield

    def step(self, counted: Counter[str], key: str, by: int) -> None:
        """So many more, or fewer, are counted for a key instead of among those who work."""
        self._working -= by
        counted[key] += by
        if not counted[key]:
            del counted[key]


class Apart:
    """While it lasts a request is counted for its key, and not among those who work."""

    __slots__ = ("_counted", "_crowd", "_key")

    def __init__(self, crowd: Crowd, counted: Counter[str]) -> None:
        self._crowd, self._counted, self._key = crowd, counted, KEY.get()

    def __enter__(self) -> None:
        self._crowd.step(self._counted, self._key, 1)

    def __exit__(self, *ended: object) -> None:
        self._crowd.step(self._counted, self._key, -1)
