"""A batch on its way: results while it is made, what it costs, what is licensed, its end."""

import asyncio
import csv
import io
import json
from datetime import timedelta
from zipfile import ZipFile

import asyncpg
import pytest

from api.clerk.batches import end_batches, stop_batches
from api.clerk.desk import Desk
from billing.connections import lent
from billing.ledger import service as ledger
from engine.queue import service as queue
from engine.queue.contracts import Progress
from tests.api.batches.uploads import CHIME, chimes, lines, results, taken, told
from tests.api.conftest import Client, Door
from tests.api.studio import make_and_settle

_LEASE = timedelta(minutes=1)


async def promised(pool: asyncpg.Pool) -> bool:
    """Whether the ledger keeps its promises."""
    async with lent(pool) as conn:
        broken = await ledger.violations(conn)
    assert broken == []
    return True


async def spent(client: Client) -> int:
    """What the ledger says went out for auditions and licenses, less what came back."""
    found = (await client.get("/v1/ledger?limit=100")).json()["items"]
    return -sum(one["tokens"] for one in found if one["kind"] in ("audition", "license", "refund"))


@pytest.mark.slow
async def test_a_catalogue_from_upload_to_package(
    door: Door, client: Client, pool: asyncpg.Pool, desk: Desk
) -> None:
    hook = {"url": "https://93.184.216.34/hook", "types": ["batch.ended"]}
    assert (await client.post("/v1/webhook_endpoints", hook)).is_success
    content = chimes(2, project="autumn") + lines(
        CHIME | {"reference": "=two/\u4e8c", "candidates": 2, "kind": "sting", "duration_ms": 1500}
    )
    batch = await taken(client, content)
    assert await end_batches(desk) == 0, "nothing of it has ended"
    picked = await client.post(f"/v1/batches/{batch}/picks", {"first_line": 1, "last_line": 3})
    assert {one["reason"] for one in picked.json()["skipped"]} == {"unfinished"}

    await make_and_settle(door.pool, door.store)
    said = await told(client, batch)
    assert (said["status"], said["counts"]["succeeded"]) == ("running", 3)
    assert await end_batches(desk) == 1
    assert await end_batches(desk) == 0, "an end is told once"
    said = await told(client, batch)
    assert (said["status"], said["candidates"], said["expected_s"]) == ("ended", 4, 0)
    assert said["expected_end_at"] == said["finished_at"]
    assert said["tokens"] == {
        "quoted": 4, "held": 0, "captured": 4, "released": 0, "late": 0, "licenses": 0
    }  # fmt: skip
    (event,) = (await client.get("/v1/events?type=batch.ended")).json()["items"]
    assert event["data"] == {"batch": batch, "briefs": 3, "counts": {"succeeded": 3}}

    await _results_in_pages(client, batch)
    await _picks(client, pool, batch)
    await _statement(client, batch)
    await _package(client, batch)
    late = await client.post(f"/v1/batches/{batch}/cancel")
    assert (late.status_code, late.json()["code"]) == (409, "already_terminal")
    assert await promised(pool)


async def _results_in_pages(client: Client, batch: str) -> None:
    whole = await results(client, batch)
    assert [one["line"] for one in whole] == [1, 2, 3]
    assert [len(one["candidates"]) for one in whole] == [1, 1, 2]
    first = await client.get(f"/v1/batches/{batch}/results?limit=2&status=succeeded")
    assert first.headers["content-type"].startswith("application/jsonl")
    more = first.headers["link"].partition(">")[0].lstrip("<").partition("/v1/")[2]
    rest = await client.get(f"/v1/{more}")
    assert "link" not in rest.headers
    paged = [json.loads(line) for line in (first.text + rest.text).splitlines()]
    assert paged == whole
    assert await results(client, batch, "?status=failed") == []


async def _picks(client: Client, pool: asyncpg.Pool, batch: str) -> None:
    where = f"/v1/batches/{batch}/picks"
    wrong = await client.post(where, {"first_line": 1, "last_line": 101})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/last_line")
    await pool.execute(
        "update api.candidates set made = jsonb_set(made, '{rating}', '0.5') where brief ="
        " (select id from api.briefs where batch = $1 and batch_line = 1)", batch
    )  # fmt: skip
    none = (await client.post(where, {"first_line": 1, "last_line": 1, "rating_min": 0.6})).json()
    assert none == {"picks": [], "skipped": [{"line": 1, "reason": "rated"}], "stopped": None}
    first = (await client.post(where, {"first_line": 2, "last_line": 3})).json()
    again = (await client.post(where, {"first_line": 2, "last_line": 3})).json()
    assert [one["new"] for one in first["picks"]] == [True, True]
    assert [one["new"] for one in again["picks"]] == [False, False]
    assert [{**one, "new": True} for one in again["picks"]] == first["picks"]
    third = (await results(client, batch))[2]
    best = max(third["candidates"], key=lambda one: (one["passed"], one["rating"], -one["number"]))
    assert first["picks"][1]["candidate"] == best["id"]
    assert best["license"] == first["picks"][1]["license"]


async def _statement(client: Client, batch: str) -> None:
    where = f"/v1/batches/{batch}/statement"
    said = (await client.get(where)).json()
    assert said["spent_tokens"] - said["returned_tokens"] == await spent(client)
    assert -sum(one["tokens"] for one in said["lines"]) == said["spent_tokens"]
    tokens = said["tokens"]
    assert said["spent_tokens"] == tokens["captured"] + tokens["late"] + tokens["licenses"]
    ledger_ids = {one["id"] for one in (await client.get("/v1/ledger?limit=100")).json()["items"]}
    assert {one["id"] for one in said["lines"]} <= ledger_ids
    page = (await client.get(f"{where}?limit=2")).json()
    rest = (await client.get(f"{where}?limit=2&cursor={page['next_cursor']}")).json()
    assert page["lines"] + rest["lines"] == said["lines"]
    assert rest["next_cursor"] is None
    sheet = await client.get(where, headers={"accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(sheet.text)))
    assert rows[-1]["kind"] == "total"
    assert -int(rows[-1]["tokens"]) == said["spent_tokens"]
    assert len(rows) == len(said["lines"]) + 1
    assert "'=two/\u4e8c" in {row["reference"] for row in rows}
    assert (await client.get(f"{where}?format=csv&limit=2")).status_code == 422


async def _package(client: Client, batch: str) -> None:
    where = f"/v1/batches/{batch}/package"
    answer = await client.get(where)
    with ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        rows = json.loads(archive.read("manifest.json"))
        table = list(csv.DictReader(io.StringIO(archive.read("manifest.csv").decode())))
        assert [row["line"] for row in rows] == [int(row["line"]) for row in table] == [1, 2, 3]
        assert rows[0]["track"] is None
        named = set(archive.namelist())
        for row in rows[1:]:
            assert {*row["files"], row["certificate"]} <= named
            master = await client.get(f"/v1/tracks/{row['track']}/files/master")
            assert archive.read(row["files"][0]) == master.content
            document = await client.get(f"/v1/licenses/{row['license']}/certificate")
            assert archive.read(row["certificate"]) == document.content
        assert any(name.startswith("00003-two/") for name in named), named
        assert len(named) == 2 + 2 * 2
    listed = await client.get(f"{where}?files=manifest")
    with ZipFile(io.BytesIO(listed.content)) as archive:
        assert set(archive.namelist()) == {"manifest.json", "manifest.csv"}
    head = await client.http.request(
        "HEAD", where, headers={"authorization": f"Bearer {client.secret}"}
    )
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.slow
async def test_a_canceled_batch_gives_back_what_was_not_made(
    door: Door, client: Client, pool: asyncpg.Pool, desk: Desk
) -> None:
    body = {"scope": "project", "subject": "autumn", "cap": 500}
    headers = {"authorization": f"Bearer {client.secret}"}
    assert (await client.http.put("/v1/budgets", json=body, headers=headers)).is_success
    batch = await taken(client, chimes(230, project="autumn"))
    alone = (await client.brief(CHIME)).json()["id"]
    async with lent(pool) as conn:
        await conn.execute("delete from engine.jobs where id = $1", alone)  # nobody shall take it
        begun = [await queue.claim(conn, "studio", _LEASE) for _ in range(2)]
    assert await stop_batches(desk) == 0, "nobody has asked for it"
    assert (await client.post(f"/v1/batches/{batch}/cancel")).json()["status"] == "canceling"
    assert (await client.post(f"/v1/batches/{batch}/cancel")).status_code == 200, "a repeat"
    assert await stop_batches(desk) == 230
    assert await stop_batches(desk) == 0
    said = await told(client, batch)
    assert (said["counts"]["canceled"], said["counts"]["running"]) == (228, 2)
    assert (said["tokens"]["released"], said["tokens"]["held"]) == (228, 2)
    assert await end_batches(desk) == 0, "studios are still at two of it"
    async with lent(pool) as conn:
        for lease in begun:
            assert lease is not None
            assert await queue.beat(conn, lease, _LEASE, Progress()), "it is told to stop"
            await queue.finish(conn, lease, canceled=True)
    await make_and_settle(door.pool, door.store)
    assert await end_batches(desk) == 1
    said = await told(client, batch)
    assert (said["status"], said["counts"]["canceled"]) == ("ended", 230)
    assert said["tokens"]["held"] == 0
    assert await client.available() == 999, "all but what the brief alone holds"
    assert (await client.get("/v1/budgets")).json()["items"][0]["held"] == 0
    assert await promised(pool)
    anew = await taken(client, chimes(230, project="autumn"), "anew")
    assert anew != batch, "a batch that was stopped may be uploaded again"


@pytest.mark.slow
async def test_licenses_stop_where_the_tokens_do(door: Door, pool: asyncpg.Pool) -> None:
    client = await door.client(tokens=3 + 2 + 1)
    batch = await taken(client, chimes(3))
    await make_and_settle(door.pool, door.store)
    license_ = (await results(client, batch))[0]["tokens"]["license"]
    assert license_ == 2
    asked = {"first_line": 1, "last_line": 3}
    said = (await client.post(f"/v1/batches/{batch}/picks", asked)).json()
    assert [one["line"] for one in said["picks"]] == [1]
    assert [(one["line"], one["reason"]) for one in said["skipped"]] == [(2, "paid"), (3, "paid")]
    assert said["stopped"] == "insufficient_tokens"
    refused = await client.post(f"/v1/batches/{batch}/picks", asked)
    assert (refused.status_code, refused.json()["code"]) == (402, "insufficient_tokens")
    assert await promised(pool)


@pytest.mark.slow
async def test_what_is_licensed_already_is_told_also_behind_where_tokens_end(door: Door) -> None:
    client = await door.client(tokens=3 + 2 + 2 + 1)
    batch = await taken(client, chimes(3))
    await make_and_settle(door.pool, door.store)
    path = f"/v1/batches/{batch}/picks"
    last = (await client.post(path, {"first_line": 3, "last_line": 3})).json()["picks"]
    said = (await client.post(path, {"first_line": 1, "last_line": 3})).json()
    assert [(one["line"], one["new"]) for one in said["picks"]] == [(1, True), (3, False)]
    assert said["picks"][1]["license"] == last[0]["license"]
    assert [(one["line"], one["reason"]) for one in said["skipped"]] == [(2, "paid")]
    assert said["stopped"] == "insufficient_tokens"
    assert await client.available() == 1


async def test_two_clerks_end_a_batch_once(client: Client, pool: asyncpg.Pool, desk: Desk) -> None:
    batch = await taken(client, chimes(3))
    await client.post(f"/v1/batches/{batch}/cancel")
    stopped = await asyncio.gather(stop_batches(desk), stop_batches(desk))
    assert sum(stopped) == 3
    assert sum(await asyncio.gather(end_batches(desk), end_batches(desk))) == 1
    assert len((await client.get("/v1/events?type=batch.ended")).json()["items"]) == 1
    assert await promised(pool)
