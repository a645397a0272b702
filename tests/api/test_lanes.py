"""Batch work: half the price, up to a day, and never in anybody's way."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from api import composer
from engine.queue.contracts import Lease
from engine.queue.postgres import PostgresQueue
from tests.api.conftest import Client, Door

BED = {"prompt": "warm lo-fi beat", "kind": "bed", "duration_ms": 60_000, "candidates": 4}
BATCH = {**BED, "lane": "batch"}
LEASE = timedelta(seconds=30)


def _allowed_s(view: dict[str, Any]) -> float:
    """Seconds from a brief's beginning to its deadline."""
    at = {name: datetime.fromisoformat(view[name]) for name in ("created_at", "deadline_at")}
    return (at["deadline_at"] - at["created_at"]).total_seconds()


async def test_batch_work_costs_half_and_may_take_a_day(client: Client) -> None:
    now = (await client.post("/v1/quotes", BED)).json()
    later = (await client.post("/v1/quotes", BATCH)).json()
    assert (now["audition_tokens"], now["license_tokens"]) == (8, 8)
    assert (later["audition_tokens"], later["license_tokens"]) == (4, 4)
    taken = (await client.brief({**BATCH, "quote": later["id"]})).json()
    assert (taken["tokens"]["held"], taken["tokens"]["license_each"]) == (4, 4)
    assert (taken["request"]["lane"], taken["request"]["deadline_s"]) == ("batch", 86_400)
    assert _allowed_s(taken) == 86_400
    assert await client.available() == 996


async def test_a_quote_binds_for_its_own_lane(client: Client) -> None:
    quoted = (await client.post("/v1/quotes", BATCH)).json()
    refused = await client.brief({**BED, "quote": quoted["id"]})
    assert (refused.status_code, refused.json()["code"]) == (422, "quote_mismatch")


async def test_interactive_work_is_made_first(client: Client, door: Door) -> None:
    later = (await client.brief(BATCH, "later")).json()
    now = (await client.brief(BED, "now")).json()
    assert (later["queue_position"], now["queue_position"]) == (0, 0), "each in its own lane"
    queue = PostgresQueue(door.pool)
    first, second = await queue.claim("w1", LEASE), await queue.claim("w1", LEASE)
    assert isinstance(first, Lease)
    assert isinstance(second, Lease)
    assert [first.job.id, second.job.id] == [now["id"], later["id"]]


@pytest.mark.parametrize(("deadline_s", "accepted"), [(14_399, False), (14_400, True)])
async def test_who_cannot_wait_pays_for_it(
    client: Client, deadline_s: int, *, accepted: bool
) -> None:
    answer = await client.brief({**BATCH, "deadline_s": deadline_s})
    assert (answer.status_code == 202) is accepted
    if accepted:
        assert _allowed_s(answer.json()) == deadline_s
    else:
        (wrong,) = answer.json()["errors"]
        assert (wrong["pointer"], wrong["limit"]) == ("/deadline_s", 14_400)
        assert await client.available() == 1000


async def test_plans_of_a_batch_brief_do_not_wait_a_day(client: Client, door: Door) -> None:
    plans = (await client.post("/v1/plans", BATCH)).json()
    row = await door.pool.fetchrow(
        "select lane, deadline_at - created_at as allowed, api_key from engine.jobs where id = $1",
        plans["id"],
    )
    assert row is not None
    assert dict(row) == {"lane": "plan", "allowed": timedelta(seconds=600), "api_key": client.key}


async def test_a_brief_may_name_the_one_model_that_may_make_it(client: Client, door: Door) -> None:
    digest = (await client.get("/v1/capabilities")).json()["models"][0]["sha256"]
    assert digest == composer.digest()
    taken = (await client.brief({**BED, "model": digest})).json()
    queue = PostgresQueue(door.pool)
    assert await queue.claim("w1", LEASE, "candidates", "another") is None
    lease = await queue.claim("w1", LEASE, "candidates", digest)
    assert lease is not None
    assert (lease.job.id, lease.job.engine) == (taken["id"], digest)
    refused = await client.brief({**BED, "model": "0" * 64}, "second")
    (wrong,) = refused.json()["errors"]
    assert (wrong["pointer"], wrong["code"]) == ("/model", "unknown_model")
    assert digest in wrong["limit"]


async def test_a_key_is_told_of_both_lanes(client: Client) -> None:
    lanes = (await client.get("/v1/capabilities")).json()["accepts"]["lanes"]
    assert lanes == {
        "interactive": {
            "deadline_s": {"min": 10, "max": 86_400, "default": 600}, "price_share": [1, 1],
        },
        "batch": {
            "deadline_s": {"min": 14_400, "max": 86_400, "default": 86_400}, "price_share": [1, 2],
        },
    }  # fmt: skip
