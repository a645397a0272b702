"""A studio at a real queue: it claims, delivers, obeys a cancel and leaves nothing half done."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from msgspec import structs

from engine.backends.score import ScoreBackend
from engine.contracts import Resolved, SectionBrief
from engine.queue import service as queue
from engine.queue.contracts import Ended, Job, Planned, Played
from engine.queue.postgres import PostgresQueue
from engine.repertoire import service as repertoire
from engine.settings import StudioSettings
from engine.studio import worker
from engine.studio.lanes import briefs, plans
from engine.studio.lanes.lane import Studio, claim, follow
from engine.studio.rooms import Rooms
from engine.studio.shelf import open_shelf
from engine.studio.takes import outlines

LEASE = timedelta(seconds=30)
Make = Callable[..., "asyncio.Future[None]"]


@pytest.fixture
def there(pool: asyncpg.Pool, rooms: Rooms, tmp_path: Path) -> Studio:
    """A studio at a queue, that nobody stops."""
    shelf = open_shelf(str(tmp_path / "shelf"))
    return Studio(
        pool=pool, queue=PostgresQueue(pool, repertoire.offer),
        backend=ScoreBackend(rooms), shelf=shelf, worker="w1", lease_for=LEASE,
    )  # fmt: skip


@pytest.fixture
async def studio(there: Studio) -> AsyncIterator[Make]:
    """Makes one claimed brief with the studio's own hands."""

    async def make(leave: asyncio.Event) -> None:
        lease = await claim(there, "candidates")
        assert lease is not None
        await briefs.make(structs.replace(there, leave=leave), lease)

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


async def _plans_wanted(pool: asyncpg.Pool, resolved: Resolved, name: str = "plan_a") -> str:
    job = Job(
        id=name, account="acc_1", resolved=resolved, seed=11, lane="plan", wants="plans",
        deadline_at=datetime.now(UTC) + timedelta(minutes=10),
    )  # fmt: skip
    async with pool.acquire() as conn:
        await queue.enqueue(conn, job)
    return job.id


async def _plan(there: Studio) -> None:
    """Plan what waits for plans, with the studio's own hands."""
    lease = await claim(there, "plans")
    assert lease is not None
    await plans.plan(there, lease)


async def _said(pool: asyncpg.Pool, job: str) -> Planned | Played | Ended | None:
    async with pool.acquire() as conn:
        return await queue.last_word(conn, job)


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
    leave = asyncio.Event()
    leave.set()
    await studio(leave)
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


async def test_plans_are_those_that_the_brief_would_be_composed_from(
    pool: asyncpg.Pool, there: Studio, short: Resolved
) -> None:
    job = await _plans_wanted(pool, short)
    await _plan(there)
    assert await _said(pool, job) == Planned(plans=tuple(outlines(short, 11)))


async def test_plans_are_made_beside_a_brief(
    pool: asyncpg.Pool, postgres: str, tmp_path: Path, short: Resolved
) -> None:
    settings = StudioSettings(
        database_url=postgres, store=str(tmp_path), bank="builtin", lease_s=9, drain_s=0
    )
    await _enqueued(pool, structs.replace(short, candidates=10))
    serving = asyncio.create_task(worker.serve(settings))
    await _leased(pool)
    job = await _plans_wanted(pool, short)
    for _ in range(2000):
        if await _said(pool, job) is not None:
            break
        await asyncio.sleep(0.02)
    assert isinstance(await _said(pool, job), Planned)
    brief = "select state from engine.jobs where wants = 'candidates'"
    assert await pool.fetchval(brief) == "leased", "the brief is still being made"
    signal.raise_signal(signal.SIGTERM)
    await asyncio.wait_for(serving, 60)
    assert await pool.fetchval(brief) == "queued", "and given back when the studio stops"


async def test_what_the_planner_refuses_ends_at_once_with_its_reason(
    pool: asyncpg.Pool, there: Studio, studio: Make, short: Resolved
) -> None:
    impossible = structs.replace(
        short, bars=2, sections=(SectionBrief(name="A", bars=8), SectionBrief(name="B", bars=8))
    )
    job = await _plans_wanted(pool, impossible)
    await _plan(there)
    said = await _said(pool, job)
    assert isinstance(said, Ended)
    assert said.failure is not None
    assert said.failure.code == "brief_refused"
    assert "16 bars" in said.failure.detail

    await _enqueued(pool, impossible)
    await studio(asyncio.Event())
    last = await _said(pool, "brf_a")
    assert isinstance(last, Ended)
    assert (last.delivered, last.failure) == (0, said.failure)


async def test_a_studio_that_lost_its_lease_hands_no_plans_over(
    pool: asyncpg.Pool, there: Studio, short: Resolved
) -> None:
    job = await _plans_wanted(pool, short)
    lease = await claim(there, "plans")
    assert lease is not None
    await pool.execute("update engine.jobs set worker = 'w2', attempt = attempt + 1")
    await plans.plan(there, lease)
    assert await _said(pool, job) is None


async def test_a_job_that_cannot_be_read_costs_its_own_attempt_and_the_studio_lives_on(
    pool: asyncpg.Pool, there: Studio, short: Resolved
) -> None:
    await _enqueued(pool, short)
    unknown = """update engine.jobs set resolved = jsonb_set(resolved, '{kind}', '"opera"')"""
    await pool.execute(unknown)
    await _plans_wanted(pool, short)
    lanes = asyncio.gather(
        follow(there, "candidates", briefs.make), follow(there, "plans", plans.plan)
    )
    while await _said(pool, "plan_a") is None or not await pool.fetchval(
        "select attempt from engine.jobs where id = 'brf_a'"
    ):
        assert not lanes.done()
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.1)
    assert not lanes.done()
    there.stop.set()
    await lanes
    row = await pool.fetchrow("select state, attempt from engine.jobs where id = 'brf_a'")
    assert tuple(row) == ("leased", 1), "its lease runs out as that of a studio that went silent"
