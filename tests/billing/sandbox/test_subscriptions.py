"""Periods, invoices and their collection on the sandbox's clock."""

from datetime import UTC, datetime
from typing import Any

import pytest
import stripe as library
from stripe import StripeClient

from billing.sandbox.clock import DAY_S, Clock, months_later
from billing.sandbox.shop import Shop
from tests.billing.sandbox.conftest import (
    BEGIN,
    MONTH_S,
    URL,
    Sold,
    bought,
    client_of,
    told,
    use,
)

HOUR_S = 3_600
FEBRUARY = int(datetime(2026, 2, 28, 12, tzinfo=UTC).timestamp())
MARCH = int(datetime(2026, 3, 31, 12, tzinfo=UTC).timestamp())


async def _newest(stripe: StripeClient, sold: Sold) -> Any:
    return (await stripe.v1.invoices.list_async({"customer": sold.customer})).data[0]


async def _status(stripe: StripeClient, sold: Sold) -> str:
    return (await stripe.v1.subscriptions.retrieve_async(sold.subscription)).status


async def test_periods_end_on_the_same_day_of_the_month_or_its_last(
    stripe: StripeClient, shop: Shop
) -> None:
    sold = await bought(stripe)
    found = await stripe.v1.subscriptions.retrieve_async(sold.subscription)
    assert found["items"].data[0].current_period_end == FEBRUARY
    shop.clock.advance(FEBRUARY)
    found = await stripe.v1.subscriptions.retrieve_async(sold.subscription)
    assert found["items"].data[0].current_period_start == FEBRUARY
    assert found["items"].data[0].current_period_end == MARCH


def test_a_month_later_is_the_same_day_or_the_last() -> None:
    leap = int(datetime(2027, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())
    ends = [datetime.fromtimestamp(months_later(leap, n), UTC) for n in (1, 2, 14, 12)]
    assert [(end.year, end.month, end.day) for end in ends] == [
        (2028, 1, 31), (2028, 2, 29), (2029, 2, 28), (2028, 12, 31),
    ]  # fmt: skip
    assert all((end.hour, end.minute, end.second) == (23, 59, 59) for end in ends)


async def test_a_period_becomes_a_draft_waits_its_grace_and_is_paid(
    stripe: StripeClient, shop: Shop
) -> None:
    sold = await bought(stripe)
    await use(stripe, sold, 70)
    since = len(shop.events)
    shop.clock.advance(FEBRUARY)
    draft = await _newest(stripe, sold)
    assert (draft.status, draft.total, draft.number) == ("draft", 2100, None)
    assert draft.automatically_finalizes_at == FEBRUARY + HOUR_S
    assert (draft.period_start, draft.period_end) == (BEGIN, FEBRUARY)
    shop.clock.advance(FEBRUARY + HOUR_S)
    paid = await stripe.v1.invoices.retrieve_async(draft.id, {"expand": ["payments"]})
    assert (paid.status, paid.amount_paid, paid.amount_remaining) == ("paid", 2100, 0)
    assert paid.number is not None
    assert paid.payments is not None
    intent: Any = paid.payments.data[0]
    made = await stripe.v1.payment_intents.retrieve_async(
        intent.payment.payment_intent, {"expand": ["latest_charge"]}
    )
    assert (made.status, made.amount_received) == ("succeeded", 2100)
    assert told(shop, since) == [
        "invoice.created", "customer.subscription.updated", "invoice.finalized",
        "payment_intent.created", "charge.succeeded", "payment_intent.succeeded",
        "invoice_payment.paid", "invoice.paid", "invoice.payment_succeeded",
    ]  # fmt: skip


async def test_late_usage_of_the_period_counts_until_the_grace_is_over(
    stripe: StripeClient, shop: Shop
) -> None:
    sold = await bought(stripe)
    await use(stripe, sold, 70)
    shop.clock.advance(FEBRUARY + HOUR_S - 1)
    await use(stripe, sold, 10, at=FEBRUARY - 1)
    await use(stripe, sold, 5, at=FEBRUARY)
    shop.clock.advance(FEBRUARY + HOUR_S)
    paid = await _newest(stripe, sold)
    assert (paid.total, paid.lines.data[0].quantity) == (2400, 80)
    await use(stripe, sold, 1, at=FEBRUARY - 1)
    assert (await _newest(stripe, sold)).total == 2400
    shop.clock.advance(MARCH + HOUR_S)
    assert (await _newest(stripe, sold)).total == 150


async def test_corrections_beyond_the_usage_cost_nothing_and_earn_nothing(
    stripe: StripeClient, shop: Shop
) -> None:
    sold = await bought(stripe)
    await use(stripe, sold, 5)
    await use(stripe, sold, -8)
    shop.clock.advance(BEGIN + MONTH_S)
    paid = await _newest(stripe, sold)
    assert (paid.status, paid.total, paid.lines.data[0].quantity) == ("paid", 0, 0)


async def test_a_preview_is_what_the_invoice_becomes(stripe: StripeClient, shop: Shop) -> None:
    sold = await bought(stripe, unit="4.5", currency="usd")
    await use(stripe, sold, 33)
    asked: Any = {"customer": sold.customer, "subscription": sold.subscription}
    preview = await stripe.v1.invoices.create_preview_async(asked)
    shop.clock.advance(BEGIN + MONTH_S)
    paid = await _newest(stripe, sold)
    assert preview.total == paid.total == 149
    assert preview.period_end == paid.period_end
    assert preview.id not in shop.objects


async def test_a_declined_card_is_tried_again_on_schedule_and_then_the_subscription_is_unpaid(
    stripe: StripeClient, shop: Shop
) -> None:
    sold = await bought(stripe, card="pm_card_chargeCustomerFail")
    await use(stripe, sold, 70)
    statuses = []
    for after, attempts in ((0, 1), (3, 2), (8, 3), (15, 4)):
        shop.clock.advance(FEBRUARY + HOUR_S + after * DAY_S)
        invoice = await _newest(stripe, sold)
        assert (invoice.status, invoice.attempt_count) == ("open", attempts)
        statuses.append(await _status(stripe, sold))
    assert statuses == ["past_due", "past_due", "past_due", "unpaid"]
    assert invoice.next_payment_attempt is None
    assert told(shop).count("invoice.payment_failed") == 4


async def test_an_unpaid_subscriptions_drafts_wait_and_a_payment_puts_it_in_order(
    stripe: StripeClient, shop: Shop
) -> None:
    sold = await bought(stripe, card="pm_card_chargeCustomerFail")
    await use(stripe, sold, 70)
    shop.clock.advance(MARCH + 2 * HOUR_S)
    draft, owed, _ = (await stripe.v1.invoices.list_async({"customer": sold.customer})).data
    assert (draft.status, draft.auto_advance) == ("draft", False)
    with pytest.raises(library.CardError) as declined:
        await stripe.v1.invoices.pay_async(owed.id)
    assert declined.value.code == "card_declined"
    shop.give_card(sold.customer)
    assert (await stripe.v1.invoices.pay_async(owed.id)).status == "paid"
    assert await _status(stripe, sold) == "active"
    with pytest.raises(library.InvalidRequestError):
        await stripe.v1.invoices.pay_async(owed.id)


@pytest.mark.parametrize("end", ["canceled", "past_due"])
async def test_what_follows_the_last_attempt_can_be_set(end: str) -> None:
    shop = Shop(
        url=URL, lag_s=0, clock=Clock(lambda: float(BEGIN)), retry_days=(1,), after_retries=end
    )
    stripe = client_of(shop)
    sold = await bought(stripe, card="pm_card_chargeCustomerFail")
    await use(stripe, sold, 70)
    shop.clock.advance(FEBRUARY + HOUR_S + DAY_S)
    assert await _status(stripe, sold) == end
    assert ("customer.subscription.deleted" in told(shop)) is (end == "canceled")


async def test_an_invoice_that_is_sent_is_due_after_its_days(
    stripe: StripeClient, shop: Shop
) -> None:
    sold = await bought(stripe, card=None, collection_method="send_invoice", days_until_due=14)
    await use(stripe, sold, 70)
    shop.clock.advance(FEBRUARY + HOUR_S)
    sent = await _newest(stripe, sold)
    assert (sent.status, sent.due_date) == ("open", FEBRUARY + HOUR_S + 14 * DAY_S)
    assert sent.hosted_invoice_url == f"{URL}/sandbox/invoices/{sent.id}"
    assert await _status(stripe, sold) == "active"
    shop.clock.advance(sent.due_date)
    assert await _status(stripe, sold) == "past_due"
    assert told(shop).count("invoice.overdue") == 1
    shop.pay(sent.id)
    assert (await _newest(stripe, sold)).status == "paid"
    assert await _status(stripe, sold) == "active"


async def test_an_invoice_can_be_finalized_early_sent_voided_or_paid_elsewhere(
    stripe: StripeClient, shop: Shop
) -> None:
    sold = await bought(stripe, card=None, collection_method="send_invoice", days_until_due=1)
    await use(stripe, sold, 70)
    shop.clock.advance(FEBRUARY)
    draft = await _newest(stripe, sold)
    opened = await stripe.v1.invoices.finalize_invoice_async(draft.id, {"auto_advance": False})
    assert opened.status == "open"
    assert "invoice.sent" not in told(shop)
    await stripe.v1.invoices.send_invoice_async(draft.id)
    assert "invoice.sent" in told(shop)
    with pytest.raises(library.InvalidRequestError):
        await stripe.v1.invoices.finalize_invoice_async(draft.id)
    voided = await stripe.v1.invoices.void_invoice_async(draft.id)
    assert (voided.status, voided.amount_remaining) == ("void", 2100)
    with pytest.raises(library.InvalidRequestError):
        await stripe.v1.invoices.void_invoice_async(draft.id)
    await use(stripe, sold, 10)
    shop.clock.advance(MARCH + HOUR_S)
    second = await _newest(stripe, sold)
    paid = await stripe.v1.invoices.pay_async(second.id, {"paid_out_of_band": True})
    assert (paid.status, paid.amount_paid, paid.amount_paid_off_stripe) == ("paid", 0, 300)
    assert shop.all("charge") == []


async def test_an_uncollectible_invoice_is_a_bad_debt(stripe: StripeClient, shop: Shop) -> None:
    sold = await bought(stripe, card="pm_card_chargeCustomerFail")
    await use(stripe, sold, 70)
    shop.clock.advance(FEBRUARY + HOUR_S)
    owed = await _newest(stripe, sold)
    marked = await stripe.v1.invoices.mark_uncollectible_async(owed.id)
    assert marked.status == "uncollectible"
    shop.clock.advance(FEBRUARY + 20 * DAY_S)
    assert told(shop).count("invoice.payment_failed") == 1


async def test_fixed_quantities_are_paid_in_advance_and_usage_afterwards(
    stripe: StripeClient, shop: Shop
) -> None:
    sold = await bought(stripe)
    product = await stripe.v1.products.create_async({"name": "Seat"})
    seat = await stripe.v1.prices.create_async(
        {"product": product.id, "currency": "cny", "unit_amount": 1000,
         "recurring": {"interval": "month"}}
    )  # fmt: skip
    both = await stripe.v1.subscriptions.create_async(
        {"customer": sold.customer, "items": [{"price": sold.price},
                                              {"price": seat.id, "quantity": 3}]}
    )  # fmt: skip
    first = await stripe.v1.invoices.retrieve_async(str(both.latest_invoice))
    assert (first.status, first.total, first.billing_reason) == (
        "paid", 3000, "subscription_create",
    )  # fmt: skip
    await use(stripe, sold, 2)
    shop.clock.advance(FEBRUARY + HOUR_S)
    found = await stripe.v1.invoices.list_async({"subscription": both.id, "limit": 1})
    lines = (await stripe.v1.invoices.line_items.list_async(found.data[0].id)).data
    assert [(one.amount, one.period.start, one.period.end) for one in lines] == [
        (60, BEGIN, FEBRUARY), (3000, FEBRUARY, MARCH),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("behavior", "status"),
    [("default_incomplete", "incomplete"), ("allow_incomplete", "incomplete")],
)
async def test_a_first_payment_that_fails_leaves_the_subscription_incomplete(
    stripe: StripeClient, shop: Shop, behavior: Any, status: str
) -> None:
    seat, customer = await _seat(stripe)
    made = await stripe.v1.subscriptions.create_async(
        {"customer": customer, "items": [{"price": seat}], "payment_behavior": behavior}
    )
    assert made.status == "incomplete"
    shop.give_card(customer)
    await stripe.v1.invoices.pay_async(str(made.latest_invoice))
    assert (await stripe.v1.subscriptions.retrieve_async(made.id)).status == "active"


async def test_a_first_payment_that_must_succeed_makes_no_subscription_when_it_fails(
    stripe: StripeClient, shop: Shop
) -> None:
    seat, customer = await _seat(stripe)
    asked: Any = {"customer": customer, "items": [{"price": seat}],
                  "payment_behavior": "error_if_incomplete"}  # fmt: skip
    with pytest.raises(library.CardError):
        await stripe.v1.subscriptions.create_async(asked)
    assert shop.all("subscription") == []
    nobody = await stripe.v1.customers.create_async({})
    with pytest.raises(library.InvalidRequestError, match="no attached payment source"):
        await stripe.v1.subscriptions.create_async(asked | {"customer": nobody.id})
    assert shop.all("subscription") == []


async def _seat(stripe: StripeClient) -> tuple[str, str]:
    card = "pm_card_chargeCustomerFail"
    customer = await stripe.v1.customers.create_async(
        {"payment_method": card, "invoice_settings": {"default_payment_method": card}}
    )
    product = await stripe.v1.products.create_async({"name": "Seat"})
    price = await stripe.v1.prices.create_async(
        {"product": product.id, "currency": "eur", "unit_amount": 1000,
         "recurring": {"interval": "year"}}
    )  # fmt: skip
    return price.id, customer.id


async def test_a_subscription_ends_now_or_with_its_period(stripe: StripeClient, shop: Shop) -> None:
    sold = await bought(stripe)
    await use(stripe, sold, 10)
    shop.clock.advance(BEGIN + DAY_S)
    ended = await stripe.v1.subscriptions.cancel_async(sold.subscription, {"invoice_now": True})
    assert (ended.status, ended.ended_at) == ("canceled", BEGIN + DAY_S)
    assert (await _newest(stripe, sold)).total == 300
    second = await stripe.v1.subscriptions.create_async(
        {"customer": sold.customer, "items": [{"price": sold.price}]}
    )
    changed = await stripe.v1.subscriptions.update_async(
        second.id, {"cancel_at_period_end": True, "metadata": {"why": "budget"}}
    )
    end = changed["items"].data[0].current_period_end
    assert changed.cancel_at == end
    await use(stripe, sold, 4)
    shop.clock.advance(end + HOUR_S)
    assert (await stripe.v1.subscriptions.retrieve_async(second.id)).status == "canceled"
    assert (await _newest(stripe, sold)).total == 120
    shop.clock.advance(end + 2 * MONTH_S)
    assert (await _newest(stripe, sold)).total == 120
    living = await stripe.v1.subscriptions.list_async({"customer": sold.customer})
    every = await stripe.v1.subscriptions.list_async({"customer": sold.customer, "status": "all"})
    assert (len(living.data), len(every.data)) == (0, 2)


async def test_more_lines_than_an_invoice_shows_are_listed_page_by_page(
    stripe: StripeClient, shop: Shop
) -> None:
    sold = await bought(stripe)
    tiers: Any = [{"up_to": n, "unit_amount": 1} for n in range(1, 15)]
    price = await stripe.v1.prices.create_async(
        {"product_data": {"name": "x"}, "currency": "cny", "billing_scheme": "tiered",
         "tiers_mode": "graduated", "tiers": [*tiers, {"up_to": "inf", "unit_amount": 1}],
         "recurring": {"interval": "month", "usage_type": "metered", "meter": sold.meter}}
    )  # fmt: skip
    made = await stripe.v1.subscriptions.create_async(
        {"customer": sold.customer, "items": [{"price": price.id}]}
    )
    await use(stripe, sold, 15)
    shop.clock.advance(FEBRUARY + HOUR_S)
    (invoice, _) = (await stripe.v1.invoices.list_async({"subscription": made.id})).data
    assert (len(invoice.lines.data), invoice.lines.has_more, invoice.total) == (10, True, 15)
    rest = await stripe.v1.invoices.line_items.list_async(
        invoice.id, {"starting_after": invoice.lines.data[-1].id}
    )
    assert (len(rest.data), rest.has_more) == (5, False)


async def test_a_customers_balance_pays_first(stripe: StripeClient, shop: Shop) -> None:
    sold = await bought(stripe)
    await stripe.v1.customers.update_async(sold.customer, {"balance": -500})
    await use(stripe, sold, 10)
    shop.clock.advance(FEBRUARY + HOUR_S)
    paid = await _newest(stripe, sold)
    assert (paid.total, paid.starting_balance, paid.ending_balance, paid.amount_paid) == (
        300, -500, -200, 0,
    )  # fmt: skip
    await use(stripe, sold, 10)
    shop.clock.advance(MARCH + HOUR_S)
    paid = await _newest(stripe, sold)
    assert (paid.total, paid.amount_due, paid.amount_paid) == (300, 100, 100)


async def test_a_subscription_needs_prices_that_fit_together(stripe: StripeClient) -> None:
    sold = await bought(stripe)
    once = await stripe.v1.prices.create_async(
        {"product_data": {"name": "x"}, "currency": "cny", "unit_amount": 1}
    )
    euro = await stripe.v1.prices.create_async(
        {"product_data": {"name": "x"}, "currency": "eur", "unit_amount": 1,
         "recurring": {"interval": "month"}}
    )  # fmt: skip
    wrong: list[Any] = [
        {"items": [{"price": once.id}]},
        {"items": [{"price": "price_x"}]},
        {"items": [{"price": sold.price, "quantity": 2}]},
        {"items": [{"price": sold.price}, {"price": euro.id}]},
        {"items": []},
        {"items": [{"price": sold.price}], "collection_method": "send_invoice"},
    ]
    for given in wrong:
        with pytest.raises(library.InvalidRequestError):
            await stripe.v1.subscriptions.create_async({"customer": sold.customer} | given)


async def test_a_test_clock_is_a_time_of_its_own(stripe: StripeClient, shop: Shop) -> None:
    begin = BEGIN - 400 * DAY_S
    clock = await stripe.v1.test_helpers.test_clocks.create_async({"frozen_time": begin})
    sold = await bought(stripe)
    theirs = await stripe.v1.customers.create_async(
        {"test_clock": clock.id, "payment_method": "pm_card_visa",
         "invoice_settings": {"default_payment_method": "pm_card_visa"}}
    )  # fmt: skip
    made = await stripe.v1.subscriptions.create_async(
        {"customer": theirs.id, "items": [{"price": sold.price}]}
    )
    assert made.start_date == begin
    own = Sold(theirs.id, sold.meter, sold.event_name, sold.price, made.id)
    await use(stripe, own, 10, at=begin + 60)
    with pytest.raises(library.InvalidRequestError, match="future"):
        await use(stripe, own, 10, at=BEGIN)
    advance = stripe.v1.test_helpers.test_clocks.advance_async
    for wrong in (begin, begin + 100 * DAY_S):
        with pytest.raises(library.InvalidRequestError):
            await advance(clock.id, {"frozen_time": wrong})
    moving = await advance(clock.id, {"frozen_time": begin + 33 * DAY_S})
    assert moving.status == "advancing"
    arrived = await stripe.v1.test_helpers.test_clocks.retrieve_async(clock.id)
    assert (arrived.status, arrived.frozen_time) == ("ready", begin + 33 * DAY_S)
    paid = await _newest(stripe, own)
    assert (paid.status, paid.total) == ("paid", 300)
    assert paid.created < BEGIN
    assert len(shop.under("invoice", sold.subscription)) == 1
    await stripe.v1.test_helpers.test_clocks.delete_async(clock.id)
    assert (await stripe.v1.customers.retrieve_async(theirs.id)).deleted


async def test_a_deleted_customer_owes_nothing_more_and_is_not_found_by_calls(
    stripe: StripeClient, shop: Shop
) -> None:
    sold = await bought(stripe, card="pm_card_chargeCustomerFail")
    await use(stripe, sold, 10)
    shop.clock.advance(FEBRUARY + HOUR_S)
    await stripe.v1.customers.delete_async(sold.customer)
    shop.clock.advance(FEBRUARY + 3 * MONTH_S)
    assert told(shop).count("invoice.payment_failed") == 1
    assert await _status(stripe, sold) == "canceled"
    with pytest.raises(library.InvalidRequestError):
        await stripe.v1.customers.update_async(sold.customer, {"name": "x"})
    owed = await _newest(stripe, sold)
    paid = await stripe.v1.invoices.pay_async(owed.id, {"paid_out_of_band": True})
    assert paid.status == "paid"


def test_the_clock_never_goes_back(shop: Shop) -> None:
    shop.clock.advance(BEGIN + 10)
    with pytest.raises(ValueError, match="never goes back"):
        shop.clock.advance(BEGIN + 9)
    shop.clock.advance(datetime.fromtimestamp(BEGIN + 20, UTC))
    assert shop.clock.now() == BEGIN + 20
