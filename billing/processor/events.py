"""What Stripe says has happened: the kinds we listen to, and those whose webhook never came."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from stripe import StripeClient

from billing.processor.client import asking

HANDLED = (
    "checkout.session.completed", "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed", "checkout.session.expired",
    "invoice.created", "invoice.updated", "invoice.finalized", "invoice.paid",
    "invoice.payment_failed", "invoice.overdue", "invoice.marked_uncollectible", "invoice.voided",
    "customer.subscription.created", "customer.subscription.updated",
    "customer.subscription.deleted",
    "credit_note.created", "credit_note.voided",
    "charge.refunded", "refund.created", "refund.updated", "refund.failed",
    "charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed",
    "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated",
)  # fmt: skip
"""Twenty at most fit into one question to Stripe; `since` asks as often as it must."""

CLOCKS = ("test_helpers.test_clock.ready",)
TYPES_AT_ONCE = 20
PAGE, PAGES_AT_MOST = 20, 250
"""Events of a page, some twenty kilobytes each while they are looked at, and pages of a sweep; one
that finds more goes on with the newest."""


async def since(stripe: StripeClient, begin: datetime) -> AsyncIterator[list[Any]]:
    """Events of the kinds we handle since then, page by page: all of three days would be a hundred
    megabytes."""
    kinds = (*HANDLED, *CLOCKS)
    for at in range(0, len(kinds), TYPES_AT_ONCE):
        async for page in _pages(stripe, begin, kinds[at : at + TYPES_AT_ONCE]):
            yield page


async def thin(stripe: StripeClient, event: str) -> Any:
    """A thin event with its facts, which the notification leaves out."""
    with asking(event):
        return await stripe.v2.core.events.retrieve_async(event)


async def _pages(
    stripe: StripeClient, begin: datetime, kinds: tuple[str, ...]
) -> AsyncIterator[list[Any]]:
    asked: Any = {
        "created": {"gte": int(begin.timestamp())}, "limit": PAGE, "types": list(kinds),
    }  # fmt: skip
    for _ in range(PAGES_AT_MOST):
        with asking("events"):
            page = await stripe.v1.events.list_async(asked)
        if page.data:
            yield page.data
        if not page.has_more:
            break
        asked["starting_after"] = page.data[-1].id
