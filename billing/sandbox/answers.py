"""One call after another: who asks, for what, seen before?, carry it out, judge our own answer."""

import asyncio
import hashlib
import json
import secrets
from typing import Any

import structlog
from msgspec import Struct

from billing.sandbox import contract, meters, streams
from billing.sandbox.clock import DAY_S
from billing.sandbox.contract import Operation
from billing.sandbox.errors import Dropped, Malformed, Refused, Unsupported
from billing.sandbox.expansion import expanded
from billing.sandbox.limits import too_many
from billing.sandbox.shop import Shop

log = structlog.get_logger()
_STREAM = "/v2/billing/meter_event_stream"
_EVENTS = "/v1/billing/meter_events"


class Asked(Struct, frozen=True, kw_only=True):
    """A request as it came in; header names in small letters."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


class Reply(Struct, frozen=True, kw_only=True):
    """An answer as it goes out."""

    status: int
    body: Any
    headers: dict[str, str]


class Counter:
    """Where a shop's calls come in."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def answer(self, asked: Asked) -> Reply:
        """The reply to one call; raises `Dropped` where the connection is to end instead."""
        headers = {"request-id": f"req_sbx_{secrets.token_hex(8)}"}
        try:
            await self._mishaps(asked)
            operation = self._judge(asked)
            reply = await self._carried_out(asked, operation, headers)
        except Unsupported as unsupported:
            told = f"The sandbox does not do {unsupported}"
            unknown = Refused(501, "sandbox_unsupported", told, kind="api_error")
            reply = _refusal(unknown, asked, headers)
        except Refused as refused:
            reply = _refusal(refused, asked, headers)
        if self._shop.faults.strikes("lose", asked.path):
            raise Dropped("the reply was lost")
        return reply

    async def _mishaps(self, asked: Asked) -> None:
        """What goes wrong on purpose before anything happens."""
        faults = self._shop.faults
        if slow := faults.strikes("delay", asked.path):
            await asyncio.sleep(slow.seconds)
        if faults.strikes("refuse", asked.path):
            raise Dropped("the connection was refused")
        if faults.strikes("429", asked.path):
            raise too_many("Request rate limit exceeded.")
        if faults.strikes("500", asked.path):
            raise Refused(500, None, "An unknown error occurred", kind="api_error")

    def _judge(self, asked: Asked) -> Operation:
        """Who asks and for what; raises for strangers, live keys and what is not known here."""
        key = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if key.startswith(("sk_live_", "rk_live_")):
            raise _stranger("live_key", "Live keys are refused here")
        if asked.path == _STREAM:
            self._judge_session(key)
        elif not key.startswith(("sk_test_", "rk_test_")):
            raise _stranger("no_key", "A test key is needed: Authorization: Bearer sk_test_…")
        operation = contract.match(asked.method, asked.path)
        if operation is None:
            raise Unsupported(f"{asked.method} {asked.path[:200]}")
        self._shop.limits.take(operation.template)
        return operation

    def _judge_session(self, token: str) -> None:
        end = self._shop.sessions.get(token)
        if end is None:
            raise _stranger("no_key", "The stream needs the token of a meter event session")
        if end <= self._shop.clock.now():
            raise Refused(401, "billing_meter_event_session_expired", "The session has expired",
                          kind="temporary_session_expired")  # fmt: skip

    async def _carried_out(
        self, asked: Asked, operation: Operation, headers: dict[str, str]
    ) -> Reply:
        try:
            text = asked.body.decode()
        except UnicodeDecodeError:
            raise Malformed("", "The body is not UTF-8") from None
        given = contract.decode(operation, asked.query, text)
        if operation.template == _EVENTS:
            return await self._counted(asked, operation, given, headers)
        return self._once(asked, operation, given, headers)

    async def _counted(
        self, asked: Asked, operation: Operation, given: dict[str, Any], headers: dict[str, str]
    ) -> Reply:
        """A meter event, one at a time for each customer and meter."""
        lane = (given["event_name"], given["payload"].get("stripe_customer_id", ""))
        self._shop.limits.enter(lane)
        try:
            await asyncio.sleep(0)  # whoever else is about to send in this lane meets us here
            return self._once(asked, operation, given, headers)
        finally:
            self._shop.limits.leave(lane)

    def _once(
        self, asked: Asked, operation: Operation, given: dict[str, Any], headers: dict[str, str]
    ) -> Reply:
        """Carry a call out, or repeat what it came to when its idempotency key was seen before."""
        key = asked.headers.get("idempotency-key") if asked.method == "POST" else None
        if key is None:
            return self._now(asked, operation, given, headers)
        mark = hashlib.sha256(f"{asked.path}?{asked.query}\n".encode() + asked.body).hexdigest()
        seen = self._shop.replies.get(key)
        if seen is not None and seen["at"] > self._shop.clock.now() - DAY_S:
            return _repeated(seen, mark, headers)
        reply = self._now(asked, operation, given, headers)
        if reply.status not in (429, 501):
            kept = {"mark": mark, "status": reply.status, "at": self._shop.clock.now(),
                    "body": json.dumps(reply.body)}  # fmt: skip
            self._shop.remember(key, kept)
            self._shop.commit()
        return reply

    def _now(
        self, asked: Asked, operation: Operation, given: dict[str, Any], headers: dict[str, str]
    ) -> Reply:
        shop = self._shop
        shop.tick()
        shop.request = {"id": headers["request-id"],
                        "idempotency_key": asked.headers.get("idempotency-key")}  # fmt: skip
        try:
            answer = self._performed(operation, given)
            if paths := given.get("expand"):
                answer = expanded(shop, answer, paths)
        except Refused as refused:
            shop.commit()
            return _refusal(refused, asked, headers)
        except Unsupported:
            shop.commit()
            raise
        finally:
            shop.request = {"id": None, "idempotency_key": None}
        if asked.method != "GET":
            shop.commit()
        if wrong := contract.faults(operation, answer):
            log.error("sandbox.own_answer_wrong", operation=operation.template, faults=wrong)
            raise Refused(500, "sandbox_fault", "; ".join(wrong)[:2_000], kind="api_error")
        return Reply(status=200, body=answer, headers=headers)

    def _performed(self, operation: Operation, given: dict[str, Any]) -> dict[str, Any]:
        if operation.template == _EVENTS and self._shop.faults.strikes("late", _EVENTS):
            return _found_wrong_later(self._shop, given)
        return self._shop.perform(operation, given)


def _found_wrong_later(shop: Shop, given: dict[str, Any]) -> dict[str, Any]:
    """A meter event that is answered as if it counted, and does not."""
    identifier = given.get("identifier") or f"sbx_{secrets.token_hex(16)}"
    meters.meter_of(shop, given["event_name"])
    streams.note(
        shop, given["event_name"], identifier,
        Refused(400, "meter_event_customer_not_found", "The customer was not found"),
    )  # fmt: skip
    return {
        "object": "billing.meter_event", "created": shop.now(), "livemode": False,
        "event_name": given["event_name"], "identifier": identifier,
        "payload": given["payload"], "timestamp": given.get("timestamp", shop.now()),
    }  # fmt: skip


def _repeated(seen: dict[str, Any], mark: str, headers: dict[str, str]) -> Reply:
    if seen["mark"] != mark:
        raise Refused(
            400, None, "Keys for idempotent requests can only be used with the same parameters "
            "they were first used with.", kind="idempotency_error",
        )  # fmt: skip
    again = headers | {"idempotent-replayed": "true"}
    if 400 <= seen["status"] < 500:
        again["stripe-should-retry"] = "false"
    return Reply(status=seen["status"], body=json.loads(seen["body"]), headers=again)


def _refusal(refused: Refused, asked: Asked, headers: dict[str, str]) -> Reply:
    if 400 <= refused.status < 500 and refused.status != 429:
        headers = headers | {"stripe-should-retry": "false"}
    error: dict[str, Any] = {"type": refused.kind, "message": str(refused)}
    if refused.code:
        error["code"] = refused.code
    if asked.path.startswith("/v2/"):
        error.setdefault("code", "invalid_request")
        if refused.code == "billing_meter_event_session_expired":
            error["doc_url"] = "https://docs.stripe.com/api/v2/billing-meter-stream"
        if refused.kind == "invalid_request_error":
            del error["type"]
    else:
        error |= refused.extra | ({"param": refused.param} if refused.param else {})
        error["request_log_url"] = f"/sandbox/requests/{headers['request-id']}"
    return Reply(status=refused.status, body={"error": error}, headers=headers)


def _stranger(code: str, message: str) -> Refused:
    return Refused(401, code, message, kind="invalid_request_error")
