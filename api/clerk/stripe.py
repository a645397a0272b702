"""What Stripe has sent, and what it forgot to send."""

from datetime import timedelta

from api.clerk.desk import Desk
from api.clerk.topups import end_topup
from billing.connections import lent
from billing.processor import handlers, inbox

LATELY, UNHEARD = timedelta(hours=1), timedelta(days=3)
"""How far two sweeps look back: one that is done every minute, and one when a clerk starts, and
every hour. What they ask Stripe for must not grow with the day."""


async def handle_stripe(desk: Desk) -> int:
    """Apply the events Stripe has sent."""
    return await handlers.handle_due(desk.pool, desk.door, end_topup)


async def sweep_stripe(desk: Desk) -> int:
    """Fetch the events whose webhook should have come by now, and never did."""
    return await handlers.sweep(desk.pool, desk.door, LATELY)


async def sweep_days(desk: Desk) -> int:
    """The same of all the time that nobody may have listened."""
    return await handlers.sweep(desk.pool, desk.door, UNHEARD)


async def forget_events(desk: Desk) -> int:
    """Drop the events that were done long ago."""
    async with lent(desk.pool) as conn:
        return await inbox.forget_old(conn)
