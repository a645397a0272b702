"""A connection lent from the pool, bare or inside a transaction. The pool lends a proxy, which
passes on all it is used for, so callers see a connection."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import asyncpg


@asynccontextmanager
async def lent(pool: asyncpg.Pool) -> AsyncIterator[asyncpg.Connection]:
    """A connection for reads, or for one statement."""
    async with pool.acquire() as conn:
        yield cast(asyncpg.Connection, conn)


@asynccontextmanager
async def transaction(pool: asyncpg.Pool) -> AsyncIterator[asyncpg.Connection]:
    """A connection whose writes are kept together, or not at all."""
    async with pool.acquire() as conn, conn.transaction():
        yield cast(asyncpg.Connection, conn)
