"""Licenses and tracks over HTTP, beyond the one that was just picked."""

import asyncio
import hashlib
import json
from datetime import datetime
from typing import Any

import pytest

from api import clerk
from api.clerk import Desk
from api.licenses import service as licenses
from api.licenses.certificate import Certificate, NotGenuine, verify
from tests.api.conftest import Client, Door
from tests.api.test_clerk import BED, _ask, _deliver, _finish, _lease


async def _sold(client: Client, door: Door, desk: Desk) -> list[str]:
    brief, lease = await _ask(client), await _lease(door.pool)
    await _deliver(door.pool, lease, 1, 2, 3, 4)
    await _finish(door.pool, lease)
    await clerk.settle_due(desk)
    view = (await client.get(f"/v1/briefs/{brief}")).json()
    picked = []
    for one in view["candidates"]:
        answer = await client.post(
            f"/v1/candidates/{one['id']}/pick", headers={"idempotency-key": one["id"]}
        )
        assert answer.status_code == 201, answer.text
        assert answer.headers["location"] == f"/v1/licenses/{answer.json()['id']}"
        picked.append(answer.json()["id"])
    return picked


@pytest.mark.parametrize("of", ["licenses", "tracks"])
async def test_a_list_is_read_page_by_page_from_new_to_old(
    client: Client, door: Door, desk: Desk, of: str
) -> None:
    sold = await _sold(client, door, desk)
    seen, cursor = [], None
    for _ in range(3):
        query = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
        page = (await client.get(f"/v1/{of}", params=query)).json()
        seen += [one["id"] if of == "licenses" else one["license"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(sold)
    assert len(seen) == 4
    bad = await client.get(f"/v1/{of}", params={"cursor": "lic_nonsense"})
    assert (bad.status_code, bad.json()["errors"][0]["pointer"]) == (422, "/query/cursor")


async def test_the_certificate_is_delivered_byte_for_byte_and_again_the_same(
    client: Client, door: Door, desk: Desk
) -> None:
    first = (await _sold(client, door, desk))[0]
    address = f"/v1/licenses/{first}/certificate"
    document = (await client.get(address)).content
    assert (await client.get(address)).content == document
    keys = await licenses.key_set(door.pool)
    said = verify(document, keys)
    license_ = (await client.get(f"/v1/licenses/{first}")).json()
    assert license_["certificate"] == json.loads(document)
    assert (said.license, said.track, said.grants) == (first, license_["track"], False)
    assert said.human_input.keys() == {"words_sha256", "picked_number", "log"}
    assert b"calm piano" not in document, "the client's words are only there as a digest"
    assert said.files.keys() == {one["name"] for one in await _files(client, said.track)}
    assert said.rights_read.startswith("The track may be used worldwide and may be resold")
    with pytest.raises(NotGenuine):
        verify(document + b"\n", keys)


async def _files(client: Client, track: str) -> list[dict[str, Any]]:
    return (await client.get(f"/v1/tracks/{track}")).json()["files"]


async def _offered(client: Client, door: Door, desk: Desk, **more: Any) -> list[str]:
    asked = await client.brief({**BED, **more})
    assert asked.status_code == 202, asked.text
    brief, lease = asked.json()["id"], await _lease(door.pool)
    await _deliver(door.pool, lease, 1, 2)
    await clerk.settle_due(desk)
    view = (await client.get(f"/v1/briefs/{brief}")).json()
    return [one["id"] for one in view["candidates"]]


async def _pick(client: Client, candidate: str, body: Any = None) -> Any:
    return await client.post(
        f"/v1/candidates/{candidate}/pick", body, headers={"idempotency-key": candidate}
    )


async def _signed(client: Client, door: Door, license_: str) -> Certificate:
    document = (await client.get(f"/v1/licenses/{license_}/certificate")).content
    return verify(document, await licenses.key_set(door.pool))


async def test_the_log_tells_what_was_asked_and_picked_and_when(
    client: Client, door: Door, desk: Desk
) -> None:
    first, second = await _offered(client, door, desk)
    await _pick(client, first)
    picked = (await _pick(client, second, {"words": "plain"})).json()
    said = await _signed(client, door, picked["id"])
    brief, before, now = said.human_input["log"]
    assert (brief["did"], brief["words"]) == ("brief", "calm piano"), "as the pick asked"
    assert brief["asked"].keys() == set(brief["fixed"])
    assert (before["did"], before["number"], before["offered"]) == ("pick", 1, 2)
    assert (now["did"], now["number"]) == ("pick", 2)
    times = [datetime.fromisoformat(one["at"]) for one in (brief, before, now)]
    assert times == sorted(times)
    assert times[-1] == said.issued_at
    one = said.human_input
    assert one["words_sha256"] == hashlib.sha256(b"calm piano").hexdigest()


async def test_a_pick_says_what_the_license_grants(client: Client, door: Door, desk: Desk) -> None:
    first, second = await _offered(client, door, desk)
    asked = {"territory": "CN,JP", "catalog_resale": False}
    license_ = (await _pick(client, first, asked)).json()
    rights = {"catalog_resale": False, "exclusive": False, "territory": "CN,JP"}
    assert license_["rights"] == rights
    said = await _signed(client, door, license_["id"])
    assert said.rights == rights
    assert said.rights_read.startswith("The track may be used in CN,JP and may not be resold")
    again = await _pick(client, first, {"territory": "world"})
    assert (again.status_code, again.json()) == (200, license_), "a license stays as it was given"
    for body, pointer in (
        ({"territory": "China"}, "/territory"), ({"territory": ""}, "/territory"),
        ({"words": "loud"}, "/words"), ({"catalogue_resale": True}, "/catalogue_resale"),
        ({"exclusive": "yes"}, "/exclusive"), ({"exclusive": True}, "/exclusive"),
    ):  # fmt: skip
        refused = await _pick(client, second, body)
        told = refused.json()
        assert (refused.status_code, told["errors"][0]["pointer"]) == (422, pointer), body
    assert "sells no exclusive licenses" in told["detail"]
    assert (await client.get("/v1/usage")).json()["spent_tokens"] == 2 * 2 + 8


async def test_the_certificate_is_a_page_in_two_languages_that_runs_nothing(
    client: Client, door: Door, desk: Desk
) -> None:
    (first, _) = await _offered(client, door, desk, prompt="<b>calm</b> & 'piano'")
    license_ = (await _pick(client, first, {"words": "plain"})).json()["id"]
    address = f"/v1/licenses/{license_}/certificate.html"
    document = (await client.get(f"/v1/licenses/{license_}/certificate")).content
    for query, language, word in (
        ("", "en", "License certificate"), ("?language=zh", "zh", "授权证书"),
    ):  # fmt: skip
        answer = await client.get(address + query)
        assert (answer.status_code, answer.headers["content-language"]) == (200, language)
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script" not in policy
        page = answer.text
        assert word in page
        assert hashlib.sha256(document).hexdigest() in page
        assert "&lt;b&gt;calm&lt;/b&gt; &amp; &#x27;piano&#x27;" in page
        assert "<b>" not in page
        for wrong in ("<script", "src=", "href=", "url(", "@import", "style="):
            assert wrong not in page, wrong
    browser = {"accept-language": "fr, zh-CN;q=0.9, en;q=0.8"}
    assert (await client.get(address, headers=browser)).headers["content-language"] == "zh"
    odd = await client.get(address, params={"language": "fr"})
    assert (odd.status_code, odd.json()["errors"][0]["pointer"]) == (422, "/query/language")


async def test_many_picks_at_once_are_one_license_and_one_charge(
    client: Client, door: Door, desk: Desk
) -> None:
    brief, lease = await _ask(client), await _lease(door.pool)
    await _deliver(door.pool, lease, 1)
    await clerk.settle_due(desk)
    (one,) = (await client.get(f"/v1/briefs/{brief}")).json()["candidates"]
    address = f"/v1/candidates/{one['id']}/pick"
    answers = await asyncio.gather(
        *(client.post(address, headers={"idempotency-key": f"k{n}"}) for n in range(5))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 201]
    assert len({answer.content for answer in answers}) == 1
    usage = (await client.get("/v1/usage")).json()
    assert usage["spent_tokens"] == 2 + 8


async def test_a_missing_license_or_track_is_a_404_and_takes_no_parameters(client: Client) -> None:
    for path in (
        f"/v1/licenses/lic_{'0' * 24}", f"/v1/licenses/lic_{'0' * 24}/certificate",
        "/v1/licenses/x", f"/v1/tracks/trk_{'0' * 24}", f"/v1/tracks/trk_{'0' * 24}/audio",
        f"/v1/tracks/trk_{'0' * 24}/midi", f"/v1/tracks/trk_{'0' * 24}/stems/lead",
    ):  # fmt: skip
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
    odd = await client.get("/v1/licenses", params={"limits": "3"})
    assert (odd.status_code, odd.json()["errors"][0]["code"]) == (422, "unknown_field")
