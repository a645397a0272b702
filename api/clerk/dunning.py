"""Dunning: telling the accounts whose invoice is late, and freezing them after its grace."""

from datetime import UTC, datetime

from api.clerk.desk import Desk
from billing.connections import transaction
from billing.processor import mirror


async def dun(desk: Desk, now: datetime | None = None) -> int:
    """One round; returns how many invoices froze their account. ``now`` is the machine's unless
    it is said."""
    now = now or datetime.now(UTC)
    async with transaction(desk.pool) as conn:
        await mirror.warn_late(conn, now)
        return await mirror.freeze_overdue(conn, now)
