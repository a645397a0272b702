"""Buying tokens over HTTP; the clerk's half of it is in ``test_clerk``."""

import time

import pytest

from tests.api.conftest import Client, Door

PACK = {"tokens": 100, "currency": "cny"}


async def test_the_same_request_is_one_topup_and_another_under_its_name_is_refused(
    client: Client,
) -> None:
    first = await client.post("/v1/topups", PACK, headers={"idempotency-key": "t"})
    again = await client.post("/v1/topups", PACK, headers={"idempotency-key": "t"})
    assert (first.status_code, first.content) == (202, again.content)
    assert first.headers["location"] == again.headers["location"]
    other = await client.post(
        "/v1/topups", {**PACK, "tokens": 1000}, headers={"idempotency-key": "t"}
    )
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    assert len((await client.get("/v1/topups")).json()["items"]) == 1


async def test_a_wait_ends_with_202_when_the_clerk_is_away(client: Client) -> None:
    began = time.monotonic()
    answer = await client.post(
        "/v1/topups", PACK, headers={"idempotency-key": "t", "prefer": "wait=1"}
    )
    assert answer.status_code == 202
    assert 0.9 < time.monotonic() - began < 10
    assert answer.json()["checkout_url"] is None


async def test_buying_needs_a_name_and_the_right_key(client: Client, door: Door) -> None:
    nameless = await client.post("/v1/topups", PACK)
    assert (nameless.status_code, nameless.json()["code"]) == (400, "idempotency_key_required")
    reader = await door.another_key(client.account, ("read",))
    refused = await reader.post("/v1/topups", PACK, headers={"idempotency-key": "t"})
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"tokens": 0}, "/tokens"),
        ({"tokens": -100}, "/tokens"),
        ({"tokens": "100"}, "/tokens"),
        ({"tokens": 100.5}, "/tokens"),
        ({"tokens": 101}, "/tokens"),
        ({"tokens": 100, "currency": "xxx"}, "/currency"),
        ({"tokens": 100, "currency": "CNY"}, "/currency"),
        ({"tokens": 100, "price": 1}, "/price"),
        ({}, "/tokens"),
    ],
)
async def test_what_is_not_sold_is_refused_with_a_pointer(
    client: Client, body: dict[str, object], pointer: str
) -> None:
    answer = await client.post("/v1/topups", body, headers={"idempotency-key": "t"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert (await client.get("/v1/topups")).json()["items"] == []


async def test_nobody_sees_anothers_topup(client: Client, door: Door) -> None:
    made = await client.post("/v1/topups", PACK, headers={"idempotency-key": "t"})
    stranger = await door.client()
    answer = await stranger.get(f"/v1/topups/{made.json()['id']}")
    assert answer.status_code == 404
    assert (await stranger.get("/v1/topups")).json()["items"] == []
