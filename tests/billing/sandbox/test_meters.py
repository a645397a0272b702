"""Meter events and their sums: windows, identifiers, digits, lag, alignment."""

import asyncio
from typing import Any

import pytest
import stripe as library
from stripe import StripeClient

from billing.sandbox.clock import DAY_S, Clock
from billing.sandbox.shop import Shop
from tests.billing.sandbox.conftest import BEGIN, URL, Sold, bought, client_of, use

MINUTE_S, HOUR_S = 60, 3_600


@pytest.fixture
async def sold(stripe: StripeClient) -> Sold:
    return await bought(stripe)


async def _sum(stripe: StripeClient, sold: Sold, begin: int, end: int, **more: Any) -> list[Any]:
    asked: Any = {"customer": sold.customer, "start_time": begin, "end_time": end, "limit": 100}
    found = await stripe.v1.billing.meters.event_summaries.list_async(sold.meter, asked | more)
    return [(one.start_time, one.end_time, int(one.aggregated_value)) for one in found.data]


async def _refused(stripe: StripeClient, given: Any) -> library.InvalidRequestError:
    with pytest.raises(library.InvalidRequestError) as refused:
        await stripe.v1.billing.meter_events.create_async(given)
    return refused.value


def _event(sold: Sold, value: str = "1", **more: Any) -> Any:
    payload = {"stripe_customer_id": sold.customer, "value": value}
    return {"event_name": sold.event_name, "payload": payload, **more}


async def test_a_repeated_identifier_is_refused_for_a_day_with_stripes_own_sentence(
    stripe: StripeClient, sold: Sold, shop: Shop
) -> None:
    await use(stripe, sold, 7, "cap_1")
    refused = await _refused(stripe, _event(sold, "7", identifier="cap_1"))
    assert refused.http_status == 400
    assert refused.code == "duplicate_meter_event"
    assert "An event already exists with identifier cap_1." in str(refused)
    assert refused.headers is not None
    assert refused.headers["stripe-should-retry"] == "false"
    assert len(shop.meter_events) == 1


async def test_after_a_day_the_same_identifier_counts_again(
    stripe: StripeClient, sold: Sold, shop: Shop
) -> None:
    await use(stripe, sold, 7, "cap_1")
    shop.clock.advance(BEGIN + DAY_S)
    await use(stripe, sold, 7, "cap_1", at=BEGIN)
    assert await _sum(stripe, sold, BEGIN, BEGIN + HOUR_S) == [(BEGIN, BEGIN + HOUR_S, 14)]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"timestamp": BEGIN - 35 * DAY_S - 1}, "timestamp_too_far_in_past"),
        ({"timestamp": BEGIN + 301}, "timestamp_in_future"),
        ({"value": "1.5"}, "meter_event_invalid_value"),
        ({"value": ""}, "meter_event_invalid_value"),
        ({"value": "²"}, "meter_event_invalid_value"),
        ({"value": "1" * 16}, "meter_event_value_too_many_digits"),
    ],
)
async def test_what_is_out_of_bounds_is_refused(
    stripe: StripeClient, sold: Sold, shop: Shop, more: Any, code: str
) -> None:
    assert (await _refused(stripe, _event(sold, **more))).code == code
    assert shop.meter_events == []


async def test_what_is_just_within_bounds_counts(stripe: StripeClient, sold: Sold) -> None:
    await use(stripe, sold, 1, at=BEGIN - 35 * DAY_S)
    await use(stripe, sold, 2, at=BEGIN + 300)
    await use(stripe, sold, int("9" * 15))
    await use(stripe, sold, -int("9" * 15))
    begin = (BEGIN - 36 * DAY_S) // DAY_S * DAY_S
    assert await _sum(stripe, sold, begin, BEGIN + DAY_S) == [(begin, BEGIN + DAY_S, 3)]


async def test_strangers_and_unknown_meters_are_refused(stripe: StripeClient, sold: Sold) -> None:
    stranger: Any = {"event_name": "tokens", "payload": {"stripe_customer_id": "x", "value": "1"}}
    assert (await _refused(stripe, stranger)).code == "meter_event_customer_not_found"
    nobody: Any = {"event_name": "tokens", "payload": {"value": "1"}}
    assert (await _refused(stripe, nobody)).code == "meter_event_no_customer_defined"
    assert (await _refused(stripe, _event(sold) | {"event_name": "x"})).code == "no_meter"
    await stripe.v1.billing.meters.deactivate_async(sold.meter)
    assert (await _refused(stripe, _event(sold))).code == "archived_meter"
    await stripe.v1.billing.meters.reactivate_async(sold.meter)
    await use(stripe, sold, 1)


async def test_an_event_name_belongs_to_one_meter(stripe: StripeClient, sold: Sold) -> None:
    with pytest.raises(library.InvalidRequestError):
        await stripe.v1.billing.meters.create_async(
            {"display_name": "x", "event_name": sold.event_name,
             "default_aggregation": {"formula": "sum"}}
        )  # fmt: skip
    listed = await stripe.v1.billing.meters.list_async({"status": "active"})
    assert [one.id for one in listed.data] == [sold.meter]


async def test_summaries_are_behind_by_the_lag() -> None:
    shop = Shop(url=URL, clock=Clock(lambda: float(BEGIN)))
    stripe = client_of(shop)
    sold = await bought(stripe)
    await use(stripe, sold, 5)
    assert (await _sum(stripe, sold, BEGIN, BEGIN + MINUTE_S))[0][2] == 0
    shop.clock.advance(BEGIN + 2)
    assert (await _sum(stripe, sold, BEGIN, BEGIN + MINUTE_S))[0][2] == 5


async def test_summaries_group_by_hour_and_by_utc_day(stripe: StripeClient, sold: Sold) -> None:
    midnight = BEGIN // DAY_S * DAY_S
    for at, tokens in ((midnight + 10, 1), (midnight + HOUR_S, 2), (midnight + HOUR_S + 59, 3)):
        await use(stripe, sold, tokens, at=at)
    await use(stripe, sold, 4, at=midnight - 1)
    hours = await _sum(stripe, sold, midnight, midnight + DAY_S, value_grouping_window="hour")
    assert hours == [
        (midnight + HOUR_S, midnight + 2 * HOUR_S, 5), (midnight, midnight + HOUR_S, 1),
    ]  # fmt: skip
    days = await _sum(stripe, sold, midnight - DAY_S, midnight + DAY_S, value_grouping_window="day")
    assert [tokens for *_, tokens in days] == [6, 4]


@pytest.mark.parametrize(
    ("begin", "end", "window"),
    [
        (BEGIN + 1, BEGIN + 60, None),
        (BEGIN, BEGIN + 61, None),
        (BEGIN + 60, BEGIN + 2 * HOUR_S, "hour"),
        (BEGIN, BEGIN + DAY_S, "day"),
        (BEGIN + 60, BEGIN, None),
    ],
)
async def test_spans_that_are_not_aligned_are_refused(
    stripe: StripeClient, sold: Sold, begin: int, end: int, window: str | None
) -> None:
    more = {"value_grouping_window": window} if window else {}
    with pytest.raises(library.InvalidRequestError):
        await _sum(stripe, sold, begin, end, **more)


@pytest.mark.parametrize(("formula", "expected"), [("count", 3), ("last", 4)])
async def test_a_meter_counts_by_its_formula(
    stripe: StripeClient, sold: Sold, formula: Any, expected: int
) -> None:
    meter = await stripe.v1.billing.meters.create_async(
        {"display_name": "x", "event_name": "other", "default_aggregation": {"formula": formula}}
    )
    other = Sold(sold.customer, meter.id, "other", sold.price, sold.subscription)
    for at, tokens in ((BEGIN, 9), (BEGIN + 100, 4), (BEGIN + 50, 7)):
        await use(stripe, other, tokens, at=at)
    assert (await _sum(stripe, other, BEGIN, BEGIN + HOUR_S))[0][2] == expected


async def test_an_event_can_be_taken_back_for_a_day(
    stripe: StripeClient, sold: Sold, shop: Shop
) -> None:
    await use(stripe, sold, 7, "a")
    await use(stripe, sold, 5, "b")
    take: Any = {"event_name": "tokens", "type": "cancel", "cancel": {"identifier": "a"}}
    await stripe.v1.billing.meter_event_adjustments.create_async(take)
    await stripe.v1.billing.meter_event_adjustments.create_async(take)
    assert (await _sum(stripe, sold, BEGIN, BEGIN + HOUR_S))[0][2] == 5
    assert (await _refused(stripe, _event(sold, identifier="a"))).code == "duplicate_meter_event"
    shop.clock.advance(BEGIN + DAY_S + 1)
    take["cancel"] = {"identifier": "b"}
    with pytest.raises(library.InvalidRequestError):
        await stripe.v1.billing.meter_event_adjustments.create_async(take)
    assert [one["identifier"] for one in shop.meter_events] == ["b"]


async def test_two_events_of_one_customer_and_meter_at_once_are_one_too_many(
    stripe: StripeClient, sold: Sold, shop: Shop
) -> None:
    ended = await asyncio.gather(
        *(use(stripe, sold, 1, f"cap_{n}") for n in range(5)), return_exceptions=True
    )
    refused = [one for one in ended if isinstance(one, library.RateLimitError)]
    assert len(refused) == 4
    assert all(one.http_status == 429 for one in refused)
    assert len(shop.meter_events) == 1
    await use(stripe, sold, 1, "cap_1")


async def test_events_of_different_customers_may_come_at_once(
    stripe: StripeClient, sold: Sold, shop: Shop
) -> None:
    other = await stripe.v1.customers.create_async({"name": "other"})
    second = Sold(other.id, sold.meter, sold.event_name, sold.price, sold.subscription)
    await asyncio.gather(use(stripe, sold, 1), use(stripe, second, 1))
    assert len(shop.meter_events) == 2


async def test_a_stream_is_judged_afterwards_and_tells_what_was_wrong_in_a_thin_event(
    stripe: StripeClient, sold: Sold, shop: Shop
) -> None:
    session = await stripe.v2.billing.meter_event_session.create_async({})
    stream = client_of(shop, session.authentication_token)
    await stream.v2.billing.meter_event_stream.create_async(
        {"events": [
            _event(sold, "3", identifier="good", timestamp="2026-01-31T12:00:00Z"),
            _event(sold, "1.5", identifier="bad"),
            _event(sold) | {"event_name": "nowhere", "identifier": "lost"},
        ]}
    )  # fmt: skip
    assert (await _sum(stripe, sold, BEGIN, BEGIN + HOUR_S))[0][2] == 3
    assert shop.deliver(thin=True) == []
    shop.clock.advance(BEGIN + 5)
    letters = shop.deliver(thin=True, secrets=["whsec_thin"])
    found: list[Any] = [
        stripe.parse_event_notification(one.body, one.headers["stripe-signature"], "whsec_thin")
        for one in letters
    ]
    assert [one.type for one in found] == [
        "v1.billing.meter.error_report_triggered", "v1.billing.meter.no_meter_found",
    ]  # fmt: skip
    assert found[0].related_object.id == sold.meter
    assert all(b'"data"' not in one.body for one in letters)
    whole: Any = await stripe.v2.core.events.retrieve_async(found[0].id)
    (kind,) = whole.data.reason.error_types
    assert kind.code == "meter_event_invalid_value"
    assert kind.sample_errors[0].request.identifier == "bad"


async def test_a_session_of_a_stream_ends_after_a_quarter_of_an_hour(
    stripe: StripeClient, sold: Sold, shop: Shop
) -> None:
    session = await stripe.v2.billing.meter_event_session.create_async({})
    stream = client_of(shop, session.authentication_token)
    too_many: Any = [_event(sold)] * 101
    with pytest.raises(library.StripeError, match="100"):
        await stream.v2.billing.meter_event_stream.create_async({"events": too_many})
    shop.clock.advance(BEGIN + 900)
    with pytest.raises(library.TemporarySessionExpiredError):
        await stream.v2.billing.meter_event_stream.create_async({"events": [_event(sold)]})
    with pytest.raises(library.AuthenticationError):
        await stripe.v2.billing.meter_event_stream.create_async({"events": [_event(sold)]})


async def test_the_second_versions_single_events_share_the_identifiers(
    stripe: StripeClient, sold: Sold
) -> None:
    await use(stripe, sold, 2, "cap_1")
    with pytest.raises(library.StripeError, match="already exists") as refused:
        await stripe.v2.billing.meter_events.create_async(_event(sold, identifier="cap_1"))
    assert refused.value.json_body["error"]["code"] == "duplicate_meter_event"  # type: ignore[index]
    made = await stripe.v2.billing.meter_events.create_async(_event(sold, "4"))
    assert made.identifier.startswith("sbx_")
    assert (await _sum(stripe, sold, BEGIN, BEGIN + HOUR_S))[0][2] == 6


async def test_an_event_found_wrong_later_is_answered_as_if_it_counted(
    stripe: StripeClient, sold: Sold, shop: Shop
) -> None:
    shop.faults.set("late", count=1)
    await use(stripe, sold, 2, "cap_1")
    assert shop.meter_events == []
    shop.clock.advance(BEGIN + 5)
    (event,) = shop.untold(thin=True)
    listed: Any = await stripe.v2.core.events.list_async({"object_id": sold.meter})
    assert [one.id for one in listed.data] == [event["id"]]
    assert event["data"]["reason"]["error_count"] == 1
