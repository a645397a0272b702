"""Every request and every answer is judged by Stripe's own document; what it lacks is 501."""

from typing import Any

import httpx
import pytest
import stripe as library
from stripe import StripeClient

from billing.sandbox import contract, customers
from billing.sandbox import shop as shops
from billing.sandbox.app import create_sandbox
from billing.sandbox.shop import OPERATIONS, Shop
from billing.sandbox.store import Does
from tests.billing.sandbox.conftest import URL, bought, use

KEY = {"authorization": "Bearer sk_test_x"}


def _raw(shop: Shop) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(create_sandbox(shop)), base_url=URL)


def _code(error: library.StripeError) -> str:
    """The library keeps the code of a server's error in its body only."""
    return error.json_body["error"]["code"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("given", "code", "param"),
    [
        ({"nmae": "x"}, "parameter_unknown", "nmae"),
        ({"address": {"citty": "x"}}, "parameter_unknown", "address[citty]"),
        ({"balance": "much"}, "parameter_invalid_integer", "balance"),
    ],
)
async def test_a_misspelt_or_ill_typed_parameter_is_refused_by_its_name(
    stripe: StripeClient, shop: Shop, given: Any, code: str, param: str
) -> None:
    with pytest.raises(library.InvalidRequestError) as refused:
        await stripe.v1.customers.create_async(given)
    assert (refused.value.code, refused.value.param) == (code, param)
    assert refused.value.http_status == 400
    assert shop.objects == {}


async def test_a_missing_parameter_is_refused_by_its_name(stripe: StripeClient) -> None:
    nothing: Any = {"display_name": "x", "event_name": "x"}
    with pytest.raises(library.InvalidRequestError) as refused:
        await stripe.v1.billing.meters.create_async(nothing)
    assert refused.value.code == "parameter_missing"
    assert refused.value.param == "default_aggregation"


async def test_a_misspelt_key_of_the_second_version_is_refused(stripe: StripeClient) -> None:
    wrong: Any = {"event_name": "x", "payload": {}, "identifer": "x"}
    with pytest.raises(library.StripeError, match="identifer"):
        await stripe.v2.billing.meter_events.create_async(wrong)


@pytest.mark.parametrize("planted", [{"nmae": "x"}, {"balance": "much"}, {"livemode": None}])
async def test_a_wrong_field_in_our_own_answer_never_leaves_the_sandbox(
    stripe: StripeClient, monkeypatch: pytest.MonkeyPatch, planted: dict[str, Any]
) -> None:
    def create(*given: Any) -> Any:
        return customers.create(*given) | planted

    monkeypatch.setitem(shops.OPERATIONS, ("POST", "/v1/customers"), Does(create, "name"))
    with pytest.raises(library.APIError) as failed:
        await stripe.v1.customers.create_async({"name": "x"})
    assert _code(failed.value) == "sandbox_fault"
    assert next(iter(planted)) in str(failed.value)


async def test_what_the_document_knows_and_the_sandbox_does_not_is_501(
    stripe: StripeClient,
) -> None:
    with pytest.raises(library.APIError, match="alerts") as unknown:
        await stripe.v1.billing.alerts.list_async()
    assert (unknown.value.http_status, _code(unknown.value)) == (501, "sandbox_unsupported")


async def test_what_the_document_does_not_know_is_501(stripe: StripeClient) -> None:
    with pytest.raises(library.APIError) as unknown:
        await stripe.v1.coupons.list_async()
    assert (unknown.value.http_status, _code(unknown.value)) == (501, "sandbox_unsupported")


async def test_a_parameter_that_would_be_ignored_is_501(stripe: StripeClient, shop: Shop) -> None:
    sold = await bought(stripe)
    with pytest.raises(library.APIError, match="trial_period_days") as unknown:
        await stripe.v1.subscriptions.create_async(
            {"customer": sold.customer, "items": [{"price": sold.price}], "trial_period_days": 3}
        )
    assert unknown.value.http_status == 501
    assert len(shop.all("subscription")) == 1


def test_every_operation_done_is_in_the_document_with_the_parameters_it_heeds() -> None:
    known = set(contract.operations())
    for (method, template), does in OPERATIONS.items():
        assert (method, template) in known
        schema, _ = contract._asked(method, template)
        assert set(does.takes.split()) <= set(schema["properties"]), template


@pytest.mark.parametrize(
    "path", sorted(path for method, path in OPERATIONS if method == "GET" and "{" not in path)
)
async def test_every_list_of_nothing_is_as_the_document_describes_it(
    shop: Shop, stripe: StripeClient, path: str
) -> None:
    customer = await stripe.v1.customers.create_async({})
    schema, _ = contract._asked("GET", path)
    known: dict[str, Any] = {"customer": customer.id, "filter[type]": "applicability_scope"}
    names = set(schema["required"]) | ({"customer"} & set(OPERATIONS["GET", path].takes.split()))
    given = {key: one for key, one in known.items() if key.split("[")[0] in names}
    async with _raw(shop) as http:
        answer = await http.get(path, params=given, headers=KEY)
    if answer.status_code == 400:  # a list inside something, which is to be named
        assert answer.json()["error"]["param"] in ("subscription", "invoice")
    else:
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("key", ["sk_live_1", "rk_live_1", "", "sk_1", "Basic x"])
async def test_only_test_keys_are_let_in(shop: Shop, key: str) -> None:
    async with _raw(shop) as http:
        answer = await http.get("/v1/customers", headers={"authorization": f"Bearer {key}"})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == ("live_key" if "live" in key else "no_key")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/customers", b"\xff\xfe"),
        ("POST", "/v1/customers", b"a[b]=1&a=2&a[b][c]=3"),
        ("POST", "/v1/customers", b"metadata[" + b"a][" * 40 + b"]=1"),
        ("POST", "/v1/customers", b"&".join(b"metadata[a%d]=1" % n for n in range(3_000))),
        ("POST", "/v1/customers", b"metadata=x"),
        ("POST", "/v1/customers", b"balance=99999999999999999999999999"),
        ("POST", "/v1/prices", b"currency=cny&product=x&unit_amount_decimal=1e400"),
        ("POST", "/v1/prices", b"currency=zzz&product_data[name]=x&unit_amount=1"),
        ("POST", "/v1/prices", b"currency=cny&product_data[name]=x&unit_amount_decimal=NaN"),
        ("POST", "/v1/prices", b"currency=cny&product_data[name]=x&unit_amount=-1"),
        ("POST", "/v1/subscriptions", b"customer=cus_x&items=x"),
        ("POST", "/v1/subscriptions", b"customer=cus_x"),
        ("POST", "/v1/refunds", b""),
        ("POST", "/v1/checkout/sessions", b"mode=payment&line_items[0][quantity]=1"),
        ("POST", "/v2/billing/meter_events", b"[1]"),
        ("POST", "/v2/billing/meter_events", b"{"),
        ("GET", "/v1/customers?limit=0", b""),
        ("GET", "/v1/customers?limit=x", b""),
        ("GET", "/v1/customers?starting_after=cus_x", b""),
        ("GET", "/v1/customers?expand[]=data.a.b.c.d", b""),
        ("GET", "/v1/customers/%00", b""),
        ("GET", "/v2/core/events?page=-1", b""),
        ("DELETE", "/v1/subscriptions/x", b""),
        ("PUT", "/v1/customers", b""),
    ],
)
async def test_no_input_makes_a_fault(shop: Shop, method: str, path: str, body: bytes) -> None:
    async with _raw(shop) as http:
        answer = await http.request(method, path, content=body, headers=KEY)
    assert answer.status_code in (400, 404, 501), answer.text
    assert answer.json()["error"]["message"]
    assert answer.headers["request-id"].startswith("req_")


async def test_a_body_beyond_all_measure_is_refused(shop: Shop) -> None:
    async with _raw(shop) as http:
        answer = await http.post("/v1/customers", content=b"a" * 1_000_001, headers=KEY)
    assert answer.status_code == 413


async def test_callers_from_elsewhere_are_refused(shop: Shop) -> None:
    far = httpx.ASGITransport(create_sandbox(shop), client=("192.0.2.7", 1))
    async with httpx.AsyncClient(transport=far, base_url=URL) as http:
        assert (await http.get("/v1/customers", headers=KEY)).status_code == 403
        assert (await http.post("/sandbox/faults", json={})).status_code == 403


async def test_every_event_of_a_busy_month_shows_objects_as_the_document_describes_them(
    stripe: StripeClient, shop: Shop
) -> None:
    sold = await bought(stripe, card="pm_card_createDispute")
    await use(stripe, sold, 100)
    shop.clock.advance(shop.clock.now() + 32 * 86_400)
    (paid,) = [one for one in shop.all("charge") if one["paid"]]
    shop.decide(shop.all("dispute")[0]["id"], "won")
    await stripe.v1.customers.delete_async(sold.customer)
    assert paid["disputed"]
    seen = set()
    for event in shop.events:
        about = event["data"]["object"]
        assert contract.faults_of(about) == [], event["type"]
        assert contract.faults_of(event) == []
        assert about.get("livemode", False) is False
        seen.add(about["object"])
    assert seen >= {"customer", "invoice", "subscription", "charge", "payment_intent", "dispute"}
