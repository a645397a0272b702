"""Meter events, counted as they come: by identifier, and by event name, customer and minute.

Values are whole numbers. Sums show what was seen ``lag_s`` ago; invoices count everything.
"""

import bisect
from collections import deque
from typing import Any, NamedTuple

from billing.sandbox.clock import DAY_S


class Counted(NamedTuple):
    """One meter event as it was taken."""

    event_name: str
    identifier: str
    customer: str
    value: int
    timestamp: int
    seen_at: float


class Minute:
    """What happened in one minute: its sum, and the events for spans that cut through it."""

    __slots__ = ("events", "total")

    def __init__(self) -> None:
        self.total = 0
        self.events: list[Counted] = []


Lane = tuple[str, str]
"""An event name and a customer."""


class Usage:
    """All meter events of an account."""

    def __init__(self) -> None:
        self.events: list[Counted] = []
        self.gone: set[int] = set()  # places in ``events`` that were taken back
        self._latest: dict[str, int] = {}  # identifier → its newest event
        self._minutes: dict[Lane, dict[int, Minute]] = {}
        self._order: dict[Lane, list[int]] = {}
        self._pending: deque[Counted] = deque()

    def seen(self, identifier: str, now: float) -> Counted | None:
        """The event of this identifier, if it came within the last 24 hours."""
        number = self._latest.get(identifier)
        found = self.events[number] if number is not None else None
        return found if found is not None and found.seen_at > now - DAY_S else None

    def add(self, event: Counted) -> None:
        """Count one event."""
        self._latest[event.identifier] = len(self.events)
        self.events.append(event)
        lane, minute = (event.event_name, event.customer), event.timestamp // 60
        minutes = self._minutes.setdefault(lane, {})
        if minute not in minutes:
            minutes[minute] = Minute()
            bisect.insort(self._order.setdefault(lane, []), minute)
        minutes[minute].total += event.value
        minutes[minute].events.append(event)
        self._pending.append(event)

    def take_back(self, identifier: str) -> Counted:
        """Count an event no longer; its identifier stays used."""
        number = self._latest[identifier]
        event = self.events[number]
        if number not in self.gone:
            self.gone.add(number)
            minute = self._minutes[event.event_name, event.customer][event.timestamp // 60]
            minute.events.remove(event)
            minute.total -= event.value
            if event in self._pending:
                self._pending.remove(event)
        return event

    def total(self, lane: Lane, begin: int, end: int) -> int:
        """The sum over [begin, end), everything counted."""
        found = 0
        for number, minute in self._span(lane, begin, end):
            if begin <= number * 60 and number * 60 + 60 <= end:
                found += minute.total
            else:
                found += sum(e.value for e in minute.events if begin <= e.timestamp < end)
        return found

    def visible(self, lane: Lane, begin: int, end: int, until: float) -> int:
        """The sum over [begin, end) of what was seen by then."""
        while self._pending and self._pending[0].seen_at <= until:
            self._pending.popleft()
        hidden = sum(
            event.value
            for event in self._pending
            if (event.event_name, event.customer) == lane and begin <= event.timestamp < end
        )
        return self.total(lane, begin, end) - hidden

    def within(self, lane: Lane, begin: int, end: int) -> list[Counted]:
        """The events over [begin, end), by time."""
        found = [e for _, minute in self._span(lane, begin, end) for e in minute.events]
        return sorted(
            (e for e in found if begin <= e.timestamp < end), key=lambda e: (e.timestamp, e.seen_at)
        )

    def _span(self, lane: Lane, begin: int, end: int) -> list[tuple[int, Minute]]:
        order, minutes = self._order.get(lane, []), self._minutes.get(lane, {})
        first = bisect.bisect_left(order, begin // 60)
        last = bisect.bisect_left(order, -(-end // 60))
        return [(number, minutes[number]) for number in order[first:last]]

    def lines(self) -> list[list[Any]]:
        """Everything, for the state file: each event, and whether it was taken back."""
        return [[*event, number in self.gone] for number, event in enumerate(self.events)]
