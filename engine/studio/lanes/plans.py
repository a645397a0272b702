"""The lane of those who want to know what would be written, before it is."""

import structlog
from prometheus_client import Counter, Histogram

from engine.backends.contracts import Planner
from engine.errors import BriefRefused
from engine.queue.contracts import Lease
from engine.studio.lanes.heart import Heart
from engine.studio.lanes.lane import Studio, facts_of, refusal, refuse_unbuilt, survived

log = structlog.get_logger()
PLANS = Counter("studio_plans_total", "Requests for plans ended by this studio", ["outcome"])
SECONDS = Histogram(
    "studio_plan_seconds", "Seconds from claim to plans", buckets=(0.1, 0.2, 0.5, 1, 2, 5, 10)
)


async def plan(studio: Studio, lease: Lease) -> None:
    """Plan one brief without making it, or leave it to another studio."""
    facts = facts_of(lease, "plans")
    log.info("plans.claimed", **facts)
    with SECONDS.time():
        outcome = await survived(studio, lease, _planned(studio, lease), "plans", facts)
    PLANS.labels(outcome).inc()
    log.info("plans.ended", outcome=outcome, **facts)


async def _planned(studio: Studio, lease: Lease) -> str:
    """Plan and hand over; returns how it ended, for the log. A stopping studio finishes this."""
    planner = studio.backend
    if not isinstance(planner, Planner):
        return await refuse_unbuilt(studio, lease, "plans")
    async with Heart(studio, lease, "plan") as heart:
        try:
            plans = tuple(await heart.through(lambda: planner.plans(lease.job)))
        except BriefRefused as refused:
            await studio.queue.finish(lease, failure=refusal(refused))
            return "refused"
    await studio.patiently(lambda: studio.queue.hand_over(lease, plans))
    return "done"
