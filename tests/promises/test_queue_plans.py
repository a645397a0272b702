"""However many jobs one account has waiting, nobody else's claim, view or beat reads them."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import asyncpg
import pytest

from engine.queue import service as queue
from engine.queue.contracts import POSITION_MAX, Lease, Progress

LEASE = timedelta(seconds=30)
FLOOD, OTHERS = 10_000, 10
MUSIC = """
{"kind": "bed", "style": "lofi", "candidates": 2, "seed": 1, "duration_ms": 5000,
 "duration_frames": 240000, "bpm_range": [66, 92], "delivery": {"lufs": -16}}
"""
FILL = """
insert into engine.jobs (id, account, api_key, resolved, seed, expected_s, deadline_at)
select $1 || n, $2, $2 || '_key', $3::jsonb, 1, 10, now() + interval '1 day'
from generate_series(1, $4::int) as n
"""
READ = """
select coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::int
from pg_stat_xact_user_tables where schemaname = 'engine'
"""
ENTRIES = """
select coalesce(sum(pg_stat_get_xact_tuples_returned(indexrelid)), 0)::int
from pg_index join pg_class on pg_class.oid = indrelid
where relnamespace = 'engine'::regnamespace
"""
MOST = 500
"""Rows and entries of indexes that one step may read: a twentieth of the flood."""


@pytest.fixture(params=["analyzed", "unanalyzed"])
async def flooded(pool: asyncpg.Pool, request: pytest.FixtureRequest) -> asyncpg.Pool:
    """One account's ten thousand jobs, and ten others' one each; as Postgres knows it or does not
    know it yet, because a flood comes faster than statistics do."""
    await pool.execute("alter table engine.jobs set (autovacuum_enabled = off)")
    await pool.execute(FILL, "brf_flood_", "acc_flood", MUSIC, FLOOD)
    for number in range(OTHERS):
        await pool.execute(FILL, f"brf_{number}_", f"acc_{number}", MUSIC, 1)
    if request.param == "analyzed":
        await pool.execute("vacuum analyze engine.jobs")
    return pool


async def test_a_claim_costs_the_same_however_long_the_queue_is(flooded: asyncpg.Pool) -> None:
    async with flooded.acquire() as conn:
        for _ in range(OTHERS + 2):
            lease, read = await _reads(conn, lambda: queue.claim(conn, "w", LEASE, "candidates"))
            assert isinstance(lease, Lease)
            assert 0 < read < MOST


async def test_the_claim_of_who_already_ran_many_costs_no_more(flooded: asyncpg.Pool) -> None:
    """Rows that were waiting a moment ago are still in the indexes until they are cleared out."""
    async with flooded.acquire() as conn:
        for _ in range(300):
            lease = await queue.claim(conn, "w", LEASE, "candidates")
            assert lease is not None
            await queue.finish(conn, lease)
        _, read = await _reads(conn, lambda: queue.claim(conn, "w", LEASE, "candidates"))
        assert 0 < read < 2 * MOST


async def test_looking_at_a_job_costs_the_same_however_long_the_queue_is(
    flooded: asyncpg.Pool,
) -> None:
    async with flooded.acquire() as conn:
        view, read = await _reads(conn, lambda: queue.view(conn, "brf_flood_9999"))
        assert view is not None
        assert view.position == POSITION_MAX
        assert 0 < read < MOST


async def test_a_beat_and_a_reaping_cost_the_same_however_long_the_queue_is(
    flooded: asyncpg.Pool,
) -> None:
    async with flooded.acquire() as conn:
        lease = await queue.claim(conn, "w", LEASE, "candidates")
        assert lease is not None
        held = lease
        _, read = await _reads(conn, lambda: queue.beat(conn, held, LEASE, Progress(step="plan")))
        assert 0 < read < MOST
        await conn.execute("update engine.jobs set lease_until = now() - interval '1 s'"
                           " where state = 'leased'")  # fmt: skip
        reaped, read = await _reads(conn, lambda: queue.reap(conn))
        assert reaped == 1
        assert 0 < read < MOST


async def test_reading_the_whole_queue_would_be_seen(flooded: asyncpg.Pool) -> None:
    async with flooded.acquire() as conn:
        _, read = await _reads(
            conn, lambda: conn.fetchval("select count(*) from engine.jobs where state = 'queued'")
        )
        assert read >= FLOOD


async def _reads(
    conn: asyncpg.Connection, step: Callable[[], Awaitable[object]]
) -> tuple[object, int]:
    """What a step gives, and how many rows and entries of indexes were read for it."""
    async with conn.transaction():
        await conn.execute("select pg_stat_force_next_flush()")
        before = await _read(conn)
        given = await step()
        return given, await _read(conn) - before


async def _read(conn: asyncpg.Connection) -> int:
    return await conn.fetchval(READ) + await conn.fetchval(ENTRIES)
