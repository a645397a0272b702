"""Families of cabin sounds over HTTP: priced by their sounds, held, heard one by one, picked."""

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np
import soundfile

from api import clerk
from api.licenses import certificate as certificates
from api.licenses import service as licenses
from billing.connections import lent
from billing.ledger import service as ledger
from engine.contracts import Failed, FamilyMade, FamilyMember, Measured
from engine.queue import service as queue
from engine.queue.contracts import Lease
from engine.studio.shelf import open_shelf
from tests.api.conftest import Client, Door
from tests.api.studio import make_and_settle

FAMILY = {
    "brand": {"warm": 0.6}, "tonic": "D", "candidates": 2, "seed": 3,
    "functions": ["door_open", "door_close", "charging"],
    "limits": {"charging": {"duration_ms": 60_000}},
}  # fmt: skip
EACH = 1 + 1 + 2  # a sound below 30 s is a token, a minute of charging two


async def ask(client: Client, body: dict[str, Any] = FAMILY, name: str = "first") -> Any:
    return await client.post("/v1/families", body, headers={"idempotency-key": name})


async def _lease(pool: asyncpg.Pool) -> Lease:
    async with lent(pool) as conn:
        taken = await queue.claim(conn, "studio", timedelta(seconds=60), "families")
    assert taken is not None
    return taken


def _made(lease: Lease, number: int, store: Path) -> FamilyMade:
    """A family whose files are words."""
    shelf, resolved = open_shelf(str(store)), lease.job.family
    members = tuple(
        FamilyMember(
            name=one.name, function=one.function, duration_ms=one.duration_ms, frames=one.frames,
            measured=(Measured(name="duration", passed=number == 1),),
            assets=tuple(
                shelf.put(asset, f"{asset} for {one.name} {number}".encode(), kind)
                for asset, kind in (
                    (one.name, "audio/wav"), ("evaluation", "audio/wav"), ("preview", "audio/mpeg"),
                )
            ),
        )
        for one in resolved.functions
    )  # fmt: skip
    return FamilyMade(
        number=number, take=number, seed=5, rating=0.7, resolved=resolved, members=members,
        character={"signature": "fifth"}, measured=(Measured(name="likeness"),),
        compared=("door_open", "door_close"), distances=((0.0, 0.4), (0.4, 0.0)),
    )  # fmt: skip


async def _deliver(door: Door, *numbers: int, failure: Failed | None = None) -> None:
    lease = await _lease(door.pool)
    async with lent(door.pool) as conn:
        for number in numbers:
            await queue.deliver(conn, lease, _made(lease, number, door.store))
        await queue.finish(conn, lease, failure=failure)
    while await clerk.settle_one(door.pool):
        pass


async def _wallet(door: Door, account: str) -> tuple[int, int]:
    async with lent(door.pool) as conn:
        assert await ledger.violations(conn) == []
        wallet = await ledger.balance(conn, account)
    return wallet.posted, wallet.held


async def test_a_family_is_priced_by_its_sounds_and_charged_by_its_candidates(
    client: Client, door: Door
) -> None:
    quoted = (await client.post("/v1/families/quotes", FAMILY)).json()
    assert quoted["audition_tokens_each"] == EACH
    assert quoted["audition_tokens"] == 2 * EACH
    assert quoted["license_tokens"] == 4 * EACH
    asked = await ask(client, {**FAMILY, "quote": quoted["id"]})
    view = asked.json()
    assert asked.status_code == 202
    assert asked.headers["location"] == f"/v1/families/{view['id']}"
    assert view["tokens"]["held"] == 2 * EACH
    assert (view["seed"], view["resolved"]["seed"]) == (3, 3)
    assert [one["name"] for one in view["resolved"]["functions"]] == FAMILY["functions"]
    again = await ask(client, {**FAMILY, "quote": quoted["id"]})
    assert (again.json()["id"], again.headers["idempotent-replayed"]) == (view["id"], "true")
    await _deliver(door, 1, 2)
    ended = (await client.get(f"/v1/families/{view['id']}?wait=1")).json()
    assert ended["status"] == "succeeded"
    assert [(one["number"], one["passed"]) for one in ended["candidates"]] == [
        (1, True), (2, False),
    ]  # fmt: skip
    assert (ended["tokens"]["captured"], ended["tokens"]["held"]) == (2 * EACH, 0)
    assert await _wallet(door, client.account) == (1000 - 2 * EACH, 0)


async def test_what_is_not_delivered_is_given_back(client: Client, door: Door) -> None:
    made = (await ask(client)).json()["id"]
    await _deliver(door, 1, failure=Failed(code="fewer_candidates", detail="one was not good"))
    view = (await client.get(f"/v1/families/{made}")).json()
    assert view["status"] == "partially_succeeded"
    assert await _wallet(door, client.account) == (1000 - EACH, 0)
    other = (await ask(client, name="other")).json()["id"]
    assert await _wallet(door, client.account) == (1000 - EACH, 2 * EACH)
    stopped = await client.post(f"/v1/families/{other}/cancel")
    assert (stopped.status_code, stopped.json()["cancel_asked"]) == (200, True)
    while await clerk.settle_one(door.pool):
        pass
    assert (await client.get(f"/v1/families/{other}")).json()["status"] == "canceled"
    assert await _wallet(door, client.account) == (1000 - EACH, 0)
    ended = await client.post(f"/v1/families/{made}/cancel")
    assert (ended.status_code, ended.json()["code"]) == (409, "already_terminal")


async def _candidates(client: Client, door: Door) -> list[str]:
    made = (await ask(client)).json()["id"]
    await _deliver(door, 1, 2)
    view = (await client.get(f"/v1/families/{made}")).json()
    return [one["id"] for one in view["candidates"]]


async def test_every_sound_of_a_candidate_is_heard_by_its_function(
    client: Client, door: Door
) -> None:
    first, _ = await _candidates(client, door)
    view = (await client.get(f"/v1/candidates/{first}")).json()
    assert (view["resolved"], view["plan"], view["audio"]) == (None, None, {})
    family = view["family"]
    assert family["character"] == {"signature": "fifth"}
    assert family["resolved"]["seed"] == 3
    assert [one["name"] for one in family["members"]] == FAMILY["functions"]
    assert family["compared"] == ["door_open", "door_close"]
    address = family["members"][1]["audio"]["wav"].partition("/v1/")[2]
    heard = await client.get(f"/v1/{address}")
    assert (heard.status_code, heard.content) == (200, b"evaluation for door_close 1")
    assert heard.headers["content-type"] == "audio/wav"
    small = await client.get(
        f"/v1/candidates/{first}/audio?function=charging", headers={"range": "bytes=0-6"}
    )
    assert (small.status_code, small.content) == (206, b"preview")
    for asked in ("", "?function=horn"):
        refused = await client.get(f"/v1/candidates/{first}/audio{asked}")
        (reason,) = refused.json()["errors"]
        assert (refused.status_code, reason["pointer"]) == (422, "/query/function")
        assert reason["limit"] == FAMILY["functions"]


async def test_a_picked_family_is_a_track_whose_files_are_its_functions(
    client: Client, door: Door
) -> None:
    first, _ = await _candidates(client, door)
    picked = await client.post(f"/v1/candidates/{first}/pick", headers={"idempotency-key": "p"})
    again = await client.post(f"/v1/candidates/{first}/pick", headers={"idempotency-key": "q"})
    assert (picked.status_code, again.status_code) == (201, 200)
    assert picked.json()["tokens"] == 4 * EACH
    assert await _wallet(door, client.account) == (1000 - 6 * EACH, 0)
    track = (await client.get(f"/v1/tracks/{picked.json()['track']}")).json()
    assert track["plan"] is None
    assert [one["name"] for one in track["files"]] == FAMILY["functions"]
    file = await client.get(f"/v1/tracks/{track['id']}/files/door_open")
    assert file.content == b"door_open for door_open 1"
    whole = await client.get(f"/v1/tracks/{track['id']}/audio")
    assert (whole.status_code, whole.json()["code"]) == (404, "not_found")
    assert "door_open" in whole.json()["detail"]
    address = f"/v1/licenses/{picked.json()['id']}/certificate"
    document = (await client.get(address)).content
    said = certificates.verify(document, await licenses.key_set(door.pool))
    assert certificates.names_audio(said, file.content)
    assert not certificates.names_audio(said, b"door_open for door_open 2")
    listed = [(await client.get(f"/v1/{of}")).json()["items"] for of in ("tracks", "licenses")]
    assert [len(items) for items in listed] == [1, 1]


async def test_a_family_track_is_packed_for_a_car_and_for_nothing_else(
    client: Client, door: Door
) -> None:
    first, _ = await _candidates(client, door)
    track = (
        await client.post(f"/v1/candidates/{first}/pick", headers={"idempotency-key": "p"})
    ).json()["track"]
    odd = await client.get(f"/v1/tracks/{track}/package?profile=unity")
    (reason,) = odd.json()["errors"]
    assert (odd.status_code, reason["pointer"]) == (422, "/query/profile")
    assert reason["limit"] == ["automotive"]
    faster = await client.post(
        f"/v1/tracks/{track}/renditions", {"profile": "automotive", "sample_rate": 96_000},
        headers={"idempotency-key": "faster"},
    )  # fmt: skip
    assert [one["pointer"] for one in faster.json()["errors"]] == ["/sample_rate"]
    asked = await client.get(f"/v1/tracks/{track}/package?profile=automotive")
    assert asked.status_code == 202
    async with lent(door.pool) as conn:
        lease = await queue.claim(conn, "studio", timedelta(seconds=60), "renditions")
    assert lease is not None
    assert lease.job.source is not None
    assert lease.job.source.family is not None
    assert lease.job.family.tonic == "D"


async def test_families_and_briefs_are_listed_apart(client: Client, door: Door) -> None:
    family = (await ask(client, {**FAMILY, "project": "ev"})).json()["id"]
    brief = (await client.brief({"prompt": "calm piano"})).json()["id"]
    families = (await client.get("/v1/families?project=ev&status=queued")).json()["items"]
    briefs = (await client.get("/v1/briefs")).json()["items"]
    assert [one["id"] for one in families] == [family]
    assert [one["id"] for one in briefs] == [brief]
    assert (await client.get(f"/v1/briefs/{family}")).status_code == 404
    assert (await client.get("/v1/capabilities")).json()["limits"]["open_briefs"] == 2


WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"functions": ["door_open", "moo"]}, "/functions/1"),
    ({"brand": {"spicy": 1}}, "/brand/spicy"),
    ({"brand": {"warm": 2}}, "/brand/warm"),
    ({"tonic": "H"}, "/tonic"),
    ({"limits": {"welcome": {"peak_dbfs": -3}}}, "/limits/welcome"),
    ({"candidates": 11}, "/candidates"),
    ({"prompt": "warm"}, "/prompt"),
)


async def test_a_family_that_cannot_be_is_refused_before_anything_is_held(
    client: Client, door: Door
) -> None:
    for wrong, pointer in WRONG:
        answer = await ask(client, {**FAMILY, "limits": {}, **wrong})
        assert answer.status_code == 422
        assert pointer in [one["pointer"] for one in answer.json()["errors"]]
    assert await _wallet(door, client.account) == (1000, 0)


async def test_money_guards_a_family_as_it_guards_a_brief(client: Client, door: Door) -> None:
    dear = await ask(client, {**FAMILY, "max_tokens": 2 * EACH - 1})
    assert (dear.status_code, dear.json()["needed"]) == (402, 2 * EACH)
    poor = await door.client(tokens=EACH)
    refused = await ask(poor)
    assert (refused.status_code, refused.json()["code"]) == (402, "insufficient_tokens")
    quoted = (await client.post("/v1/families/quotes", FAMILY)).json()["id"]
    other = await ask(client, {**FAMILY, "candidates": 3, "quote": quoted})
    assert (other.status_code, other.json()["code"]) == (422, "quote_mismatch")


async def test_nobody_reaches_another_accounts_families(client: Client, door: Door) -> None:
    made = (await ask(client)).json()["id"]
    await _deliver(door, 1, 2)
    candidate = (await client.get(f"/v1/families/{made}")).json()["candidates"][0]["id"]
    stranger = await door.client()
    for path in (
        f"/v1/families/{made}", f"/v1/candidates/{candidate}",
        f"/v1/candidates/{candidate}/audio?function=door_open",
    ):  # fmt: skip
        answer = await stranger.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
    assert (await stranger.post(f"/v1/families/{made}/cancel")).status_code == 404
    assert (await stranger.get("/v1/families")).json()["items"] == []
    reader = await door.another_key(client.account, ("read",))
    assert (await reader.get(f"/v1/families/{made}")).status_code == 200
    refused = await ask(reader, name="reader")
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")


async def test_a_family_of_the_real_studio_is_heard_picked_and_packed(
    client: Client, door: Door
) -> None:
    body = {
        "brand": {"warm": 0.5}, "tonic": "D", "seed": 1, "candidates": 1,
        "functions": ["door_open", "door_close"], "delivery": {"channels": 4, "bit_depth": 24},
    }  # fmt: skip
    made = (await ask(client, body)).json()["id"]
    await make_and_settle(door.pool, door.store)
    view = (await client.get(f"/v1/families/{made}")).json()
    assert (view["status"], view["failure"]) == ("succeeded", None)
    (one,) = view["candidates"]
    candidate = (await client.get(f"/v1/candidates/{one['id']}")).json()
    assert candidate["passed"]
    member = candidate["family"]["members"][0]
    copies = {
        sound: (await client.get(f"/v1/{member['audio'][sound].partition('/v1/')[2]}")).content
        for sound in ("wav", "mp3")
    }
    wav, small = (soundfile.info(io.BytesIO(copies[sound])) for sound in ("wav", "mp3"))
    assert (wav.frames, wav.channels, wav.samplerate) == (member["frames"], 4, 48_000)
    assert (small.format, small.channels) == ("MP3", 2)
    assert one["id"].encode() in copies["wav"]
    assert any(one["id"].encode(code) in copies["mp3"] for code in ("latin-1", "utf-16-le"))
    assert b"smpl" not in copies["wav"]
    picked = await client.post(f"/v1/candidates/{one['id']}/pick", headers={"idempotency-key": "p"})
    track = picked.json()["track"]
    clean = (await client.get(f"/v1/tracks/{track}/files/door_open")).content
    sounds = [soundfile.read(io.BytesIO(of))[0] for of in (clean, copies["wav"])]
    assert np.array_equal(*sounds), "the copy sounds as the master does"
    assert b"nlicensed" not in clean
    await client.get(f"/v1/tracks/{track}/package?profile=automotive")
    await make_and_settle(door.pool, door.store)
    package = await client.get(f"/v1/tracks/{track}/package?profile=automotive")
    assert package.status_code == 200, package.text
    with zipfile.ZipFile(io.BytesIO(package.content)) as archive:
        name = next(one for one in archive.namelist() if one.endswith("functions.json"))
        table = json.loads(archive.read(name))["functions"]
        inside = {row["name"]: archive.read(f"{name.partition('/')[0]}/{row['file']}")
                  for row in table}  # fmt: skip
    assert inside["door_open"] == clean
    assert {row["function"] for row in table} == {"door_open", "door_close"}
    assert all(row["attack_ms"] > 0 and row["level_dba_0"] > 0 for row in table)
    assert set(inside) == {"door_open", "door_open.mono", "door_close", "door_close.mono"}
