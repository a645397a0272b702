"""The sandbox over HTTP: Stripe's paths, pages where a client pays, switches, signed webhooks.

Only for this machine. It refuses live keys and strangers' addresses, and answers 501 to whatever it
does not do.
"""

import asyncio
import contextlib
import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import structlog
from litestar import Litestar
from litestar.openapi.config import OpenAPIConfig

from billing.sandbox import controls, pages
from billing.sandbox.answers import Asked, Counter, Reply
from billing.sandbox.errors import Dropped
from billing.sandbox.shop import Shop
from billing.sandbox.webhooks import Deliveries, Webhook, sign

__all__ = ["Webhook", "create_sandbox", "sign"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

log = structlog.get_logger()
TICK_S = 0.5
BYTES_AT_MOST = 1_000_000
"""Of one request; Stripe's own are far below."""


def create_sandbox(
    shop: Shop, webhook: Webhook | Sequence[Webhook] | None = None, *, served: bool = False
) -> App:
    """The sandbox as an ASGI application.

    ``served``: behind a server, a dropped connection is an answer that breaks off. In process it
    is the exception `Dropped` instead.
    """
    webhooks = (webhook,) if isinstance(webhook, Webhook) else tuple(webhook or ())
    local: Any = _local_pages(shop, webhooks, served=served)
    counter = Counter(shop)

    async def sandbox(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/sandbox"):
            await local(scope, receive, send)
            return
        if not _from_here(scope):
            await _send(send, _FOREIGN)
            return
        try:
            body = await _body(scope, receive)
            if body is None:
                await _send(send, _TOO_LARGE)
                return
            reply = await counter.answer(_asked(scope, body))
        except Dropped:
            if not served:
                raise
            await _break_off(send)
            return
        await _send(send, reply)

    return sandbox


def _local_pages(shop: Shop, webhooks: tuple[Webhook, ...], *, served: bool) -> Litestar:
    deliveries = Deliveries(shop, shop.faults, webhooks)

    @asynccontextmanager
    async def delivering(_: Litestar) -> AsyncIterator[None]:
        sender = asyncio.create_task(_serve(shop, deliveries)) if served or webhooks else None
        try:
            yield
        finally:
            if sender is not None:
                sender.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await sender
            shop.close()

    return Litestar(
        [*pages.routes(shop), *controls.routes(shop, deliveries)],
        lifespan=[delivering],
        openapi_config=OpenAPIConfig(title="sandbox", version="1", render_plugins=[]),
        exception_handlers=controls.PROBLEMS,
    )


async def _serve(shop: Shop, deliveries: Deliveries) -> None:
    """Time goes on without requests, and what happens is told."""
    sending = asyncio.create_task(deliveries.serve())
    try:
        while True:
            await asyncio.sleep(TICK_S)
            try:
                shop.tick()
            except Exception:
                # Time must go on; what fell due and failed is gone, and told in the log.
                log.exception("sandbox.tick_failed")
    finally:
        sending.cancel()


def _asked(scope: Scope, body: bytes) -> Asked:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    return Asked(
        method=scope["method"], path=scope["path"], headers=headers, body=body,
        query=scope["query_string"].decode("latin-1"),
    )  # fmt: skip


def _from_here(scope: Scope) -> bool:
    """Whether the caller is on this machine."""
    client = scope.get("client")
    if client is None:
        return True
    try:
        return ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False


async def _body(scope: Scope, receive: Receive) -> bytes | None:
    """The whole body; None for one that is too large, `Dropped` for one that broke off: half a
    request is none, since what is left of it may mean something else."""
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Dropped("the request broke off")
        part = message.get("body", b"")
        size, more = size + len(part), message.get("more_body", False)
        if size > BYTES_AT_MOST:
            return None
        parts.append(part)
    declared = dict(scope["headers"]).get(b"content-length", b"")
    if declared.isdigit() and int(declared) != size:
        raise Dropped("the request broke off")
    return b"".join(parts)


async def _send(send: Send, reply: Reply) -> None:
    body = msgspec.json.encode(reply.body)
    headers = {"content-type": "application/json", "content-length": str(len(body))}
    pairs = [(k.encode(), v.encode()) for k, v in (headers | reply.headers).items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": pairs})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _break_off(send: Send) -> None:
    """Begin an answer and fail: the server closes, and the client sees a broken connection."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b" ", "more_body": True})
    raise Dropped("the connection ends here")


def _problem(status: int, message: str) -> Reply:
    error = {"error": {"type": "invalid_request_error", "message": message}}
    return Reply(status=status, body=error, headers={})


_FOREIGN = _problem(403, "The sandbox answers this machine only")
_TOO_LARGE = _problem(413, f"A request has at most {BYTES_AT_MOST} bytes")
