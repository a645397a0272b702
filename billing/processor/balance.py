"""What Stripe keeps of the money: the fees on its own account of us."""

from datetime import datetime
from typing import Any

from msgspec import Struct
from stripe import StripeClient

from billing.money import Money
from billing.processor.client import asking

PAGE, PAGES_AT_MOST = 20, 500
"""Movements of a page, each with the whole payment it is about, and pages of a look; what is older
than the newest pages is for the next look."""


class Fee(Struct, frozen=True, kw_only=True):
    """A fee, in the currency Stripe settles in, and what it was for: a customer's payment, or a
    dispute."""

    id: str
    money: Money
    customer: str | None
    dispute: str | None


async def fees_since(stripe: StripeClient, begin: datetime) -> list[Fee]:
    """The fees of the movements since then."""
    asked: Any = {
        "created": {"gte": int(begin.timestamp())}, "limit": PAGE, "expand": ["data.source"],
    }  # fmt: skip
    found: list[Fee] = []
    for _ in range(PAGES_AT_MOST):
        with asking("balance"):
            page = await stripe.v1.balance_transactions.list_async(asked)
        found += [_fee(one) for one in page.data if one.fee > 0]
        if not page.has_more:
            break
        asked["starting_after"] = page.data[-1].id
    return found


def _fee(one: Any) -> Fee:
    source = one.source
    kind = getattr(source, "object", None)
    customer = getattr(source, "customer", None) if kind == "charge" else None
    return Fee(
        id=one.id, money=Money(one.fee, one.currency),
        customer=None if customer is None else str(customer),
        dispute=source.id if kind == "dispute" else None,
    )  # fmt: skip
