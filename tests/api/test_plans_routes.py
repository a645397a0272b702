"""Plans over HTTP: asked for, waited for, bounded, and nobody else's business."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from msgspec import structs

from api.app import create_app
from api.licenses.signing import Signer
from api.settings import GatewaySettings
from billing.connections import lent
from engine.contracts import Outline, OutlinePart, OutlineSection
from engine.queue import service as queue
from engine.queue.contracts import Lease
from tests.api.conftest import Client, Door, opened

BED = {"prompt": "warm lo-fi beat", "kind": "bed", "duration_ms": 60_000, "candidates": 4}
LEASE = timedelta(seconds=60)
OUTLINE = Outline(
    style="lofi", kind="bed", duration_ms=60_000, tempo=80, meter="4/4", tonality="F major",
    sections=(OutlineSection(name="A", bars=1, energy=3, roles=("comp",), chords="I"),),
    parts=(OutlinePart(role="comp", instrument="ep_tine", low=48, high=72, velocity=(40, 90)),),
)  # fmt: skip


async def _claim(pool: asyncpg.Pool) -> Lease:
    async with lent(pool) as conn:
        taken = await queue.claim(conn, "studio", LEASE, "plans")
    assert taken is not None
    return taken


async def _hand_over(pool: asyncpg.Pool, lease: Lease, *plans: Outline) -> None:
    async with lent(pool) as conn:
        await queue.hand_over(conn, lease, plans)


async def test_plans_are_asked_for_made_and_read_and_cost_nothing(
    client: Client, door: Door
) -> None:
    asked = await client.post("/v1/plans", {**BED, "seed": 7})
    view = asked.json()
    assert asked.status_code == 202
    assert asked.headers["location"] == f"/v1/plans/{view['id']}"
    assert (view["status"], view["plans"], view["failure"]) == ("queued", [], None)
    assert view["url"].endswith(f"/v1/plans/{view['id']}")
    assert (view["seed"], view["resolved"]["seed"]) == (7, 7)
    assert view["resolved"]["style"] == "lofi"
    lease = await _claim(door.pool)
    assert (await client.get(f"/v1/plans/{view['id']}")).json()["status"] == "running"
    await _hand_over(door.pool, lease, OUTLINE, OUTLINE)
    read = (await client.get(f"/v1/plans/{view['id']}")).json()
    assert read["status"] == "ready"
    assert [one["sections"][0]["chords"] for one in read["plans"]] == ["I", "I"]
    assert await client.available() == 1000
    assert (await client.get("/v1/ledger")).json()["items"][1:] == []


async def test_a_plan_and_a_brief_of_one_account_and_seed_have_one_working_seed(
    door: Door,
) -> None:
    for client in (await door.client(), await door.client()):
        await client.post("/v1/plans", {**BED, "seed": 7})
        await client.brief({**BED, "seed": 7})
    rows = await door.pool.fetch("select account, wants, seed, resolved from engine.jobs")
    by_account: dict[str, set[int]] = {}
    for row in rows:
        by_account.setdefault(row["account"], set()).add(row["seed"])
    assert [len(seeds) for seeds in by_account.values()] == [1, 1]
    assert len(set.union(*by_account.values())) == 2, "nobody shares another account's"


async def test_a_seed_that_was_not_given_is_drawn_and_told(client: Client) -> None:
    first, second = [(await client.post("/v1/plans", BED)).json() for _ in range(2)]
    assert first["seed"] != second["seed"]
    assert first["resolved"]["seed"] == first["seed"]


async def test_waiting_ends_with_the_plans(client: Client, door: Door) -> None:
    waiting = asyncio.create_task(
        client.post("/v1/plans", BED, headers={"prefer": "respond-async, wait=20"})
    )
    for _ in range(500):
        await asyncio.sleep(0.02)
        if await door.pool.fetchval("select count(*) from engine.jobs"):
            break
    await _hand_over(door.pool, await _claim(door.pool), OUTLINE)
    answer = await waiting
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert answer.headers["preference-applied"] == "wait=20"
    assert answer.headers["location"] == f"/v1/plans/{answer.json()['id']}"


async def test_waiting_ends_when_the_time_is_up(client: Client) -> None:
    asked = await client.post("/v1/plans", BED, headers={"prefer": "wait=1"})
    assert (asked.status_code, asked.json()["status"]) == (202, "queued")
    again = await client.get(f"/v1/plans/{asked.json()['id']}", params={"wait": "1"})
    assert again.json()["status"] == "queued"


async def test_another_accounts_plans_do_not_exist(client: Client, door: Door) -> None:
    made = (await client.post("/v1/plans", BED)).json()["id"]
    await _hand_over(door.pool, await _claim(door.pool), OUTLINE)
    stranger = await door.client()
    for address in (f"/v1/plans/{made}", "/v1/plans/plan_nothing", f"/v1/plans/plan_{'0' * 24}"):
        answer = await stranger.get(address)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await client.get(f"/v1/plans/{made}")).status_code == 200


async def test_a_reader_reads_plans_and_asks_for_none(client: Client, door: Door) -> None:
    made = (await client.post("/v1/plans", BED)).json()["id"]
    reader = await door.another_key(client.account, ("read",))
    assert (await reader.get(f"/v1/plans/{made}")).status_code == 200
    refused = await reader.post("/v1/plans", BED)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")


async def test_plans_have_a_rate_and_a_bound_of_their_own(
    settings: GatewaySettings, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    tight = structs.replace(settings, plans_per_minute=60, plans_burst=3, open_plans=2)
    app = create_app(tight, Signer.create(tmp_path / "own.pem"))
    async with (
        opened(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://door") as http,
    ):
        client = await Door(app=app, http=http, pool=pool, store=tmp_path).client()
        answers = [await client.post("/v1/plans", BED) for _ in range(4)]
        limits = (await client.get("/v1/capabilities")).json()["limits"]
        elsewhere = await client.get("/v1/briefs")
        other = await client.brief(BED)
        shown = [one.headers["ratelimit"].partition(", ")[2] for one in answers]
    assert [one.status_code for one in answers] == [202, 202, 429, 429]
    assert [one.json().get("code") for one in answers[2:]] == ["queue_full", "rate_limited"]
    assert all(int(one.headers["retry-after"]) >= 1 for one in answers[2:])
    assert shown == ['"plans";r=2;t=1', '"plans";r=1;t=2', '"plans";r=0;t=3', shown[3]]
    assert shown[3].startswith('"plans";r=0;t=')
    assert answers[0].headers["ratelimit-policy"].endswith('"plans";q=60;w=60')
    assert "plans" not in elsewhere.headers["ratelimit"]
    assert other.status_code == 202, "briefs are counted apart"
    assert limits["plans_per_minute"] == 60
    assert limits["plans_at_once"] == 3
    assert (limits["open_plans_max"], limits["open_plans"]) == (2, 2)


async def test_no_more_are_open_than_may_be_however_many_ask_at_once(
    settings: GatewaySettings, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    app = create_app(structs.replace(settings, open_plans=2), Signer.create(tmp_path / "own.pem"))
    async with (
        opened(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://door") as http,
    ):
        client = await Door(app=app, http=http, pool=pool, store=tmp_path).client()
        answers = await asyncio.gather(*(client.post("/v1/plans", BED) for _ in range(8)))
    assert sorted(one.status_code for one in answers) == [202, 202, *[429] * 6]


async def test_silence_and_typing_errors_are_refused_like_those_of_a_brief(client: Client) -> None:
    wrong: list[tuple[Any, str]] = [
        ({}, "/prompt"), ({"promt": "x"}, "/promt"), ({**BED, "bpm": 0}, "/bpm"),
        ({**BED, "style": "polka-core"}, "/style"),
    ]  # fmt: skip
    for body, pointer in wrong:
        answer = await client.post("/v1/plans", body)
        assert answer.status_code == 422
        assert pointer in [one["pointer"] for one in answer.json()["errors"]]
