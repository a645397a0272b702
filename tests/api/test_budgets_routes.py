"""Caps and notices over HTTP: set, kept to, told of once, and each account's own."""

from typing import Any

import pytest

from tests.api.conftest import Client, Door
from tests.api.studio import CHIME, make_and_settle

BED = {"prompt": "warm lo-fi beat", "kind": "bed", "duration_ms": 60_000, "candidates": 2}
CAP = {"scope": "project", "subject": "film", "cap": 6}


async def _put(client: Client, body: Any) -> Any:
    headers = {"authorization": f"Bearer {client.secret}"}
    return await client.http.put("/v1/budgets", json=body, headers=headers)


async def _lift(client: Client, **query: str) -> Any:
    headers = {"authorization": f"Bearer {client.secret}"}
    return await client.http.delete("/v1/budgets", params=query, headers=headers)


async def test_a_cap_is_set_once_however_often_it_is_put(client: Client) -> None:
    first, again = await _put(client, CAP), await _put(client, CAP)
    assert (first.status_code, first.json()) == (200, again.json())
    assert {**CAP, "spent": 0, "held": 0, "left": 6, "alerts": []}.items() <= first.json().items()
    assert (await _put(client, {**CAP, "cap": 9})).json()["left"] == 9
    assert [one["cap"] for one in (await client.get("/v1/budgets")).json()["items"]] == [9]
    assert (await _lift(client, scope="project", subject="film")).json() == {"lifted": True}
    assert (await _lift(client, scope="project", subject="film")).json() == {"lifted": False}
    assert (await client.get("/v1/budgets")).json() == {"items": []}


async def test_a_brief_beyond_a_projects_cap_is_refused_and_another_project_is_not(
    client: Client,
) -> None:
    await _put(client, CAP)
    held = await client.brief({**BED, "project": "film"}, "first")
    assert held.status_code == 202
    (cap,) = (await client.get("/v1/budgets")).json()["items"]
    assert (cap["held"], cap["spent"], cap["left"]) == (4, 0, 2)
    refused = await client.brief({**BED, "project": "film"}, "second")
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (402, "budget_exceeded")
    assert (problem["needed"], problem["available"]) == (4, 2)
    assert problem["topup_url"].endswith("/v1/topups")
    (field,) = problem["errors"]
    assert (field["pointer"], field["limit"]) == ("/project", 6)
    assert (await client.brief({**BED, "project": "game"}, "third")).status_code == 202
    await client.post(f"/v1/briefs/{held.json()['id']}/cancel")


async def test_a_keys_cap_holds_for_its_picks_too_and_not_for_other_keys(
    client: Client, door: Door
) -> None:
    made = (await client.brief(CHIME)).json()["id"]
    await make_and_settle(door.pool, door.store)
    first = (await client.get(f"/v1/briefs/{made}")).json()["candidates"][0]["id"]
    put = await _put(client, {"scope": "key", "subject": client.key, "cap": 5})
    assert (put.json()["spent"], put.json()["left"]) == (2, 3)
    named = {"headers": {"idempotency-key": "p"}}
    refused = await client.post(f"/v1/candidates/{first}/pick", **named)
    assert (refused.status_code, refused.json()["code"]) == (402, "budget_exceeded")
    assert refused.json()["errors"][0]["pointer"] == "/header/authorization"
    other = await door.another_key(client.account, ("briefs",))
    assert (await other.post(f"/v1/candidates/{first}/pick", **named)).status_code == 201


async def test_every_share_of_a_cap_is_told_of_once(client: Client, door: Door) -> None:
    await _put(client, {**CAP, "cap": 2})
    made = await client.brief({**CHIME, "project": "film"})
    assert made.status_code == 202, made.text
    await make_and_settle(door.pool, door.store)
    (cap,) = (await client.get("/v1/budgets")).json()["items"]
    assert (cap["spent"], cap["left"], cap["alerts"]) == (2, 0, [50, 80, 100])
    seen, cursor = [], None
    while True:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/v1/notices", params=query)).json()
        seen += page["items"]
        if (cursor := page["next_cursor"]) is None:
            break
    assert [one["kind"] for one in seen] == ["budget_50", "budget_80", "budget_100"]
    assert seen[0]["facts"]["subject"] == "film"
    stranger = await door.client()
    assert (await stranger.get("/v1/notices")).json()["items"] == []


async def test_caps_are_an_accounts_own_and_need_the_billing_scope(
    client: Client, door: Door
) -> None:
    await _put(client, CAP)
    stranger = await door.client()
    assert (await stranger.get("/v1/budgets")).json() == {"items": []}
    assert (await _lift(stranger, scope="project", subject="film")).json() == {"lifted": False}
    theirs = await _put(stranger, {"scope": "key", "subject": client.key, "cap": 1})
    assert (theirs.status_code, theirs.json()["errors"][0]["code"]) == (422, "unknown_key")
    assert len((await client.get("/v1/budgets")).json()["items"]) == 1
    reader = await door.another_key(client.account, ("briefs",))
    for answer in (
        await reader.get("/v1/budgets"),
        await _put(reader, CAP),
        await _lift(reader, scope="project", subject="film"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"scope": "account"}, "/scope"), ({"subject": ""}, "/subject"),
        ({"subject": "x" * 65}, "/subject"), ({"subject": "a\0b"}, "/subject"),
        ({"cap": -1}, "/cap"), ({"cap": 1.5}, "/cap"), ({"cap": None}, "/cap"),
        ({"cap": 10**13}, "/cap"), ({"cap": 10**30}, "/cap"), ({"month": "2026-11"}, "/month"),
    ],
)  # fmt: skip
async def test_what_is_no_cap_is_refused(
    client: Client, changed: dict[str, Any], pointer: str
) -> None:
    answer = await _put(client, {**CAP, **changed})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
