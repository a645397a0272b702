"""The heart of a job: it keeps the lease alive, hears who wants the work to end, and writes down
what the work says of itself.

The work itself runs in a thread, where it does not hold the event loop up.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

import asyncpg
import structlog

from engine.errors import LeaseLost, Stopped
from engine.queue.contracts import Lease, Progress
from engine.queue.events import Told
from engine.studio.lanes.lane import Studio
from engine.studio.lanes.telling import Telling

T = TypeVar("T")
log = structlog.get_logger()
LISTENED_TO = ("candidates", "families")
SAID_S = 0.5
"""What is said meanwhile is written down together."""
UNSAYABLE = (asyncpg.DataError, TypeError, ValueError)
"""No row can hold what was said; it would be no other the next time."""


class Heart:
    """Beats from ``async with`` on until it is left. Work that tells nothing may be silent for
    ``silent_s`` longer than other work before it seems stuck."""

    def __init__(self, studio: Studio, lease: Lease, step: str, silent_s: float = 0.0) -> None:
        self._studio, self._lease, self._silent_s = studio, lease, silent_s
        self._progress = Progress(step=step)
        self._telling = Telling()
        self._halt = threading.Event()
        self._beating: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._news, self._writing = asyncio.Event(), asyncio.Lock()
        self._saying: asyncio.Task[None] | None = None
        self.canceled = False
        """Whether it is the client who wants the work to end."""

    async def __aenter__(self) -> Self:
        self._studio.health.moved(self._lease.job.id, self._silent_s)
        self._beating = asyncio.create_task(self._beat())
        self._saying = asyncio.create_task(self._say())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._halt.set()
        self._studio.health.ended(self._lease.job.id)
        assert self._beating is not None, "it was entered"
        assert self._saying is not None, "it was entered"
        self._saying.cancel()
        self._beating.cancel()
        with contextlib.suppress(asyncio.CancelledError, LeaseLost, OSError):
            await self._beating
        with contextlib.suppress(asyncio.CancelledError):
            await self._saying

    def tell(self, said: Progress | Told) -> None:
        """Say how far the work is, or something else of it; `Stopped` where it is to end. Called
        in the work's thread."""
        if isinstance(said, Progress):
            self._progress = said
        self._telling.note(said)
        self._loop.call_soon_threadsafe(self._news.set)
        self._studio.health.moved(self._lease.job.id)
        if self._halt.is_set():
            raise Stopped

    async def write_down(self) -> None:
        """What was said since the last time, for those who listen: of what can be listened to."""
        async with self._writing:
            said = self._telling.taken()
            if not said or self._lease.job.wants not in LISTENED_TO:
                return
            try:
                await self._studio.queue.tell(self._lease, said)
            except UNSAYABLE as error:
                log.error("job.unsayable", job=self._lease.job.id, error=str(error))
            except BaseException:  # also a cancel: what was said is said with what comes next
                self._telling.put_back(said)
                raise

    async def write_down_if_possible(self) -> None:
        """The same; but what comes of it costs nobody the work."""
        try:
            await self.write_down()
        # Those who listen miss something, who has paid does not.
        except Exception as error:  # noqa: BLE001
            log.warning("job.untold", job=self._lease.job.id, error=str(error))

    async def _say(self) -> None:
        """Write down what is said soon after, but not each word; what could not be written is tried
        again with what comes next."""
        while True:
            await self._news.wait()
            self._news.clear()
            await self.write_down_if_possible()
            await asyncio.sleep(SAID_S)

    def stopped(self) -> bool:
        """Whether the work is to end."""
        return self._halt.is_set()

    async def through(self, work: Callable[[], T]) -> T:
        """What ``work`` gives, done in a thread; or why the heart has stopped before it did."""
        assert self._beating is not None, "it was entered"
        self._studio.health.moved(self._lease.job.id, self._silent_s)
        done = asyncio.ensure_future(asyncio.to_thread(work))
        await asyncio.wait({done, self._beating}, return_when=asyncio.FIRST_COMPLETED)
        if not done.done():  # the lease is lost or the database is gone
            self._halt.set()
            with contextlib.suppress(Stopped):
                await done
            await self._beating
        return await done

    async def _beat_once(self) -> bool:
        studio = self._studio
        return await studio.queue.beat(self._lease, studio.lease_for, self._progress)

    async def _beat(self) -> None:
        """Extend the lease three times as often as needed; learn of a cancel, or that the studio
        leaves."""
        pause = self._studio.lease_for.total_seconds() / 3
        while True:
            if await self._studio.patiently(self._beat_once):
                self.canceled = True
                self._halt.set()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._studio.leave.wait(), min(pause, 2.0))
                self._halt.set()
                await asyncio.sleep(min(pause, 2.0))
