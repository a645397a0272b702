"""How much waits for a studio and how much is being made, as gauges."""

from prometheus_client import Gauge

from api.clerk.desk import Desk
from billing.connections import lent
from engine.queue import service as queue
from engine.queue.contracts import Lane

LANES: tuple[Lane, ...] = ("rendition", "plan", "interactive", "batch")
STATES = ("queued", "leased")

JOBS = Gauge("clerk_queue_jobs", "Jobs that wait (queued) or are being made", ["lane", "state"])
SECONDS = Gauge("clerk_queue_seconds", "Studio seconds that all of them should take", ["lane"])
OLDEST = Gauge("clerk_queue_oldest_seconds", "How long the oldest that waits has waited", ["lane"])


async def count_queue(desk: Desk) -> int:
    """Look at the whole queue; returns how many jobs are in it."""
    async with lent(desk.pool) as conn:
        found = {(load.lane, load.state): load for load in await queue.loads(conn)}
    for lane in LANES:
        there = {state: found.get((lane, state)) for state in STATES}
        for state, load in there.items():
            JOBS.labels(lane, state).set(load.jobs if load else 0)
        SECONDS.labels(lane).set(sum(load.seconds for load in there.values() if load))
        waiting = there["queued"]
        OLDEST.labels(lane).set(waiting.oldest_s if waiting else 0)
    return sum(load.jobs for load in found.values())
