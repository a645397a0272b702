"""What Stripe must know before it can count and invoice: the product, the meters, the prices."""

import hashlib
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import stripe as library
from stripe import StripeClient

from billing import money
from billing.ledger.service import METERS
from billing.prices.contracts import Tier
from billing.processor.client import asking

PRODUCT = "cuesmith_tokens"
_THERE = "resource_already_exists"


async def ensure_meters(stripe: StripeClient) -> dict[str, str]:
    """The meter of every event name we send; those that are missing are made."""
    with asking("meters"):
        known = await stripe.v1.billing.meters.list_async({"status": "active", "limit": 100})
        meters = {meter.event_name: meter.id for meter in known.data}
        for event_name in METERS.values():
            if event_name not in meters:
                made = await stripe.v1.billing.meters.create_async(
                    {"display_name": event_name, "event_name": event_name,
                     "default_aggregation": {"formula": "sum"}},
                    {"idempotency_key": f"meter-{event_name}"},
                )  # fmt: skip
                meters[event_name] = made.id
    return meters


async def ensure_price(
    stripe: StripeClient, tiers: Sequence[Tier], currency: str, meter: str
) -> str:
    """The metered price of these tiers in a currency. It is found by a name made of what it
    costs, so a changed book makes a new price and subscriptions keep the one they have."""
    name = lookup_key(tiers, currency)
    with asking(f"price {name}"):
        found = await stripe.v1.prices.list_async({"lookup_keys": [name], "active": True})
    if found.data:
        return found.data[0].id
    await _ensure_product(stripe)
    asked: Any = {
        "product": PRODUCT, "currency": currency, "lookup_key": name,
        "recurring": {"interval": "month", "usage_type": "metered", "meter": meter},
        "billing_scheme": "tiered", "tiers_mode": "graduated",
        "tiers": [
            {"up_to": "inf" if tier.up_to is None else tier.up_to,
             "unit_amount_decimal": minor_decimal(tier.rate[currency], currency)}
            for tier in tiers
        ],
    }  # fmt: skip
    with asking(f"price {name}"):
        made = await stripe.v1.prices.create_async(asked, {"idempotency_key": f"price-{name}"})
    return made.id


def lookup_key(tiers: Sequence[Tier], currency: str) -> str:
    """The name of a price: its currency, and a digest of what its tiers cost."""
    facts = [(tier.up_to, minor_decimal(tier.rate[currency], currency)) for tier in tiers]
    digest = hashlib.sha256(msgspec.json.encode(facts)).hexdigest()[:16]
    return f"cuesmith-{currency}-{digest}"


def minor_decimal(rate: str, currency: str) -> str:
    """A rate in major units as Stripe takes it: minor units with decimals. "0.045" USD → "4.5"."""
    minor = Decimal(rate).scaleb(money.exponent_of(currency))
    return f"{minor.normalize():f}"


async def _ensure_product(stripe: StripeClient) -> None:
    # A name of our own, so that a repeat after Stripe has forgotten the idempotency key finds it.
    with asking(f"product {PRODUCT}"):
        try:
            await stripe.v1.products.create_async(
                {"id": PRODUCT, "name": "Cuesmith tokens", "unit_label": "token"},
                {"idempotency_key": f"product-{PRODUCT}"},
            )
        except library.InvalidRequestError as error:
            if error.code != _THERE:
                raise
