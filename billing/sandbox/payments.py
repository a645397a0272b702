"""Payment intents and the charges that come of them."""

import secrets
from typing import Any

from msgspec import Struct

from billing.sandbox import cards, contract, disputes
from billing.sandbox.balance import fee_of, post
from billing.sandbox.store import Does, Given, Ids, Object, Store, listed, merged

_DECLINES = {
    "generic_decline": "Your card was declined.",
    "insufficient_funds": "Your card has insufficient funds.",
}
_LISTED = "created customer limit starting_after ending_before"


class Payment(Struct, frozen=True):
    """How an attempt to pay ended: the intent, its charge if there was one, and the refusal."""

    intent: Object
    charge: Object | None
    declined: str | None


def intend(store: Store, amount: int, currency: str, customer: str | None, **fields: Any) -> Object:
    """A payment intent that waits for a card."""
    made = store.make(
        "pi", "payment_intent", amount=amount, amount_received=0, amount_capturable=0,
        capture_method="automatic", confirmation_method="automatic", currency=currency,
        customer=customer, metadata={}, payment_method_types=["card"],
        status="requires_payment_method", amount_details={"tip": {}},
    )  # fmt: skip
    made |= {"client_secret": f"{made['id']}_secret_sbx{secrets.token_hex(8)}"} | fields
    store.emit("payment_intent.created", made)
    return made


def charge(store: Store, intent: Object, card: Object | None) -> Payment:
    """Try a card; without one the intent goes on waiting and no charge is made."""
    if card is None:
        return Payment(intent, None, "no_card")
    declined = cards.DECLINES.get(card["card"]["last4"])
    made = _charge(store, intent, card, declined)
    if declined:
        failed = _failure(declined, made, card)
        store.change(
            intent, status="requires_payment_method", latest_charge=made["id"],
            last_payment_error=failed,
        )  # fmt: skip
        store.emit("charge.failed", made)
        store.emit("payment_intent.payment_failed", intent)
        return Payment(intent, made, declined)
    store.change(
        intent, status="succeeded", latest_charge=made["id"], payment_method=card["id"],
        amount_received=intent["amount"], last_payment_error=None,
    )  # fmt: skip
    store.emit("charge.succeeded", made)
    store.emit("payment_intent.succeeded", intent)
    if card["card"]["last4"] == cards.DISPUTED:
        disputes.open_dispute(store, made)
    return Payment(intent, made, None)


def _charge(store: Store, intent: Object, card: Object, declined: str | None) -> Object:
    made = store.make(
        "ch", "charge", amount=intent["amount"], currency=intent["currency"], paid=not declined,
        amount_captured=0 if declined else intent["amount"], captured=not declined,
        customer=intent["customer"], payment_intent=intent["id"], payment_method=card["id"],
        metadata=dict(intent["metadata"]), status="failed" if declined else "succeeded",
        payment_method_details={"type": "card", "card": {"brand": card["card"]["brand"],
                                                         "last4": card["card"]["last4"]}},
        description=intent["description"],
    )  # fmt: skip
    if declined:
        made |= {"failure_code": "card_declined", "failure_message": _DECLINES[declined],
                 "outcome": _outcome(declined)}  # fmt: skip
        return made
    booked = post(
        store, "charge", intent["amount"], intent["currency"], made["id"],
        fee=fee_of(intent["amount"], intent["currency"]),
    )  # fmt: skip
    made |= {"balance_transaction": booked["id"], "outcome": _outcome(None),
             "receipt_url": f"{store.url}/sandbox/receipts/{made['id']}"}  # fmt: skip
    return made


def _outcome(declined: str | None) -> Object:
    return contract.blank("charge_outcome") | {
        "network_status": "declined_by_network" if declined else "approved_by_network",
        "reason": declined, "risk_level": "normal", "type": "issuer_declined" if declined
        else "authorized",
        "seller_message": "The bank did not accept it." if declined else "Payment complete.",
    }  # fmt: skip


def _failure(declined: str, made: Object, card: Object) -> Object:
    return {
        "type": "card_error", "code": "card_declined", "decline_code": declined,
        "message": _DECLINES[declined], "charge": made["id"], "payment_method": dict(card),
    }  # fmt: skip


# --- reading --------------------------------------------------------------------------------------


def retrieve_intent(store: Store, _: Given, ids: Ids) -> Object:
    """GET /v1/payment_intents/{intent}."""
    return store.find(ids["intent"], "payment_intent")


def update_intent(store: Store, given: Given, ids: Ids) -> Object:
    """POST /v1/payment_intents/{intent}: only its words."""
    intent = store.find(ids["intent"], "payment_intent")
    fields = {"metadata": merged(intent["metadata"], given.get("metadata"))}
    if "description" in given:
        fields["description"] = given["description"]
    return store.change(intent, **fields)


def list_intents(store: Store, given: Given, _: Ids) -> Object:
    """GET /v1/payment_intents."""
    return listed(store.all_of("payment_intent", given, "customer"), given, "/v1/payment_intents")


def retrieve_charge(store: Store, _: Given, ids: Ids) -> Object:
    """GET /v1/charges/{charge}."""
    return store.find(ids["charge"], "charge")


def list_charges(store: Store, given: Given, _: Ids) -> Object:
    """GET /v1/charges."""
    return listed(store.all_of("charge", given, "customer", "payment_intent"), given, "/v1/charges")


OPERATIONS = {
    ("GET", "/v1/payment_intents"): Does(list_intents, _LISTED),
    ("GET", "/v1/payment_intents/{intent}"): Does(retrieve_intent),
    ("POST", "/v1/payment_intents/{intent}"): Does(update_intent, "metadata description"),
    ("GET", "/v1/charges"): Does(list_charges, f"payment_intent {_LISTED}"),
    ("GET", "/v1/charges/{charge}"): Does(
        retrieve_charge, "", "of the card's details only brand and last four digits"
    ),
}  # fmt: skip
