"""What Stripe's events mean for us. Every handler asks Stripe again and applies what is true now,
so the order and the number of events do not matter."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import msgspec
import structlog

from billing.errors import StripeUnavailable
from billing.ledger import service as ledger
from billing.processor import inbox
from billing.processor.door import StripeDoor

OnPaid = Callable[[asyncpg.Connection, str, str], Awaitable[None]]
"""Called inside the crediting transaction with (connection, topup, Checkout session)."""

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
DONE = "update billing.stripe_inbox set done_at = now(), detail = $2 where event_id = $1"

_PAYMENTS = frozenset({"checkout.session.completed", "checkout.session.async_payment_succeeded"})


class _Object(msgspec.Struct):
    id: str


class _Holder(msgspec.Struct):
    object: _Object


class _Event(msgspec.Struct):
    data: _Holder


async def handle_due(pool: asyncpg.Pool, door: StripeDoor, on_paid: OnPaid) -> int:
    """Handle the events that wait; returns how many are done. What fails is tried again later."""
    async with pool.acquire() as conn:
        rows = await conn.fetch(CLAIM)
    done = 0
    for row in rows:
        try:
            await _handle(pool, door, row["event_id"], row["type"], row["body"], on_paid)
        except StripeUnavailable as error:
            log.warning("stripe.unavailable", stripe_event=row["event_id"], error=str(error))
            continue
        done += 1
    return done


async def sweep(pool: asyncpg.Pool, door: StripeDoor) -> int:
    """Fetch events whose webhook never came; returns how many were new."""
    found = await door.events_since(datetime.now(UTC) - SWEEP_BACK)
    new = 0
    for event in found:
        async with pool.acquire() as conn:
            new += await inbox.receive(conn, msgspec.json.encode(event.to_dict()))
    return new


async def _handle(
    pool: asyncpg.Pool, door: StripeDoor, event: str, kind: str, body: bytes, on_paid: OnPaid
) -> None:
    if kind not in _PAYMENTS:
        async with pool.acquire() as conn:
            await conn.execute(DONE, event, "nothing to do")
        return
    session = await door.checkout_session(msgspec.json.decode(body, type=_Event).data.object.id)
    if session.payment_status != "paid":
        async with pool.acquire() as conn:
            await conn.execute(DONE, event, f"not paid: {session.payment_status}")
        return
    facts = session.metadata
    payment = str(session.payment_intent or session.id)
    async with pool.acquire() as conn, conn.transaction():
        new = await ledger.credit_topup(conn, facts["account"], payment, int(facts["tokens"]))
        await on_paid(conn, facts["topup"], session.id)
        await conn.execute(DONE, event, "credited" if new else "credited before")
    log.info("topup.paid", topup=facts["topup"], account=facts["account"], new=new)
