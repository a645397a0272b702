"""Invoices as callers see them; how they come about is told in ``subscriptions`` and
``collection``."""

import secrets

from billing.sandbox import cards, collection, contract, lines, subscriptions
from billing.sandbox.errors import Refused
from billing.sandbox.store import Does, Given, Ids, Object, Store, listed, merged, page

_LISTED = "limit starting_after ending_before"


def retrieve(store: Store, _: Given, ids: Ids) -> Object:
    """GET /v1/invoices/{invoice}."""
    return store.find(ids["invoice"], "invoice")


def update(store: Store, given: Given, ids: Ids) -> Object:
    """POST /v1/invoices/{invoice}: words, and whether a draft goes on by itself."""
    found = store.find(ids["invoice"], "invoice")
    if "auto_advance" in given and found["status"] not in ("draft", "open"):
        raise Refused(400, "invoice_not_editable", f"The invoice is {found['status']}", "invoice")
    store.change(
        found, metadata=merged(found["metadata"], given.get("metadata")),
        description=given.get("description", found["description"]),
        auto_advance=given.get("auto_advance", found["auto_advance"]),
    )  # fmt: skip
    if given.get("auto_advance") and found["status"] == "draft":
        due = store.now() + store.grace_s
        store.change(found, automatically_finalizes_at=due)
        store.plan(due, "finalize", found)
    store.emit("invoice.updated", found)
    return found


def list_all(store: Store, given: Given, _: Ids) -> Object:
    """GET /v1/invoices."""
    found = store.all_of("invoice", given, "customer", "status", "collection_method")
    if "subscription" in given:
        mine = {one["id"] for one in store.under("invoice", given["subscription"])}
        found = [one for one in found if one["id"] in mine]
    return listed(found, given, "/v1/invoices")


def list_lines(store: Store, given: Given, ids: Ids) -> Object:
    """GET /v1/invoices/{invoice}/lines, in their order."""
    found = store.find(ids["invoice"], "invoice")
    rows = store.under("line_item", found["id"])
    return listed(rows, given, f"/v1/invoices/{found['id']}/lines")


def preview(store: Store, given: Given, _: Ids) -> Object:
    """POST /v1/invoices/create_preview: what the period would cost if it ended now."""
    subscription = _previewed(store, given)
    customer = store.objects[subscription["customer"]]
    item = subscription["items"]["data"][0]
    begin, end = item["current_period_start"], item["current_period_end"]
    rows = subscriptions.upcoming(store, subscription)
    made = contract.blank("invoice") | {
        "id": f"upcoming_in_sbx_{secrets.token_hex(10)}", "created": end, "status": "draft",
        "currency": subscription["currency"], "customer": customer["id"], "auto_advance": True,
        "billing_reason": "upcoming", "collection_method": subscription["collection_method"],
        "customer_email": customer["email"], "customer_name": customer["name"], "metadata": {},
        "period_start": begin, "period_end": end, "total_pretax_credit_amounts": [],
        "parent": {"type": "subscription_details", "quote_details": None, "subscription_details":
                   {"metadata": dict(subscription["metadata"]),
                    "subscription": subscription["id"]}},
        "starting_balance": customer["balance"], "next_payment_attempt": end + store.grace_s,
    }  # fmt: skip
    for row in rows:
        row["invoice"] = made["id"]
    lines.total(store, made, rows)
    made["lines"] = page(rows, f"/v1/invoices/upcoming/lines?customer={customer['id']}")
    owed = max(0, made["total"] + customer["balance"])
    return made | {"amount_due": owed, "amount_remaining": owed}


def finalize(store: Store, given: Given, ids: Ids) -> Object:
    """POST /v1/invoices/{invoice}/finalize: now, without waiting out the grace."""
    found = store.find(ids["invoice"], "invoice")
    collection.finalize(store, found)
    if given.get("auto_advance", found["auto_advance"]):
        collection.collect(store, found)
    return found


def send(store: Store, _: Given, ids: Ids) -> Object:
    """POST /v1/invoices/{invoice}/send: no mail leaves this machine, only the event."""
    found = store.find(ids["invoice"], "invoice")
    if found["collection_method"] != "send_invoice":
        raise Refused(400, None, "Only invoices with collection_method=send_invoice are sent",
                      "invoice")  # fmt: skip
    if found["status"] == "draft":
        collection.finalize(store, found)
    if found["status"] != "open":
        raise _not_open(found)
    collection.collect(store, found)
    return found


def pay(store: Store, given: Given, ids: Ids) -> Object:
    """POST /v1/invoices/{invoice}/pay: with a card now, or noted as paid elsewhere."""
    found = store.find(ids["invoice"], "invoice")
    if found["status"] != "open":
        raise _not_open(found)
    if given.get("paid_out_of_band"):
        collection.settle(store, found, found["amount_remaining"], elsewhere=True)
        return found
    card = None
    if given.get("payment_method"):
        card = cards.named(store, given["payment_method"], found["customer"])
    if card is None and collection.card_of(store, found) is None:
        raise Refused(400, "resource_missing", "This customer has no attached payment source or "
                      "default payment method.")  # fmt: skip
    if declined := collection.attempt(store, found, card):
        raise cards.declined(declined)
    return found


def void(store: Store, _: Given, ids: Ids) -> Object:
    """POST /v1/invoices/{invoice}/void."""
    found = store.find(ids["invoice"], "invoice")
    collection.void(store, found)
    return found


def mark_uncollectible(store: Store, _: Given, ids: Ids) -> Object:
    """POST /v1/invoices/{invoice}/mark_uncollectible: a bad debt; it can still be voided."""
    found = store.find(ids["invoice"], "invoice")
    if found["status"] != "open":
        raise _not_open(found)
    moments = found["status_transitions"] | {"marked_uncollectible_at": store.now()}
    store.change(found, status="uncollectible", status_transitions=moments,
                 next_payment_attempt=None)  # fmt: skip
    store.emit("invoice.marked_uncollectible", found)
    return found


def list_payments(store: Store, given: Given, _: Ids) -> Object:
    """GET /v1/invoice_payments, of an invoice or of a payment intent."""
    found = store.all_of("invoice_payment", given, "invoice", "status")
    intent = given.get("payment", {}).get("payment_intent")
    if intent is not None:
        found = [one for one in found if one["payment"].get("payment_intent") == intent]
    return listed(found, given, "/v1/invoice_payments")


def retrieve_payment(store: Store, _: Given, ids: Ids) -> Object:
    """GET /v1/invoice_payments/{invoice_payment}."""
    return store.find(ids["invoice_payment"], "invoice_payment")


def _previewed(store: Store, given: Given) -> Object:
    if "subscription" in given:
        return store.find(given["subscription"], "subscription", "subscription")
    found = store.find(given.get("customer"), "customer", "customer")
    for one in store.all_of("subscription", {"customer": found["id"]}, "customer"):
        if one["status"] not in ("canceled", "incomplete_expired"):
            return one
    raise Refused(404, "invoice_upcoming_none", f"No upcoming invoices for customer: {found['id']}")


def _not_open(found: Object) -> Refused:
    return Refused(400, "invoice_not_open", f"The invoice is {found['status']}, not open",
                   "invoice")  # fmt: skip


OPERATIONS = {
    ("GET", "/v1/invoices"): Does(
        list_all, f"customer subscription status collection_method created {_LISTED}"
    ),
    ("GET", "/v1/invoices/{invoice}"): Does(retrieve),
    ("POST", "/v1/invoices/{invoice}"): Does(update, "metadata description auto_advance"),
    ("GET", "/v1/invoices/{invoice}/lines"): Does(list_lines, _LISTED),
    ("POST", "/v1/invoices/create_preview"): Does(
        preview, "customer subscription", "of a subscription as it is; credit grants are not "
        "applied"
    ),
    ("POST", "/v1/invoices/{invoice}/finalize"): Does(finalize, "auto_advance"),
    ("POST", "/v1/invoices/{invoice}/send"): Does(send, "", "no mail is sent"),
    ("POST", "/v1/invoices/{invoice}/pay"): Does(
        pay, "payment_method paid_out_of_band off_session", "cards only"
    ),
    ("POST", "/v1/invoices/{invoice}/void"): Does(void),
    ("POST", "/v1/invoices/{invoice}/mark_uncollectible"): Does(mark_uncollectible),
    ("GET", "/v1/invoice_payments"): Does(list_payments, f"invoice payment status {_LISTED}"),
    ("GET", "/v1/invoice_payments/{invoice_payment}"): Does(retrieve_payment),
}  # fmt: skip
