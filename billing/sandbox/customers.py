"""Customers, and the cards they keep."""

from typing import Any

from billing.sandbox import cards
from billing.sandbox.errors import Refused, Unsupported
from billing.sandbox.store import Does, Given, Ids, Object, Store, heed, listed, merged, page

_FIELDS = "name email phone description metadata address balance invoice_settings"
_PLAIN = ("name", "email", "phone", "description", "balance")


def create(store: Store, given: Given, _: Ids) -> Object:
    """POST /v1/customers."""
    clock = given.get("test_clock")
    if clock is not None:
        store.find(clock, "test_helpers.test_clock", "test_clock")
    made = store.make("cus", "customer", **{key: given[key] for key in _PLAIN if key in given})
    made |= {
        "address": given.get("address") or None, "metadata": merged(None, given.get("metadata")),
        "balance": given.get("balance", 0), "delinquent": False, "livemode": False,
        "invoice_prefix": made["id"][-8:].upper(),
        "next_invoice_sequence": 1, "tax_exempt": "none", "preferred_locales": [],
        "test_clock": clock,
        "invoice_settings": {"custom_fields": None, "default_payment_method": None, "footer": None,
                             "rendering_options": None},
    }  # fmt: skip
    try:
        if card := given.get("payment_method"):
            cards.attach(store, card, made["id"])
        _settle(store, made, given)
    except (Refused, Unsupported):
        store.forget(made)
        raise
    store.emit("customer.created", made)
    return made


def retrieve(store: Store, _: Given, ids: Ids) -> Object:
    """GET /v1/customers/{customer}; one that was deleted says so."""
    if ids["customer"] in store.deleted:
        return _gone(ids["customer"])
    return store.find(ids["customer"], "customer")


def update(store: Store, given: Given, ids: Ids) -> Object:
    """POST /v1/customers/{customer}."""
    customer = store.find(ids["customer"], "customer")
    _settle(store, customer, given)
    fields: dict[str, Any] = {key: given[key] or None for key in _PLAIN if key in given}
    if "balance" in given:
        fields["balance"] = given["balance"]
    if "address" in given:
        fields["address"] = given["address"] or None
    if "metadata" in given:
        fields["metadata"] = merged(customer["metadata"], given["metadata"])
    store.change(customer, **fields)
    store.emit("customer.updated", customer)
    return customer


def delete(store: Store, _: Given, ids: Ids) -> Object:
    """DELETE /v1/customers/{customer}; its subscriptions end at once."""
    customer = store.find(ids["customer"], "customer")
    for one in store.all_of("subscription", {"customer": customer["id"]}, "customer"):
        if one["status"] != "canceled":
            store.change(one, status="canceled", canceled_at=store.now(), ended_at=store.now())
            store.emit("customer.subscription.deleted", one)
    for one in store.all_of("invoice", {"customer": customer["id"]}, "customer"):
        store.change(one, auto_advance=False, next_payment_attempt=None)
    store.hide(customer)
    store.emit("customer.deleted", customer)
    return _gone(customer["id"])


def list_all(store: Store, given: Given, _: Ids) -> Object:
    """GET /v1/customers."""
    found = [
        one for one in store.all("customer")
        if given.get("email") in (None, one["email"])
        and given.get("test_clock") == one["test_clock"]
    ]  # fmt: skip
    return listed(found, given, "/v1/customers")


def list_cards(store: Store, given: Given, ids: Ids) -> Object:
    """GET /v1/customers/{customer}/payment_methods."""
    customer = store.find(ids["customer"], "customer")
    if given.get("type", "card") != "card":
        return page([], f"/v1/customers/{customer['id']}/payment_methods")
    found = [one for one in store.all("payment_method") if one["customer"] == customer["id"]]
    return listed(found, given, f"/v1/customers/{customer['id']}/payment_methods")


def give_card(store: Store, customer: Object, number: str) -> Object:
    """Make a test card the customer's default, as the portal does."""
    card = cards.attach(store, number, customer["id"])
    settings = customer["invoice_settings"] | {"default_payment_method": card["id"]}
    store.change(customer, invoice_settings=settings)
    store.emit("customer.updated", customer)
    return card


def _settle(store: Store, customer: Object, given: Given) -> None:
    settings = given.get("invoice_settings")
    if not settings:
        return
    heed(settings, "default_payment_method", "invoice_settings of customers")
    named = settings.get("default_payment_method")
    if named:
        card = cards.named(store, named, customer["id"])
        if card["customer"] != customer["id"]:
            raise Refused(400, "resource_missing", "The customer does not have this card",
                          "invoice_settings[default_payment_method]")  # fmt: skip
        named = card["id"]
    kept = customer["invoice_settings"] | {"default_payment_method": named or None}
    store.change(customer, invoice_settings=kept)


def _gone(key: str) -> Object:
    return {"id": key, "object": "customer", "deleted": True}


OPERATIONS = {
    ("POST", "/v1/customers"): Does(create, f"{_FIELDS} payment_method test_clock"),
    ("GET", "/v1/customers"): Does(
        list_all, "email test_clock created limit starting_after ending_before"
    ),
    ("GET", "/v1/customers/{customer}"): Does(retrieve),
    ("POST", "/v1/customers/{customer}"): Does(update, _FIELDS),
    ("DELETE", "/v1/customers/{customer}"): Does(delete),
    ("GET", "/v1/customers/{customer}/payment_methods"): Does(
        list_cards, "type limit starting_after ending_before", "cards only"
    ),
}
