"""One call for music: its takes, and how far they are."""

import threading
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from engine.compose.choosing import MIN_P
from engine.compose.passage import Passage
from engine.compose.seats import Seat
from engine.compose.take import Take
from engine.errors import Stopped
from engine.score import BarRating, BarView

BarRater = Callable[[BarView], BarRating]
BarsKept = Callable[[int, int, int], None]
"""Told which take, of those that were asked for, has so many bars of which section now."""


class Manner(Struct, frozen=True, kw_only=True):
    """How one call writes; see `engine.compose.composer.Composer.write`."""

    rate: BarRater | None = None
    kept: BarsKept | None = None
    temperature: float = 1.0
    budget: float = 1.0
    tries: int = 1
    pull: float = 1.0
    least: float = MIN_P


class Call:
    """What one caller waits for; it is the floor's, and asked and changed under its lock."""

    def __init__(self, takes: Sequence[Take], manner: Manner, seat: Seat) -> None:
        self.manner, self.seat = manner, seat
        self.error: BaseException | None = None
        self.number = 0  # counts the calls of a floor
        self.seated = 0  # rows that it has at all desks
        self._held = list(enumerate(_in_turn(takes)))  # what waits for others, each in its place
        self._unwritten = {id(passage) for _, passage in self._held}
        self._over = threading.Event()

    def refuse_stopped(self) -> None:
        """`Stopped` where its caller says so."""
        if self.seat.stop is not None and self.seat.stop():
            raise Stopped("nobody waits for this music any more")

    def ready(self) -> Iterator[tuple[int, Passage]]:
        """The passages that can be written now and could not before, each with its place."""
        held, self._held = self._held, []
        for place, passage in held:
            if any(id(earlier) in self._unwritten for earlier in passage.awaited):
                self._held.append((place, passage))
            else:
                yield place, passage

    def written(self, passage: Passage) -> None:
        """Note that a passage has its last bar."""
        self._unwritten.remove(id(passage))

    def fail(self, error: BaseException) -> None:
        """Let it end with an error; the first one counts."""
        self.error = self.error or error

    def settle(self) -> bool:
        """Let the caller go on where all is written, or nothing is any longer; whether it may."""
        over = not self.seated and (self.error is not None or not self._unwritten)
        if over:
            self._over.set()
        return over

    @property
    def over(self) -> bool:
        """Whether its caller may go on."""
        return self._over.is_set()

    def wait(self) -> None:
        """Until all is written; raises what it failed with."""
        self._over.wait()
        if self.error is not None:
            raise self.error


def _in_turn(takes: Sequence[Take]) -> list[Passage]:
    """All passages that have something to write, those first that most work waits for."""
    behind: dict[int, int] = {}
    passages = [passage for take in takes for passage in (*take.sources, *take.passages)]
    for passage in reversed(passages):
        behind[id(passage)] = behind.get(id(passage), 0) + len(passage.slots)
        for earlier in passage.awaited:
            before = behind.get(id(earlier), 0)
            behind[id(earlier)] = max(before, behind[id(passage)])
    passages.sort(key=lambda passage: -behind[id(passage)])
    return [passage for passage in passages if not passage.done]
