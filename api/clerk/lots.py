"""Letting token packs run out on their day, and saying so a month before."""

from api.clerk.desk import Desk
from billing.connections import transaction
from billing.ledger import lots


async def expire_lots(desk: Desk) -> int:
    """Take what nobody spent of packs whose day has come; tell who loses tokens soon. Returns the
    tokens that went."""
    async with transaction(desk.pool) as conn:
        gone = await lots.expire_due(conn)
        await lots.warn(conn)
    return gone
