"""What all accounts together may have waiting and running."""

import asyncio
import math
import time
from typing import Self

import asyncpg

from api.errors import StudiosBusy
from engine.contracts import BriefLane
from engine.queue import service as queue

FRESH_S = 1.0
"""A replica reads the backlog of all at most so often; what it takes in itself it adds at once."""
LONGEST_S = 3600
"""Nobody is told to come back later than after an hour."""


def patience(seconds: float) -> int:
    """After how many whole seconds it is worth while to ask again."""
    return min(LONGEST_S, max(1, math.ceil(seconds)))


class Entry:
    """One brief on its way in: what it adds is counted from `take` on, before it is committed."""

    def __init__(self, backlog: "Backlog") -> None:
        self._backlog = backlog
        self.lane: BriefLane = "interactive"
        self.seconds = 0.0

    def __enter__(self) -> Self:
        self._backlog.entering[self] = None
        return self

    def __exit__(self, failed: type[BaseException] | None, *more: object) -> None:
        del self._backlog.entering[self]
        if failed is None:
            self._backlog.add(self.lane, self.seconds)

    async def take(self, conn: asyncpg.Connection, lane: BriefLane, seconds: float) -> None:
        """Count a brief in; `StudiosBusy` where the studios have enough to do without it."""
        await self._backlog.admit(conn, lane, seconds)
        self.lane, self.seconds = lane, seconds


class Backlog:
    """What all accounts together may have waiting and running, in studio seconds; 0: any amount.

    Batch work may wait for a day, so it has a bound of its own, and does not count against what
    must be made now. Of what other replicas take in this one hears a second later.
    """

    def __init__(self, bound_s: int = 0, batch_bound_s: int = 0) -> None:
        self._bounds: dict[BriefLane, int] = {"interactive": bound_s, "batch": batch_bound_s}
        self._read: dict[BriefLane, float] = {"interactive": 0.0, "batch": 0.0}
        self._added: dict[BriefLane, float] = {"interactive": 0.0, "batch": 0.0}
        self.entering: dict[Entry, None] = {}
        """Those on their way in."""
        self._running = 0
        self._read_at = -math.inf
        self._reading = asyncio.Lock()

    def entry(self) -> Entry:
        """Around the transaction that takes a brief in, so that it is counted until the end."""
        return Entry(self)

    def add(self, lane: BriefLane, seconds: float) -> None:
        """A brief was taken in."""
        self._added[lane] += seconds

    def bounds(self, lane: BriefLane) -> bool:
        """Whether there may be too much of a lane."""
        return bool(self._bounds[lane])

    async def admit(self, conn: asyncpg.Connection, lane: BriefLane, seconds: float) -> None:
        """`StudiosBusy` where there is too much of a lane already. One brief alone is never too
        much, however long it is."""
        if not self.bounds(lane):
            return
        await self._refresh(conn)
        there = self._read[lane] + self._added[lane]
        there += sum(one.seconds for one in self.entering if one.lane == lane)
        if there and there + seconds > (bound := self._bounds[lane]):
            raise StudiosBusy(patience((there + seconds - bound) / max(1, self._running)))

    async def _refresh(self, conn: asyncpg.Connection) -> None:
        async with self._reading:
            if time.monotonic() - self._read_at < FRESH_S:
                return
            known = dict(self._added)
            loads = await queue.loads(conn)
            self._read = {"interactive": 0.0, "batch": 0.0}
            for load in loads:
                self._read["batch"] += load.batch_s
                self._read["interactive"] += load.seconds - load.batch_s
            self._running = sum(load.jobs for load in loads if load.state == "leased")
            for lane, seconds in known.items():
                self._added[lane] -= seconds
            self._read_at = time.monotonic()
