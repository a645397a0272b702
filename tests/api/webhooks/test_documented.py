"""Every message that the documents show, beside one that was really told."""

import json
from datetime import timedelta
from typing import Any

import asyncpg

from api import clerk as desks
from api.docs.told import MESSAGES
from billing.connections import lent, transaction
from billing.ledger import lots
from billing.ledger import service as ledger
from billing.processor import errands
from engine.contracts import Failed
from engine.queue import service as queue
from tests.api.conftest import Client, Door
from tests.api.docs.fitting import fits
from tests.api.made import asked, handed_back, leased, settled
from tests.api.sold import sold
from tests.api.studio import make_and_settle
from tests.api.webhooks.conftest import Clerk, registered
from tests.api.webhooks.receiving import receiver, saying
from tests.billing.processor.conftest import World, world

__all__ = ["world"]  # a fixture
FAMILY = {"functions": ["lock", "unlock"], "candidates": 1}
FEWER = Failed(code="fewer_candidates", detail="fewer")
LATE = Failed(code="deadline_exceeded", detail="late")
BROKEN = Failed(code="attempts_used_up", detail="broken")


async def _held_against_examples(pool: asyncpg.Pool, *types: str) -> None:
    """Each of these types was told, and all that was told looks as the example does."""
    rows = await pool.fetch("select type, facts::text as facts from api.messages")
    told: list[tuple[str, Any]] = [(row["type"], json.loads(row["facts"])) for row in rows]
    assert set(types) <= {kind for kind, _ in told}
    for kind, facts in told:
        if "family" in facts and "brief" in MESSAGES[kind].facts:  # what its words say
            facts["brief"] = facts.pop("family")
        assert fits(facts, MESSAGES[kind].facts), (kind, facts, MESSAGES[kind].facts)


async def test_what_is_told_of_briefs(door: Door, client: Client) -> None:
    for name, numbers, failure in (
        ("all", (1, 2), None), ("fewer", (1,), FEWER), ("none", (), BROKEN), ("late", (), LATE),
    ):  # fmt: skip
        await asked(client, name)
        await handed_back(door.pool, await leased(door.pool), *numbers, failure=failure)
        await settled(door.pool)
    brief = await asked(client, "canceled")
    assert (await client.post(f"/v1/briefs/{brief}/cancel")).is_success
    await settled(door.pool)
    await _held_against_examples(
        door.pool, "candidate.ready", "brief.succeeded", "brief.partially_succeeded",
        "brief.failed", "brief.expired", "brief.canceled",
    )  # fmt: skip


async def test_what_is_told_of_families_licenses_and_renditions(door: Door, client: Client) -> None:
    for name, failure in (("none", BROKEN), ("late", LATE), ("canceled", None)):
        answer = await client.post("/v1/families", FAMILY, headers={"idempotency-key": name})
        if failure is None:
            await client.post(f"/v1/families/{answer.json()['id']}/cancel")
        else:
            await _given_up(door, "families", failure)
        await settled(door.pool)
    await client.post(
        "/v1/families", {**FAMILY, "candidates": 2}, headers={"idempotency-key": "made"}
    )
    await make_and_settle(door.pool, door.store)
    track = await sold(client, door)
    await client.post(
        f"/v1/tracks/{track}/renditions", {"format": "flac"}, headers={"idempotency-key": "r"}
    )
    await _given_up(door, "renditions", BROKEN)
    await _held_against_examples(
        door.pool, "family.succeeded", "family.failed", "family.expired", "family.canceled",
        "license.created", "rendition.failed",
    )  # fmt: skip


async def _given_up(door: Door, lane: Any, failure: Failed) -> None:
    async with lent(door.pool) as conn:
        lease = await queue.claim(conn, "studio", timedelta(seconds=60), lane)
        assert lease is not None
        await queue.finish(conn, lease, failure=failure)


async def test_what_is_told_of_endpoints(door: Door, client: Client, clerk: Clerk) -> None:
    async with receiver(saying(410)) as gone:
        endpoint, _ = await registered(client, gone.url)
        await client.post(f"/v1/webhook_endpoints/{endpoint}/test")
        await clerk.send_due()
    await _held_against_examples(door.pool, "webhook_endpoint.test", "webhook_endpoint.disabled")


async def test_what_is_told_of_budgets(door: Door, client: Client) -> None:
    cap = {"scope": "key", "subject": client.key, "cap": 2}
    headers = {"authorization": f"Bearer {client.secret}"}
    assert (await client.http.put("/v1/budgets", json=cap, headers=headers)).is_success
    await asked(client)
    await handed_back(door.pool, await leased(door.pool), 1, 2)
    await settled(door.pool)
    await _held_against_examples(
        door.pool, "notice.budget_50", "notice.budget_80", "notice.budget_100"
    )


async def test_what_is_told_of_packs(world: World) -> None:
    account = await world.account()
    payment = await world.buy(account, "a")
    await world.hear()
    await world.pool.execute("update billing.lots set expires_at = now() + interval '9 days'")
    async with transaction(world.pool) as conn:
        assert await lots.warn(conn) == 1
        await errands.ask_refund(conn, account, payment, 1000)
    assert await desks.do_errands(world.desk) == 1
    world.shop.dispute(payment)
    await world.hear()
    await _held_against_examples(
        world.pool, "topup.paid", "notice.tokens_expiring", "notice.topup_refunded",
        "notice.dispute_opened",
    )  # fmt: skip


async def test_what_is_told_of_invoices(world: World) -> None:
    client = await world.postpaid(limit=1000, collection="charge_automatically", grace_days=7)
    world.shop.give_card(client.customer, "pm_card_chargeCustomerFail")
    await client.use(70, "one")
    await client.days_pass(32)
    await desks.dun(world.desk)
    await client.days_pass(8)
    await desks.dun(world.desk)
    world.shop.give_card(client.customer)
    world.shop.pay((await client.invoice())["id"])
    await world.hear()
    await _held_against_examples(
        world.pool, "notice.invoice_failed", "notice.account_frozen", "notice.account_thawed"
    )


async def test_what_is_told_of_a_candidate_that_nobody_can_pay(door: Door, client: Client) -> None:
    brief, lease = await asked(client), await leased(door.pool)
    async with transaction(door.pool) as conn:
        hold = await conn.fetchval("select hold from api.briefs where id = $1", brief)
        await ledger.release(conn, hold)
        wallet = await ledger.balance(conn, client.account)
        await ledger.claw_back(conn, client.account, "everything", wallet.available)
    await handed_back(door.pool, lease, 1, failure=BROKEN)
    await settled(door.pool)
    await _held_against_examples(door.pool, "notice.candidate_sealed")
