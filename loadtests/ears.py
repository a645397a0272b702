"""Whoever hears of briefs: streams that are taken up where they broke, and the webhooks' owner.

A stream counts: each event's number is one more than the last, at whichever gateway it comes, and
the last one is the brief's end. The owner of webhooks fails a few times in a hundred, before or
after it has noted what came; each message must come in the end, signed, the same each time, and
those about one brief in their order.
"""

import asyncio
import json
import random
import time
from collections.abc import Mapping

import asyncpg
import httpx
from standardwebhooks import Webhook, WebhookVerificationError

from api.ports import any_port
from loadtests.clients import PATIENCE_S, Book, Client
from loadtests.house import Account

FAILS, FORGETS = 0.03, 0.02
"""Answers 500 without noting; notes, and hangs up without an answer."""
MOST_BYTES = 64 * 1024
HURRY = (
    "update api.webhook_endpoints set paused_until = null where paused_until is not null",
    "update api.sendings set next_at = now() where state = 'waiting' and next_at > now()",
    "update api.threads set due_at = now() where lease_until is null and due_at > now()",
)
"""What was put off is due now: waits between tries are not what is tried here."""
SELECT_MESSAGES = """
select messages.id, messages.type, messages.subject, state
from api.messages join api.sendings on sendings.message = messages.id order by messages.position
"""


async def follow(client: Client, brief: str) -> None:
    """Hear a brief to its end; what was heard is compared event by event."""
    book, number, opened = client.book, 0, 0
    end = time.monotonic() + 2 * PATIENCE_S
    while time.monotonic() < end:
        door = client.dice.choice(client.doors)
        headers = {"last-event-id": str(number)} if opened else {}
        try:
            async with door.stream("GET", f"/v1/briefs/{brief}/events", headers=headers) as answer:
                if answer.status_code == 204:
                    book.faults.append(f"{brief}: all was heard, but not its end")
                    return
                if answer.status_code != 200:
                    await asyncio.sleep(0.5)
                    continue
                opened += 1
                book.counts["streams taken up again"] += opened > 1
                async for event in _events(answer):
                    number = _heard(book, brief, number, event)
                    if event["event"] == "brief.ended":
                        book.counts["briefs followed to their end"] += 1
                        return
        except httpx.HTTPError:
            await asyncio.sleep(0.3)
    book.counts["briefs not followed to their end"] += 1


async def _events(answer: httpx.Response):
    event: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            event[name] = value
        elif event:
            if "event" in event:
                yield event
            event = {}


def _heard(book: Book, brief: str, number: int, event: Mapping[str, str]) -> int:
    """The event's number; a gap or a repetition is a fault."""
    book.counts["events heard"] += 1
    facts = json.loads(event["data"])
    if event["event"] == "candidate.ready":
        book.heard.setdefault(brief, set()).add(facts["candidate"])
    if "id" not in event:
        return number
    came = int(event["id"])
    if came and came != number + 1:
        book.faults.append(f"{brief}: event {came} came after event {number}")
    return came


class Owner:
    """The program behind the webhook endpoints of all accounts."""

    def __init__(self, book: Book, seed: int) -> None:
        self._book, self._dice = book, random.Random(seed)
        self._secrets: dict[str, str] = {}
        self._server: asyncio.Server | None = None
        self._port = any_port()
        self.well = False
        self.came: dict[str, bytes] = {}  # message: its body
        self.order: dict[str, list[str]] = {}  # subject: messages as they first came

    async def open(self, clients: Mapping[str, Client], accounts: list[Account]) -> None:
        """Listen, and register an endpoint of each account."""
        self._server = await asyncio.start_server(self._hear, "127.0.0.1", self._port)
        for one in accounts:
            url = f"http://127.0.0.1:{self._port}/{one.id}"
            answer = await clients[one.id].call("POST", "/v1/webhook_endpoints", {"url": url})
            assert answer is not None
            self._secrets[one.id] = answer.raise_for_status().json()["secret"]

    async def close(self) -> None:
        """Hear nothing more."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def faults(self, pool: asyncpg.Pool) -> list[str]:
        """What was told and did not come, came twice otherwise, or came in another order."""
        rows = await pool.fetch(SELECT_MESSAGES)
        told = {row["id"] for row in rows}
        subjects = dict[str, list[str]]()
        for row in rows:
            subjects.setdefault(row["subject"], []).append(row["id"])
        self._book.counts["messages told to endpoints"] = len(told)
        return [
            *(f"message {row['id']} {row['type']} is {row['state']} and never came"
              for row in rows if row["id"] not in self.came),
            *(f"message {one} came and was never told" for one in self.came if one not in told),
            *(f"messages about {subject} came in another order" for subject, ids in subjects.items()
              if self.order.get(subject, []) != ids and set(ids) <= self.came.keys()),
        ]  # fmt: skip

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(10):
                status = await self._note(reader)
            if status:
                writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError) as error:
            self._book.counts[f"webhooks that broke off: {type(error).__name__}"] += 1
        finally:
            writer.close()

    async def _note(self, reader: asyncio.StreamReader) -> str:
        """The status to answer with; empty where it hangs up."""
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {
            name.lower(): value for name, _, value in (one.partition(": ") for one in lines) if name
        }
        body = await reader.readexactly(min(int(headers["content-length"]), MOST_BYTES))
        luck = 1.0 if self.well else self._dice.random()
        if luck < FAILS:
            self._book.counts["webhooks answered 500"] += 1
            return "500 Not now"
        self._keep(first.split(" ")[1].removeprefix("/"), headers, body)
        if luck < FAILS + FORGETS:
            self._book.counts["webhooks not answered"] += 1
            return ""
        return "204 No Content"

    def _keep(self, account: str, headers: dict[str, str], body: bytes) -> None:
        name = headers["webhook-id"]
        try:
            said = Webhook(self._secrets[account]).verify(body, headers)
        except WebhookVerificationError as error:
            self._book.faults.append(f"message {name} is not signed by us: {error}")
            return
        if name in self.came:
            self._book.counts["messages that came again"] += 1
            if self.came[name] != body:
                self._book.faults.append(f"message {name} came again with another body")
            return
        self.came[name] = body
        facts = said["data"]
        subject = facts.get("brief") or facts.get("family") or facts.get("topup") or account
        self.order.setdefault(subject, []).append(name)
