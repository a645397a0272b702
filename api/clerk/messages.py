"""Telling clients: messages go out side by side, each endpoint's at its own pace.

Not a round like the others: an endpoint that takes its fifteen seconds must not hold the next claim
up. What is being sent when the clerk is told to stop is finished.
"""

import asyncio
import contextlib
import itertools
import os
import secrets
import socket
import time

import asyncpg
import structlog
from prometheus_client import Counter, Gauge, Histogram

from api.clerk.desk import Desk
from api.database import GONE
from api.webhooks import outbox
from api.webhooks.outbox import Letter, Outcome, Thread
from api.webhooks.sending import Courier
from billing.connections import lent, transaction
from engine.queue import events

AT_ONCE = 64
"""Threads a clerk works on at the same time."""
IN_A_ROW = 20
"""Messages of one thread before others have their turn."""
IDLE_S = 0.5

log = structlog.get_logger()
WAITING = Gauge("clerk_messages_waiting", "Messages that wait for an endpoint")
SENT = Counter("clerk_messages_sent_total", "Tries to deliver a message", ["outcome"])
SECONDS = Histogram(
    "clerk_message_seconds", "How long an endpoint took to answer",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15),
)  # fmt: skip


class Post:
    """Sends what is due until it is told to stop."""

    def __init__(self, pool: asyncpg.Pool, courier: Courier) -> None:
        self._pool, self._courier = pool, courier
        self._clerk = f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}"
        self._claims = itertools.count()
        self._under_way: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def serve(self, stop: asyncio.Event, woken: asyncio.Event) -> None:
        """Claim whenever there is room, woken by a notice, by a thread's end, or every half second
        for what is to be tried again."""
        while not stop.is_set():
            woken.clear()
            try:
                await self.begin_due(woken)
            except GONE as error:
                log.warning("messages.unclaimed", error=str(error))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), IDLE_S)
        self._stopping = True
        await self.drained()

    async def begin_due(self, woken: asyncio.Event | None = None) -> int:
        """Begin as many threads as there is room for; returns how many."""
        room = AT_ONCE - len(self._under_way)
        if room <= 0:
            return 0
        worker = f"{self._clerk}/{next(self._claims)}"
        async with transaction(self._pool) as conn:
            threads = await outbox.claim(conn, worker, room)
        for thread in threads:
            task = asyncio.create_task(self._work_off(thread, worker))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
            if woken is not None:
                task.add_done_callback(lambda _: woken.set())
        return len(threads)

    async def drained(self) -> None:
        """Wait until nothing is under way."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def _work_off(self, thread: Thread, worker: str) -> None:
        try:
            for _ in range(IN_A_ROW):
                async with transaction(self._pool) as conn:
                    letter = await outbox.first(conn, thread, worker)
                if letter is None or await self._deliver(thread, worker, letter) != "delivered":
                    break
                if self._stopping:
                    break
            async with transaction(self._pool) as conn:
                await outbox.leave(conn, thread, worker)
        except GONE as error:
            # The lease runs out by itself, and the message is sent again.
            log.warning("message.left", endpoint=thread.endpoint, error=str(error))
        except Exception:  # one endpoint's fault must not stop the post for the others
            log.exception("message.fault", endpoint=thread.endpoint)

    async def _deliver(self, thread: Thread, worker: str, letter: Letter) -> Outcome:
        began = time.perf_counter()
        answer = await self._courier.send(letter)
        SECONDS.observe(time.perf_counter() - began)
        async with transaction(self._pool) as conn:
            outcome = await outbox.note(conn, thread, worker, letter, answer)
        SENT.labels(outcome).inc()
        log.info("message.sent", event_id=letter.message.id, type=letter.message.type,
                 endpoint=letter.endpoint, account=letter.account, outcome=outcome,
                 tries=letter.tries + 1, status=answer.status, error=answer.error)  # fmt: skip
        return outcome


async def count_messages(desk: Desk) -> int:
    """How many messages wait, for those who watch; none for whom nobody sends to any more."""
    async with transaction(desk.pool) as conn:
        await outbox.drop_late(conn)
        waiting = await outbox.waiting(conn)
    WAITING.set(waiting)
    return waiting


async def forget_told(desk: Desk) -> int:
    """Drop the messages and the events of briefs that are no longer kept."""
    gone = 0
    for forget in (outbox.forget_old, events.forget_old):
        while True:
            async with lent(desk.pool) as conn:
                some = await forget(conn)
            gone += some
            if not some:
                break
    return gone
