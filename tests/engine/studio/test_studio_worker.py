"""A studio at a real queue: it claims, delivers, obeys a cancel and leaves nothing half done."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from engine.contracts import Resolved
from engine.queue import service as queue
from engine.queue.contracts import Job
from engine.settings import StudioSettings
from engine.studio import worker
from engine.studio.rooms import Rooms
from engine.studio.shelf import open_shelf

LEASE = timedelta(seconds=30)
Make = Callable[..., "asyncio.Future[None]"]


@pytest.fixture
async def studio(pool: asyncpg.Pool, rooms: Rooms, tmp_path: Path) -> AsyncIterator[Make]:
    """Makes one claimed brief with the worker's own hands."""
    settings = StudioSettings(database_url="", store=str(tmp_path / "shelf"), lease_s=30)
    shelf = open_shelf(settings.store)

    async def make(stop: asyncio.Event) -> None:
        lease = await worker._claim(pool, "w1", settings)
        assert lease is not None
        await worker._make(pool, lease, rooms, shelf, settings, stop)

    yield make


async def _enqueued(pool: asyncpg.Pool, resolved: Resolved) -> str:
    job = Job(
        id="brf_a",
        account="acc_1",
        resolved=resolved,
        seed=11,
        deadline_at=datetime.now(UTC) + timedelta(minutes=10),
    )
    async with pool.acquire() as conn:
        await queue.enqueue(conn, job)
    return job.id


async def _state(pool: asyncpg.Pool) -> tuple[str, int]:
    async with pool.acquire() as conn:
        row = await conn.fetchrow("select state, attempt from engine.jobs")
        return row["state"], row["attempt"]


async def _leased(pool: asyncpg.Pool) -> None:
    """Wait until a studio has the brief."""
    for _ in range(2000):
        if (await _state(pool))[0] == "leased":
            return
        await asyncio.sleep(0.01)
    pytest.fail("nobody claimed the brief")


async def test_a_claimed_brief_is_delivered_with_its_files(
    pool: asyncpg.Pool, studio: Make, short: Resolved, tmp_path: Path
) -> None:
    job = await _enqueued(pool, short)
    await studio(asyncio.Event())
    async with pool.acquire() as conn:
        delivered = await queue.delivered_takes(conn, job)
    assert sorted(delivered) == [1, 2]
    assert (await _state(pool))[0] not in ("waiting", "leased")
    files = [path for path in (tmp_path / "shelf").rglob("*") if path.is_file()]
    assert len(files) >= 8  # master, evaluation, preview and score of both


async def test_a_cancel_ends_the_brief_and_delivers_no_more(
    pool: asyncpg.Pool, studio: Make, short: Resolved
) -> None:
    job = await _enqueued(pool, short)
    making = asyncio.ensure_future(studio(asyncio.Event()))
    async with pool.acquire() as conn:
        await _leased(pool)
        assert await queue.ask_cancel(conn, job)
    await making
    async with pool.acquire() as conn:
        assert len(await queue.delivered_takes(conn, job)) <= 2
    assert (await _state(pool))[0] not in ("waiting", "leased")


async def test_a_stopped_studio_gives_the_brief_back_and_another_finishes_it(
    pool: asyncpg.Pool, studio: Make, short: Resolved
) -> None:
    job = await _enqueued(pool, short)
    stop = asyncio.Event()
    stop.set()
    await studio(stop)
    _, counted = await _state(pool)
    async with pool.acquire() as conn:
        before = await queue.delivered_takes(conn, job)
    if len(before) < short.candidates:
        assert counted == 0
        await studio(asyncio.Event())
    async with pool.acquire() as conn:
        assert sorted(await queue.delivered_takes(conn, job)) == [1, 2]


async def test_a_studio_that_lost_its_lease_delivers_nothing(
    pool: asyncpg.Pool, studio: Make, short: Resolved
) -> None:
    await _enqueued(pool, short)
    making = asyncio.ensure_future(studio(asyncio.Event()))
    await _leased(pool)
    async with pool.acquire() as conn:
        await conn.execute("update engine.jobs set worker = 'w2', attempt = attempt + 1")
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(making, 60)
    async with pool.acquire() as conn:
        assert await queue.delivered_takes(conn, "brf_a") == {}
