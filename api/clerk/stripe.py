"""What Stripe has sent, and what it forgot to send."""

from api.clerk.desk import Desk
from api.clerk.topups import end_topup
from billing.connections import lent
from billing.processor import handlers, inbox


async def handle_stripe(desk: Desk) -> int:
    """Apply the events Stripe has sent."""
    return await handlers.handle_due(desk.pool, desk.door, end_topup)


async def sweep_stripe(desk: Desk) -> int:
    """Fetch the events whose webhook never came."""
    return await handlers.sweep(desk.pool, desk.door)


async def forget_events(desk: Desk) -> int:
    """Drop the events that were done long ago."""
    async with lent(desk.pool) as conn:
        return await inbox.forget_old(conn)
