"""Credit notes: the only way to take something off an invoice that has been written."""

from typing import Any

from stripe import StripeClient

from billing.processor.client import asking


async def ensure(
    stripe: StripeClient, errand: str, invoice: str, amount_minor: int, *, paid: bool, memo: str
) -> Any:
    """The credit note of an errand: the one that was written, or a new one. Of an invoice that is
    ``paid`` the amount goes back the way it came; of an open one it is not asked for any more."""
    with asking(f"credit notes of {invoice}"):
        known = await stripe.v1.credit_notes.list_async({"invoice": invoice, "limit": 100})
    for one in known.data:
        if one.metadata is not None and one.metadata.to_dict().get("errand") == errand:
            return one
    asked: Any = {"invoice": invoice, "amount": amount_minor, "memo": memo,
                  "metadata": {"errand": errand}}  # fmt: skip
    if paid:
        asked["refund_amount"] = amount_minor
    with asking(f"credit note of {invoice}"):
        return await stripe.v1.credit_notes.create_async(
            asked, {"idempotency_key": f"credit-note-{errand}"}
        )
