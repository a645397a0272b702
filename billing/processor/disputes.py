"""Disputes: a bank takes a payment back, at least until somebody has decided."""

from typing import Any

from stripe import StripeClient

from billing.processor.client import asking


async def retrieve(stripe: StripeClient, dispute: str) -> Any:
    """A dispute as Stripe knows it now."""
    with asking(dispute):
        return await stripe.v1.disputes.retrieve_async(dispute)
