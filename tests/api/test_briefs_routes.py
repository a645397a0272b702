"""Taking briefs in over HTTP: prices, holds, repeats and refusals."""

import asyncio
from typing import Any, get_args

import pytest

from engine.contracts import Brand, Kind, Profile, Version
from tests.api.conftest import Client, Door

BED = {"prompt": "warm lo-fi beat", "kind": "bed", "duration_ms": 60_000, "candidates": 4}


async def test_a_brief_is_held_at_its_quote_and_says_what_was_understood(client: Client) -> None:
    quoted = (await client.post("/v1/quotes", BED)).json()
    assert quoted["audition_tokens"] == 8
    assert quoted["license_tokens"] == 8
    taken = await client.brief({**BED, "quote": quoted["id"], "seed": 7})
    assert taken.status_code == 202
    view = taken.json()
    assert taken.headers["location"] == f"/v1/briefs/{view['id']}"
    assert view["status"] == "queued"
    assert view["resolved"]["style"] == "lofi"
    assert view["resolved"]["seed"] == 7
    assert view["tokens"]["held"] == 8
    assert await client.available() == 992


async def test_a_repeat_is_the_same_brief_and_holds_once(client: Client) -> None:
    first, second = await client.brief(BED), await client.brief(BED)
    assert first.json()["id"] == second.json()["id"]
    assert second.status_code == 202
    assert await client.available() == 992


async def test_repeats_at_the_same_moment_hold_once(client: Client) -> None:
    answers = await asyncio.gather(*(client.brief(BED) for _ in range(8)))
    assert {one.status_code for one in answers} <= {202, 409}
    assert len({one.json()["id"] for one in answers if one.status_code == 202}) == 1
    assert await client.available() == 992


async def test_the_same_name_for_another_brief_is_refused(client: Client) -> None:
    await client.brief(BED)
    other = await client.brief({**BED, "candidates": 2})
    assert other.status_code == 422
    assert other.json()["code"] == "idempotency_mismatch"
    assert await client.available() == 992


async def test_a_canceled_brief_gives_its_tokens_back(client: Client, door: Door) -> None:
    from api import clerk

    brief = (await client.brief(BED)).json()["id"]
    canceled = await client.post(f"/v1/briefs/{brief}/cancel")
    assert canceled.status_code == 200
    while await clerk.settle_one(door.pool):
        pass
    view = (await client.get(f"/v1/briefs/{brief}")).json()
    assert view["status"] == "canceled"
    assert await client.available() == 1000


async def test_pages_show_every_brief_once(client: Client) -> None:
    made = [(await client.brief(BED, f"name-{n}")).json()["id"] for n in range(5)]
    seen, cursor = [], None
    while True:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/v1/briefs", params=query)).json()
        seen += [line["id"] for line in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == made[::-1]


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("an unknown field", {"promt": "x"}, "/promt"),
    ("no length", {"duration_ms": 0}, "/duration_ms"),
    ("a negative length", {"duration_ms": -1}, "/duration_ms"),
    ("a length beyond all bounds", {"duration_ms": 10**9}, "/duration_ms"),
    ("no candidates", {"candidates": 0}, "/candidates"),
    ("too many candidates", {"candidates": 11}, "/candidates"),
    ("a standing tempo", {"bpm": 0}, "/bpm"),
    ("a wrong type", {"candidates": "four"}, "/candidates"),
    ("a style nobody plays", {"style": "polka-core"}, "/style"),
    ("an instrument nobody has", {"instruments": {"require": ["zither-o-tron"]}},
     "/instruments/require/0"),
    ("an empty prompt", {"prompt": ""}, "/prompt"),
    ("a blank prompt", {"prompt": " \n\u3000"}, "/prompt"),
    ("a long prompt", {"prompt": "x" * 100_000}, "/prompt"),
    ("an unknown kind", {"kind": "song"}, "/kind"),
    ("a tempo that is no number", {"bpm": "fast"}, "/bpm"),
    ("more bars than the length holds", {"bars": 400, "bpm": 30}, "/bars"),
    ("a chime of a minute", {"kind": "chime"}, "/duration_ms"),
    ("a picture longer than the music", {"hits": [{"at_ms": 60_000}]}, "/hits/0/at_ms"),
    ("a section nobody knows", {"sections": [{"name": "chorus"}]}, "/sections/0/name"),
    ("a melody we cannot follow yet", {"melody": "do re mi"}, "/melody"),
    ("a chord for a tonality", {"tonality": "H minor"}, "/tonality"),
    ("a quote nobody gave", {"quote": "quo_000000000000000000000000"}, "/quote"),
    ("required and forbidden at once",
     {"instruments": {"require": ["drums"], "forbid": ["drums"]}}, "/instruments"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "wrong", "pointer"), WRONG, ids=[one[0] for one in WRONG])
async def test_a_wrong_brief_is_refused_with_a_pointer_and_charges_nothing(
    client: Client, what: str, wrong: dict[str, Any], pointer: str
) -> None:
    answer = await client.brief({**BED, **wrong})
    assert answer.status_code == 422, what
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert any(one["pointer"].startswith(pointer) for one in problem["errors"]), problem
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert await client.available() == 1000


@pytest.mark.parametrize("brief", [{}, {"candidates": 2, "seed": 7}])
async def test_a_brief_that_says_nothing_of_the_music_is_refused(
    client: Client, brief: dict[str, Any]
) -> None:
    for answer in (await client.brief(brief), await client.post("/v1/quotes", brief)):
        assert answer.status_code == 422
        (wrong,) = answer.json()["errors"]
        assert (wrong["pointer"], wrong["code"]) == ("/prompt", "nothing_asked")
        assert "kind" in wrong["limit"]
    assert await client.available() == 1000


async def test_a_brief_of_constraints_needs_no_words(client: Client) -> None:
    taken = await client.brief({"kind": "chime", "duration_ms": 800, "candidates": 1})
    assert taken.status_code == 202
    view = (await client.get(f"/v1/briefs/{taken.json()['id']}")).json()
    assert view["request"] == taken.json()["request"]
    assert view["request"]["prompt"] == ""


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "invalid_json"),
        (b'{"bpm": NaN}', 400, "invalid_json"),
        (b"\xff\xfe", 400, "invalid_json"),
        (b"[]", 422, "validation_failed"),
        (b'{"prompt": "a\\u0000b"}', 422, "validation_failed"),
        (b'{"prompt": "' + b"x" * 300_000 + b'"}', 413, "payload_too_large"),
        (b"[" * 100_000, 400, "invalid_json"),
    ],
)
async def test_a_body_that_is_no_brief_is_refused(
    client: Client, body: bytes, status: int, code: str
) -> None:
    answer = await client.post(
        "/v1/briefs",
        content=body,
        headers={"content-type": "application/json", "idempotency-key": "x"},
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await client.available() == 1000


async def test_too_few_tokens_say_how_many_and_where_to_buy(door: Door) -> None:
    poor = await door.client(tokens=7)
    answer = await poor.brief(BED)
    assert answer.status_code == 402
    problem = answer.json()
    assert (problem["needed"], problem["available"]) == (8, 7)
    assert problem["topup_url"].endswith("/v1/topups")
    assert await poor.available() == 7


async def test_a_cap_below_the_price_is_refused_before_anything_is_held(client: Client) -> None:
    answer = await client.brief({**BED, "max_tokens": 7})
    assert (answer.status_code, answer.json()["code"]) == (402, "budget_exceeded")
    assert answer.json()["errors"][0]["pointer"] == "/max_tokens"
    assert await client.available() == 1000


async def test_a_post_that_costs_needs_a_name(client: Client) -> None:
    answer = await client.post("/v1/briefs", BED)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_required")


async def test_another_accounts_brief_does_not_exist(client: Client, door: Door) -> None:
    brief = (await client.brief(BED)).json()["id"]
    stranger = await door.client()
    for answer in (
        await stranger.get(f"/v1/briefs/{brief}"),
        await stranger.post(f"/v1/briefs/{brief}/cancel"),
        await stranger.get("/v1/briefs/brf_nothing"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_waiting_ends_when_the_time_is_up(client: Client) -> None:
    brief = (await client.brief(BED)).json()["id"]
    waited = await client.get(f"/v1/briefs/{brief}", params={"wait": "1"})
    assert waited.json()["status"] == "queued"


async def test_a_key_is_told_what_it_may_ask_for(client: Client) -> None:
    may = (await client.get("/v1/capabilities")).json()
    assert may["mode"] == "test"
    assert set(may["accepts"]["kinds"]) == set(get_args(Kind))
    assert len(may["accepts"]["styles"]) == 22
    assert {"welcome", "warn", "drive"} <= set(may["accepts"]["families"]["functions"])
    assert set(may["accepts"]["families"]["axes"]) == set(Brand.__struct_fields__)
    formats = may["formats"]
    assert formats["channels"] == [1, 2, 4, 6]
    assert set(formats["renditions"]) == {"wav", "flac", "mp3", "ogg"}
    assert formats["renditions"]["mp3"]["channels"] == [1, 2]
    assert (formats["versions"], formats["profiles"]) == (
        list(get_args(Version)), list(get_args(Profile)),
    )  # fmt: skip
    assert may["prices"]["family_sound_tokens_min"] == 1
    (model,) = may["models"]
    assert model["name"] in may["accepts"]["models"]
    assert may["limits"]["open_briefs"] == 0
    await client.brief(BED)
    assert (await client.get("/v1/capabilities")).json()["limits"]["open_briefs"] == 1


async def test_no_two_accounts_are_written_the_same_music_for_the_same_brief(door: Door) -> None:
    one, other = await door.client(), await door.client()
    for client, names in ((one, ("a", "b")), (other, ("a",))):
        for name in names:
            assert (await client.brief({**BED, "seed": 7}, name)).status_code == 202
    rows = await door.pool.fetch("select account, seed from engine.jobs")
    seeds = {client.account: {row["seed"] for row in rows if row["account"] == client.account}
             for client in (one, other)}  # fmt: skip
    assert [len(found) for found in seeds.values()] == [1, 1], "the same account's repeat is equal"
    assert seeds[one.account] != seeds[other.account]
