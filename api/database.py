"""The database as every process meets it: a pool, and forward-only migrations.

jsonb travels as text: callers encode with msgspec and cast ``$1::jsonb``, and decode into a Struct.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import asyncpg

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


async def create_pool(dsn: str, *, size: int = 10) -> asyncpg.Pool:
    """A pool of connections to a migrated database."""
    return await asyncpg.create_pool(dsn, min_size=1, max_size=size, command_timeout=60)


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
