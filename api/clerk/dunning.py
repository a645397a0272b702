"""Freezing the accounts whose invoice is unpaid after its grace."""

from datetime import UTC, datetime

from api.clerk.desk import Desk
from billing.connections import transaction
from billing.processor import mirror


async def freeze_overdue(desk: Desk, now: datetime | None = None) -> int:
    """One round; returns how many invoices froze their account. ``now`` is the clock's unless it
    is said."""
    async with transaction(desk.pool) as conn:
        return await mirror.freeze_overdue(conn, now or datetime.now(UTC))
