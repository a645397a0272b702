"""The database as every process meets it: a pool, and forward-only migrations.

jsonb travels as text: callers encode with msgspec and cast ``$1::jsonb``, and decode into a Struct.
"""

import asyncio
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
from prometheus_client import Counter, Gauge

_ROOT = Path(__file__).resolve().parent.parent
SCHEMAS = (_ROOT / "engine" / "schema", _ROOT / "billing" / "schema", _ROOT / "api" / "schema")

# "create table if not exists" itself races, so the lock comes before it.
_LOCK = "select pg_advisory_xact_lock(727001)"
_TABLE = """
create table if not exists public.schema_migrations (
  version text primary key,
  sha256 text not null,
  applied_at timestamptz not null default now()
)
"""


GONE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What a statement may raise when the database goes away under it. The last of them is what asyncpg
says when the server ends a connection between two messages."""


class EditedMigration(RuntimeError):
    """A migration was changed after it had been applied; write a new one instead."""


CONNECTIONS = Gauge("database_pool_connections", "Connections to Postgres", ["state"])
REFUSED = Counter("database_pool_refused_total", "Times that no connection could be had in time")


class Plain(asyncpg.Connection):
    """A connection that is given back as it is: nothing here is set for a session, no cursor kept
    and no lock held beyond its transaction, so there is nothing to clear away, and a round trip
    less for every use. What a transaction left open is still rolled back."""

    def get_reset_query(self) -> str:
        return ""


class Pool(asyncpg.Pool):
    """Connections to lend. Whoever waits for one too long is sent away with a `TimeoutError`: where
    the database hangs, requests must end, not pile up."""

    def __init__(self, *facts: Any, lent_within_s: float, **more: Any) -> None:
        super().__init__(*facts, **more)
        self._lent_within_s = lent_within_s
        CONNECTIONS.labels("open").set_function(self.get_size)
        CONNECTIONS.labels("idle").set_function(self.get_idle_size)

    async def _acquire(self, timeout: float | None) -> Any:  # noqa: ASYNC109 - asyncpg's
        within = self._lent_within_s if timeout is None else timeout
        try:
            async with asyncio.timeout(within):  # asyncpg's own way takes a task for each
                lent = await super()._acquire(None)  # pyright: ignore
        except TimeoutError:
            REFUSED.inc()
            raise
        lent._holder._timeout = within  # giving it back may take no longer either
        return lent


async def create_pool(dsn: str, *, size: int = 10, within_s: float = 60) -> asyncpg.Pool:
    """A pool of connections to a migrated database. A statement may take ``within_s``, a connection
    comes within half of it, or a `TimeoutError` does."""
    return await Pool(
        dsn, min_size=1, max_size=size, max_queries=50_000,
        max_inactive_connection_lifetime=300.0, connection_class=Plain, record_class=asyncpg.Record,
        setup=None, init=None, reset=None, connect=None, loop=None, timeout=within_s / 2,
        command_timeout=within_s, lent_within_s=within_s / 2,
    )  # fmt: skip


async def migrate(dsn: str) -> list[str]:
    """Bring the three schemas up to date; returns what was applied. Many may run it at once."""
    conn = await asyncpg.connect(dsn)
    try:
        async with conn.transaction():
            await conn.execute(_LOCK)
            await conn.execute(_TABLE)
            rows = await conn.fetch("select version, sha256 from public.schema_migrations")
            return await _apply(conn, {row["version"]: row["sha256"] for row in rows})
    finally:
        await conn.close()


async def _apply(conn: asyncpg.Connection, known: dict[str, str]) -> list[str]:
    applied = []
    for version, text in _migrations():
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        if version in known:
            if known[version] != sha256:
                raise EditedMigration(f"{version} was edited after it was applied")
            continue
        await conn.execute(text)
        await conn.execute(
            "insert into public.schema_migrations (version, sha256) values ($1, $2)",
            version,
            sha256,
        )
        applied.append(version)
    return applied


def _migrations() -> Iterator[tuple[str, str]]:
    for folder in SCHEMAS:
        for file in sorted(folder.glob("*.sql")):
            yield f"{folder.parent.name}/{file.stem}", file.read_text()
