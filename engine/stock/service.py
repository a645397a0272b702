"""Announcing what a studio is about to put away."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import asyncpg

from engine.stock import store
from engine.stock.places import StoreUnreachable

GRACE = timedelta(days=1)
"""How long an object is kept that nobody refers to, counted from when it was last announced and
again from when it was condemned."""

LEAVING = timedelta(minutes=2)
"""How long a request that takes an object out of the store may still be under way, though whoever
sent it is gone. Longer than any of our requests can take."""

Announce = Callable[[str, int], None]
"""Tells the database that an object of so many bytes comes; returns when it is safe to put it."""


async def announce(conn: asyncpg.Connection, sha256: str, size: int) -> None:
    """Reprieve an object before it is put away: from now on it is kept for a day at least.

    `StoreUnreachable` while an older copy of it may still be on its way out.
    """
    if not await store.announce(conn, sha256, size, GRACE, LEAVING):
        raise StoreUnreachable(f"{sha256} is being cleared away; it can be put back in a while")


def announcer(pool: asyncpg.Pool, loop: asyncio.AbstractEventLoop) -> Announce:
    """Announces from any other thread than the loop's."""

    async def tell(sha256: str, size: int) -> None:
        async with pool.acquire() as conn:
            await announce(conn, sha256, size)  # pyright: ignore[reportArgumentType]

    def wait(sha256: str, size: int) -> None:
        asyncio.run_coroutine_threadsafe(tell(sha256, size), loop).result()

    return wait
