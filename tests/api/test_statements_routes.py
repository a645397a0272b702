"""Statements over HTTP: in sums, in groups, in sheets, by the month; each for its own account."""

import csv
import io
import tracemalloc
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from api.usage import statements
from billing.connections import lent, transaction
from billing.contracts import Tags
from billing.ledger import service as ledger
from billing.statements import service as periods
from billing.statements import sheets
from tests.api.conftest import Client, Door
from tests.api.studio import CHIME, make_and_settle

CSV, JSONL = {"accept": "text/csv"}, {"accept": "application/jsonl"}
COLUMNS = list(sheets.LINE_COLUMNS)


async def _spend(door: Door, client: Client, name: str, tokens: int = 8, **tags: str) -> None:
    async with transaction(door.pool) as conn:
        await ledger.charge_license(conn, client.account, name, tokens, tags=Tags(**tags))


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


async def test_a_statement_is_grouped_as_it_is_asked(client: Client, door: Door) -> None:
    await _spend(door, client, "c1", project="film", customer_ref="acme", kind="bed")
    await _spend(door, client, "c2", project="film", kind="loop")
    await _spend(door, client, "c3")
    usage = (await client.get("/v1/usage", params={"group_by": "project,kind"})).json()
    assert usage["spent"] == [
        {"kind": "bed", "project": "film", "tokens": 8, "returned": 0, "count": 1},
        {"kind": "loop", "project": "film", "tokens": 8, "returned": 0, "count": 1},
        {"kind": None, "project": None, "tokens": 8, "returned": 0, "count": 1},
    ]
    assert (usage["spent_tokens"], usage["returned_tokens"]) == (24, 0)
    assert usage["moved"] == [
        {"kind": "grant", "tokens": 1000, "count": 1},
        {"kind": "license", "tokens": -24, "count": 3},
    ]
    assert usage["opening"] + sum(one["tokens"] for one in usage["moved"]) == usage["closing"]
    usual = (await client.get("/v1/usage")).json()["spent"]
    assert [set(row) for row in usual] == [{"day", "sku", "tokens", "returned", "count"}]


async def test_lines_name_brief_license_and_whose_they_are(client: Client, door: Door) -> None:
    wish = {**CHIME, "project": "cockpit", "customer_ref": "car-7"}
    brief = (await client.brief(wish)).json()["id"]
    await make_and_settle(door.pool, door.store)
    first = (await client.get(f"/v1/briefs/{brief}")).json()["candidates"][0]["id"]
    license_ = (
        await client.post(f"/v1/candidates/{first}/pick", headers={"idempotency-key": "p"})
    ).json()["id"]
    lines = (await client.get("/v1/usage")).json()["lines"]
    assert [line["kind"] for line in lines] == ["grant", "audition", "audition", "license"]
    assert [line["brief"] for line in lines] == [None, brief, brief, brief]
    assert [line["license"] for line in lines] == [None, None, None, license_]
    for line in lines[1:]:
        assert line["key"] == client.key
        assert (line["project"], line["customer_ref"]) == ("cockpit", "car-7")
        assert line["brief_kind"] == "chime"
    assert (await client.get("/v1/ledger")).json()["items"] == lines


@pytest.mark.parametrize("by", [{"headers": CSV}, {"params": {"format": "csv"}}])
async def test_a_csv_sheet_leads_from_opening_to_closing(
    client: Client, door: Door, by: dict[str, Any]
) -> None:
    await _spend(door, client, "c1", project="=1+1")
    answer = await client.get("/v1/usage", **by)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="cuesmith-20')
    rows = _rows(answer.text)
    assert list(rows[0]) == COLUMNS
    assert [row["kind"] for row in rows] == ["opening", "grant", "license", "closing"]
    assert rows[2]["project"] == "'=1+1"
    balance = 0
    for row in rows:
        balance += int(row["tokens"])
        assert int(row["balance_after"]) == balance
    assert balance == 992


async def test_json_lines_say_what_the_csv_says(client: Client, door: Door) -> None:
    await _spend(door, client, "c1", project="film")
    now = datetime.now(UTC)
    month = {"since": (now - timedelta(days=9)).isoformat(), "until": now.isoformat()}
    sheet = await client.get("/v1/usage", params=month, headers=JSONL)
    assert sheet.headers["content-type"] == "application/jsonl"
    said = [msgspec.json.decode(line) for line in sheet.text.splitlines()]
    rows = _rows((await client.get("/v1/usage", params=month, headers=CSV)).text)
    for one, row in zip(said, rows, strict=True):
        assert list(one) == COLUMNS
        for name in set(COLUMNS) - {"created_at"}:
            assert row[name] == ("" if one[name] is None else str(one[name]))


async def test_groups_are_a_sheet_too(client: Client, door: Door) -> None:
    await _spend(door, client, "c1", project="film")
    await _spend(door, client, "c2", project="game")
    answer = await client.get("/v1/usage", params={"group_by": "project,sku", "format": "csv"})
    assert answer.text.splitlines() == [
        "project,sku,tokens,returned,count", "film,license,8,0,1", "game,license,8,0,1",
    ]  # fmt: skip


async def test_a_month_goes_on_where_the_one_before_closed(client: Client, door: Door) -> None:
    await _spend(door, client, "c1")
    now = datetime.now(UTC)
    this = f"{now:%Y-%m}"
    before = f"{now.replace(day=1) - timedelta(days=1):%Y-%m}"
    past = (await client.get(f"/v1/statements/{before}")).json()
    said = (await client.get(f"/v1/statements/{this}")).json()
    assert (past["complete"], past["closing"]) == (True, 0)
    assert (said["complete"], said["opening"], said["closing"]) == (False, 0, 992)
    assert (said["month"], said["account"]) == (this, client.account)
    assert said["since"] == f"{this}-01T00:00:00Z"
    sheet = await client.get(f"/v1/statements/{this}", headers=CSV)
    assert f'filename="cuesmith-{this}.csv"' in sheet.headers["content-disposition"]
    assert [row["kind"] for row in _rows(sheet.text)][-1] == "closing"
    for nowhere in ("2099-12", "2026-13", "2026-00", "1999-12", "26-01", "2026-1", "x"):
        answer = await client.get(f"/v1/statements/{nowhere}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_nobody_reads_anothers_statement(client: Client, door: Door) -> None:
    await _spend(door, client, "c1", project="secret")
    stranger = await door.client(tokens=5)
    month = f"{datetime.now(UTC):%Y-%m}"
    for path in ("/v1/usage", f"/v1/statements/{month}", "/v1/ledger"):
        for headers in ({}, CSV, JSONL):
            said = await stranger.get(path, headers=headers)
            assert said.status_code == 200
            assert "secret" not in said.text
            assert client.account not in said.text
            assert "license" not in {
                line.get("kind") for line in said.json().get("lines", ())
            } if not headers else True  # fmt: skip
    spender = await door.another_key(client.account, ("billing",))
    refused = await spender.get(f"/v1/statements/{month}")
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"group_by": "colour"}, "/query/group_by"),
        ({"group_by": ""}, "/query/group_by"),
        ({"group_by": "day,day"}, "/query/group_by"),
        ({"group_by": "day,"}, "/query/group_by"),
        ({"format": "xml"}, "/query/format"),
        ({"format": "csv", "limit": "5"}, "/query/limit"),
        ({"format": "jsonl", "cursor": "MQ"}, "/query/cursor"),
        ({"limit": "0"}, "/query/limit"),
        ({"limit": "1001"}, "/query/limit"),
        ({"cursor": "?"}, "/query/cursor"),
    ],
)
async def test_what_cannot_be_said_is_refused_with_a_pointer(
    client: Client, query: dict[str, str], pointer: str
) -> None:
    month = f"{datetime.now(UTC):%Y-%m}"
    for path in ("/v1/usage", f"/v1/statements/{month}"):
        answer = await client.get(path, params=query)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["pointer"] == pointer


async def test_lines_are_paged_and_the_sums_are_of_all(client: Client, door: Door) -> None:
    for number in range(6):
        await _spend(door, client, f"c{number}")
    seen, cursor, pages = [], None, 0
    while True:
        query = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
        usage = (await client.get("/v1/usage", params=query)).json()
        assert usage["spent_tokens"] == 48
        seen += usage["lines"]
        cursor, pages = usage["next_cursor"], pages + 1
        if cursor is None:
            break
    assert pages == 3
    assert usage["opening"] + sum(line["tokens"] for line in seen) == usage["closing"] == 952


async def test_too_many_groups_for_one_answer_are_a_sheet(
    client: Client, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statements, "MOST_GROUPS", 2)
    for number in range(3):
        await _spend(door, client, f"c{number}", customer_ref=f"x{number}")
    query = {"group_by": "customer_ref"}
    refused = await client.get("/v1/usage", params=query)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "too_many")
    assert "format=csv" in refused.json()["detail"]
    sheet = await client.get("/v1/usage", params=query, headers=CSV)
    assert len(sheet.text.splitlines()) == 4


async def test_head_sends_no_sheet(client: Client) -> None:
    headers = {"authorization": f"Bearer {client.secret}", **CSV}
    answer = await client.http.head("/v1/usage", headers=headers)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"


async def test_a_sheet_of_ten_times_the_lines_needs_no_more_memory(
    client: Client, door: Door
) -> None:
    since, peaks = datetime.now(UTC) - timedelta(days=1), []
    for lines, more in ((3_000, 2_999), (30_000, 27_000)):
        await _many(door, client, more)
        async with lent(door.pool) as conn:
            until = datetime.now(UTC) + timedelta(minutes=1)
            span = await periods.span(conn, client.account, since, until)
        tracemalloc.start()
        seen = 0
        async for piece in statements.sheet(door.pool, span, (), "csv"):
            seen += piece.count(b"\n")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert seen == lines + 3  # with the names of the columns, opening and closing
    assert peaks[1] < 1.5 * peaks[0]


async def _many(door: Door, client: Client, lines: int) -> None:
    """So many grants of one token, all at once."""
    await door.pool.execute(
        """
        insert into billing.transfers (kind, ref, account, debit, credit, amount, balance_after)
        select 'grant', gen_random_uuid()::text, $1, 'promo', 'wallet:' || $1, 1, balance + number
        from generate_series(1, $2) number,
          (select max(balance_after) as balance from billing.transfers where account = $1) last
        """,
        client.account, lines,
    )  # fmt: skip
