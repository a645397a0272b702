"""A candidate's sheet over HTTP: there for its owner, fetched once, and where not, it says why."""

from datetime import timedelta

import msgspec

from billing.connections import lent
from engine.contracts import Sheet
from tests.api.conftest import Client, Door
from tests.api.made import asked, carried_out
from tests.api.studio import make_and_settle

CHIME = {"prompt": "soft chime", "kind": "chime", "candidates": 1, "duration_ms": 600, "seed": 5}
FAMILY = {"functions": ["lock", "unlock"], "candidates": 1, "brand": {"warm": 0.5}, "seed": 5}


async def _candidate(door: Door, client: Client) -> str:
    brief = (await client.brief(CHIME)).json()["id"]
    await make_and_settle(door.pool, door.store)
    return (await client.get(f"/v1/briefs/{brief}")).json()["candidates"][0]["id"]


async def test_a_sheet_is_what_it_promises_and_is_fetched_once(door: Door, client: Client) -> None:
    path = f"/v1/candidates/{await _candidate(door, client)}/sheet"
    first = await client.get(path)
    assert (first.status_code, first.headers["content-type"]) == (200, "application/json")
    sheet = msgspec.json.decode(first.content, type=Sheet)
    assert (sheet.kind, sheet.duration_s) == ("chime", 0.6)
    again = await client.get(path, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    stranger = await door.client()
    assert (await stranger.get(path)).status_code == 404


async def test_a_track_does_not_list_the_sheet_among_its_files(door: Door, client: Client) -> None:
    candidate = await _candidate(door, client)
    license_ = (await client.post(f"/v1/candidates/{candidate}/pick", headers={"idempotency-key": "p"})).json()  # fmt: skip  # noqa: E501
    track = (await client.get(f"/v1/tracks/{license_['track']}")).json()
    assert "sheet" not in {one["name"] for one in track["files"]}
    assert (await client.get(f"/v1/candidates/{candidate}/sheet")).status_code == 200


async def test_where_there_is_no_sheet_the_answer_says_why(door: Door, client: Client) -> None:
    await asked(client)
    brief = await carried_out(door.pool)
    for line in (await client.get(f"/v1/briefs/{brief}")).json()["candidates"]:
        older = await client.get(f"/v1/candidates/{line['id']}/sheet")
        assert (older.status_code, older.json()["code"]) == (404, "not_found")
        assert "before sheets were kept" in older.json()["detail"]
    made = await client.post("/v1/families", FAMILY, headers={"idempotency-key": "f"})
    await make_and_settle(door.pool, door.store)
    family = (await client.get(f"/v1/families/{made.json()['id']}")).json()
    none = await client.get(f"/v1/candidates/{family['candidates'][0]['id']}/sheet")
    assert (none.status_code, "family" in none.json()["detail"]) == (404, True)


async def test_an_expired_candidate_shows_its_sheet_as_little_as_its_sound(
    door: Door, client: Client
) -> None:
    candidate = await _candidate(door, client)
    async with lent(door.pool) as conn:
        await conn.execute(
            "update api.candidates set expires_at = now() - $2::interval where id = $1",
            candidate, timedelta(seconds=1),
        )  # fmt: skip
    for what in ("sheet", "audio"):
        gone = await client.get(f"/v1/candidates/{candidate}/{what}")
        assert (gone.status_code, gone.json()["code"]) == (410, "candidate_expired")


async def test_a_sheet_is_sent_whole_because_a_part_of_it_is_no_json(
    client: Client, door: Door
) -> None:
    path = f"/v1/candidates/{await _candidate(door, client)}/sheet"
    answer = await client.get(path, headers={"range": "bytes=40-"})
    assert answer.status_code == 200
    assert answer.json()["bars_s"]
