"""Checkout sessions, and what a client does on their page: pay, be declined, or leave."""

import secrets
from typing import Any

from billing.sandbox import cards, contract, customers, payments, prices, subscriptions
from billing.sandbox.clock import DAY_S
from billing.sandbox.errors import Refused, Unsupported
from billing.sandbox.store import Does, Given, Ids, Object, Store, heed, listed, merged

_FIELDS = (
    "mode customer customer_email client_reference_id line_items metadata success_url cancel_url "
    "expires_at payment_method_types payment_intent_data subscription_data currency"
)
_HALF_HOUR_S = 1_800
_SLOW = frozenset({"alipay", "wechat_pay", "konbini", "us_bank_account", "sepa_debit"})
"""Ways to pay whose money may come later; only they can be paid ``later``."""


def create(store: Store, given: Given, _: Ids) -> Object:
    """POST /v1/checkout/sessions, for a payment, a subscription or a card to keep."""
    mode = given.get("mode")
    if mode not in ("payment", "subscription", "setup"):
        raise Refused(400, "parameter_missing", "Missing required param: mode.", "mode")
    customer = given.get("customer")
    if customer is not None:
        store.find(customer, "customer", "customer")
    rows = _rows(store, mode, given.get("line_items") or [])
    amount = sum(row["amount_total"] for row in rows)
    currency = rows[0]["currency"] if rows else given.get("currency")
    if given.get("currency", currency) != currency:
        raise Refused(400, None, "The line items are in another currency", "currency")
    if mode == "payment" and amount <= 0:
        raise Refused(400, None, "A payment is for more than 0", "line_items")
    made = store.make(
        "cs_test", "checkout.session", mode=mode, status="open", payment_status="unpaid"
        if mode == "payment" else "no_payment_required", customer=customer, currency=currency,
        customer_email=given.get("customer_email"), cancel_url=given.get("cancel_url"),
        client_reference_id=given.get("client_reference_id"), ui_mode="hosted_page",
        metadata=merged(None, given.get("metadata")), success_url=given.get("success_url"),
        amount_total=amount, amount_subtotal=amount, expires_at=_end(store, given),
        payment_method_types=given.get("payment_method_types") or ["card"],
        total_details={"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
    )  # fmt: skip
    made["url"] = f"{store.url}/sandbox/checkout/{made['id']}"
    store.set_aside(made["id"], rows=rows, wishes=_wishes(store, mode, given))
    store.plan(made["expires_at"], "session", made)
    return made


def retrieve(store: Store, _: Given, ids: Ids) -> Object:
    """GET /v1/checkout/sessions/{session}."""
    return store.find(ids["session"], "checkout.session")


def list_all(store: Store, given: Given, _: Ids) -> Object:
    """GET /v1/checkout/sessions."""
    found = store.all_of(
        "checkout.session", given, "customer", "payment_intent", "subscription", "status"
    )
    return listed(found, given, "/v1/checkout/sessions")


def list_rows(store: Store, given: Given, ids: Ids) -> Object:
    """GET /v1/checkout/sessions/{session}/line_items."""
    found = store.find(ids["session"], "checkout.session")
    rows = store.aside[found["id"]]["rows"]
    return listed(rows, given, f"/v1/checkout/sessions/{found['id']}/line_items")


def expire(store: Store, _: Given, ids: Ids) -> Object:
    """POST /v1/checkout/sessions/{session}/expire."""
    found = store.find(ids["session"], "checkout.session")
    if found["status"] != "open":
        raise Refused(400, "checkout_session_not_open",
                      f"The session is {found['status']}, not open", "session")  # fmt: skip
    store.change(found, status="expired", url=None)
    store.emit("checkout.session.expired", found)
    return found


def expire_due(store: Store, session: Object) -> None:
    """Nobody paid in time."""
    if session["status"] == "open":
        expire(store, {}, {"session": session["id"]})


# --- what the client does -------------------------------------------------------------------------


def pay(
    store: Store, session: Object, number: str = "pm_card_visa", *, later: bool = False
) -> Object:
    """Pay with a test card. A repeat changes nothing; a declined card raises 402 and leaves the
    session open. ``later``: the money of a slow way to pay comes, or fails, by `settle`."""
    if session["status"] == "complete":
        return session
    if session["status"] == "expired":
        raise Refused(400, "checkout_session_expired", "This session has expired", "session")
    if later and not _SLOW & set(session["payment_method_types"]):
        raise Refused(400, None, "Only a slow way to pay, such as alipay, is paid later",
                      "payment_method_types")  # fmt: skip
    card = cards.one_off(store, number)
    with_customer = _customer(store, session)
    if session["mode"] == "payment":
        _pay_once(store, session, card, with_customer, later=later)
    else:
        _keep_card(store, session, card, with_customer)
    store.emit("checkout.session.completed", session)
    return session


def decline(store: Store, session: Object, number: str = "pm_card_chargeCustomerFail") -> Object:
    """A card that the bank declines is tried; the session stays open."""
    if session["status"] != "open":
        raise Refused(400, "checkout_session_not_open", f"The session is {session['status']}")
    try:
        pay(store, session, number)
    except Refused as refused:
        if refused.code != "card_declined":
            raise
        return session
    raise Refused(400, None, f"The card {number} is not declined", "number")


def settle(store: Store, session: Object, *, paid: bool = True) -> Object:
    """The money of a payment that was to come later has come, or will not."""
    if session["status"] != "complete" or session["payment_status"] != "unpaid":
        raise Refused(400, None, "Nothing of this session is to come later", "session")
    intent = store.objects[session["payment_intent"]]
    if paid:
        card = store.objects[intent["payment_method"]]
        payments.charge(store, intent, card)
        store.change(session, payment_status="paid")
        store.emit("checkout.session.async_payment_succeeded", session)
        return session
    store.change(intent, status="requires_payment_method", payment_method=None)
    store.emit("payment_intent.payment_failed", intent)
    store.emit("checkout.session.async_payment_failed", session)
    return session


def _pay_once(
    store: Store, session: Object, card: Object, customer: Object, *, later: bool
) -> None:
    wishes = store.aside[session["id"]]["wishes"]
    intent = store.objects.get(store.aside[session["id"]].get("intent", ""))
    if intent is None:
        intent = payments.intend(
            store, session["amount_total"], session["currency"], customer["id"],
            metadata=wishes.get("metadata", {}), description=wishes.get("description"),
        )  # fmt: skip
        # From the first attempt on it is the session's, which shows it once it is paid.
        store.set_aside(session["id"], intent=intent["id"])
    if later:
        store.change(intent, status="processing", payment_method=card["id"])
        store.change(session, status="complete", payment_intent=intent["id"])
        return
    paid = payments.charge(store, intent, card)
    if paid.declined is not None:
        raise cards.declined(paid.declined)
    if wishes.get("setup_future_usage"):
        cards.attach(store, card["id"], customer["id"])
    store.change(session, status="complete", payment_status="paid", payment_intent=intent["id"])


def _keep_card(store: Store, session: Object, card: Object, customer: Object) -> None:
    if code := cards.REFUSES_TO_ATTACH.get(card["card"]["last4"]):
        raise cards.declined(code)
    cards.attach(store, card["id"], customer["id"])
    if session["mode"] == "subscription":
        made = subscriptions.create(
            store, store.aside[session["id"]]["wishes"] | {
                "customer": customer["id"], "default_payment_method": card["id"],
                "payment_behavior": "error_if_incomplete",
            }, {},
        )  # fmt: skip
        store.change(session, subscription=made["id"], invoice=made["latest_invoice"],
                     payment_status="paid")  # fmt: skip
    store.change(session, status="complete")


def _customer(store: Store, session: Object) -> Object:
    """The session's customer; one is made where it came without."""
    if session["customer"] is None:
        email = {"email": session["customer_email"]} if session["customer_email"] else {}
        made = customers.create(store, email, {})
        store.change(session, customer=made["id"])
    customer = store.find(session["customer"], "customer", "customer")
    details = contract.blank("payment_pages_checkout_session_customer_details")
    store.change(session, customer_details=details | {"email": customer["email"],
                 "name": customer["name"], "tax_exempt": "none"})  # fmt: skip
    return customer


# --- what it is for -------------------------------------------------------------------------------


def _rows(store: Store, mode: str, items: list[Given]) -> list[Object]:
    if mode == "setup":
        return []
    if not items:
        raise Refused(400, "parameter_missing", "Missing required param: line_items.",
                      "line_items")  # fmt: skip
    found = [_row(store, mode, item) for item in items]
    if len({row["currency"] for row in found}) > 1:
        raise Refused(400, None, "All line items have one currency", "line_items")
    return found


def _row(store: Store, mode: str, item: Given) -> Object:
    heed(item, "price price_data quantity", "POST /v1/checkout/sessions line_items")
    quantity = item.get("quantity", 1)
    if "price" in item:
        price = store.find(item["price"], "price", "line_items")
        metered = (price["recurring"] or {}).get("usage_type") == "metered"
        if (price["recurring"] is None) is not (mode == "payment"):
            raise Refused(400, None, "A payment has one-off prices, a subscription recurring ones",
                          "line_items")  # fmt: skip
        amount = 0 if metered else sum(part.amount for part in prices.cost(price, quantity))
        name = store.objects[price["product"]]["name"]
        return _shown(price["currency"], amount, quantity, name, price)
    if mode != "payment" or "price_data" not in item:
        raise Unsupported("Checkout line items of subscriptions without a price")
    asked = item["price_data"]
    heed(asked, "currency unit_amount unit_amount_decimal product_data product", "price_data")
    name = asked.get("product_data", {}).get("name", asked.get("product", ""))
    return _shown(asked["currency"], prices.once(asked) * quantity, quantity, name, None)


def _shown(currency: str, amount: int, quantity: int, name: str, price: Object | None) -> Object:
    return {
        "id": f"li_sbx_{secrets.token_hex(10)}", "object": "item", "amount_discount": 0,
        "amount_subtotal": amount, "amount_tax": 0, "amount_total": amount, "currency": currency,
        "description": name, "price": price, "quantity": quantity,
    }  # fmt: skip


def _end(store: Store, given: Given) -> int:
    now = store.now()
    end = given.get("expires_at", now + DAY_S)
    if not now + _HALF_HOUR_S <= end <= now + DAY_S:
        raise Refused(400, None, "A session lasts from 30 minutes to 24 hours", "expires_at")
    return end


def _wishes(store: Store, mode: str, given: Given) -> dict[str, Any]:
    """What is to be made once the client pays."""
    if mode == "payment":
        asked = given.get("payment_intent_data", {})
        heed(asked, "metadata description setup_future_usage", "payment_intent_data")
        return asked
    if mode == "setup":
        return {}
    asked = given.get("subscription_data", {})
    heed(asked, "metadata description", "subscription_data")
    items = [
        {key: one[key] for key in ("price", "quantity") if key in one and (
            key == "price"
            or store.objects[one["price"]]["recurring"]["usage_type"] == "licensed")}
        for one in given["line_items"]
    ]  # fmt: skip
    return asked | {"items": items}


OPERATIONS = {
    ("POST", "/v1/checkout/sessions"): Does(
        create, _FIELDS, "hosted pages only; no taxes, discounts, shipping or other currencies"
    ),
    ("GET", "/v1/checkout/sessions"): Does(
        list_all,
        "customer payment_intent subscription status created limit starting_after ending_before",
    ),
    ("GET", "/v1/checkout/sessions/{session}"): Does(retrieve),
    ("GET", "/v1/checkout/sessions/{session}/line_items"): Does(
        list_rows, "limit starting_after ending_before"
    ),
    ("POST", "/v1/checkout/sessions/{session}/expire"): Does(expire),
}  # fmt: skip
