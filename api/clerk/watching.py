"""What people on call see of the clerk: whether the ledger keeps its promises, what waits, and
whether the clerk itself still moves."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import structlog
from prometheus_client import Gauge
from prometheus_client.exposition import ThreadingWSGIServer, make_wsgi_app

from api.clerk.desk import Desk
from billing.connections import lent
from billing.ledger import service as ledger

BROKEN = Gauge("clerk_ledger_broken_promises", "Rows of the ledger that break one of its promises")
WAITING = Gauge("clerk_work_waiting", "Rows that wait for a clerk", ["work"])
OLDEST = Gauge("clerk_work_oldest_seconds", "Age of the oldest of these rows", ["work"])

SILENT_S = 60.0
"""A clerk whose event loop has not turned for that long is to be started again."""

SELECT_WAITING = """
select 'delivery' as work, count(*) as count, min(due_at) as since
from engine.deliveries where settled_at is null and due_at <= now()
union all
select 'stripe_event', count(*), min(received_at) from billing.stripe_inbox where done_at is null
union all
select 'errand', count(*), min(created_at) from billing.errands where state = 'asked'
union all
select 'topup', count(*), min(created_at) from api.topups where state = 'requested'
"""
SELECT_NOW = "select now()"

log = structlog.get_logger()


async def prove_ledger(desk: Desk) -> int:
    """Prove every promise of the ledger; returns how many rows break one."""
    async with lent(desk.pool) as conn:
        broken = await ledger.violations(conn)
    BROKEN.set(len(broken))
    for promise in broken:
        log.error("ledger.broken", promise=promise)
    return len(broken)


async def count_waiting(desk: Desk) -> int:
    """Count what waits for a clerk, by the database's clock; returns how much."""
    async with lent(desk.pool) as conn:
        now, rows = await conn.fetchval(SELECT_NOW), await conn.fetch(SELECT_WAITING)
    for row in rows:
        age = (now - row["since"]).total_seconds() if row["since"] is not None else 0.0
        WAITING.labels(row["work"]).set(row["count"])
        OLDEST.labels(row["work"]).set(max(0.0, age))
    return sum(row["count"] for row in rows)


class Pulse:
    """Whether an event loop turns, seen from another thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._last = clock, clock()

    def silent_s(self) -> float:
        """Seconds since the loop turned."""
        return self._clock() - self._last

    async def beat(self, stop: asyncio.Event) -> None:
        """Say so every second, until the clerk stops."""
        while not stop.is_set():
            self._last = self._clock()
            await asyncio.sleep(1.0)


PULSE = Pulse()


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its own name for it
        """Who scrapes is nobody's news."""


def show(port: int, host: str, pulse: Pulse = PULSE) -> ThreadingWSGIServer:
    """Answer /metrics, and /healthz with 503 when the clerk hangs, from a thread of their own."""
    metrics = make_wsgi_app()

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/healthz":
            return metrics(environ, start)
        silent = pulse.silent_s()
        start("200 OK" if silent < SILENT_S else "503 Service Unavailable",
              [("Content-Type", "text/plain; charset=utf-8")])  # fmt: skip
        return [f"the clerk moved {silent:.0f} s ago\n".encode()]

    server = make_server(host, port, answer, ThreadingWSGIServer, handler_class=_Silent)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
