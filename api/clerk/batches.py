"""Ending batches: what is left of a canceled one is stopped, and the end of each is told."""

import asyncpg
import structlog
from prometheus_client import Counter

from api.briefs import store as briefs
from api.clerk.desk import Desk
from billing.connections import lent, transaction
from billing.ledger import batches as ledger
from engine.queue import bulk
from engine.queue import service as queue

AT_ONCE = 100
"""Briefs that are stopped in one transaction: so long others of the account wait for its wallet."""

log = structlog.get_logger()
ENDED = Counter("clerk_batches_ended_total", "Batches of which all briefs have ended")
STOPPED = Counter("clerk_batch_briefs_stopped_total", "Briefs taken out of the queue unbegun")

# Rows that somebody has in hand are passed over until the next look. The brief is locked before its
# job, as by whoever cancels or settles one. Of what a studio gave back some may be delivered.
LOCK_UNBEGUN = """
select briefs.id, hold from api.batches
join api.briefs on briefs.batch = batches.id and outcome is null
join engine.jobs on jobs.id = briefs.id and state = 'queued' and attempt = 0
  and returns = 0
where batches.finished_at is null and batches.cancel_asked_at is not null
limit $1
for update of briefs skip locked
"""
FINISH_UNBEGUN = """
update api.briefs set outcome = 'canceled', finished_at = now(),
  cancel_asked_at = coalesce(cancel_asked_at, now())
where id = any($1) and outcome is null
"""
LOCK_BEGUN = """
select briefs.id from api.batches
join api.briefs on briefs.batch = batches.id and outcome is null
  and briefs.cancel_asked_at is null
join engine.jobs on jobs.id = briefs.id and (state <> 'queued' or attempt > 0 or returns > 0)
where batches.finished_at is null and batches.cancel_asked_at is not null
limit $1
for update of briefs skip locked
"""
END = """
update api.batches set finished_at = now()
where id in (
  select id from api.batches
  where finished_at is null
    and not exists (select from api.briefs where batch = batches.id and outcome is null)
  for update skip locked)
  and finished_at is null
returning id, account, briefs
"""


async def stop_batches(desk: Desk) -> int:
    """Stop what is left of canceled batches; returns how many briefs were."""
    stopped = 0
    while some := await _stop_unbegun(desk.pool):
        stopped += some
    while some := await _stop_begun(desk.pool):
        stopped += some
    return stopped


async def end_batches(desk: Desk) -> int:
    """Say so of the batches of which every brief has ended."""
    async with lent(desk.pool) as conn:
        ended = await conn.fetch(END)
    for row in ended:
        ENDED.inc()
        log.info("batch.ended", batch=row["id"], account=row["account"], briefs=row["briefs"])
    return len(ended)


async def _stop_unbegun(pool: asyncpg.Pool) -> int:
    """What no studio has had is taken out of the queue, and its tokens go back: nothing is left to
    be settled, so others' deliveries wait for none of it."""
    async with transaction(pool) as conn:
        rows = await conn.fetch(LOCK_UNBEGUN, AT_ONCE)
        holds = {row["id"]: row["hold"] for row in rows}
        ended = await bulk.cancel_unbegun(conn, list(holds)) if holds else []
        await conn.execute(FINISH_UNBEGUN, ended)
        await ledger.release_all(conn, [holds[brief] for brief in ended])
    STOPPED.inc(len(ended))
    return len(ended)


async def _stop_begun(pool: asyncpg.Pool) -> int:
    """What a studio has, or has had, is stopped as one by itself is, and settled as it ends."""
    async with transaction(pool) as conn:
        rows = await conn.fetch(LOCK_BEGUN, AT_ONCE)
        for row in rows:
            await briefs.mark_cancel(conn, row["id"])
            await queue.ask_cancel(conn, row["id"])
    return len(rows)
