"""Waiting for a row to be finished by another process, without a connection per waiter."""

import asyncio
import contextlib
from collections.abc import Iterable

import asyncpg
import structlog
from prometheus_client import Gauge

from api.crowd import Crowd
from api.database import GONE

PAUSE_S = 0.25
"""How late a waiter may learn of the end. One query answers all waiters of a replica."""

log = structlog.get_logger()
WAITING = Gauge("gateway_waiting_requests", "Requests held back until a row is finished")


class Watch:
    """Asks, while anybody waits, which of the awaited rows are finished.

    ``query`` takes an array of ids and returns those that are.
    """

    def __init__(self, pool: asyncpg.Pool, query: str, crowd: Crowd) -> None:
        self._pool, self._query, self._crowd = pool, query, crowd
        self._waiting: dict[str, set[asyncio.Future[bool]]] = {}
        self._task: asyncio.Task[None] | None = None
        self._dismissed = False

    async def finished(self, row: str, seconds: float) -> bool:
        """Whether the row is finished before the time is up. False at once where as many requests
        of the same key wait as may."""
        with self._crowd.aside() as may_wait:
            return may_wait and await self._finished(row, seconds)

    async def _finished(self, row: str, seconds: float) -> bool:
        if self._dismissed:
            return False
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(row, set()).add(done)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look())
        try:
            with WAITING.track_inprogress():
                async with asyncio.timeout(seconds):
                    return await done
        except TimeoutError:
            return False
        finally:
            waiters = self._waiting.get(row, set())
            waiters.discard(done)
            if not waiters:
                self._waiting.pop(row, None)

    def dismiss(self) -> None:
        """Let everybody who waits go now, and nobody wait any more."""
        self._dismissed = True
        for waiters in self._waiting.values():
            _tell(waiters, finished=False)

    async def close(self) -> None:
        """Stop looking."""
        self.dismiss()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _look(self) -> None:
        while self._waiting:
            try:
                rows = await self._pool.fetch(self._query, list(self._waiting))
            except GONE as error:
                log.warning("watch.unanswered", why=type(error).__name__)
                rows = []
            for row in rows:
                _tell(self._waiting.get(row["id"], ()), finished=True)
            await asyncio.sleep(PAUSE_S)


def _tell(waiters: Iterable[asyncio.Future[bool]], *, finished: bool) -> None:
    for done in waiters:
        if not done.done():
            done.set_result(finished)
