"""How a studio is watched: one line of JSON per event, counters for whoever is on call, and two
questions that its cluster asks."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from threading import Thread

import msgspec
import structlog
from prometheus_client import REGISTRY, MetricsHandler

from engine.backends.contracts import Backend
from engine.memory import resident_bytes
from engine.settings import StudioSettings
from engine.studio.gauges import BACKEND, MEMORY, SESSIONS
from engine.studio.health import Health


def log_as_json() -> None:
    """Log like this from now on; called once, before the studio serves."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )


def show(settings: StudioSettings, backend: Backend) -> None:
    """Say in the metrics what this studio is."""
    BACKEND.clear()
    BACKEND.labels(backend.name, backend.digest).set(1)
    SESSIONS.set(settings.sessions)
    MEMORY.labels("rss").set_function(resident_bytes)


@contextmanager
def watched(settings: StudioSettings, health: Health) -> Iterator[None]:
    """/metrics, /healthz and /readyz, on each port that the settings name."""
    ports = {port for port in (settings.metrics_port, settings.health_port) if port is not None}
    servers = [_server(settings.metrics_host, port, health) for port in sorted(ports)]
    try:
        yield
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


def _server(host: str, port: int, health: Health) -> ThreadingHTTPServer:
    """A server in a thread of its own, so that it answers also when the event loop does not."""
    window = type("Window", (_Window,), {"health": health})
    server = ThreadingHTTPServer((host, port), window)
    server.daemon_threads = True
    Thread(target=server.serve_forever, name="watching", daemon=True).start()
    return server


class _Window(MetricsHandler):
    """Answers whoever watches."""

    registry = REGISTRY
    health: Health
    timeout = 10  # seconds; who opens a connection and says nothing keeps no thread

    def do_GET(self) -> None:  # noqa: N802 - so http.server calls it
        """200 or 503 with the facts, or the metrics."""
        path = self.path.partition("?")[0]
        if path == "/healthz":
            stuck = self.health.stuck()
            self._answer(not stuck, {"stuck": stuck})
        elif path == "/readyz":
            self._answer(self.health.ready, {"ready": self.health.ready})
        else:
            super().do_GET()

    def _answer(self, good: bool, facts: dict[str, object]) -> None:
        body = msgspec.json.encode(facts)
        self.send_response(200 if good else 503)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
