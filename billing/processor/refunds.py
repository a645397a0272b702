"""Refunds of payments. Each carries the errand that asked for it, so that a clerk who was killed
finds what it has done, however long ago."""

from typing import Any

from stripe import StripeClient

from billing.processor.client import asking


async def ensure(stripe: StripeClient, errand: str, payment_intent: str, amount_minor: int) -> Any:
    """The refund of an errand: the one that was made, or a new one."""
    for one in await of_payment(stripe, payment_intent):
        if one.metadata is not None and one.metadata.to_dict().get("errand") == errand:
            return one
    with asking(f"refund of {payment_intent}"):
        return await stripe.v1.refunds.create_async(
            {"payment_intent": payment_intent, "amount": amount_minor,
             "reason": "requested_by_customer", "metadata": {"errand": errand}},
            {"idempotency_key": f"refund-{errand}"},
        )  # fmt: skip


async def of_payment(stripe: StripeClient, payment_intent: str) -> list[Any]:
    """The refunds of a payment, the first first."""
    with asking(f"refunds of {payment_intent}"):
        found = await stripe.v1.refunds.list_async({"payment_intent": payment_intent, "limit": 100})
    return sorted(found.data, key=lambda one: (one.created, one.id))


async def payment(stripe: StripeClient, payment_intent: str) -> Any:
    """A payment as Stripe knows it now: whose it is, and what we wrote on it."""
    with asking(payment_intent):
        return await stripe.v1.payment_intents.retrieve_async(payment_intent)
