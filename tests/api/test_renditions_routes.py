"""Renditions over HTTP: ordered once, bounded, made by a real studio, nobody else's business."""

import asyncio
import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import soundfile
from msgspec import structs

from api.app import create_app
from api.licenses.signing import Signer
from api.settings import GatewaySettings
from billing.connections import lent
from engine.contracts import Party
from engine.queue import service as queue
from tests.api.conftest import Client, Door, opened
from tests.api.sold import licensed, sold
from tests.api.studio import make_and_settle

FLAC = {"format": "flac", "sample_rate": 44_100, "bit_depth": 16}


async def order(
    client: Client, track: str, body: dict[str, Any], name: str = "r", **more: Any
) -> httpx.Response:
    headers = {"idempotency-key": name, **more.pop("headers", {})}
    return await client.post(f"/v1/tracks/{track}/renditions", body, headers=headers)


async def _jobs(door: Door) -> int:
    return await door.pool.fetchval("select count(*) from engine.jobs where wants = 'renditions'")


async def test_a_rendition_is_ordered_made_and_downloaded_and_costs_nothing(
    client: Client, door: Door
) -> None:
    track = await licensed(client, door)
    before = await client.available()
    asked = await order(client, track, FLAC)
    view = asked.json()
    assert asked.status_code == 202
    assert asked.headers["location"] == f"/v1/renditions/{view['id']}"
    assert (view["status"], view["files"], view["failure"]) == ("queued", [], None)
    assert view["order"]["format"] == "flac"
    assert view["url"].endswith(asked.headers["location"])
    await make_and_settle(door.pool, door.store)
    read = (await client.get(f"/v1/renditions/{view['id']}?wait=5")).json()
    assert (read["status"], read["failure"]) == ("succeeded", None)
    assert read["finished_at"] is not None
    (file,) = [one for one in read["files"] if one["media_type"] == "audio/flac"]
    assert file["sound"]["name"] == "master"
    got = await client.get(f"/v1/renditions/{view['id']}/files/{file['name']}")
    assert got.headers["content-type"] == "audio/flac"
    assert got.headers["content-disposition"].endswith(f'-{file["name"]}"')
    sound = soundfile.info(io.BytesIO(got.content))
    assert (sound.samplerate, sound.subtype, sound.frames) == (44_100, "PCM_16", 26_460)
    part = await client.get(
        f"/v1/renditions/{view['id']}/files/{file['name']}", headers={"range": "bytes=0-3"}
    )
    assert (part.status_code, part.content, part.headers["etag"]) == (
        206, b"fLaC", f'"{file["sha256"]}"',
    )  # fmt: skip
    assert await client.available() == before
    missing = await client.get(f"/v1/renditions/{view['id']}/files/nothing.wav")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    assert file["name"] in missing.json()["detail"]


async def test_the_same_order_is_the_same_rendition(client: Client, door: Door) -> None:
    track = await licensed(client, door)
    bodies = {"a": FLAC, "b": {**FLAC, "stems": ["drums"]}, "c": {"lufs": -20}}
    first, again, other = [
        (await order(client, track, body, name)).json()["id"] for name, body in bodies.items()
    ]
    assert first == again, "a list of stems plays no part in a master"
    assert other != first
    assert await _jobs(door) == 2
    await make_and_settle(door.pool, door.store)
    done = await order(client, track, FLAC, "d")
    assert (done.status_code, done.json()["id"], done.json()["status"]) == (
        200, first, "succeeded",
    )  # fmt: skip
    page = (await client.get(f"/v1/tracks/{track}/renditions?limit=1")).json()
    rest = (await client.get(f"/v1/tracks/{track}/renditions?cursor={page['next_cursor']}")).json()
    assert [one["id"] for one in (*page["items"], *rest["items"])] == [other, first]
    assert rest["next_cursor"] is None
    assert {one["status"] for one in (*page["items"], *rest["items"])} == {"succeeded"}


async def test_the_same_order_through_two_replicas_at_once_is_one_rendition(
    client: Client, door: Door, settings: GatewaySettings, tmp_path: Any
) -> None:
    track = await sold(client, door)
    app = create_app(settings, Signer.load(tmp_path / "signing.pem"))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with opened(app), httpx.AsyncClient(transport=transport, base_url="http://two") as http:
        beside = structs.replace(client, http=http)
        answers = await asyncio.gather(
            *(order(one, track, FLAC, f"{at}") for at, one in enumerate([client, beside] * 3))
        )
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await _jobs(door) == 1


async def test_a_name_is_one_request(client: Client, door: Door) -> None:
    track = await sold(client, door)
    first = await order(client, track, FLAC, "once")
    again = await order(client, track, FLAC, "once")
    assert (again.json(), again.headers["idempotent-replayed"]) == (first.json(), "true")
    other = await order(client, track, {"format": "mp3"}, "once")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    nameless = await client.post(f"/v1/tracks/{track}/renditions", FLAC)
    assert (nameless.status_code, nameless.json()["code"]) == (400, "idempotency_key_required")


async def test_waiting_ends_with_the_rendition(client: Client, door: Door) -> None:
    track = await licensed(client, door)
    waiting = asyncio.create_task(order(client, track, FLAC, headers={"prefer": "wait=30"}))
    for _ in range(500):
        await asyncio.sleep(0.02)
        if await _jobs(door):
            break
    await make_and_settle(door.pool, door.store)
    answer = await waiting
    assert (answer.status_code, answer.json()["status"]) == (200, "succeeded")
    assert answer.headers["preference-applied"] == "wait=30"


IMPOSSIBLE: tuple[tuple[dict[str, Any], str, Any], ...] = (
    ({"version": "stems", "stems": ["tuba"]}, "/stems/0", "all"),
    ({"version": "cut", "duration_ms": 500}, "/version", "stems"),
    ({"version": "loop_parts"}, "/version", "master"),
    ({"version": "no_drums"}, "/version", "master"),
    ({"version": "sting", "duration_ms": 700}, "/duration_ms", "max"),
    ({"version": "master", "duration_ms": 500}, "/duration_ms", "cut"),
    ({"format": "mp3", "channels": 4}, "/channels", 2),
    ({"format": "mp3", "sample_rate": 96_000}, "/sample_rate", 48_000),
    ({"format": "flac", "bit_depth": 32}, "/bit_depth", 24),
    ({"profile": "automotive"}, "/profile", "unity"),
    ({"profile": "harvest", "format": "ogg"}, "/format", "wav"),
)


async def test_an_order_that_cannot_be_is_refused_with_what_can(client: Client, door: Door) -> None:
    track = await sold(client, door)
    for at, (body, pointer, possible) in enumerate(IMPOSSIBLE):
        answer = await order(client, track, body, f"{at}")
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
        found = [one for one in answer.json()["errors"] if one["pointer"] == pointer]
        assert found, answer.text
        assert possible in found[0]["limit"]
    loud = await order(client, track, {"lufs": -9, "true_peak_dbtp": -6}, "loud")
    assert [one["code"] for one in loud.json()["errors"]] == ["contradiction"]
    assert await _jobs(door) == 0


async def test_what_only_the_studio_can_find_ends_the_rendition_with_its_reason(
    client: Client, door: Door
) -> None:
    track = await licensed(client, door)
    await door.pool.execute(
        """update api.candidates set made = jsonb_set(made, '{assets}', (
             select jsonb_agg(case when one ->> 'name' = 'midi'
                                   then jsonb_set(one, '{name}', '"score"') else one end)
             from jsonb_array_elements(made -> 'assets') one where one ->> 'name' <> 'score'))"""
    )
    asked = await order(client, track, FLAC)
    await make_and_settle(door.pool, door.store)
    view = (await client.get(asked.headers["location"])).json()
    assert (view["status"], view["failure"]["code"]) == ("failed", "score_unreadable")
    anew = (await order(client, track, FLAC, "anew")).json()
    assert anew["id"] != view["id"], "what failed can be ordered anew"
    lines = (await client.get(f"/v1/tracks/{track}/renditions")).json()["items"]
    assert [one["status"] for one in lines] == ["queued", "failed"]


async def test_a_rendition_that_no_studio_made_can_be_ordered_anew(
    client: Client, door: Door
) -> None:
    track = await sold(client, door)
    first = (await order(client, track, FLAC)).json()["id"]
    await door.pool.execute(
        "update engine.jobs set deadline_at = now() - interval '1 s' where id = $1", first
    )
    async with lent(door.pool) as conn:
        await queue.reap(conn)
    view = (await client.get(f"/v1/renditions/{first}")).json()
    assert (view["status"], view["failure"]["code"]) == ("failed", "deadline_exceeded")
    anew = (await order(client, track, FLAC, "anew")).json()
    assert (anew["id"] != first, anew["status"]) == (True, "queued")


async def test_an_account_has_so_many_renditions_waiting_and_no_more(
    client: Client, door: Door, settings: GatewaySettings, tmp_path: Any
) -> None:
    track = await sold(client, door)
    app = create_app(
        structs.replace(settings, open_renditions=2), Signer.load(tmp_path / "signing.pem")
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with opened(app), httpx.AsyncClient(transport=transport, base_url="http://two") as http:
        busy = structs.replace(client, http=http)
        answers = await asyncio.gather(
            *(order(busy, track, {"lufs": -20 - at}, f"{at}") for at in range(4))
        )
    full = [answer for answer in answers if answer.status_code == 429]
    assert len(full) == 2
    assert full[0].json()["code"] == "queue_full"
    assert int(full[0].headers["retry-after"]) >= 1
    limits = (await client.get("/v1/capabilities")).json()["limits"]
    assert (limits["open_renditions_max"], limits["open_renditions"]) == (20, 2)


async def test_a_studio_is_told_what_the_client_said_of_the_track(
    client: Client, door: Door
) -> None:
    said = {"title": "Kart Select", "keywords": "kart, retro", "composer": "A. Writer", "x": "y"}
    track = await sold(client, door, metadata=said)
    await order(client, track, {"profile": "harvest"})
    async with lent(door.pool) as conn:
        lease = await queue.claim(conn, "studio", timedelta(seconds=9), "renditions")
    assert lease is not None
    assert lease.job.source is not None
    facts = lease.job.source.facts
    assert (facts.title, facts.keywords) == ("Kart Select", ("kart", "retro"))
    assert facts.composers == (Party(name="A. Writer"),)
    assert (facts.description, facts.kind) == ("soft chime", "chime")
    assert facts.instruments == ("Celesta",)
    assert (facts.track, facts.license[:4]) == (track, "lic_")


async def test_a_track_whose_score_was_not_kept_says_so(client: Client, door: Door) -> None:
    track = await sold(client, door)
    await door.pool.execute(
        """update api.candidates set made = jsonb_set(made, '{assets}', (
             select jsonb_agg(one) from jsonb_array_elements(made -> 'assets') one
             where one ->> 'name' <> 'score'))"""
    )
    answer = await order(client, track, FLAC)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_renderable")


async def test_nobody_reaches_another_accounts_renditions(client: Client, door: Door) -> None:
    track = await sold(client, door)
    made = (await order(client, track, FLAC)).json()["id"]
    stranger = await door.client()
    for path in (
        f"/v1/renditions/{made}", f"/v1/renditions/{made}/files/master.flac",
        f"/v1/tracks/{track}/renditions", f"/v1/tracks/{track}/package?profile=unity",
        f"/v1/tracks/{track}/files/master",
    ):  # fmt: skip
        answer = await stranger.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
    assert (await order(stranger, track, FLAC)).status_code == 404
    reader = await door.another_key(client.account, ("read",))
    assert (await reader.get(f"/v1/renditions/{made}")).status_code == 200
    refused = await order(reader, track, FLAC)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    unbuilt = await reader.get(f"/v1/tracks/{track}/package?profile=unity")
    assert (unbuilt.status_code, unbuilt.json()["code"]) == (403, "scope_missing")


async def test_a_track_has_its_files_by_name_and_hides_what_is_ours(
    client: Client, door: Door
) -> None:
    track = await licensed(client, door)
    names = [one["name"] for one in (await client.get(f"/v1/tracks/{track}")).json()["files"]]
    assert {"master", "midi"} <= set(names)
    assert "score" not in names
    whole = await client.get(f"/v1/tracks/{track}/files/master")
    assert whole.content == (await client.get(f"/v1/tracks/{track}/audio")).content
    assert whole.headers["content-disposition"].endswith(f'"{track}-master.wav"')
    for hidden in ("score", "evaluation", "preview"):
        assert (await client.get(f"/v1/tracks/{track}/files/{hidden}")).status_code == 404


async def test_an_unknown_profile_is_refused_with_the_list(client: Client, door: Door) -> None:
    track = await sold(client, door)
    answer = await client.get(f"/v1/tracks/{track}/package?profile=walkman")
    (reason,) = answer.json()["errors"]
    assert (answer.status_code, reason["pointer"]) == (422, "/query/profile")
    assert "unity" in reason["limit"]
    odd = await client.get(f"/v1/tracks/{track}/package?profile=automotive")
    assert (odd.status_code, odd.json()["errors"][0]["pointer"]) == (422, "/query/profile")
    assert "unity" in odd.json()["errors"][0]["limit"]
    assert (await client.get(f"/v1/tracks/{track}/package")).status_code == 422
    assert await _jobs(door) == 0


async def test_a_package_is_ordered_by_the_first_who_asks_for_it(
    client: Client, door: Door, pool: asyncpg.Pool
) -> None:
    track = await sold(client, door)
    first = await client.get(f"/v1/tracks/{track}/package?profile=unity&wait=0")
    again = await client.get(f"/v1/tracks/{track}/package?profile=unity")
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.headers["location"] == f"/v1/renditions/{first.json()['id']}"
    assert int(first.headers["retry-after"]) >= 1
    assert first.json()["id"] == again.json()["id"]
    assert await _jobs(door) == 1


async def test_a_package_is_one_archive_that_resumes(client: Client, door: Door) -> None:
    track = await licensed(client, door)
    asked = await client.get(f"/v1/tracks/{track}/package?profile=unity")
    await make_and_settle(door.pool, door.store)
    view = (await client.get(asked.headers["location"])).json()
    assert (view["status"], view["failure"]) == ("succeeded", None)
    assert [one["version"] for one in view["sounds"]] == ["master"], "a chime has nothing else"
    whole = await client.get(f"/v1/tracks/{track}/package?profile=unity")
    assert (whole.status_code, whole.headers["content-type"]) == (200, "application/zip")
    assert whole.headers["content-disposition"].endswith(f'"{track}-unity.zip"')
    with zipfile.ZipFile(io.BytesIO(whole.content)) as archive:
        manifest = json.loads(archive.read(one_of(archive, "manifest.json")))
        assert archive.testzip() is None
    assert manifest["profile"] == "unity"
    part = await client.get(
        f"/v1/tracks/{track}/package?profile=unity", headers={"range": "bytes=4-"}
    )
    assert (part.status_code, part.content) == (206, whole.content[4:])
    known = await client.get(
        f"/v1/tracks/{track}/package?profile=unity",
        headers={"if-none-match": whole.headers["etag"]},
    )
    assert known.status_code == 304
    reader = await door.another_key(client.account, ("read",))
    assert (await reader.get(f"/v1/tracks/{track}/package?profile=unity")).status_code == 200
    assert await _jobs(door) == 1


def one_of(archive: zipfile.ZipFile, ending: str) -> str:
    (found,) = [name for name in archive.namelist() if name.endswith(ending)]
    return found


async def test_a_package_that_could_not_be_made_says_why_until_it_is_ordered_anew(
    client: Client, door: Door
) -> None:
    track = await sold(client, door)
    first = await client.get(f"/v1/tracks/{track}/package?profile=fmod")
    await door.pool.execute("update engine.jobs set deadline_at = now() - interval '1 s'")
    async with lent(door.pool) as conn:
        await queue.reap(conn)
    failed = await client.get(f"/v1/tracks/{track}/package?profile=fmod")
    assert (failed.status_code, failed.json()["code"]) == (409, "rendition_failed")
    assert await _jobs(door) == 1, "asking again orders nothing"
    anew = await order(client, track, {"profile": "fmod"})
    assert anew.json()["id"] != first.json()["id"]
    again = await client.get(f"/v1/tracks/{track}/package?profile=fmod")
    assert (again.status_code, again.json()["id"]) == (202, anew.json()["id"])
