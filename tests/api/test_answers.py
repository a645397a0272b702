"""What HTTP expects beside the body: HEAD, rates on refusals, preferences, repeats, counts."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from msgspec import structs
from prometheus_client import REGISTRY

from api.app import create_app
from api.licenses.signing import Signer
from api.settings import GatewaySettings
from tests.api.conftest import Client, Door, opened, with_rate
from tests.api.studio import CHIME, make_and_settle

BED = {"prompt": "warm lo-fi beat", "kind": "bed", "duration_ms": 60_000, "candidates": 4}


async def _candidate(client: Client, door: Door) -> str:
    brief = (await client.brief({**CHIME, "candidates": 1})).json()["id"]
    await make_and_settle(door.pool, door.store)
    return (await client.get(f"/v1/briefs/{brief}")).json()["candidates"][0]["id"]


@pytest.mark.parametrize("path", ["/healthz", "/docs", "/openapi.json", "/v1/balance"])
async def test_head_is_get_without_a_body(client: Client, path: str) -> None:
    headers = {"authorization": f"Bearer {client.secret}"}
    got = await client.get(path)
    head = await client.http.head(path, headers=headers)
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert head.headers["content-length"] == got.headers["content-length"]


async def test_head_tells_the_size_of_a_candidate_without_reading_it(
    client: Client, door: Door
) -> None:
    address = f"/v1/candidates/{await _candidate(client, door)}/audio"
    headers = {"authorization": f"Bearer {client.secret}"}
    got = await client.get(address)
    for file in door.store.rglob("*"):
        if file.is_file():
            file.unlink()
    head = await client.http.head(address, headers=headers)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(got.content))
    assert head.headers["etag"] == got.headers["etag"]


async def test_a_file_the_shelf_has_lost_is_a_problem_and_not_half_an_answer(
    client: Client, door: Door
) -> None:
    address = f"/v1/candidates/{await _candidate(client, door)}/audio"
    for file in door.store.rglob("*"):
        if file.is_file():
            file.unlink()
    answer = await client.get(address)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.json()["retryable"] is True
    assert str(door.store) not in answer.text


async def test_a_method_that_is_not_taken_is_told_which_are(door: Door) -> None:
    taken = await door.http.put("/v1/briefs")
    assert {"GET", "HEAD", "POST"} <= set(taken.headers["allow"].split(", "))
    asked = await door.http.options("/v1/api_keys")
    assert (asked.status_code, asked.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")
    head = await door.http.head("/v1/quotes")
    assert (head.status_code, head.content) == (405, b"")


async def test_every_answer_of_a_key_says_what_is_left_of_its_rate(
    settings: GatewaySettings, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    app = create_app(with_rate(settings, 60, 2), Signer.create(tmp_path / "own.pem"))
    async with (
        opened(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://door") as http,
    ):
        client = await Door(app=app, http=http, pool=pool, store=tmp_path).client()
        refused = await client.get("/v1/briefs/brf_nothing")
        await client.get("/v1/balance")
        too_many = await client.get("/v1/balance")
    assert (refused.status_code, refused.headers["ratelimit"]) == (404, '"req";r=1;t=1')
    assert too_many.status_code == 429
    assert too_many.headers["ratelimit"].startswith('"req";r=0;t=')
    for answer in (refused, too_many):
        assert answer.headers["ratelimit-policy"] == '"req";q=60;w=60'


async def test_a_repeat_says_so_and_a_preference_is_acknowledged(client: Client) -> None:
    first = await client.brief(BED)
    again = await client.post(
        "/v1/briefs", BED, headers={"idempotency-key": "first", "prefer": "respond-async, wait=1"}
    )
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["preference-applied"] == "wait=1"
    assert again.json()["id"] == first.json()["id"]
    address = f"/v1/briefs/{first.json()['id']}"
    read = await client.get(address, headers={"prefer": "wait=1"})
    assert read.headers["preference-applied"] == "wait=1"
    assert "preference-applied" not in (await client.get(address)).headers


async def test_a_request_of_the_same_name_that_still_runs_is_told_to_wait(
    client: Client, door: Door
) -> None:
    async with door.pool.acquire() as conn, conn.transaction():
        name = f"{client.account} create_brief first"
        await conn.execute("select pg_advisory_xact_lock(hashtextextended($1, 727002))", name)
        early = await client.brief(BED)
    assert (early.status_code, early.json()["code"]) == (409, "idempotency_in_progress")
    assert early.json()["retryable"] is True
    assert early.headers["retry-after"] == "1"
    assert await client.available() == 1000
    assert (await client.brief(BED)).status_code == 202


async def test_whoever_waits_is_answered_when_the_gateway_stops(client: Client, door: Door) -> None:
    brief = (await client.brief(BED)).json()["id"]
    waiting = asyncio.create_task(client.get(f"/v1/briefs/{brief}", params={"wait": "60"}))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    door.app.shop.briefs.dismiss()
    async with asyncio.timeout(5):
        answer = await waiting
        late = await client.get(f"/v1/briefs/{brief}", params={"wait": "60"})
    assert (answer.status_code, answer.json()["status"]) == (200, "queued")
    assert late.json()["status"] == "queued"


async def test_requests_are_counted_by_route_and_never_by_address(
    client: Client, door: Door
) -> None:
    strange = "/v1/nowhere-7f3a"
    await client.get(strange)
    await client.get("/v1/briefs/brf_000000000000000000000000")
    routes = {
        sample.labels["route"]
        for metric in REGISTRY.collect()
        if metric.name == "gateway_requests"
        for sample in metric.samples
    }
    assert {"(none)", "/v1/briefs/{brief}"} <= {route.replace(":str", "") for route in routes}
    assert not any("brf_0" in route or "nowhere" in route for route in routes)


async def test_a_quote_binds_for_its_own_brief_its_own_account_and_its_own_time(
    client: Client, door: Door
) -> None:
    quote = (await client.post("/v1/quotes", BED)).json()["id"]
    other = await client.brief({**BED, "candidates": 2, "quote": quote}, "other")
    assert (other.status_code, other.json()["code"]) == (422, "quote_mismatch")
    assert other.json()["errors"][0]["pointer"] == "/quote"
    stranger = await door.client()
    foreign = await stranger.brief({**BED, "quote": quote})
    assert (foreign.status_code, foreign.json()["errors"][0]["pointer"]) == (422, "/quote")
    await door.pool.execute("update api.quotes set expires_at = now() - interval '1 s'")
    late = await client.brief({**BED, "quote": quote}, "late")
    assert (late.status_code, late.json()["code"]) == (410, "quote_expired")
    assert await client.available() == await stranger.available() == 1000


async def test_an_account_with_too_many_open_briefs_is_told_to_wait(
    settings: GatewaySettings, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    app = create_app(structs.replace(settings, open_briefs=1), Signer.create(tmp_path / "own.pem"))
    async with (
        opened(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://door") as http,
    ):
        client = await Door(app=app, http=http, pool=pool, store=tmp_path).client()
        assert (await client.brief(BED)).status_code == 202
        full = await client.brief(BED, "second")
        repeat = await client.brief(BED)
        left = await client.available()
    assert (full.status_code, full.json()["code"]) == (429, "queue_full")
    assert 1 <= int(full.headers["retry-after"]) <= 3600
    assert repeat.status_code == 202, "a repeat is no new brief"
    assert left == 992


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", ""])
async def test_a_body_that_is_not_announced_as_json_is_refused(
    client: Client, content_type: str
) -> None:
    answer = await client.post(
        "/v1/briefs", content=b"{}", headers={"content-type": content_type, "idempotency-key": "x"}
    )
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_a_pick_needs_a_name_and_takes_no_body(client: Client, door: Door) -> None:
    address = f"/v1/candidates/{await _candidate(client, door)}/pick"
    unnamed = await client.post(address)
    assert (unnamed.status_code, unnamed.json()["code"]) == (400, "idempotency_key_required")
    bodied = await client.post(address, {"rights": "all"}, headers={"idempotency-key": "x"})
    assert (bodied.status_code, bodied.json()["errors"][0]["pointer"]) == (422, "/rights")
    assert await client.available() == 999


async def test_a_database_that_drops_its_connections_is_met_again(
    client: Client, door: Door
) -> None:
    async def drop() -> None:
        async with door.pool.acquire() as conn:
            await conn.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and pid <> pg_backend_pid()"
            )

    await drop()
    seen = [(await client.get("/v1/balance")).status_code for _ in range(4)]
    assert set(seen) <= {200, 503}
    assert seen[-1] == 200


async def test_without_its_database_every_call_says_to_come_back(
    client: Client, door: Door
) -> None:
    await door.app.shop.pool.close()
    for answer in (await client.get("/v1/balance"), await client.brief(BED)):
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert answer.json()["retryable"] is True
        assert answer.headers["retry-after"] == "2"


async def test_a_client_that_leaves_in_the_middle_is_no_fault(client: Client, door: Door) -> None:
    sent: list[Any] = []
    said = [
        {"type": "http.request", "body": b'{"prompt": ', "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Any:
        return said.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [
        (b"authorization", f"Bearer {client.secret}".encode()),
        (b"content-type", b"application/json"), (b"idempotency-key", b"x"),
    ]  # fmt: skip
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
        "scheme": "http", "path": "/v1/briefs", "raw_path": b"/v1/briefs", "query_string": b"",
        "root_path": "", "headers": headers, "server": ("door", 80), "client": ("1.2.3.4", 5),
    }  # fmt: skip
    await door.app(scope, receive, send)
    assert sent[0]["status"] == 400
    assert await client.available() == 1000
