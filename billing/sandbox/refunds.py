"""Refunds of charges, whole or in parts."""

from billing.sandbox.balance import post
from billing.sandbox.errors import Refused
from billing.sandbox.store import Does, Given, Ids, Object, Store, listed, merged


def create(store: Store, given: Given, _: Ids) -> Object:
    """POST /v1/refunds of a charge or of a payment intent."""
    return refund(
        store, _charge(store, given), given.get("amount"), given.get("reason"),
        merged(None, given.get("metadata")),
    )  # fmt: skip


def refund(
    store: Store, charge: Object, amount: int | None = None, reason: str | None = None,
    metadata: dict[str, str] | None = None,
) -> Object:  # fmt: skip
    """Give back so much of a charge, or the rest of it."""
    left = charge["amount"] - charge["amount_refunded"]
    given = left if amount is None else amount
    _judge(charge, left, given)
    before = {"amount_refunded": charge["amount_refunded"], "refunded": charge["refunded"]}
    store.change(charge, amount_refunded=charge["amount_refunded"] + given, refunded=given == left)
    made = store.make(
        "re", "refund", amount=given, charge=charge["id"], currency=charge["currency"],
        metadata=metadata or {}, payment_intent=charge["payment_intent"], reason=reason,
        status="succeeded",
    )  # fmt: skip
    booked = post(store, "refund", -given, charge["currency"], made["id"])
    made["balance_transaction"] = booked["id"]
    store.emit("refund.created", made)
    store.emit("charge.refunded", charge, before)
    return made


def retrieve(store: Store, _: Given, ids: Ids) -> Object:
    """GET /v1/refunds/{refund}."""
    return store.find(ids["refund"], "refund")


def update(store: Store, given: Given, ids: Ids) -> Object:
    """POST /v1/refunds/{refund}: only its metadata."""
    found = store.find(ids["refund"], "refund")
    store.change(found, metadata=merged(found["metadata"], given.get("metadata")))
    store.emit("refund.updated", found)
    return found


def list_all(store: Store, given: Given, _: Ids) -> Object:
    """GET /v1/refunds."""
    found = store.all_of("refund", given, "charge", "payment_intent")
    return listed(found, given, "/v1/refunds")


def _charge(store: Store, given: Given) -> Object:
    if "charge" in given:
        return store.find(given["charge"], "charge", "charge")
    if "payment_intent" not in given:
        raise Refused(400, "parameter_missing", "One of charge and payment_intent is needed",
                      "payment_intent")  # fmt: skip
    intent = store.find(given["payment_intent"], "payment_intent", "payment_intent")
    if intent["status"] != "succeeded":
        raise Refused(400, "payment_intent_unexpected_state",
                      f"The PaymentIntent is {intent['status']}, there is nothing to refund",
                      "payment_intent")  # fmt: skip
    return store.find(intent["latest_charge"], "charge", "charge")


def _judge(charge: Object, left: int, amount: int) -> None:
    if charge["disputed"]:
        raise Refused(400, "charge_disputed",
                      f"Charge {charge['id']} has been charged back; cannot issue a refund.",
                      "charge")  # fmt: skip
    if charge["status"] != "succeeded":
        raise Refused(400, "charge_not_refundable", "Only a charge that succeeded is refunded",
                      "charge")  # fmt: skip
    if left == 0:
        raise Refused(400, "charge_already_refunded",
                      f"Charge {charge['id']} has already been refunded.", "charge")  # fmt: skip
    if amount <= 0:
        raise Refused(400, "parameter_invalid_integer", "Refunds must be for more than 0",
                      "amount")  # fmt: skip
    if amount > left:
        raise Refused(400, None, f"Refund amount ({amount}) is greater than unrefunded amount on "
                      f"charge ({left})", "amount")  # fmt: skip


OPERATIONS = {
    ("POST", "/v1/refunds"): Does(
        create, "charge payment_intent amount reason metadata", "succeeds at once"
    ),
    ("GET", "/v1/refunds"): Does(
        list_all, "charge payment_intent created limit starting_after ending_before"
    ),
    ("GET", "/v1/refunds/{refund}"): Does(retrieve),
    ("POST", "/v1/refunds/{refund}"): Does(update, "metadata"),
}
