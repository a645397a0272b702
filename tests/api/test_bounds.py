"""No more is taken in than may be unfinished: of a key, of an account, of all."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from msgspec import structs

from api.briefs.backlog import Backlog
from api.errors import StudiosBusy
from api.keys.contracts import SCOPES
from api.settings import GatewaySettings, SettingMissing, read
from billing.connections import lent
from engine.queue import store
from engine.queue.postgres import PostgresQueue
from tests.api.conftest import Client, Door

CHIME = {"kind": "chime", "duration_ms": 1000, "candidates": 1}
LEASE = timedelta(seconds=30)


@pytest.fixture
def settings(settings: GatewaySettings) -> GatewaySettings:
    """Room for five chimes of a key, eight of an account, twelve of all and three of batch work:
    each is expected to take 3.2 s."""
    return structs.replace(
        settings, open_briefs=8, open_briefs_per_key=5, backlog_s=40, batch_backlog_s=10
    )


def _told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


async def _send(client: Client, many: int, tag: str = "n", **more: object) -> list[httpx.Response]:
    """So many at the same moment, each under a name of its own."""
    return await asyncio.gather(
        *(client.brief({**CHIME, **more}, f"{tag}-{number}") for number in range(many))
    )


def _taken(answers: list[httpx.Response]) -> int:
    for one in answers:
        assert _told(one) in ((202, ""), (429, "queue_full")), one.text
    return sum(one.status_code == 202 for one in answers)


async def test_a_key_and_its_account_have_bounds_that_no_rush_oversteps(
    client: Client, door: Door
) -> None:
    answers = await _send(client, 12)
    assert _taken(answers) == 5
    refused = next(one for one in answers if one.status_code == 429)
    assert "this key has 5 unfinished" in refused.json()["detail"]
    assert refused.json()["retryable"]
    assert int(refused.headers["retry-after"]) == 4, "an average job, and nobody at work"
    other = await door.another_key(client.account, SCOPES)
    more = await _send(other, 12, "m")
    assert _taken(more) == 3
    assert any("this account has 8" in one.json().get("detail", "") for one in more)
    limits = (await other.get("/v1/capabilities")).json()["limits"]
    assert (limits["open_briefs"], limits["open_briefs_of_key"]) == (8, 3)
    assert (limits["open_briefs_max"], limits["open_briefs_per_key_max"]) == (8, 5)
    assert await client.available() == 1000 - 8, "what was refused holds nothing"


async def test_a_repeat_is_answered_though_the_queue_is_full(client: Client) -> None:
    first = await client.brief(CHIME, "n-0")
    assert _taken(await _send(client, 8)) == 5
    again = await client.brief(CHIME, "n-0")
    assert again.status_code == 202
    assert again.json()["id"] == first.json()["id"]


async def test_all_accounts_together_have_a_bound(door: Door) -> None:
    clients = [await door.client() for _ in range(4)]
    answers = await asyncio.gather(*(_send(one, 4) for one in clients))
    assert sum(map(_taken, answers)) == 12
    refused = next(one for each in answers for one in each if one.status_code == 429)
    assert "the studios have enough to do" in refused.json()["detail"]
    assert int(refused.headers["retry-after"]) == 2, "41.6 s less 40, and nobody at work"


async def test_batch_work_has_a_bound_of_its_own(door: Door) -> None:
    one, other = await door.client(), await door.client()
    assert _taken(await _send(one, 5, lane="batch")) == 3
    assert _taken(await _send(other, 4)) == 4, "and takes nothing from who cannot wait"


async def test_batch_work_whose_time_runs_short_keeps_its_own_bound(door: Door) -> None:
    assert _taken(await _send(await door.client(), 3, lane="batch")) == 3
    async with lent(door.pool) as conn:
        assert await store.hasten(conn, 10) == 0
        await conn.execute("update engine.jobs set urgent_at = now()")
        assert await store.hasten(conn, 10) == 3, "they wait with who cannot wait"
        backlog = Backlog(40, 10)
        await backlog.admit(conn, "interactive", 39)
        with pytest.raises(StudiosBusy):
            await backlog.admit(conn, "batch", 1)


async def test_what_has_ended_makes_room(client: Client, door: Door) -> None:
    from api import clerk

    assert _taken(await _send(client, 6)) == 5
    queue = PostgresQueue(door.pool)
    lease = await queue.claim("w1", LEASE)
    assert lease is not None
    await queue.finish(lease)
    while await clerk.settle_one(door.pool):
        pass
    assert _taken(await _send(client, 2, "later")) == 1


def test_no_bound_is_said_by_zero() -> None:
    environ = {
        "DATABASE_URL": "x", "CUESMITH_STORE": "x", "CUESMITH_PEPPER": "x" * 16,
        "CUESMITH_BACKLOG_S": "0", "CUESMITH_BATCH_BACKLOG_S": "90000",
    }  # fmt: skip
    settings = read(environ)
    assert (settings.backlog_s, settings.batch_backlog_s) == (0, 90_000)
    assert settings.open_briefs_per_key == 0
    with pytest.raises(SettingMissing, match="CUESMITH_BACKLOG_S"):
        read({**environ, "CUESMITH_BACKLOG_S": "-1"})
