"""Connections lent from a pool, typed as what they stand for, and patience with their database."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TypeVar, cast

import asyncpg

T = TypeVar("T")
AGAIN_S = 0.5

GONE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What a statement may raise when the database goes away under it. The last of them is what asyncpg
says when the server ends a connection between two messages."""


@asynccontextmanager
async def lent(pool: asyncpg.Pool) -> AsyncIterator[asyncpg.Connection]:
    """A connection for the length of one step; the pool's stand-in answers to the same calls."""
    async with pool.acquire() as conn:
        yield cast("asyncpg.Connection", conn)


async def patiently(ask: Callable[[], Awaitable[T]], within: timedelta) -> T:
    """What ``ask`` gives. While the database is away it is asked again, for so long: one that
    restarts costs nobody the work of minutes. What is asked must not mind being asked twice."""
    end = time.monotonic() + within.total_seconds()
    while True:
        try:
            return await ask()
        except GONE:
            if time.monotonic() >= end:
                raise
        await asyncio.sleep(AGAIN_S)
