"""The sandbox's time. Rules ask `Clock.now` and nothing else; it never goes back.

It runs with the machine's clock until it is advanced, and keeps its lead from then on. Given a
``source`` that stands still, it stands still between advances.
"""

import calendar
import heapq
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

DAY_S = 86_400

Task = tuple[int, int, str, str]
"""When (unix seconds), a number that keeps equal times in order, what to do, to which object."""


class Clock:
    """Seconds since 1970, forward only."""

    def __init__(self, source: Callable[[], float] = time.time, lead_s: float = 0.0) -> None:
        self._source, self.lead_s = source, lead_s
        self.due: list[Callable[[float], None]] = []
        self._latest: float | None = None
        self._held: float | None = None

    def now(self) -> float:
        """The time in unix seconds."""
        if self._held is not None:
            return self._held
        now = self._source() + self.lead_s
        self._latest = now if self._latest is None else max(self._latest, now)
        return self._latest

    @contextmanager
    def at(self, moment: float) -> Iterator[None]:
        """Everything inside happens at this moment, as what was due then."""
        before, self._held = self._held, moment
        try:
            yield
        finally:
            self._held = before

    def advance(self, to: float | datetime) -> None:
        """Go forward to a moment, doing on the way what falls due; ``ValueError`` for the past."""
        moment = to.timestamp() if isinstance(to, datetime) else float(to)
        if moment < self.now():
            raise ValueError(f"the clock is at {self.now():.0f} and never goes back")
        for on_the_way in self.due:
            on_the_way(moment)
        self.lead_s += max(0.0, moment - self.now())


class Agenda:
    """What falls due and when, earliest first."""

    def __init__(self) -> None:
        self._tasks: list[Task] = []
        self._count = 0

    def put(self, when: float, what: str, which: str) -> None:
        """Note a task; whoever carries it out checks that it still applies."""
        self._count += 1
        heapq.heappush(self._tasks, (int(when), self._count, what, which))

    def take(self, until: float) -> Task | None:
        """The earliest task due by then, if there is one."""
        if self._tasks and self._tasks[0][0] <= until:
            return heapq.heappop(self._tasks)
        return None


def months_later(begin: int, months: int) -> int:
    """The same day and time of a later month, or its last day where it is shorter."""
    day = datetime.fromtimestamp(begin, UTC).date()
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    later = date(year, month + 1, min(day.day, last))
    return (later - date(1970, 1, 1)).days * DAY_S + begin % DAY_S
