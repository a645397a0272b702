"""Who sits where when: the seats of calls that write at the same time, and whose turn is next.

A call's passages are seated as rows of a desk one by one, as rows come free. Interactive calls go
before batch ones, but for every `BATCH_TURN`-th seat, so that no batch waits for ever. Within a
lane the accounts take turns (deficit round robin, Shreedhar and Varghese 1995: a turn is worth
`QUANTUM` bars of single roles, and what is not spent of it is kept while the account waits), so
that the flood of one keeps nobody else waiting. Within an account the earlier due goes first, then
who came first; within a call that which most other work waits for.
"""

import math
from collections import deque
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Literal

from msgspec import Struct

from engine.compose.passage import Passage

Lane = Literal["interactive", "batch"]

QUANTUM = 48  # bars of single roles: about a section's
BATCH_TURN = 8


class Seat(Struct, frozen=True, kw_only=True):
    """For whom a call writes. ``due`` is a moment of `time.monotonic`.

    ``stop`` is asked before every step, from the desks' threads, also while the call waits.
    """

    account: str = ""
    lane: Lane = "interactive"
    due: float | None = None
    stop: Callable[[], bool] | None = None


class Waiting(Struct, frozen=True, order=True):
    """A passage that could be written now; in the order of its account."""

    due: float
    call: int
    place: int
    passage: Passage


class Turns:
    """All that waits, and whose turn it is. Not safe for two threads at once."""

    def __init__(self) -> None:
        self._lanes: dict[str, _Round] = {"interactive": _Round(), "batch": _Round()}
        self._passed = 0  # interactive seats since the last one of a batch

    def __len__(self) -> int:
        return sum(len(lane) for lane in self._lanes.values())

    def add(self, seat: Seat, call: int, place: int, passage: Passage) -> None:
        """Let a passage wait. ``call`` counts the calls, ``place`` orders the passages of one."""
        due = math.inf if seat.due is None else seat.due
        waiting = Waiting(due, call, place, passage)
        self._lanes[seat.lane].add(seat.account, waiting)

    def next(self) -> Waiting:
        """Whose turn it is; it no longer waits. Something must be waiting."""
        interactive, batch = self._lanes["interactive"], self._lanes["batch"]
        if len(batch) and (not len(interactive) or self._passed >= BATCH_TURN - 1):
            self._passed = 0
            return batch.next()
        self._passed += 1
        return interactive.next()

    def drop(self, seat: Seat, call: int) -> None:
        """Let nothing of a call wait any longer."""
        self._lanes[seat.lane].drop(seat.account, call)


class _Round:
    """One lane: its accounts in the order of their turns, with what each may still spend."""

    def __init__(self) -> None:
        self._turns: deque[str] = deque()
        self._waiting: dict[str, list[Waiting]] = {}
        self._credit: dict[str, int] = {}

    def __len__(self) -> int:
        return sum(len(waiting) for waiting in self._waiting.values())

    def add(self, account: str, waiting: Waiting) -> None:
        if account not in self._waiting:
            self._turns.append(account)
            self._waiting[account] = []
            self._credit[account] = QUANTUM if len(self._turns) == 1 else 0
        heappush(self._waiting[account], waiting)

    def next(self) -> Waiting:
        while self._credit[self._turns[0]] < self._waiting[self._turns[0]][0].passage.cost:
            self._turns.rotate(-1)
            self._credit[self._turns[0]] += QUANTUM
        account = self._turns[0]
        found = heappop(self._waiting[account])
        self._credit[account] -= found.passage.cost
        if not self._waiting[account]:
            self._leave(account)
        return found

    def drop(self, account: str, call: int) -> None:
        kept = [one for one in self._waiting.get(account, ()) if one.call != call]
        if account not in self._waiting:
            return
        heapify(kept)
        self._waiting[account] = kept
        if not kept:
            self._leave(account)

    def _leave(self, account: str) -> None:
        """An account without anything to write keeps no credit; the turn goes on."""
        first = self._turns[0] == account
        self._turns.remove(account)
        del self._waiting[account], self._credit[account]
        if first and self._turns:
            self._credit[self._turns[0]] += QUANTUM
