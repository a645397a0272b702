"""Statements, and top-ups: a row that the clerk carries out, since the gateway holds no key."""

import secrets
from datetime import UTC, datetime, timedelta

import msgspec

from api.briefs.pricing import book_of
from api.entrance import cursor_after, number_after, number_cursor, place
from api.errors import NotFound, PostpaidAccount, ValidationFailed
from api.keys.contracts import Caller
from api.keys.idempotency import Kept, Once
from api.shop import Shop
from api.usage import store
from api.usage.contracts import (
    AccountBalance,
    LedgerPage,
    NewTopup,
    Topup,
    TopupList,
    Usage,
    UsageQuery,
)
from billing.connections import lent, transaction
from billing.ledger import service as ledger
from billing.prices import service as prices
from engine.errors import Reason

PERIOD = timedelta(days=30)
LONGEST = timedelta(days=366)
YEARS = range(2000, 2100)
"""Years a period may lie in: no calendar of ours or of the database's runs out inside them."""


async def balance(shop: Shop, caller: Caller) -> AccountBalance:
    """What the account has, holds and may still spend."""
    async with lent(shop.pool) as conn:
        wallet = await ledger.balance(conn, caller.account)
    return AccountBalance(account=caller.account, balance=wallet)


async def lines(shop: Shop, caller: Caller, cursor: str | None, limit: int) -> LedgerPage:
    """The account's transfers, oldest first."""
    async with lent(shop.pool) as conn:
        found = await ledger.ledger(conn, caller.account, number_after(cursor), limit + 1)
    more = len(found) > limit
    return LedgerPage(
        items=found[:limit], next_cursor=number_cursor(found[limit - 1].id) if more else None
    )


async def usage(shop: Shop, caller: Caller, asked: UsageQuery) -> Usage:
    """A period's statement."""
    since, until = _period(asked)
    async with transaction(shop.pool) as conn:
        await store.see_one_moment(conn)
        spent = await ledger.usage(conn, caller.account, since, until)
        statement = await ledger.statement(conn, caller.account, since, until)
    return Usage(
        since=since,
        until=until,
        opening=statement.opening,
        closing=statement.closing,
        spent=spent,
        spent_tokens=sum(row.tokens for row in spent),
        lines=statement.lines,
    )


async def start_topup(shop: Shop, caller: Caller, wanted: NewTopup, once: Once) -> tuple[str, Kept]:
    """Ask for a Checkout link; the clerk fetches it. A repeat names the same top-up."""
    if caller.billing == "postpaid":
        raise PostpaidAccount("this account pays by invoice; there is nothing to top up")
    async with transaction(shop.pool) as conn:
        if (kept := await once.begin(conn)) is not None:
            return (kept.location or "").rpartition("/")[2], kept
        book = await book_of(conn, caller.account)
        pack = prices.pack_for(book, wanted.tokens, wanted.currency)
        if pack is None:
            raise _no_such_pack(wanted, book)
        made = f"top_{secrets.token_hex(12)}"
        topup = await store.insert_topup(conn, made, caller.account, pack)
        answer = Kept(status=202, body=msgspec.json.encode(topup), location=f"/v1/topups/{made}")
        await once.keep(conn, answer)
    return made, answer


async def read_topup(shop: Shop, caller: Caller, topup: str, wait: float = 0) -> Topup:
    """A top-up as it stands, or as soon as its Checkout link is there."""
    found = await _topup(shop, caller, topup)
    if not wait or found.status != "requested":
        return found
    await shop.topups.finished(topup, wait)
    return await _topup(shop, caller, topup)


async def topups(shop: Shop, caller: Caller, cursor: str | None, limit: int) -> TopupList:
    """The account's top-ups, newest first."""
    async with lent(shop.pool) as conn:
        found = await store.select_topups(conn, caller.account, place(cursor), limit + 1)
    shown = found[:limit]
    more = len(found) > limit
    return TopupList(
        items=shown,
        next_cursor=cursor_after(shown[-1].created_at, shown[-1].id) if more else None,
    )


async def _topup(shop: Shop, caller: Caller, topup: str) -> Topup:
    async with lent(shop.pool) as conn:
        found = await store.select_topup(conn, topup, caller.account)
    if found is None:
        raise NotFound(f"there is no top-up {topup}")
    return found


def _period(asked: UsageQuery) -> tuple[datetime, datetime]:
    for name, instant in (("since", asked.since), ("until", asked.until)):
        if instant is not None and instant.year not in YEARS:
            detail = f"{name} must lie between {YEARS.start} and {YEARS.stop}"
            limit = {"min": YEARS.start, "less_than": YEARS.stop}
            raise ValidationFailed([Reason(f"/query/{name}", "out_of_range", detail, limit)])
    until = asked.until or datetime.now(UTC)
    since = asked.since or until - PERIOD
    if since >= until:
        raise ValidationFailed(
            [Reason("/query/since", "out_of_range", "since must lie before until")]
        )
    if until - since > LONGEST:
        detail = "a period may be at most 366 days long"
        raise ValidationFailed([Reason("/query/since", "out_of_range", detail, {"max_days": 366})])
    return since, until


def _no_such_pack(wanted: NewTopup, book: prices.PriceBook) -> ValidationFailed:
    currencies = list(prices.currencies(book))
    if wanted.currency not in currencies:
        detail = f"packs are sold in {', '.join(currencies)}"
        return ValidationFailed([Reason("/currency", "not_one_of", detail, currencies)])
    sizes = [pack.tokens for pack in prices.packs(book) if pack.currency == wanted.currency]
    detail = f"packs have {', '.join(map(str, sizes))} tokens"
    return ValidationFailed([Reason("/tokens", "not_one_of", detail, sizes)])
