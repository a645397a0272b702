"""Telling Stripe's meters what was captured."""

from prometheus_client import Gauge

from api.clerk.desk import Desk
from billing.connections import lent
from billing.meters import service as meters

OUTBOX = Gauge("clerk_meter_events_waiting", "Meter events not delivered yet", ["lane"])


async def send_usage(desk: Desk) -> int:
    """Tell Stripe's meters what was captured."""
    sent = await meters.send_due(desk.pool, desk.door)
    async with lent(desk.pool) as conn:
        waiting = await meters.depth(conn)
    for lane in ("send", "reconcile", "dead"):
        OUTBOX.labels(lane).set(waiting.get(lane, 0))
    return sent
