"""A studio that claims jobs: of briefs several at a time, of all else one; every write fenced.

The work runs in threads; the event loop keeps the leases alive and hears of cancellation. On
SIGTERM nothing more is claimed, and what is not done after a while goes back to the queue, which
does not count as an attempt. SIGINT, from somebody at a terminal, does not wait. A second signal
ends the process at once: then the leases run out by themselves.
"""

import asyncio
import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import asyncpg
import structlog

from engine import memory
from engine.backends.choice import chosen
from engine.backends.contracts import Backend
from engine.errors import DeviceLost
from engine.marks.content import tried
from engine.queue.postgres import PostgresQueue
from engine.repertoire import service as repertoire
from engine.settings import StudioSettings
from engine.stock.service import announcer
from engine.studio.health import Health
from engine.studio.lanes import briefs, families, plans, renditions
from engine.studio.lanes.lane import Studio, follow
from engine.studio.shelf import open_shelf
from engine.studio.warming import WarmUp
from engine.studio.watching import show, watched

DEVICE_LOST = 3
"""The exit code of a studio whose accelerator is gone: whoever keeps it starts it anew."""

log = structlog.get_logger()


async def serve(settings: StudioSettings) -> int:
    """Claim and make what is waiting until a signal; returns the process's exit code."""
    health = Health(settings.stuck_s)
    with watched(settings, health):
        backend = chosen(settings)
        try:
            return await _serve(settings, backend, health)
        finally:
            backend.close()


async def _serve(settings: StudioSettings, backend: Backend, health: Health) -> int:
    loop = asyncio.get_running_loop()
    # A thread for each session and its files, and for what the other lanes and the shelf do.
    loop.set_default_executor(ThreadPoolExecutor(2 * settings.sessions + 8, "studio"))
    worker = f"{socket.gethostname()}/{os.getpid()}"
    most = max(8, settings.sessions + 4)
    async with asyncpg.create_pool(settings.database_url, min_size=1, max_size=most) as pool:
        announce = announcer(pool, loop)
        studio = Studio(
            pool=pool, queue=PostgresQueue(pool, repertoire.offer), backend=backend,
            worker=worker, health=health,
            shelf=open_shelf(settings.store, settings.bucket, announce=announce),
            lease_for=timedelta(seconds=settings.lease_s),
            credentials=tried(settings.marks) if settings.marks is not None else None,
        )  # fmt: skip
        show(settings, backend)
        _listen(studio, settings.drain_s)
        beside = [asyncio.create_task(one) for one in (health.tick(), memory.keep_small())]
        await _work(studio, settings)
        for one in beside:
            one.cancel()
    log.info("studio.stopped", worker=worker)
    return DEVICE_LOST if studio.lost.is_set() else 0


async def _work(studio: Studio, settings: StudioSettings) -> None:
    """Warm up where that is wanted, then follow every lane to its end."""
    backend = studio.backend
    if settings.warm:
        try:
            await WarmUp(backend=backend, health=studio.health, stop=studio.stop).run()
        except DeviceLost as error:
            log.error("studio.device_lost", error=str(error))
            studio.lost.set()
            return
    studio.health.ready = not studio.stop.is_set()
    log.info("studio.ready", worker=studio.worker, backend=backend.name, digest=backend.digest,
             sessions=settings.sessions, players=settings.players)  # fmt: skip
    await asyncio.gather(
        follow(studio, "plans", plans.plan),
        follow(studio, "renditions", renditions.reshape),
        follow(studio, "families", families.make),
        follow(studio, "candidates", briefs.make, settings.sessions),
    )


def _listen(studio: Studio, drain_s: float) -> None:
    """Drain at the first signal, end at the second."""
    loop, heard = asyncio.get_running_loop(), list[int]()

    def hear(number: int) -> None:
        if heard:
            log.warning("studio.ended", signal=number)
            os._exit(128 + number)
        heard.append(number)
        wait_s = drain_s if number == signal.SIGTERM else 0.0
        log.info("studio.draining", signal=number, seconds=wait_s)
        studio.health.ready = False
        studio.stop.set()
        loop.call_later(wait_s, studio.leave.set)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, hear, number)
