"""Endpoints over HTTP: what may be registered, what is shown, and whose they are."""

import asyncio
from typing import Any

import httpx
import pytest
from msgspec import structs

from api.webhooks import contracts, store
from api.webhooks.contracts import MOST_ENDPOINTS, MessageType
from billing.connections import lent
from tests.api.conftest import Client, Door
from tests.api.made import asked, carried_out
from tests.api.webhooks.conftest import registered

PUBLIC = "https://93.184.216.34/hook"


async def _patch(client: Client, path: str, body: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {client.secret}"}
    return await client.http.patch(path, json=body, headers=headers)


async def _delete(client: Client, path: str) -> httpx.Response:
    return await client.http.delete(path, headers={"authorization": f"Bearer {client.secret}"})


async def test_a_secret_is_shown_once_and_lies_sealed(door: Door, client: Client) -> None:
    made = await client.post(
        "/v1/webhook_endpoints", {"url": PUBLIC, "types": ["brief.failed", "brief.failed"]}
    )
    assert made.status_code == 201
    secret, shown = made.json()["secret"], made.json()["endpoint"]
    assert made.headers["location"] == f"/v1/webhook_endpoints/{shown['id']}"
    assert shown["types"] == ["brief.failed"]
    for path in ("/v1/webhook_endpoints", made.headers["location"]):
        assert secret not in (await client.get(path)).text
    lying = await door.pool.fetchval("select secret from api.webhook_endpoints")
    assert secret.encode() not in lying
    assert door.app.shop.seal.open(shown["id"], lying) == secret


async def test_an_endpoint_is_changed_field_by_field(client: Client) -> None:
    endpoint, _ = await registered(client, PUBLIC, "brief.failed")
    path = f"/v1/webhook_endpoints/{endpoint}"
    assert (await _patch(client, path, {"description": "build server"})).json()["types"] == [
        "brief.failed"
    ]
    changed = (await _patch(client, path, {"types": [], "url": f"{PUBLIC}2"})).json()
    assert (changed["url"], changed["types"], changed["description"]) == (
        f"{PUBLIC}2", [], "build server",
    )  # fmt: skip
    assert (await _patch(client, path, {"disabled": True})).json()["disabled_why"] == "asked"
    assert (await _patch(client, path, {"disabled": True})).json()["disabled_why"] == "asked"
    assert (await _patch(client, path, {"disabled": False})).json()["disabled_at"] is None
    assert (await _patch(client, path, {})).json()["url"] == f"{PUBLIC}2"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"url": "https://10.0.0.1/"}, "/url"),
        ({"url": "http://93.184.216.34/"}, "/url"),
        ({"url": "https://user:word@93.184.216.34/"}, "/url"),
        ({"url": "https://169.254.169.254/latest"}, "/url"),
        ({"url": "https://[64:ff9b::a00:1]/"}, "/url"),
        ({"url": "https://nowhere.invalid/"}, "/url"),
        ({"url": ""}, "/url"),
        ({"url": PUBLIC, "types": ["brief.sung"]}, "/types/0"),
        ({"url": PUBLIC, "secret": "whsec_mine"}, "/secret"),
        ({}, "/url"),
    ],
)
async def test_what_cannot_be_registered_is_refused_with_its_place(
    client: Client, body: Any, pointer: str
) -> None:
    answer = await client.post("/v1/webhook_endpoints", body)
    assert answer.status_code == 422
    assert pointer in [one["pointer"] for one in answer.json()["errors"]]
    endpoint, _ = await registered(client, PUBLIC)
    if body:
        changed = await _patch(client, f"/v1/webhook_endpoints/{endpoint}", body)
        assert changed.status_code == 422, "a change is checked like a new one"


async def test_without_development_nothing_goes_to_this_machine(door: Door, client: Client) -> None:
    from api.webhooks.addresses import Addresses

    door.app.shop = structs.replace(door.app.shop, addresses=Addresses())
    for url in ("http://127.0.0.1:8000/", "https://localhost/", "https://127.0.0.1/"):
        assert (await client.post("/v1/webhook_endpoints", {"url": url})).status_code == 422


async def test_an_account_has_so_many_endpoints_also_when_asked_at_once(client: Client) -> None:
    answers = await asyncio.gather(
        *(
            client.post("/v1/webhook_endpoints", {"url": f"{PUBLIC}/{number}"})
            for number in range(MOST_ENDPOINTS + 5)
        )
    )
    assert sorted(one.status_code for one in answers) == [201] * MOST_ENDPOINTS + [409] * 5
    assert {one.json()["code"] for one in answers if one.status_code == 409} == {
        "too_many_endpoints"
    }
    listed = (await client.get("/v1/webhook_endpoints")).json()["items"]
    assert (await _delete(client, f"/v1/webhook_endpoints/{listed[0]['id']}")).status_code == 200
    assert (await _delete(client, f"/v1/webhook_endpoints/{listed[0]['id']}")).status_code == 404
    assert (await client.post("/v1/webhook_endpoints", {"url": PUBLIC})).status_code == 201


async def test_endpoints_and_events_are_their_accounts_alone(door: Door, client: Client) -> None:
    endpoint, _ = await registered(client, PUBLIC)
    event = (await client.post(f"/v1/webhook_endpoints/{endpoint}/test")).json()["id"]
    other = await door.client()
    theirs, _ = await registered(other, PUBLIC)
    path = f"/v1/webhook_endpoints/{endpoint}"
    answers = [
        await other.get(path), await _patch(other, path, {}), await _delete(other, path),
        await other.post(f"{path}/rotate_secret"), await other.post(f"{path}/test"),
        await other.get(f"/v1/events/{event}"),
        await other.post(f"/v1/events/{event}/redeliver", {}),
        await client.post(f"/v1/events/{event}/redeliver", {"endpoint": theirs}),
    ]  # fmt: skip
    assert {one.status_code for one in answers} == {404}
    assert (await other.get("/v1/events")).json()["items"] == []
    reader = await door.another_key(client.account, ("read",))
    assert (await reader.get(f"/v1/events/{event}")).status_code == 200
    for refused in (
        await reader.get(path), await reader.post("/v1/webhook_endpoints", {"url": PUBLIC}),
        await reader.post(f"/v1/events/{event}/redeliver", {}),
    ):  # fmt: skip
        assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")


async def test_events_are_listed_by_page_type_and_subject(door: Door, client: Client) -> None:
    for number in range(5):
        for kind in ("brief.failed", "topup.paid"):
            await door.pool.execute(
                "select api.tell($1, $2, $3, '{}')", client.account, kind, f"brf_{number:024x}"
            )
    seen, cursor = [], None
    while True:
        more = {"cursor": cursor} if cursor else {}
        page = (await client.get("/v1/events", params={"limit": 3, **more})).json()
        seen += page["items"]
        if (cursor := page["next_cursor"]) is None:
            break
    assert len({one["id"] for one in seen}) == 10
    assert [one["timestamp"] for one in seen] == sorted(
        (one["timestamp"] for one in seen), reverse=True
    )
    only = (await client.get("/v1/events", params={"type": "topup.paid"})).json()["items"]
    assert {one["type"] for one in only} == {"topup.paid"}
    one = (await client.get("/v1/events", params={"subject": f"brf_{1:024x}"})).json()["items"]
    assert len(one) == 2
    assert (await client.get("/v1/events", params={"cursor": "x"})).status_code == 422
    assert (await client.get("/v1/events", params={"type": "x"})).status_code == 422


async def test_every_type_that_the_database_may_tell_can_be_asked_for(door: Door) -> None:
    """The triggers' words and the door's are the same."""
    from typing import get_args

    known = set(get_args(MessageType))
    told = await door.pool.fetchval(
        "select string_agg(prosrc, ' ') from pg_proc join pg_namespace n on n.oid = pronamespace"
        " where nspname = 'api'"
    )
    for fixed in ("candidate.ready", "license.created", "topup.paid", "rendition.succeeded",
                  "rendition.failed", "webhook_endpoint.disabled"):  # fmt: skip
        assert f"'{fixed}'" in told
        assert fixed in known
    outcomes = await door.pool.fetchval(
        "select pg_get_constraintdef(oid) from pg_constraint where conname = 'briefs_outcome_check'"
    )
    for outcome in ("succeeded", "partially_succeeded", "failed", "canceled", "expired"):
        assert outcome in outcomes
        assert {f"brief.{outcome}", f"family.{outcome}"} <= known
    from api.notices.contracts import NoticePage

    listed = {word.strip("`,.;") for word in (NoticePage.__doc__ or "").split() if "`" in word}
    kinds = {word for word in listed if "_" in word} - {"webhook_endpoint_disabled"}
    assert {f"notice.{kind}" for kind in kinds} <= known
    assert contracts.MOST_ENDPOINTS > 0


async def test_what_is_told_while_an_endpoint_is_being_deleted_is_not_lost(
    door: Door, client: Client
) -> None:
    endpoint, _ = await registered(client, "http://127.0.0.1:1/hook")
    brief = await asked(client)
    await carried_out(door.pool)
    candidate = (await client.get(f"/v1/briefs/{brief}")).json()["candidates"][0]["id"]
    async with lent(door.pool) as conn:
        deleting = conn.transaction()
        await deleting.start()
        assert await store.delete_endpoint(conn, endpoint, client.account)
        picking = asyncio.create_task(
            client.post(f"/v1/candidates/{candidate}/pick", headers={"idempotency-key": "pick"})
        )
        while not await conn.fetchval(BLOCKED):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await deleting.commit()
    picked = await picking
    assert picked.status_code == 201, picked.text
    told = (await client.get("/v1/events")).json()["items"][0]
    assert (told["type"], told["deliveries"]) == ("license.created", [])


BLOCKED = """
select exists (
  select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')
"""
