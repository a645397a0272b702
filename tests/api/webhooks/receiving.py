"""Real HTTP servers that behave as endpoints do, well and badly."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from msgspec import Struct, field
from standardwebhooks import Webhook


class Received(Struct, frozen=True):
    """One request as it came."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def told(self) -> dict[str, Any]:
        return msgspec.json.decode(self.body)

    def checked(self, secret: str) -> dict[str, Any]:
        """The body, its signature checked as a client checks it."""
        return Webhook(secret).verify(self.body, self.headers)


Answer = Callable[[Received, asyncio.StreamWriter], Awaitable[None]]


class Receiver(Struct):
    """An endpoint of a client's; ``answers`` says what it does with each request."""

    url: str
    answers: Answer
    received: list[Received] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0

    async def until(self, count: int, seconds: float = 20.0) -> list[Received]:
        """What came, once there are so many."""
        async with asyncio.timeout(seconds):
            while len(self.received) < count:  # noqa: ASYNC110 - a server in the same loop counts
                await asyncio.sleep(0.02)
        return self.received


@asynccontextmanager
async def receiver(
    answers: Answer, host: str = "127.0.0.1", **more: Any
) -> AsyncIterator[Receiver]:
    """A server at a port of its own."""
    made: list[Receiver] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value
                for name, _, value in (line.partition(": ") for line in head[1:] if line)
            }
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            one, here = Received({**headers, "request-line": head[0]}, body), made[0]
            here.received.append(one)
            here.under_way += 1
            here.most_under_way = max(here.most_under_way, here.under_way)
            try:
                await here.answers(one, writer)
                await writer.drain()
            finally:
                here.under_way -= 1
        writer.close()

    server = await asyncio.start_server(serve, host, 0, **more)
    port = server.sockets[0].getsockname()[1]
    scheme = "https" if more.get("ssl") else "http"
    made.append(Receiver(url=f"{scheme}://{host}:{port}/hook", answers=answers))
    try:
        yield made[0]
    finally:
        server.close()


def saying(status: int, body: bytes = b"ok", **headers: str) -> Answer:
    """Answers every request alike."""

    async def answer(one: Received, writer: asyncio.StreamWriter) -> None:
        more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        head = (
            f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\nconnection: close\r\n{more}\r\n"
        )
        writer.write(head.encode() + body)

    return answer


def each(*answers: Answer) -> Answer:
    """The first answers the first request, and so on; the last all that come after."""
    left = list(answers)

    async def answer(one: Received, writer: asyncio.StreamWriter) -> None:
        now = left.pop(0) if len(left) > 1 else left[0]
        await now(one, writer)

    return answer


async def hanging(one: Received, writer: asyncio.StreamWriter) -> None:
    """Takes the request and says nothing."""
    await asyncio.sleep(3600)


async def dripping(one: Received, writer: asyncio.StreamWriter) -> None:
    """Says 200 and then one byte after the other, for ever."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def slow_headers(one: Received, writer: asyncio.StreamWriter) -> None:
    """Never comes to the end of its headers."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"x-y: z\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)


async def nonsense(one: Received, writer: asyncio.StreamWriter) -> None:
    """Speaks another language."""
    writer.write(b"\x00\xff not http at all\r\n\r\n")
