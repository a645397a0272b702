"""Invoices from our mirror; previews and portal links through errands, since the gateway holds no
Stripe key."""

import asyncpg
import msgspec

from api.entrance import cursor_after, place
from api.errors import NoCustomer, NoSubscription, NotFound, PrepaidAccount, QueueFull
from api.invoices.contracts import (
    Asked,
    InvoiceList,
    InvoicePreview,
    NewPortal,
    Portal,
)
from api.keys.contracts import Caller
from api.shop import Shop
from billing.connections import lent, transaction
from billing.processor import errands, store
from billing.processor.contracts import Errand, ErrandKind, MirroredInvoice, Preview

OPEN_AT_MOST = 5
"""Links and previews an account may be waiting for."""
_STATUS: dict[str, Asked] = {"asked": "requested", "done": "ready", "failed": "failed"}


async def invoices(shop: Shop, caller: Caller, cursor: str | None, limit: int) -> InvoiceList:
    """The account's invoices, newest first; drafts are not shown, for they change."""
    at = place(cursor)
    before = None if at is None else (at.created_at, at.id)
    async with lent(shop.pool) as conn:
        found = await store.select_invoices(conn, caller.account, before, limit + 1)
    shown = found[:limit]
    more = len(found) > limit
    return InvoiceList(
        items=shown,
        next_cursor=cursor_after(shown[-1].created_at, shown[-1].id) if more else None,
    )


async def invoice(shop: Shop, caller: Caller, named: str) -> MirroredInvoice:
    """One invoice of the account."""
    async with lent(shop.pool) as conn:
        found = await store.select_invoice(conn, caller.account, named)
    if found is None:
        raise NotFound(f"there is no invoice {named}")
    return found


async def ask_preview(shop: Shop, caller: Caller) -> InvoicePreview:
    """Ask what the next invoice would say."""
    if caller.billing == "prepaid":
        raise PrepaidAccount("this account pays with packs of tokens; it has no invoices")
    async with transaction(shop.pool) as conn:
        if await store.select_subscription(conn, caller.account) is None:
            raise NoSubscription("nothing is invoiced yet: the subscription is still being made")
        return _preview(await _ask(conn, caller, "preview", {}))


async def read_preview(shop: Shop, caller: Caller, named: str, wait: float = 0) -> InvoicePreview:
    """A preview as it stands, or as soon as Stripe has answered."""
    return _preview(await _errand(shop, caller, "preview", named, wait))


async def ask_portal(shop: Shop, caller: Caller, wanted: NewPortal) -> Portal:
    """Ask for a link to Stripe's portal."""
    async with transaction(shop.pool) as conn:
        if await store.select_customer(conn, caller.account) is None:
            raise NoCustomer("there is nothing to manage yet: this account has never paid")
        back = wanted.return_url or shop.settings.public_url
        return _portal(await _ask(conn, caller, "portal", {"return_url": back}))


async def read_portal(shop: Shop, caller: Caller, named: str, wait: float = 0) -> Portal:
    """A portal link as it stands, or as soon as Stripe has made it."""
    return _portal(await _errand(shop, caller, "portal", named, wait))


async def _ask(
    conn: asyncpg.Connection, caller: Caller, kind: ErrandKind, asked: dict[str, str]
) -> Errand:
    if await errands.waiting(conn, caller.account, kind) >= OPEN_AT_MOST:
        raise QueueFull(OPEN_AT_MOST, "requests to Stripe", 2)
    return await errands.ask(conn, caller.account, kind, asked)


async def _errand(shop: Shop, caller: Caller, kind: ErrandKind, named: str, wait: float) -> Errand:
    found = await _read(shop, caller, kind, named)
    if not wait or found.state != "asked":
        return found
    await shop.errands.finished(named, wait)
    return await _read(shop, caller, kind, named)


async def _read(shop: Shop, caller: Caller, kind: ErrandKind, named: str) -> Errand:
    async with lent(shop.pool) as conn:
        found = await errands.errand(conn, caller.account, kind, named)
    if found is None:
        raise NotFound(f"there is no {kind} {named}")
    return found


def _preview(errand: Errand) -> InvoicePreview:
    return InvoicePreview(
        id=errand.id,
        status=_STATUS[errand.state],
        preview=None if errand.answer is None else msgspec.convert(errand.answer, Preview),
        detail=errand.detail if errand.state == "failed" else None,
        created_at=errand.created_at,
    )


def _portal(errand: Errand) -> Portal:
    return Portal(
        id=errand.id,
        status=_STATUS[errand.state],
        url=None if errand.answer is None else errand.answer["url"],
        detail=errand.detail if errand.state == "failed" else None,
        created_at=errand.created_at,
    )
