"""The outbox under faults, among several senders, in its own pace, and after a restore."""

import asyncio
import collections
import random
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import httpx
import pytest
from msgspec import Struct

from billing.connections import lent, transaction
from billing.ledger import service as ledger
from billing.meters import pace
from billing.meters import service as meters
from billing.meters.contracts import Told, UsageEvent
from billing.processor.door import StripeDoor
from billing.sandbox.app import create_sandbox
from billing.sandbox.shop import Shop
from billing.settings import BillingSettings

URL = "http://127.0.0.1:1"
SETTINGS = BillingSettings(stripe="sandbox", key="sk_test_x", url=URL)
FAST = 10_000.0
DUE = "update billing.outbox set next_at = now() where done_at is null"
AT_EASE = "update billing.meter_pace set next_at = now(), per_s = 10000"


class Till(Struct, frozen=True, kw_only=True):
    """A ledger with its outbox, and the sandbox that is told."""

    pool: asyncpg.Pool
    shop: Shop
    door: StripeDoor

    async def spend(self, account: str, times: int, tokens: int = 3) -> None:
        """So many captures of so many tokens."""
        async with transaction(self.pool) as conn:
            for number in range(times):
                await ledger.charge_license(conn, account, f"{account}_{number}", tokens)

    async def send_all(self, senders: int = 1, rounds: int = 200) -> None:
        """Rounds of all senders until nothing waits; the waits between tries are skipped."""
        for _ in range(rounds):
            await asyncio.gather(
                *(meters.send_due(self.pool, self.door, 4, FAST) for _ in range(senders))
            )
            await self.pool.execute(DUE)
            await self.pool.execute(AT_EASE)
            async with lent(self.pool) as conn:
                if not await meters.depth(conn):
                    return
        raise AssertionError("rows still wait")

    def counted(self) -> dict[str, int]:
        """What the sandbox has counted for each customer."""
        sums: collections.Counter[str] = collections.Counter()
        for event in self.shop.meter_events:
            sums[event["payload"]["stripe_customer_id"]] += int(event["payload"]["value"])
        return dict(sums)

    async def spent(self) -> dict[str, int]:
        """What the ledger says for each customer."""
        rows = await self.pool.fetch(
            "select stripe_customer, sum(tokens)::bigint as tokens from billing.outbox"
            " join billing.customers using (account) group by 1"
        )
        return {row["stripe_customer"]: row["tokens"] for row in rows}


@pytest.fixture
async def till(pool: asyncpg.Pool) -> AsyncIterator[Till]:
    shop = Shop(url=URL, lag_s=0.0)
    door = StripeDoor.open(SETTINGS, pool, httpx.ASGITransport(create_sandbox(shop)))
    async with transaction(pool) as conn:
        await ledger.bind_stripe_mode(conn, "sandbox")
        for account, mode in (("acc_a", "prepaid"), ("acc_b", "prepaid"), ("acc_c", "postpaid")):
            await ledger.open_account(conn, account, mode, 10_000 if mode == "postpaid" else 0)
            if mode == "prepaid":
                await ledger.grant(conn, account, 10_000, f"hello-{account}")
    yield Till(pool=pool, shop=shop, door=door)


@pytest.mark.parametrize("seed", [1, 2])
async def test_totals_agree_whatever_fails_on_the_way(till: Till, seed: int) -> None:
    till.shop.faults.reseed(seed)
    for kind in ("refuse", "429", "500", "lose"):
        till.shop.faults.set(kind, chance=0.08, path="/v1/billing/meter_events")
    for account, times in (("acc_a", 40), ("acc_b", 25), ("acc_c", 30)):
        await till.spend(account, times)
    await till.send_all(senders=3)
    assert till.counted() == await till.spent()
    assert sum(till.counted().values()) == 3 * 95
    assert {"429", "lose"} <= till.shop.faults.struck.keys()


async def test_a_return_is_told_as_less_than_nothing(till: Till) -> None:
    await till.spend("acc_a", 3, tokens=8)
    async with transaction(till.pool) as conn:
        seen = await conn.fetchval("select id from billing.captures order by created_at limit 1")
        assert await ledger.refund(conn, seen or "")
    await till.send_all()
    assert list(till.counted().values()) == [16]


async def test_prepaid_and_postpaid_go_to_their_own_meters(till: Till) -> None:
    await till.spend("acc_a", 1)
    await till.spend("acc_c", 1)
    await till.send_all()
    names = {event["event_name"] for event in till.shop.meter_events}
    assert names == {"cuesmith_tokens", "cuesmith_tokens_prepaid"}
    async with lent(till.pool) as conn:
        for mode, name in ledger.METERS.items():
            assert await conn.fetchval("select billing.meter_of($1)", mode) == name


class _Crowded:
    """A sink that sees whether two senders speak for one customer at once."""

    def __init__(self) -> None:
        self.speaking: set[str] = set()
        self.crowded = False
        self.heard: list[str] = []

    async def tell(self, event: UsageEvent) -> Told:
        self.crowded = self.crowded or event.account in self.speaking
        self.speaking.add(event.account)
        await asyncio.sleep(random.uniform(0, 0.002))
        self.speaking.discard(event.account)
        self.heard.append(event.identifier)
        return Told(outcome="delivered")


async def test_many_senders_speak_for_a_customer_one_at_a_time(till: Till) -> None:
    for account in ("acc_a", "acc_b", "acc_c"):
        await till.spend(account, 50)
    sink = _Crowded()

    async def sender() -> None:
        while len(sink.heard) < 150:
            await meters.send_due(till.pool, sink, 2, FAST)
            await asyncio.sleep(0)

    await asyncio.gather(*(sender() for _ in range(5)))
    assert not sink.crowded
    assert len(sink.heard) == len(set(sink.heard)) == 150


class _Dying:
    """A sink whose sender dies after it was heard, before anybody could write that down."""

    def __init__(self, door: StripeDoor, after: int) -> None:
        self.door, self.left = door, after

    async def tell(self, event: UsageEvent) -> Told:
        told = await self.door.tell(event)
        self.left -= 1
        if self.left == 0:
            raise asyncio.CancelledError
        return told


async def test_what_a_dead_sender_had_told_is_told_again_and_counted_once(till: Till) -> None:
    await till.spend("acc_a", 10)
    with pytest.raises(asyncio.CancelledError):
        await meters.send_due(till.pool, _Dying(till.door, 6), 4, FAST)
    assert len(list(till.shop.meter_events)) == 6
    assert await meters.send_due(till.pool, till.door, 4, FAST) == 0  # its lease still holds
    await till.pool.execute("update billing.meter_lanes set leased_until = now() - interval '1 s'")
    await till.pool.execute(DUE)
    await till.send_all()
    assert till.counted() == await till.spent()


class _Busy:
    async def tell(self, event: UsageEvent) -> Told:
        return Told(outcome="slow_down", detail="429")


async def test_too_many_requests_slow_everybody_down(till: Till) -> None:
    await till.spend("acc_a", 5)
    before = await till.pool.fetchval("select clock_timestamp()")
    await meters.send_due(till.pool, _Busy(), 4, 400.0)
    async with lent(till.pool) as conn:
        assert await conn.fetchval("select per_s from billing.meter_pace") == 200.0
        quiet = await conn.fetchval(
            "select next_at >= $1::timestamptz + interval '1 s' from billing.meter_pace", before
        )
        assert quiet
        await pace.speed_up(conn, 400.0)
        assert await conn.fetchval("select per_s from billing.meter_pace") == 250.0
        rows = await conn.fetch("select attempts from billing.outbox order by attempts")
    assert [row["attempts"] for row in rows] == [0, 0, 0, 0, 1]  # only one was said


async def test_one_storm_slows_everybody_down_once(till: Till) -> None:
    for account in ("acc_a", "acc_b", "acc_c"):
        await till.spend(account, 5)
    await meters.send_due(till.pool, _Busy(), 4, 400.0)
    async with lent(till.pool) as conn:
        assert await conn.fetchval("select per_s from billing.meter_pace") == 200.0


async def test_a_slow_pace_is_reserved_for_seconds_only_and_recovers(till: Till) -> None:
    """What a sender reserves beyond its own lease nobody would ever use."""
    for account in ("acc_a", "acc_b", "acc_c"):
        await till.spend(account, 50)
    async with lent(till.pool) as conn:
        await pace.turns(conn, 1, 500.0)
        await conn.execute("update billing.meter_pace set per_s = 20, next_at = now()")
    sent = await meters.send_due(till.pool, _Crowded(), 32, 500.0)
    assert sent == 20 * pace.AHEAD_S
    async with lent(till.pool) as conn:
        ahead, per_s = await conn.fetchrow(
            "select extract(epoch from next_at - clock_timestamp())::float8, per_s"
            " from billing.meter_pace"
        ) or (99.0, 0.0)
        rows = await conn.fetchval(
            "select count(*) from billing.outbox where done_at is null and next_at <= now()"
            " and attempts = 0 and first_sent_at is null"
        )
    assert ahead <= pace.AHEAD_S
    assert per_s == 25.0
    assert rows == 150 - sent  # what had no turn was given back, as if it had never been taken


async def test_senders_share_one_pace(till: Till) -> None:
    async with lent(till.pool) as conn:
        await pace.turns(conn, 1, 50.0)
        # An hour from now, so that it does not matter how long these lines take.
        await conn.execute("update billing.meter_pace set next_at = now() + interval '1 h'")
        begin = await conn.fetchval("select next_at from billing.meter_pace")
        await pace.turns(conn, 100, 50.0)
        await pace.turns(conn, 50, 50.0)
        end = await conn.fetchval("select next_at from billing.meter_pace")
    assert begin is not None and end is not None
    assert end - begin == timedelta(seconds=3)  # 150 events at 50 a second


async def test_an_event_too_old_for_stripe_goes_to_people(till: Till) -> None:
    await till.spend("acc_a", 2)
    await till.pool.execute(
        "update billing.outbox set occurred_at = now() - interval '35 days' where identifier ="
        " (select min(identifier) from billing.outbox)"
    )
    assert await meters.send_due(till.pool, till.door, 4, FAST) == 1
    async with lent(till.pool) as conn:
        assert await meters.depth(conn) == {"dead": 1}


@pytest.mark.parametrize("what", ["system_identifier = 'another'", "timeline = timeline + 1"])
async def test_nothing_is_sent_from_a_database_that_was_put_back(till: Till, what: str) -> None:
    async with transaction(till.pool) as conn:
        assert not await meters.watch_for_restore(conn)
        assert not await meters.watch_for_restore(conn)
        await conn.execute(f"update billing.settings set {what}")
    await till.spend("acc_a", 2)
    assert await meters.send_due(till.pool, till.door, 4, FAST) == 0  # a clerk that went on
    async with transaction(till.pool) as conn:
        assert await meters.watch_for_restore(conn)  # a clerk that comes
    assert await meters.send_due(till.pool, till.door, 4, FAST) == 0
    async with transaction(till.pool) as conn:
        assert "put back" in (await meters.stopped(conn) or "")
        await meters.let_senders_go_on(conn)
        assert not await meters.watch_for_restore(conn)
    assert await meters.send_due(till.pool, till.door, 4, FAST) == 2


async def test_the_oldest_row_says_how_long_it_has_waited(till: Till) -> None:
    async with lent(till.pool) as conn:
        assert await meters.oldest_age(conn) == timedelta()
    await till.spend("acc_a", 1)
    await till.pool.execute("update billing.outbox set occurred_at = now() - interval '2 h'")
    async with lent(till.pool) as conn:
        assert await meters.oldest_age(conn) >= timedelta(hours=2)
