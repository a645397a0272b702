"""Webhooks: events signed and sent at least once, in no order anyone should rely on."""

import asyncio
import hashlib
import hmac
import json
import time
from typing import Any

import httpx
import structlog
from msgspec import Struct

from billing.sandbox import endpoints
from billing.sandbox.faults import Faults
from billing.sandbox.store import Object, Store

log = structlog.get_logger()

RETRY_S = (0.2, 1.0, 5.0, 30.0, 60.0, 300.0)
"""Waits between attempts; after the last one only the list of events has it."""
LOOK_S = 0.1


class Webhook(Struct, frozen=True, kw_only=True):
    """Where events go and the secret that signs them.

    ``also``: further secrets that sign as well, while one replaces another. ``thin``: it gets the
    thin events about meters instead of the snapshots.
    """

    url: str
    secret: str
    also: tuple[str, ...] = ()
    thin: bool = False

    def __post_init__(self) -> None:
        endpoints.local(self.url)


class Letter(Struct, frozen=True, kw_only=True):
    """One event as it is sent: these bytes with these headers."""

    event: Object
    body: bytes
    headers: dict[str, str]


def sign(body: bytes, secret: str, stamp: int, *also: str) -> str:
    """A Stripe-Signature header, with one signature for each secret."""
    parts = [f"t={stamp}"]
    for one in (secret, *also):
        signed = hmac.new(one.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        parts.append(f"v1={signed}")
    return ",".join(parts)


def letter(event: Object, secret: str, *also: str) -> Letter:
    """An event, signed now. A thin one shows where to look, not what happened.

    The stamp is the machine's time, not the sandbox clock's: receivers compare it with theirs.
    """
    shown = {key: one for key, one in event.items() if key not in ("data", "context")}
    body = json.dumps(event if event["object"] == "event" else shown).encode()
    headers = {
        "content-type": "application/json; charset=utf-8",
        "stripe-signature": sign(body, secret, int(time.time()), *also),
        "user-agent": "Stripe/1.0 (sandbox)",
    }
    return Letter(event=event, body=body, headers=headers)


class Deliveries:
    """Sends what happened to every webhook until each has accepted it or is given up."""

    def __init__(self, store: Store, faults: Faults, webhooks: tuple[Webhook, ...]) -> None:
        self._store, self._faults, self._webhooks = store, faults, webhooks
        self._failures: dict[tuple[str, str], int] = {}
        self._due: dict[tuple[str, str], float] = {}
        self._done: dict[str, set[str]] = {}

    async def serve(self) -> None:
        """Deliver until cancelled."""
        async with httpx.AsyncClient(timeout=10) as client:
            while True:
                await asyncio.sleep(LOOK_S)
                try:
                    await self.deliver(client)
                except Exception:
                    # One bad event must not end all deliveries: it is logged, and looked at again.
                    log.exception("sandbox.delivery_failed")

    async def deliver(self, client: httpx.AsyncClient) -> int:
        """Send what is due once; how many letters were accepted."""
        letters = [
            (event, webhook)
            for webhook in self._targets()
            for event in self._store.untold(thin=webhook.thin)
            if self._waits(event, webhook)
        ]
        accepted = 0
        for event, webhook in self._faults.shuffled(letters):
            accepted += await self._send(client, event, webhook)
        if letters:
            self._store.commit()
        return accepted

    def _targets(self) -> list[Webhook]:
        made = [
            Webhook(url=one["url"], secret=self._store.aside[one["id"]]["secret"])
            for one in self._store.all("webhook_endpoint")
            if one["status"] == "enabled"
        ]
        return [*self._webhooks, *made]

    def _waits(self, event: Object, webhook: Webhook) -> bool:
        key = (event["id"], webhook.url)
        return (
            webhook.url not in self._done.get(event["id"], ())
            and self._due.get(key, 0.0) <= time.monotonic()
            and self._wanted(event, webhook)
        )

    def _wanted(self, event: Object, webhook: Webhook) -> bool:
        if webhook in self._webhooks:
            return True
        found = [one for one in self._store.all("webhook_endpoint") if one["url"] == webhook.url]
        return any(endpoints.wants(one, event["type"]) for one in found)

    async def _send(self, client: httpx.AsyncClient, event: Object, webhook: Webhook) -> int:
        if self._faults.strikes("drop"):
            self._end(event, webhook)
            return 0
        sent = letter(event, webhook.secret, *webhook.also)
        times = 2 if self._faults.strikes("duplicate") else 1
        accepted = [await _accepted(client, webhook.url, sent) for _ in range(times)]
        if all(accepted):
            self._end(event, webhook)
            return 1
        key = (event["id"], webhook.url)
        failed = self._failures[key] = self._failures.get(key, 0) + 1
        if failed > len(RETRY_S):
            log.warning("sandbox.webhook_given_up", url=webhook.url, event_type=event["type"])
            self._end(event, webhook)
        else:
            self._due[key] = time.monotonic() + RETRY_S[failed - 1]
        return 0

    def _end(self, event: Object, webhook: Webhook) -> None:
        """This webhook is done with this event; the event is, once all are."""
        done = self._done.setdefault(event["id"], set())
        done.add(webhook.url)
        thin = event["object"] != "event"
        wanted = [one for one in self._targets() if one.thin is thin and self._wanted(event, one)]
        if all(one.url in done for one in wanted):
            self._store.tell(event)
            del self._done[event["id"]]


async def _accepted(client: httpx.AsyncClient, url: str, sent: Letter) -> bool:
    try:
        answer: Any = await client.post(url, content=sent.body, headers=sent.headers)
    except httpx.HTTPError:
        return False
    return answer.is_success
