"""What the clerk tells of the queue, and what it does with a job that nobody could make."""

from datetime import timedelta

from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from api import clerk, logs
from api.clerk import Desk
from api.clerk.queue import count_queue
from billing.ledger import service as ledger
from engine.queue.postgres import PostgresQueue
from tests.api.conftest import Client, Door

BED = {"kind": "bed", "duration_ms": 60_000, "candidates": 4, "prompt": "warm lo-fi beat"}
LEASE = timedelta(seconds=30)
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
GONE_SILENT = "update engine.jobs set lease_until = now() - interval '1 s' where state = 'leased'"


def _value(metric: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(metric, labels) or 0.0


async def test_a_job_that_kills_every_studio_costs_nothing(
    client: Client, door: Door, desk: Desk
) -> None:
    brief = (await client.brief(BED)).json()["id"]
    assert await client.available() == 992
    queue, died = PostgresQueue(door.pool), 0
    before = _value("clerk_jobs_given_up_total", why="attempts_used_up")
    while (lease := await queue.claim(f"w{died}", LEASE)) is not None:
        died += 1
        assert (lease.job.id, lease.attempt) == (brief, died)
        await door.pool.execute(GONE_SILENT)
        await queue.reap()
    assert died == 3
    assert await clerk.settle_due(desk) == 1
    view = (await client.get(f"/v1/briefs/{brief}")).json()
    assert (view["status"], view["failure"]["code"]) == ("failed", "attempts_used_up")
    assert (view["tokens"]["released"], view["tokens"]["held"]) == (8, 0)
    assert await client.available() == 1000
    assert _value("clerk_jobs_given_up_total", why="attempts_used_up") == before + 1
    async with door.pool.acquire() as conn:
        assert await ledger.violations(conn) == []


async def test_the_queue_is_counted_lane_by_lane(client: Client, door: Door, desk: Desk) -> None:
    for number in range(3):
        await client.brief(BED, f"n-{number}")
    await client.brief({**BED, "lane": "batch"}, "batch")
    await PostgresQueue(door.pool).claim("w1", LEASE)
    await door.pool.execute(
        "update engine.jobs set run_at = now() - interval '1 hour' where lane = 'batch'"
    )
    assert await count_queue(desk) == 4
    counted = {
        (lane, state): _value("clerk_queue_jobs", lane=lane, state=state)
        for lane in ("interactive", "batch", "plan") for state in ("queued", "leased")
    }  # fmt: skip
    assert counted == {
        ("interactive", "queued"): 2, ("interactive", "leased"): 1, ("batch", "queued"): 1,
        ("batch", "leased"): 0, ("plan", "queued"): 0, ("plan", "leased"): 0,
    }  # fmt: skip
    assert _value("clerk_queue_seconds", lane="interactive") == 3 * 66
    assert 3600 <= _value("clerk_queue_oldest_seconds", lane="batch") < 3700
    view = await door.pool.fetch("select lane, jobs, seconds, oldest_s from engine.backlog")
    assert {row["lane"]: (row["jobs"], row["seconds"]) for row in view} == {
        "rendition": (0, 0), "plan": (0, 0), "interactive": (3, 198), "batch": (1, 66),
    }  # fmt: skip
    assert next(row["oldest_s"] for row in view if row["lane"] == "batch") >= 3600
    await door.pool.execute("delete from engine.jobs")
    assert await count_queue(desk) == 0
    assert _value("clerk_queue_jobs", lane="interactive", state="queued") == 0
    assert _value("clerk_queue_oldest_seconds", lane="batch") == 0


async def test_one_trace_goes_with_a_brief_from_the_door_to_the_clerk(
    client: Client, door: Door, desk: Desk
) -> None:
    headers = {"idempotency-key": "first", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    brief = (await client.post("/v1/briefs", BED, headers=headers)).json()["id"]
    queue = PostgresQueue(door.pool)
    lease = await queue.claim("w1", LEASE)
    assert lease is not None
    assert (lease.job.id, lease.job.trace) == (brief, TRACE)
    await queue.finish(lease)
    with capture_logs(processors=[logs.with_facts]) as lines:
        assert await clerk.settle_due(desk) == 1
    told = {line["event"]: line.get("trace") for line in lines}
    assert told["brief.finished"] == TRACE
