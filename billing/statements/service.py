"""Statements: a period is a range of lines, so neighbours meet without a gap and never overlap.

`span` fixes the range once; all else reads inside it, in as many short reads as it takes, and
finds the same lines however long that lasts: nothing is ever written into a range that was whole.
"""

from collections.abc import AsyncIterator
from datetime import datetime

import asyncpg

from billing.connections import lent
from billing.statements import store
from billing.statements.contracts import GroupBy, Line, Moved, Span, Spent, Statement

CHUNK = 1000
"""Lines read at a time; a statement of any length needs memory for so many."""
GROUPS = 10_000
"""Groups read at a time: each such read adds the period up again."""
NEWEST = 2**63 - 1


async def span(conn: asyncpg.Connection, account: str, since: datetime, until: datetime) -> Span:
    """The lines from ``since`` on and before ``until``."""
    after, opening = await store.select_edge(conn, account, since)
    through, closing = await store.select_edge(conn, account, until)
    return Span(
        account=account, since=since, until=until, after=after, through=max(after, through),
        opening=opening, closing=closing if through > after else opening,
    )  # fmt: skip


async def statement(conn: asyncpg.Connection, found: Span) -> Statement:
    """A period's sums, each added up from its lines."""
    return Statement(span=found, moved=await moved(conn, found))


async def moved(conn: asyncpg.Connection, found: Span) -> tuple[Moved, ...]:
    """What the lines of each kind come to."""
    return await store.select_moved(conn, found.account, found.after, found.through)


async def page(
    conn: asyncpg.Connection, found: Span, after: int | None, limit: int
) -> tuple[Line, ...]:
    """Lines of a period after an id, oldest first."""
    begin = max(found.after, after or 0)
    return await store.select_lines(conn, found.account, begin, found.through, limit)


async def history(
    conn: asyncpg.Connection, account: str, after: int | None, limit: int
) -> tuple[Line, ...]:
    """All an account's lines after an id, oldest first."""
    return await store.select_lines(conn, account, after or 0, NEWEST, limit)


async def lines(pool: asyncpg.Pool, found: Span) -> AsyncIterator[tuple[Line, ...]]:
    """All lines of a period, a thousand at a time; no connection is held between the reads."""
    after = found.after
    while after < found.through:
        async with lent(pool) as conn:
            some = await page(conn, found, after, CHUNK)
        if some:
            yield some
        if len(some) < CHUNK:
            return
        after = some[-1].id


async def spent(
    conn: asyncpg.Connection,
    found: Span,
    columns: tuple[GroupBy, ...],
    limit: int = GROUPS,
    offset: int = 0,
) -> tuple[Spent, ...]:
    """What was spent, by the columns asked for."""
    return await store.select_spent(
        conn, found.account, found.after, found.through, columns, limit, offset
    )


async def groups(
    pool: asyncpg.Pool, found: Span, columns: tuple[GroupBy, ...]
) -> AsyncIterator[tuple[Spent, ...]]:
    """All groups of a period, ten thousand at a time."""
    offset = 0
    while True:
        async with lent(pool) as conn:
            some = await spent(conn, found, columns, GROUPS, offset)
        if some:
            yield some
        if len(some) < GROUPS:
            return
        offset += GROUPS
