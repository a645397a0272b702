"""What happens to every request, whatever becomes of it: a name, a line in the log, a count.

A gateway's log has one line per request, with facts. Keys, words and audio never enter it.
"""

import re
import secrets
import time
from collections.abc import Collection
from typing import Any

import structlog
from litestar import Litestar, Request
from litestar.routes import HTTPRoute
from litestar.types import Message, Receive, Scope, Send
from prometheus_client import Counter, Histogram

log = structlog.get_logger()

REQUESTS = Counter(
    "gateway_requests_total", "Requests answered", ["route", "method", "status", "refusal"]
)
SECONDS = Histogram(
    "gateway_request_seconds", "From arrival to the first byte of the answer", ["route", "method"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)  # fmt: skip

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_TRACEPARENT = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")
_SAFE = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cache-control": b"no-store",
}
_UNROUTED = "(none)"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Gateway(Litestar):
    """The application; names each request before anything else happens to it."""

    async def __call__(self, scope: Any, receive: Receive | Any, send: Send | Any) -> None:
        if scope["type"] == "http":
            request_id, trace = _request_id(scope), _trace(scope)
            scope["state"] = {
                "request_id": request_id, "trace": trace, "began": time.perf_counter(),
                "method": scope["method"],
            }  # fmt: skip
            structlog.contextvars.clear_contextvars()
            structlog.contextvars.bind_contextvars(request_id=request_id, trace=trace)
            if scope["method"] == "HEAD":
                scope["method"], send = "GET", _without_body(send)
        await super().__call__(scope, receive, send)


def _without_body(send: Send) -> Send:
    """HEAD is GET without what it would send (RFC 9110 §9.3.2), wherever GET is."""

    async def headers_only(message: Message) -> None:
        if message["type"] != "http.response.body":
            await send(message)
        elif not message.get("more_body"):
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return headers_only


async def depart(message: Message, scope: Scope) -> None:
    """Put onto every answer what every answer carries; write its line when it leaves."""
    if scope["type"] != "http" or message["type"] != "http.response.start":
        return
    state = scope["state"]
    sent = list(message["headers"])
    there = {name.lower() for name, _ in sent}
    extra = {b"x-request-id": state["request_id"].encode(), **_SAFE}
    extra |= {name.encode(): text.encode() for name, text in state.get("headers", {}).items()}
    sent += [(name, value) for name, value in extra.items() if name not in there]
    if state["method"] == "OPTIONS" and message["status"] == 204:
        allowed = _taken_at(scope["litestar_app"], scope.get("path_template"))
        sent = [(name, allowed if name.lower() == b"allow" else value) for name, value in sent]
    message["headers"] = sent
    _note(scope, state, message["status"])


def _taken_at(app: Litestar, template: str | None) -> bytes:
    """All methods of an address: Litestar names only those of one of its handlers."""
    methods = next(
        (route.methods for route in app.routes
         if isinstance(route, HTTPRoute) and route.path_format == template),
        set[str](),
    )  # fmt: skip
    return ", ".join(sorted(with_head(methods))).encode()


def with_head(methods: Collection[str]) -> set[str]:
    """HEAD goes wherever GET goes."""
    return {*methods, "HEAD"} if "GET" in methods else set(methods)


def _note(scope: Any, state: dict[str, Any], status: int) -> None:
    seconds = time.perf_counter() - state["began"]
    route = scope.get("path_template") or _UNROUTED
    method = state["method"] if state["method"] in _METHODS else "other"
    refusal = state.get("refusal", "")
    REQUESTS.labels(route, method, str(status), refusal).inc()
    SECONDS.labels(route, method).observe(seconds)
    facts = {name: value for name, value in scope.get("path_params", {}).items() if value}
    log.info("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1),
             **({"refusal": refusal} if refusal else {}), **facts)  # fmt: skip


def trace_of(request: Request[Any, Any, Any]) -> str:
    """What one piece of work is called in the lines of gateway, studio and clerk: 32 hex digits."""
    return request.scope["state"]["trace"]


def _trace(scope: Any) -> str:
    """The trace that the caller's ``traceparent`` (W3C Trace Context) names; otherwise a new one.
    One sent twice names none."""
    sent = [value for name, value in scope["headers"] if name == b"traceparent"]
    found = _TRACEPARENT.fullmatch(sent[0]) if len(sent) == 1 else None
    if found is not None and _means_something(*found.groups()):
        return found[2].decode()
    return secrets.token_hex(16)


def _means_something(version: bytes, trace: bytes, parent: bytes, more: bytes | None) -> bool:
    """Zeros name nothing, ff is no version, and only versions after 00 may say more."""
    if version == b"ff" or (version == b"00" and more is not None):
        return False
    return trace.strip(b"0") != b"" and parent.strip(b"0") != b""


def _request_id(scope: Any) -> str:
    """The caller's own, where it is a plain word; otherwise a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return value.decode()
    return f"req_{secrets.token_hex(12)}"
