"""Checkout: where a client pays for a pack of tokens, once."""

from typing import Any

from stripe import StripeClient

from billing.contracts import Pack
from billing.errors import StripeUnavailable
from billing.processor.client import asking


async def start(
    stripe: StripeClient, customer: str, account: str, topup: str, pack: Pack, success_url: str
) -> tuple[str, str]:
    """A session for one pack: its id and the address where the client pays."""
    facts = {"account": account, "topup": topup, "tokens": str(pack.tokens)}
    if pack.months is not None:
        facts["months"] = str(pack.months)
    asked: Any = {
        "mode": "payment",
        "customer": customer,
        "client_reference_id": topup,
        "success_url": success_url,
        "metadata": facts,
        # The payment carries them too: a refund or a dispute names the payment, not the session.
        "payment_intent_data": {"metadata": facts},
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": pack.currency,
                    "unit_amount": pack.amount_minor,
                    "product_data": {"name": f"{pack.tokens} Cuesmith tokens"},
                },
            }
        ],
    }
    with asking(f"checkout of {topup}"):
        made = await stripe.v1.checkout.sessions.create_async(
            asked, {"idempotency_key": f"checkout-{topup}"}
        )
    if made.url is None:
        raise StripeUnavailable(f"Checkout session {made.id} came without an address")
    return made.id, made.url


async def retrieve(stripe: StripeClient, session: str) -> Any:
    """A session as Stripe knows it now."""
    with asking(session):
        return await stripe.v1.checkout.sessions.retrieve_async(session)
