"""Test cards: what they are called, and what happens when they are charged.

Stripe's own numbers and ids (docs.stripe.com/testing); any other number is refused.
"""

from billing.sandbox import contract
from billing.sandbox.errors import Refused
from billing.sandbox.store import Does, Given, Ids, Object, Store

CARDS = {
    "pm_card_visa": "4242424242424242",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_chargeCustomerFail": "4000000000000341",
    "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_visa_chargeDeclined": "4000000000000002",
    "pm_card_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_createDispute": "4000000000000259",
}
"""Ids that stand for a number."""

REFUSES_TO_ATTACH = {"0002": "generic_decline", "9995": "insufficient_funds"}
"""Last four digits of cards that a customer cannot even keep, and the decline code."""
DECLINES = REFUSES_TO_ATTACH | {"0341": "generic_decline"}
"""Last four digits of cards that are declined when charged."""
DISPUTED = "0259"
"""The card whose payment succeeds and is disputed at once."""


def attach(store: Store, named: str, customer: str) -> Object:
    """A card by number or id, kept by a customer; 402 for one that its bank declines."""
    found = store.objects.get(named)
    if found is not None and found["object"] == "payment_method":
        return store.change(found, customer=customer)
    number = CARDS.get(named, named.replace(" ", ""))
    if number not in CARDS.values():
        raise Refused(400, "resource_missing", f"No such PaymentMethod: '{named}'",
                      "payment_method")  # fmt: skip
    if code := REFUSES_TO_ATTACH.get(number[-4:]):
        raise declined(code)
    return _card(store, number, customer)


def named(store: Store, key: str, customer: str) -> Object:
    """A card a request names: one that is kept, or a test id that becomes one."""
    if key in CARDS:
        for card in store.all_of("payment_method", {"customer": customer}, "customer"):
            if card["card"]["last4"] == CARDS[key][-4:]:
                return card
        return attach(store, key, customer)
    return store.find(key, "payment_method", "payment_method")


def one_off(store: Store, number: str) -> Object:
    """A card typed into a page, kept by nobody."""
    digits = CARDS.get(number, number.replace(" ", ""))
    if digits not in CARDS.values():
        raise Refused(402, "incorrect_number", "Your card number is incorrect.", "number",
                      kind="card_error")  # fmt: skip
    return _card(store, digits, None)


def declined(code: str) -> Refused:
    """The answer to a declined card."""
    sentence = (
        "Your card has insufficient funds."
        if code == "insufficient_funds"
        else "Your card was declined."
    )
    return Refused(402, "card_declined", sentence, kind="card_error", extra={"decline_code": code})


def _card(store: Store, number: str, customer: str | None) -> Object:
    card = contract.blank("payment_method_card") | {
        "brand": "mastercard" if number[0] == "5" else "visa", "last4": number[-4:],
        "exp_month": 12, "exp_year": 2034, "funding": "credit", "country": "US",
        "fingerprint": f"sbx{number[-4:]}", "checks": None,
    }  # fmt: skip
    return store.make(
        "pm", "payment_method", type="card", card=card, customer=customer, metadata={},
        allow_redisplay="unspecified",
    )  # fmt: skip


def attach_to(store: Store, given: Given, ids: Ids) -> Object:
    """POST /v1/payment_methods/{payment_method}/attach."""
    customer = store.find(given.get("customer"), "customer", "customer")
    card = attach(store, ids["payment_method"], customer["id"])
    store.emit("payment_method.attached", card)
    return card


def detach(store: Store, _: Given, ids: Ids) -> Object:
    """POST /v1/payment_methods/{payment_method}/detach; it is nobody's default any longer."""
    card = store.find(ids["payment_method"], "payment_method")
    customer = store.objects.get(card["customer"] or "")
    if customer and customer["invoice_settings"]["default_payment_method"] == card["id"]:
        settings = customer["invoice_settings"] | {"default_payment_method": None}
        store.change(customer, invoice_settings=settings)
    store.change(card, customer=None)
    store.emit("payment_method.detached", card)
    return card


def retrieve(store: Store, _: Given, ids: Ids) -> Object:
    """GET /v1/payment_methods/{payment_method}."""
    return store.find(ids["payment_method"], "payment_method")


OPERATIONS = {
    ("GET", "/v1/payment_methods/{payment_method}"): Does(retrieve),
    ("POST", "/v1/payment_methods/{payment_method}/attach"): Does(
        attach_to, "customer", "test cards only; no authentication (3D Secure)"
    ),
    ("POST", "/v1/payment_methods/{payment_method}/detach"): Does(detach),
}
