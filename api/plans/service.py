"""Planning without making: no hold, no candidate, nothing for the clerk to settle.

The studio's last word on such a job is the plans themselves, so they can be read in the moment they
are delivered.
"""

import secrets
from datetime import timedelta

import asyncpg
from msgspec import structs
from prometheus_client import Counter

from api.briefs.service import PLANS_KEPT_H
from api.briefs.understanding import engine_of, understood, with_seed
from api.errors import NotFound, QueueFull
from api.keys import store as keys
from api.keys.contracts import Caller
from api.plans import store
from api.plans.contracts import Plans, PlansRow, Status
from api.shop import Shop
from billing.connections import lent, transaction
from engine.contracts import DEADLINES_S, Brief
from engine.queue import service as queue
from engine.queue.contracts import Ended, Job, JobView, Planned, Played

KEPT = timedelta(hours=PLANS_KEPT_H)
EXPECTED_S = 1.0
TAKEN = Counter("gateway_plans_taken_total", "Plans asked of the studio", ["kind", "mode"])


async def ask(shop: Shop, caller: Caller, brief: Brief, trace: str) -> Plans:
    """Hand a brief to the studio for its plans only."""
    brief = with_seed(brief)
    resolved = understood(caller.account, brief)
    async with transaction(shop.pool) as conn:
        await keys.lock_account(conn, caller.account)
        if await queue.open_jobs(conn, caller.account, "plans") >= shop.settings.open_plans:
            raise QueueFull(shop.settings.open_plans, "plans", retry_after_s=2)
        row = await store.insert_plans(
            conn, f"plan_{secrets.token_hex(12)}", caller.account, brief.seed or 0, resolved, KEPT
        )
        deadline = timedelta(seconds=brief.deadline_s or DEADLINES_S["interactive"])
        job = Job(
            id=row.id, account=row.account, resolved=resolved, seed=resolved.seed, lane="plan",
            wants="plans", expected_s=EXPECTED_S, deadline_at=row.created_at + deadline,
            api_key=caller.key, trace=trace, engine=engine_of(brief),
        )  # fmt: skip
        await queue.enqueue(conn, job)
        view = await _view(conn, shop, row)
    TAKEN.labels(resolved.kind, caller.mode).inc()
    return view


async def read(shop: Shop, caller: Caller, plans: str, wait: float = 0) -> Plans:
    """Plans as they stand, or as they are once the studio is done, within ``wait`` seconds."""
    view = await _read(shop, caller, plans)
    if not wait or is_over(view):
        return view
    await shop.jobs.finished(plans, wait)
    return await _read(shop, caller, plans)


def is_over(plans: Plans) -> bool:
    """Whether the studio has said its last word on them."""
    return plans.status in ("ready", "failed")


async def _read(shop: Shop, caller: Caller, plans: str) -> Plans:
    async with lent(shop.pool) as conn:
        row = await store.select_plans(conn, plans, caller.account)
        if row is None:
            raise NotFound(f"there is no plan {plans}; plans are kept for a day")
        return await _view(conn, shop, row)


async def _view(conn: asyncpg.Connection, shop: Shop, row: PlansRow) -> Plans:
    job = await queue.view(conn, row.id)
    if job is None:  # its day has ended in this moment
        raise NotFound(f"there is no plan {row.id}; plans are kept for a day")
    said = await queue.last_word(conn, row.id)
    return Plans(
        id=row.id,
        status=_status(job, said),
        created_at=row.created_at,
        expires_at=row.expires_at,
        seed=row.seed,
        resolved=structs.replace(row.resolved, seed=row.seed),
        queue_position=job.position,
        plans=said.plans if isinstance(said, Planned) else (),
        failure=said.failure if isinstance(said, Ended) else None,
        url=f"{shop.settings.public_url}/v1/plans/{row.id}",
    )


def _status(job: JobView, said: Planned | Played | Ended | None) -> Status:
    if said is None:
        return "queued" if job.state == "queued" else "running"
    return "ready" if isinstance(said, Planned) else "failed"
