"""Invoices as Stripe writes them: read for the mirror, previewed for the client."""

from datetime import UTC, datetime
from typing import Any

from stripe import StripeClient

from billing.processor.client import asking
from billing.processor.contracts import Invoice, InvoiceLine, Preview

LINES_AT_MOST = 50
"""Pages of a hundred lines; a metered subscription has one line for every tier begun."""


async def retrieve(stripe: StripeClient, invoice: str) -> Invoice:
    """An invoice with all its lines."""
    with asking(invoice):
        found: Any = await stripe.v1.invoices.retrieve_async(invoice)
        lines = list(found.lines.data)
        for _ in range(LINES_AT_MOST):
            if not found.lines.has_more:
                break
            page: Any = await stripe.v1.invoices.line_items.list_async(
                invoice, {"limit": 100, "starting_after": lines[-1].id}
            )
            lines += page.data
            found.lines.has_more = page.has_more
    return read(found, lines)


async def preview(stripe: StripeClient, customer: str, subscription: str) -> Preview:
    """What the next invoice would be, if it were written now."""
    with asking(f"preview for {subscription}"):
        found: Any = await stripe.v1.invoices.create_preview_async(
            {"customer": customer, "subscription": subscription}
        )
    lines = tuple(_line(line) for line in found.lines.data)
    begin, end = _period(found, lines)
    return Preview(
        currency=found.currency, total_minor=found.total, tokens=sum(one.tokens for one in lines),
        period_start=begin, period_end=end, lines=lines,
    )  # fmt: skip


def read(found: Any, lines: list[Any]) -> Invoice:
    """Stripe's invoice as our mirror keeps it."""
    read_lines = tuple(_line(line) for line in lines)
    begin, end = _period(found, read_lines)
    return Invoice(
        id=found.id,
        customer=str(found.customer),
        subscription=_subscription(found),
        status=found.status or "draft",
        number=found.number,
        currency=found.currency,
        total_minor=found.total,
        paid_minor=found.amount_paid,
        credited_minor=_credited(found),
        period_start=begin,
        period_end=end,
        tokens=sum(one.tokens for one in read_lines),
        hosted_url=getattr(found, "hosted_invoice_url", None),
        pdf_url=getattr(found, "invoice_pdf", None),
        lines=read_lines,
        due_at=_maybe(found.due_date),
        finalized_at=_maybe(found.status_transitions.finalized_at),
        attempts=found.attempt_count or 0,
        created_at=_instant(found.created),
    )


def _line(line: Any) -> InvoiceLine:
    parent = getattr(line, "parent", None)
    metered = parent is not None and parent.type == "subscription_item_details"
    return InvoiceLine(
        id=line.id,
        description=line.description,
        tokens=int(line.quantity or 0) if metered else 0,
        amount_minor=line.amount,
        period_start=_instant(line.period.start),
        period_end=_instant(line.period.end),
    )


def _period(found: Any, lines: tuple[InvoiceLine, ...]) -> tuple[datetime, datetime]:
    """Usage is invoiced in arrears, so its lines know the period better than the invoice does."""
    metered = [one for one in lines if one.tokens]
    if metered:
        return min(one.period_start for one in metered), max(one.period_end for one in metered)
    return _instant(found.period_start), _instant(found.period_end)


def _subscription(found: Any) -> str | None:
    parent = getattr(found, "parent", None)
    details = getattr(parent, "subscription_details", None)
    named = getattr(details, "subscription", None)
    return str(named) if named is not None else None


def _credited(found: Any) -> int:
    before = getattr(found, "pre_payment_credit_notes_amount", 0) or 0
    return before + (getattr(found, "post_payment_credit_notes_amount", 0) or 0)


def _maybe(seconds: int | None) -> datetime | None:
    return None if seconds is None else _instant(seconds)


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
