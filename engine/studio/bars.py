"""What is told of takes while they are written: how many bars of each section the panel has kept.

The composer says so from its own threads, between two steps, and does not wait: a bar is a number
put into a table. Now and then the table is told, in a long piece ever more rarely.
"""

import time
from collections.abc import Callable, Sequence
from threading import Lock

from engine.backends.contracts import Tell
from engine.queue.events import Told
from engine.studio.takes import Sheet

PAUSE_S = 0.5
SLOWER_EVERY = 20
"""After so many tellings the pause doubles: the first minute is what somebody watches."""
MOST = 100
"""Of one attempt at a brief."""


class Bars:
    """The table of one attempt; asked by several threads at once."""

    def __init__(self, tell: Tell, clock: Callable[[], float] = time.monotonic) -> None:
        self._tell, self._clock, self._lock = tell, clock, Lock()
        self._lap: list[_Row] = []
        self._told, self._due = 0, 0.0

    def begin(self, planned: Sequence[Sheet]) -> None:
        """Forget the takes before: these are written next."""
        with self._lock:
            self._lap = [_Row(one) for one in planned]

    def kept(self, take: int, section: int, bars: int) -> None:
        """The panel has kept so many bars of a section; ``take`` counts within the lap."""
        with self._lock:
            self._lap[take].keep(section, bars)
            now = self._clock()
            if now < self._due or self._told >= MOST:
                return
            self._due = now + PAUSE_S * 2 ** (self._told // SLOWER_EVERY)
            self._told += 1
            news = [row.told() for row in self._lap if row.news]
        self._tell(Told(kind="bars.written", facts={"takes": news}))


class _Row:
    """One take."""

    def __init__(self, sheet: Sheet) -> None:
        self.news = False
        self._number, self._of = sheet.number, sheet.plan.bars
        self._written = [0] * len(sheet.plan.sections)

    def keep(self, section: int, bars: int) -> None:
        self._written[section], self.news = bars, True

    def told(self) -> dict[str, object]:
        self.news = False
        return {
            "take": self._number, "bars": sum(self._written), "of": self._of,
            "written": list(self._written),
        }  # fmt: skip
