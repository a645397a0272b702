"""Dropping what is no longer kept."""

from datetime import timedelta

from api.clerk.desk import Desk
from api.keys import idempotency
from api.plans import store as plans
from billing.connections import lent, transaction
from engine.queue import service as queue
from engine.repertoire import service as repertoire

SETTLED_KEPT = timedelta(days=30)
"""For whoever looks into a complaint; longer than a late candidate waits for its tokens."""
FORGOTTEN_AT_ONCE = 1000


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


async def forget_deliveries(desk: Desk) -> int:
    """Drop what studios handed back of briefs and families that are over: their candidates hold the
    same."""
    forgotten = 0
    while True:
        async with lent(desk.pool) as conn:
            some = await queue.forget_settled(conn, SETTLED_KEPT, FORGOTTEN_AT_ONCE)
        if not some:
            return forgotten
        forgotten += some
