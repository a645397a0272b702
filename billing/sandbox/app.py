"""The sandbox over HTTP: Stripe's paths, a page where a client pays, signed webhooks.

Only for this machine. It refuses live keys, and answers 501 to whatever it does not do.
"""

import asyncio
import hashlib
import hmac
import html
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import structlog
from litestar import Litestar, MediaType, Request, Response, route
from litestar.openapi.config import OpenAPIConfig
from litestar.params import FromPath
from msgspec import Struct

from billing.sandbox import contract
from billing.sandbox.shop import Refused, Shop, Unsupported

log = structlog.get_logger()
RETRY_S = (0.2, 1.0, 5.0, 30.0)


class Webhook(Struct, frozen=True, kw_only=True):
    """Where events go, and the secret that signs them."""

    url: str
    secret: str


def create_sandbox(shop: Shop, webhook: Webhook | None = None) -> Litestar:
    """The sandbox as an ASGI application."""

    @route("/{path:path}", http_method=["GET", "POST", "DELETE"], media_type=MediaType.JSON)
    async def stripe(request: Request[Any, Any, Any], path: FromPath[str]) -> Response[Any]:
        called, body = f"/{path.lstrip('/')}", await request.body()
        status, answer, headers = _answer(shop, request, called, body)
        return Response(answer, status_code=status, headers=headers)

    @route("/sandbox/checkout/{session:str}", http_method="GET", sync_to_thread=False)
    def page(session: FromPath[str]) -> Response[str]:
        return Response(_page(shop, session), media_type=MediaType.HTML)

    @route("/sandbox/checkout/{session:str}/pay", http_method="POST", sync_to_thread=False)
    def pay(session: FromPath[str]) -> Response[Any]:
        try:
            paid = shop.pay(session)
        except Refused as refused:
            return Response({"error": refused.message}, status_code=refused.status)
        shop.save()
        return Response({"id": paid["id"], "payment_status": paid["payment_status"]},
                        status_code=200)  # fmt: skip

    @route("/sandbox", http_method="GET", sync_to_thread=False)
    def about() -> dict[str, Any]:
        return {"sandbox": True, "supported": [f"{m} {p}" for m, p in sorted(_supported())]}

    @asynccontextmanager
    async def deliveries(_: Litestar) -> AsyncIterator[None]:
        sender = asyncio.create_task(_deliver(shop, webhook)) if webhook else None
        try:
            yield
        finally:
            if sender is not None:
                sender.cancel()

    return Litestar(
        [stripe, page, pay, about],
        lifespan=[deliveries],
        openapi_config=OpenAPIConfig(title="sandbox", version="1", render_plugins=[]),
    )


def _supported() -> tuple[tuple[str, str], ...]:
    from billing.sandbox.shop import SUPPORTED

    return SUPPORTED


def _answer(
    shop: Shop, request: Request[Any, Any, Any], path: str, body: bytes
) -> tuple[int, Any, dict[str, str]]:
    """One call: who, which operation, seen before?, carry out, judge our own answer."""
    headers = {"request-id": f"req_sbx_{time.time_ns()}", "stripe-should-retry": "false"}
    key = request.headers.get("authorization", "").removeprefix("Bearer ")
    if key.startswith(("sk_live_", "rk_live_")):
        return (
            401,
            _error("authentication_error", "live_key", "Live keys are refused here"),
            headers,
        )
    if not key.startswith(("sk_test_", "rk_test_")):
        return 401, _error("authentication_error", "no_key", "A test key is needed"), headers
    operation = contract.match(request.method, path)
    if operation is None:
        return 501, _error("api_error", "sandbox_unsupported", f"{request.method} {path}"), headers
    try:
        query, text = request.scope["query_string"].decode(), body.decode()
        given = contract.decode(operation, query, text)
        idempotency = request.headers.get("idempotency-key")
        seen = shop.replies.get(idempotency) if idempotency else None
        fingerprint = hashlib.sha256(f"{path}?{text}".encode()).hexdigest()
        if seen is not None:
            if seen["fingerprint"] != fingerprint:
                message = "Keys for idempotent requests can only be used with the same parameters"
                return 400, _error("idempotency_error", None, message), headers
            return 200, seen["answer"], headers | {"idempotent-replayed": "true"}
        answer = shop.perform(operation, given)
        if wrong := contract.faults(operation, answer):
            log.error("sandbox.own_answer_wrong", operation=operation.template, faults=wrong)
            return 500, _error("api_error", "sandbox_fault", "; ".join(wrong)), headers
        if operation.method == "POST":
            if idempotency:
                shop.replies[idempotency] = {"fingerprint": fingerprint, "answer": answer}
            shop.save()
    except contract.Malformed as malformed:
        body_ = _error("invalid_request_error", "parameter_unknown", malformed.detail,
                       malformed.param)  # fmt: skip
        return 400, body_, headers
    except UnicodeDecodeError:
        return 400, _error("invalid_request_error", None, "The body is not UTF-8"), headers
    except Unsupported as unsupported:
        return 501, _error("api_error", "sandbox_unsupported", str(unsupported)), headers
    except Refused as refused:
        body_ = _error("invalid_request_error", refused.code, refused.message, refused.param)
        return refused.status, body_, headers
    return 200, answer, headers


def _error(kind: str, code: str | None, message: str, param: str | None = None) -> dict[str, Any]:
    return {"error": {"type": kind, "code": code, "message": message, "param": param}}


def _page(shop: Shop, session: str) -> str:
    found = shop.objects.get(session)
    if found is None or found["object"] != "checkout.session":
        return "<h1>There is no such checkout</h1>"
    amount = f"{found['amount_total'] / 100:.2f} {found['currency'].upper()}"
    state = html.escape(found["payment_status"])
    return (
        "<!doctype html><meta charset=utf-8><title>Sandbox checkout</title>"
        "<h1>Sandbox checkout</h1><p>No money moves here.</p>"
        f"<p>{html.escape(amount)} · {state}</p>"
        f"<form method=post action='/sandbox/checkout/{html.escape(session)}/pay'>"
        "<button>Pay</button></form>"
    )


def sign(body: bytes, secret: str, stamp: int) -> str:
    """A Stripe-Signature header."""
    signed = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={signed}"


async def _deliver(shop: Shop, webhook: Webhook) -> None:
    """Send events to the webhook, at least once, until each is accepted or given up."""
    failures: dict[str, int] = {}
    async with httpx.AsyncClient(timeout=10) as client:
        while True:
            await asyncio.sleep(0.2)
            for event in [one for one in shop.events if not one["delivered"]]:
                if await _sent(client, webhook, event):
                    event["delivered"] = True
                    shop.save()
                    continue
                failures[event["id"]] = failures.get(event["id"], 0) + 1
                await asyncio.sleep(RETRY_S[min(failures[event["id"]], len(RETRY_S)) - 1])


async def _sent(client: httpx.AsyncClient, webhook: Webhook, event: dict[str, Any]) -> bool:
    body = json.dumps({key: value for key, value in event.items() if key != "delivered"}).encode()
    signature = sign(body, webhook.secret, int(time.time()))
    headers = {"stripe-signature": signature, "content-type": "application/json"}
    try:
        answer = await client.post(webhook.url, content=body, headers=headers)
    except httpx.HTTPError:
        return False
    return answer.is_success
