"""The paid path through the official library into the sandbox, and what the sandbox refuses."""

import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx
import pytest
import stripe

from billing.contracts import Pack, Tokens
from billing.errors import BadSignature
from billing.ledger import service as ledger
from billing.meters import service as meters
from billing.meters.contracts import Told, UsageEvent
from billing.processor import handlers, inbox
from billing.processor.door import StripeDoor
from billing.sandbox.app import create_sandbox, sign
from billing.sandbox.shop import Shop
from billing.settings import BillingSettingMissing, BillingSettings, read

HOUR = timedelta(hours=1)
PACK = Pack(tokens=Tokens(100), amount_minor=3000, currency="cny")
SETTINGS = BillingSettings(stripe="sandbox", key="sk_test_x", url="http://127.0.0.1:1")


@pytest.fixture
def shop() -> Shop:
    return Shop(url="http://127.0.0.1:1", lag_s=0.0)


@pytest.fixture
async def door(shop: Shop, pool: asyncpg.Pool) -> AsyncIterator[StripeDoor]:
    transport = httpx.ASGITransport(create_sandbox(shop))
    made = StripeDoor.open(SETTINGS, pool, transport)
    await made.ensure_setup()
    async with pool.acquire() as conn:
        await ledger.open_account(conn, "acc_a", "prepaid")
    yield made


async def _paid(_: asyncpg.Connection, topup: str, session: str, end: handlers.End) -> None:
    assert (topup, session[:8], end) == ("top_1", "cs_test_", "paid")


async def _top_up(door: StripeDoor, shop: Shop, pool: asyncpg.Pool) -> dict[str, object]:
    customer = await door.ensure_customer("acc_a", "Studio")
    session, url = await door.start_checkout(customer, "acc_a", "top_1", PACK, "http://x/ok")
    assert url.endswith(f"/sandbox/checkout/{session}")
    shop.pay(session)
    return shop.events[-1]


async def test_a_payment_becomes_tokens_and_every_capture_reaches_the_meter_once(
    door: StripeDoor, shop: Shop, pool: asyncpg.Pool
) -> None:
    event = await _top_up(door, shop, pool)
    async with pool.acquire() as conn:
        body = json.dumps(event).encode()
        assert await inbox.receive(conn, body)
        assert not await inbox.receive(conn, body)
    assert await handlers.handle_due(pool, door, _paid) == 1
    async with pool.acquire() as conn, conn.transaction():
        assert (await ledger.balance(conn, "acc_a")).available == 100
        hold = await ledger.place_hold(conn, "acc_a", "brf_1", 8, HOUR)
        for number in range(4):
            await ledger.capture(conn, hold.id, f"cand_{number}", 2)
        await ledger.charge_license(conn, "acc_a", "cand_0", 8)
    assert await meters.send_due(pool, door) == 5
    assert await meters.send_due(pool, door) == 0
    now = datetime.now(UTC)
    total = await door.meter_total("acc_a", "cuesmith_tokens_prepaid", now - HOUR, now + HOUR)
    assert total == 16
    async with pool.acquire() as conn:
        assert await ledger.violations(conn) == []
        assert (await ledger.balance(conn, "acc_a")).posted == 84


async def test_a_webhook_that_never_came_is_found_by_the_sweep(
    door: StripeDoor, shop: Shop, pool: asyncpg.Pool
) -> None:
    await _top_up(door, shop, pool)
    assert await handlers.sweep(pool, door, HOUR) == 1
    assert await handlers.sweep(pool, door, HOUR) == 0
    assert await handlers.handle_due(pool, door, _paid) == 1
    async with pool.acquire() as conn:
        assert (await ledger.balance(conn, "acc_a")).posted == 100


async def test_the_sweep_finds_more_events_than_one_page_holds(
    door: StripeDoor, shop: Shop, pool: asyncpg.Pool
) -> None:
    await _top_up(door, shop, pool)
    session = next(one for one in shop.objects.values() if one["object"] == "checkout.session")
    for _ in range(229):
        shop.emit("checkout.session.completed", session)
    assert await handlers.sweep(pool, door, HOUR) == 230
    assert await handlers.sweep(pool, door, HOUR) == 0
    while await handlers.handle_due(pool, door, _paid):
        pass
    async with pool.acquire() as conn:
        assert (await ledger.balance(conn, "acc_a")).posted == 100
        assert await ledger.violations(conn) == []


async def test_a_meter_that_is_not_there_yet_is_made_before_the_first_event(
    shop: Shop, pool: asyncpg.Pool
) -> None:
    new = StripeDoor.open(SETTINGS, pool, httpx.ASGITransport(create_sandbox(shop)))
    async with pool.acquire() as conn, conn.transaction():
        await ledger.open_account(conn, "acc_a", "prepaid")
        await ledger.grant(conn, "acc_a", 50, "test")
        await ledger.charge_license(conn, "acc_a", "cand_1", 8)
    assert await meters.send_due(pool, new) == 1
    async with pool.acquire() as conn:
        assert await meters.depth(conn) == {}


async def test_an_unpaid_session_brings_no_tokens(
    door: StripeDoor, shop: Shop, pool: asyncpg.Pool
) -> None:
    event = await _top_up(door, shop, pool)
    next(o for o in shop.objects.values() if o["object"] == "checkout.session")[
        "payment_status"
    ] = "unpaid"
    async with pool.acquire() as conn:
        await inbox.receive(conn, json.dumps(event).encode())
    await handlers.handle_due(pool, door, _paid)
    async with pool.acquire() as conn:
        assert (await ledger.balance(conn, "acc_a")).posted == 0


class _Faulty:
    """A sink whose answers get lost, are refused for a while, or come late."""

    def __init__(self, door: StripeDoor) -> None:
        self._door, self._turn = door, 0

    async def tell(self, event: UsageEvent) -> Told:
        self._turn += 1
        if self._turn % 3 == 0:
            return Told(outcome="slow_down", detail="429")
        told = await self._door.tell(event)
        if self._turn % 2 == 0:  # Stripe has it, but the answer never reached us
            return Told(outcome="again", detail="reply lost")
        return told


async def test_lost_replies_and_refusals_never_double_or_lose_a_token(
    door: StripeDoor, shop: Shop, pool: asyncpg.Pool
) -> None:
    async with pool.acquire() as conn, conn.transaction():
        await ledger.grant(conn, "acc_a", 500, "test")
        for number in range(12):
            await ledger.charge_license(conn, "acc_a", f"cand_{number}", 8)
    faulty = _Faulty(door)
    for _ in range(60):
        await meters.send_due(pool, faulty)
        async with pool.acquire() as conn:
            await conn.execute("update billing.outbox set next_at = now() where done_at is null")
            if not await meters.depth(conn):
                break
    async with pool.acquire() as conn:
        assert await meters.depth(conn) == {}
    assert sum(int(event["payload"]["value"]) for event in shop.meter_events) == 96


async def test_an_event_of_unknown_outcome_is_not_sent_again_after_a_day(
    door: StripeDoor, pool: asyncpg.Pool
) -> None:
    async with pool.acquire() as conn, conn.transaction():
        await ledger.grant(conn, "acc_a", 50, "test")
        await ledger.charge_license(conn, "acc_a", "cand_1", 8)
        await conn.execute(
            "update billing.outbox set attempts = 1, first_sent_at = now() - interval '24 h'"
        )
    assert await meters.send_due(pool, door) == 0
    async with pool.acquire() as conn:
        assert await meters.depth(conn) == {"reconcile": 1}


async def test_the_sandbox_answers_501_to_what_it_does_not_do(door: StripeDoor) -> None:
    with pytest.raises(stripe.APIError, match="alerts"):
        await door.client.v1.billing.alerts.list_async()


async def test_the_sandbox_refuses_what_stripes_document_refuses(door: StripeDoor) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="nmae"):
        await door.client.v1.customers.create_async({"nmae": "x"})  # type: ignore[typeddict-unknown-key]


async def test_the_sandbox_replays_an_idempotent_call_and_refuses_a_changed_one(
    door: StripeDoor,
) -> None:
    create = door.client.v1.customers.create_async
    first = await create({"name": "a"}, {"idempotency_key": "k"})
    again = await create({"name": "a"}, {"idempotency_key": "k"})
    assert first.id == again.id
    with pytest.raises(stripe.IdempotencyError):
        await create({"name": "b"}, {"idempotency_key": "k"})


async def test_the_sandbox_refuses_live_keys(shop: Shop) -> None:
    transport = httpx.ASGITransport(create_sandbox(shop))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        answer = await client.get("/v1/customers/x", headers={"authorization": "Bearer sk_live_1"})
    assert answer.status_code == 401


def test_a_webhook_is_believed_only_with_a_fresh_signature_of_a_known_secret() -> None:
    body, now = b'{"id": "evt_1", "type": "x"}', time.time()
    good = sign(body, "whsec_new", int(now))
    inbox.verify(body, good, ["whsec_old", "whsec_new"], now)
    for raw, header, secrets in (
        (body + b" ", good, ["whsec_new"]),
        (body, good, ["whsec_other"]),
        (body, sign(body, "whsec_new", int(now) - 301), ["whsec_new"]),
        (body, sign(body, "whsec_new", int(now) + 301), ["whsec_new"]),
        (body, "", ["whsec_new"]),
        (body, "t=x,v1=y", ["whsec_new"]),
        (body, "t=²,v1=y", ["whsec_new"]),
        (body, good, []),
    ):
        with pytest.raises(BadSignature):
            inbox.verify(raw, header, secrets, now)


def test_the_stripe_mode_has_no_default_and_never_mixes() -> None:
    local = "http://127.0.0.1:12111"
    assert read({"CUESMITH_STRIPE": "sandbox", "CUESMITH_STRIPE_URL": local}).stripe == "sandbox"
    live = {"CUESMITH_STRIPE": "live", "CUESMITH_STRIPE_KEY": "sk_live_1"}
    assert read(live).stripe == "live"
    for wrong in (
        {},
        {"CUESMITH_STRIPE": "test"},
        {"CUESMITH_STRIPE": "sandbox"},
        {"CUESMITH_STRIPE": "sandbox", "CUESMITH_STRIPE_URL": "http://example.com"},
        {"CUESMITH_STRIPE": "sandbox", "CUESMITH_STRIPE_URL": local,
         "CUESMITH_STRIPE_KEY": "sk_live_1"},
        {"CUESMITH_STRIPE": "live", "CUESMITH_STRIPE_KEY": "sk_test_1"},
        {"CUESMITH_STRIPE": "live", "CUESMITH_STRIPE_KEY": "sk_live_1",
         "CUESMITH_STRIPE_URL": local},
    ):  # fmt: skip
        with pytest.raises(BillingSettingMissing):
            read(wrong)
