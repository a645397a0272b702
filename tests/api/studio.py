"""The real studio and the real clerk, run for one step at a time inside a test."""

import asyncio
from datetime import timedelta
from functools import cache
from pathlib import Path

import asyncpg

from api import clerk
from engine.backends.choice import chosen
from engine.backends.contracts import Backend
from engine.marks.credentials import Credentials
from engine.queue import service as queue
from engine.queue.postgres import PostgresQueue
from engine.repertoire import service as repertoire
from engine.settings import StudioSettings
from engine.studio.lanes import briefs, families, plans, renditions
from engine.studio.lanes.lane import Studio, Work
from engine.studio.shelf import open_shelf

CHIME = {"prompt": "door open, friendly", "kind": "chime", "candidates": 2, "duration_ms": 800}
LANES: dict[str, Work] = {
    "plans": plans.plan, "candidates": briefs.make, "renditions": renditions.reshape,
    "families": families.make,
}  # fmt: skip


async def make_and_settle(
    pool: asyncpg.Pool,
    store: Path,
    till: asyncpg.Pool | None = None,
    credentials: Credentials | None = None,
    lease_for: timedelta = timedelta(seconds=60),
) -> None:
    """Do all that is waiting for a studio, and settle what was delivered, through connections of
    the clerk's own where there are any; files are signed where there are ``credentials``."""
    studio = Studio(
        pool=pool, queue=PostgresQueue(pool, repertoire.offer),
        backend=_backend(), shelf=open_shelf(str(store)), worker="test",
        lease_for=lease_for, stop=asyncio.Event(), credentials=credentials,
    )  # fmt: skip
    while True:
        async with pool.acquire() as conn:
            lease = await queue.claim(conn, studio.worker, studio.lease_for)
        if lease is None:
            break
        await LANES[lease.job.wants](studio, lease)
    while await clerk.settle_one(till or pool):
        pass


@cache
def _backend() -> Backend:
    return chosen(StudioSettings(database_url="", store="", bank="builtin"))
