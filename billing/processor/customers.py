"""Stripe's customers: one for every account that pays or is counted."""

import hashlib
from typing import Any

from stripe import StripeClient

from billing.processor.client import asking


async def create(stripe: StripeClient, account: str, test_clock: str | None = None) -> str:
    """A customer for an account, nameless as yet; the same account again gets the same one.

    Whoever comes first, the meters who know no name or a top-up that does, asks for the same
    thing: with the name in it, Stripe would refuse the second as another request of that key.
    """
    asked: Any = {"metadata": {"account": account}}
    if test_clock is not None:
        asked["test_clock"] = test_clock
    with asking(f"customer of {account}"):
        made = await stripe.v1.customers.create_async(
            asked, {"idempotency_key": f"customer-{account}"}
        )
    return made.id


async def rename(stripe: StripeClient, customer: str, name: str) -> None:
    """What a customer is called on Stripe's pages and invoices."""
    named = hashlib.sha256(name.encode()).hexdigest()[:16]
    with asking(customer):
        await stripe.v1.customers.update_async(
            customer, {"name": name}, {"idempotency_key": f"{customer}-name-{named}"}
        )
