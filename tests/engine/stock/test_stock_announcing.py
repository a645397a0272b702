"""Announcing: an object that is on its way is not cleared away, one that is leaving is not met."""

import asyncio

import asyncpg
import pytest

from engine.stock import service as stock
from engine.stock.places import StoreUnreachable
from engine.studio.shelf import open_shelf

ONE = "1" * 64
ROW = "select * from engine.objects where sha256 = $1"


async def test_announcing_again_reprieves(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn:
        await stock.announce(conn, ONE, 7)
        await conn.execute("update engine.objects set condemned_at = now(), due_at = now()")
        await stock.announce(conn, ONE, 7)
        row = await conn.fetchrow(ROW, ONE)
    assert row is not None
    assert (row["condemned_at"], row["bytes"]) == (None, 7)
    assert row["due_at"] - row["touched_at"] == stock.GRACE


@pytest.mark.parametrize(("ago", "taken"), [("1 minute", False), ("3 minutes", True)])
async def test_what_is_leaving_is_not_met_before_it_must_be_gone(
    pool: asyncpg.Pool, ago: str, taken: bool
) -> None:
    async with pool.acquire() as conn:
        await stock.announce(conn, ONE, 7)
        await conn.execute(
            "update engine.objects set condemned_at = now(), "
            f"deleting_at = now() - interval '{ago}'"
        )
        if taken:
            await stock.announce(conn, ONE, 7)
        else:
            with pytest.raises(StoreUnreachable):
                await stock.announce(conn, ONE, 7)


async def test_who_announces_waits_for_who_is_clearing_away(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn, pool.acquire() as other:
        await stock.announce(conn, ONE, 7)
        async with conn.transaction():
            await conn.execute("delete from engine.objects where sha256 = $1", ONE)
            waiting = asyncio.create_task(stock.announce(other, ONE, 7))
            done, _ = await asyncio.wait({waiting}, timeout=0.3)
            assert not done, "it did not wait"
        await waiting
        assert await conn.fetchrow(ROW, ONE) is not None


async def test_a_studios_shelf_announces_from_its_thread(pool: asyncpg.Pool, tmp_path) -> None:
    announce = stock.announcer(pool, asyncio.get_running_loop())
    shelf = open_shelf(str(tmp_path), announce=announce)
    asset = await asyncio.to_thread(shelf.put, "master", b"sound", "audio/wav")
    row = await pool.fetchrow(ROW, asset.sha256)
    assert row is not None
    assert row["bytes"] == 5
