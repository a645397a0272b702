"""Invoices in our mirror, for tests at the door; nobody asks Stripe for them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from billing.processor import store
from billing.processor.contracts import Invoice, InvoiceLine

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


async def mirrored(
    conn: asyncpg.Connection, account: str, named: str, status: str = "open", hours: int = 0
) -> Invoice:
    """An invoice over 70 tokens, made so many hours after the month began."""
    line = InvoiceLine(
        id=f"il_{named}", description="tokens", tokens=70, amount_minor=2100, period_start=BEGIN,
        period_end=BEGIN + timedelta(days=30),
    )  # fmt: skip
    kept: Any = status
    made = Invoice(
        id=named, customer="cus_x", subscription="sub_x", status=kept, number=f"A-{named}",
        currency="cny", total_minor=2100, paid_minor=0, credited_minor=0, period_start=BEGIN,
        period_end=BEGIN + timedelta(days=30), tokens=70, hosted_url="https://pay",
        pdf_url="https://pdf", lines=(line,), due_at=BEGIN + timedelta(days=44),
        finalized_at=BEGIN, attempts=0, created_at=BEGIN + timedelta(hours=hours),
    )  # fmt: skip
    await store.upsert_invoice(conn, account, made, timedelta(days=7))
    return made
