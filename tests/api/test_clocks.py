"""A gateway or a clerk whose clock is wrong: the database's clock alone decides."""

import sys
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import asyncpg
import pytest

from api import clerk
from engine.contracts import Asset, Made, Plan
from engine.queue.contracts import Lease
from engine.queue.postgres import PostgresQueue
from tests.api.conftest import Client, Door

BED = {"kind": "bed", "duration_ms": 5000, "candidates": 1, "prompt": "warm lo-fi beat"}
LEASE = timedelta(seconds=30)
SOON = timedelta(minutes=1)


def _clock(by: timedelta) -> type[datetime]:
    class Moved(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + by

    return Moved


@pytest.fixture(params=[timedelta(hours=-3), timedelta(hours=3)], ids=["slow", "fast"])
def moved(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> timedelta:
    """How far the clock of this process is from the database's, wherever our code looks at it."""
    clock, looked_at = _clock(request.param), 0
    for name, module in list(sys.modules.items()):
        if (
            name.startswith(("api.", "billing.", "engine."))
            and vars(module).get("datetime") is datetime
        ):
            monkeypatch.setattr(module, "datetime", clock)
            looked_at += 1
    assert looked_at > 10
    from api.keys import service

    assert abs(service.datetime.now(UTC) - datetime.now(UTC) - request.param) < SOON
    return request.param


def _time(view: dict[str, Any], name: str) -> datetime:
    return datetime.fromisoformat(view[name])


async def _now(pool: asyncpg.Pool) -> datetime:
    return await pool.fetchval("select now()")


async def _made(queue: PostgresQueue) -> Lease:
    """A studio makes what waits."""
    await queue.reap()
    lease = await queue.claim("w1", LEASE, "candidates")
    assert lease is not None, "it was not given up"
    plan = Plan(
        style="lofi", kind="bed", tempo=80, meter="4/4", bars=2, tonic=0, mode="major",
        sections=(), chords=(), parts=(),
    )  # fmt: skip
    master = Asset(name="master", sha256="0" * 64, bytes=44, media_type="audio/wav")
    made = Made(
        number=1, take=1, seed=1, rating=0.5, resolved=lease.job.music, plan=plan, measured=(),
        assets=(master,),
    )  # fmt: skip
    await queue.deliver(lease, made)
    await queue.finish(lease)
    return lease


async def test_a_brief_is_quoted_made_and_charged(
    client: Client, door: Door, moved: timedelta
) -> None:
    now = await _now(door.pool)
    quoted = (await client.post("/v1/quotes", BED)).json()
    assert abs(_time(quoted, "expires_at") - now - timedelta(minutes=15)) < SOON
    taken = (await client.brief({**BED, "quote": quoted["id"]})).json()
    assert abs(_time(taken, "created_at") - now) < SOON
    assert abs(_time(taken, "deadline_at") - now - timedelta(minutes=10)) < SOON
    await _made(PostgresQueue(door.pool))
    while await clerk.settle_one(door.pool):
        pass
    view = (await client.get(f"/v1/briefs/{taken['id']}")).json()
    assert view["status"] == "succeeded"
    assert (view["tokens"]["captured"], view["tokens"]["held"]) == (1, 0)


async def test_a_silent_studios_lease_ends_by_the_databases_clock(
    client: Client, door: Door, moved: timedelta
) -> None:
    await client.brief(BED)
    queue = PostgresQueue(door.pool)
    assert await queue.claim("w1", LEASE, "candidates") is not None
    assert await queue.reap() == 0, "it is not silent yet"
    await door.pool.execute("update engine.jobs set lease_until = now() - interval '1 s'")
    assert await queue.reap() == 1


async def test_a_hold_lasts_as_long_as_its_brief(
    client: Client, door: Door, moved: timedelta
) -> None:
    taken = (await client.brief(BED)).json()
    held = await door.pool.fetchval("select expires_at from billing.holds")
    assert abs(held - _time(taken, "deadline_at") - timedelta(minutes=15)) < SOON
    assert abs(held - await _now(door.pool) - timedelta(minutes=25)) < SOON


async def test_plans_are_made_and_kept_for_a_day(
    client: Client, door: Door, moved: timedelta
) -> None:
    now = await _now(door.pool)
    plans = (await client.post("/v1/plans", BED)).json()
    assert abs(_time(plans, "expires_at") - now - timedelta(days=1)) < SOON
    deadline = await door.pool.fetchval("select deadline_at from engine.jobs")
    assert abs(deadline - now - timedelta(minutes=10)) < SOON
    assert (await client.get(f"/v1/plans/{plans['id']}")).status_code == 200
