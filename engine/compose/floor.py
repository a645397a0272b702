"""The floor on which the desks stand: calls come in by one door and are shared out row by row.

All that several threads touch is here, under one lock; the desks' own work is not.
"""

import math
import threading
from collections.abc import Callable

from msgspec import Struct

from engine.compose import watching
from engine.compose.call import Call
from engine.compose.passage import Passage
from engine.compose.seats import Turns
from engine.errors import DeviceLost, Stopped

FEW = 4  # rows that a desk takes before it thinks of sharing: fewer cost nearly as much


class Row(Struct, eq=False):
    """A passage at a desk, and the call it is written for."""

    call: Call
    passage: Passage


class Blame:
    """A context in which an error fails one call, and nothing else."""

    __slots__ = ("_call", "_floor")

    def __init__(self, floor: "Floor", call: Call) -> None:
        self._floor, self._call = floor, call

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, Exception):
            return False
        self._floor.abandon(self._call, error)
        return True


class Floor:
    """What waits to be written, and who writes: safe for any number of threads."""

    def __init__(self, desks: int, rows: int) -> None:
        self._rows, self._busy = rows, [0] * desks
        self._calls: dict[int, Call] = {}
        self._turns, self._entered = Turns(), 0
        self._changed = threading.Condition()
        self._works: list[Callable[[], None]] = []
        self._threads: list[threading.Thread] = []
        self._closed: Exception | None = None
        for desk in range(desks):
            watching.ROWS.labels(desk).set(rows)
            watching.BUSY.labels(desk).set(0)

    def opened_by(self, works: list[Callable[[], None]]) -> None:
        """Say what the desks' threads do; they begin with the first call."""
        self._works = works

    def enter(self, call: Call) -> None:
        """Let a call's passages wait for their rows."""
        with self._changed:
            if self._closed is not None:
                raise self._closed
            if call.settle():
                return
            self._begin()
            self._entered += 1
            call.number = self._entered
            self._calls[call.number] = call
            self._line_up(call)
            self._changed.notify_all()

    def abandon(self, call: Call, error: BaseException) -> None:
        """Let a call end before it is written."""
        with self._changed:
            self._fail(call, error)

    def blaming(self, call: Call) -> "Blame":
        """Let a call alone answer for what goes wrong inside."""
        return Blame(self, call)

    def seats(self, desk: int, rows: list[Row]) -> list[Row] | None:
        """The rows that come to a desk before its next step; waits where it would have none.

        From ``rows`` those are taken that are done or whose call has failed. None: the floor is
        closed.
        """
        self._ask()
        with self._changed:
            self._clear(desk, rows)
            while not (coming := self._coming(desk)) and not rows:
                if self._closed is not None:
                    return None
                self._changed.wait()
            return None if self._closed is not None else coming

    def clear(self, desk: int, rows: list[Row]) -> None:
        """Take from a desk's rows those that have no more to write, and let their callers go."""
        with self._changed:
            self._clear(desk, rows)

    def lose(self, desk: int, rows: list[Row], error: Exception) -> None:
        """The network cannot be run any more: every call fails, and every one to come."""
        lost = DeviceLost(f"desk {desk} of the composer cannot go on: {error}")
        lost.__cause__ = error
        with self._changed:
            self.shut(lost)
            self._clear(desk, rows)

    def shut(self, error: Exception) -> None:
        """Take no more calls; let those that are here fail as soon as their rows have left."""
        with self._changed:
            self._closed = self._closed or error
            for call in list(self._calls.values()):
                self._fail(call, error)
            self._changed.notify_all()

    def close(self) -> None:
        """Stop what is written; the desks' threads have ended when this returns."""
        self.shut(Stopped("the composer was closed"))
        for thread in self._threads:
            thread.join()

    def _begin(self) -> None:
        if not self._threads:
            self._threads = [
                threading.Thread(target=work, name=f"desk-{desk}", daemon=True)
                for desk, work in enumerate(self._works)
            ]
            for thread in self._threads:
                thread.start()

    def _ask(self) -> None:
        """Ask every call whether it is still wanted; outside the lock: others' code runs here."""
        with self._changed:
            calls = [one for one in self._calls.values() if one.error is None and one.seat.stop]
        for call in calls:
            with self.blaming(call):
                call.refuse_stopped()

    def _clear(self, desk: int, rows: list[Row]) -> None:
        for row in [row for row in rows if row.call.error is not None or row.passage.done]:
            rows.remove(row)
            row.call.seated -= 1
            self._busy[desk] -= 1
            if row.call.error is None:
                row.call.written(row.passage)
                self._line_up(row.call)
                self._changed.notify_all()
            self._settle(row.call)

    def _coming(self, desk: int) -> list[Row]:
        """As many of those whose turn it is as the desk has rows for, sharing with the others."""
        all_rows = sum(self._busy) + len(self._turns)
        share = min(self._rows, max(FEW, math.ceil(all_rows / len(self._busy))))
        coming = []
        while self._busy[desk] < share and len(self._turns):
            waiting = self._turns.next()
            call = self._calls[waiting.call]
            coming.append(Row(call, waiting.passage))
            call.seated += 1
            self._busy[desk] += 1
        watching.BUSY.labels(desk).set(self._busy[desk])
        watching.WAITING.labels("all").set(len(self._turns))
        return coming

    def _line_up(self, call: Call) -> None:
        for place, passage in call.ready():
            self._turns.add(call.seat, call.number, place, passage)

    def _fail(self, call: Call, error: BaseException) -> None:
        call.fail(error)
        self._turns.drop(call.seat, call.number)
        self._settle(call)

    def _settle(self, call: Call) -> None:
        if call.settle():
            self._calls.pop(call.number, None)
