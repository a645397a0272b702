"""The stream of meter events: how it fills requests, renews sessions and sorts out wrong events."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest

from billing import settings
from billing.connections import lent
from billing.ledger import service as ledger
from billing.ledger.service import METERS
from billing.meters.contracts import UsageEvent
from billing.processor.door import StripeDoor
from billing.processor.stream import MeterStream
from billing.sandbox.app import create_sandbox
from billing.sandbox.shop import Shop
from billing.settings import BillingSettingMissing, BillingSettings

URL = "http://127.0.0.1:1"
SETTINGS = BillingSettings(stripe="sandbox", key="sk_test_x", url=URL)
STREAM, SESSION = "/v2/billing/meter_event_stream", "/v2/billing/meter_event_session"


class _Listener(httpx.AsyncBaseTransport):
    """Passes requests on, and remembers them."""

    def __init__(self, shop: Shop) -> None:
        sandbox: Any = create_sandbox(shop)
        self._inner = httpx.ASGITransport(sandbox)
        self.heard: list[tuple[str, int, int]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        answer = await self._inner.handle_async_request(request)
        events = msgspec.json.decode(body)["events"] if request.url.path == STREAM else ()
        self.heard.append((request.url.path, len(events), answer.status_code))
        return answer

    def of(self, path: str) -> list[tuple[int, int]]:
        """Events and status of each request of a path."""
        return [(events, status) for asked, events, status in self.heard if asked == path]


@pytest.fixture
async def shop(pool: asyncpg.Pool) -> Shop:
    async with lent(pool) as conn:
        await ledger.open_account(conn, "acc_1", "prepaid")
    return Shop(url=URL, lag_s=0.0)


def _event(number: int, event_name: str = METERS["prepaid"]) -> UsageEvent:
    return UsageEvent(
        identifier=f"cap_{number}", account="acc_1", event_name=event_name, tokens=number,
        occurred_at=datetime.now(UTC) - timedelta(minutes=1),
    )  # fmt: skip


async def test_events_told_together_go_a_hundred_at_a_time_in_one_session(
    pool: asyncpg.Pool, shop: Shop
) -> None:
    listener = _Listener(shop)
    stream = MeterStream(StripeDoor.open(SETTINGS, pool, listener))
    await stream.tell(_event(0))
    told = await asyncio.gather(*(stream.tell(_event(number)) for number in range(1, 251)))
    assert {one.outcome for one in told} == {"delivered"}
    sizes = [events for events, _ in listener.of(STREAM)]
    assert sum(sizes) == 251
    assert max(sizes) <= 100
    assert len(listener.of(SESSION)) == 1
    assert sorted(int(one["payload"]["value"]) for one in shop.meter_events) == [*range(251)]


async def test_a_session_that_has_ended_is_renewed(pool: asyncpg.Pool, shop: Shop) -> None:
    listener = _Listener(shop)
    stream = MeterStream(StripeDoor.open(SETTINGS, pool, listener))
    await stream.tell(_event(1))
    shop.clock.advance(shop.clock.now() + 16 * 60)
    assert (await stream.tell(_event(2))).outcome == "delivered"
    assert listener.of(STREAM) == [(1, 200), (1, 401), (1, 200)]
    assert len(listener.of(SESSION)) == 2


async def test_a_token_that_nobody_knows_any_longer_is_replaced(
    pool: asyncpg.Pool, shop: Shop
) -> None:
    stream = MeterStream(StripeDoor.open(SETTINGS, pool, _Listener(shop)))
    await stream.tell(_event(1))
    shop.sessions.clear()
    assert (await stream.tell(_event(2))).outcome == "delivered"


async def test_what_the_stream_finds_wrong_it_says_afterwards(
    pool: asyncpg.Pool, shop: Shop
) -> None:
    stream = MeterStream(StripeDoor.open(SETTINGS, pool, _Listener(shop)))
    assert (await stream.tell(_event(1, "no_such_meter"))).outcome == "delivered"
    shop.clock.advance(shop.clock.now() + 5)
    shop.tick()
    assert [one["type"] for one in shop.thin_events] == ["v1.billing.meter.no_meter_found"]


async def test_a_repeat_is_dropped_without_a_report(pool: asyncpg.Pool, shop: Shop) -> None:
    stream = MeterStream(StripeDoor.open(SETTINGS, pool, _Listener(shop)))
    for _ in range(2):
        await stream.tell(_event(1))
    shop.clock.advance(shop.clock.now() + 5)
    shop.tick()
    assert len(list(shop.meter_events)) == 1
    assert shop.thin_events == []


class _Fussy(httpx.AsyncBaseTransport):
    """Refuses requests that hold one certain event, as Stripe does with what it cannot read."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if b'"cap_7"' in await request.aread():
            error = {"type": "invalid_request_error", "code": "bad", "message": "cap_7 is wrong"}
            return httpx.Response(400, json={"error": error})
        return await self._inner.handle_async_request(request)


async def test_a_wrong_event_does_not_hold_up_those_beside_it(
    pool: asyncpg.Pool, shop: Shop
) -> None:
    stream = MeterStream(StripeDoor.open(SETTINGS, pool, _Fussy(_Listener(shop))))
    told = await asyncio.gather(*(stream.tell(_event(number)) for number in range(5, 10)))
    assert [one.outcome for one in told] == [
        "delivered", "delivered", "hopeless", "delivered", "delivered",
    ]  # fmt: skip
    assert sorted(int(one["payload"]["value"]) for one in shop.meter_events) == [5, 6, 8, 9]


SANDBOX = {"CUESMITH_STRIPE": "sandbox", "CUESMITH_STRIPE_URL": "http://127.0.0.1:2"}


def test_the_settings_say_how_the_meters_are_told() -> None:
    assert settings.read(SANDBOX).meters == "events"
    told = settings.read(
        SANDBOX | {"CUESMITH_METERS": "stream", "CUESMITH_METER_EVENTS_PER_S": "20"}
    )
    assert (told.meters, told.meter_events_per_s) == ("stream", 20.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [("CUESMITH_METERS", "metronome"), ("CUESMITH_METER_EVENTS_PER_S", "0"),
     ("CUESMITH_METER_EVENTS_PER_S", "-1"), ("CUESMITH_METER_EVENTS_PER_S", "fast"),
     ("CUESMITH_METER_EVENTS_PER_S", "")],
)  # fmt: skip
def test_settings_of_the_meters_that_make_no_sense_are_named(name: str, value: str) -> None:
    with pytest.raises(BillingSettingMissing, match=name):
        settings.read(SANDBOX | {name: value})
