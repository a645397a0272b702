"""The real studio and the real clerk, run for one step at a time inside a test."""

import asyncio
from datetime import timedelta
from functools import cache
from pathlib import Path

import asyncpg

from api import clerk
from engine.queue import service as queue
from engine.settings import StudioSettings
from engine.studio import worker
from engine.studio.rooms import Rooms, furnish
from engine.studio.shelf import open_shelf

CHIME = {"prompt": "door open, friendly", "kind": "chime", "candidates": 2, "duration_ms": 800}


async def make_and_settle(pool: asyncpg.Pool, store: Path) -> None:
    """Make every waiting brief, plan what waits for plans, and settle what was delivered."""
    settings = StudioSettings(database_url="", store=str(store), bank="builtin")
    shelf = open_shelf(str(store))
    while True:
        async with pool.acquire() as conn:
            lease = await queue.claim(conn, "test", timedelta(seconds=60))
        if lease is None:
            break
        if lease.job.wants == "plans":
            await worker._plan(pool, lease, settings)
        else:
            await worker._make(pool, lease, _rooms(), shelf, settings, asyncio.Event())
    while await clerk._settle_one(pool):
        pass


@cache
def _rooms() -> Rooms:
    return furnish(StudioSettings(database_url="", store="", bank="builtin"))
