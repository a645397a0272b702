"""What all calls share: ids, lists, expansion, idempotency keys, errors, rates, faults."""

from typing import Any

import httpx
import pytest
import stripe as library
from stripe import StripeClient

from billing.sandbox import limits
from billing.sandbox.app import create_sandbox
from billing.sandbox.clock import DAY_S, Clock
from billing.sandbox.errors import Dropped
from billing.sandbox.shop import Shop
from tests.billing.sandbox.conftest import BEGIN, URL, bought, client_of, use

KEY = {"authorization": "Bearer sk_test_x"}


def _raw(shop: Shop) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_sandbox(shop))
    return httpx.AsyncClient(transport=transport, base_url=URL, headers=KEY)


async def test_ids_have_stripes_prefixes_and_say_sandbox(stripe: StripeClient, shop: Shop) -> None:
    sold = await bought(stripe)
    await use(stripe, sold, 1)
    shop.clock.advance(BEGIN + 32 * DAY_S)
    prefixes = {
        "customer": "cus", "product": "prod", "price": "price", "billing.meter": "mtr",
        "subscription": "sub", "invoice": "in", "line_item": "il", "payment_intent": "pi",
        "charge": "ch", "payment_method": "pm", "balance_transaction": "txn",
        "invoice_payment": "inpay",
    }  # fmt: skip
    found = {one["object"]: one["id"] for one in shop.objects.values()}
    assert set(found) == set(prefixes)
    for kind, key in found.items():
        assert key.startswith(f"{prefixes[kind]}_sbx_")
    assert all(event["id"].startswith("evt_sbx_") for event in shop.events)


async def test_lists_go_page_by_page_both_ways(stripe: StripeClient, shop: Shop) -> None:
    made = [(await stripe.v1.customers.create_async({"name": f"c{n}"})).id for n in range(25)]
    made.reverse()
    walked = await stripe.v1.customers.list_async({"limit": 10})
    assert ([one.id for one in walked.data], walked.has_more) == (made[:10], True)
    every = [one.id async for one in walked.auto_paging_iter()]
    assert every == made
    before = await stripe.v1.customers.list_async({"ending_before": made[12], "limit": 5})
    assert ([one.id for one in before.data], before.has_more) == (made[7:12], True)
    last = await stripe.v1.customers.list_async({"starting_after": made[19], "limit": 10})
    assert ([one.id for one in last.data], last.has_more) == (made[20:], False)
    shop.clock.advance(BEGIN + 100)
    late = await stripe.v1.customers.create_async({})
    since = await stripe.v1.customers.list_async({"created": {"gt": BEGIN}})
    assert [one.id for one in since.data] == [late.id]


async def test_ids_become_objects_where_they_are_asked_for(stripe: StripeClient) -> None:
    sold = await bought(stripe)
    found: Any = await stripe.v1.subscriptions.retrieve_async(
        sold.subscription, {"expand": ["customer", "latest_invoice.payments"]}
    )
    assert found.customer.id == sold.customer
    assert found.latest_invoice.payments.data == []
    listed: Any = await stripe.v1.subscriptions.list_async({"expand": ["data.customer"]})
    assert listed.data[0].customer.id == sold.customer
    plain = await stripe.v1.subscriptions.retrieve_async(sold.subscription)
    assert plain.customer == sold.customer
    with pytest.raises(library.InvalidRequestError, match="cannot be expanded"):
        await stripe.v1.subscriptions.retrieve_async(sold.subscription, {"expand": ["nothing"]})


async def test_an_idempotent_call_is_replayed_for_a_day_and_then_forgotten(shop: Shop) -> None:
    key = {"idempotency-key": "k"}
    async with _raw(shop) as http:
        first = await http.post("/v1/customers", data={"name": "a"}, headers=key)
        again = await http.post("/v1/customers", data={"name": "a"}, headers=key)
        assert again.json() == first.json()
        assert again.headers["idempotent-replayed"] == "true"
        assert "idempotent-replayed" not in first.headers
        other = await http.post("/v1/customers", data={"name": "b"}, headers=key)
        assert other.status_code == 400
        assert other.json()["error"]["type"] == "idempotency_error"
        elsewhere = await http.post("/v1/products", data={"name": "a"}, headers=key)
        assert elsewhere.json()["error"]["type"] == "idempotency_error"
        shop.clock.advance(BEGIN + DAY_S)
        anew = await http.post("/v1/customers", data={"name": "a"}, headers=key)
    assert anew.json()["id"] != first.json()["id"]
    assert len(shop.all("customer")) == 2


async def test_a_refusal_is_replayed_and_a_malformed_request_is_not_kept(
    stripe: StripeClient, shop: Shop
) -> None:
    sold = await bought(stripe, card="pm_card_chargeCustomerFail")
    await use(stripe, sold, 1)
    shop.clock.advance(BEGIN + 32 * DAY_S)
    owed: Any = (await stripe.v1.invoices.list_async({"status": "open"})).data[0]
    path, key = f"/v1/invoices/{owed.id}/pay", {"idempotency-key": "k"}
    async with _raw(shop) as http:
        wrong = await http.post(path, data={"nothing": "x"}, headers=key)
        assert wrong.json()["error"]["code"] == "parameter_unknown"
        declined = await http.post(path, headers=key)
        assert declined.status_code == 402
        shop.give_card(sold.customer)
        again = await http.post(path, headers=key)
        assert again.status_code == 402
        assert again.headers["idempotent-replayed"] == "true"
        assert again.json() == declined.json()
        paid = await http.post(path, headers={"idempotency-key": "l"})
    assert paid.json()["status"] == "paid"


async def test_an_error_has_stripes_envelope(shop: Shop) -> None:
    async with _raw(shop) as http:
        answer = await http.get("/v1/customers/cus_x")
    error = answer.json()["error"]
    assert answer.status_code == 404
    assert (error["type"], error["code"], error["param"]) == (
        "invalid_request_error", "resource_missing", "id",
    )  # fmt: skip
    assert error["message"] == "No such customer: 'cus_x'"
    assert answer.headers["request-id"].startswith("req_sbx_")
    assert answer.headers["stripe-should-retry"] == "false"


async def test_rates_are_kept_on_the_clock() -> None:
    rates = limits.Rates(requests=5, meter_events=3)
    shop = Shop(url=URL, clock=Clock(lambda: float(BEGIN)), rates=rates)
    stripe = client_of(shop)
    for _ in range(5):
        await stripe.v1.customers.list_async()
    with pytest.raises(library.RateLimitError) as refused:
        await stripe.v1.customers.list_async()
    assert refused.value.http_status == 429
    shop.clock.advance(BEGIN + 1)
    sold = await bought(stripe)
    for number in range(3):
        await use(stripe, sold, 1, f"cap_{number}")
    with pytest.raises(library.RateLimitError):
        await use(stripe, sold, 1, "cap_3")
    shop.clock.advance(BEGIN + 1.4)
    await use(stripe, sold, 1, "cap_3")
    assert len(shop.meter_events) == 4


@pytest.mark.parametrize(
    ("kind", "kept", "error"),
    [
        ("refuse", 0, library.APIConnectionError),
        ("429", 0, library.RateLimitError),
        ("500", 0, library.APIError),
        ("lose", 1, library.APIConnectionError),
    ],
)
async def test_a_fault_strikes_as_often_as_it_was_asked_to(
    shop: Shop, stripe: StripeClient, kind: str, kept: int, error: type[Exception]
) -> None:
    shop.faults.set(kind, count=1, path="/v1/customers")
    await stripe.v1.products.create_async({"name": "x"})
    with pytest.raises(error):
        await stripe.v1.customers.create_async({"name": "a"})
    assert len(shop.all("customer")) == kept
    await stripe.v1.customers.create_async({"name": "a"})
    assert len(shop.all("customer")) == kept + 1
    assert shop.faults.struck == {kind: 1}


async def test_a_lost_reply_is_found_again_by_its_idempotency_key(shop: Shop) -> None:
    shop.faults.set("lose", count=1)
    async with _raw(shop) as http:
        with pytest.raises(Dropped):
            await http.post("/v1/customers", headers={"idempotency-key": "k"})
        again = await http.post("/v1/customers", headers={"idempotency-key": "k"})
    assert again.json()["id"] == shop.all("customer")[0]["id"]
    assert again.headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize(
    "messages",
    [
        [{"type": "http.request", "body": b"name=", "more_body": True},
         {"type": "http.disconnect"}],
        [{"type": "http.disconnect"}],
        [{"type": "http.request", "body": b"", "more_body": False}],
    ],
    ids=["half", "nothing", "less than declared"],
)  # fmt: skip
async def test_a_request_that_breaks_off_does_nothing_and_keeps_no_key(
    shop: Shop, messages: list[dict[str, Any]]
) -> None:
    coming = iter(messages)

    async def receive() -> dict[str, Any]:
        return next(coming)

    async def send(_: Any) -> None:
        raise AssertionError("nobody is there to be answered")

    scope = {
        "type": "http", "method": "POST", "path": "/v1/customers", "query_string": b"",
        "headers": [(b"authorization", b"Bearer sk_test_x"), (b"idempotency-key", b"k"),
                    (b"content-length", b"6")],
    }  # fmt: skip
    with pytest.raises(Dropped):
        await create_sandbox(shop)(scope, receive, send)
    assert shop.all("customer") == []
    async with _raw(shop) as http:
        made = await http.post(
            "/v1/customers", headers={"idempotency-key": "k"}, data={"name": "a"}
        )
    assert made.json()["name"] == "a"


async def test_faults_by_chance_are_the_same_for_the_same_seed() -> None:
    async def struck(seed: int) -> list[bool]:
        shop = Shop(url=URL, seed=seed)
        shop.faults.set("500", chance=0.4)
        async with _raw(shop) as http:
            answers = [await http.get("/v1/customers") for _ in range(40)]
        return [one.status_code == 500 for one in answers]

    first = await struck(7)
    assert first == await struck(7)
    assert first != await struck(8)
    assert 5 < sum(first) < 30


async def test_the_switches_say_what_they_take(shop: Shop) -> None:
    async with _raw(shop) as http:
        wrong: list[tuple[str, Any]] = [
            ("/sandbox/faults", {"explode": {"count": 1}}),
            ("/sandbox/faults", {"500": {"chance": 2}}),
            ("/sandbox/faults", {"500": {"count": -1}}),
            ("/sandbox/faults", {"500": {"cuont": 1}}),
            ("/sandbox/faults", {"500": 1}),
            ("/sandbox/faults", {"seed": "x"}),
            ("/sandbox/faults", [1]),
            ("/sandbox/clock", {"to": 1}),
            ("/sandbox/clock", {}),
            ("/sandbox/clock", {"to": BEGIN + 5, "by_s": 5}),
            ("/sandbox/limits", {"requests": "x"}),
            ("/sandbox/disputes", {"payment": "pi_x"}),
            ("/sandbox/disputes/du_x", {"status": "won"}),
            ("/sandbox/customers/cus_x/card", {}),
        ]
        for path, body in wrong:
            answer = await http.post(path, json=body)
            assert answer.status_code in (400, 404), (path, body, answer.text)
            assert answer.json()["error"]["message"]
        assert shop.faults.on == {}
        told = await http.post("/sandbox/faults", json={"seed": 3, "lose": {"count": 2}})
        assert told.json()["on"]["lose"]["count"] == 2
        moved = await http.post("/sandbox/clock", json={"by_s": 60})
        assert moved.json()["now"] == BEGIN + 60
        await http.post("/sandbox/limits", json={"meter_events": 5, "one_in_flight": False})
        assert shop.limits.rates == limits.Rates(meter_events=5, one_in_flight=False)
        about = (await http.get("/sandbox")).json()
    assert "POST /v1/billing/meter_events" in about["supported"]


async def test_banks_and_cards_are_moved_by_switches(stripe: StripeClient, shop: Shop) -> None:
    sold = await bought(stripe)
    await use(stripe, sold, 70)
    shop.clock.advance(BEGIN + 32 * DAY_S)
    charge = shop.all("charge")[0]["id"]
    async with _raw(shop) as http:
        made = (await http.post("/sandbox/disputes", json={"payment": charge})).json()
        ended = await http.post(f"/sandbox/disputes/{made['id']}", json={"status": "won"})
        assert ended.json()["status"] == "won"
        card = await http.post(
            f"/sandbox/customers/{sold.customer}/card", json={"number": "4000000000000341"}
        )
    found: Any = await stripe.v1.customers.retrieve_async(sold.customer)
    assert found.invoice_settings.default_payment_method == card.json()["id"]


@pytest.mark.parametrize(
    "url",
    ["http://192.0.2.1:1", "https://127.0.0.1:1", "http://example.com", "http://127.0.0.1.evil.io",
     "ftp://127.0.0.1", "http://0.0.0.0:1", ""],
)  # fmt: skip
def test_the_sandbox_lives_on_this_machine_only(url: str) -> None:
    with pytest.raises(Exception, match="this machine only"):
        Shop(url=url)
