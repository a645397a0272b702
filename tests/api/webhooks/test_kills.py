"""Clerks that settle and send are killed with -9 again and again: nothing is lost, ids stay, and
what is told of one brief comes in order."""

import asyncio
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import asyncpg
import pytest

from tests.api.conftest import PEPPER, Client, Door
from tests.api.made import asked, handed_back, leased
from tests.api.webhooks.conftest import registered
from tests.api.webhooks.receiving import Received, receiver, saying

KILLS = 10
BRIEFS = 24
# A clerk as it is, but that what a dead one had leased is free again in a second.
CLERK = """
import sys
from datetime import timedelta
from api.webhooks import outbox
outbox.LEASE = timedelta(seconds=1)
from api.cli import main
sys.exit(main())
"""
UNSENT = "select count(*) from api.sendings where state = 'waiting'"
UNSETTLED = "select count(*) from engine.deliveries where settled_at is null"


def _start(postgres: str, log: Path) -> subprocess.Popen[bytes]:
    environ = {
        **os.environ, "DATABASE_URL": postgres, "CUESMITH_PEPPER": PEPPER.decode(),
        "CUESMITH_STRIPE": "sandbox", "CUESMITH_STRIPE_URL": "http://127.0.0.1:1",
        "CUESMITH_WEBHOOKS_LOOPBACK": "1",
    }  # fmt: skip
    with log.open("ab") as lines:
        return subprocess.Popen(
            [sys.executable, "-c", CLERK, "clerk"], env=environ, stdout=lines, stderr=lines
        )


@pytest.mark.slow
async def test_whatever_is_killed_every_message_comes_and_in_order(
    door: Door, client: Client, postgres: str, tmp_path: Path
) -> None:
    clerk, log = None, tmp_path / "clerk.log"
    async with receiver(_slowly) as here:
        await registered(client, here.url)
        kills_under_way = 0
        try:
            for number in range(BRIEFS):
                await asked(client, f"brief-{number}")
                await handed_back(door.pool, await leased(door.pool), 1, 2)
            for _ in range(KILLS):
                clerk, before = _start(postgres, log), len(here.received)
                await here.until(before + 3, 60)
                kills_under_way += here.under_way > 0
                clerk.kill()
                clerk.wait()
            assert b"clerk.fault" not in log.read_bytes()
            assert await _left(door.pool) > 0, "the last one has something to do"
            clerk = _start(postgres, log)
            async with asyncio.timeout(120):
                while await _left(door.pool):  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.1)
        finally:
            if clerk is not None:
                clerk.kill()
                clerk.wait()
    assert kills_under_way >= KILLS // 2, "most died in the middle of sending"
    await _all_there_in_order(door.pool, here.received)


async def _slowly(one: Received, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(0.1)
    await saying(200)(one, writer)


async def _left(pool: asyncpg.Pool) -> int:
    return (await pool.fetchval(UNSENT) or 0) + (await pool.fetchval(UNSETTLED) or 0)


async def _all_there_in_order(pool: asyncpg.Pool, received: list[Received]) -> None:
    written = await pool.fetch("select id, subject, type from api.messages order by position")
    assert len(written) == BRIEFS * 3
    bodies: dict[str, set[bytes]] = defaultdict(set)
    for one in received:
        bodies[one.id].add(one.body)
    assert set(bodies) == {row["id"] for row in written}, "each came, under its own id"
    assert all(len(same) == 1 for same in bodies.values()), "the same bytes each time"
    subjects = {row["id"]: row["subject"] for row in written}
    came: dict[str, list[str]] = defaultdict(list)
    for one in received:
        came[subjects[one.id]].append(one.id)
    for subject, ids in came.items():
        expected = [row["id"] for row in written if row["subject"] == subject]
        at = 0
        for name in ids:  # a repeat of the last one, or the next one
            if name == expected[at]:
                continue
            at += 1
            assert name == expected[at], f"{subject}: {ids}"
        assert at == 2
