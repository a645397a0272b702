"""Cards, refunds, disputes, the balance, credit notes and grants."""

from typing import Any

import pytest
import stripe as library
from stripe import StripeClient

from billing.sandbox import balance
from billing.sandbox.clock import DAY_S
from billing.sandbox.errors import Refused
from billing.sandbox.shop import Shop
from tests.billing.sandbox.conftest import BEGIN, MONTH_S, Sold, bought, told, use


async def _paid(stripe: StripeClient, shop: Shop, card: str = "pm_card_visa") -> Any:
    """An invoice of 2100 fen, paid by a card or declined."""
    sold = await bought(stripe, card=card)
    await use(stripe, sold, 70)
    shop.clock.advance(shop.clock.now() + MONTH_S)
    found: Any = await stripe.v1.invoices.list_async({"customer": sold.customer, "limit": 1})
    return found.data[0]


async def _intent(stripe: StripeClient, invoice: Any) -> str:
    found: Any = await stripe.v1.invoice_payments.list_async({"invoice": invoice.id})
    return found.data[0].payment.payment_intent


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        ("pm_card_chargeDeclined", "generic_decline"),
        ("4000000000000002", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"),
    ],
)
async def test_a_card_that_its_bank_declines_cannot_be_kept(
    stripe: StripeClient, shop: Shop, card: str, reason: str
) -> None:
    with pytest.raises(library.CardError) as declined:
        await stripe.v1.customers.create_async({"payment_method": card})
    assert declined.value.http_status == 402
    assert declined.value.code == "card_declined"
    assert declined.value.error is not None
    assert declined.value.error.decline_code == reason
    assert shop.all("customer") == []


async def test_cards_are_kept_listed_and_let_go(stripe: StripeClient, shop: Shop) -> None:
    made = await stripe.v1.customers.create_async({"name": "x"})
    kept = await stripe.v1.payment_methods.attach_async("pm_card_mastercard", {"customer": made.id})
    assert kept.card is not None
    assert (kept.card.brand, kept.card.last4) == ("mastercard", "4444")
    default: Any = {"invoice_settings": {"default_payment_method": kept.id}}
    await stripe.v1.customers.update_async(made.id, default)
    other = await stripe.v1.customers.create_async({})
    with pytest.raises(library.InvalidRequestError):
        await stripe.v1.customers.update_async(other.id, default)
    listed = await stripe.v1.customers.payment_methods.list_async(made.id)
    assert [one.id for one in listed.data] == [kept.id]
    await stripe.v1.payment_methods.detach_async(kept.id)
    found = await stripe.v1.customers.retrieve_async(made.id)
    assert found.invoice_settings is not None
    assert found.invoice_settings.default_payment_method is None
    with pytest.raises(Refused):
        shop.give_card(made.id, "1234123412341234")


async def test_refunds_in_parts_never_exceed_the_payment(stripe: StripeClient, shop: Shop) -> None:
    intent = await _intent(stripe, await _paid(stripe, shop))
    await stripe.v1.refunds.create_async({"payment_intent": intent, "amount": 100})
    with pytest.raises(library.InvalidRequestError, match="greater than unrefunded"):
        await stripe.v1.refunds.create_async({"payment_intent": intent, "amount": 2001})
    rest = await stripe.v1.refunds.create_async(
        {"payment_intent": intent, "reason": "requested_by_customer", "metadata": {"a": "b"}}
    )
    assert (rest.amount, rest.status) == (2000, "succeeded")
    with pytest.raises(library.InvalidRequestError) as refused:
        await stripe.v1.refunds.create_async({"payment_intent": intent})
    assert refused.value.code == "charge_already_refunded"
    charge = await stripe.v1.charges.retrieve_async(str(rest.charge), {"expand": ["refunds"]})
    assert (charge.refunded, charge.amount_refunded) == (True, 2100)
    assert charge.refunds is not None
    assert [one.amount for one in charge.refunds.data] == [2000, 100]
    refunded = [one for one in shop.events if one["type"] == "charge.refunded"]
    assert [one["data"]["object"]["amount_refunded"] for one in refunded] == [100, 2100]
    assert refunded[1]["data"]["previous_attributes"]["amount_refunded"] == 100


@pytest.mark.parametrize("amount", [0, -1])
async def test_a_refund_is_of_something(stripe: StripeClient, shop: Shop, amount: int) -> None:
    intent = await _intent(stripe, await _paid(stripe, shop))
    with pytest.raises(library.InvalidRequestError):
        await stripe.v1.refunds.create_async({"payment_intent": intent, "amount": amount})
    assert shop.all("refund") == []


async def test_what_was_not_paid_is_not_refunded(stripe: StripeClient, shop: Shop) -> None:
    intent = await _intent(stripe, await _paid(stripe, shop, "pm_card_chargeCustomerFail"))
    with pytest.raises(library.InvalidRequestError) as refused:
        await stripe.v1.refunds.create_async({"payment_intent": intent})
    assert refused.value.code == "payment_intent_unexpected_state"


@pytest.mark.parametrize(("status", "net"), [("won", 0), ("lost", -2000)])
async def test_a_dispute_takes_the_money_until_it_is_decided(
    stripe: StripeClient, shop: Shop, status: str, net: int
) -> None:
    intent = await _intent(stripe, await _paid(stripe, shop))
    await stripe.v1.refunds.create_async({"payment_intent": intent, "amount": 100})
    made = shop.dispute(intent)
    assert (made["amount"], made["status"]) == (2000, "needs_response")
    with pytest.raises(library.InvalidRequestError) as refused:
        await stripe.v1.refunds.create_async({"payment_intent": intent})
    assert refused.value.code == "charge_disputed"
    with pytest.raises(Refused, match="once"):
        shop.dispute(intent)
    if status == "lost":
        await stripe.v1.disputes.close_async(made["id"])
    else:
        shop.decide(made["id"], "won")
    found = await stripe.v1.disputes.retrieve_async(made["id"])
    assert found.status == status
    assert sum(one.amount for one in found.balance_transactions) == net
    with pytest.raises(library.InvalidRequestError):
        await stripe.v1.disputes.close_async(made["id"])
    kinds = [kind for kind in told(shop) if kind.startswith("charge.dispute")]
    middle = ["charge.dispute.funds_reinstated"] if status == "won" else []
    assert kinds == [
        "charge.dispute.created", "charge.dispute.funds_withdrawn", *middle,
        "charge.dispute.closed",
    ]  # fmt: skip


async def test_the_card_that_is_disputed_is_disputed_at_once(
    stripe: StripeClient, shop: Shop
) -> None:
    invoice = await _paid(stripe, shop, "pm_card_createDispute")
    assert invoice.status == "paid"
    listed = await stripe.v1.disputes.list_async({"payment_intent": await _intent(stripe, invoice)})
    assert [(one.amount, one.reason) for one in listed.data] == [(2100, "fraudulent")]


async def test_the_balance_is_payments_less_refunds_disputes_and_fees(
    stripe: StripeClient, shop: Shop
) -> None:
    intent = await _intent(stripe, await _paid(stripe, shop))
    await stripe.v1.refunds.create_async({"payment_intent": intent, "amount": 100})
    shop.dispute(intent, amount=500)
    booked = (await stripe.v1.balance_transactions.list_async({"limit": 100})).data
    assert [(one.type, one.amount, one.fee) for one in booked] == [
        ("adjustment", -500, 1500), ("refund", -100, 0), ("charge", 2100, 91),
    ]  # fmt: skip
    assert sum(one.net for one in booked) == 2100 - 91 - 100 - 500 - 1500
    one = await stripe.v1.balance_transactions.retrieve_async(booked[2].id)
    assert one.net == 2009


@pytest.mark.parametrize(
    ("amount", "currency", "fee"), [(2100, "cny", 91), (10, "usd", 10), (450, "jpy", 16)]
)
def test_fees_are_whole_minor_units_and_never_above_the_payment(
    amount: int, currency: str, fee: int
) -> None:
    assert balance.fee_of(amount, currency) == fee


# --- credit notes ---------------------------------------------------------------------------------


async def test_a_note_on_an_open_invoice_lessens_what_is_owed(
    stripe: StripeClient, shop: Shop
) -> None:
    owed = await _paid(stripe, shop, "pm_card_chargeCustomerFail")
    asked: Any = {"invoice": owed.id, "amount": 600, "memo": "sorry"}
    preview = await stripe.v1.credit_notes.preview_async(asked)
    assert (preview.amount, preview.type, shop.all("credit_note")) == (600, "pre_payment", [])
    note = await stripe.v1.credit_notes.create_async(asked)
    assert note.number == f"{owed.number}-CN-01"
    shop.give_card(owed.customer)
    paid = await stripe.v1.invoices.pay_async(owed.id)
    assert (paid.amount_due, paid.amount_paid, paid.total) == (1500, 1500, 2100)
    assert paid.pre_payment_credit_notes_amount == 600


async def test_a_note_for_all_of_an_open_invoice_settles_it(
    stripe: StripeClient, shop: Shop
) -> None:
    owed = await _paid(stripe, shop, "pm_card_chargeCustomerFail")
    await stripe.v1.credit_notes.create_async({"invoice": owed.id, "amount": 2100})
    found = await stripe.v1.invoices.retrieve_async(owed.id)
    assert (found.status, found.amount_paid) == ("paid", 0)


async def test_a_note_can_be_voided_while_the_invoice_is_open(
    stripe: StripeClient, shop: Shop
) -> None:
    owed = await _paid(stripe, shop, "pm_card_chargeCustomerFail")
    note = await stripe.v1.credit_notes.create_async({"invoice": owed.id, "amount": 600})
    assert (await stripe.v1.credit_notes.void_credit_note_async(note.id)).status == "void"
    with pytest.raises(library.InvalidRequestError):
        await stripe.v1.credit_notes.void_credit_note_async(note.id)
    assert (await stripe.v1.invoices.retrieve_async(owed.id)).amount_remaining == 2100


async def test_a_note_on_a_paid_invoice_says_where_the_money_goes(
    stripe: StripeClient, shop: Shop
) -> None:
    paid = await _paid(stripe, shop)
    wrong: list[Any] = [
        {"amount": 600},
        {"amount": 600, "refund_amount": 601},
        {"amount": 2101, "refund_amount": 2101},
        {"amount": 0},
        {"lines": [{"type": "custom_line_item", "quantity": 1, "unit_amount": 5}], "amount": 6},
        {"lines": [{"type": "invoice_line_item", "invoice_line_item": "il_x", "amount": 5}]},
    ]
    for given in wrong:
        with pytest.raises(library.InvalidRequestError):
            await stripe.v1.credit_notes.create_async({"invoice": paid.id} | given)
    assert (shop.all("credit_note"), shop.all("refund")) == ([], [])
    line: Any = {"type": "invoice_line_item", "amount": 600,
                 "invoice_line_item": paid.lines.data[0].id}  # fmt: skip
    note = await stripe.v1.credit_notes.create_async(
        {"invoice": paid.id, "lines": [line], "refund_amount": 400, "credit_amount": 150,
         "out_of_band_amount": 50}
    )  # fmt: skip
    assert (note.amount, note.type, note.post_payment_amount) == (600, "post_payment", 600)
    (refund,) = shop.all("refund")
    assert refund["amount"] == 400
    assert (await stripe.v1.customers.retrieve_async(paid.customer)).balance == -150
    rest: Any = {"invoice": paid.id, "amount": 1501, "refund_amount": 1501}
    with pytest.raises(library.InvalidRequestError, match="at most 1500"):
        await stripe.v1.credit_notes.create_async(rest)
    listed = await stripe.v1.credit_notes.list_async({"invoice": paid.id})
    assert [one.id for one in listed.data] == [note.id]


# --- credit grants --------------------------------------------------------------------------------


async def _grant(stripe: StripeClient, sold: Sold, value: int, **more: Any) -> Any:
    asked: Any = {
        "customer": sold.customer, "category": "promotional",
        "amount": {"type": "monetary", "monetary": {"currency": "cny", "value": value}},
        "applicability_config": {"scope": {"price_type": "metered"}},
    }  # fmt: skip
    return await stripe.v1.billing.credit_grants.create_async(asked | more)


async def _left(stripe: StripeClient, sold: Sold, grant: Any) -> int:
    found: Any = await stripe.v1.billing.credit_balance_summary.retrieve_async(
        {"customer": sold.customer, "filter": {"type": "credit_grant", "credit_grant": grant.id}}
    )
    return sum(one.available_balance.monetary.value for one in found.balances)


async def test_grants_pay_metered_lines_by_priority_and_end(
    stripe: StripeClient, shop: Shop
) -> None:
    sold = await bought(stripe)
    late = await _grant(stripe, sold, 500, expires_at=BEGIN + 90 * DAY_S)
    soon = await _grant(stripe, sold, 500, expires_at=BEGIN + 60 * DAY_S)
    first = await _grant(stripe, sold, 500, priority=1)
    dollars = await _grant(
        stripe, sold, 0,
        amount={"type": "monetary", "monetary": {"currency": "usd", "value": 500}},
    )  # fmt: skip
    other = await stripe.v1.prices.create_async(
        {"product_data": {"name": "x"}, "currency": "cny", "unit_amount": 1}
    )
    narrow = await _grant(
        stripe, sold, 500, applicability_config={"scope": {"prices": [{"id": other.id}]}}
    )
    await use(stripe, sold, 25)
    shop.clock.advance(BEGIN + MONTH_S)
    paid: Any = (await stripe.v1.invoices.list_async({"customer": sold.customer})).data[0]
    assert (paid.subtotal, paid.total, paid.status, paid.amount_paid) == (750, 0, "paid", 0)
    rests = [await _left(stripe, sold, one) for one in (late, soon, first, dollars, narrow)]
    assert rests == [500, 250, 0, 500, 500]


async def test_a_voided_invoice_gives_its_credits_back(stripe: StripeClient, shop: Shop) -> None:
    sold = await bought(stripe, card="pm_card_chargeCustomerFail")
    grant = await _grant(stripe, sold, 500)
    await use(stripe, sold, 70)
    shop.clock.advance(BEGIN + MONTH_S)
    owed: Any = (await stripe.v1.invoices.list_async({"customer": sold.customer})).data[0]
    assert (owed.status, owed.total, await _left(stripe, sold, grant)) == ("open", 1600, 0)
    await stripe.v1.invoices.void_invoice_async(owed.id)
    assert await _left(stripe, sold, grant) == 500
    booked: Any = await stripe.v1.billing.credit_balance_transactions.list_async(
        {"customer": sold.customer}
    )
    assert [one.type for one in booked.data] == ["credit", "debit", "credit"]


async def test_a_grant_ends_by_time_by_hand_or_unused(stripe: StripeClient, shop: Shop) -> None:
    sold = await bought(stripe)
    timed = await _grant(stripe, sold, 100, expires_at=BEGIN + 60)
    ended = await _grant(stripe, sold, 100)
    unused = await _grant(stripe, sold, 100)
    await stripe.v1.billing.credit_grants.expire_async(ended.id)
    voided = await stripe.v1.billing.credit_grants.void_grant_async(unused.id)
    assert voided.voided_at == BEGIN
    shop.clock.advance(BEGIN + 60)
    assert [await _left(stripe, sold, one) for one in (timed, ended, unused)] == [0, 0, 0]
    with pytest.raises(library.InvalidRequestError):
        await stripe.v1.billing.credit_grants.void_grant_async(ended.id)
