"""Stripe's stream of meter events (v2): a hundred in one request, found right or wrong afterwards.

A second `UsageSink` beside the door's single events, for when a till spends more than those may
carry. The stream takes everything and says later, by a thin event, what it could not count, so
whatever it has taken is ``delivered``; what it then reports goes through reconciliation. Repeats
of an identifier are dropped by Stripe without a word.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import stripe as library
from msgspec import Struct
from stripe import StripeClient

from billing.errors import StripeUnavailable
from billing.meters.contracts import Told, UsageEvent
from billing.processor.client import said
from billing.processor.door import StripeDoor

EVENTS_A_REQUEST = 100
GATHER_S = 0.005
"""The first event of a request waits so long for others."""
SESSION_S = 14 * 60.0
"""A session's token lasts 15 minutes; by our own running time, which no clock can move."""


class _Waiting(Struct, frozen=True, kw_only=True):
    """An event that somebody waits to see taken."""

    event: dict[str, Any]
    told: asyncio.Future[Told]


class MeterStream:
    """Tells events to the stream, together with those that others tell at the same time."""

    def __init__(self, door: StripeDoor) -> None:
        self._door = door
        self._waiting: list[_Waiting] = []
        self._sending: asyncio.Task[None] | None = None
        self._token, self._token_until = "", 0.0

    async def tell(self, event: UsageEvent) -> Told:
        """Tell one capture; it is taken once however often it is told within a day."""
        try:
            await self._door.meters()
            customer = await self._door.ensure_customer(event.account)
        except StripeUnavailable as error:
            return Told(outcome="again", detail=str(error))
        told = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(event=_written(event, customer), told=told))
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_waiting())
        return await told

    async def _send_waiting(self) -> None:
        """Send until nobody waits; one request at a time."""
        try:
            while self._waiting:
                await asyncio.sleep(GATHER_S)
                batch, self._waiting = (
                    self._waiting[:EVENTS_A_REQUEST], self._waiting[EVENTS_A_REQUEST:]
                )  # fmt: skip
                await self._settle(batch)
        finally:
            self._sending = None

    async def _settle(self, batch: Sequence[_Waiting]) -> None:
        """Send a batch and tell everybody. Where the request is refused, each event is sent alone,
        so that a wrong one does not hold up those beside it."""
        told = await self._send([one.event for one in batch])
        if told.outcome == "hopeless" and len(batch) > 1:
            for one in batch:
                await self._settle([one])
            return
        for one in batch:
            if not one.told.done():
                one.told.set_result(told)

    async def _send(self, events: list[dict[str, Any]]) -> Told:
        try:
            await self._post(events)
        except library.RateLimitError as error:
            return Told(outcome="slow_down", detail=said(error))
        except library.InvalidRequestError as error:
            outcome = "hopeless" if error.http_status == 400 else "again"
            return Told(outcome=outcome, detail=said(error))
        except (library.AuthenticationError, library.PermissionError):  # their words quote the key
            return Told(outcome="again", detail="Stripe does not let this key do it")
        except library.StripeError as error:
            return Told(outcome="again", detail=said(error))
        except Exception as error:  # noqa: BLE001 - whoever waits must be answered, whatever it was
            return Told(outcome="again", detail=f"{type(error).__name__}: {error}")
        return Told(outcome="delivered")

    async def _post(self, events: list[dict[str, Any]]) -> None:
        """One request; where Stripe says that the session has ended, once more in a new one."""
        try:
            await self._post_in_session(events)
        except (library.TemporarySessionExpiredError, library.AuthenticationError):
            self._token_until = 0.0
            await self._post_in_session(events)

    async def _post_in_session(self, events: list[dict[str, Any]]) -> None:
        token = await self._session(self._door.client)
        params: Any = {"events": events}
        await self._door.client.v2.billing.meter_event_stream.create_async(
            params, {"api_key": token}
        )

    async def _session(self, client: StripeClient) -> str:
        """The token of a session that lasts a while yet."""
        if time.monotonic() > self._token_until:
            until = time.monotonic() + SESSION_S
            session = await client.v2.billing.meter_event_session.create_async()
            self._token, self._token_until = session.authentication_token, until
        return self._token


def _written(event: UsageEvent, customer: str) -> dict[str, Any]:
    """An event as the stream wants it: RFC 3339 and text."""
    moment = datetime.fromtimestamp(int(event.occurred_at.timestamp()), UTC)
    return {
        "event_name": event.event_name, "identifier": event.identifier,
        "timestamp": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "payload": {"stripe_customer_id": customer, "value": str(event.tokens)},
    }  # fmt: skip
