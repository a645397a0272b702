"""What a subscription costs in a period: the lines of its invoice."""

import secrets
from datetime import UTC, datetime

from billing.sandbox import contract, prices
from billing.sandbox.clock import DAY_S, months_later
from billing.sandbox.meters import aggregate
from billing.sandbox.store import Object, Store, page

SHOWN = 10
"""Lines an invoice carries itself; the rest by its list of lines."""

Span = tuple[int, int]
"""From a moment up to, and without, another."""


def period_after(recurring: Object, anchor: int, begin: int) -> int:
    """The end of the period that begins then, counted from the anchor: 31 January is followed
    by 28 February and that by 31 March."""
    count, interval = recurring["interval_count"], recurring["interval"]
    if interval in ("day", "week"):
        return begin + count * DAY_S * (7 if interval == "week" else 1)
    months = count * (12 if interval == "year" else 1)
    passed = 0
    while (end := months_later(anchor, passed + months)) <= begin:
        passed += months
    return end


def lines_of(
    store: Store, subscription: Object, arrears: Span | None, advance: Span | None, *,
    until: float | None = None,
) -> list[Object]:  # fmt: skip
    """Lines for usage in ``arrears`` and for fixed quantities in ``advance``.

    ``until``: only usage that was seen by then.
    """
    found: list[Object] = []
    for item in subscription["items"]["data"]:
        price = item["price"]
        metered = price["recurring"]["usage_type"] == "metered"
        if metered and arrears is not None:
            meter = store.objects[price["recurring"]["meter"]]
            counted = aggregate(store, meter, subscription["customer"], *arrears, until)
            # A period whose corrections outweigh its usage costs nothing; it earns nothing.
            found += _priced(store, subscription, item, max(0, counted), arrears)
        elif not metered and advance is not None:
            found += _priced(store, subscription, item, item["quantity"], advance)
        elif metered and advance is not None:
            found += _priced(store, subscription, item, 0, advance)
    return found


def keep(store: Store, invoice: Object, lines: list[Object]) -> None:
    """Make these the lines of an invoice, and sum them up."""
    for old in store.under("line_item", invoice["id"]):
        store.forget(old)
    for line in lines:
        line["invoice"] = invoice["id"]
        store.keep(line)
    total(store, invoice, lines)


def total(store: Store, invoice: Object, lines: list[Object]) -> None:
    """Show the first lines on the invoice and what all of them come to."""
    url = f"/v1/invoices/{invoice['id']}/lines"
    subtotal = sum(line["amount"] for line in lines)
    credited = sum(one["amount"] for one in invoice["total_pretax_credit_amounts"] or ())
    sums = subtotal - credited
    invoice |= {
        "lines": page(lines[:SHOWN], url, more=len(lines) > SHOWN), "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal, "total": sums, "total_excluding_tax": sums,
        "amount_due": sums, "amount_remaining": sums - invoice["amount_paid"],
    }  # fmt: skip
    if invoice["id"] in store.objects:
        store.journal.touch(invoice["id"])


def _priced(
    store: Store, subscription: Object, item: Object, quantity: int, span: Span
) -> list[Object]:
    product = store.objects.get(item["price"]["product"]) or {}
    name = product.get("name", "")
    made: list[Object] = []
    for part in prices.cost(item["price"], quantity):
        words = f"{part.quantity} × {name}{part.words}"
        made.append(_line(subscription, item, part, span, words))
    return made


def _line(subscription: Object, item: Object, part: prices.Line, span: Span, words: str) -> Object:
    price = item["price"]
    kind = (
        "billing_bill_resource_invoicing_lines_parents_invoice_line_item_subscription_item_parent"
    )
    parent = contract.blank(kind) | {
        "subscription": subscription["id"], "subscription_item": item["id"],
    }  # fmt: skip
    return contract.blank("line_item") | {
        "id": f"il_sbx_{secrets.token_hex(10)}", "amount": part.amount, "subtotal": part.amount,
        "currency": price["currency"], "description": words, "discountable": True,
        "discount_amounts": [], "metadata": dict(subscription["metadata"]), "livemode": False,
        "period": {"start": span[0], "end": span[1]}, "quantity": part.quantity, "taxes": [],
        "pretax_credit_amounts": [], "subscription": subscription["id"],
        "quantity_decimal": str(part.quantity),
        "parent": {"type": "subscription_item_details", "invoice_item_details": None,
                   "subscription_item_details": parent},
        "pricing": {"type": "price_details", "unit_amount_decimal": part.unit,
                    "price_details": {"price": price["id"], "product": price["product"]}},
    }  # fmt: skip


def day(moment: int) -> str:
    """A date as pages show it."""
    return datetime.fromtimestamp(moment, UTC).date().isoformat()
