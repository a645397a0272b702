"""Licenses and tracks over HTTP, beyond the one that was just picked."""

import asyncio
import json

import pytest

from api.licenses import service as licenses
from api.licenses.certificate import NotGenuine, verify
from tests.api.conftest import Client, Door
from tests.api.test_clerk import Desk, _ask, _deliver, _finish, _lease, clerk, desk, stripe

__all__ = ["desk", "stripe"]


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
    assert said.human_input.keys() == {"words_sha256", "picked_number"}
    assert b"calm piano" not in document, "the client's words are only there as a digest"
    with pytest.raises(NotGenuine):
        verify(document + b"\n", keys)


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
