"""Telling Stripe's meters what was captured."""

from prometheus_client import Gauge

from api.clerk.desk import Desk
from billing.connections import lent
from billing.meters import service as meters

WAITING = Gauge("clerk_meter_events_waiting", "Meter events not delivered yet", ["lane"])
OLDEST = Gauge("clerk_meter_event_oldest_seconds", "Age of the oldest meter event to be sent")
STOPPED = Gauge("clerk_meter_senders_stopped", "1 while nothing is sent, after a restore")


async def send_usage(desk: Desk) -> int:
    """Tell Stripe's meters what was captured."""
    sent = await meters.send_due(desk.pool, desk.sink, top_per_s=desk.meter_events_per_s)
    async with lent(desk.pool) as conn:
        waiting = await meters.depth(conn)
        oldest = await meters.oldest_age(conn)
        stopped = await meters.stopped(conn)
    for lane in ("send", "reconcile", "dead"):
        WAITING.labels(lane).set(waiting.get(lane, 0))
    OLDEST.set(oldest.total_seconds())
    STOPPED.set(stopped is not None)
    return sent
