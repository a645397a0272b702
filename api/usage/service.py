"""The balance, and top-ups: a row that the clerk carries out, since the gateway holds no key."""

import secrets
from collections.abc import Sequence

import asyncpg
import msgspec

from api.briefs.pricing import book_of
from api.entrance import cursor_after, place
from api.errors import NotFound, PostpaidAccount, ValidationFailed
from api.keys.contracts import Caller
from api.keys.idempotency import Kept, Once
from api.shop import Shop
from api.usage import store
from api.usage.contracts import (
    AccountBalance,
    Expiring,
    NewTopup,
    Topup,
    TopupList,
)
from billing.connections import lent, transaction
from billing.errors import UnknownAccount
from billing.ledger import lots
from billing.prices import service as prices
from engine.errors import Reason


async def balance(shop: Shop, caller: Caller) -> AccountBalance:
    """What the account has, holds and may still spend."""
    found = await shop.balances.of(caller.account)
    if found is None:
        raise UnknownAccount(f"{caller.account} has no wallet")
    return found


async def balances(pool: asyncpg.Pool, accounts: Sequence[str]) -> dict[str, AccountBalance]:
    """The same of several accounts at once."""
    async with lent(pool) as conn:
        purses = await lots.purses(conn, accounts)
    return {account: _balance(account, purse) for account, purse in purses.items()}


def _balance(account: str, purse: lots.Purse) -> AccountBalance:
    packs = tuple(Expiring(tokens=one.left, expires_at=one.expires_at) for one in purse.lots)
    return AccountBalance(account=account, balance=purse.balance, packs=packs)


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


def _no_such_pack(wanted: NewTopup, book: prices.PriceBook) -> ValidationFailed:
    currencies = list(prices.currencies(book))
    if wanted.currency not in currencies:
        detail = f"packs are sold in {', '.join(currencies)}"
        return ValidationFailed([Reason("/currency", "not_one_of", detail, currencies)])
    sizes = [pack.tokens for pack in prices.packs(book) if pack.currency == wanted.currency]
    detail = f"packs have {', '.join(map(str, sizes))} tokens"
    return ValidationFailed([Reason("/tokens", "not_one_of", detail, sizes)])
