"""A top-up from the request to its tokens, by a real clerk and a real sandbox."""

import asyncio
import json
import time

from api import clerk
from api.clerk import Desk
from billing.connections import transaction
from billing.sandbox.app import sign
from billing.sandbox.shop import Shop
from tests.api.conftest import WEBHOOK_SECRET, Client, Door


async def test_a_topup_goes_from_the_request_to_tokens_and_is_credited_once(
    door: Door, desk: Desk, stripe: Shop
) -> None:
    client = await door.client(tokens=0)
    waiting = asyncio.create_task(
        client.post(
            "/v1/topups", {"tokens": 100, "currency": "cny"},
            headers={"idempotency-key": "t", "prefer": "wait=20"},
        )
    )  # fmt: skip
    for _ in range(500):
        await asyncio.sleep(0.02)
        if any(await asyncio.gather(clerk.start_topups(desk), clerk.start_topups(desk))):
            break
    answer = await waiting
    assert answer.status_code == 200
    topup = answer.json()
    assert topup["status"] == "open"
    session = topup["checkout_url"].rpartition("/")[2]
    assert [one["object"] for one in stripe.objects.values()].count("checkout.session") == 1
    stripe.pay(session)
    body = json.dumps({k: v for k, v in stripe.events[-1].items() if k != "delivered"}).encode()
    headers = {"stripe-signature": sign(body, WEBHOOK_SECRET, int(time.time()))}
    for kept in (True, False):
        told = await door.http.post("/webhooks/stripe", content=body, headers=headers)
        assert told.json() == {"kept": kept}
    assert await clerk.sweep_stripe(desk) == 0
    await asyncio.gather(clerk.handle_stripe(desk), clerk.handle_stripe(desk))
    assert (await client.get(f"/v1/topups/{topup['id']}")).json()["status"] == "paid"
    assert await client.available() == 100
    (line,) = (await client.get("/v1/ledger")).json()["items"]
    assert (line["kind"], line["tokens"]) == ("topup", 100)


async def test_a_topup_costs_what_was_said_when_it_was_asked_for(
    client: Client, door: Door, desk: Desk, stripe: Shop
) -> None:
    await client.post("/v1/topups", {"tokens": 100}, headers={"idempotency-key": "t"})
    await door.pool.execute("update api.topups set amount_minor = 1234")  # the book has changed
    assert await clerk.start_topups(desk) == 1
    (session,) = [one for one in stripe.objects.values() if one["object"] == "checkout.session"]
    assert session["amount_total"] == 1234


async def test_a_checkout_that_lapsed_ends_the_topup_and_a_paid_one_stays_paid(
    client: Client, door: Door, desk: Desk, stripe: Shop
) -> None:
    made = await client.post("/v1/topups", {"tokens": 100}, headers={"idempotency-key": "t"})
    topup = made.json()["id"]
    await clerk.start_topups(desk)
    (session,) = [one for one in stripe.objects.values() if one["object"] == "checkout.session"]
    session["status"] = "expired"
    stripe.emit("checkout.session.expired", session)
    assert await clerk.sweep_stripe(desk) == 1
    assert await clerk.handle_stripe(desk) == 1
    assert (await client.get(f"/v1/topups/{topup}")).json()["status"] == "expired"
    async with transaction(door.pool) as conn:
        await clerk.end_topup(conn, topup, session["id"], "paid")
        await clerk.end_topup(conn, topup, session["id"], "expired")
    assert (await client.get(f"/v1/topups/{topup}")).json()["status"] == "paid"


async def test_a_topup_that_stripe_refuses_fails_and_does_not_hold_up_the_next(
    client: Client, door: Door, desk: Desk
) -> None:
    headers = {"idempotency-key": "bad"}
    bad = (await client.post("/v1/topups", {"tokens": 100}, headers=headers)).json()["id"]
    good = await client.post("/v1/topups", {"tokens": 100}, headers={"idempotency-key": "good"})
    await clerk.start_topups(desk)
    await door.pool.execute(
        "update api.topups set state = 'requested', checkout_session = null, tokens = 200"
        " where id = $1", bad
    )  # fmt: skip
    await clerk.start_topups(desk)  # the same name, another body: Stripe will not have it
    assert (await client.get(f"/v1/topups/{bad}")).json()["status"] == "failed"
    assert (await client.get(f"/v1/topups/{good.json()['id']}")).json()["status"] == "open"


async def test_somebody_elses_checkout_on_the_same_stripe_is_let_be(
    client: Client, door: Door, desk: Desk, stripe: Shop
) -> None:
    await client.post("/v1/topups", {"tokens": 100}, headers={"idempotency-key": "t"})
    await clerk.start_topups(desk)
    (session,) = [one for one in stripe.objects.values() if one["object"] == "checkout.session"]
    session["metadata"] = {}
    stripe.pay(session["id"])
    assert await clerk.sweep_stripe(desk) == 1
    assert await clerk.handle_stripe(desk) == 1
    assert await client.available() == 1000
