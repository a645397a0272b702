"""What a batch has cost, line by line, as the ledger has it."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any

import asyncpg
from msgspec import Meta, Struct, structs

from api.batches import service
from api.batches.contracts import BatchTokens
from api.batches.store import LAST
from api.entrance import Cursor, number_cursor
from api.keys.contracts import Caller
from api.shop import Shop
from api.usage import store as usage
from api.usage.contracts import Format
from billing.connections import lent, transaction
from billing.statements import sheets
from billing.statements.contracts import Moved
from billing.statements.sheets import Form

CHUNK = 200
"""Lines of a batch whose movements are read at a time."""


class BatchSheetQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``format``: also by the Accept header. ``limit`` and ``cursor`` page through the batch's
    lines; only JSON has pages."""

    format: Format | None = None
    limit: Annotated[int, Meta(ge=1, le=1000)] | None = None
    cursor: Cursor | None = None


class BatchMovement(Struct, frozen=True, kw_only=True):
    """One movement of tokens for one line's brief: the ledger's line ``id``. Negative went out."""

    line: int
    reference: str | None
    brief: str
    id: int
    created_at: datetime
    kind: str
    tokens: int
    candidate: str
    license: str | None
    key: str | None
    project: str | None
    customer_ref: str | None
    brief_kind: str | None


class BatchStatement(Struct, frozen=True, kw_only=True):
    """What a batch has cost so far. ``moved`` adds up every movement by its kind, and with its sign
    it is what the ledger has: auditions = captured + late, licenses = licenses."""

    batch: str
    briefs: int
    tokens: BatchTokens
    moved: tuple[Moved, ...]
    spent_tokens: int
    returned_tokens: int
    lines: tuple[BatchMovement, ...]
    next_cursor: str | None


_MOVEMENTS = """
from api.briefs as one
join api.candidates on candidates.brief = one.id
join billing.captures on captures.reference = candidates.id and sku in ('audition', 'license')
join billing.transfers on transfers.ref = captures.id and transfers.kind in ('capture', 'refund')
"""
_KIND = "case when transfers.kind = 'capture' then sku else transfers.kind end"
_TOKENS = "case when transfers.kind = 'capture' then -amount else amount end"
SELECT_MOVEMENTS = f"""
select batch_line as line, one.reference, one.id as brief, transfers.id, transfers.created_at,
  {_KIND} as kind, {_TOKENS} as tokens, captures.reference as candidate,
  case when sku = 'license' then licenses.id end as license, captures.api_key as key,
  captures.project, captures.customer_ref, captures.kind as brief_kind
{_MOVEMENTS}
left join api.licenses on licenses.candidate = candidates.id
where batch = $1 and batch_line > $2 and batch_line <= $3
order by batch_line, transfers.id
"""
SELECT_MOVED = f"""
select {_KIND} as kind, sum({_TOKENS})::bigint as tokens, count(*) as count
{_MOVEMENTS} where batch = $1 group by 1 order by 1
"""
COLUMNS = {
    "line": "the line of the upload; empty for the total",
    "reference": "the client's name for that line",
    "brief": "its brief",
    "id": "the ledger's line",
    "created_at": "when, UTC",
    "kind": "audition, license, refund or total",
    "tokens": "positive came in, negative went out",
    "candidate": "what was paid for",
    "license": "the license that was bought",
    "key": "the API key that spent them",
    "project": "the brief's project",
    "customer_ref": "the brief's customer_ref",
    "brief_kind": "bed, loop, sting, chime or ambience",
}
ABOUT = (
    "`Accept: text/csv` or `application/jsonl`, or `format`, give the whole sheet, streamed; its "
    "last row is `total`, and a sheet without it was cut short. Columns: "
    + "; ".join(f"`{name}`: {about}" for name, about in COLUMNS.items())
    + ". In CSV, text that a spreadsheet would take for a formula begins with an apostrophe."
)


async def statement(
    shop: Shop, caller: Caller, batch: str, asked: BatchSheetQuery
) -> BatchStatement:
    """A batch's sums and a page of its movements, all seen at one moment."""
    after, limit = service.line_after(asked.cursor), asked.limit or CHUNK
    async with transaction(shop.pool) as conn:
        await usage.see_one_moment(conn)
        end = await service.last_line(conn, caller, batch)
        said = await service.view_in(conn, shop, caller, batch)
        moved = tuple(Moved(**dict(row)) for row in await conn.fetch(SELECT_MOVED, batch))
        last = min(after, LAST - limit) + limit
        lines = await _movements(conn, batch, after, last)
    spent = -sum(one.tokens for one in moved if one.kind != "refund")
    return BatchStatement(
        batch=batch, briefs=said.briefs, tokens=said.tokens, moved=moved, spent_tokens=spent,
        returned_tokens=sum(one.tokens for one in moved if one.kind == "refund"),
        lines=lines, next_cursor=number_cursor(last) if last < end else None,
    )  # fmt: skip


async def sheet(pool: asyncpg.Pool, batch: str, last_line: int, form: Form) -> AsyncIterator[bytes]:
    """All movements as a file, a piece at a time, with their sum at the end."""
    total = 0
    yield sheets.head(form, COLUMNS)
    for after in range(0, last_line, CHUNK):
        async with lent(pool) as conn:
            some = await _movements(conn, batch, after, after + CHUNK)
        total += sum(one.tokens for one in some)
        yield sheets.rows(form, COLUMNS, [structs.asdict(one) for one in some])
    closing: dict[str, Any] = {"kind": "total", "tokens": total}
    yield sheets.rows(form, COLUMNS, [closing])


async def _movements(
    conn: asyncpg.Connection, batch: str, after: int, last: int
) -> tuple[BatchMovement, ...]:
    rows = await conn.fetch(SELECT_MOVEMENTS, batch, after, last)
    return tuple(BatchMovement(**dict(row)) for row in rows)
