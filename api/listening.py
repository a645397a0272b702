"""The one connection on which a replica hears what Postgres notifies.

Notices are a hint that something is there, never the thing itself: one that is lost, because the
connection was, may cost time and nothing else.
"""

import asyncio
import contextlib
from collections.abc import Callable

import asyncpg
import structlog

from api.database import GONE

PAUSE_S = 1.0
ASK_EVERY_S = 20.0
"""How often the connection is asked whether it still lives."""
ANSWERS_WITHIN_S = 5

log = structlog.get_logger()
Heard = Callable[[str], None]
Missed = Callable[[], None]


class Ear:
    """Calls those who want to know of a channel, with each notice's payload; and all of them after
    it may have missed some."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._channels: dict[str, tuple[Heard, Missed]] = {}
        self._task: asyncio.Task[None] | None = None

    def on(self, channel: str, heard: Heard, missed: Missed) -> None:
        """Listen to one more channel; before it is opened."""
        assert self._task is None, "channels are named before the ear is opened"
        self._channels[channel] = (heard, missed)

    def open(self) -> None:
        """Listen from now on, through every loss of the connection."""
        self._task = asyncio.create_task(self._stay())

    async def close(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _stay(self) -> None:
        while True:
            try:
                await self._listen()
            except (*GONE, TimeoutError) as error:
                log.warning("ear.deaf", error=str(error) or type(error).__name__)
            await asyncio.sleep(PAUSE_S)

    async def _listen(self) -> None:
        lost = asyncio.Event()
        conn = await asyncpg.connect(self._dsn, timeout=ANSWERS_WITHIN_S)
        try:
            conn.add_termination_listener(lambda _: lost.set())
            for channel, (heard, _) in self._channels.items():
                await conn.add_listener(channel, _caller(heard))
            for _, missed in self._channels.values():
                missed()
            while not lost.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(ASK_EVERY_S):
                        await lost.wait()
                if not lost.is_set():
                    await conn.execute("select 1", timeout=ANSWERS_WITHIN_S)
        finally:
            conn.terminate()


def _caller(heard: Heard) -> Callable[[object, object, object, object], None]:
    return lambda conn, pid, channel, payload: heard(str(payload))
