"""Invoices, previews and portal links over HTTP; what the clerk does of it is in
``tests/billing/processor``."""

import asyncio
from typing import Any

import asyncpg
import msgspec
import pytest

from billing.connections import lent
from billing.processor import errands, store
from tests.api.conftest import Client, Door
from tests.api.invoiced import BEGIN, mirrored


async def _customer(pool: asyncpg.Pool, client: Client, *, subscribed: bool = False) -> None:
    async with lent(pool) as conn:
        await store.insert_customer(conn, client.account, f"cus_{client.account}")
        if subscribed:
            facts = (f"sub_{client.account}", "active", "price_x", "cny", BEGIN, BEGIN, None)
            await store.insert_subscription(conn, client.account, facts)


async def test_invoices_come_newest_first_without_drafts(client: Client, door: Door) -> None:
    async with lent(door.pool) as conn:
        for number, status in ((1, "paid"), (2, "open"), (3, "draft")):
            await mirrored(conn, client.account, f"in_Sbx00{number}", status, number)
    first = (await client.get("/v1/invoices", params={"limit": "1"})).json()
    assert [one["id"] for one in first["items"]] == ["in_Sbx002"]
    rest = await client.get("/v1/invoices", params={"cursor": first["next_cursor"]})
    assert [one["id"] for one in rest.json()["items"]] == ["in_Sbx001"]
    assert rest.json()["next_cursor"] is None
    one = (await client.get("/v1/invoices/in_Sbx002")).json()
    assert (one["tokens"], one["total_minor"], one["currency"]) == (70, 2100, "cny")
    assert one["lines"][0]["amount_minor"] == 2100
    assert one["hosted_url"] == "https://pay"
    assert (await client.get("/v1/invoices/in_Sbx003")).status_code == 404, "a draft may change"


async def test_nobody_sees_anothers_invoice_preview_or_portal(client: Client, door: Door) -> None:
    stranger = await door.client(billing="postpaid")
    async with lent(door.pool) as conn:
        await mirrored(conn, stranger.account, "in_Sbx001")
    await _customer(door.pool, stranger, subscribed=True)
    preview = (await stranger.post("/v1/invoices/preview")).json()["id"]
    portal = (await stranger.post("/v1/portal", {})).json()["id"]
    for path in ("/v1/invoices/in_Sbx001", f"/v1/invoices/previews/{preview}",
                 f"/v1/portal/{portal}"):  # fmt: skip
        assert (await stranger.get(path)).status_code == 200, path
        refused = await client.get(path)
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found"), path
    assert (await client.get("/v1/invoices")).json()["items"] == []
    # One kind of errand is not read as another.
    assert (await stranger.get(f"/v1/portal/{preview.replace('prv', 'ptl')}")).status_code == 404


async def test_what_the_account_cannot_have_is_said_plainly(client: Client, door: Door) -> None:
    postpaid = await door.client(billing="postpaid", tokens=0)
    for caller, path, body, code in (
        (client, "/v1/portal", {}, "no_customer"),
        (client, "/v1/invoices/preview", None, "prepaid_account"),
        (postpaid, "/v1/invoices/preview", None, "no_subscription"),
        (postpaid, "/v1/portal", {}, "no_customer"),
    ):
        answer = await caller.post(path, body)
        assert (answer.status_code, answer.json()["code"]) == (409, code), path
    assert await door.pool.fetchval("select count(*) from billing.errands") == 0


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "//x", "http://a b", "ftp://x", "https://", "", 7,
     "https://" + "x" * 3000],
)  # fmt: skip
async def test_the_portal_leads_back_to_a_web_address_only(
    client: Client, door: Door, url: Any
) -> None:
    await _customer(door.pool, client)
    answer = await client.post("/v1/portal", {"return_url": url})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/return_url"


async def test_links_are_for_keys_with_the_scope_billing(client: Client, door: Door) -> None:
    await _customer(door.pool, client)
    link = (await client.post("/v1/portal", {})).json()["id"]
    reader = await door.another_key(client.account, ("read",))
    for answer in (
        await reader.post("/v1/portal", {}),
        await reader.post("/v1/invoices/preview"),
        await reader.get(f"/v1/portal/{link}"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    assert (await reader.get("/v1/invoices")).status_code == 200


async def test_a_wait_ends_when_the_clerk_has_answered(client: Client, door: Door) -> None:
    await _customer(door.pool, client)
    waiting = asyncio.create_task(
        client.post("/v1/portal", {"return_url": "https://back.example/"},
                    headers={"prefer": "wait=20"})
    )  # fmt: skip
    due = []
    async with asyncio.timeout(20):
        while not due:
            await asyncio.sleep(0.02)
            async with lent(door.pool) as conn:
                due = await errands.claim(conn)
    assert due[0].asked == {"return_url": "https://back.example/"}
    async with lent(door.pool) as conn:
        await errands.end(conn, due[0].id, answer={"url": "https://stripe/p"})
    answer = await waiting
    assert answer.status_code == 200
    assert answer.headers["preference-applied"] == "wait=20"
    assert (answer.json()["status"], answer.json()["url"]) == ("ready", "https://stripe/p")


async def test_an_errand_that_failed_says_so(client: Client, door: Door) -> None:
    await _customer(door.pool, client)
    asked = await client.post("/v1/portal", {})
    assert asked.status_code == 202
    async with lent(door.pool) as conn:
        await errands.end(conn, asked.json()["id"], failed="Stripe does not do this")
    view = (await client.get(asked.headers["location"])).json()
    assert (view["status"], view["url"], view["detail"]) == (
        "failed", None, "Stripe does not do this",
    )  # fmt: skip


async def test_nobody_piles_up_requests_to_stripe(client: Client, door: Door) -> None:
    await _customer(door.pool, client)
    codes = [(await client.post("/v1/portal", {})).status_code for _ in range(6)]
    assert codes == [202] * 5 + [429]


async def test_a_preview_shows_lines_once_it_is_there(door: Door) -> None:
    client = await door.client(billing="postpaid")
    await _customer(door.pool, client, subscribed=True)
    asked = await client.post("/v1/invoices/preview")
    assert (asked.status_code, asked.json()["status"]) == (202, "requested")
    async with lent(door.pool) as conn:
        line = (await mirrored(conn, client.account, "in_Sbx001")).lines[0]
    preview = {"currency": "cny", "total_minor": 2100, "tokens": 70, "period_start": BEGIN,
               "period_end": BEGIN, "lines": [line]}  # fmt: skip
    async with lent(door.pool) as conn:
        await errands.end(conn, asked.json()["id"], answer=msgspec.to_builtins(preview))
    view = (await client.get(asked.headers["location"])).json()
    assert view["status"] == "ready"
    assert view["preview"]["total_minor"] == 2100
    assert view["preview"]["lines"][0]["tokens"] == 70
