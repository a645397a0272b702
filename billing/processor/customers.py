"""Stripe's customers: one for every account that pays."""

from typing import Any

from stripe import StripeClient

from billing.processor.client import asking


async def create(
    stripe: StripeClient, account: str, name: str, test_clock: str | None = None
) -> str:
    """A customer for an account; the same account again gets the same one."""
    asked: Any = {"name": name, "metadata": {"account": account}}
    if test_clock is not None:
        asked["test_clock"] = test_clock
    with asking(f"customer of {account}"):
        made = await stripe.v1.customers.create_async(
            asked, {"idempotency_key": f"customer-{account}"}
        )
    return made.id
