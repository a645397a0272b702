"""How a studio is watched: one line of JSON per event, and counters for whoever is on call."""

import logging

import structlog
from prometheus_client import start_http_server

from engine.settings import StudioSettings


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


def show_metrics(settings: StudioSettings) -> None:
    """/metrics, where the settings name a port for it."""
    if settings.metrics_port is not None:
        start_http_server(settings.metrics_port, addr=settings.metrics_host)
