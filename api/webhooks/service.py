"""Registering endpoints, and looking at what was sent to them. The clerk sends."""

import secrets
from datetime import timedelta

import asyncpg
from msgspec import UNSET

from api.entrance import number_after, number_cursor
from api.errors import EndpointDisabled, NotFound, TooManyEndpoints, ValidationFailed
from api.keys.contracts import Caller
from api.shop import Shop
from api.webhooks import store
from api.webhooks.addresses import Forbidden
from api.webhooks.contracts import (
    MOST_ENDPOINTS,
    Endpoint,
    EndpointChange,
    EndpointList,
    EndpointSecret,
    EventPage,
    EventsQuery,
    EventView,
    NewEndpoint,
)
from api.webhooks.sealing import new_secret
from billing.connections import lent, transaction
from engine.errors import Reason

OVERLAP = timedelta(hours=24)
"""How long the secret before still signs beside a new one."""


async def register(shop: Shop, caller: Caller, wanted: NewEndpoint) -> EndpointSecret:
    """A new endpoint and its secret."""
    await _check(shop, wanted.url)
    named, secret = f"we_{secrets.token_hex(12)}", new_secret()
    async with transaction(shop.pool) as conn:
        if await store.count_endpoints(conn, caller.account) >= MOST_ENDPOINTS:
            raise TooManyEndpoints(f"an account has at most {MOST_ENDPOINTS} webhook endpoints")
        made = await store.insert_endpoint(
            conn, named, caller.account, wanted.url, _once(wanted.types), wanted.description,
            shop.seal.close(named, secret),
        )  # fmt: skip
    return EndpointSecret(endpoint=made, secret=secret)


async def endpoints(shop: Shop, caller: Caller) -> EndpointList:
    """All endpoints of the account."""
    async with lent(shop.pool) as conn:
        return EndpointList(items=await store.select_endpoints(conn, caller.account))


async def endpoint(shop: Shop, caller: Caller, named: str) -> Endpoint:
    """One endpoint."""
    async with transaction(shop.pool) as conn:
        return await _endpoint(conn, caller, named)


async def change(shop: Shop, caller: Caller, named: str, wanted: EndpointChange) -> Endpoint:
    """Change what is named of an endpoint; disabling drops what waits for it."""
    if wanted.url is not UNSET:
        await _check(shop, wanted.url)
    async with transaction(shop.pool) as conn:
        now = await _endpoint(conn, caller, named)
        changed = await store.update_endpoint(
            conn, named,
            now.url if wanted.url is UNSET else wanted.url,
            now.types if wanted.types is UNSET else _once(wanted.types),
            now.description if wanted.description is UNSET else wanted.description,
        )  # fmt: skip
        if wanted.disabled is True:
            return await store.disable(conn, named, "asked") or changed
        if wanted.disabled is False and now.disabled_at is not None:
            return await store.enable(conn, named)
        return changed


async def delete(shop: Shop, caller: Caller, named: str) -> Endpoint:
    """Forget an endpoint and what was sent to it."""
    async with lent(shop.pool) as conn:
        gone = await store.delete_endpoint(conn, named, caller.account)
    if gone is None:
        raise _no_endpoint(named)
    return gone


async def rotate(shop: Shop, caller: Caller, named: str) -> EndpointSecret:
    """A new secret; the one before signs beside it for a day."""
    secret = new_secret()
    async with transaction(shop.pool) as conn:
        sealed = shop.seal.close(named, secret)
        rotated = await store.rotate(conn, named, caller.account, sealed, OVERLAP)
    if rotated is None:
        raise _no_endpoint(named)
    return EndpointSecret(endpoint=rotated, secret=secret)


async def test(shop: Shop, caller: Caller, named: str) -> EventView:
    """A message to this endpoint alone, whatever types it wants."""
    async with transaction(shop.pool) as conn:
        if (await _endpoint(conn, caller, named)).disabled_at is not None:
            raise EndpointDisabled(f"{named} is disabled; enable it first")
        made = await store.tell_endpoint(
            conn, caller.account, "webhook_endpoint.test", named, {"endpoint": named}
        )
        return await _event(conn, caller, made)


async def events(shop: Shop, caller: Caller, asked: EventsQuery) -> EventPage:
    """What the account was told, newest first."""
    async with lent(shop.pool) as conn:
        rows = await store.select_events(
            conn, caller.account, number_after(asked.cursor), asked.type, asked.subject,
            asked.limit + 1,
        )  # fmt: skip
    shown = rows[: asked.limit]
    more = number_cursor(shown[-1][0]) if len(rows) > asked.limit else None
    return EventPage(items=tuple(event for _, event in shown), next_cursor=more)


async def event(shop: Shop, caller: Caller, named: str) -> EventView:
    """One thing the account was told."""
    async with lent(shop.pool) as conn:
        return await _event(conn, caller, named)


async def redeliver(shop: Shop, caller: Caller, named: str, to: str | None) -> EventView:
    """Send an event again, to one endpoint or to all that it went to or that want it now."""
    async with transaction(shop.pool) as conn:
        await _event(conn, caller, named)
        if to is not None and (await _endpoint(conn, caller, to)).disabled_at is not None:
            raise EndpointDisabled(f"{to} is disabled; enable it first")
        wanting = await store.select_wanting(conn, named, to)
        if not wanting:
            raise EndpointDisabled("no endpoint that is enabled wants this event")
        await store.send_again(conn, named, wanting)
        return await _event(conn, caller, named)


async def _check(shop: Shop, url: str) -> None:
    try:
        await shop.addresses.check(shop.addresses.read(url))
    except Forbidden as error:
        raise ValidationFailed([Reason("/url", "forbidden_address", str(error))]) from error


async def _endpoint(conn: asyncpg.Connection, caller: Caller, named: str) -> Endpoint:
    found = await store.select_endpoint(conn, named, caller.account)
    if found is None:
        raise _no_endpoint(named)
    return found


async def _event(conn: asyncpg.Connection, caller: Caller, named: str) -> EventView:
    found = await store.select_event(conn, named, caller.account)
    if found is None:
        raise NotFound(f"there is no event {named}")
    return found


def _no_endpoint(named: str) -> NotFound:
    return NotFound(f"there is no webhook endpoint {named}")


def _once(types: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(types))
