"""Connections lent from a pool, typed as what they stand for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import asyncpg

GONE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What a statement may raise when the database goes away under it. The last of them is what asyncpg
says when the server ends a connection between two messages."""


@asynccontextmanager
async def lent(pool: asyncpg.Pool) -> AsyncIterator[asyncpg.Connection]:
    """A connection for the length of one step; the pool's stand-in answers to the same calls."""
    async with pool.acquire() as conn:
        yield cast("asyncpg.Connection", conn)
