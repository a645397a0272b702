"""Credit grants: money that pays for metered lines when an invoice is finalized."""

import secrets

from billing.sandbox import contract
from billing.sandbox.errors import Refused
from billing.sandbox.prices import known
from billing.sandbox.store import Does, Given, Ids, Object, Store, listed, merged

_KIND, _BOOKED = "billing.credit_grant", "billing.credit_balance_transaction"
_PRIORITY = 50
_ENDLESS = 2**62


def create(store: Store, given: Given, _: Ids) -> Object:
    """POST /v1/billing/credit_grants."""
    customer = store.find(given.get("customer"), "customer", "customer")
    amount, scope = given["amount"], given["applicability_config"]["scope"]
    if amount["type"] != "monetary" or amount.get("monetary", {}).get("value", 0) <= 0:
        raise Refused(400, None, "A grant is an amount of money above 0", "amount")
    known(amount["monetary"]["currency"])
    if ("price_type" in scope) == ("prices" in scope):
        raise Refused(400, None, "Give one of price_type and prices",
                      "applicability_config[scope]")  # fmt: skip
    for one in scope.get("prices", ()):
        store.find(one["id"], "price", "applicability_config[scope][prices]")
    effective = given.get("effective_at", store.now())
    made = store.make(
        "credgr", _KIND, amount={"type": "monetary", "monetary": dict(amount["monetary"])},
        applicability_config={"scope": scope}, category=given.get("category", "paid"),
        customer=customer["id"], effective_at=effective, expires_at=given.get("expires_at"),
        metadata=merged(None, given.get("metadata")), name=given.get("name"),
        priority=given.get("priority", _PRIORITY), updated=store.now(),
        test_clock=customer["test_clock"],
    )  # fmt: skip
    credited = {"amount": made["amount"], "type": "credits_granted",
                "credits_application_invoice_voided": None}  # fmt: skip
    _book(store, made, effective, credit=credited)
    if made["expires_at"] is not None:
        store.plan(made["expires_at"], "grant", made)
    store.emit("billing.credit_grant.created", made)
    return made


def retrieve(store: Store, _: Given, ids: Ids) -> Object:
    """GET /v1/billing/credit_grants/{id}."""
    return store.find(ids["id"], _KIND)


def update(store: Store, given: Given, ids: Ids) -> Object:
    """POST /v1/billing/credit_grants/{id}: its metadata and its end."""
    grant = store.find(ids["id"], _KIND)
    store.change(grant, metadata=merged(grant["metadata"], given.get("metadata")),
                 updated=store.now())  # fmt: skip
    if "expires_at" in given:
        store.change(grant, expires_at=given["expires_at"] or None)
        if grant["expires_at"] is not None:
            store.plan(grant["expires_at"], "grant", grant)
    store.emit("billing.credit_grant.updated", grant)
    return grant


def list_all(store: Store, given: Given, _: Ids) -> Object:
    """GET /v1/billing/credit_grants."""
    return listed(store.all_of(_KIND, given, "customer"), given, "/v1/billing/credit_grants")


def expire(store: Store, _: Given, ids: Ids) -> Object:
    """POST /v1/billing/credit_grants/{id}/expire."""
    grant = store.find(ids["id"], _KIND)
    _end(store, grant, "credits_expired")
    return store.change(grant, expires_at=store.now(), updated=store.now())


def expire_due(store: Store, grant: Object) -> None:
    """Its last moment has come."""
    if grant["expires_at"] is not None and grant["expires_at"] <= store.now():
        _end(store, grant, "credits_expired")


def void(store: Store, _: Given, ids: Ids) -> Object:
    """POST /v1/billing/credit_grants/{id}/void, before any of it was used."""
    grant = store.find(ids["id"], _KIND)
    if left(store, grant) != grant["amount"]["monetary"]["value"]:
        raise Refused(400, None, "A grant that was used cannot be voided", "id")
    _end(store, grant, "credits_voided")
    return store.change(grant, voided_at=store.now(), updated=store.now())


def left(store: Store, grant: Object) -> int:
    """What is left of a grant, in minor units."""
    return sum(
        (1 if one["type"] == "credit" else -1)
        * (one["credit"] or one["debit"])["amount"]["monetary"]["value"]
        for one in store.under(_BOOKED, grant["id"])
    )


def summary(store: Store, given: Given, _: Ids) -> Object:
    """GET /v1/billing/credit_balance_summary."""
    customer = store.find(given.get("customer"), "customer", "customer")
    grants = store.all_of(_KIND, given, "customer")
    asked = given["filter"]
    if asked["type"] == "credit_grant":
        grants = [one for one in grants if one["id"] == asked.get("credit_grant")]
    sums: dict[str, int] = {}
    for grant in grants:
        money = grant["amount"]["monetary"]
        usable = left(store, grant) if grant["effective_at"] <= store.now() else 0
        sums[money["currency"]] = sums.get(money["currency"], 0) + usable
    balances = [
        {"available_balance": _money(value, currency), "ledger_balance": _money(value, currency)}
        for currency, value in sums.items()
    ]
    return contract.blank("billing.credit_balance_summary") | {
        "customer": customer["id"], "balances": balances,
    }  # fmt: skip


def list_booked(store: Store, given: Given, _: Ids) -> Object:
    """GET /v1/billing/credit_balance_transactions."""
    store.find(given.get("customer"), "customer", "customer")
    found = [
        one for one in store.all_of(_BOOKED, given, "credit_grant")
        if store.objects[one["credit_grant"]]["customer"] == given["customer"]
    ]  # fmt: skip
    # Not a slip: the document wants the address of the grants here.
    return listed(found, given, "/v1/billing/credit_grants")


def retrieve_booked(store: Store, _: Given, ids: Ids) -> Object:
    """GET /v1/billing/credit_balance_transactions/{id}."""
    return store.find(ids["id"], _BOOKED)


# --- invoices -------------------------------------------------------------------------------------


def apply(store: Store, invoice: Object) -> None:
    """Pay metered lines with what the customer was granted, the most urgent grants first."""
    used: list[Object] = []
    for line in store.under("line_item", invoice["id"]):
        owed, credited = line["amount"], []
        for grant in _usable(store, invoice, line):
            part = min(owed, left(store, grant))
            if part <= 0:
                continue
            owed -= part
            booked = _book(store, grant, store.now(), debit={
                "amount": _money(part, invoice["currency"]), "type": "credits_applied",
                "credits_applied": {"invoice": invoice["id"], "invoice_line_item": line["id"]},
            })  # fmt: skip
            credited.append({"amount": part, "credit_balance_transaction": booked["id"],
                             "type": "credit_balance_transaction"})  # fmt: skip
        if credited:
            store.change(line, pretax_credit_amounts=credited)
            used += credited
    if used:
        from billing.sandbox import lines

        store.change(invoice, total_pretax_credit_amounts=used)
        lines.total(store, invoice, store.under("line_item", invoice["id"]))


def give_back(store: Store, invoice: Object) -> None:
    """A voided invoice returns the credits that paid for it."""
    for one in invoice["total_pretax_credit_amounts"] or ():
        debit = store.objects[one["credit_balance_transaction"]]
        grant = store.objects[debit["credit_grant"]]
        applied = debit["debit"]["credits_applied"]
        _book(store, grant, store.now(), credit={
            "amount": debit["debit"]["amount"], "type": "credits_application_invoice_voided",
            "credits_application_invoice_voided": dict(applied),
        })  # fmt: skip


def _usable(store: Store, invoice: Object, line: Object) -> list[Object]:
    price = store.objects[line["pricing"]["price_details"]["price"]]
    if (price["recurring"] or {}).get("usage_type") != "metered":
        return []
    now = store.now()
    found = [
        one for one in store.all_of(_KIND, {"customer": invoice["customer"]}, "customer")
        if one["amount"]["monetary"]["currency"] == invoice["currency"]
        and one["voided_at"] is None and one["effective_at"] <= now
        and (one["expires_at"] is None or one["expires_at"] > now)
        and _covers(one["applicability_config"]["scope"], price["id"])
    ]  # fmt: skip
    return sorted(
        found, key=lambda g: (g["priority"], g["expires_at"] or _ENDLESS, g["effective_at"],
                              g["created"])
    )  # fmt: skip


def _covers(scope: Object, price: str) -> bool:
    return "price_type" in scope or any(one["id"] == price for one in scope["prices"])


def _end(store: Store, grant: Object, kind: str) -> None:
    rest = left(store, grant)
    if rest > 0:
        amount = _money(rest, grant["amount"]["monetary"]["currency"])
        _book(store, grant, store.now(),
              debit={"amount": amount, "type": kind, "credits_applied": None})  # fmt: skip


def _book(
    store: Store, grant: Object, effective: int, *,
    credit: Object | None = None, debit: Object | None = None,
) -> Object:  # fmt: skip
    made = contract.blank(_BOOKED) | {
        "id": f"cbtxn_sbx_{secrets.token_hex(10)}", "created": store.now(), "credit": credit,
        "credit_grant": grant["id"], "debit": debit, "effective_at": effective,
        "test_clock": grant["test_clock"], "type": "credit" if credit else "debit",
    }  # fmt: skip
    store.keep(made)
    return made


def _money(value: int, currency: str) -> Object:
    return {"type": "monetary", "monetary": {"currency": currency, "value": value}}


_LISTED = "limit starting_after ending_before"

OPERATIONS = {
    ("POST", "/v1/billing/credit_grants"): Does(
        create,
        "customer amount applicability_config category effective_at expires_at metadata name "
        "priority",
    ),
    ("GET", "/v1/billing/credit_grants"): Does(list_all, f"customer {_LISTED}"),
    ("GET", "/v1/billing/credit_grants/{id}"): Does(retrieve),
    ("POST", "/v1/billing/credit_grants/{id}"): Does(update, "metadata expires_at"),
    ("POST", "/v1/billing/credit_grants/{id}/expire"): Does(expire),
    ("POST", "/v1/billing/credit_grants/{id}/void"): Does(void),
    ("GET", "/v1/billing/credit_balance_summary"): Does(
        summary, "customer filter", "sums all grants of a customer; ledger and available balance "
        "are one"
    ),
    ("GET", "/v1/billing/credit_balance_transactions"): Does(
        list_booked, f"customer credit_grant {_LISTED}"
    ),
    ("GET", "/v1/billing/credit_balance_transactions/{id}"): Does(retrieve_booked),
}  # fmt: skip
