"""A shop whose clock stands still until a test moves it, and the official library before it."""

from decimal import Decimal
from typing import Any

import httpx
import pytest
from msgspec import Struct
from stripe import StripeClient

from billing.processor.door import StripeHTTP
from billing.sandbox.app import create_sandbox
from billing.sandbox.clock import DAY_S, Clock
from billing.sandbox.shop import Shop
from billing.settings import API_VERSION

URL = "http://127.0.0.1:1"
BEGIN = 1_769_860_800
"""31 January 2026, 12:00 UTC: a day that February lacks."""
MONTH_S = 32 * DAY_S


class Sold(Struct, frozen=True):
    """A customer with a metered subscription."""

    customer: str
    meter: str
    event_name: str
    price: str
    subscription: str


@pytest.fixture
def shop() -> Shop:
    return Shop(url=URL, lag_s=0.0, clock=Clock(lambda: float(BEGIN)))


@pytest.fixture
def stripe(shop: Shop) -> StripeClient:
    return client_of(shop)


def client_of(shop: Shop, key: str = "sk_test_x") -> StripeClient:
    """The official library, speaking to this shop in process."""
    transport = httpx.ASGITransport(create_sandbox(shop))
    return StripeClient(
        key, http_client=StripeHTTP(transport), stripe_version=API_VERSION,
        base_addresses={"api": URL, "meter_events": URL}, max_network_retries=0,
    )  # fmt: skip


async def bought(
    stripe: StripeClient, *, unit: str = "30", currency: str = "cny", name: str = "tokens",
    card: str | None = "pm_card_visa", **terms: Any,
) -> Sold:  # fmt: skip
    """Everything up to a metered subscription: ``unit`` in minor units, ``terms`` for the rest."""
    given: Any = {"name": "Studio", "email": "studio@example.com"}
    if card is not None:
        given |= {"payment_method": card, "invoice_settings": {"default_payment_method": card}}
    customer = await stripe.v1.customers.create_async(given)
    meter = await stripe.v1.billing.meters.create_async(
        {"display_name": name, "event_name": name, "default_aggregation": {"formula": "sum"}}
    )
    product = await stripe.v1.products.create_async({"name": "Tokens"})
    price = await stripe.v1.prices.create_async(
        {"product": product.id, "currency": currency, "unit_amount_decimal": Decimal(unit),
         "recurring": {"interval": "month", "usage_type": "metered", "meter": meter.id}}
    )  # fmt: skip
    asked: Any = {"customer": customer.id, "items": [{"price": price.id}], **terms}
    made = await stripe.v1.subscriptions.create_async(asked)
    return Sold(customer.id, meter.id, name, price.id, made.id)


async def use(
    stripe: StripeClient, sold: Sold, tokens: int, identifier: str | None = None,
    at: int | None = None,
) -> None:  # fmt: skip
    """One meter event."""
    given: Any = {
        "event_name": sold.event_name,
        "payload": {"stripe_customer_id": sold.customer, "value": str(tokens)},
    }
    given |= {} if identifier is None else {"identifier": identifier}
    given |= {} if at is None else {"timestamp": at}
    await stripe.v1.billing.meter_events.create_async(given)


def told(shop: Shop, since: int = 0) -> list[str]:
    """The types of what happened since so many events."""
    return [event["type"] for event in shop.events[since:]]
