"""Balance, ledger, usage and top-ups over HTTP: what is asked wrongly, and what is shown."""

from datetime import UTC, datetime, timedelta

import pytest

from billing.connections import transaction
from billing.ledger import service as ledger
from tests.api.conftest import Client, Door


async def _spend(door: Door, client: Client, *candidates: str) -> None:
    async with transaction(door.pool) as conn:
        for candidate in candidates:
            await ledger.charge_license(conn, client.account, candidate, 8)


async def test_the_balance_names_packs_in_the_order_they_are_spent(
    client: Client, door: Door
) -> None:
    ends = datetime.now(UTC) + timedelta(days=30)
    async with transaction(door.pool) as conn:
        await ledger.credit_topup(conn, client.account, "pi_1", 50, expires_at=ends)
        await ledger.charge_license(conn, client.account, "cand_1", 8)
    packs = (await client.get("/v1/balance")).json()["packs"]
    assert [pack["tokens"] for pack in packs] == [42, 1000]
    assert packs[0]["expires_at"].startswith(f"{ends:%Y-%m-%dT%H:%M}")
    assert packs[1]["expires_at"] is None


async def test_the_balance_says_what_is_there_held_and_free(client: Client) -> None:
    said = (await client.get("/v1/balance")).json()
    assert said["account"] == client.account
    assert said["balance"] == {
        "posted": 1000, "held": 0, "credit_limit": 0, "available": 1000, "mode": "prepaid",
        "frozen": False, "owed": 0,
    }  # fmt: skip


async def test_the_ledger_goes_on_where_its_cursor_ended(client: Client, door: Door) -> None:
    await _spend(door, client, *(f"cand_{number}" for number in range(6)))
    lines, cursor = [], None
    for _ in range(4):
        query = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/v1/ledger", params=query)).json()
        lines += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert [line["kind"] for line in lines] == ["grant", *["license"] * 6]
    assert [line["balance_after"] for line in lines] == [1000 - 8 * n for n in range(7)]
    assert lines[1]["reference"] == "cand_0"


async def test_a_statement_of_a_part_opens_where_the_part_before_closed(
    client: Client, door: Door
) -> None:
    await _spend(door, client, "cand_1")
    middle = datetime.now(UTC)
    await _spend(door, client, "cand_2", "cand_3")
    day = timedelta(days=1)
    early, late = [
        (
            await client.get(
                "/v1/usage", params={"since": since.isoformat(), "until": until.isoformat()}
            )
        ).json()
        for since, until in ((middle - day, middle), (middle, middle + day))
    ]
    assert (early["opening"], early["closing"], early["spent_tokens"]) == (0, 992, 8)
    assert (late["opening"], late["closing"], late["spent_tokens"]) == (992, 976, 16)
    for part in (early, late):
        assert part["opening"] + sum(line["tokens"] for line in part["lines"]) == part["closing"]
        captured = [line for line in part["lines"] if line["kind"] == "license"]
        assert -sum(line["tokens"] for line in captured) == part["spent_tokens"]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"since": "yesterday"}, "/query/since"),
        ({"since": "2026-01-01T00:00:00"}, "/query/since"),
        ({"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "/query/since"),
        ({"since": "2020-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "/query/since"),
        ({"since": "0001-01-01T00:00:00+14:00"}, "/query/since"),
        ({"from": "2026-01-01T00:00:00Z"}, "/query/from"),
    ],
)
async def test_a_period_that_is_none_is_refused(
    client: Client, query: dict[str, str], pointer: str
) -> None:
    answer = await client.get("/v1/usage", params=query)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    "query",
    [
        {"since": "9999-12-31T23:59:59-14:00", "until": "9999-12-31T23:59:59Z"},
        {"until": "0001-01-01T00:00:00Z"},
        {"since": "9999-12-31T23:59:59.999999Z"},
        {"until": "0001-01-01T00:00:00+14:00"},
        {"since": "0001-01-01T00:00:00+14:00", "until": "0001-06-01T00:00:00Z"},
        {"since": "9999-12-31T00:00:00Z", "until": "9999-12-31T23:59:59-14:00"},
    ],
)
async def test_the_ends_of_time_are_no_fault_of_ours(client: Client, query: dict[str, str]) -> None:
    answer = await client.get("/v1/usage", params=query)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


async def test_one_accounts_spending_is_not_anothers(client: Client, door: Door) -> None:
    other = await door.client()
    await _spend(door, other, "cand_1")
    assert (await client.get("/v1/usage")).json()["spent_tokens"] == 0
    assert (await client.get("/v1/balance")).json()["balance"]["posted"] == 1000
