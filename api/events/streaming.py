"""Server-sent events as an answer that knows when to wait, when to beat and when to give up.

The server suspends ``send`` while its client does not read, so what is told meanwhile stays in the
database. A client that takes nothing for `STALLED_S` is dropped.
"""

import asyncio
import time
from typing import Any

from litestar import Request, Response
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Send
from msgspec import Struct
from prometheus_client import Counter

from api.events.audience import Audience, Seat
from api.events.lines import Line

MEDIA_TYPE = "text/event-stream"
BEAT_S = 15.0
STALLED_S = 60.0
LONGEST_S = 3600.0
RETRY_MS = 2000
"""How long a client waits before it takes a stream up again."""
LAST_LOOK_S = 2.0

_BEAT = b": still here\n\n"
_HEADERS = {"x-accel-buffering": "no"}
ENDED = Counter("gateway_event_streams_ended_total", "Streams of events that ended", ["why"])


class Listening(Struct, frozen=True, kw_only=True):
    """What a stream is to say: ``opening`` at once, then what is told behind ``after``, until the
    end. ``ending`` is what is said where the end is known but was not told, or is forgotten."""

    after: int
    opening: tuple[Line, ...] = ()
    ending: Line | None = None
    last: str
    """The kind of the event that ends it."""


class EventStream(Response[bytes]):
    """A stream of what is told of one job."""

    def __init__(self, audience: Audience, seat: Seat, listening: Listening) -> None:
        super().__init__(content=b"", media_type=MEDIA_TYPE, headers=_HEADERS)
        self._parts = (audience, seat, listening)

    def to_asgi_response(self, app: Any, request: Request[Any, Any, Any], **more: Any) -> Any:
        return _Stream(*self._parts, headers=dict(self.headers), media_type=MEDIA_TYPE)


class _Stream(ASGIResponse):
    _should_set_content_length = False

    def __init__(self, audience: Audience, seat: Seat, listening: Listening, **more: Any) -> None:
        super().__init__(**more)
        self._audience, self._seat, self._listening = audience, seat, listening

    async def send_body(self, send: Send, receive: Receive) -> None:
        seat = self._seat
        watching = asyncio.create_task(_leave_with_client(seat, receive))
        try:
            with self._audience.seated(seat):
                await self._say_all(send)
        except TimeoutError:
            seat.leave("stalled")
            return  # the server ends what was not ended
        finally:
            watching.cancel()
            ENDED.labels(seat.ended or "ended").inc()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _say_all(self, send: Send) -> None:
        asked, seat = self._listening, self._seat
        opening = b"".join(one.text for one in asked.opening)
        await _say(send, f"retry: {RETRY_MS}\n\n".encode() + opening)
        number, until = asked.after, time.monotonic() + LONGEST_S
        while seat.ended is None:
            wait = BEAT_S if asked.ending is None else LAST_LOOK_S
            told = await self._audience.after(seat, number, wait)
            lines, over = _up_to_end(told, asked.last)
            if not told and asked.ending is not None and seat.ended is None:
                lines, over = [asked.ending], True
            if seat.ended is None or lines:
                await _say(send, b"".join(one.text for one in lines) or _BEAT)
            if over or time.monotonic() > until:
                return
            number = told[-1].number if told else number


def _up_to_end(told: list[Line], last: str) -> tuple[list[Line], bool]:
    for at, line in enumerate(told):
        if line.kind == last:
            return told[: at + 1], True
    return told, False


async def _say(send: Send, text: bytes) -> None:
    async with asyncio.timeout(STALLED_S):
        await send({"type": "http.response.body", "body": text, "more_body": True})


async def _leave_with_client(seat: Seat, receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    seat.leave("client_left")
