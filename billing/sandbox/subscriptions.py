"""Subscriptions: begun, changed, ended, and closed period by period."""

import secrets

from billing.sandbox import cards, collection, contract, lines
from billing.sandbox.errors import Refused, Unsupported
from billing.sandbox.store import Does, Given, Ids, Object, Store, heed, listed, merged, page

_CREATE = (
    "customer items currency collection_method days_until_due default_payment_method metadata "
    "description billing_mode payment_behavior off_session cancel_at_period_end"
)
_UPDATE = (
    "collection_method days_until_due default_payment_method metadata description "
    "cancel_at_period_end off_session"
)
_ENDED = ("canceled", "incomplete_expired")


def create(store: Store, given: Given, _: Ids) -> Object:
    """POST /v1/subscriptions; what is fixed is paid in advance, what is metered afterwards."""
    customer = store.find(given.get("customer"), "customer", "customer")
    method = _method(given, "charge_automatically")
    prices = _prices(store, given.get("items") or [])
    if given.get("currency", prices[0]["currency"]) != prices[0]["currency"]:
        raise Refused(400, None, "The prices are in another currency", "currency")
    if given.get("payment_behavior") == "pending_if_incomplete":
        raise Unsupported("payment_behavior=pending_if_incomplete")
    card = _card(store, given, customer)
    begin, recurring = store.now(), prices[0]["recurring"]
    end = lines.period_after(recurring, begin, begin)
    made = store.make(
        "sub", "subscription", customer=customer["id"], currency=prices[0]["currency"],
        collection_method=method, days_until_due=given.get("days_until_due"),
        default_payment_method=card, metadata=merged(None, given.get("metadata")),
        description=given.get("description"), billing_cycle_anchor=begin, start_date=begin,
        status="active", test_clock=customer["test_clock"], discounts=[],
        cancel_at_period_end=given.get("cancel_at_period_end", False),
        billing_mode={"type": given.get("billing_mode", {}).get("type", "classic"),
                      "flexible": None},
    )  # fmt: skip
    items = [
        _item(store, made, price, asked, begin, end)
        for price, asked in zip(prices, given["items"], strict=True)
    ]
    url = f"/v1/subscription_items?subscription={made['id']}"
    store.change(made, items=page(items, url))
    try:
        _first_invoice(store, made, (begin, end), given.get("payment_behavior"))
    except Refused:
        store.forget(made)
        raise
    store.emit("customer.subscription.created", made)
    store.plan(end, "period", made)
    return made


def retrieve(store: Store, _: Given, ids: Ids) -> Object:
    """GET /v1/subscriptions/{subscription_exposed_id}."""
    return store.find(ids["subscription_exposed_id"], "subscription")


def update(store: Store, given: Given, ids: Ids) -> Object:
    """POST /v1/subscriptions/{subscription_exposed_id}: how it is paid and when it ends."""
    found = store.find(ids["subscription_exposed_id"], "subscription")
    if found["status"] in _ENDED:
        raise Refused(400, "resource_missing", f"The subscription is {found['status']}", "id")
    before = {key: found[key] for key in given if key in found}
    if "collection_method" in given or "days_until_due" in given:
        both = {"days_until_due": found["days_until_due"]} | given
        method = _method(both, found["collection_method"])
        due = both["days_until_due"] if method == "send_invoice" else None
        store.change(found, collection_method=method, days_until_due=due)
    if "default_payment_method" in given:
        customer = store.objects[found["customer"]]
        store.change(found, default_payment_method=_card(store, given, customer))
    if "cancel_at_period_end" in given:
        _end_with_period(store, found, ends=given["cancel_at_period_end"])
    if "description" in given:
        store.change(found, description=given["description"] or None)
    store.change(found, metadata=merged(found["metadata"], given.get("metadata")))
    store.emit("customer.subscription.updated", found, before)
    return found


def cancel(store: Store, given: Given, ids: Ids) -> Object:
    """DELETE /v1/subscriptions/{subscription_exposed_id}: now; ``invoice_now`` bills the usage."""
    found = store.find(ids["subscription_exposed_id"], "subscription")
    if found["status"] in _ENDED:
        raise Refused(404, "resource_missing", f"No such subscription: '{found['id']}'", "id")
    if given.get("prorate"):
        raise Unsupported("the parameter prorate of DELETE /v1/subscriptions")
    if given.get("invoice_now"):
        span = (_period(found)[0], max(store.now(), _period(found)[0] + 1))
        _bill(store, found, span, None, at_once=True)
    collection.become(store, found, "canceled")
    return found


def list_all(store: Store, given: Given, _: Ids) -> Object:
    """GET /v1/subscriptions; ended ones only where ``status`` asks for them."""
    status = given.get("status")
    found = [
        one for one in store.all_of("subscription", given, "customer", "collection_method")
        if status == "all" or (one["status"] == status if status else one["status"] not in _ENDED)
    ]  # fmt: skip
    if "price" in given:
        found = [one for one in found if given["price"] in _price_ids(one)]
    return listed(found, given, "/v1/subscriptions")


def list_items(store: Store, given: Given, _: Ids) -> Object:
    """GET /v1/subscription_items."""
    found = store.find(given.get("subscription"), "subscription", "subscription")
    return listed(found["items"]["data"], given, "/v1/subscription_items")


def close_period(store: Store, subscription: Object) -> None:
    """The period is over: bill its usage, and begin the next or end."""
    if subscription["status"] in _ENDED:
        return
    begin, end = _period(subscription)
    if end > store.now():
        return
    if subscription["cancel_at_period_end"]:
        _bill(store, subscription, (begin, end), None)
        collection.become(store, subscription, "canceled")
        return
    item = subscription["items"]["data"][0]
    anchor = subscription["billing_cycle_anchor"]
    after = lines.period_after(item["price"]["recurring"], anchor, end)
    for one in subscription["items"]["data"]:
        one |= {"current_period_start": end, "current_period_end": after}
    store.change(subscription)
    _bill(store, subscription, (begin, end), (end, after))
    store.emit("customer.subscription.updated", subscription)
    store.plan(after, "period", subscription)


def upcoming(store: Store, subscription: Object) -> list[Object]:
    """The lines of the next invoice as far as the summaries show usage."""
    begin, end = _period(subscription)
    recurring = subscription["items"]["data"][0]["price"]["recurring"]
    after = lines.period_after(recurring, subscription["billing_cycle_anchor"], end)
    advance = None if subscription["cancel_at_period_end"] else (end, after)
    until = store.clock.now() - store.lag_s
    return lines.lines_of(store, subscription, (begin, end), advance, until=until)


def _bill(
    store: Store, subscription: Object, arrears: lines.Span, advance: lines.Span | None, *,
    at_once: bool = False,
) -> None:  # fmt: skip
    """A draft that waits out the grace; an unpaid subscription's draft waits for somebody."""
    invoice = collection.open_draft(store, subscription, "subscription_cycle", arrears)
    lines.keep(store, invoice, lines.lines_of(store, subscription, arrears, advance))
    if subscription["status"] == "unpaid":
        store.change(invoice, auto_advance=False)
    elif not at_once:
        due = store.now() + store.grace_s
        store.change(invoice, automatically_finalizes_at=due)
        store.plan(due, "finalize", invoice)
    store.emit("invoice.created", invoice)
    if at_once:
        collection.finalize_due(store, invoice)


def _first_invoice(
    store: Store, subscription: Object, span: lines.Span, behavior: str | None
) -> None:
    invoice = collection.open_draft(store, subscription, "subscription_create", (span[0], span[0]))
    lines.keep(store, invoice, lines.lines_of(store, subscription, None, span))
    by_card = subscription["collection_method"] == "charge_automatically"
    owed = invoice["total"] > 0 and by_card
    if owed and collection.card_of(store, invoice) is None and behavior != "default_incomplete":
        _take_back(store, invoice)
        raise Refused(400, "resource_missing", "This customer has no attached payment source or "
                      "default payment method.")  # fmt: skip
    store.emit("invoice.created", invoice)
    collection.finalize(store, invoice)
    if invoice["status"] != "open":
        return
    if not by_card:
        collection.collect(store, invoice)
        return
    store.change(subscription, status="incomplete")
    if behavior == "default_incomplete":
        return
    declined = collection.attempt(store, invoice)
    if declined and behavior == "error_if_incomplete":
        collection.void(store, invoice)
        raise cards.declined(declined)


def _take_back(store: Store, invoice: Object) -> None:
    for line in store.under("line_item", invoice["id"]):
        store.forget(line)
    store.forget(invoice)


def _item(
    store: Store, subscription: Object, price: Object, asked: Given, begin: int, end: int
) -> Object:
    made = contract.blank("subscription_item") | {
        "id": f"si_sbx_{secrets.token_hex(10)}", "created": store.now(), "price": dict(price),
        "metadata": merged(None, asked.get("metadata")), "subscription": subscription["id"],
        "current_period_start": begin, "current_period_end": end, "discounts": [],
        "tax_rates": [],
    }  # fmt: skip
    if price["recurring"]["usage_type"] == "licensed":
        made["quantity"] = asked.get("quantity", 1)
    return made


def _prices(store: Store, items: list[Given]) -> list[Object]:
    if not items:
        raise Refused(400, "parameter_missing", "Missing required param: items.", "items")
    found: list[Object] = []
    for number, item in enumerate(items):
        heed(item, "price quantity metadata", "POST /v1/subscriptions items")
        price = store.find(item.get("price"), "price", f"items[{number}][price]")
        recurring = price["recurring"]
        if recurring is None or not price["active"]:
            raise Refused(400, None, f"The price {price['id']} is not active and recurring",
                          f"items[{number}][price]")  # fmt: skip
        if recurring["usage_type"] == "metered" and "quantity" in item:
            raise Refused(400, None, "A metered price has no quantity",
                          f"items[{number}][quantity]")  # fmt: skip
        found.append(price)
    kinds = {(one["currency"], one["recurring"]["interval"], one["recurring"]["interval_count"])
             for one in found}  # fmt: skip
    if len(kinds) > 1:
        raise Refused(400, None, "All prices of a subscription have one currency and interval",
                      "items")  # fmt: skip
    return found


def _method(given: Given, usual: str) -> str:
    method = given.get("collection_method", usual)
    if method == "send_invoice" and given.get("days_until_due") is None:
        raise Refused(400, "parameter_missing", "send_invoice needs days_until_due",
                      "days_until_due")  # fmt: skip
    return method


def _card(store: Store, given: Given, customer: Object) -> str | None:
    named = given.get("default_payment_method")
    if not named:
        return None
    card = cards.named(store, named, customer["id"])
    if card["customer"] != customer["id"]:
        raise Refused(400, "resource_missing", "The customer does not have this card",
                      "default_payment_method")  # fmt: skip
    return card["id"]


def _end_with_period(store: Store, subscription: Object, *, ends: bool) -> None:
    store.change(
        subscription, cancel_at_period_end=ends, canceled_at=store.now() if ends else None,
        cancel_at=_period(subscription)[1] if ends else None,
    )  # fmt: skip


def _price_ids(subscription: Object) -> set[str]:
    return {item["price"]["id"] for item in subscription["items"]["data"]}


def _period(subscription: Object) -> lines.Span:
    item = subscription["items"]["data"][0]
    return item["current_period_start"], item["current_period_end"]


OPERATIONS = {
    ("POST", "/v1/subscriptions"): Does(
        create, _CREATE, "no trials, discounts, taxes, schedules or proration; the first invoice "
        "of metered prices is for nothing and paid at once"
    ),
    ("GET", "/v1/subscriptions"): Does(
        list_all,
        "customer status price collection_method created limit starting_after ending_before",
    ),
    ("GET", "/v1/subscriptions/{subscription_exposed_id}"): Does(retrieve),
    ("POST", "/v1/subscriptions/{subscription_exposed_id}"): Does(
        update, _UPDATE, "its items stay as they are"
    ),
    ("DELETE", "/v1/subscriptions/{subscription_exposed_id}"): Does(
        cancel, "invoice_now prorate", "no proration"
    ),
    ("GET", "/v1/subscription_items"): Does(
        list_items, "subscription limit starting_after ending_before"
    ),
}  # fmt: skip
