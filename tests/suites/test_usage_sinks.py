"""What every maker of `UsageSink` must do, whatever it speaks: run against each, through the
sandbox that judges it by Stripe's document."""

import asyncio
import collections
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx
import pytest
from msgspec import Struct, structs

from billing.connections import lent, transaction
from billing.ledger import service as ledger
from billing.ledger.service import METERS
from billing.meters import service as meters
from billing.meters.contracts import UsageEvent, UsageSink
from billing.processor.door import StripeDoor
from billing.processor.stream import MeterStream
from billing.sandbox.app import create_sandbox
from billing.sandbox.shop import Shop
from billing.settings import BillingSettings

URL = "http://127.0.0.1:1"
SETTINGS = BillingSettings(stripe="sandbox", key="sk_test_x", url=URL)
ACCOUNTS = tuple(f"acc_{number}" for number in range(12))
MAKERS: dict[str, tuple[Callable[[StripeDoor], UsageSink], str]] = {
    "events": (lambda door: door, "/v1/billing/meter_events"),
    "stream": (MeterStream, "/v2/billing/meter_event_stream"),
}
"""How each is made, and where it speaks to."""
DUE = "update billing.outbox set next_at = now() where done_at is null"
AT_EASE = "update billing.meter_pace set next_at = now(), per_s = 10000"


class Counter(Struct, frozen=True, kw_only=True):
    """A sink, the address it speaks to, and the sandbox behind it."""

    sink: UsageSink
    path: str
    shop: Shop
    pool: asyncpg.Pool

    def counted(self) -> dict[str, int]:
        """Tokens by identifier."""
        sums: collections.Counter[str] = collections.Counter()
        for event in self.shop.meter_events:
            sums[event["identifier"]] += int(event["payload"]["value"])
        return dict(sums)


@pytest.fixture(params=list(MAKERS))
async def counter(pool: asyncpg.Pool, request: pytest.FixtureRequest) -> AsyncIterator[Counter]:
    shop = Shop(url=URL, lag_s=0.0)
    door = StripeDoor.open(SETTINGS, pool, httpx.ASGITransport(create_sandbox(shop)))
    make, path = MAKERS[request.param]
    async with transaction(pool) as conn:
        await ledger.bind_stripe_mode(conn, "sandbox")
        for account in ACCOUNTS:
            await ledger.open_account(conn, account, "prepaid")
            await ledger.grant(conn, account, 1000, f"hello-{account}")
    yield Counter(sink=make(door), path=path, shop=shop, pool=pool)


def _event(number: int = 1, tokens: int = 5, account: str = "acc_0") -> UsageEvent:
    return UsageEvent(
        identifier=f"cap_{number}", account=account, event_name=METERS["prepaid"], tokens=tokens,
        occurred_at=datetime.now(UTC) - timedelta(minutes=number % 50),
    )  # fmt: skip


async def test_an_event_counts_once_however_often_it_is_told(counter: Counter) -> None:
    for _ in range(3):
        assert (await counter.sink.tell(_event())).outcome == "delivered"
    assert counter.counted() == {"cap_1": 5}


async def test_less_than_nothing_is_counted_too(counter: Counter) -> None:
    for event in (_event(1, 5), _event(2, -3)):
        assert (await counter.sink.tell(event)).outcome == "delivered"
    assert counter.counted() == {"cap_1": 5, "cap_2": -3}


async def test_it_is_counted_when_it_happened(counter: Counter) -> None:
    then = datetime.now(UTC) - timedelta(days=3)
    await counter.sink.tell(structs.replace(_event(), occurred_at=then))
    (counted,) = counter.shop.usage.events
    assert counted.timestamp == int(then.timestamp())


async def test_too_many_requests_ask_for_a_slower_pace(counter: Counter) -> None:
    await counter.sink.tell(_event(1))
    counter.shop.faults.set("429", count=1, path=counter.path)
    assert (await counter.sink.tell(_event(2))).outcome == "slow_down"
    assert counter.counted() == {"cap_1": 5}
    assert (await counter.sink.tell(_event(2))).outcome == "delivered"
    assert counter.counted() == {"cap_1": 5, "cap_2": 5}


@pytest.mark.parametrize("fault", ["refuse", "500", "lose"])
async def test_what_fails_may_be_told_again(counter: Counter, fault: str) -> None:
    counter.shop.faults.set(fault, count=3, path=counter.path)
    assert (await counter.sink.tell(_event())).outcome in ("again", "delivered")
    assert counter.shop.faults.struck[fault] >= 1
    counter.shop.faults.clear()
    assert (await counter.sink.tell(_event())).outcome == "delivered"
    assert counter.counted() == {"cap_1": 5}


async def test_many_at_once_are_all_counted(counter: Counter) -> None:
    events = [_event(number, number + 1, account) for number, account in enumerate(ACCOUNTS)]
    told = await asyncio.gather(*(counter.sink.tell(event) for event in events))
    assert {one.outcome for one in told} == {"delivered"}
    assert counter.counted() == {event.identifier: event.tokens for event in events}


async def test_a_teller_that_gives_up_holds_nobody_up(counter: Counter) -> None:
    await counter.sink.tell(_event(1))
    first = asyncio.create_task(counter.sink.tell(_event(2)))
    await asyncio.sleep(0)
    first.cancel()
    assert (await counter.sink.tell(_event(3, account="acc_1"))).outcome == "delivered"
    assert counter.counted()["cap_3"] == 5


async def test_an_outbox_is_told_to_the_token_whatever_fails(counter: Counter) -> None:
    for kind in ("refuse", "429", "500", "lose"):
        counter.shop.faults.set(kind, chance=0.08, path=counter.path)
    async with transaction(counter.pool) as conn:
        for number in range(60):
            account = ACCOUNTS[number % len(ACCOUNTS)]
            await ledger.charge_license(conn, account, f"cand_{number}", 1 + number % 7)
    for _ in range(200):
        await meters.send_due(counter.pool, counter.sink, top_per_s=10_000.0)
        await counter.pool.execute(DUE)
        await counter.pool.execute(AT_EASE)
        async with lent(counter.pool) as conn:
            if not await meters.depth(conn):
                break
    spent = await counter.pool.fetch("select identifier, tokens from billing.outbox")
    assert counter.counted() == {row["identifier"]: row["tokens"] for row in spent}
    assert counter.shop.faults.struck
