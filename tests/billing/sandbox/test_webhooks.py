"""Webhooks: signed, at least once, in any order, until they are accepted; on this machine only."""

import asyncio
import json
from typing import Any

import httpx
import pytest
import stripe as library
from stripe import StripeClient

from billing.sandbox.app import create_sandbox
from billing.sandbox.errors import Refused
from billing.sandbox.shop import Shop
from billing.sandbox.webhooks import Deliveries, Webhook, letter, sign
from tests.billing.sandbox.conftest import BEGIN, bought, told

TILL = Webhook(url="http://127.0.0.1:9/till", secret="whsec_old", also=("whsec_new",))
THIN = Webhook(url="http://127.0.0.1:9/thin", secret="whsec_thin", thin=True)


class Receiver:
    """Takes letters, and refuses the first so many of them."""

    def __init__(self, refuses: int = 0) -> None:
        self.refuses = refuses
        self.taken: list[tuple[str, Any]] = []
        self.letters: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.refuses > 0:
            self.refuses -= 1
            return httpx.Response(500)
        self.letters.append(request)
        self.taken.append((request.url.path, json.loads(request.content)))
        return httpx.Response(200)

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self))


async def test_letters_are_signed_with_both_secrets_while_one_replaces_the_other(
    stripe: StripeClient, shop: Shop
) -> None:
    await stripe.v1.customers.create_async({"name": "x"})
    receiver = Receiver()
    async with receiver.client() as client:
        assert await Deliveries(shop, shop.faults, (TILL,)).deliver(client) == 1
        assert await Deliveries(shop, shop.faults, (TILL,)).deliver(client) == 0
    (sent,) = receiver.letters
    for secret in ("whsec_old", "whsec_new"):
        event = stripe.construct_event(sent.content, sent.headers["stripe-signature"], secret)
        assert (event.type, event.livemode) == ("customer.created", False)
    for body, secret in ((sent.content, "whsec_other"), (sent.content + b" ", "whsec_old")):
        with pytest.raises(library.SignatureVerificationError):
            stripe.construct_event(body, sent.headers["stripe-signature"], secret)


async def test_a_letter_that_is_refused_comes_again(stripe: StripeClient, shop: Shop) -> None:
    await stripe.v1.customers.create_async({"name": "x"})
    receiver = Receiver(refuses=1)
    deliveries = Deliveries(shop, shop.faults, (TILL,))
    async with receiver.client() as client:
        assert await deliveries.deliver(client) == 0
        assert await deliveries.deliver(client) == 0  # not yet: it waits between attempts
        while not receiver.taken:
            await asyncio.sleep(0.02)
            await deliveries.deliver(client)
    assert len(receiver.taken) == 1
    assert shop.untold(thin=False) == []


async def test_letters_come_twice_out_of_order_or_never_on_demand(
    stripe: StripeClient, shop: Shop
) -> None:
    await bought(stripe)
    shop.faults.set("duplicate", count=1)
    shop.faults.set("drop", count=1)
    shop.faults.set("shuffle", count=1)
    receiver = Receiver()
    async with receiver.client() as client:
        await Deliveries(shop, shop.faults, (TILL,)).deliver(client)
    happened = [event["id"] for event in shop.events]
    got = [event["id"] for _, event in receiver.taken]
    assert len(got) == len(happened)
    assert len(set(got)) == len(happened) - 1
    assert list(dict.fromkeys(got)) != [one for one in happened if one in got]
    assert shop.untold(thin=False) == []


async def test_thin_and_whole_events_go_to_endpoints_of_their_own(
    stripe: StripeClient, shop: Shop
) -> None:
    sold = await bought(stripe)
    shop.faults.set("late", count=1)
    await stripe.v1.billing.meter_events.create_async(
        {"event_name": "tokens", "payload": {"stripe_customer_id": sold.customer, "value": "1"}}
    )
    shop.clock.advance(BEGIN + 5)
    receiver = Receiver()
    async with receiver.client() as client:
        await Deliveries(shop, shop.faults, (TILL, THIN)).deliver(client)
    thin = [event for path, event in receiver.taken if path == "/thin"]
    assert [event["type"] for event in thin] == ["v1.billing.meter.error_report_triggered"]
    assert "data" not in thin[0]
    whole = [event["type"] for path, event in receiver.taken if path == "/till"]
    assert whole == told(shop)


async def test_an_endpoint_made_by_call_gets_what_it_asked_for(
    stripe: StripeClient, shop: Shop
) -> None:
    made: Any = await stripe.v1.webhook_endpoints.create_async(
        {"url": "http://127.0.0.1:9/own", "enabled_events": ["invoice.paid", "product.created"]}
    )
    assert made.secret.startswith("whsec_sbx_")
    listed: Any = await stripe.v1.webhook_endpoints.list_async()
    assert [one.id for one in listed.data] == [made.id]
    assert "secret" not in listed.data[0]
    await bought(stripe)
    receiver = Receiver()
    async with receiver.client() as client:
        await Deliveries(shop, shop.faults, ()).deliver(client)
        kinds = [event["type"] for _, event in receiver.taken]
        assert kinds == ["product.created", "invoice.paid"]
        sent = receiver.letters[0]
        stripe.construct_event(sent.content, sent.headers["stripe-signature"], made.secret)
        await stripe.v1.webhook_endpoints.delete_async(made.id)
        await bought(stripe, name="other")
        await Deliveries(shop, shop.faults, ()).deliver(client)
    assert len(receiver.taken) == 2


@pytest.mark.parametrize("url", ["http://192.0.2.1/x", "https://127.0.0.1/x", "http://a.example"])
async def test_events_never_leave_this_machine(stripe: StripeClient, url: str) -> None:
    with pytest.raises(Refused, match="this machine only"):
        Webhook(url=url, secret="x")
    with pytest.raises(library.InvalidRequestError, match="this machine only"):
        await stripe.v1.webhook_endpoints.create_async({"url": url, "enabled_events": ["*"]})


async def test_tests_may_take_the_letters_themselves(stripe: StripeClient, shop: Shop) -> None:
    await bought(stripe)
    happened = [event["id"] for event in shop.events]
    letters = shop.deliver(duplicate=True, shuffle=3, secrets=["whsec_a", "whsec_b"])
    got = [json.loads(one.body)["id"] for one in letters]
    assert sorted(got) == sorted(happened * 2)
    assert list(dict.fromkeys(got)) != happened
    for one in letters:
        stripe.construct_event(one.body, one.headers["stripe-signature"], "whsec_b")
    assert shop.deliver() == []


async def test_events_are_listed_newest_first_by_type_and_time(
    stripe: StripeClient, shop: Shop
) -> None:
    await bought(stripe)
    listed = await stripe.v1.events.list_async({"types": ["customer.created", "invoice.paid"]})
    assert [one.type for one in listed.data] == ["invoice.paid", "customer.created"]
    one = await stripe.v1.events.retrieve_async(listed.data[0].id)
    assert one.data.object["object"] == "invoice"
    assert one.request is not None
    assert str(one.request.id).startswith("req_sbx_")
    none = await stripe.v1.events.list_async({"created": {"lt": BEGIN}})
    assert none.data == []
    with pytest.raises(library.InvalidRequestError):
        await stripe.v1.events.retrieve_async("evt_x")


def test_an_event_keeps_what_was_true_when_it_happened(shop: Shop) -> None:
    made = shop.make("cus", "customer", name="then")
    shop.emit("customer.created", made)
    shop.change(made, name="now")
    assert shop.events[0]["data"]["object"]["name"] == "then"
    sent = letter(shop.events[0], "whsec_x")
    stamp = int(sent.headers["stripe-signature"].split(",")[0].removeprefix("t="))
    assert sent.headers["stripe-signature"] == sign(sent.body, "whsec_x", stamp)


async def test_an_event_is_sent_once_more_on_demand(stripe: StripeClient, shop: Shop) -> None:
    await stripe.v1.customers.create_async({"name": "x"})
    (event,) = shop.events
    shop.deliver()
    shop.tell_again(event["id"])
    assert shop.untold(thin=False) == [event]
    with pytest.raises(Refused):
        shop.tell_again("evt_x")


async def test_a_webhook_that_is_down_is_given_up_after_its_attempts(
    stripe: StripeClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billing.sandbox.webhooks.RETRY_S", (0.0, 0.0))
    await stripe.v1.customers.create_async({"name": "x"})
    receiver = Receiver(refuses=3)
    deliveries = Deliveries(shop, shop.faults, (TILL,))
    async with receiver.client() as client:
        for _ in range(5):
            await deliveries.deliver(client)
    assert (receiver.refuses, receiver.taken) == (0, [])
    assert len((await stripe.v1.events.list_async()).data) == 1


async def test_a_switch_delivers_what_waits_and_sends_again(
    stripe: StripeClient, shop: Shop
) -> None:
    transport = httpx.ASGITransport(create_sandbox(shop))
    await stripe.v1.customers.create_async({"name": "x"})
    (event,) = shop.events
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:1") as http:
        assert (await http.get("/sandbox/deliveries")).json() == {"waiting": 1, "thin": 0}
        shop.deliver()
        again = await http.post("/sandbox/deliver", json={"again": [event["id"]]})
        assert again.json() == {"accepted": 0}  # there is no webhook to send it to
        assert (await http.get("/sandbox/deliveries")).json() == {"waiting": 1, "thin": 0}
        unknown = await http.post("/sandbox/deliver", json={"again": ["evt_x"]})
        assert unknown.status_code == 404
