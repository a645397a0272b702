"""The clerk: settles what the studios deliver, tells Stripe, keeps holds alive and lets them go.

Each step is one small function that may be repeated or run by several clerks at once; what it could
not do now it does the next time round. Nothing is kept in memory between two rounds, so a clerk may
be killed anywhere.
"""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx
import msgspec
import structlog
from msgspec import Struct
from prometheus_client import Counter, Gauge

from api.keys import idempotency
from api.plans import store as plans
from billing.connections import lent, transaction
from billing.contracts import Pack
from billing.errors import HoldClosed, OverQuote, StripeRefused, StripeUnavailable
from billing.ledger import service as ledger
from billing.meters import service as meters
from billing.processor import handlers
from billing.processor.door import StripeDoor
from billing.settings import BillingSettings
from engine.queue import service as queue
from engine.queue.contracts import (
    Delivered,
    Delivery,
    Ended,
    FamilyDelivered,
    Unreadable,
    candidate_id,
)
from engine.repertoire import service as repertoire

KEPT_DAYS = 7  # an unpicked candidate is offered so long
HOLD_AHEAD = timedelta(minutes=10)
UNFINISHED_KEPT = timedelta(days=1)
"""How long after its deadline a brief that nobody could finish may still hold tokens."""

DELIVERIES = "engine_deliveries"
IDLE_S = 0.5

log = structlog.get_logger()
SETTLED = Counter("clerk_deliveries_settled_total", "Delivery rows settled", ["kind"])
SEALED = Counter("clerk_candidates_sealed_total", "Candidates that came after their hold closed")
STUCK = Counter("clerk_deliveries_stuck_total", "Deliveries that failed to settle and wait")
OUTBOX = Gauge("clerk_meter_events_waiting", "Meter events not delivered yet", ["lane"])


class Desk(Struct, frozen=True, kw_only=True):
    """What the clerk works with."""

    pool: asyncpg.Pool
    door: StripeDoor
    public_url: str


async def open_desk(
    database_url: str,
    billing: BillingSettings,
    public_url: str,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Desk:
    """Connect, refuse the wrong Stripe, and set up what Stripe must know."""
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=10)
    async with transaction(pool) as conn:
        await ledger.bind_stripe_mode(conn, billing.stripe)
    door = StripeDoor.open(billing, pool, transport)
    return Desk(pool=pool, door=door, public_url=public_url)


async def serve(desk: Desk) -> None:
    """Work until SIGTERM or SIGINT; what is begun is finished."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    woken = asyncio.Event()
    listener = asyncio.create_task(_listen(desk.pool, woken, stop))
    rounds = (
        _repeat(settle_due, desk, stop, IDLE_S, woken),
        _repeat(start_topups, desk, stop, IDLE_S),
        _repeat(handle_stripe, desk, stop, IDLE_S),
        _repeat(send_usage, desk, stop, IDLE_S),
        _repeat(keep_holds, desk, stop, 5.0),
        _repeat(sweep_stripe, desk, stop, 60.0),
        _repeat(forget_answers, desk, stop, 3600.0),
        _repeat(forget_plans, desk, stop, 3600.0),
        _repeat(forget_offers, desk, stop, 3600.0),
    )
    log.info("clerk.ready")
    await asyncio.gather(*rounds)
    listener.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await listener
    log.info("clerk.stopped")


async def settle_due(desk: Desk) -> int:
    """Settle deliveries one by one, each in its own transaction; returns how many.

    One that must wait for another is passed over until the next round; one that cannot be settled
    is put off, later and later.
    """
    settled, passed_over = 0, set[int]()
    while True:
        seen = len(passed_over)
        if await _settle_one(desk.pool, passed_over):
            settled += 1
        elif len(passed_over) == seen:
            return settled


async def start_topups(desk: Desk) -> int:
    """Open a Checkout session for every top-up that was asked for."""
    async with lent(desk.pool) as conn:
        asked = await conn.fetch(SELECT_REQUESTED)
    started = 0
    for row in asked:
        started += await _start_topup(desk, row)
    return started


async def handle_stripe(desk: Desk) -> int:
    """Apply the events Stripe has sent."""
    return await handlers.handle_due(desk.pool, desk.door, end_topup)


async def sweep_stripe(desk: Desk) -> int:
    """Fetch the events whose webhook never came."""
    return await handlers.sweep(desk.pool, desk.door)


async def send_usage(desk: Desk) -> int:
    """Tell Stripe's meters what was captured."""
    sent = await meters.send_due(desk.pool, desk.door)
    async with lent(desk.pool) as conn:
        waiting = await meters.depth(conn)
    for lane in ("send", "reconcile", "dead"):
        OUTBOX.labels(lane).set(waiting.get(lane, 0))
    return sent


async def keep_holds(desk: Desk) -> int:
    """End hopeless jobs, keep the holds of living ones, give back those that outlived theirs."""
    async with lent(desk.pool) as conn:
        ended = await queue.reap(conn)
    async with lent(desk.pool) as conn:
        await _extend_holds(conn, datetime.now(UTC))
    async with transaction(desk.pool) as conn:
        return ended + await ledger.expire_holds(conn)


async def forget_answers(desk: Desk) -> int:
    """Drop the answers to idempotency keys that are older than we keep them."""
    async with lent(desk.pool) as conn:
        return await idempotency.forget_old(conn)


async def forget_plans(desk: Desk) -> int:
    """Drop the plans whose day is over, and the jobs that made them."""
    async with transaction(desk.pool) as conn:
        expired = await plans.delete_expired(conn)
        await queue.forget_plans(conn, expired)
    return len(expired)


async def forget_offers(desk: Desk) -> int:
    """Drop the runs of candidates that nobody can pick any more."""
    async with lent(desk.pool) as conn:
        return await repertoire.forget_offers(conn)


async def end_topup(conn: asyncpg.Connection, topup: str, session: str, end: handlers.End) -> None:
    """A top-up is over; when it is paid, in the transaction that credits its tokens."""
    await conn.execute(END_TOPUP, topup, session, end)


async def _extend_holds(conn: asyncpg.Connection, now: datetime) -> None:
    """Keep what unfinished briefs hold, also while what they delivered waits for its money."""
    ending = {one.brief: one.id for one in await ledger.ending_holds(conn, now + HOLD_AHEAD / 2)}
    for row in await conn.fetch(SELECT_UNFINISHED, list(ending), UNFINISHED_KEPT):
        await ledger.extend_hold(conn, ending[row["id"]], now + HOLD_AHEAD)


async def _settle_one(pool: asyncpg.Pool, passed_over: set[int] | None = None) -> bool:
    """Transaction C: the capture, the meter event and the candidate's appearance, together.

    False when there was nothing to settle, or when it could not be settled: then it is added to
    ``passed_over``.
    """
    passed_over = set() if passed_over is None else passed_over
    async with transaction(pool) as conn:
        due = await queue.unsettled(conn, len(passed_over) + 1)
        delivery = next((one for one in due if one.id not in passed_over), None)
        if delivery is None:
            return False
        if not await _settle(conn, delivery):
            passed_over.add(delivery.id)
            return False
    SETTLED.labels(type(delivery.body).__name__).inc()
    return True


async def _settle(conn: asyncpg.Connection, delivery: Delivery) -> bool:
    """Whether a delivery could be settled; what it had begun is undone where it could not."""
    if isinstance(delivery.body, Unreadable):
        log.error("delivery.unreadable", brief=delivery.job, number=delivery.number,
                  why=delivery.body.why)  # fmt: skip
        await _put_off(conn, delivery)
        return False
    try:
        async with conn.transaction():
            if isinstance(delivery.body, (Delivered, FamilyDelivered)):
                await _reveal(conn, delivery, delivery.body)
            elif not await _close(conn, delivery, delivery.body):
                return False
            await queue.settle(conn, delivery.id)
        return True
    except Exception:  # one row's fault must not stop the till for the others
        if conn.is_closed():
            raise
        log.exception("delivery.stuck", brief=delivery.job, number=delivery.number)
        await _put_off(conn, delivery)
        return False


async def _put_off(conn: asyncpg.Connection, delivery: Delivery) -> None:
    STUCK.inc()
    await queue.put_off(conn, delivery.id)


async def _reveal(
    conn: asyncpg.Connection, delivery: Delivery, body: Delivered | FamilyDelivered
) -> None:
    """Charge the audition and let the client hear it; both or neither."""
    brief = await conn.fetchrow(SELECT_BRIEF, delivery.job)
    assert brief is not None, "a job is enqueued in its brief's own transaction"
    candidate = candidate_id(delivery.job, delivery.number)
    try:
        capture = await ledger.capture(conn, brief["hold"], candidate, brief["audition_tokens"])
    except (HoldClosed, OverQuote) as refused:
        # Nothing is given away: without its tokens the candidate stays sealed.
        SEALED.inc()
        log.warning("candidate.sealed", brief=delivery.job, number=delivery.number,
                    reason=str(refused))  # fmt: skip
        return
    made = msgspec.json.encode(body.made).decode()
    await conn.execute(
        INSERT_CANDIDATE, candidate, delivery.account, delivery.job, delivery.number, made,
        capture.tokens, timedelta(days=KEPT_DAYS),
    )  # fmt: skip
    log.info("candidate.ready", brief=delivery.job, account=delivery.account,
             number=delivery.number, tokens=capture.tokens)  # fmt: skip


async def _close(conn: asyncpg.Connection, delivery: Delivery, body: Ended) -> bool:
    """The job is over: give the rest of the hold back and say how it ended.

    Not yet while one of its candidates is still to be charged, perhaps by another clerk: closing
    the hold would seal it.
    """
    brief = await conn.fetchrow(SELECT_BRIEF, delivery.job)
    assert brief is not None, "a job is enqueued in its brief's own transaction"
    hold = await ledger.hold(conn, brief["hold"])
    ready = await conn.fetchval(COUNT_READY, delivery.job) or 0
    if hold is not None and hold.state == "open" and ready < body.delivered:
        return False
    await ledger.release(conn, brief["hold"])
    outcome = _outcome(body, ready, brief["candidates"])
    failure = msgspec.json.encode(body.failure).decode() if body.failure else None
    retracted = msgspec.json.encode(body.retracted_takes).decode()
    await conn.execute(FINISH_BRIEF, delivery.job, outcome, failure, retracted)
    log.info("brief.finished", brief=delivery.job, account=delivery.account, outcome=outcome)
    return True


def _outcome(body: Ended, ready: int, asked: int) -> str:
    if body.canceled:
        return "canceled"
    if ready >= asked:
        return "succeeded"
    if ready:
        return "partially_succeeded"
    late = body.failure is not None and body.failure.code == "deadline_exceeded"
    return "expired" if late else "failed"


async def _start_topup(desk: Desk, row: asyncpg.Record) -> bool:
    pack = Pack(tokens=row["tokens"], amount_minor=row["amount_minor"], currency=row["currency"])
    try:
        customer = await desk.door.ensure_customer(row["account"], row["name"])
        success = f"{desk.public_url}/v1/topups/{row['id']}"
        session, url = await desk.door.start_checkout(
            customer, row["account"], row["id"], pack, success
        )
    except StripeRefused as error:
        log.error("topup.refused", topup=row["id"], error=str(error))
        async with lent(desk.pool) as conn:
            await conn.execute(FAIL_TOPUP, row["id"], "the payment could not be prepared")
        return False
    except StripeUnavailable as error:
        log.warning("topup.waits", topup=row["id"], error=str(error))
        return False
    async with lent(desk.pool) as conn:
        await conn.execute(OPEN_TOPUP, row["id"], session, url)
    return True


async def _repeat(
    step: Callable[[Desk], Awaitable[int]],
    desk: Desk,
    stop: asyncio.Event,
    pause_s: float,
    woken: asyncio.Event | None = None,
) -> None:
    """One step again and again; a fault is logged and tried again, the others go on."""
    while not stop.is_set():
        try:
            await step(desk)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, StripeUnavailable) as error:
            log.warning("clerk.step_failed", step=step.__name__, error=str(error))
        except Exception:  # one row's fault must not stop the till for the others
            log.exception("clerk.fault", step=step.__name__)
        waker = woken or stop
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(waker.wait(), pause_s)
        if woken is not None:
            woken.clear()


async def _listen(pool: asyncpg.Pool, woken: asyncio.Event, stop: asyncio.Event) -> None:
    """Wake when a studio delivers; polling beside it makes a lost notice cost half a second."""

    def wake(*_: object) -> None:
        woken.set()

    while not stop.is_set():
        try:
            async with pool.acquire() as conn:
                await conn.add_listener(DELIVERIES, wake)
                try:
                    await stop.wait()
                finally:
                    await conn.remove_listener(DELIVERIES, wake)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await asyncio.sleep(1.0)


SELECT_BRIEF = """
select hold, audition_tokens, (resolved ->> 'candidates')::int as candidates
from api.briefs where id = $1 for update
"""
INSERT_CANDIDATE = """
insert into api.candidates (id, account, brief, number, made, tokens, expires_at)
values ($1, $2, $3, $4, $5::jsonb, $6, now() + $7::interval)
on conflict (id) do nothing
"""
COUNT_READY = "select count(*) from api.candidates where brief = $1"
FINISH_BRIEF = """
update api.briefs
set outcome = $2, failure = $3::jsonb, retracted_takes = $4::jsonb, finished_at = now()
where id = $1 and outcome is null
"""
SELECT_UNFINISHED = """
select id from api.briefs
where id = any($1::text[]) and outcome is null and deadline_at > now() - $2::interval
"""
SELECT_REQUESTED = """
select topups.id, account, name, tokens, amount_minor, currency
from api.topups join api.accounts on accounts.id = account
where state = 'requested' order by topups.created_at limit 20
"""
OPEN_TOPUP = """
update api.topups
set state = 'open', checkout_session = $2, checkout_url = $3, updated_at = now()
where id = $1 and state = 'requested'
"""
FAIL_TOPUP = """
update api.topups set state = 'failed', detail = $2, updated_at = now()
where id = $1 and state = 'requested'
"""
# Paid is for ever: what Stripe says later of the session changes nothing.
END_TOPUP = """
update api.topups
set state = $3, checkout_session = coalesce(checkout_session, $2), updated_at = now()
where id = $1 and state <> 'paid'
"""
