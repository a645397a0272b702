"""Migrations: applied once whoever comes, never edited, never half."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from api import database
from api.database import EditedMigration, migrate
from api.postgres import Embedded


@pytest.fixture
async def empty(server: Embedded) -> AsyncIterator[str]:
    """The address of a database that nothing was ever applied to."""
    name = f"bare_{os.getpid()}"
    conn = await asyncpg.connect(server.dsn)
    await conn.execute(f"create database {name} template template0")
    try:
        yield server.database(name)
    finally:
        await conn.execute(f"drop database {name} with (force)")
        await conn.close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of migrations of this test's own."""
    schema = tmp_path / "sales" / "schema"
    schema.mkdir(parents=True)
    (schema / "0001_first.sql").write_text("create table first (id int primary key);")
    monkeypatch.setattr(database, "SCHEMAS", (schema,))
    return schema


async def test_three_runners_at_once_apply_everything_once(empty: str) -> None:
    runs = await asyncio.gather(*(migrate(empty) for _ in range(3)))
    applied = sorted(version for run in runs for version in run)
    assert applied == sorted(set(applied))
    assert "billing/0001_ledger" in applied
    assert await _versions(empty) == applied
    assert await migrate(empty) == []


async def test_an_edited_migration_is_refused_by_name(empty: str, folder: Path) -> None:
    await migrate(empty)
    (folder / "0001_first.sql").write_text("create table first (id bigint primary key);")
    with pytest.raises(EditedMigration, match="sales/0001_first"):
        await migrate(empty)


async def test_a_migration_that_fails_leaves_nothing(empty: str, folder: Path) -> None:
    (folder / "0002_second.sql").write_text("create table second (id int); select no_such();")
    with pytest.raises(asyncpg.UndefinedFunctionError):
        await migrate(empty)
    assert await _tables(empty) == []
    (folder / "0002_second.sql").write_text("create table second (id int);")
    assert await migrate(empty) == ["sales/0001_first", "sales/0002_second"]


async def test_only_what_is_new_is_applied(empty: str, folder: Path) -> None:
    await migrate(empty)
    (folder / "0002_second.sql").write_text("create table second (id int);")
    assert await migrate(empty) == ["sales/0002_second"]
    assert await _tables(empty) == ["first", "second"]


async def _versions(dsn: str) -> list[str]:
    return await _column(dsn, "select version from public.schema_migrations order by version")


async def _tables(dsn: str) -> list[str]:
    return await _column(
        dsn,
        "select tablename::text from pg_tables where schemaname = 'public' "
        "and tablename <> 'schema_migrations' order by 1",
    )


async def _column(dsn: str, query: str) -> list[str]:
    conn = await asyncpg.connect(dsn)
    try:
        return [row[0] for row in await conn.fetch(query)]
    finally:
        await conn.close()
