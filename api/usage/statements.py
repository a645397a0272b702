"""Statements: a period of the ledger in sums, in groups and line by line."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import asyncpg
from msgspec import structs

from api.entrance import number_after, number_cursor
from api.errors import ValidationFailed
from api.keys.contracts import Caller
from api.shop import Shop
from api.usage import period, store
from api.usage.contracts import (
    LedgerPage,
    MonthStatement,
    SheetQuery,
    StatementLine,
    Usage,
    UsageQuery,
)
from billing.connections import lent, transaction
from billing.statements import service as statements
from billing.statements import sheets
from billing.statements.contracts import GroupBy, Line, Moved, Span, Spent
from billing.statements.sheets import Form
from engine.errors import Reason

USUAL_GROUPS: tuple[GroupBy, ...] = ("day", "sku")
MOST_GROUPS = 5000
"""In one JSON answer; a sheet has as many as there are."""
MOST_LINES = 1000
_SPENT = ("audition", "license")


async def ledger(shop: Shop, caller: Caller, cursor: str | None, limit: int) -> LedgerPage:
    """The account's transfers, oldest first."""
    async with lent(shop.pool) as conn:
        found = await statements.history(conn, caller.account, number_after(cursor), limit + 1)
        shown = await told(conn, caller.account, found[:limit])
    more = len(found) > limit
    return LedgerPage(items=shown, next_cursor=number_cursor(shown[-1].id) if more else None)


async def usage(shop: Shop, caller: Caller, asked: UsageQuery) -> Usage:
    """A period's statement."""
    since, until = period.asked_for(asked, datetime.now(UTC))
    return Usage(**await _facts(shop, caller, asked, since, until))


async def month(shop: Shop, caller: Caller, name: str, asked: SheetQuery) -> MonthStatement:
    """A calendar month's statement."""
    since, until, complete = period.month(name, datetime.now(UTC))
    facts = await _facts(shop, caller, asked, since, until)
    return MonthStatement(account=caller.account, month=name, complete=complete, **facts)


async def span_of(shop: Shop, account: str, since: datetime, until: datetime) -> Span:
    """A period as the range of lines that lie in it."""
    async with lent(shop.pool) as conn:
        return await statements.span(conn, account, since, until)


async def sheet(
    pool: asyncpg.Pool, span: Span, columns: tuple[GroupBy, ...], form: Form
) -> AsyncIterator[bytes]:
    """A period as a file, a piece at a time: its groups where columns are named, else its lines."""
    names = (*columns, *sheets.GROUP_COLUMNS) if columns else tuple(sheets.LINE_COLUMNS)
    yield sheets.head(form, names)
    pieces = _groups(pool, span, columns) if columns else _lines(pool, span)
    async for some in pieces:
        yield sheets.rows(form, names, some)


def grouped(asked: SheetQuery) -> tuple[GroupBy, ...]:
    """The columns that were asked for, in that order; each may be named once."""
    named = asked.group_by.split(",") if asked.group_by else []
    if len(set(named)) < len(named):
        raise _refused("group_by", "repeated", "each column may be named once")
    return cast(tuple[GroupBy, ...], tuple(named))


def paged_only_in_json(asked: SheetQuery) -> None:
    """Refuse a page of a sheet: it is always whole."""
    for name in ("limit", "cursor"):
        if getattr(asked, name) is not None:
            raise _refused(name, "not_here", f"a sheet is always whole; leave {name} out")


async def told(
    conn: asyncpg.Connection, account: str, lines: Sequence[Line]
) -> tuple[StatementLine, ...]:
    """Lines with the briefs and the licenses they belong to."""
    origins = await store.select_origins(conn, account, [line.reference for line in lines])
    return tuple(_told(line, origins.get(line.reference)) for line in lines)


def _told(line: Line, origin: store.Origin | None) -> StatementLine:
    bought = origin.license if origin is not None and line.kind == "license" else None
    return StatementLine(
        **structs.asdict(line), brief=origin.brief if origin else None, license=bought
    )


async def _facts(
    shop: Shop, caller: Caller, asked: SheetQuery, since: datetime, until: datetime
) -> dict[str, Any]:
    columns, limit = grouped(asked) or USUAL_GROUPS, asked.limit or MOST_LINES
    after = number_after(asked.cursor)
    async with transaction(shop.pool) as conn:
        await store.see_one_moment(conn)
        span = await statements.span(conn, caller.account, since, until)
        moved = await statements.moved(conn, span)
        spent = await statements.spent(conn, span, columns, MOST_GROUPS + 1)
        found = await statements.page(conn, span, after, limit + 1)
        lines = await told(conn, caller.account, found[:limit])
    _refuse_too_many(spent)
    more = len(found) > limit
    return {
        "since": since, "until": until, "opening": span.opening, "closing": span.closing,
        "moved": moved, "spent": spent, "lines": lines,
        "spent_tokens": -_sum(moved, _SPENT), "returned_tokens": _sum(moved, ("refund",)),
        "next_cursor": number_cursor(lines[-1].id) if more else None,
    }  # fmt: skip


def _sum(moved: tuple[Moved, ...], kinds: tuple[str, ...]) -> int:
    return sum(one.tokens for one in moved if one.kind in kinds)


def _refuse_too_many(spent: tuple[Spent, ...]) -> None:
    if len(spent) > MOST_GROUPS:
        detail = (
            f"these are more than {MOST_GROUPS} groups: ask for a shorter time or fewer columns, "
            "or for all of them as format=csv or format=jsonl"
        )
        raise _refused("group_by", "too_many", detail, MOST_GROUPS)


async def _groups(
    pool: asyncpg.Pool, span: Span, columns: tuple[GroupBy, ...]
) -> AsyncIterator[list[dict[str, Any]]]:
    async for some in statements.groups(pool, span, columns):
        yield [structs.asdict(one) for one in some]


async def _lines(pool: asyncpg.Pool, span: Span) -> AsyncIterator[list[dict[str, Any]]]:
    yield [sheets.edge(span, "opening")]
    async for some in statements.lines(pool, span):
        async with lent(pool) as conn:
            yield [structs.asdict(one) for one in await told(conn, span.account, some)]
    yield [sheets.edge(span, "closing")]


def _refused(name: str, code: str, detail: str, limit: object = None) -> ValidationFailed:
    return ValidationFailed([Reason(f"/query/{name}", code, detail, limit)])
