"""What waits in the inbox: thin events about meters, test clocks, strangers' objects, nonsense."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from api import clerk
from billing.connections import lent
from billing.processor import inbox
from tests.billing.processor.conftest import World


async def _receive(world: World, body: dict[str, Any]) -> None:
    async with lent(world.pool) as conn:
        await inbox.receive(conn, json.dumps(body).encode())


def _event(kind: str, about: dict[str, Any], name: str = "evt_1") -> dict[str, Any]:
    return {"id": name, "type": kind, "created": 1, "data": {"object": about}}


async def test_events_that_stripe_found_wrong_later_go_through_reconciliation(
    world: World,
) -> None:
    client = await world.postpaid()
    await client.use(5, "before")
    await world.pool.execute(
        "update billing.outbox set first_sent_at = now() - interval '3 hours',"
        " done_at = now() - interval '3 hours'"
    )
    world.shop.faults.set("late", count=1)
    await world.spend(client.account, 7, "wrong")
    assert await clerk.send_usage(world.desk) == 1
    await client.use(9, "right")
    world.shop.clock.advance(world.shop.clock.now() + 5)
    world.shop.tick()
    async with lent(world.pool) as conn:
        letters = world.shop.deliver(thin=True)
        assert len(letters) == 1
        for one in letters:
            assert await inbox.receive(conn, one.body)
            assert not await inbox.receive(conn, one.body)
    assert await world.handle() == 1
    rows = await world.pool.fetch("select tokens, lane, done_at from billing.outbox order by 1")
    lanes = {row["tokens"]: (row["lane"], row["done_at"] is None) for row in rows}
    assert lanes[7] == ("reconcile", True)
    assert lanes[5] == ("send", False), "what was sent long before is not doubted"


async def test_a_test_clock_is_the_time_of_its_accounts_only(world: World) -> None:
    client = await world.postpaid()
    other = await world.account("postpaid", 10)
    await clerk.subscribe_postpaid(world.desk)
    await client.days_pass(3)
    rows = await world.pool.fetch("select account, clock_at from billing.subscriptions")
    clocks = {row["account"]: row["clock_at"] for row in rows}
    assert clocks[other] is None
    assert clocks[client.account] > datetime.now(UTC) + timedelta(days=2)


async def test_objects_of_somebody_else_on_the_same_stripe_are_let_be(world: World) -> None:
    stranger = await world.desk.door.client.v1.customers.create_async({"name": "Stranger"})
    card = world.shop.give_card(stranger.id)
    made: Any = {"price_data": {"currency": "usd", "unit_amount": 500,
                                "product_data": {"name": "A book"}}, "quantity": 1}  # fmt: skip
    asked: Any = {"mode": "payment", "customer": stranger.id, "line_items": [made]}
    session = await world.desk.door.client.v1.checkout.sessions.create_async(asked)
    payment = world.shop.pay(session.id)["payment_intent"]
    await world.desk.door.refund("not ours", payment, 100)
    world.shop.dispute(payment)
    await world.hear(shuffle=3)
    rows = await world.pool.fetch("select detail from billing.stripe_inbox")
    details = {row["detail"] for row in rows} - {"nothing to do"}
    assert details == {"not one of our sessions", "not one of our payments"}
    assert await world.pool.fetchval("select count(*) from billing.transfers") == 0
    assert card["object"] == "payment_method"


async def test_an_event_about_nothing_is_done_and_one_that_is_nonsense_holds_up_nobody(
    world: World,
) -> None:
    account = await world.account()
    await _receive(world, _event("invoice.paid", {"id": "in_nobody"}))
    await _receive(world, _event("charge.dispute.created", {"id": "du_nobody"}, "evt_2"))
    await _receive(world, _event("payout.paid", {"id": "po_1"}, "evt_3"))
    await _receive(world, {"id": "evt_4", "type": "invoice.paid", "data": {"object": []}})
    await _receive(world, {"id": "evt_5", "type": "invoice.paid"})
    await world.buy(account, "a")
    await world.hear()
    assert (await world.balance(account)).posted == 100
    rows = await world.pool.fetch(
        "select event_id, done_at, detail from billing.stripe_inbox where event_id like 'evt__'"
    )
    waiting = {row["event_id"] for row in rows if row["done_at"] is None}
    assert waiting == {"evt_4", "evt_5"}
    assert all(row["detail"] for row in rows)


async def test_events_are_forgotten_once_stripe_has_forgotten_them(world: World) -> None:
    await _receive(world, _event("payout.paid", {"id": "po_1"}, "evt_old"))
    await _receive(world, _event("payout.paid", {"id": "po_2"}, "evt_new"))
    await world.handle()
    await _receive(world, _event("payout.paid", {"id": "po_3"}, "evt_waits"))
    await world.pool.execute(
        "update billing.stripe_inbox set received_at = now() - interval '36 days',"
        " done_at = done_at - interval '36 days' where event_id <> 'evt_new'"
    )
    assert await clerk.forget_events(world.desk) == 1
    left = await world.pool.fetch("select event_id from billing.stripe_inbox order by 1")
    assert [row["event_id"] for row in left] == ["evt_new", "evt_waits"]


async def test_events_wait_while_stripe_is_away_and_are_done_afterwards(world: World) -> None:
    account = await world.account()
    await world.buy(account, "a")
    world.shop.faults.set("refuse", chance=1.0)
    async with lent(world.pool) as conn:
        for one in world.shop.deliver():
            await inbox.receive(conn, one.body)
    await clerk.handle_stripe(world.desk)
    assert (await world.balance(account)).posted == 0
    world.shop.faults.clear()
    await world.pool.execute("update billing.stripe_inbox set next_at = now()")
    await world.handle()
    assert (await world.balance(account)).posted == 100


async def test_the_sweep_finds_invoices_refunds_and_disputes_whose_webhooks_never_came(
    world: World,
) -> None:
    client = await world.postpaid(collection="charge_automatically")
    world.shop.give_card(client.customer)
    await client.use(25, "one")
    account = await world.account()
    payment = await world.buy(account, "a")
    await client.days_pass(32, tell=False)
    await world.desk.door.refund("by hand", payment, 1500)
    world.shop.deliver()  # sent, and lost
    assert await clerk.sweep_stripe(world.desk) > 5
    assert await clerk.sweep_stripe(world.desk) == 0
    await world.handle()
    assert (await world.balance(account)).posted == 50
    assert (await client.invoice())["status"] == "paid"
