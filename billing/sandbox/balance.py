"""The account's balance: what each payment, refund and dispute moves, and the fees of it."""

from decimal import Decimal

from billing.money import EXPONENTS
from billing.sandbox.prices import to_minor
from billing.sandbox.store import Does, Given, Ids, Object, Store, listed

AVAILABLE_AFTER_S = 2 * 86_400


def post(
    store: Store, kind: str, amount: int, currency: str, source: str, *, fee: int = 0,
    category: str | None = None,
) -> Object:  # fmt: skip
    """Book a movement of the account's balance."""
    details = [
        {"amount": fee, "application": None, "currency": currency, "type": "stripe_fee",
         "description": "Sandbox fee"}
    ] if fee else []  # fmt: skip
    return store.make(
        "txn", "balance_transaction", amount=amount, currency=currency, fee=fee, type=kind,
        net=amount - fee, source=source, status="available", balance_type="payments",
        reporting_category=category or kind, fee_details=details,
        available_on=store.now() + AVAILABLE_AFTER_S,
    )  # fmt: skip


def fee_of(amount: int, currency: str) -> int:
    """What the sandbox keeps of a payment: 2.9 % and 30 minor units, or 3.6 % where a currency
    has no decimals. Stripe's own fees depend on the account; these only are never nought."""
    if EXPONENTS[currency] == 0:
        return to_minor(amount * Decimal("0.036"))
    return min(amount, to_minor(amount * Decimal("0.029")) + 30)


def retrieve(store: Store, _: Given, ids: Ids) -> Object:
    """GET /v1/balance_transactions/{id}."""
    return store.find(ids["id"], "balance_transaction")


def list_all(store: Store, given: Given, _: Ids) -> Object:
    """GET /v1/balance_transactions."""
    found = store.all_of("balance_transaction", given, "type", "source", "currency")
    return listed(found, given, "/v1/balance_transactions")


OPERATIONS = {
    ("GET", "/v1/balance_transactions"): Does(
        list_all, "type source currency created limit starting_after ending_before",
        "fees are the sandbox's own; no payouts",
    ),
    ("GET", "/v1/balance_transactions/{id}"): Does(retrieve),
}  # fmt: skip
