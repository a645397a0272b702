"""Checkout, the portal and the pages: what a client does in a browser."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import stripe as library
from stripe import StripeClient

from billing.sandbox.app import create_sandbox
from billing.sandbox.clock import DAY_S
from billing.sandbox.errors import Refused
from billing.sandbox.shop import Shop
from tests.billing.sandbox.conftest import BEGIN, MONTH_S, URL, bought, told, use

ITEM: Any = {
    "quantity": 2,
    "price_data": {"currency": "cny", "unit_amount": 1500, "product_data": {"name": "<b>100</b>"}},
}


@pytest.fixture
async def browser(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_sandbox(shop))
    headers = {"accept": "text/html"}
    async with httpx.AsyncClient(transport=transport, base_url=URL, headers=headers) as client:
        yield client


async def _session(stripe: StripeClient, **more: Any) -> Any:
    customer = await stripe.v1.customers.create_async({"name": "Studio", "email": "a@b.example"})
    asked: Any = {"mode": "payment", "customer": customer.id, "line_items": [ITEM],
                  "success_url": "http://127.0.0.1:9/ok"}  # fmt: skip
    asked |= more
    return await stripe.v1.checkout.sessions.create_async(
        {key: one for key, one in asked.items() if one is not None}  # type: ignore[arg-type]
    )


async def test_a_session_is_paid_once(stripe: StripeClient, shop: Shop) -> None:
    made = await _session(
        stripe, client_reference_id="top_1", metadata={"topup": "top_1"},
        payment_intent_data={"metadata": {"account": "acc_1"}},
    )  # fmt: skip
    assert (made.status, made.payment_status, made.amount_total) == ("open", "unpaid", 3000)
    assert made.url == f"{URL}/sandbox/checkout/{made.id}"
    shop.pay(made.id)
    shop.pay(made.id)
    paid = await stripe.v1.checkout.sessions.retrieve_async(made.id, {"expand": ["line_items"]})
    assert (paid.status, paid.payment_status) == ("complete", "paid")
    assert paid.line_items is not None
    assert [one.amount_total for one in paid.line_items.data] == [3000]
    intent = await stripe.v1.payment_intents.retrieve_async(str(paid.payment_intent))
    assert (intent.amount_received, intent.metadata.to_dict()) == (3000, {"account": "acc_1"})
    assert told(shop)[-1] == "checkout.session.completed"
    assert told(shop).count("checkout.session.completed") == 1
    assert len(shop.all("charge")) == 1


async def test_a_declined_card_leaves_the_session_open(stripe: StripeClient, shop: Shop) -> None:
    made = await _session(stripe)
    assert shop.decline(made.id)["status"] == "open"
    with pytest.raises(Refused) as declined:
        shop.pay(made.id, "4000000000009995")
    assert (declined.value.status, declined.value.code) == (402, "card_declined")
    shop.pay(made.id)
    assert len(shop.all("payment_intent")) == 1
    assert [one["status"] for one in shop.all("charge")] == ["succeeded", "failed", "failed"]


@pytest.mark.parametrize("comes", [True, False])
async def test_the_money_of_a_slow_way_to_pay_comes_later_or_never(
    stripe: StripeClient, shop: Shop, comes: bool
) -> None:
    made = await _session(stripe, payment_method_types=["card", "alipay"])
    shop.pay(made.id, later=True)
    found = await stripe.v1.checkout.sessions.retrieve_async(made.id)
    assert (found.status, found.payment_status) == ("complete", "unpaid")
    shop.settle(made.id, paid=comes)
    found = await stripe.v1.checkout.sessions.retrieve_async(made.id)
    assert found.payment_status == ("paid" if comes else "unpaid")
    outcome = "succeeded" if comes else "failed"
    assert told(shop)[-1] == f"checkout.session.async_payment_{outcome}"
    if comes:
        with pytest.raises(Refused):
            shop.settle(made.id)


async def test_a_card_is_not_paid_later(stripe: StripeClient, shop: Shop) -> None:
    made = await _session(stripe)
    with pytest.raises(Refused, match="slow"):
        shop.pay(made.id, later=True)
    with pytest.raises(Refused):
        shop.settle(made.id)


async def test_a_session_ends_by_time_or_by_hand(stripe: StripeClient, shop: Shop) -> None:
    timed = await _session(stripe, expires_at=BEGIN + 1800)
    ended = await _session(stripe)
    await stripe.v1.checkout.sessions.expire_async(ended.id)
    with pytest.raises(library.InvalidRequestError):
        await stripe.v1.checkout.sessions.expire_async(ended.id)
    shop.clock.advance(BEGIN + 1800)
    found = await stripe.v1.checkout.sessions.retrieve_async(timed.id)
    assert (found.status, found.url) == ("expired", None)
    with pytest.raises(Refused, match="expired"):
        shop.pay(timed.id)
    assert told(shop).count("checkout.session.expired") == 2


@pytest.mark.parametrize(
    "more",
    [
        {"line_items": []},
        {"line_items": [{"price": "price_x", "quantity": 1}]},
        {"mode": None},
        {"customer": "cus_x"},
        {"expires_at": BEGIN + 60},
        {"expires_at": BEGIN + 2 * DAY_S},
    ],
)
async def test_a_session_that_means_nothing_is_refused(
    stripe: StripeClient, shop: Shop, more: Any
) -> None:
    with pytest.raises(library.InvalidRequestError):
        await _session(stripe, **more)
    assert shop.all("checkout.session") == []


async def test_a_session_without_a_customer_makes_one(stripe: StripeClient, shop: Shop) -> None:
    made = await _session(stripe, customer=None, customer_email="new@b.example")
    shop.pay(made.id)
    found = await stripe.v1.checkout.sessions.retrieve_async(made.id, {"expand": ["customer"]})
    customer: Any = found.customer
    assert customer.email == "new@b.example"


async def test_a_subscription_is_begun_by_its_page(stripe: StripeClient, shop: Shop) -> None:
    sold = await bought(stripe)
    made = await _session(
        stripe, mode="subscription", line_items=[{"price": sold.price}],
        subscription_data={"metadata": {"account": "acc_1"}},
    )  # fmt: skip
    with pytest.raises(Refused):
        shop.pay(made.id, "4000000000000002")
    shop.pay(made.id)
    found: Any = await stripe.v1.checkout.sessions.retrieve_async(
        made.id, {"expand": ["subscription"]}
    )
    assert found.subscription.status == "active"
    assert found.subscription.metadata.to_dict() == {"account": "acc_1"}
    assert found.subscription.default_payment_method is not None


async def test_a_card_is_kept_by_its_page(stripe: StripeClient, shop: Shop) -> None:
    made = await _session(stripe, mode="setup", line_items=None, currency="cny")
    shop.pay(made.id)
    kept = await stripe.v1.customers.payment_methods.list_async(str(made.customer))
    assert len(kept.data) == 1


# --- pages ----------------------------------------------------------------------------------------


async def test_every_page_says_that_no_money_moves(
    stripe: StripeClient, shop: Shop, browser: httpx.AsyncClient
) -> None:
    sold = await bought(stripe)
    await use(stripe, sold, 7)
    shop.clock.advance(BEGIN + MONTH_S)
    invoice: Any = (await stripe.v1.invoices.list_async({"customer": sold.customer})).data[0]
    portal = await stripe.v1.billing_portal.sessions.create_async(
        {"customer": sold.customer, "return_url": "javascript:alert(1)"}
    )
    session = await _session(stripe)
    for url in (session.url, portal.url, invoice.hosted_invoice_url, "/sandbox/dashboard"):
        page = await browser.get(url)
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        assert "Sandbox: no money moves here." in page.text
        assert "<b>100</b>" not in page.text
        assert "javascript:" not in page.text


async def test_a_client_pays_or_is_declined_on_the_page(
    stripe: StripeClient, browser: httpx.AsyncClient
) -> None:
    made = await _session(stripe)
    assert "30.00 CNY" in (await browser.get(made.url)).text
    declined = await browser.post(f"{made.url}/decline")
    assert declined.headers["location"] == f"/sandbox/checkout/{made.id}"
    refused = await browser.post(f"{made.url}/pay", data={"card": "4000000000000002"})
    assert refused.status_code == 402
    paid = await browser.post(f"{made.url}/pay", data={"card": "4242424242424242"})
    assert (paid.status_code, paid.headers["location"]) == (303, "http://127.0.0.1:9/ok")
    again = await browser.post(f"{made.url}/pay", headers={"accept": "*/*"})
    assert again.json() == {"id": made.id, "payment_status": "paid"}
    assert (await browser.get("/sandbox/checkout/cs_x")).status_code == 404


async def test_a_client_changes_the_card_pays_and_ends_in_the_portal(
    stripe: StripeClient, shop: Shop, browser: httpx.AsyncClient
) -> None:
    sold = await bought(stripe, card="pm_card_chargeCustomerFail")
    await use(stripe, sold, 7)
    shop.clock.advance(BEGIN + MONTH_S)
    portal = await stripe.v1.billing_portal.sessions.create_async({"customer": sold.customer})
    page = (await browser.get(portal.url)).text
    assert "ending in 0341" in page
    (owed,) = (await stripe.v1.invoices.list_async({"status": "open"})).data
    assert f"/sandbox/invoices/{owed.id}" in page
    await browser.post(f"{portal.url}/card", data={"card": "4242424242424242"})
    assert "ending in 4242" in (await browser.get(portal.url)).text
    await browser.post(f"{owed.hosted_invoice_url}/pay", data={"card": "4242424242424242"})
    assert (await stripe.v1.invoices.retrieve_async(owed.id)).status == "paid"
    await browser.post(f"{portal.url}/cancel/{sold.subscription}")
    found = await stripe.v1.subscriptions.retrieve_async(sold.subscription)
    assert found.cancel_at_period_end
    stranger = await _session(stripe)
    other = await stripe.v1.billing_portal.sessions.create_async(
        {"customer": str(stranger.customer)}
    )
    refused = await browser.post(f"{other.url}/cancel/{sold.subscription}")
    assert refused.status_code == 404
