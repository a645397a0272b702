"""What every test may stand on: a real Postgres, migrated, one database per test."""

import asyncio
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from importlib import util
from pathlib import Path

import asyncpg
import pytest

from api.database import create_pool, migrate
from api.postgres import Embedded

_numbers = itertools.count(1)
_MEMORY = Path("/dev/shm")
_CLUSTER_MAY_TAKE = 2 << 30


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without torch the workshop's tests are skipped, unless it was said that they must run."""
    if util.find_spec("torch") or "workshop" in os.environ.get("CUESMITH_TESTS_NEED", ""):
        return
    for item in items:
        if item.get_closest_marker("workshop"):
            item.add_marker(pytest.mark.skip(reason="needs torch: pip install torch==2.13.0"))


@pytest.fixture(scope="session")
def server() -> Iterator[Embedded]:
    """An embedded server with a migrated database called ``template``."""
    with tempfile.TemporaryDirectory(
        prefix="cue-pg-", dir=_fast_folder(), ignore_cleanup_errors=True
    ) as folder:
        Path(folder).chmod(0o755)
        with Embedded(Path(folder) / "data") as postgres:
            asyncio.run(_make_template(postgres))
            yield postgres


def _fast_folder() -> Path | None:
    """Memory, where there is enough of it. A database is some 300 files, and one is made and
    deleted for every test: ext4 takes 1 ms to make a file where others were deleted a moment ago,
    0.6 s for a database; memory takes 0.03 s."""
    roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _CLUSTER_MAY_TAKE
    return _MEMORY if roomy and os.access(_MEMORY, os.W_OK) else None


async def _make_template(postgres: Embedded) -> None:
    conn = await asyncpg.connect(postgres.dsn)
    await conn.execute("create database template")
    await conn.close()
    await migrate(postgres.database("template"))


@pytest.fixture
async def postgres(server: Embedded) -> AsyncIterator[str]:
    """The address of a fresh, migrated database of this test's own."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    conn = await asyncpg.connect(server.dsn)
    await conn.execute(f"create database {name} template template strategy file_copy")
    try:
        yield server.database(name)
    finally:
        await conn.execute(f"drop database {name} with (force)")
        await conn.close()


@pytest.fixture
async def pool(postgres: str) -> AsyncIterator[asyncpg.Pool]:
    """A pool on this test's own database."""
    made = await create_pool(postgres)
    try:
        yield made
    finally:
        await made.close()
