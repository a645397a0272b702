"""Whatever is asked, the sandbox answers or refuses: calls made at random of what the document
allows, with ids that are there, ids of other things, and nonsense."""

import json
import random
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest

from billing.sandbox import contract
from billing.sandbox.app import create_sandbox
from billing.sandbox.clock import Clock
from billing.sandbox.shop import OPERATIONS, Shop
from tests.billing.sandbox.conftest import BEGIN, URL, bought, client_of, use

CALLS = 400
REFUSALS = frozenset({200, 400, 402, 404, 501})
KEY = {"authorization": "Bearer sk_test_x"}
CHOICES = [
    (method, path)
    for method, path in sorted(OPERATIONS)
    if path != "/v2/billing/meter_event_stream"
    for _ in range({"POST": 12, "GET": 4, "DELETE": 1}[method])
]
KINDS = {
    "customer": "customer", "price": "price", "product": "product", "meter": "billing.meter",
    "subscription": "subscription", "subscription_exposed_id": "subscription",
    "invoice": "invoice", "intent": "payment_intent", "payment_intent": "payment_intent",
    "charge": "charge", "refund": "refund", "dispute": "dispute", "session": "checkout.session",
    "payment_method": "payment_method", "default_payment_method": "payment_method",
    "test_clock": "test_helpers.test_clock", "invoice_payment": "invoice_payment",
    "webhook_endpoint": "webhook_endpoint", "invoice_line_item": "line_item",
    "credit_grant": "billing.credit_grant", "note": "credit_note",
}  # fmt: skip
NOUNS = {"meters": "meter", "credit_grants": "credit_grant", "credit_notes": "note",
         "products": "product"}  # fmt: skip
LIKELY = {
    "currency": ("cny", "usd", "jpy"), "event_name": ("tokens", "other"),
    "url": ("http://127.0.0.1:9/x", "http://a.example"), "unit_amount_decimal": ("4.5", "0", "x"),
    "timestamp": ("2026-01-31T12:00:00Z", "x"), "id": ("prod_own",), "name": ("x", "y"),
}  # fmt: skip
WORDS = ("", "x", "cny", "usd", "jpy", "0", "-1", "4.5", "inf", "tokens", "pm_card_visa", "²", "\0")


class Ids:
    """What is there to be named, by kind."""

    def __init__(self, dice: random.Random, shop: Shop) -> None:
        self.dice, self.shop = dice, shop

    def any(self, name: str) -> str:
        """Mostly what a parameter or a place in a path of this name asks for."""
        found = self.shop.all(KINDS.get(name, "")) or self.shop.all("customer")
        if found and self.dice.random() < 0.8:
            return self.dice.choice(found)["id"]
        others = [*self.shop.objects, "x", *(event["id"] for event in self.shop.events[-5:])]
        return self.dice.choice(others)


def _value(
    dice: random.Random, schema: dict[str, Any], ids: Ids, name: str = "", depth: int = 0
) -> Any:
    """Something a schema allows, more or less."""
    if "anyOf" in schema:
        return _value(dice, dice.choice(schema["anyOf"]), ids, name, depth)
    if schema.get("enum"):
        return dice.choice(schema["enum"])
    kind = schema.get("type", "string")
    if kind == "object":
        return _fields(dice, schema, ids, depth + 1)
    if kind == "array":
        items = schema.get("items", {})
        return [_value(dice, items, ids, name, depth + 1) for _ in range(dice.randrange(3))]
    if kind == "integer":
        return dice.choice((0, 1, -1, 7, 100, 10**9, BEGIN, BEGIN + 60, BEGIN + 3_600, 10**17))
    if kind == "boolean":
        return dice.random() < 0.5
    if kind == "number":
        return 1.5
    if name in KINDS:
        return ids.any(name)
    return dice.choice(LIKELY.get(name, WORDS) if dice.random() < 0.8 else WORDS)


def _fields(dice: random.Random, schema: dict[str, Any], ids: Ids, depth: int) -> dict[str, Any]:
    named = schema.get("properties", {})
    if not named:
        words = {dice.choice(WORDS[1:]): dice.choice(WORDS) for _ in range(dice.randrange(3))}
        return words | {"stripe_customer_id": ids.any("customer"), "value": dice.choice("12x")}
    required = schema.get("required", ())
    chance = 0.25 if depth < 2 else 0.15
    return {
        name: _value(dice, one, ids, name, depth)
        for name, one in named.items()
        if name in required or dice.random() < chance
    }


def _form(value: Any, name: str = "") -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [pair for key, one in value.items()
                for pair in _form(one, f"{name}[{key}]" if name else key)]  # fmt: skip
    if isinstance(value, list):
        return [pair for n, one in enumerate(value) for pair in _form(one, f"{name}[{n}]")]
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return [(name, text)]


def _request(dice: random.Random, ids: Ids) -> tuple[str, str, dict[str, Any]]:
    """A method, a path and what goes with it."""
    method, template = dice.choice(CHOICES)
    schema, _ = contract._asked(method, template)
    takes = OPERATIONS[method, template].takes.split()
    known = {name: one for name, one in schema["properties"].items() if name in takes}
    asked = {"properties": known, "required": schema.get("required") or ()}
    given = _fields(dice, asked, ids, 0) if known else {}
    path = template
    while "{" in path:
        head, rest = path.split("{", 1)
        name, rest = rest.split("}", 1)
        noun = template.split("{id}")[0].strip("/").split("/")[-1]
        path = head + quote(ids.any(name if name in KINDS else NOUNS.get(noun, noun)), safe="")
        path += rest
    if template.startswith("/v2/") and method == "POST":
        return method, path, {"content": json.dumps(given).encode()}
    if method == "GET":
        return method, path, {"params": _form(given)}
    return method, path, {"content": urlencode(_form(given)).encode()}


def _open(file: Path) -> Shop:
    return Shop(file, url=URL, lag_s=0.0, clock=Clock(lambda: float(BEGIN)))


def _memory(shop: Shop) -> Any:
    """Everything but old replies, which are forgotten when somebody looks."""
    return json.loads(json.dumps(shop.state() | {"replies": []}))


@pytest.mark.parametrize("seed", range(3))
async def test_no_call_that_the_document_allows_makes_a_fault_or_is_forgotten(
    seed: int, tmp_path: Path
) -> None:
    dice = random.Random(seed)
    shop = _open(tmp_path / "s.json")
    stripe = client_of(shop)
    sold = await bought(stripe)
    await use(stripe, sold, 70)
    session = await stripe.v1.checkout.sessions.create_async(
        {"mode": "setup", "currency": "cny", "customer": sold.customer}
    )
    shop.pay(session.id)
    if seed:  # so that there is an invoice from the beginning: a draft, or one that is disputed
        shop.give_card(sold.customer, "pm_card_createDispute")
        shop.clock.advance(BEGIN + 28 * 86_400 + (7_000 if seed > 1 else 100))
    answered: set[int] = set()
    transport = httpx.ASGITransport(create_sandbox(shop))
    async with httpx.AsyncClient(transport=transport, base_url=URL, headers=KEY) as http:
        for number in range(CALLS):
            if number % 60 == 59:
                shop.clock.advance(shop.clock.now() + 9 * 86_400)
            method, path, given = _request(dice, Ids(dice, shop))
            answer = await http.request(method, path, **given)
            assert answer.status_code in REFUSALS, (method, path, given, answer.text)
            answered.add(answer.status_code)
    assert answered >= {200, 400, 404}
    shop.commit()
    assert _memory(_open(tmp_path / "s.json")) == _memory(shop)
    for event in shop.events:
        assert contract.faults_of(event["data"]["object"]) == [], event["type"]
