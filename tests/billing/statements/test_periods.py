"""Periods of a ledger: neighbours meet, every line is in one of them, and sums prove each other."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import asyncpg
import pytest

from billing.connections import lent, transaction
from billing.contracts import Tags
from billing.ledger import service as ledger
from billing.statements import service as statements
from billing.statements.contracts import Line, Span

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


async def _open(pool: asyncpg.Pool, account: str, tokens: int = 1000) -> None:
    async with transaction(pool) as conn:
        await ledger.open_account(conn, account, "prepaid")
        await ledger.grant(conn, account, tokens, f"welcome {account}")


async def _spend(pool: asyncpg.Pool, account: str, name: str, tokens: int, **tags: str) -> str:
    async with transaction(pool) as conn:
        made = await ledger.charge_license(conn, account, name, tokens, tags=Tags(**tags))
    return made.id


async def _span(pool: asyncpg.Pool, account: str, since: datetime, until: datetime) -> Span:
    async with lent(pool) as conn:
        return await statements.span(conn, account, since, until)


async def _lines(pool: asyncpg.Pool, found: Span) -> list[Line]:
    return [line async for some in statements.lines(pool, found) for line in some]


@pytest.fixture
async def spread(pool: asyncpg.Pool) -> AsyncIterator[list[datetime]]:
    """Forty lines of acc_a, a day apart, the last of them today; acc_b has as many of its own."""
    await _open(pool, "acc_a")
    await _open(pool, "acc_b", 5000)
    for number in range(39):
        await _spend(pool, "acc_a", f"cand_a{number}", 1 + number % 5)
        await _spend(pool, "acc_b", f"cand_b{number}", 7)
    await _redate(pool)
    rows = await pool.fetch(
        "select created_at from billing.transfers where account = 'acc_a' order by id"
    )
    yield [row["created_at"] for row in rows]


async def _redate(pool: asyncpg.Pool) -> None:
    """As if every line of an account had come a day after the one before."""
    async with transaction(pool) as conn:
        await conn.execute("alter table billing.transfers disable trigger user")
        await conn.execute(
            """
            with numbered as (
              select id, count(*) over (partition by account order by id desc) - 1 as age
              from billing.transfers
            )
            update billing.transfers set created_at = now() - age * interval '1 day'
            from numbered where numbered.id = transfers.id
            """
        )
        await conn.execute("alter table billing.transfers enable trigger user")


async def test_neighbouring_periods_share_no_line_and_lose_none(
    pool: asyncpg.Pool, spread: list[datetime]
) -> None:
    cuts = [spread[0] - DAY, spread[0], spread[7], spread[7], spread[20] + DAY / 2,
            spread[39] + DAY, spread[39] + 9 * DAY]  # fmt: skip
    whole = await _lines(pool, await _span(pool, "acc_a", cuts[0], cuts[-1]))
    assert len(whole) == 40
    parts, before = [], None
    for since, until in pairwise(cuts):
        found = await _span(pool, "acc_a", since, until)
        lines = await _lines(pool, found)
        assert all(since <= line.created_at < until for line in lines)
        assert found.opening + sum(line.tokens for line in lines) == found.closing
        assert before is None or before.closing == found.opening
        async with lent(pool) as conn:
            moved = await statements.moved(conn, found)
        assert sum(one.tokens for one in moved) == found.closing - found.opening
        assert sum(one.count for one in moved) == len(lines)
        parts, before = parts + lines, found
    assert parts == whole
    assert {line.reference[:6] for line in whole} == {"welcom", "cand_a"}


async def test_every_line_says_what_was_there_after_it(
    pool: asyncpg.Pool, spread: list[datetime]
) -> None:
    async with lent(pool) as conn:
        lines = await statements.history(conn, "acc_a", None, 100)
        wallet = await ledger.balance(conn, "acc_a")
        rest = await statements.history(conn, "acc_a", lines[9].id, 100)
    total = 0
    for line in lines:
        total += line.tokens
        assert line.balance_after == total
    assert total == wallet.posted
    assert rest == lines[10:]


async def test_a_clock_that_jumped_back_loses_no_line(
    pool: asyncpg.Pool, spread: list[datetime]
) -> None:
    async with transaction(pool) as conn:
        await conn.execute("alter table billing.transfers disable trigger user")
        await conn.execute(
            """
            update billing.transfers set created_at = created_at - interval '20 hours'
            where account = 'acc_a' and id % 3 = 0
            """
        )
        await conn.execute("alter table billing.transfers enable trigger user")
    cuts = [spread[0] - 3 * DAY + number * DAY / 3 for number in range(140)]
    seen: list[int] = []
    for since, until in pairwise(cuts):
        found = await _span(pool, "acc_a", since, until)
        lines = await _lines(pool, found)
        assert found.opening + sum(line.tokens for line in lines) == found.closing
        seen += [line.id for line in lines]
    assert seen == sorted(seen)
    assert len(seen) == 40


async def test_an_account_without_lines_has_an_empty_statement(pool: asyncpg.Pool) -> None:
    found = await _span(pool, "acc_none", NOW - DAY, NOW)
    assert (found.opening, found.closing) == (0, 0)
    assert await _lines(pool, found) == []
    async with lent(pool) as conn:
        assert await statements.moved(conn, found) == ()
        assert await statements.spent(conn, found, ("day",)) == ()


async def test_what_was_spent_is_grouped_by_any_columns(pool: asyncpg.Pool) -> None:
    await _open(pool, "acc_a")
    await _open(pool, "acc_b")
    await _spend(pool, "acc_a", "c1", 8, api_key="k1", project="p1", customer_ref="x", kind="bed")
    await _spend(pool, "acc_a", "c2", 4, api_key="k1", project="p2", customer_ref="x", kind="loop")
    again = await _spend(pool, "acc_a", "c3", 2, api_key="k2", project="p1", kind="bed")
    await _spend(pool, "acc_a", "c4", 1)
    await _spend(pool, "acc_b", "c5", 99, project="p1")
    async with transaction(pool) as conn:
        await ledger.refund(conn, again)
    found = await _span(pool, "acc_a", NOW - DAY, NOW + DAY)
    day = NOW.strftime("%Y-%m-%d")

    async def spent(*columns: str) -> set[tuple[object, ...]]:
        async with lent(pool) as conn:
            rows = await statements.spent(conn, found, columns)  # pyright: ignore
        return {
            (*(getattr(row, name) for name in columns), row.tokens, row.returned, row.count)
            for row in rows
        }

    assert await spent("project") == {("p1", 10, 2, 2), ("p2", 4, 0, 1), (None, 1, 0, 1)}
    assert await spent("key", "kind") == {
        ("k1", "bed", 8, 0, 1), ("k1", "loop", 4, 0, 1), ("k2", "bed", 2, 2, 1),
        (None, None, 1, 0, 1),
    }  # fmt: skip
    assert await spent("customer_ref") == {("x", 12, 0, 2), (None, 3, 2, 2)}
    assert await spent("sku") == {("license", 15, 2, 4)}
    by_day = await spent("day")
    assert {row[0] for row in by_day} <= {day, (NOW + DAY).strftime("%Y-%m-%d")}
    assert sum(row[1] for row in by_day) == 15  # pyright: ignore
    async with lent(pool) as conn:
        rows = [
            one
            for offset in range(4)
            for one in await statements.spent(conn, found, ("project", "key"), 1, offset)
        ]
        assert tuple(rows) == await statements.spent(conn, found, ("project", "key"))


async def test_a_long_statement_is_read_in_pieces(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch, spread: list[datetime]
) -> None:
    monkeypatch.setattr(statements, "CHUNK", 7)
    monkeypatch.setattr(statements, "GROUPS", 7)
    found = await _span(pool, "acc_a", spread[0], spread[39] + DAY)
    pieces = [some async for some in statements.lines(pool, found)]
    assert [len(some) for some in pieces] == [7, 7, 7, 7, 7, 5]
    assert [line.id for some in pieces for line in some] == sorted(
        {line.id for some in pieces for line in some}
    )
    groups = [some async for some in statements.groups(pool, found, ("day",))]
    assert [len(some) for some in groups] == [7, 7, 7, 7, 7, 4]


async def test_lines_that_come_later_do_not_change_a_statement_that_is_being_read(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statements, "CHUNK", 2)
    await _open(pool, "acc_a")
    for number in range(5):
        await _spend(pool, "acc_a", f"c{number}", 1)
    found, seen = await _span(pool, "acc_a", NOW - DAY, NOW + DAY), []
    async for some in statements.lines(pool, found):
        await _spend(pool, "acc_a", f"late{len(seen)}", 1)
        seen += some
    assert found.opening + sum(line.tokens for line in seen) == found.closing == 995
    assert not [line for line in seen if line.reference.startswith("late")]
