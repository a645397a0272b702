"""Subscriptions: what makes Stripe invoice a postpaid account for its meter."""

from datetime import UTC, datetime
from typing import Any

from stripe import StripeClient

from billing.processor.client import asking
from billing.processor.contracts import Terms

_OVER = frozenset({"canceled", "incomplete_expired"})


async def ensure(
    stripe: StripeClient, account: str, customer: str, price: str, terms: Terms
) -> Any:
    """The account's subscription: the one Stripe has, or a new one."""
    with asking(f"subscriptions of {account}"):
        known = await stripe.v1.subscriptions.list_async(
            {"customer": customer, "status": "all", "limit": 100}
        )
    living = [one for one in known.data if one.status not in _OVER]
    if living:
        return living[0]
    asked: Any = {
        "customer": customer,
        "items": [{"price": price}],
        "collection_method": terms.collection,
        "metadata": {"account": account},
    }
    if terms.collection == "send_invoice":
        asked["days_until_due"] = terms.days_until_due
    with asking(f"subscription of {account}"):
        return await stripe.v1.subscriptions.create_async(
            asked, {"idempotency_key": f"subscription-{account}-{len(known.data)}"}
        )


async def retrieve(stripe: StripeClient, subscription: str) -> Any:
    """A subscription as Stripe knows it now."""
    with asking(subscription):
        return await stripe.v1.subscriptions.retrieve_async(subscription)


async def clock_time(stripe: StripeClient, clock: str) -> int:
    """A test clock's time in unix seconds."""
    with asking(clock):
        found = await stripe.v1.test_helpers.test_clocks.retrieve_async(clock)
    return found.frozen_time


def facts(found: Any) -> tuple[Any, ...]:
    """(id, status, price, currency, begin, end of the period, test clock) of Stripe's object."""
    item = found["items"].data[0]
    clock = found.test_clock
    return (
        found.id, found.status, item.price.id, found.currency,
        _instant(item.current_period_start), _instant(item.current_period_end),
        None if clock is None else str(clock),
    )  # fmt: skip


def _instant(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
