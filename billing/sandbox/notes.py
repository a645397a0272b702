"""Credit notes: less owed on an open invoice, or given back of a paid one."""

import secrets
from typing import Any

from msgspec import Struct

from billing.sandbox import collection, contract, refunds
from billing.sandbox.errors import Refused
from billing.sandbox.store import Does, Given, Ids, Object, Store, heed, listed, merged, page

_FIELDS = "invoice amount lines reason memo metadata refund_amount credit_amount out_of_band_amount"


class Split(Struct, frozen=True):
    """Where the amount of a note goes, in minor units."""

    unpaid: int
    refund: int
    credit: int
    elsewhere: int


def create(store: Store, given: Given, _: Ids) -> Object:
    """POST /v1/credit_notes."""
    made, split = _note(store, given)
    invoice = store.objects[made["invoice"]]
    customer = store.objects[made["customer"]]
    if split.refund:
        refund = refunds.refund(store, _charge(store, invoice), split.refund)
        made["refunds"] = [{"amount_refunded": split.refund, "refund": refund["id"],
                            "type": "refund", "payment_record_refund": None}]  # fmt: skip
    if split.credit:
        store.change(customer, balance=customer["balance"] - split.credit)
    number = len([one for one in store.all("credit_note") if one["invoice"] == invoice["id"]]) + 1
    made["number"] = f"{invoice['number']}-CN-{number:02}"
    store.keep(made)
    _reduce(store, invoice, split)
    store.emit("credit_note.created", made)
    return made


def preview(store: Store, given: Given, _: Ids) -> Object:
    """GET /v1/credit_notes/preview: what `create` would make, and nothing is made."""
    return _note(store, given)[0] | {"number": "PREVIEW"}


def retrieve(store: Store, _: Given, ids: Ids) -> Object:
    """GET /v1/credit_notes/{id}."""
    return store.find(ids["id"], "credit_note")


def update(store: Store, given: Given, ids: Ids) -> Object:
    """POST /v1/credit_notes/{id}: its memo and metadata."""
    note = store.find(ids["id"], "credit_note")
    store.change(note, metadata=merged(note["metadata"], given.get("metadata")),
                 memo=given.get("memo", note["memo"]))  # fmt: skip
    store.emit("credit_note.updated", note)
    return note


def list_all(store: Store, given: Given, _: Ids) -> Object:
    """GET /v1/credit_notes."""
    found = store.all_of("credit_note", given, "invoice", "customer")
    return listed(found, given, "/v1/credit_notes")


def void(store: Store, _: Given, ids: Ids) -> Object:
    """POST /v1/credit_notes/{id}/void, of an open invoice only: it is owed again."""
    note = store.find(ids["id"], "credit_note")
    invoice = store.objects[note["invoice"]]
    if note["status"] == "void" or note["type"] != "pre_payment" or invoice["status"] != "open":
        raise Refused(400, None, "Only a note on an open invoice can be voided", "id")
    back = note["pre_payment_amount"]
    store.change(
        invoice, amount_due=invoice["amount_due"] + back,
        amount_remaining=invoice["amount_remaining"] + back,
        pre_payment_credit_notes_amount=invoice["pre_payment_credit_notes_amount"] - back,
    )  # fmt: skip
    collection.amend(store, invoice)
    store.change(note, status="void", voided_at=store.now())
    store.emit("credit_note.voided", note)
    return note


def _note(store: Store, given: Given) -> tuple[Object, Split]:
    invoice = store.find(given["invoice"], "invoice", "invoice")
    if invoice["status"] not in ("open", "paid"):
        raise Refused(400, "invoice_not_open", f"The invoice is {invoice['status']}; credit notes "
                      "are for open or paid ones", "invoice")  # fmt: skip
    rows = _rows(store, invoice, given)
    amount = sum(row["amount"] for row in rows) if rows else given.get("amount", 0)
    if "amount" in given and given["amount"] != amount:
        raise Refused(400, None, f"The lines come to {amount}", "amount")
    split = _split(store, invoice, given, amount)
    after = amount - split.unpaid
    made = contract.blank("credit_note") | {
        "id": f"cn_sbx_{secrets.token_hex(10)}", "amount": amount, "created": store.now(),
        "currency": invoice["currency"], "customer": invoice["customer"],
        "effective_at": store.now(), "invoice": invoice["id"], "memo": given.get("memo"),
        "metadata": merged(None, given.get("metadata")), "reason": given.get("reason"),
        "lines": page(rows, "/v1/credit_notes/lines"), "pdf": f"{store.url}/sandbox/notes",
        "post_payment_amount": after, "pre_payment_amount": split.unpaid, "status": "issued",
        "out_of_band_amount": split.elsewhere or None, "subtotal": amount, "total": amount,
        "subtotal_excluding_tax": amount, "total_excluding_tax": amount, "total_taxes": [],
        "type": "post_payment" if not split.unpaid else "mixed" if after else "pre_payment",
    }  # fmt: skip
    return made, split


def _rows(store: Store, invoice: Object, given: Given) -> list[Object]:
    made: list[Object] = []
    for row in given.get("lines") or ():
        heed(row, "type amount description invoice_line_item quantity unit_amount",
             "POST /v1/credit_notes lines")  # fmt: skip
        amount = row.get("amount", row.get("quantity", 1) * row.get("unit_amount", 0))
        line: Object = {}
        if row["type"] == "invoice_line_item":
            line = _line(store, invoice, row)
            if not 0 < amount <= line["amount"]:
                raise Refused(400, None, f"At most {line['amount']} of this line", "lines")
        made.append(_row(amount, row, line, invoice))
    return made


def _line(store: Store, invoice: Object, row: Given) -> Object:
    line = store.find(row.get("invoice_line_item"), "line_item", "lines")
    if line["invoice"] != invoice["id"]:
        raise Refused(400, "resource_missing", "The line is another invoice's", "lines")
    return line


def _row(amount: int, row: Given, line: Object, invoice: Object) -> Object:
    return {
        "id": f"cnli_sbx_{secrets.token_hex(10)}", "object": "credit_note_line_item",
        "amount": amount, "description": row.get("description", line.get("description")),
        "discount_amount": 0, "discount_amounts": [], "livemode": False, "type": row["type"],
        "invoice_line_item": line.get("id"), "quantity": row.get("quantity"), "taxes": [],
        "pretax_credit_amounts": [], "unit_amount": row.get("unit_amount"),
        "unit_amount_decimal": None, "tax_rates": [], "currency": invoice["currency"],
    }  # fmt: skip


def _split(store: Store, invoice: Object, given: Given, amount: int) -> Split:
    """A note first takes from what is not paid yet; the rest is said to go somewhere."""
    credited = sum(
        one["amount"] for one in store.all_of("credit_note", given, "invoice")
        if one["status"] == "issued"
    )  # fmt: skip
    most = invoice["total"] - credited
    if not 0 < amount <= most:
        raise Refused(400, None, f"A credit note is above 0 and at most {most}, what is left of "
                      "the invoice", "amount")  # fmt: skip
    unpaid = min(amount, invoice["amount_remaining"])
    names = ("refund_amount", "credit_amount", "out_of_band_amount")
    parts: list[Any] = [given.get(name, 0) for name in names]
    if any(part < 0 for part in parts) or sum(parts) != amount - unpaid:
        raise Refused(400, None, f"refund_amount, credit_amount and out_of_band_amount must come "
                      f"to {amount - unpaid}", "refund_amount")  # fmt: skip
    return Split(unpaid, *parts)


def _reduce(store: Store, invoice: Object, split: Split) -> None:
    after = split.refund + split.credit + split.elsewhere
    store.change(
        invoice, amount_due=invoice["amount_due"] - split.unpaid,
        amount_remaining=invoice["amount_remaining"] - split.unpaid,
        pre_payment_credit_notes_amount=invoice["pre_payment_credit_notes_amount"] + split.unpaid,
        post_payment_credit_notes_amount=invoice["post_payment_credit_notes_amount"] + after,
    )  # fmt: skip
    if invoice["status"] == "open":
        collection.amend(store, invoice)


def _charge(store: Store, invoice: Object) -> Object:
    for one in store.under("invoice_payment", invoice["id"]):
        intent = store.objects[one["payment"]["payment_intent"]]
        if intent["status"] == "succeeded":
            return store.objects[intent["latest_charge"]]
    raise Refused(400, None, "No charge of this invoice can be refunded", "refund_amount")


OPERATIONS = {
    ("POST", "/v1/credit_notes"): Does(create, _FIELDS, "no tax, no shipping, no earlier refunds"),
    ("GET", "/v1/credit_notes/preview"): Does(preview, _FIELDS, "as for making one"),
    ("GET", "/v1/credit_notes"): Does(
        list_all, "invoice customer created limit starting_after ending_before"
    ),
    ("GET", "/v1/credit_notes/{id}"): Does(retrieve),
    ("POST", "/v1/credit_notes/{id}"): Does(update, "memo metadata"),
    ("POST", "/v1/credit_notes/{id}/void"): Does(void),
}
