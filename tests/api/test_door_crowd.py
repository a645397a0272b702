"""How many may be in: beyond the bound the next is sent away at once, and those who are in stay."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from msgspec import structs

from api import arrival
from api.app import create_app
from api.crowd import KEY, Crowd
from api.gathered import Gathered
from api.licenses.signing import Signer
from api.links import tickets
from api.settings import GatewaySettings
from engine.contracts import Asset
from engine.stock.places import object_path
from tests.api.conftest import PEPPER, Client, Door, opened


@asynccontextmanager
async def _client(
    settings: GatewaySettings, pool: asyncpg.Pool, folder: Path, **told: int
) -> AsyncIterator[Client]:
    app = create_app(structs.replace(settings, **told), Signer.create(folder / "own.pem"))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with opened(app), httpx.AsyncClient(transport=transport, base_url="http://door") as http:
        yield await Door(app=app, http=http, pool=pool, store=folder).client()


async def test_who_comes_when_it_is_full_is_sent_away_at_once(
    settings: GatewaySettings, pool: asyncpg.Pool, postgres: str, tmp_path: Path
) -> None:
    async with _client(settings, pool, tmp_path, open_requests=2) as client:
        conn = await asyncpg.connect(postgres)
        async with conn.transaction():
            await conn.execute("lock table billing.wallets in access exclusive mode")
            slow = [asyncio.create_task(client.get("/v1/balance")) for _ in range(2)]
            await asyncio.sleep(0.3)
            assert not any(one.done() for one in slow), "both are in, and neither is answered"
            refused = await client.get("/v1/balance")
            well = await client.get("/healthz")
            ready = await client.get("/readyz")
        answers = await asyncio.gather(*slow)
        after = await client.get("/v1/balance")
        await conn.close()
    assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
    assert refused.json()["retryable"] is True and int(refused.headers["retry-after"]) >= 1
    assert [one.status_code for one in (*answers, well, ready, after)] == [200] * 5


async def test_those_who_only_wait_are_not_in_anybodys_way(
    settings: GatewaySettings, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    async with _client(settings, pool, tmp_path, open_requests=1, waits_per_key=1) as client:
        brief = (await client.brief({"prompt": "calm piano", "duration_ms": 8000})).json()["id"]
        waiting = asyncio.create_task(client.get(f"/v1/briefs/{brief}?wait=60"))
        while not _held_back(client, brief):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        second = await client.get(f"/v1/briefs/{brief}?wait=60")
        assert (second.status_code, second.json()["status"]) == (200, "queued")
        assert not waiting.done(), "the first of the key still waits, the second was answered"
        await client.post(f"/v1/briefs/{brief}/cancel")
        waiting.cancel()


def _held_back(client: Client, brief: str) -> bool:
    transport = client.http._transport
    assert isinstance(transport, httpx.ASGITransport)
    return brief in transport.app.shop.briefs._waiting  # pyright: ignore


async def test_a_key_is_forgotten_when_its_last_request_has_waited() -> None:
    crowd = Crowd(most=3, waits_per_key=1)
    KEY.set("key_one")
    with crowd.aside() as first:
        with crowd.aside() as second:
            assert (first, second) == (True, False)
        KEY.set("key_two")
        with crowd.aside() as other:
            assert other, "another key's requests may wait"
    KEY.set("key_one")
    with crowd.aside() as again:
        assert again


async def test_reads_that_come_together_go_together_and_are_never_older_than_the_question() -> None:
    asked: list[list[str]] = []
    go = asyncio.Event()

    async def read(names: list[str]) -> dict[str, int]:
        asked.append(names)
        await go.wait()
        return {name: len(asked) for name in names if name != "nobody"}

    reads = Gathered(read)
    first = asyncio.create_task(reads.of("a"))
    while not asked:  # noqa: ASYNC110
        await asyncio.sleep(0)
    later = [asyncio.create_task(reads.of(name)) for name in ("a", "b", "a", "nobody")]
    gone = asyncio.create_task(reads.of("c"))
    await asyncio.sleep(0)
    gone.cancel()
    go.set()
    assert await first == 1
    assert await asyncio.gather(*later) == [2, 2, 2, None]
    assert asked == [["a"], ["a", "b", "nobody", "c"]]


async def test_a_read_that_fails_fails_for_all_who_asked_and_for_nobody_else() -> None:
    fails = True

    async def read(names: list[str]) -> dict[str, str]:
        if fails:
            raise OSError("the database is away")
        return {name: name for name in names}

    reads = Gathered(read)
    answers = await asyncio.gather(reads.of("a"), reads.of("b"), return_exceptions=True)
    assert all(isinstance(one, OSError) for one in answers)
    fails = False
    assert await reads.of("a") == "a"


async def test_what_cannot_be_read_fails_only_for_those_who_asked_for_it() -> None:
    async def read(names: list[str]) -> dict[str, str]:
        if "broken" in names:
            raise TypeError("a row that nobody understands")
        return {name: name for name in names}

    reads = Gathered(read)
    names = ["a", "b", "broken", "c", "broken", "a"]
    answers = await asyncio.gather(*map(reads.of, names), return_exceptions=True)
    told = [isinstance(one, TypeError) or one for one in answers]
    assert told == ["a", "b", True, "c", True, "a"]


async def test_a_brief_that_cannot_be_read_back_hides_no_other(door: Door, client: Client) -> None:
    """Not even one that another account asks for at the same moment."""
    other = await door.client()
    wish = {"prompt": "calm piano", "duration_ms": 8000}
    broken, whole = [(await one.brief(wish)).json()["id"] for one in (client, other)]
    await door.pool.execute("update api.briefs set request = '[]' where id = $1", broken)
    paths = [(client, broken), (other, whole)] * 10
    answers = await asyncio.gather(*(one.get(f"/v1/briefs/{brief}") for one, brief in paths))
    assert [answer.status_code for answer in answers] == [500, 200] * 10


async def test_who_takes_nothing_of_a_file_is_left(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrival, "STALLED_S", 0.2)
    asset = Asset(name="master", sha256="a" * 64, bytes=4, media_type="audio/wav")
    kept = door.store / object_path(asset.sha256)
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"RIFF")
    ticket = tickets.issue(PEPPER, asset, "a.wav", datetime.now(UTC) + timedelta(minutes=5))
    sent: list[str] = []

    async def send(message: Any) -> None:
        sent.append(message["type"])
        if message["type"] == "http.response.body":
            await asyncio.sleep(3600)

    async def receive() -> Any:
        await asyncio.sleep(3600)

    scope = {
        "type": "http", "method": "GET", "path": "/files/a.wav", "headers": [],
        "query_string": f"ticket={ticket}".encode(), "raw_path": b"/files/a.wav",
    }  # fmt: skip
    await asyncio.wait_for(door.app(scope, receive, send), 30)
    assert sent == ["http.response.start", "http.response.body"]
    assert door.app.crowd._working == 0 and not door.app.crowd._sending  # pyright: ignore
