"""What we believe of Stripe, asked of both: the sandbox always, and Stripe's test mode where
``STRIPE_TEST_KEY`` is set. Where it is not, those cases are skipped and say so; nothing here has
been seen to hold for Stripe itself until they ran.
"""

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import stripe as library
from msgspec import Struct
from stripe import StripeClient

from billing.processor.door import StripeHTTP
from billing.sandbox.clock import DAY_S
from billing.sandbox.shop import Shop
from billing.settings import API_VERSION
from tests.billing.sandbox.conftest import URL, client_of

HOUR_S = 3_600
PATIENCE_S = 180


class Counterpart(Struct):
    """Stripe or the sandbox, and things of our own that do not meet others' there."""

    stripe: StripeClient
    shop: Shop | None
    mark: str

    async def until(self, ask: Callable[[], Awaitable[Any]], holds: Callable[[Any], bool]) -> Any:
        """What ``ask`` brings once it holds; Stripe does much of its work afterwards."""
        end = time.monotonic() + PATIENCE_S
        while not holds(found := await ask()):
            assert time.monotonic() < end, f"it never came: {found}"
            if self.shop is not None:
                self.shop.clock.advance(self.shop.clock.now() + 1)
            else:
                await asyncio.sleep(2)
        return found


@pytest.fixture(params=["sandbox", "stripe"])
async def other(request: pytest.FixtureRequest) -> AsyncIterator[Counterpart]:
    mark = secrets.token_hex(6)
    if request.param == "sandbox":
        shop = Shop(url=URL)
        yield Counterpart(client_of(shop), shop, mark)
        return
    key = os.environ.get("STRIPE_TEST_KEY")
    if key is None:
        pytest.skip("not run against Stripe's test mode: STRIPE_TEST_KEY is not set")
    if not key.startswith(("sk_test_", "rk_test_")):
        pytest.fail("STRIPE_TEST_KEY is not a test key: nothing was sent")
    stripe = StripeClient(
        key, http_client=StripeHTTP(), stripe_version=API_VERSION, max_network_retries=2
    )
    yield Counterpart(stripe, None, mark)


class Metered(Struct):
    """A customer of a test clock with a metered subscription."""

    clock: str
    begin: int
    customer: str
    meter: str
    event_name: str
    subscription: str


async def _meter(other: Counterpart) -> tuple[str, str]:
    name = f"tokens_{other.mark}"
    made = await other.stripe.v1.billing.meters.create_async(
        {"display_name": name, "event_name": name, "default_aggregation": {"formula": "sum"}}
    )
    return made.id, name


async def _metered(other: Counterpart, card: str, **terms: Any) -> Metered:
    stripe = other.stripe
    begin = int(time.time()) - 3 * DAY_S
    clock = await stripe.v1.test_helpers.test_clocks.create_async({"frozen_time": begin})
    customer = await stripe.v1.customers.create_async(
        {"name": "Conformance", "email": "conformance@example.com", "test_clock": clock.id,
         "payment_method": card, "invoice_settings": {"default_payment_method": card}}
    )  # fmt: skip
    meter, name = await _meter(other)
    product = await stripe.v1.products.create_async({"name": f"Tokens {other.mark}"})
    tiers: Any = [{"up_to": 10, "unit_amount_decimal": "30"},
                  {"up_to": "inf", "unit_amount_decimal": "27.5"}]  # fmt: skip
    price = await stripe.v1.prices.create_async(
        {"product": product.id, "currency": "usd", "billing_scheme": "tiered",
         "tiers_mode": "graduated", "tiers": tiers,
         "recurring": {"interval": "month", "usage_type": "metered", "meter": meter}}
    )  # fmt: skip
    asked: Any = {"customer": customer.id, "items": [{"price": price.id}], **terms}
    made = await stripe.v1.subscriptions.create_async(asked)
    return Metered(clock.id, begin, customer.id, meter, name, made.id)


async def _use(other: Counterpart, sold: Metered, tokens: int, at: int | None = None) -> None:
    await other.stripe.v1.billing.meter_events.create_async(
        {"event_name": sold.event_name, "timestamp": at or sold.begin + 60,
         "payload": {"stripe_customer_id": sold.customer, "value": str(tokens)}}
    )  # fmt: skip


async def _later(other: Counterpart, sold: Metered, to: int) -> None:
    clocks = other.stripe.v1.test_helpers.test_clocks
    await clocks.advance_async(sold.clock, {"frozen_time": to})
    await other.until(
        lambda: clocks.retrieve_async(sold.clock), lambda clock: clock.status == "ready"
    )


async def _counted(other: Counterpart, sold: Metered, tokens: int) -> None:
    """Wait until the summaries show so much."""
    begin = sold.begin // DAY_S * DAY_S
    await other.until(
        lambda: other.stripe.v1.billing.meters.event_summaries.list_async(
            sold.meter,
            {"customer": sold.customer, "start_time": begin, "end_time": begin + 2 * DAY_S},
        ),
        lambda found: sum(one.aggregated_value for one in found.data) == tokens,
    )


async def _invoice(other: Counterpart, sold: Metered) -> Any:
    """The invoice of the first period, an hour and more after its end."""
    found = await other.stripe.v1.subscriptions.retrieve_async(sold.subscription)
    end = found["items"].data[0].current_period_end
    await _later(other, sold, end + 2 * HOUR_S)
    listed = await other.stripe.v1.invoices.list_async({"subscription": sold.subscription})
    return next(one for one in listed.data if one.billing_reason == "subscription_cycle")


# --- calls ----------------------------------------------------------------------------------------


async def test_a_repeated_call_is_replayed_and_a_changed_one_refused(other: Counterpart) -> None:
    create, key = other.stripe.v1.customers.create_async, f"key-{other.mark}"
    first = await create({"name": "a"}, {"idempotency_key": key})
    again = await create({"name": "a"}, {"idempotency_key": key})
    assert first.id == again.id
    assert again.last_response is not None
    assert again.last_response.headers["idempotent-replayed"] == "true"
    with pytest.raises(library.IdempotencyError):
        await create({"name": "b"}, {"idempotency_key": key})


async def test_a_misspelt_parameter_is_refused_by_name(other: Counterpart) -> None:
    with pytest.raises(library.InvalidRequestError) as refused:
        await other.stripe.v1.customers.create_async({"nmae": "x"})  # type: ignore[typeddict-unknown-key]
    assert (refused.value.code, refused.value.param) == ("parameter_unknown", "nmae")


async def test_what_is_not_there_is_not_found(other: Counterpart) -> None:
    with pytest.raises(library.InvalidRequestError) as refused:
        await other.stripe.v1.customers.retrieve_async("cus_nobody")
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")


async def test_a_list_goes_page_by_page(other: Counterpart) -> None:
    email = f"{other.mark}@example.com"
    made = [(await other.stripe.v1.customers.create_async({"email": email})).id for _ in range(3)]
    listed = await other.stripe.v1.customers.list_async({"email": email, "limit": 2})
    assert listed.has_more
    found = {one.id async for one in listed.auto_paging_iter()}
    assert found == set(made)


async def test_a_lookup_key_belongs_to_one_price_until_it_is_handed_on(
    other: Counterpart,
) -> None:
    product = await other.stripe.v1.products.create_async({"name": f"Tokens {other.mark}"})
    asked: Any = {"product": product.id, "currency": "jpy", "unit_amount_decimal": "4.5",
                  "lookup_key": f"key-{other.mark}"}  # fmt: skip
    first = await other.stripe.v1.prices.create_async(asked)
    assert first.unit_amount is None
    with pytest.raises(library.InvalidRequestError):
        await other.stripe.v1.prices.create_async(asked)
    second = await other.stripe.v1.prices.create_async(asked | {"transfer_lookup_key": True})
    found = await other.stripe.v1.prices.list_async({"lookup_keys": [f"key-{other.mark}"]})
    assert [one.id for one in found.data] == [second.id]


# --- meter events ---------------------------------------------------------------------------------


async def test_a_repeated_identifier_is_a_400_that_means_delivered(other: Counterpart) -> None:
    customer = await other.stripe.v1.customers.create_async({})
    _, name = await _meter(other)
    event: Any = {"event_name": name, "identifier": f"cap_{other.mark}",
                  "payload": {"stripe_customer_id": customer.id, "value": "7"}}  # fmt: skip
    await other.stripe.v1.billing.meter_events.create_async(event)
    with pytest.raises(library.InvalidRequestError) as refused:
        await other.stripe.v1.billing.meter_events.create_async(event)
    assert refused.value.http_status == 400
    assert "already exists with identifier" in str(refused.value)


@pytest.mark.parametrize(
    ("offset", "value"), [(-36 * DAY_S, "1"), (HOUR_S, "1"), (0, "x"), (0, "1" * 16)]
)
async def test_events_out_of_bounds_are_refused(
    other: Counterpart, offset: int, value: str
) -> None:
    customer = await other.stripe.v1.customers.create_async({})
    _, name = await _meter(other)
    payload = {"stripe_customer_id": customer.id, "value": value}
    with pytest.raises(library.InvalidRequestError):
        await other.stripe.v1.billing.meter_events.create_async(
            {"event_name": name, "payload": payload, "timestamp": int(time.time()) + offset}
        )


async def test_summaries_come_later_and_add_up(other: Counterpart) -> None:
    customer = await other.stripe.v1.customers.create_async({})
    meter, name = await _meter(other)
    now = int(time.time())
    for number in range(3):
        await other.stripe.v1.billing.meter_events.create_async(
            {"event_name": name, "identifier": f"{number}_{other.mark}", "timestamp": now,
             "payload": {"stripe_customer_id": customer.id, "value": "5"}}
        )  # fmt: skip
    begin = now // DAY_S * DAY_S
    asked: Any = {"customer": customer.id, "start_time": begin, "end_time": begin + DAY_S}
    summaries = other.stripe.v1.billing.meters.event_summaries
    for window in ({}, {"value_grouping_window": "hour"}, {"value_grouping_window": "day"}):
        await other.until(
            lambda window=window: summaries.list_async(meter, asked | window),
            lambda found: sum(one.aggregated_value for one in found.data) == 15,
        )
    with pytest.raises(library.InvalidRequestError):
        await summaries.list_async(meter, asked | {"start_time": begin + 1})


# --- periods and payments -------------------------------------------------------------------------


async def test_a_period_is_invoiced_by_tiers_and_paid_by_card(other: Counterpart) -> None:
    sold = await _metered(other, "pm_card_visa")
    await _use(other, sold, 25)
    await _counted(other, sold, 25)
    paid = await _invoice(other, sold)
    assert (paid.status, paid.total, paid.amount_paid) == ("paid", 713, 713)
    lines = await other.stripe.v1.invoices.line_items.list_async(paid.id)
    assert sorted((one.quantity, one.amount) for one in lines.data if one.quantity) == [
        (10, 300), (15, 413),
    ]  # fmt: skip


async def test_a_preview_shows_what_is_counted(other: Counterpart) -> None:
    sold = await _metered(other, "pm_card_visa")
    await _use(other, sold, 10)
    await _counted(other, sold, 10)
    preview = await other.stripe.v1.invoices.create_preview_async(
        {"customer": sold.customer, "subscription": sold.subscription}
    )
    assert preview.total == 300


async def test_a_declined_card_leaves_the_invoice_open_and_the_subscription_past_due(
    other: Counterpart,
) -> None:
    sold = await _metered(other, "pm_card_chargeCustomerFail")
    await _use(other, sold, 10)
    await _counted(other, sold, 10)
    owed = await _invoice(other, sold)
    assert (owed.status, owed.attempted, owed.amount_remaining) == ("open", True, 300)
    found = await other.stripe.v1.subscriptions.retrieve_async(sold.subscription)
    assert found.status == "past_due"
    with pytest.raises(library.CardError) as declined:
        await other.stripe.v1.invoices.pay_async(owed.id)
    assert (declined.value.http_status, declined.value.code) == (402, "card_declined")
    good = await other.stripe.v1.payment_methods.attach_async(
        "pm_card_visa", {"customer": sold.customer}
    )
    paid = await other.stripe.v1.invoices.pay_async(owed.id, {"payment_method": good.id})
    assert paid.status == "paid"
    again = await other.stripe.v1.subscriptions.retrieve_async(sold.subscription)
    assert again.status == "active"


async def test_a_sent_invoice_waits_and_can_be_paid_elsewhere_or_voided(
    other: Counterpart,
) -> None:
    sold = await _metered(
        other, "pm_card_visa", collection_method="send_invoice", days_until_due=14
    )
    await _use(other, sold, 10)
    await _counted(other, sold, 10)
    owed = await _invoice(other, sold)
    assert owed.status == "open"
    assert owed.hosted_invoice_url is not None
    paid = await other.stripe.v1.invoices.pay_async(owed.id, {"paid_out_of_band": True})
    assert paid.status == "paid"
    with pytest.raises(library.InvalidRequestError):
        await other.stripe.v1.invoices.void_invoice_async(owed.id)


async def test_refunds_and_credit_notes_never_exceed_what_was_paid(other: Counterpart) -> None:
    sold = await _metered(other, "pm_card_visa")
    await _use(other, sold, 10)
    await _counted(other, sold, 10)
    paid = await _invoice(other, sold)
    payments: Any = await other.stripe.v1.invoice_payments.list_async({"invoice": paid.id})
    intent = payments.data[0].payment.payment_intent
    part = await other.stripe.v1.refunds.create_async({"payment_intent": intent, "amount": 100})
    assert part.amount == 100
    with pytest.raises(library.InvalidRequestError):
        await other.stripe.v1.refunds.create_async({"payment_intent": intent, "amount": 201})
    note = await other.stripe.v1.credit_notes.create_async(
        {"invoice": paid.id, "amount": 50, "credit_amount": 50}
    )
    assert (note.amount, note.type) == (50, "post_payment")
    customer = await other.stripe.v1.customers.retrieve_async(sold.customer)
    assert customer.balance == -50
    with pytest.raises(library.InvalidRequestError):
        await other.stripe.v1.credit_notes.create_async({"invoice": paid.id, "amount": 50})


async def test_a_grant_pays_for_metered_lines(other: Counterpart) -> None:
    sold = await _metered(other, "pm_card_visa")
    await other.stripe.v1.billing.credit_grants.create_async(
        {"customer": sold.customer, "category": "promotional",
         "amount": {"type": "monetary", "monetary": {"currency": "usd", "value": 100}},
         "applicability_config": {"scope": {"price_type": "metered"}}}
    )  # fmt: skip
    await _use(other, sold, 10)
    await _counted(other, sold, 10)
    paid = await _invoice(other, sold)
    assert (paid.subtotal, paid.total, paid.amount_paid) == (300, 200, 200)


async def test_a_card_is_disputed_at_once(other: Counterpart) -> None:
    sold = await _metered(other, "pm_card_createDispute")
    await _use(other, sold, 10)
    await _counted(other, sold, 10)
    paid = await _invoice(other, sold)
    payments: Any = await other.stripe.v1.invoice_payments.list_async({"invoice": paid.id})
    intent = payments.data[0].payment.payment_intent
    found = await other.until(
        lambda: other.stripe.v1.disputes.list_async({"payment_intent": intent}),
        lambda listed: len(listed.data) == 1,
    )
    assert (found.data[0].amount, found.data[0].status) == (300, "needs_response")
    closed = await other.stripe.v1.disputes.close_async(found.data[0].id)
    assert closed.status == "lost"


async def test_a_test_clock_only_goes_forward(other: Counterpart) -> None:
    now = int(time.time())
    clocks = other.stripe.v1.test_helpers.test_clocks
    made = await clocks.create_async({"frozen_time": now})
    with pytest.raises(library.InvalidRequestError):
        await clocks.advance_async(made.id, {"frozen_time": now - 1})
    assert (await clocks.delete_async(made.id)).deleted


# --- pages ----------------------------------------------------------------------------------------


async def test_a_checkout_waits_to_be_paid_and_expires_by_hand(other: Counterpart) -> None:
    customer = await other.stripe.v1.customers.create_async({})
    made = await other.stripe.v1.checkout.sessions.create_async(
        {"mode": "payment", "customer": customer.id, "client_reference_id": "top_1",
         "success_url": "https://example.com/ok",
         "line_items": [{"quantity": 1, "price_data": {
             "currency": "cny", "unit_amount": 30000, "product_data": {"name": "1000 tokens"}}}]}
    )  # fmt: skip
    assert (made.status, made.payment_status, made.amount_total) == ("open", "unpaid", 30000)
    assert made.url is not None
    ended = await other.stripe.v1.checkout.sessions.expire_async(made.id)
    assert ended.status == "expired"
    with pytest.raises(library.InvalidRequestError):
        await other.stripe.v1.checkout.sessions.expire_async(made.id)


async def test_what_happens_is_an_event(other: Counterpart) -> None:
    customer = await other.stripe.v1.customers.create_async({"name": other.mark})
    listed = await other.until(
        lambda: other.stripe.v1.events.list_async({"type": "customer.created", "limit": 20}),
        lambda found: any(one.data.object["id"] == customer.id for one in found.data),
    )
    (event,) = [one for one in listed.data if one.data.object["id"] == customer.id]
    assert (await other.stripe.v1.events.retrieve_async(event.id)).id == event.id
