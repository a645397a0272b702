"""Endpoints of clients on this machine, good ones and bad ones, and what each of them was sent.

Each manner has a server of its own. What its seed makes it do at a request it does in its own time:
a hanging one holds the sender for as long as that waits. ``well`` ends all mischief but that of the
one that is gone.
"""

import asyncio
import collections
import contextlib
import random
from typing import Literal

from msgspec import Struct
from standardwebhooks import Webhook, WebhookVerificationError

from api.ports import any_port

Manner = Literal["good", "failing", "hanging", "flooding", "redirecting", "dead", "gone"]
MANNERS: tuple[Manner, ...] = (
    "good", "failing", "hanging", "flooding", "redirecting", "dead", "gone",
)  # fmt: skip
FAITHFUL: tuple[Manner, ...] = MANNERS[:-1]
"""Those at which everything arrives in the end."""
MISCHIEF = 0.25
"""Of the requests to a bad one, so many meet it."""
HANGS = 0.05
FLOOD_BYTES = 10_000_000
PATIENCE_S = 60.0
NOWHERE = ("http://10.0.0.1/", "http://169.254.169.254/latest/meta-data/", "https://[fd00::1]/")
GONE_AFTER = 3


class Came(Struct, frozen=True):
    """A request as it was read; ``taken`` where the endpoint keeps what it says."""

    message: str
    body: bytes
    taken: bool


class Endpoint:
    """One client's program at one port."""

    def __init__(self, account: str, manner: Manner, seed: int) -> None:
        self.account, self.manner = account, manner
        self.port, self.url = 0, ""
        self.id, self.secret = "", ""
        self.came: list[Came] = []
        self.faults: list[str] = []
        self.counts: collections.Counter[str] = collections.Counter()
        self.well = False
        self._dice = random.Random(f"{account[-4:]} {manner} {seed}")
        self._server: asyncio.Server | None = None
        self.trap: Trap | None = None

    async def open(self) -> None:
        """Listen; one that is dead only has an address, until it is well."""
        self.port = any_port()
        self.url = f"http://127.0.0.1:{self.port}/hook"
        if self.manner != "dead":
            await self._listen()

    async def recover(self) -> None:
        """Do no mischief any more."""
        self.well = True
        if self.manner == "dead":
            await self._listen()

    async def close(self) -> None:
        """Hear nothing more."""
        if self._server is not None:
            self._server.close()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._hear, "127.0.0.1", self.port)

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Canceled is who hangs when the bench ends; the loop would print each of them.
        ended = (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.CancelledError)
        with contextlib.suppress(*ended):
            async with asyncio.timeout(PATIENCE_S):
                head, body = await _request(reader)
                await self._answer(head, body, writer)
                await writer.drain()
        writer.close()

    async def _answer(
        self, head: dict[str, str], body: bytes, writer: asyncio.StreamWriter
    ) -> None:
        does = self._does()
        self._note(head, body, taken=does in ("take", "flood", "hang up"))
        self.counts[does] += 1
        if does == "hang":
            await asyncio.sleep(PATIENCE_S)
        elif does == "fail":
            writer.write(_said("500 Not now"))
        elif does == "redirect":
            target = self._dice.choice((*NOWHERE, self.trap.url if self.trap else NOWHERE[0]))
            writer.write(_said("302 There", f"Location: {target}\r\n"))
        elif does == "leave":
            writer.write(_said("410 Gone"))
        elif does == "flood":
            await self._flood(writer)
        elif does == "take":
            writer.write(_said("204 No Content"))

    def _does(self) -> str:
        """What becomes of this request."""
        if self.manner == "gone" and len(self.came) >= GONE_AFTER:
            return "leave"
        if self.well or self.manner in ("good", "dead", "gone"):
            return "take"
        luck = self._dice.random()
        if self.manner == "hanging":
            return "hang" if luck < HANGS else "take"
        if luck >= MISCHIEF:
            return "take"
        bad = {"flooding": "flood", "redirecting": "redirect"}
        return bad.get(self.manner) or self._dice.choice(("fail", "hang up"))

    async def _flood(self, writer: asyncio.StreamWriter) -> None:
        """200 and ten megabytes, as far as somebody reads them."""
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-length: {FLOOD_BYTES}\r\n\r\n".encode())
        for _ in range(0, FLOOD_BYTES, 65_536):
            writer.write(b"x" * 65_536)
            await writer.drain()
            self.counts["flooded bytes"] += 65_536

    def _note(self, head: dict[str, str], body: bytes, *, taken: bool) -> None:
        message = head.get("webhook-id", "")
        try:
            Webhook(self.secret).verify(body, head)
        except WebhookVerificationError as error:
            self.faults.append(f"{self.manner}: {message or 'a request'} is not signed: {error}")
            return
        self.came.append(Came(message, body, taken))


class Trap:
    """Where nobody was sent: whoever comes has followed a redirect."""

    def __init__(self) -> None:
        self.port = any_port()
        self.url = f"http://127.0.0.1:{self.port}/trap"
        self.visits = 0
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._visited, "127.0.0.1", self.port)

    async def close(self) -> None:
        """Hear nothing more."""
        if self._server is not None:
            self._server.close()

    async def _visited(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits += 1
        writer.close()


async def _request(reader: asyncio.StreamReader) -> tuple[dict[str, str], bytes]:
    _, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    head = {name.lower(): value for name, _, value in (one.partition(": ") for one in lines)}
    return head, await reader.readexactly(min(int(head.get("content-length", "0")), 65_536))


def _said(status: str, more: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-length: 0\r\n{more}connection: close\r\n\r\n".encode()
