"""Stripe's customer portal: where a client changes its card and its address."""

from stripe import StripeClient

from billing.processor.client import asking


async def open_session(stripe: StripeClient, errand: str, customer: str, return_url: str) -> str:
    """The address of a portal session. Whoever has it is the customer, for some minutes."""
    with asking(f"portal of {customer}"):
        made = await stripe.v1.billing_portal.sessions.create_async(
            {"customer": customer, "return_url": return_url},
            {"idempotency_key": f"portal-{errand}"},
        )
    return made.url
