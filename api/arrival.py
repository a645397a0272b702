"""What happens to every request, whatever becomes of it: a name, a line in the log, a count.

A gateway's log has one line per request, with facts. Keys, words and audio never enter it.
"""

import asyncio
import inspect
import os
import re
import sys
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack, nullcontext
from functools import cache
from typing import TYPE_CHECKING, Any

import structlog
from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException, InternalServerException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.routes import HTTPRoute
from litestar.types import Message, Receive, Scope, Send
from litestar.utils import normalize_path
from msgspec import Struct
from prometheus_client import Counter, Histogram

from api import logs
from api.answers import Said
from api.crowd import Crowd
from api.errors import BodyTooSlow, Overcrowded
from api.operations import IDS

if TYPE_CHECKING:
    from api.shop import Shop

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
_WHOLE = (Said, Response)
_USUAL = 2
"""Headers of an answer that says only what it is and how long."""
_KINDS = {
    "application/json": b"application/json", "text/html": b"text/html; charset=utf-8",
    "text/csv": b"text/csv; charset=utf-8",
}  # fmt: skip
UNCOUNTED = frozenset({"read_health", "read_readiness"})
"""Whoever asks whether we are well must not be told that we are too busy to say so."""
_IDS = {name: re.compile(pattern) for name, pattern in IDS.items()}
HURRIED_S = 1.0
STALLED_S = 120.0
"""In which a client has to take the next piece of a file: 9 kB a second at least."""
_UNROUTED = "(none)"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Gateway(Litestar):
    """The application. It names each request before anything else happens to it, and goes straight
    from an address to the call that is there: what Litestar does between the two for calls that
    take their parameters from it, ours do without."""

    shop: "Shop"
    crowd: Crowd
    body_s: float = 30.0
    """Seconds in which a request's body must be here."""
    safe: tuple[tuple[bytes, bytes], ...] = ()
    """Headers of every answer, see `safe_headers`."""

    def __init__(self, *facts: Any, **more: Any) -> None:
        super().__init__(*facts, **more)
        self.log = log.bind()  # looked up once, not for every line
        # Calls whose address has no parts to be read, by address and method.
        self._at_once: dict[tuple[str, str], Call] = {}

    async def __call__(self, scope: Any, receive: Receive | Any, send: Send | Any) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        _name(scope)
        if scope["method"] == "HEAD":
            scope["method"], send = "GET", _without_body(send)
        call = self._find(scope)
        if call is None:
            await super().__call__(scope, receive, send)
            return
        scope["app"] = scope["litestar_app"] = self
        scope["route_handler"] = call.handler
        patient = patiently(receive, self.body_s, self.crowd if call.counted else None)
        await self._answer(call, Arrival(scope, patient, send), receive, send)

    def _find(self, scope: Any) -> "Call | None":
        """The call at an address. None for what Litestar answers by itself: addresses and methods
        that are not there, and OPTIONS."""
        path, method = scope["path"], scope["method"]
        if (known := self._at_once.get((path, method))) is not None:
            scope["path_params"], scope["path_template"] = {}, path
            return known
        if "//" in path or path.endswith("/") or not path.startswith("/"):
            path = normalize_path(path)
        try:
            _, handler, scope["path"], scope["path_params"], scope["path_template"] = (
                self.asgi_router.handle_routing(path, method)
            )
        except HTTPException:
            return None
        if "operation" not in handler.opt:
            return None
        call = _call(handler)
        if not scope["path_params"] and scope["path_template"] == path:
            self._at_once[path, method] = call
        return call

    async def _answer(
        self, call: "Call", request: Request[Any, Any, Any], receive: Receive, send: Send
    ) -> None:
        scope: Any = request.scope
        crowd, counted = self.crowd, call.counted
        try:
            if counted:
                crowd.come()
        except Overcrowded as refusal:
            await self._send(self._refused(request, refusal), scope, send)
            return
        try:
            try:
                named = {name: scope["path_params"][name] for name in call.names}
                said = await call.function(request=request, **named)
            except Exception as error:  # noqa: BLE001 - every one has its answer
                said = self._refused(request, error)
            if type(said) in _WHOLE:
                await self._send(said, scope, send)
            else:
                flow = await call.handler.to_response(app=self, data=said, request=request)
                await self._pour(flow, request, receive, send, counted=counted)
        finally:
            if counted:
                crowd.go()

    def _refused(self, request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        return self.exception_handlers[Exception](request, error)  # pyright: ignore

    async def _send(self, said: Any, scope: Any, send: Send) -> None:
        body = said.content if isinstance(said.content, bytes) else said.content.encode()
        headers = [(name.encode(), str(text).encode()) for name, text in said.headers.items()]
        status = said.status_code or 200
        if status not in (204, 304):
            kind = said.media_type or "application/json"
            headers.append((b"content-type", _KINDS.get(kind) or kind.encode()))
            headers.append((b"content-length", b"%d" % len(body)))
        start: Any = {"type": "http.response.start", "status": status, "headers": headers}
        _leave(start, scope)
        await send(start)
        await send({"type": "http.response.body", "body": body, "more_body": False})

    async def _pour(
        self,
        flow: Any,
        request: Request[Any, Any, Any],
        receive: Receive,
        send: Send,
        *,
        counted: bool,
    ) -> None:
        """Send what comes piece by piece, at its client's pace; whoever takes nothing for
        `STALLED_S` is left."""
        scope: Any = request.scope
        with ExitStack() as apart:
            try:
                apart.enter_context(self.crowd.sending() if counted else nullcontext())
            except Overcrowded as refusal:
                await self._send(self._refused(request, refusal), scope, send)
                return
            try:
                await flow(scope, receive, _departing(scope, _steadily(send)))
            except* TimeoutError:  # the server ends what was not ended
                log.info("request.stalled", route=scope["path_template"])


class Arrival(Request[Any, Any, Any]):
    """A request whose body is taken whole, in one step."""

    async def body(self) -> bytes:
        """All of it. Raises `RequestEntityTooLarge`, `BodyTooSlow`, or what Litestar raises where
        the client has gone or says no number for a length."""
        if isinstance(self._body, bytes):
            return self._body
        most = self.route_handler.resolve_request_max_body_size() or sys.maxsize
        if (self.content_length or 0) > most:
            raise RequestEntityTooLarge
        pieces, size, more = list[bytes](), 0, True
        while more:
            message: Any = await self.receive()
            if message["type"] == "http.disconnect":
                raise InternalServerException("client disconnected prematurely")
            pieces.append(message.get("body", b""))
            size += len(pieces[-1])
            if size > most:
                raise RequestEntityTooLarge
            more = message.get("more_body", False)
        self.is_connected = False
        self._body = b"".join(pieces)
        return self._body

    @property
    def content_length(self) -> int | None:
        """What the client says of it, without reading all headers."""
        said = header(self.scope, b"content-length")
        if said is None:
            return None
        return int(said) if said.isdecimal() and len(said) < 20 else super().content_length


def header(scope: Any, name: bytes) -> str | None:
    """One header without reading all of them."""
    for one, text in scope["headers"]:
        if one == name:
            return text.decode("latin-1")
    return None


class Call(Struct, frozen=True, kw_only=True, eq=False):
    """What every request must know of a route handler."""

    handler: Any
    function: Callable[..., Any]
    names: tuple[str, ...]
    """The parts of the address that it takes beside the request."""
    counted: bool
    """Whether who asks for it is one of those who work."""


@cache
def _call(handler: Any) -> Call:
    operation, names = handler.opt["operation"], inspect.signature(handler.fn).parameters
    return Call(
        handler=handler, function=handler.fn,
        names=tuple(name for name in names if name != "request"),
        counted=not operation.streams and operation.name not in UNCOUNTED,
    )  # fmt: skip


def _name(scope: Any) -> None:
    """Whatever becomes of it, it has a name and a trace by which it is found in the log."""
    asked, parents = None, list[bytes]()
    for name, value in scope["headers"]:
        if name == b"x-request-id" and asked is None and _REQUEST_ID.fullmatch(value):
            asked = value.decode()
        elif name == b"traceparent":
            parents.append(value)
    fresh = os.urandom(28).hex()
    request_id = asked or f"req_{fresh[:24]}"
    trace = _trace(parents) or fresh[24:]
    scope["state"] = {
        "request_id": request_id, "trace": trace, "began": time.perf_counter(),
        "method": scope["method"], "headers": (),
    }  # fmt: skip
    logs.begin(request_id=request_id, trace=trace)


def patiently(receive: Receive, seconds: float, crowd: Crowd | None) -> Receive:
    """A body that comes within so many seconds of being asked for, or `BodyTooSlow`; where too many
    are on their way, within `HURRIED_S`. What is received after it, that the client has gone, may
    be waited for without end."""
    allowed, ends, whole = seconds, 0.0, False

    async def within() -> Any:
        nonlocal allowed, ends, whole
        if whole:
            return await receive()
        if not ends:
            patient = crowd is None or crowd.patient()
            allowed = seconds if patient else min(seconds, HURRIED_S)
            ends = asyncio.get_running_loop().time() + allowed
        try:
            with nullcontext() if crowd is None else crowd.receiving():
                async with asyncio.timeout_at(ends):
                    message = await receive()
        except TimeoutError as error:
            raise BodyTooSlow(allowed) from error
        whole = message["type"] != "http.request" or not message.get("more_body")
        return message

    return within


def _without_body(send: Send) -> Send:
    """HEAD is GET without what it would send (RFC 9110 §9.3.2), wherever GET is."""

    async def headers_only(message: Message) -> None:
        if message["type"] != "http.response.body":
            await send(message)
        elif not message.get("more_body"):
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return headers_only


def _steadily(send: Send) -> Send:
    """To a client that goes on reading; `TimeoutError` otherwise."""

    async def within(message: Message) -> None:
        async with asyncio.timeout(STALLED_S):
            await send(message)

    return within


def _departing(scope: Any, send: Send) -> Send:
    async def leaving(message: Message) -> None:
        if message["type"] == "http.response.start":
            _leave(message, scope)
        await send(message)

    return leaving


async def depart(message: Message, scope: Scope) -> None:
    """The same for what Litestar answers by itself."""
    if scope["type"] == "http" and message["type"] == "http.response.start":
        _leave(message, scope)


def _leave(message: Any, scope: Any) -> None:
    """Put onto every answer what every answer carries; write its line when it leaves."""
    state = scope["state"]
    sent: list[tuple[bytes, bytes]] = list(message["headers"])
    if state["method"] == "OPTIONS" and message["status"] == 204:
        allowed = _taken_at(scope["litestar_app"], scope.get("path_template"))
        sent = [(name, allowed if name.lower() == b"allow" else value) for name, value in sent]
    more = [
        (b"x-request-id", state["request_id"].encode()), *scope["litestar_app"].safe,
        *state["headers"],
    ]  # fmt: skip
    if len(sent) > _USUAL:  # it may say otherwise of one of them
        there = {name.lower() for name, _ in sent}
        more = [header for header in more if header[0] not in there]
    message["headers"] = sent + more
    _note(scope, state, message["status"])


def safe_headers(public_url: str) -> tuple[tuple[bytes, bytes], ...]:
    """What every answer says to browsers: take it as what it is called, keep it nowhere, show it in
    no frame, run nothing in it, tell nobody where it was; and where we are reached by HTTPS, never
    ask by anything else."""
    headers = (
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"cache-control", b"no-store"),
        (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; sandbox"),
        (b"permissions-policy", b"accelerometer=(), camera=(), geolocation=(), gyroscope=(), "
         b"magnetometer=(), microphone=(), payment=(), usb=()"),
    )  # fmt: skip
    if public_url.startswith("https://"):
        headers += ((b"strict-transport-security", b"max-age=63072000; includeSubDomains"),)
    return headers


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
    count, watch = _tally(route, method, status, refusal)
    count.inc()
    watch.observe(seconds)
    # What is no id of ours may be anything a stranger has typed.
    facts = {
        name: value for name, value in scope.get("path_params", {}).items()
        if name in _IDS and _IDS[name].fullmatch(value)
    }  # fmt: skip
    if refusal:
        facts["refusal"] = refusal
    scope["litestar_app"].log.info(
        "request", method=method, route=route, status=status, ms=round(seconds * 1000, 1), **facts
    )


@cache
def _tally(route: str, method: str, status: int, refusal: str) -> tuple[Counter, Histogram]:
    return REQUESTS.labels(route, method, str(status), refusal), SECONDS.labels(route, method)


def trace_of(request: Request[Any, Any, Any]) -> str:
    """What one piece of work is called in the lines of gateway, studio and clerk: 32 hex digits."""
    return request.scope["state"]["trace"]


def _trace(parents: Sequence[bytes]) -> str | None:
    """The trace that the caller's ``traceparent`` (W3C Trace Context) names, if it names one. One
    sent twice names none."""
    found = _TRACEPARENT.fullmatch(parents[0]) if len(parents) == 1 else None
    if found is not None and _means_something(*found.groups()):
        return found[2].decode()
    return None


def _means_something(version: bytes, trace: bytes, parent: bytes, more: bytes | None) -> bool:
    """Zeros name nothing, ff is no version, and only versions after 00 may say more."""
    if version == b"ff" or (version == b"00" and more is not None):
        return False
    return trace.strip(b"0") != b"" and parent.strip(b"0") != b""
