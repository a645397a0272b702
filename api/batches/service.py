"""A catalogue run: all lines are understood and priced, then all are held and handed to the studios
in one transaction. What fails in between has left nothing behind."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import asyncpg
import msgspec
import structlog
from prometheus_client import Counter

from api.batches import store
from api.batches.contracts import (
    Batch,
    BatchList,
    BatchQuote,
    BatchTokens,
    Counts,
    NewBatch,
    Priced,
    Result,
    ResultsQuery,
    UploadQuery,
    Wish,
)
from api.batches.reading import Wrongs, read
from api.batches.unpacking import Upload
from api.briefs.paid import HOLD_MARGIN
from api.briefs.pricing import agreed_by, book_of, offer_for
from api.entrance import cursor_after, number_after, number_cursor, place
from api.errors import (
    AlreadyTerminal,
    NotFound,
    OverMaxTokens,
    QuoteExpired,
    QuoteMismatch,
    ValidationFailed,
)
from api.keys import service as keys
from api.keys.contracts import Caller
from api.keys.idempotency import Kept, Once
from api.shop import Shop
from billing.connections import lent, transaction
from billing.contracts import Quote as Price
from billing.ledger import batches as holds
from billing.ledger import service as ledger
from billing.ledger.batches import Asked
from billing.prices.service import PriceBook
from engine.errors import Reason

WITHIN_S = 120.0
"""In which each statement that writes a batch must be done: it is thousands of rows."""
CHUNK = 500
"""Lines of results read at a time."""

log = structlog.get_logger()
TAKEN = Counter("gateway_batches_taken_total", "Batches taken in", ["mode"])
LINES = Counter("gateway_batch_briefs_taken_total", "Briefs that came in batches", ["mode"])


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """A batch that was taken in, now or before."""

    batch: str
    answer: Kept
    replayed: bool


async def quote(shop: Shop, caller: Caller, upload: Upload, deadline_s: int) -> BatchQuote:
    """What an upload would cost, if every line of it can be carried out."""
    book, lines = await _priced(shop, caller, upload, deadline_s)
    async with lent(shop.pool) as conn:
        wallet = await ledger.balance(conn, caller.account)
    return BatchQuote(
        briefs=len(lines),
        tokens=sum(one.tokens for one in lines),
        license_tokens=sum(one.license_tokens for one in lines),
        expected_s=sum(one.wish.expected_s for one in lines),
        price_book=book.name,
        available_tokens=wallet.available,
    )


async def submit(
    shop: Shop, caller: Caller, upload: Upload, asked: UploadQuery, once: Once, trace: str
) -> Accepted:
    """Set the tokens of a whole catalogue aside and hand it to the studios, or nothing of it."""
    known = await _known(shop, caller, upload, asked, once)
    if known is not None:
        return known
    _, lines = await _priced(shop, caller, upload, asked.deadline_s)
    tokens, seconds = sum(one.tokens for one in lines), sum(one.wish.expected_s for one in lines)
    if asked.max_tokens is not None and tokens > asked.max_tokens:
        raise OverMaxTokens(tokens, asked.max_tokens)
    batch = NewBatch(
        id=f"bat_{secrets.token_hex(12)}", account=caller.account, key=caller.key, name=asked.name,
        sha256=upload.sha256, again=asked.again, trace=trace,
    )  # fmt: skip
    with shop.backlog.entry() as entry:
        async with lent(shop.pool) as conn:
            await entry.take(conn, "batch", seconds)
        accepted = await _take_in(shop, caller, batch, lines, once)
    if not accepted.replayed:
        TAKEN.labels(caller.mode).inc()
        LINES.labels(caller.mode).inc(len(lines))
        log.info("batch.taken", batch=batch.id, briefs=len(lines), tokens=tokens)
    return accepted


async def view(shop: Shop, caller: Caller, batch: str) -> Batch:
    """A batch and how far it is."""
    async with lent(shop.pool) as conn:
        return await view_in(conn, shop, caller, batch)


async def page(shop: Shop, caller: Caller, cursor: str | None, limit: int) -> BatchList:
    """The account's batches, newest first."""
    async with lent(shop.pool) as conn:
        rows = await store.select_page(
            conn, caller.account, place(cursor), limit + 1, shop.settings.public_url
        )
    shown, more = rows[:limit], len(rows) > limit
    return BatchList(
        items=tuple(shown),
        next_cursor=cursor_after(shown[-1].created_at, shown[-1].id) if more else None,
    )


async def cancel(shop: Shop, caller: Caller, batch: str) -> Batch:
    """Stop a batch: the clerk takes what waits out of the queue, what runs is stopped; what was
    delivered stays and was charged."""
    async with transaction(shop.pool) as conn:
        if not await store.ask_cancel(conn, batch, caller.account):
            await last_line(conn, caller, batch)
            raise AlreadyTerminal("this batch has ended")
        return await view_in(conn, shop, caller, batch)


async def results(
    shop: Shop, caller: Caller, batch: str, asked: ResultsQuery
) -> tuple[list[Result], str | None]:
    """A page of results, and the cursor of the next one."""
    limit = asked.limit or CHUNK
    async with lent(shop.pool) as conn:
        await last_line(conn, caller, batch)
        after = line_after(asked.cursor)
        found = await store.select_results(conn, batch, after, asked.status, limit + 1)
    shown = found[:limit]
    return shown, number_cursor(shown[-1].line) if len(found) > limit else None


async def all_results(
    pool: asyncpg.Pool, batch: str, asked: ResultsQuery, after: int
) -> AsyncIterator[list[Result]]:
    """All lines, some at a time; no connection is held between the reads."""
    while True:
        async with lent(pool) as conn:
            some = await store.select_results(conn, batch, after, asked.status, CHUNK)
        if some:
            yield some
        if len(some) < CHUNK:
            return
        after = some[-1].line


def line_after(cursor: str | None) -> int:
    """The line after which a list of lines goes on."""
    return min(number_after(cursor), store.LAST)


async def last_line(conn: asyncpg.Connection, caller: Caller, batch: str) -> int:
    """The number of a batch's last line; `NotFound` where it is not the account's."""
    found = await store.select_last_line(conn, batch, caller.account)
    if found is None:
        raise _no_batch(batch)
    return found


# --- understanding and pricing --------------------------------------------------------------------


async def _priced(
    shop: Shop, caller: Caller, upload: Upload, deadline_s: int
) -> tuple[PriceBook, list[Priced]]:
    """Every line with its price; `BatchRefused` with all that is wrong."""
    async with lent(shop.pool) as conn:
        book = await book_of(conn, caller.account)
    wrongs, lines = Wrongs(), list[Priced]()
    async with shop.uploads.reading():
        async for wishes in read(caller.account, upload.lines, deadline_s, wrongs):
            lines += await _with_prices(shop, caller, wishes, book, wrongs)
            if wrongs.found:
                lines.clear()  # nothing will come of it but the list of what is wrong
    wrongs.refuse(whole=not wrongs.full)
    return book, lines


async def _with_prices(
    shop: Shop, caller: Caller, wishes: list[Wish], book: PriceBook, wrongs: Wrongs
) -> list[Priced]:
    named = [wish.request.quote for wish in wishes if wish.request.quote is not None]
    quotes = {}
    if named:
        async with lent(shop.pool) as conn:
            quotes = await store.select_quotes(conn, caller.account, named)
    lines = []
    for wish in wishes:
        request = wish.request
        found = quotes.get(request.quote or "")
        try:
            offer = offer_for(wish.resolved, book, "batch")
            price = agreed_by(found, offer, request.quote, request.max_tokens)
        except ValidationFailed as refused:
            wrongs.add(wish.line, refused.reasons)
        except OverMaxTokens as refused:
            detail = str(refused)
            wrongs.add(
                wish.line, [Reason("/max_tokens", "budget_exceeded", detail, refused.needed)]
            )
        except QuoteExpired as refused:
            wrongs.add(wish.line, [Reason("/quote", "quote_expired", str(refused))])
        except QuoteMismatch as refused:
            wrongs.add(wish.line, [Reason("/quote", "quote_mismatch", str(refused))])
        else:
            lines.append(_priced_as(wish, price))
    return lines


def _priced_as(wish: Wish, price: Price) -> Priced:
    return Priced(
        wish=wish, audition_tokens=price.audition_tokens, license_tokens=price.license_tokens,
        price_book=price.price_book,
    )  # fmt: skip


# --- taking in ------------------------------------------------------------------------------------


async def _known(
    shop: Shop, caller: Caller, upload: Upload, asked: UploadQuery, once: Once
) -> Accepted | None:
    """What the same request was answered, or the batch of the same lines."""
    async with transaction(shop.pool) as conn:
        kept = await once.begin(conn)
        if kept is not None:
            return _again(kept)
        same = None
        if not asked.again:
            same = await store.select_same(conn, caller.account, upload.sha256)
        return None if same is None else await _same(conn, shop, caller, same, once)


async def _take_in(
    shop: Shop, caller: Caller, batch: NewBatch, lines: Sequence[Priced], once: Once
) -> Accepted:
    """Batch, briefs, jobs, holds and the answer live or die together. The wallet, for which all the
    account's briefs wait, is touched last."""
    named = [(f"brf_{secrets.token_hex(12)}", ledger.new_hold_id(), one) for one in lines]
    longest = timedelta(seconds=max(one.wish.resolved.deadline_s for one in lines))
    async with transaction(shop.pool) as conn:
        kept = await once.begin(conn)
        if kept is not None:
            return _again(kept)
        await keys.still(conn, caller)  # it is long since it came
        at = await store.now(conn)
        if not await store.insert_batch(conn, batch, lines, at, at + longest):
            same = await store.select_same(conn, caller.account, batch.sha256)
            if same is None:  # it was stopped in this very moment; this request begins anew
                raise asyncpg.SerializationError("the same lines were stopped meanwhile")
            return await _same(conn, shop, caller, same, once)
        await store.copy_briefs(conn, batch, named, at, WITHIN_S)
        asked = await asyncio.to_thread(_holds, named)
        await holds.place_batch(conn, caller.account, caller.key, asked, WITHIN_S)
        said = _just_come(shop, batch, lines, at, at + longest)
        location = f"/v1/batches/{batch.id}"
        answer = Kept(status=202, body=msgspec.json.encode(said), location=location)
        await once.keep(conn, answer)
    return Accepted(batch=batch.id, answer=answer, replayed=False)


def _just_come(
    shop: Shop, batch: NewBatch, lines: Sequence[Priced], at: datetime, deadline_at: datetime
) -> Batch:
    """What its row will say; reading it would keep the wallet locked for longer."""
    tokens = sum(one.tokens for one in lines)
    return Batch(
        id=batch.id, name=batch.name, status="running", created_at=at, deadline_at=deadline_at,
        finished_at=None, briefs=len(lines), counts=Counts(queued=len(lines)), candidates=0,
        licenses=0,
        tokens=BatchTokens(
            quoted=tokens, held=tokens, captured=0, released=0, late=0, licenses=0
        ),
        expected_s=sum(one.wish.expected_s for one in lines), expected_end_at=None,
        sha256=batch.sha256, url=f"{shop.settings.public_url}/v1/batches/{batch.id}",
    )  # fmt: skip


def _holds(named: Sequence[tuple[str, str, Priced]]) -> list[Asked]:
    return [
        Asked(
            hold=hold, brief=brief, tokens=one.tokens,
            ttl=timedelta(seconds=one.wish.resolved.deadline_s) + HOLD_MARGIN,
            project=one.wish.request.project, customer_ref=one.wish.request.customer_ref,
            kind=one.wish.resolved.kind,
        )
        for brief, hold, one in named
    ]  # fmt: skip


def _again(kept: Kept) -> Accepted:
    named = (kept.location or "").rpartition("/")[2]
    return Accepted(batch=named, answer=kept, replayed=True)


async def _same(
    conn: asyncpg.Connection, shop: Shop, caller: Caller, batch: str, once: Once
) -> Accepted:
    """The batch of the same lines, as it stands; a repeat is told the same, even if that batch is
    stopped in between."""
    said = await view_in(conn, shop, caller, batch)
    answer = Kept(status=200, body=msgspec.json.encode(said), location=f"/v1/batches/{batch}")
    await once.keep(conn, answer)
    return Accepted(batch=batch, answer=answer, replayed=True)


async def view_in(conn: asyncpg.Connection, shop: Shop, caller: Caller, batch: str) -> Batch:
    found = await store.select_batch(conn, batch, caller.account, shop.settings.public_url)
    if found is None:
        raise _no_batch(batch)
    return found


def _no_batch(batch: str) -> NotFound:
    return NotFound(f"there is no batch {batch}")
