"""Disputes: a cardholder asks the bank for the money back."""

from billing.sandbox import contract
from billing.sandbox.balance import post
from billing.sandbox.clock import DAY_S
from billing.sandbox.errors import Refused
from billing.sandbox.store import Does, Given, Ids, Object, Store, listed

FEE = 1_500
ANSWER_WITHIN_S = 7 * DAY_S
_OPEN = ("needs_response", "under_review", "warning_needs_response")


def open_dispute(
    store: Store, charge: Object, amount: int | None = None, reason: str = "fraudulent"
) -> Object:
    """The bank takes the money of a charge back until the dispute is decided."""
    left = charge["amount"] - charge["amount_refunded"]
    taken = left if amount is None else amount
    if charge["status"] != "succeeded" or charge["disputed"]:
        raise Refused(400, None, "Only a charge that succeeded is disputed, and once", "charge")
    if not 0 < taken <= left:
        raise Refused(400, None, f"At most {left} of this charge can be disputed", "amount")
    store.change(charge, disputed=True)
    made = store.make(
        "du", "dispute", amount=taken, charge=charge["id"], currency=charge["currency"],
        is_charge_refundable=False, metadata={}, payment_intent=charge["payment_intent"],
        reason=reason, status="needs_response", balance_transactions=[],
    )  # fmt: skip
    made["evidence_details"] = contract.blank("dispute_evidence_details") | {
        "due_by": store.now() + ANSWER_WITHIN_S
    }
    store.emit("charge.dispute.created", made)
    _move(store, made, -taken, FEE)
    store.emit("charge.dispute.funds_withdrawn", made)
    return made


def decide(store: Store, dispute: Object, status: str) -> Object:
    """``won`` brings the money back, ``lost`` ends it; a decided dispute stays as it is."""
    if dispute["status"] not in _OPEN:
        raise Refused(400, None, f"The dispute is {dispute['status']} already", "dispute")
    store.change(dispute, status=status)
    if status == "won":
        _move(store, dispute, dispute["amount"], 0)
        store.emit("charge.dispute.funds_reinstated", dispute)
    store.emit("charge.dispute.closed", dispute)
    return dispute


def close(store: Store, _: Given, ids: Ids) -> Object:
    """POST /v1/disputes/{dispute}/close: give in."""
    return decide(store, store.find(ids["dispute"], "dispute"), "lost")


def retrieve(store: Store, _: Given, ids: Ids) -> Object:
    """GET /v1/disputes/{dispute}."""
    return store.find(ids["dispute"], "dispute")


def list_all(store: Store, given: Given, _: Ids) -> Object:
    """GET /v1/disputes."""
    found = store.all_of("dispute", given, "charge", "payment_intent")
    return listed(found, given, "/v1/disputes")


def _move(store: Store, dispute: Object, amount: int, fee: int) -> None:
    booked = post(
        store, "adjustment", amount, dispute["currency"], dispute["id"], fee=fee,
        category="dispute" if amount < 0 else "dispute_reversal",
    )  # fmt: skip
    moved = [*dispute["balance_transactions"], dict(booked)]
    store.change(dispute, balance_transactions=moved)


OPERATIONS = {
    ("GET", "/v1/disputes"): Does(
        list_all, "charge payment_intent created limit starting_after ending_before"
    ),
    ("GET", "/v1/disputes/{dispute}"): Does(retrieve),
    ("POST", "/v1/disputes/{dispute}/close"): Does(close),
}
