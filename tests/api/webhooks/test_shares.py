"""Whose turn it is at the post: nobody takes every place, and nobody sends what is another's."""

import asyncio

import asyncpg
import pytest

from api.clerk import messages
from api.webhooks import contracts, outbox, store
from billing.connections import lent, transaction
from tests.api.conftest import Client, Door
from tests.api.webhooks.conftest import TELL, Clerk, registered, tell
from tests.api.webhooks.receiving import Answer, Received, each, receiver, saying


async def test_who_has_lost_a_thread_sends_nothing_more_of_it(
    door: Door, client: Client, clerk: Clerk
) -> None:
    """Not even where another of the same clerk's has it now."""
    first, second = asyncio.Event(), asyncio.Event()
    async with receiver(each(_after(first), saying(200), _after(second))) as here:
        await registered(client, here.url)
        for number in range(2):
            await tell(door.pool, client.account, "brf_1", number)
        assert await clerk.post.begin_due() == 1
        await here.until(1)
        await door.pool.execute("update api.threads set lease_until = now()")
        assert await clerk.post.begin_due() == 1
        await here.until(3)
        first.set()
        while len(clerk.post._under_way) == 2 and len(here.received) == 3:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        second.set()
        await clerk.post.drained()
        assert [one.told["data"]["number"] for one in here.received] == [0, 0, 1]


def _after(said: asyncio.Event) -> Answer:
    async def answer(one: Received, writer: asyncio.StreamWriter) -> None:
        await said.wait()
        await saying(200)(one, writer)

    return answer


async def test_one_account_leaves_room_for_the_others(door: Door, client: Client) -> None:
    for _ in range(contracts.MOST_ENDPOINTS):
        await registered(client, "http://127.0.0.1:1/hook")
    for number in range(outbox.SLOTS):
        await tell(door.pool, client.account, f"brf_{number}")
    other = await door.client()
    theirs, _ = await registered(other, "http://127.0.0.1:1/hook")
    await tell(door.pool, other.account, "brf_other")
    claimed = [await _claimed(door.pool, worker) for worker in ("one", "two")]
    assert [theirs in one for one in claimed] == [True, False]
    assert sum(map(len, claimed)) == outbox.ACCOUNT_SLOTS + 1, "all clerks together"


async def _claimed(pool: asyncpg.Pool, worker: str) -> list[str]:
    async with transaction(pool) as conn:
        return [one.endpoint for one in await outbox.claim(conn, worker, messages.AT_ONCE)]


@pytest.mark.parametrize("before", [False, True], ids=["a new brief", "one that waits already"])
async def test_what_is_told_while_an_endpoint_is_disabled_does_not_wait_for_ever(
    door: Door, client: Client, before: bool
) -> None:
    endpoint, _ = await registered(client, "http://127.0.0.1:1/hook")
    if before:
        await tell(door.pool, client.account, "brf_1", 0)
    async with lent(door.pool) as telling:
        transaction_ = telling.transaction()
        await transaction_.start()
        late = await telling.fetchval(TELL, client.account, "candidate.ready", "brf_1", "{}")
        disabling = asyncio.create_task(_disabled(door.pool, endpoint))
        await asyncio.sleep(0.3)
        await transaction_.commit()
        await disabling
    states = "select state from api.sendings where message = $1"
    assert await door.pool.fetchval(states, late) == "waiting", "neither has seen the other"
    async with transaction(door.pool) as conn:
        await outbox.drop_late(conn)
        assert await outbox.waiting(conn) == 0
    assert await door.pool.fetchval(states, late) == "dropped"
    assert await door.pool.fetchval("select count(*) from api.threads") == 0


async def _disabled(pool: asyncpg.Pool, endpoint: str) -> None:
    async with transaction(pool) as conn:
        await store.disable(conn, endpoint, "gone")
