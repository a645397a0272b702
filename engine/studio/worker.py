"""A studio that claims jobs: one of each lane at a time, every write fenced.

The work runs in threads; the event loop keeps the leases alive and hears of cancellation. On
SIGTERM a running brief is given back to the queue, and that attempt is not counted; what takes
seconds is finished.
"""

import asyncio
import os
import signal
import socket
from datetime import timedelta

import asyncpg
import structlog

from engine.backends.choice import chosen
from engine.settings import StudioSettings
from engine.stock.service import announcer
from engine.studio.lanes import briefs, families, plans, renditions
from engine.studio.lanes.lane import Studio, follow
from engine.studio.shelf import open_shelf

log = structlog.get_logger()


async def serve(settings: StudioSettings) -> None:
    """Claim and make what is waiting until SIGTERM or SIGINT; then give back what is unfinished."""
    backend = chosen(settings)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    worker = f"{socket.gethostname()}/{os.getpid()}"
    async with asyncpg.create_pool(settings.database_url, min_size=1, max_size=8) as pool:
        log.info("studio.ready", worker=worker, backend=backend.name, digest=backend.digest)
        announce = announcer(pool, asyncio.get_running_loop())
        shelf = open_shelf(settings.store, settings.bucket, announce=announce)
        studio = Studio(
            pool=pool, backend=backend, shelf=shelf, worker=worker,
            lease_for=timedelta(seconds=settings.lease_s), stop=stop,
        )  # fmt: skip
        await asyncio.gather(
            follow(studio, "plans", plans.plan),
            follow(studio, "renditions", renditions.reshape),
            follow(studio, "families", families.make),
            follow(studio, "candidates", briefs.make),
        )
    log.info("studio.stopped", worker=worker)
