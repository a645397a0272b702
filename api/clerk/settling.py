"""Settling what the studios deliver: the charge, the meter event and the candidate's appearance.

A candidate that comes after its hold closed is charged to the wallet at once. Where the wallet will
not have it, the candidate stays sealed: it is tried again for a day, and never given away.
"""

from datetime import timedelta

import asyncpg
import msgspec
import structlog
from prometheus_client import Counter

from api import logs
from api.clerk.desk import Desk
from billing.connections import transaction
from billing.contracts import Capture
from billing.errors import (
    AccountFrozen,
    BillingError,
    BudgetExceeded,
    HoldClosed,
    InsufficientTokens,
    OverQuote,
)
from billing.ledger import service as ledger
from billing.notices import tell
from engine.queue import service as queue
from engine.queue.contracts import (
    Delivered,
    Delivery,
    Ended,
    FamilyDelivered,
    Unreadable,
    candidate_id,
)

KEPT_DAYS = 7  # an unpicked candidate is offered so long
GIVEN_UP_FOR = ("attempts_used_up", "deadline_exceeded")
SEALED_FOR = timedelta(hours=24)
"""How long a candidate waits for the tokens it came too late for."""

log = structlog.get_logger()
SETTLED = Counter("clerk_deliveries_settled_total", "Delivery rows settled", ["kind"])
SEALED = Counter("clerk_candidates_sealed_total", "Late candidates that wait for tokens")
GIVEN_UP = Counter("clerk_candidates_given_up_total", "Late candidates nobody paid for in time")
JOBS_GIVEN_UP = Counter(
    "clerk_jobs_given_up_total", "Briefs and families that no studio brought to their end", ["why"]
)
STUCK = Counter("clerk_deliveries_stuck_total", "Deliveries that failed to settle and wait")

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


async def settle_due(desk: Desk) -> int:
    """Settle deliveries one by one, each in its own transaction; returns how many.

    One that must wait for another is passed over until the next round; one that cannot be settled
    is put off, later and later.
    """
    settled, passed_over = 0, set[int]()
    while True:
        seen = len(passed_over)
        if await settle_one(desk.pool, passed_over):
            settled += 1
        elif len(passed_over) == seen:
            return settled


async def settle_one(pool: asyncpg.Pool, passed_over: set[int] | None = None) -> bool:
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
        with logs.saying(trace=delivery.trace):
            settled = await _settle(conn, delivery)
        if not settled:
            passed_over.add(delivery.id)
            return False
    _count(delivery.body)
    return True


def _count(body: Delivered | FamilyDelivered | Ended | Unreadable) -> None:
    SETTLED.labels(type(body).__name__).inc()
    if isinstance(body, Ended) and body.failure and body.failure.code in GIVEN_UP_FOR:
        JOBS_GIVEN_UP.labels(body.failure.code).inc()


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
    except (InsufficientTokens, AccountFrozen, BudgetExceeded, OverQuote) as refused:
        return await _seal(conn, delivery, refused)
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
    capture = await _charge(conn, brief["hold"], candidate, brief["audition_tokens"])
    made = msgspec.json.encode(body.made).decode()
    await conn.execute(
        INSERT_CANDIDATE, candidate, delivery.account, delivery.job, delivery.number, made,
        capture.tokens, timedelta(days=KEPT_DAYS),
    )  # fmt: skip
    log.info("candidate.ready", brief=delivery.job, account=delivery.account,
             number=delivery.number, tokens=capture.tokens)  # fmt: skip


async def _charge(conn: asyncpg.Connection, hold: str, candidate: str, tokens: int) -> Capture:
    try:
        return await ledger.capture(conn, hold, candidate, tokens)
    except HoldClosed:  # too late for what was set aside: the wallet pays, within the same quote
        return await ledger.charge_late(conn, hold, candidate, tokens)


async def _seal(conn: asyncpg.Connection, delivery: Delivery, refused: BillingError) -> bool:
    """Keep a late candidate for a day; True when its time is over, and it is let go unheard."""
    facts = {"brief": delivery.job, "number": delivery.number, "reason": str(refused)}
    if isinstance(refused, OverQuote) or delivery.waited > SEALED_FOR:
        GIVEN_UP.inc()
        log.warning("candidate.given_up", **facts)
        await queue.settle(conn, delivery.id)
        return True
    SEALED.inc()
    log.warning("candidate.sealed", **facts)
    candidate = candidate_id(delivery.job, delivery.number)
    await tell(conn, delivery.account, "candidate_sealed", candidate, delivery.job, facts)
    await queue.put_off(conn, delivery.id)
    return False


async def _close(conn: asyncpg.Connection, delivery: Delivery, body: Ended) -> bool:
    """The job is over: give the rest of the hold back and say how it ended.

    Not yet while one of its candidates is still to be charged, perhaps by another clerk: closing
    the hold would seal it. A sealed one keeps nobody waiting.
    """
    brief = await conn.fetchrow(SELECT_BRIEF, delivery.job)
    assert brief is not None, "a job is enqueued in its brief's own transaction"
    ready = await conn.fetchval(COUNT_READY, delivery.job) or 0
    if ready < body.delivered:
        hold = await ledger.hold(conn, brief["hold"])
        if hold is not None and hold.state == "open":
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
