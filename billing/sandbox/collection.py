"""From a draft to money: finalizing invoices, collecting them, and trying again."""

from billing.sandbox import grants, lines, payments
from billing.sandbox.clock import DAY_S
from billing.sandbox.errors import Refused
from billing.sandbox.store import Object, Store

_BEHIND = ("past_due", "unpaid", "incomplete")


def open_draft(store: Store, subscription: Object, reason: str, span: lines.Span) -> Object:
    """A draft of a subscription's invoice over a span, without lines yet."""
    customer = store.objects[subscription["customer"]]
    made = store.make(
        "in", "invoice", currency=subscription["currency"], customer=subscription["customer"],
        collection_method=subscription["collection_method"], auto_advance=True, status="draft",
        billing_reason=reason, period_start=span[0], period_end=span[1],
        customer_email=customer["email"], customer_name=customer["name"], metadata={},
        parent={"type": "subscription_details", "quote_details": None, "subscription_details":
                {"metadata": dict(subscription["metadata"]), "subscription": subscription["id"]}},
        default_payment_method=subscription["default_payment_method"], discounts=[],
        test_clock=customer["test_clock"], total_pretax_credit_amounts=[], total_taxes=[],
        total_discount_amounts=[], account_country="US", account_name="Sandbox",
        customer_address=customer["address"], customer_tax_exempt="none", customer_tax_ids=[],
    )  # fmt: skip
    store.change(subscription, latest_invoice=made["id"])
    return made


def finalize(store: Store, invoice: Object) -> None:
    """Fix what is owed: number, late usage, credits, balance; nothing of it changes again."""
    if invoice["status"] != "draft":
        raise Refused(400, "invoice_not_editable", f"The invoice is {invoice['status']} already",
                      "invoice")  # fmt: skip
    recount(store, invoice)
    grants.apply(store, invoice)
    customer = store.objects[invoice["customer"]]
    _apply_balance(store, invoice, customer)
    number = customer["next_invoice_sequence"]
    store.change(customer, next_invoice_sequence=number + 1)
    page = f"{store.url}/sandbox/invoices/{invoice['id']}"
    store.change(
        invoice, status="open", number=f"{customer['invoice_prefix']}-{number:04}",
        automatically_finalizes_at=None, effective_at=store.now(), hosted_invoice_url=page,
        invoice_pdf=f"{page}/pdf", due_date=_due(store, invoice),
        status_transitions=invoice["status_transitions"] | {"finalized_at": store.now()},
    )  # fmt: skip
    store.emit("invoice.finalized", invoice)
    if invoice["amount_due"] == 0:
        settle(store, invoice, 0)
        return
    _intend(store, invoice)


def recount(store: Store, invoice: Object) -> None:
    """Sum a draft's usage anew, with what came in late."""
    subscription = subscription_of(store, invoice)
    if subscription is None or invoice["billing_reason"] != "subscription_cycle":
        return
    kept = [
        line for line in store.under("line_item", invoice["id"]) if not _metered(subscription, line)
    ]
    span = (invoice["period_start"], invoice["period_end"])
    lines.keep(store, invoice, lines.lines_of(store, subscription, span, None) + kept)


def collect(store: Store, invoice: Object) -> None:
    """Charge the customer's card, or send the invoice and wait until it is due."""
    if invoice["status"] != "open":
        return
    if invoice["collection_method"] == "send_invoice":
        store.emit("invoice.sent", invoice)
        store.plan(invoice["due_date"], "overdue", invoice)
        return
    attempt(store, invoice, scheduled=True)


def attempt(
    store: Store, invoice: Object, card: Object | None = None, *, scheduled: bool = False
) -> str | None:
    """Try to collect once; the decline code, or None where it is paid."""
    intent = store.objects[_payment(store, invoice)["payment"]["payment_intent"]]
    paid = payments.charge(store, intent, card or card_of(store, invoice))
    tried = invoice["attempt_count"] + (scheduled or invoice["attempt_count"] == 0)
    store.change(invoice, attempted=True, attempt_count=tried)
    if paid.declined is None:
        settle(store, invoice, invoice["amount_remaining"])
        return None
    _failed(store, invoice, scheduled=scheduled)
    return paid.declined


def settle(store: Store, invoice: Object, amount: int, *, elsewhere: bool = False) -> None:
    """The invoice is paid; its subscription is in order again."""
    store.change(
        invoice, status="paid", amount_paid=invoice["amount_paid"] + (0 if elsewhere else amount),
        amount_remaining=0, attempted=True, next_payment_attempt=None, auto_advance=False,
        amount_paid_off_stripe=amount if elsewhere else 0,
        status_transitions=invoice["status_transitions"] | {"paid_at": store.now()},
    )  # fmt: skip
    _close_payment(store, invoice, "canceled" if elsewhere else "paid")
    store.emit("invoice.paid", invoice)
    store.emit("invoice.payment_succeeded", invoice)
    subscription = subscription_of(store, invoice)
    if subscription and subscription["status"] in _BEHIND and _newest(store, invoice, subscription):
        become(store, subscription, "active")


def retry(store: Store, invoice: Object) -> None:
    """The schedule's next attempt, if it still is to be made."""
    due = invoice["next_payment_attempt"]
    if invoice["status"] == "open" and due is not None and due <= store.now():
        attempt(store, invoice, scheduled=True)


def finalize_due(store: Store, invoice: Object) -> None:
    """The grace is over."""
    if invoice["status"] == "draft" and invoice["auto_advance"]:
        finalize(store, invoice)
        collect(store, invoice)


def overdue(store: Store, invoice: Object) -> None:
    """The day an invoice that was sent should have been paid by."""
    if invoice["status"] != "open":
        return
    store.emit("invoice.overdue", invoice)
    subscription = subscription_of(store, invoice)
    if subscription and subscription["status"] == "active":
        become(store, subscription, "past_due")


def void(store: Store, invoice: Object) -> None:
    """Nobody owes it any longer."""
    if invoice["status"] not in ("open", "uncollectible"):
        raise Refused(400, "invoice_not_open", f"You can only pass in open invoices. This invoice "
                      f"is {invoice['status']}.", "invoice")  # fmt: skip
    store.change(
        invoice, status="void", next_payment_attempt=None, auto_advance=False,
        status_transitions=invoice["status_transitions"] | {"voided_at": store.now()},
    )  # fmt: skip
    grants.give_back(store, invoice)
    _close_payment(store, invoice, "canceled")
    store.emit("invoice.voided", invoice)


def subscription_of(store: Store, invoice: Object) -> Object | None:
    """The subscription an invoice is for."""
    parent = invoice["parent"] or {}
    named = (parent.get("subscription_details") or {}).get("subscription")
    return store.objects.get(named or "")


def become(store: Store, subscription: Object, status: str) -> None:
    """Another status of a subscription, and the event of it."""
    before = {"status": subscription["status"]}
    store.change(subscription, status=status)
    if status == "canceled":
        store.change(subscription, canceled_at=store.now(), ended_at=store.now())
        store.emit("customer.subscription.deleted", subscription)
    else:
        store.emit("customer.subscription.updated", subscription, before)


def card_of(store: Store, invoice: Object) -> Object | None:
    """The card an invoice is collected from."""
    subscription = subscription_of(store, invoice) or {}
    customer = store.objects[invoice["customer"]]
    named = (
        invoice["default_payment_method"]
        or subscription.get("default_payment_method")
        or customer["invoice_settings"]["default_payment_method"]
    )
    found = store.objects.get(named or "")
    return found if found and found["customer"] == customer["id"] else None


def _failed(store: Store, invoice: Object, *, scheduled: bool) -> None:
    """Note the failure and when to try again, or what becomes of the subscription."""
    subscription = subscription_of(store, invoice)
    if scheduled:
        tried = invoice["attempt_count"]
        left = store.retry_days[tried - 1 :]
        due = store.now() + left[0] * DAY_S if left else None
        store.change(invoice, next_payment_attempt=due)
        if due is not None:
            store.plan(due, "retry", invoice)
    store.emit("invoice.payment_failed", invoice)
    if subscription is None or invoice["billing_reason"] == "subscription_create":
        return
    if invoice["next_payment_attempt"] is None and scheduled:
        if subscription["status"] != store.after_retries:
            become(store, subscription, store.after_retries)
    elif subscription["status"] == "active":
        become(store, subscription, "past_due")


def _newest(store: Store, invoice: Object, subscription: Object) -> bool:
    """Whether no later invoice of the subscription was finalized: a draft does not count."""
    of_it = store.under("invoice", subscription["id"])
    counted = [one["id"] for one in of_it if one["status"] not in ("draft", "void")]
    return counted[-1:] == [invoice["id"]]


def _metered(subscription: Object, line: Object) -> bool:
    item = line["parent"]["subscription_item_details"]["subscription_item"]
    return any(
        one["id"] == item and one["price"]["recurring"]["usage_type"] == "metered"
        for one in subscription["items"]["data"]
    )


def _due(store: Store, invoice: Object) -> int | None:
    if invoice["collection_method"] != "send_invoice":
        return None
    subscription = subscription_of(store, invoice) or {}
    return store.now() + (subscription.get("days_until_due") or 0) * DAY_S


def _apply_balance(store: Store, invoice: Object, customer: Object) -> None:
    """A credit balance (below nought) pays; a debt (above) is added."""
    before, due = customer["balance"], invoice["total"]
    after = min(0, before + due) if before < 0 else 0
    owed = due + before - after
    store.change(
        invoice, starting_balance=before, ending_balance=after, amount_due=owed,
        amount_remaining=owed,
    )  # fmt: skip
    if after != before:
        store.change(customer, balance=after)


def _intend(store: Store, invoice: Object) -> None:
    intent = payments.intend(
        store, invoice["amount_due"], invoice["currency"], invoice["customer"],
        description="Subscription",
    )  # fmt: skip
    store.make(
        "inpay", "invoice_payment", amount_requested=invoice["amount_due"], amount_paid=None,
        currency=invoice["currency"], invoice=invoice["id"], is_default=True, status="open",
        payment={"type": "payment_intent", "payment_intent": intent["id"]},
    )  # fmt: skip


def _payment(store: Store, invoice: Object) -> Object:
    return store.under("invoice_payment", invoice["id"])[-1]


def _close_payment(store: Store, invoice: Object, status: str) -> None:
    for one in store.under("invoice_payment", invoice["id"]):
        moments = dict(one["status_transitions"])
        moments["paid_at" if status == "paid" else "canceled_at"] = store.now()
        amount = one["amount_requested"] if status == "paid" else None
        store.change(one, status=status, amount_paid=amount, status_transitions=moments)
        intent = store.objects[one["payment"]["payment_intent"]]
        if status == "canceled" and intent["status"] != "succeeded":
            store.change(intent, status="canceled", canceled_at=store.now(),
                         cancellation_reason="void_invoice")  # fmt: skip
            store.emit("payment_intent.canceled", intent)
        if status == "paid":
            store.emit("invoice_payment.paid", one)


def amend(store: Store, invoice: Object) -> None:
    """A credit note changed what an open invoice still costs: ask for that, or for nothing."""
    if invoice["amount_remaining"] == 0:
        settle(store, invoice, 0, elsewhere=True)
        return
    for one in store.under("invoice_payment", invoice["id"]):
        store.change(one, amount_requested=invoice["amount_remaining"])
        intent = store.objects[one["payment"]["payment_intent"]]
        store.change(intent, amount=invoice["amount_remaining"])
