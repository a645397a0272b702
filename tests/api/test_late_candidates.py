"""A candidate that comes after its hold is over: paid from the wallet within the same quote, or
kept sealed for a day; never given away."""

from datetime import timedelta

from api import clerk
from api.clerk import Desk
from billing.connections import lent, transaction
from billing.ledger import service as ledger
from billing.notices import notices
from engine.contracts import Failed
from engine.queue.contracts import Lease
from tests.api.conftest import Client, Door
from tests.api.test_clerk import (
    _ask,
    _deliver,
    _finish,
    _lease,
    _let_put_off_pass,
    _view,
    _wallet,
)

LOST = Failed(code="x", detail="x")


async def _late(client: Client, door: Door) -> tuple[str, Lease]:
    """A brief whose hold was given back before its last candidate came."""
    brief, lease = await _ask(client), await _lease(door.pool)
    async with transaction(door.pool) as conn:
        hold = await conn.fetchval("select hold from api.briefs where id = $1", brief)
        assert hold is not None
        await ledger.release(conn, hold)
    await _deliver(door.pool, lease, 1)
    return brief, lease


async def _empty(door: Door, account: str) -> None:
    async with lent(door.pool) as conn:
        wallet = await ledger.balance(conn, account)
        await ledger.claw_back(conn, account, "everything", wallet.available)


async def test_a_late_candidate_is_paid_from_the_wallet(
    client: Client, door: Door, desk: Desk
) -> None:
    brief, lease = await _late(client, door)
    await _finish(door.pool, lease, LOST)
    assert await clerk.settle_due(desk) == 2
    view = await _view(client, brief)
    assert view["status"] == "partially_succeeded"
    assert [one["number"] for one in view["candidates"]] == [1]
    wallet = await _wallet(door.pool, client.account)
    assert (wallet.posted, wallet.held) == (998, 0)


async def test_a_late_candidate_nobody_can_pay_stays_sealed_until_tokens_come(
    client: Client, door: Door, desk: Desk
) -> None:
    brief, lease = await _late(client, door)
    await _finish(door.pool, lease, LOST)
    await _empty(door, client.account)
    assert await clerk.settle_due(desk) == 1, "the brief ends without it"
    assert (await _view(client, brief))["candidates"] == []
    async with lent(door.pool) as conn:
        (told,) = await notices(conn, client.account, 0, 10)
        assert (told.kind, told.facts["brief"]) == ("candidate_sealed", brief)
        await ledger.grant(conn, client.account, 2, "enough")
    await _let_put_off_pass(door.pool)
    assert await clerk.settle_due(desk) == 1
    assert [one["number"] for one in (await _view(client, brief))["candidates"]] == [1]
    assert (await _wallet(door.pool, client.account)).posted == 0


async def test_a_frozen_account_hears_its_late_candidate_when_it_is_thawed(
    client: Client, door: Door, desk: Desk
) -> None:
    brief, _ = await _late(client, door)
    async with lent(door.pool) as conn:
        await ledger.freeze(conn, client.account, "invoice:1")
    assert await clerk.settle_due(desk) == 0
    assert (await _view(client, brief))["candidates"] == []
    async with lent(door.pool) as conn:
        await ledger.thaw(conn, client.account, "invoice:1")
    await _let_put_off_pass(door.pool)
    assert await clerk.settle_due(desk) == 1
    assert len((await _view(client, brief))["candidates"]) == 1


async def test_a_sealed_candidate_is_let_go_after_a_day_and_costs_nothing(
    client: Client, door: Door, desk: Desk
) -> None:
    brief, _ = await _late(client, door)
    await _empty(door, client.account)
    assert await clerk.settle_due(desk) == 0
    await door.pool.execute(
        "update engine.deliveries set created_at = created_at - $1::interval", timedelta(hours=25)
    )
    await _let_put_off_pass(door.pool)
    assert await clerk.settle_due(desk) == 1, "it waits for nobody any more"
    async with lent(door.pool) as conn:
        await ledger.grant(conn, client.account, 100, "too late")
    await _let_put_off_pass(door.pool)
    assert await clerk.settle_due(desk) == 0
    assert (await _view(client, brief))["candidates"] == []
    assert (await _wallet(door.pool, client.account)).posted == 100


async def test_late_candidates_never_cost_more_than_was_quoted(
    client: Client, door: Door, desk: Desk
) -> None:
    brief, lease = await _late(client, door)
    await _deliver(door.pool, lease, 2, 3, 4, 5)  # the quote was for four
    assert await clerk.settle_due(desk) == 5
    assert [one["number"] for one in (await _view(client, brief))["candidates"]] == [1, 2, 3, 4]
    assert (await _wallet(door.pool, client.account)).posted == 992
