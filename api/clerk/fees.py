"""Writing down what Stripe keeps of the money, so that cash is what lies there."""

from datetime import UTC, datetime, timedelta

import asyncpg

from api.clerk.desk import Desk
from billing.connections import lent, transaction
from billing.ledger import service as ledger
from billing.processor import store
from billing.processor.balance import Fee

BACK = timedelta(days=3)


async def book_fees(desk: Desk) -> int:
    """Book the fees of the last days, each once; returns how many were new. Fees that are not for
    one of our accounts are somebody else's on the same Stripe."""
    fees = await desk.door.fees_since(datetime.now(UTC) - BACK)
    booked = 0
    for fee in fees:
        async with lent(desk.pool) as conn:
            account = await _whose(conn, fee)
        if account is not None:
            async with transaction(desk.pool) as conn:
                booked += await ledger.record_cash(conn, "fee", fee.id, account, fee.money)
    return booked


async def _whose(conn: asyncpg.Connection, fee: Fee) -> str | None:
    if fee.customer is not None:
        return await store.select_account(conn, fee.customer)
    if fee.dispute is not None:
        return await store.select_disputed_account(conn, fee.dispute)
    return None
