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
from billing.errors import BillingError, NotYet, StripeRefused
from billing.meters import service as meters
from billing.money import Money
from billing.processor import events, inbox, mirror, payments, store
from billing.processor.door import StripeDoor

End = Literal["paid", "expired", "failed"]
OnEnd = Callable[[asyncpg.Connection, str, str, End], Awaitable[None]]
"""Called with (connection, topup, Checkout session, end); inside the transaction that credits."""

CLOCK_SPAN = timedelta(hours=1)
"""What a thin event about a meter is taken to speak of, where it does not say it."""

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


class Named(Struct, frozen=True, kw_only=True):
    """The object an event speaks of: all of its body that we believe."""

    id: str
    payment_intent: str | None = None
    invoice: str | None = None


class _Holder(Struct):
    object: Named


class Event(Struct, frozen=True, kw_only=True):
    """An event as it came."""

    data: _Holder
    created: int = 0


class Room(Struct, frozen=True, kw_only=True):
    """What a handler works with."""

    pool: asyncpg.Pool
    door: StripeDoor
    on_end: OnEnd


async def handle_due(pool: asyncpg.Pool, door: StripeDoor, on_end: OnEnd) -> int:
    """Handle the events that wait; returns how many are done. What fails is tried again later, and
    does not hold up the others."""
    async with lent(pool) as conn:
        rows = await conn.fetch(CLAIM)
    room, done = Room(pool=pool, door=door, on_end=on_end), 0
    for row in rows:
        due = Due(**dict(row))
        try:
            await _handle(room, due)
        except BillingError as error:
            log.warning("stripe.event_waits", stripe_event=due.event_id, error=str(error))
            await _not_now(pool, due, error)
        except Exception as error:  # one event's fault must not stop the till for the others
            log.exception("stripe.event_stuck", stripe_event=due.event_id, type=due.type)
            await _not_now(pool, due, error)
        else:
            done += 1
    return done


async def sweep(pool: asyncpg.Pool, door: StripeDoor, back: timedelta) -> int:
    """Fetch the events of so long whose webhook never came; returns how many were new."""
    new = 0
    async for page in door.events_since(datetime.now(UTC) - back):
        async with lent(pool) as conn:
            missed = await inbox.unknown(conn, [event.id for event in page])
            for event in page:
                if event.id in missed:
                    new += await inbox.receive(conn, msgspec.json.encode(event.to_dict()))
    return new


async def _handle(room: Room, due: Due) -> None:
    handler = _handler_of(due.type)
    if handler is None:
        return await _done(room, due, "nothing to do")
    try:
        await handler(room, due)
    except StripeRefused as error:
        await _done(room, due, f"Stripe does not know it: {error}")
    return None


async def _checkout(room: Room, due: Due) -> None:
    session = await room.door.checkout_session(_named(due).id)
    facts = session.metadata.to_dict() if session.metadata else {}
    if not {"account", "topup", "tokens"} <= facts.keys():
        return await _done(room, due, "not one of our sessions")
    end = _end(session, due.type)
    if end is None:
        return await _done(room, due, f"not paid yet: {session.payment_status}")
    said: str = end
    async with transaction(room.pool) as conn:
        if end == "paid":
            payment = str(session.payment_intent or session.id)
            amount = Money(session.amount_total, session.currency)
            new = await payments.credit(conn, facts, payment, amount, _created(due))
            said = "credited" if new else "credited before"
        await room.on_end(conn, facts["topup"], session.id, end)
        await conn.execute(DONE, due.event_id, said)
    log.info("topup.ended", topup=facts["topup"], account=facts["account"], outcome=said)
    return None


async def _invoice(room: Room, due: Due) -> None:
    """Of an invoice, or of a credit note on one."""
    named = _named(due)
    invoice = await room.door.invoice(named.invoice or named.id)
    async with lent(room.pool) as conn:
        account = await store.select_account(conn, invoice.customer)
    if account is None:
        return await _done(room, due, "not one of our customers")
    async with transaction(room.pool) as conn:
        said = await mirror.keep_invoice(conn, account, invoice)
        await conn.execute(DONE, due.event_id, said)
    return None


async def _subscription(room: Room, due: Due) -> None:
    named = _named(due).id
    async with lent(room.pool) as conn:
        version = await store.select_version(conn, named)
    if version is None:
        return await _done(room, due, "not one of our subscriptions")
    found = await room.door.subscription(named)
    async with transaction(room.pool) as conn:
        said = await mirror.keep_subscription(conn, version, found)
        await conn.execute(DONE, due.event_id, said)
    return None


async def _refund(room: Room, due: Due) -> None:
    payment = _named(due).payment_intent
    account = None if payment is None else await _whose(room, payment)
    if payment is None or account is None:
        return await _done(room, due, "not one of our payments")
    refunds = await room.door.refunds_of(payment)
    topup = await _is_topup(room, payment)
    async with transaction(room.pool) as conn:
        if topup:
            said = await payments.keep_refunds(conn, payment, refunds)
        else:
            said = await payments.keep_invoice_refunds(conn, account, refunds)
        await conn.execute(DONE, due.event_id, said)
    return None


async def _dispute(room: Room, due: Due) -> None:
    found = await room.door.dispute(_named(due).id)
    account = await _whose(room, str(found.payment_intent))
    if account is None:
        return await _done(room, due, "not one of our payments")
    await _is_topup(room, str(found.payment_intent))
    async with transaction(room.pool) as conn:
        said = await payments.keep_dispute(conn, account, found)
        await conn.execute(DONE, due.event_id, said)
    return None


async def _clock(room: Room, due: Due) -> None:
    named = _named(due).id
    at = datetime.fromtimestamp(await room.door.clock_time(named), UTC)
    async with transaction(room.pool) as conn:
        await store.move_clock(conn, named, at)
        await conn.execute(DONE, due.event_id, at.isoformat())


async def _meter(room: Room, due: Due) -> None:
    """Stripe has counted less than it took: what was sent in that time goes through
    reconciliation, since the event names only some of the failures."""
    found = await room.door.thin_event(due.event_id)
    facts = found.to_dict()
    since, until = _window(facts, datetime.fromisoformat(facts["created"]))
    event_name = await _meter_name(room, facts)
    async with transaction(room.pool) as conn:
        opened = await meters.reopen(conn, since, until, event_name)
        await conn.execute(DONE, due.event_id, f"{opened} events to be reconciled")
    log.error("meter.events_failed", stripe_event=due.event_id, opened=opened,
              since=since.isoformat(), until=until.isoformat())  # fmt: skip


_HANDLERS: tuple[tuple[str, Callable[[Room, Due], Awaitable[None]]], ...] = (
    ("checkout.session.", _checkout),
    ("invoice.", _invoice),
    ("credit_note.", _invoice),
    ("customer.subscription.", _subscription),
    ("charge.refunded", _refund),
    ("refund.", _refund),
    ("charge.dispute.", _dispute),
    ("test_helpers.test_clock.", _clock),
    ("v1.billing.meter.", _meter),
)
_KNOWN = frozenset((*events.HANDLED, *events.CLOCKS, *inbox.THIN))


def _handler_of(kind: str) -> Callable[[Room, Due], Awaitable[None]] | None:
    if kind not in _KNOWN:
        return None
    return next(handler for prefix, handler in _HANDLERS if kind.startswith(prefix))


async def _whose(room: Room, payment: str) -> str | None:
    """The account that made a payment: by our row of it, else by the customer Stripe names."""
    async with lent(room.pool) as conn:
        if (known := await store.select_payment(conn, payment)) is not None:
            return known.account
    customer = (await room.door.payment(payment)).customer
    async with lent(room.pool) as conn:
        return None if customer is None else await store.select_account(conn, str(customer))


async def _is_topup(room: Room, payment: str) -> bool:
    """Whether a payment bought tokens. `NotYet` while they are still to be credited."""
    async with lent(room.pool) as conn:
        if await store.select_payment(conn, payment) is not None:
            return True
    written = (await room.door.payment(payment)).metadata
    if written is not None and "topup" in written.to_dict():
        raise NotYet(f"payment {payment} has not been credited yet")
    return False


async def _meter_name(room: Room, facts: dict[str, Any]) -> str | None:
    related = facts.get("related_object") or {}
    names = {meter: name for name, meter in (await room.door.meters()).items()}
    return names.get(related.get("id", ""))


def _window(facts: dict[str, Any], created: datetime) -> tuple[datetime, datetime]:
    said = facts.get("data") or {}
    begin, end = said.get("validation_start"), said.get("validation_end")
    until = datetime.fromisoformat(end) if end else created
    since = datetime.fromisoformat(begin) if begin else until - CLOCK_SPAN
    return since, until


def _end(session: Any, event: str) -> End | None:
    """How a session ended, by what Stripe says of it now; None while it may still be paid."""
    if session.payment_status == "paid":
        return "paid"
    if session.status == "expired":
        return "expired"
    return "failed" if event == "checkout.session.async_payment_failed" else None


def _named(due: Due) -> Named:
    return msgspec.json.decode(due.body, type=Event).data.object


def _created(due: Due) -> datetime:
    return datetime.fromtimestamp(msgspec.json.decode(due.body, type=Event).created, UTC)


async def _not_now(pool: asyncpg.Pool, due: Due, error: Exception) -> None:
    async with lent(pool) as conn:
        await conn.execute(NOT_NOW, due.event_id, f"{type(error).__name__}: {error}"[:500])


async def _done(room: Room, due: Due, detail: str) -> None:
    async with lent(room.pool) as conn:
        await conn.execute(DONE, due.event_id, detail)
