"""What Stripe's events mean for us. Every handler asks Stripe again and applies what is true now,
so the order and the number of events do not matter."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import asyncpg
import msgspec
import structlog
from msgspec import Struct

from billing.connections import lent, transaction
from billing.errors import BillingError, StripeRefused
from billing.ledger import service as ledger
from billing.processor import inbox
from billing.processor.door import CHECKOUT_EVENTS, StripeDoor

End = Literal["paid", "expired", "failed"]
OnEnd = Callable[[asyncpg.Connection, str, str, End], Awaitable[None]]
"""Called with (connection, topup, Checkout session, end); inside the transaction that credits."""

SWEEP_BACK = timedelta(days=3)
log = structlog.get_logger()

CLAIM = """
with due as (
  select event_id from billing.stripe_inbox where done_at is null and next_at <= now()
  order by received_at limit 20 for update skip locked
)
update billing.stripe_inbox
set attempts = attempts + 1,
    next_at = now() + make_interval(secs => least(300, power(2, least(attempts, 9))))
from due where stripe_inbox.event_id = due.event_id
returning stripe_inbox.event_id, type, body
"""
NOT_NOW = "update billing.stripe_inbox set detail = $2 where event_id = $1"
DONE = "update billing.stripe_inbox set done_at = now(), detail = $2 where event_id = $1"


class Due(Struct, frozen=True, kw_only=True):
    """An event that waits to be handled."""

    event_id: str
    type: str
    body: bytes


class _Object(msgspec.Struct):
    id: str


class _Holder(msgspec.Struct):
    object: _Object


class _Event(msgspec.Struct):
    data: _Holder


async def handle_due(pool: asyncpg.Pool, door: StripeDoor, on_end: OnEnd) -> int:
    """Handle the events that wait; returns how many are done. What fails is tried again later, and
    does not hold up the others."""
    async with lent(pool) as conn:
        rows = await conn.fetch(CLAIM)
    done = 0
    for row in rows:
        due = Due(**dict(row))
        try:
            await _handle(pool, door, due, on_end)
        except (BillingError, msgspec.MsgspecError, ValueError) as error:
            log.warning("stripe.event_waits", stripe_event=due.event_id, error=str(error))
            async with lent(pool) as conn:
                await conn.execute(NOT_NOW, due.event_id, f"{type(error).__name__}: {error}")
            continue
        done += 1
    return done


async def sweep(pool: asyncpg.Pool, door: StripeDoor) -> int:
    """Fetch events whose webhook never came; returns how many were new."""
    found = await door.events_since(datetime.now(UTC) - SWEEP_BACK)
    new = 0
    for event in found:
        async with lent(pool) as conn:
            new += await inbox.receive(conn, msgspec.json.encode(event.to_dict()))
    return new


async def _handle(pool: asyncpg.Pool, door: StripeDoor, due: Due, on_end: OnEnd) -> None:
    if due.type not in CHECKOUT_EVENTS:
        return await _done(pool, due, "nothing to do")
    named = msgspec.json.decode(due.body, type=_Event).data.object.id
    try:
        session = await door.checkout_session(named)
    except StripeRefused as error:
        return await _done(pool, due, f"Stripe does not know it: {error}")
    facts = session.metadata.to_dict() if session.metadata else {}
    if not {"account", "topup", "tokens"} <= facts.keys():
        return await _done(pool, due, "not one of our sessions")
    end = _end(session, due.type)
    if end is None:
        return await _done(pool, due, f"not paid yet: {session.payment_status}")
    said: str = end
    async with transaction(pool) as conn:
        if end == "paid":
            payment = str(session.payment_intent or session.id)
            new = await ledger.credit_topup(conn, facts["account"], payment, int(facts["tokens"]))
            said = "credited" if new else "credited before"
        await on_end(conn, facts["topup"], session.id, end)
        await conn.execute(DONE, due.event_id, said)
    log.info("topup.ended", topup=facts["topup"], account=facts["account"], outcome=said)
    return None


def _end(session: Any, event: str) -> End | None:
    """How a session ended, by what Stripe says of it now; None while it may still be paid."""
    if session.payment_status == "paid":
        return "paid"
    if session.status == "expired":
        return "expired"
    return "failed" if event == "checkout.session.async_payment_failed" else None


async def _done(pool: asyncpg.Pool, due: Due, detail: str) -> None:
    async with lent(pool) as conn:
        await conn.execute(DONE, due.event_id, detail)
