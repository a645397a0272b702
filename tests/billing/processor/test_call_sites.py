"""Every call the processor makes of Stripe is found in its source, made here, and judged by
Stripe's own OpenAPI document: the sandbox validates each request before it does anything."""

import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from msgspec import Struct, structs

from billing.connections import lent
from billing.contracts import Pack, Tokens
from billing.errors import StripeRefused, StripeUnavailable
from billing.ledger import service as ledger
from billing.ledger.service import METERS
from billing.meters.contracts import UsageEvent
from billing.prices import service as prices
from billing.prices.contracts import PriceBook, Tier
from billing.processor import store, summaries
from billing.processor.contracts import Terms
from billing.processor.door import StripeDoor
from billing.processor.stream import MeterStream
from billing.sandbox.app import create_sandbox
from billing.sandbox.shop import Shop
from billing.settings import API_VERSION, BillingSettings
from tests.billing.processor.witness import Witness, sites

URL = "http://127.0.0.1:1"
KEY = "sk_test_51secretsecretsecret"
SETTINGS = BillingSettings(stripe="sandbox", key=KEY, url=URL)
HOUR = timedelta(hours=1)
PACK = Pack(tokens=Tokens(100), amount_minor=3000, currency="cny", months=12)


class World(Struct, frozen=True, kw_only=True):
    """A sandbox, a witness on the way to it, and a door."""

    shop: Shop
    witness: Witness
    door: StripeDoor
    pool: asyncpg.Pool


@pytest.fixture(params=[False, True], ids=["as written", "after a misspelt one"])
async def world(pool: asyncpg.Pool, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    shop = Shop(url=URL, lag_s=0.0)
    witness = Witness(_reaching(shop), misspell=request.param)
    door = StripeDoor.open(SETTINGS, pool, witness)
    async with lent(pool) as conn:
        await ledger.open_account(conn, "acc_pre", "prepaid")
        await ledger.open_account(conn, "acc_post", "postpaid", 10_000)
    yield World(shop=shop, witness=witness, door=door, pool=pool)


def _reaching(shop: Shop) -> httpx.ASGITransport:
    sandbox: Any = create_sandbox(shop)
    return httpx.ASGITransport(sandbox)


def _book() -> PriceBook:
    """A book of twelve tiers, so that an invoice has more lines than it carries itself."""
    ends: list[int | None] = [5 * number for number in range(1, 12)]
    tiers = tuple(Tier(up_to=end, rate={"usd": "0.045"}) for end in [*ends, None])
    return structs.replace(prices.current_book(datetime.now(UTC).date()), tiers=tiers)


async def _everything(world: World) -> dict[str, Any]:
    """One call of every kind, the way the clerk comes to them."""
    door, shop = world.door, world.shop
    async with lent(world.pool) as conn:
        clock = await door.client.v1.test_helpers.test_clocks.create_async(
            {"frozen_time": int(datetime.now(UTC).timestamp())}
        )
        terms = Terms(account="acc_post", currency="usd", test_clock=clock.id)
        await store.upsert_terms(conn, terms)
    subscription = await door.ensure_subscription("acc_post", "Studio", _book())
    customer = await door.ensure_customer("acc_post", "Studio")
    now = datetime.now(UTC)
    event = UsageEvent(
        identifier="cap_1", account="acc_post", event_name=METERS["postpaid"], tokens=60,
        occurred_at=now,
    )  # fmt: skip
    told = await door.tell(event)
    streamed = await MeterStream(door).tell(event)  # the same: it counts once
    counted = await door.meter_total("acc_post", METERS["postpaid"], now - HOUR, now + HOUR)
    hour = now.replace(minute=0, second=0, microsecond=0)
    meter = (await door.meters())[METERS["postpaid"]]
    hours = await summaries.hours(door.client, meter, customer, hour - HOUR, hour + 2 * HOUR)
    preview = await door.preview(customer, subscription)
    # The month ends; the invoice is sent and paid.
    await _advance(world, clock.id, now + timedelta(days=32))
    (written,) = [one for one in shop.all("invoice") if one["total"] > 0]
    invoice = await door.invoice(written["id"])
    await door.credit_note("crn_1", invoice.id, 20, paid=False, memo="less")
    await door.credit_note("crn_1", invoice.id, 20, paid=False, memo="less")
    shop.pay(invoice.id)
    # A pack is bought, half of it goes back, and the bank takes another.
    buyer = await door.ensure_customer("acc_pre", "Buyer")
    sessions = [
        (await door.start_checkout(buyer, "acc_pre", f"top_{n}", PACK, f"{URL}/ok"))[0]
        for n in (1, 2)
    ]
    for one in sessions:
        shop.pay(one)
    bought = [str((await door.checkout_session(one)).payment_intent) for one in sessions]
    await door.refund("rfd_1", bought[0], 1500)
    await door.refund("rfd_1", bought[0], 1500)
    dispute = shop.dispute(bought[1])
    shop.faults.set("late", count=1)
    await door.tell(structs.replace(event, identifier="cap_2"))
    shop.clock.advance(shop.clock.now() + 5)
    shop.tick()
    return {
        "told": told.outcome, "streamed": streamed.outcome, "counted": counted,
        "hours": hours, "preview": preview,
        "invoice": invoice,
        "paid": await door.invoice(invoice.id),
        "subscription": (await door.subscription(subscription)).id,
        "clock": await door.clock_time(clock.id),
        "refunds": [one.amount for one in await door.refunds_of(bought[0])],
        "payment": (await door.payment(bought[0])).metadata.to_dict(),
        "dispute": (await door.dispute(dispute["id"])).status,
        "portal": await door.portal("ptl_1", buyer, "https://back.example/"),
        "events": [page async for page in door.events_since(now - timedelta(days=1))],
        "fees": await door.fees_since(now - timedelta(days=1)),
        "thin": (await door.thin_event(shop.thin_events[-1]["id"])).type,
    }  # fmt: skip


async def _advance(world: World, clock: str, until: datetime) -> None:
    clocks = world.door.client.v1.test_helpers.test_clocks
    await clocks.advance_async(clock, {"frozen_time": int(until.timestamp())})
    world.shop.tick()


async def test_every_call_of_stripe_is_made_and_taken_by_its_document(world: World) -> None:
    found = await _everything(world)
    made = {one.site for one in world.witness.seen if one.status == 200}
    missing = [f"{one.file}:{one.first} {one.method}" for one in sites() if one not in made]
    assert missing == []
    assert len(sites()) >= 26
    assert [one for one in world.witness.seen if one.status != 200] == []
    assert world.witness.let_through == []
    assert found["told"] == "delivered"
    assert found["streamed"] == "delivered"
    assert found["counted"] == 60
    assert list(found["hours"].values()) == [60]
    assert found["preview"].tokens == 60
    assert len(found["invoice"].lines) == 12
    assert found["invoice"].tokens == 60
    assert found["invoice"].total_minor == found["preview"].total_minor
    assert found["paid"].status == "paid"
    assert (found["paid"].paid_minor, found["paid"].credited_minor) == (
        found["invoice"].total_minor - 20, 20,
    )  # fmt: skip
    assert found["refunds"] == [1500], "an errand that is repeated is one refund"
    assert found["payment"] == {"account": "acc_pre", "topup": "top_1", "tokens": "100",
                                "months": "12"}  # fmt: skip
    assert found["dispute"] == "needs_response"
    assert found["portal"].startswith(f"{URL}/sandbox/portal/")
    assert {one.customer is not None or one.dispute is not None for one in found["fees"]} == {True}
    assert found["thin"] == "v1.billing.meter.error_report_triggered"
    assert "invoice.paid" in {one.type for page in found["events"] for one in page}


async def test_what_may_not_happen_twice_has_a_name_that_another_process_would_give_it_too(
    world: World,
) -> None:
    await _everything(world)
    nameless = {
        one.path for one in world.witness.seen
        if one.method == "POST" and one.site is not None and one.random_key
    }  # fmt: skip
    # A meter event has its identifier; an invoice preview and a session make nothing.
    assert nameless == {
        "/v1/billing/meter_events", "/v1/invoices/create_preview",
        "/v2/billing/meter_event_session", "/v2/billing/meter_event_stream",
    }  # fmt: skip


async def test_a_misspelt_parameter_is_refused_by_the_document(pool: asyncpg.Pool) -> None:
    shop = Shop(url=URL)
    door = StripeDoor.open(SETTINGS, pool, _reaching(shop))
    from billing.processor import portal

    with pytest.raises(StripeRefused):
        await portal.open_session(door.client, "ptl_1", "cus_nobody", "https://x")
    with pytest.raises(StripeRefused, match="nmae"):
        from billing.processor.client import asking

        wrong: Any = {"nmae": "x"}
        with asking("customer"):
            await door.client.v1.customers.create_async(wrong)


async def test_every_request_says_which_version_of_stripe_it_means(pool: asyncpg.Pool) -> None:
    said: list[str | None] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        said.append(request.headers.get("stripe-version"))
        return httpx.Response(200, json={"object": "list", "data": [], "has_more": False})

    door = StripeDoor.open(SETTINGS, pool, httpx.MockTransport(answer))
    await door.refunds_of("pi_1")
    assert said == [API_VERSION]


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"type": "invalid_request_error", "message": "no"}, StripeRefused),
        (402, {"type": "card_error", "code": "card_declined", "message": "no"}, StripeRefused),
        (404, {"type": "invalid_request_error", "message": "none"}, StripeRefused),
        (401, {"type": "invalid_request_error", "message": f"bad {KEY}"}, StripeUnavailable),
        (429, {"type": "invalid_request_error", "message": "slow"}, StripeUnavailable),
        (500, {"type": "api_error", "message": "sorry"}, StripeUnavailable),
    ],
)
async def test_what_stripe_says_no_with_is_told_apart_and_never_names_the_key(
    pool: asyncpg.Pool, caplog: pytest.LogCaptureFixture, status: int, body: dict[str, str],
    kind: type[Exception],
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)

    async def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(
            status, json={"error": body}, headers={"stripe-should-retry": "false"}
        )

    door = StripeDoor.open(SETTINGS, pool, httpx.MockTransport(answer))
    with pytest.raises(StripeUnavailable) as refused:
        await door.refunds_of("pi_1")
    assert type(refused.value) is kind
    assert KEY not in str(refused.value)
    assert KEY not in caplog.text.replace(body["message"], "")


async def test_a_connection_that_breaks_is_stripe_being_unavailable(pool: asyncpg.Pool) -> None:
    async def broken(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route")

    door = StripeDoor.open(SETTINGS, pool, httpx.MockTransport(broken))
    with pytest.raises(StripeUnavailable):
        await door.dispute("du_1")
