"""The queue's SQL. The caller owns the transaction."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import asyncpg
import msgspec

from engine.queue.contracts import (
    POSITION_MAX,
    UNCOUNTED_RETURNS,
    Delivered,
    Delivery,
    Ended,
    FamilyDelivered,
    Job,
    JobView,
    Lease,
    Load,
    Planned,
    Played,
    Progress,
    Unreadable,
    Wants,
)
from engine.queue.events import Told

_CHARGED = msgspec.json.Decoder(Delivered | FamilyDelivered | Ended)
_LAST = msgspec.json.Decoder(Planned | Played | Ended)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


# A batch job counts as an interactive one when its time runs short.
INSERT_JOB = """
insert into engine.jobs (id, account, resolved, seed, lane, wants, source, expected_s, deadline_at,
                         max_attempts, api_key, trace, engine, urgent_at)
values ($1, $2, $3::jsonb, $4, $5, $6, $7::jsonb, $8, $9, $10, $11, $12, $13,
        case when $5 = 'batch' then
          $9::timestamptz - greatest($14::interval, make_interval(secs => 4 * $8::float8)) end)
"""


async def insert_job(conn: asyncpg.Connection, job: Job, urgent: timedelta) -> None:
    """``urgent``: so long before its deadline a batch job stops making way for others."""
    source = None if job.source is None else _json(job.source)
    await conn.execute(
        INSERT_JOB, job.id, job.account, _json(job.resolved), job.seed, job.lane, job.wants, source,
        job.expected_s, job.deadline_at, job.max_attempts, job.api_key, job.trace,
        job.engine or "", urgent,
    )  # fmt: skip


CANCEL_WAITING = """
update engine.jobs set state = 'canceled', cancel_asked = true, finished_at = now()
where id = $1 and state = 'queued'
returning id
"""


async def cancel_waiting(conn: asyncpg.Connection, job: str) -> bool:
    return await conn.fetchval(CANCEL_WAITING, job) is not None


MARK_CANCEL = """
update engine.jobs set cancel_asked = true where id = $1 and state = 'leased' returning id
"""


async def mark_cancel(conn: asyncpg.Connection, job: str) -> bool:
    return await conn.fetchval(MARK_CANCEL, job) is not None


SELECT_VIEW = """
select state, attempt, progress, expected_s, cancel_asked, finished_at,
  case when state = 'queued' then (
    select count(*) from (
      select from engine.jobs as ahead
      where ahead.state = 'queued' and ahead.wants = jobs.wants and ahead.lane = jobs.lane
        and ahead.engine = jobs.engine and ahead.account = jobs.account
        and ahead.api_key = jobs.api_key and (ahead.run_at, ahead.id) < (jobs.run_at, jobs.id)
      limit $2
    ) as ahead
  ) else 0 end as position
from engine.jobs where id = $1
"""


async def select_view(conn: asyncpg.Connection, job: str) -> JobView | None:
    row = await conn.fetchrow(SELECT_VIEW, job, POSITION_MAX)
    if row is None:
        return None
    return JobView(
        state=row["state"],
        attempt=row["attempt"],
        position=row["position"],
        progress=msgspec.json.decode(row["progress"], type=Progress),
        expected_s=row["expected_s"],
        cancel_asked=row["cancel_asked"],
        finished_at=row["finished_at"],
    )


# The row is held until all is told: whoever takes the job away waits, and tells of it after.
TELL = """
with ours as materialized (
  select 1 from engine.jobs
  where id = $1 and worker = $2 and attempt = $3 and state = 'leased' for share
)
select engine.tell($1, told.kind, told.facts::jsonb)
from ours, unnest($4::text[], $5::text[]) with ordinality as told (kind, facts, nth)
order by nth
"""


async def tell(conn: asyncpg.Connection, lease: Lease, told: Sequence[Told]) -> None:
    kinds = [one.kind for one in told]
    facts = [msgspec.json.encode(one.facts).decode() for one in told]
    await conn.execute(TELL, lease.job.id, lease.worker, lease.attempt, kinds, facts)


EXTEND_LEASE = """
update engine.jobs set lease_until = now() + $4::interval, progress = $5::jsonb
where id = $1 and worker = $2 and attempt = $3 and state = 'leased'
returning cancel_asked
"""


async def extend_lease(
    conn: asyncpg.Connection, lease: Lease, until: timedelta, progress: Progress
) -> bool | None:
    return await conn.fetchval(
        EXTEND_LEASE, lease.job.id, lease.worker, lease.attempt, until, _json(progress)
    )


LOCK_LEASE = """
select id from engine.jobs
where id = $1 and worker = $2 and attempt = $3 and state = 'leased'
for update
"""


async def lock_lease(conn: asyncpg.Connection, lease: Lease) -> bool:
    found = await conn.fetchval(LOCK_LEASE, lease.job.id, lease.worker, lease.attempt)
    return found is not None


SELECT_NUMBERS = "select number from engine.deliveries where job = $1 and number > 0"


async def select_numbers(conn: asyncpg.Connection, job: str) -> frozenset[int]:
    return frozenset(row["number"] for row in await conn.fetch(SELECT_NUMBERS, job))


SELECT_TAKES = """
select number, (body -> 'made' ->> 'take')::int as take
from engine.deliveries where job = $1 and number > 0
"""


async def select_takes(conn: asyncpg.Connection, job: str) -> dict[int, int]:
    return {row["number"]: row["take"] for row in await conn.fetch(SELECT_TAKES, job)}


# Whatever ends a job that wants plans or a rendition is settled as it is written: it has no money
# to wait for, and the clerk never sees it.
INSERT_DELIVERY = """
insert into engine.deliveries (job, number, attempt, body, settled_at)
select id, $2, $3, $4::jsonb, case when wants in ('plans', 'renditions') then now() end
from engine.jobs where id = $1
on conflict (job, number) do nothing
"""


async def insert_delivery(
    conn: asyncpg.Connection,
    job: str,
    number: int,
    attempt: int,
    body: Delivered | FamilyDelivered | Ended | Planned | Played,
) -> None:
    await conn.execute(INSERT_DELIVERY, job, number, attempt, _json(body))
    await conn.execute("select pg_notify('engine_deliveries', $1)", job)


END_JOB = """
update engine.jobs
set state = $2, worker = null, lease_until = null, finished_at = now()
where id = $1
"""


async def end_job(conn: asyncpg.Connection, job: str, state: str) -> None:
    await conn.execute(END_JOB, job, state)


# What was given back too often keeps its attempt and waits for the reaper, as if its studio had
# gone silent.
RETURN_JOB = """
update engine.jobs
set returns = returns + 1,
  state = case when returns < $4 then 'queued' else state end,
  attempt = case when returns < $4 then attempt - 1 else attempt end,
  worker = case when returns < $4 then null else worker end,
  lease_until = case when returns < $4 then null else now() end
where id = $1 and worker = $2 and attempt = $3 and state = 'leased'
"""


async def return_job(conn: asyncpg.Connection, lease: Lease) -> None:
    await conn.execute(RETURN_JOB, lease.job.id, lease.worker, lease.attempt, UNCOUNTED_RETURNS)


# What is to do is nearly always nothing, so that is asked first, from the ends of small indexes.
SELECT_DUE = """
select exists (select from engine.jobs where state = 'leased' and lease_until < now())
  or exists (select from engine.jobs where state = 'queued' and deadline_at <= now())
  or exists (select from engine.jobs
             where state = 'queued' and lane = 'batch' and urgent_at <= now())
"""


async def anything_due(conn: asyncpg.Connection) -> bool:
    return bool(await conn.fetchval(SELECT_DUE))


REQUEUE_SILENT = """
update engine.jobs set state = 'queued', worker = null, lease_until = null
where id in (
  select id from engine.jobs
  where state = 'leased' and lease_until < now() and attempt < max_attempts and deadline_at > now()
  for update skip locked
)
returning id
"""


async def requeue_silent(conn: asyncpg.Connection) -> int:
    return len(await conn.fetch(REQUEUE_SILENT))


HASTEN = """
update engine.jobs set lane = 'interactive'
where id in (
  select id from engine.jobs where state = 'queued' and lane = 'batch' and urgent_at <= now()
  order by urgent_at limit $1 for update skip locked
)
returning id
"""


async def hasten(conn: asyncpg.Connection, limit: int) -> int:
    """Batch jobs whose time runs short wait with the interactive ones; returns how many moved."""
    return len(await conn.fetch(HASTEN, limit))


SELECT_HOPELESS = """
select id, wants, deadline_at <= now() as late from engine.jobs
where (state = 'leased' and lease_until < now()
       and (attempt >= max_attempts or deadline_at <= now()))
   or (state = 'queued' and deadline_at <= now())
limit $1
for update skip locked
"""


async def select_hopeless(conn: asyncpg.Connection, limit: int) -> list[tuple[str, Wants, bool]]:
    """Jobs that nobody will end, what they want, and whether it is because of the time."""
    rows = await conn.fetch(SELECT_HOPELESS, limit)
    return [(row["id"], row["wants"], row["late"]) for row in rows]


SELECT_UNSETTLED = """
select deliveries.id, deliveries.job, jobs.account, jobs.trace, deliveries.number, deliveries.body,
  now() - deliveries.created_at as waited
from engine.deliveries join engine.jobs on jobs.id = deliveries.job
where settled_at is null and due_at <= now()
order by deliveries.id
limit $1
for update of deliveries skip locked
"""


async def select_unsettled(conn: asyncpg.Connection, limit: int) -> list[Delivery]:
    return [
        Delivery(
            id=row["id"],
            job=row["job"],
            account=row["account"],
            trace=row["trace"],
            number=row["number"],
            body=_charged(row["body"]),
            waited=row["waited"],
        )
        for row in await conn.fetch(SELECT_UNSETTLED, limit)
    ]


def _charged(body: str) -> Delivered | FamilyDelivered | Ended | Unreadable:
    try:
        return _CHARGED.decode(body)
    except msgspec.DecodeError as error:
        return Unreadable(why=str(error))


MARK_SETTLED = "update engine.deliveries set settled_at = now() where id = $1"


async def mark_settled(conn: asyncpg.Connection, delivery: int) -> None:
    await conn.execute(MARK_SETTLED, delivery)


PUT_OFF = """
update engine.deliveries
set tries = tries + 1,
    due_at = now() + least($2::interval * power(2, least(tries, 20)), $3::interval)
where id = $1
"""


async def put_off(
    conn: asyncpg.Connection, delivery: int, first: timedelta, longest: timedelta
) -> None:
    await conn.execute(PUT_OFF, delivery, first, longest)


COUNT_OPEN = """
select count(*) from engine.jobs where account = $1 and wants = $2 and finished_at is null
"""


async def count_open(conn: asyncpg.Connection, account: str, wants: Wants) -> int:
    return await conn.fetchval(COUNT_OPEN, account, wants) or 0


SELECT_LAST = "select body from engine.deliveries where job = $1 and number = 0"


async def select_last(conn: asyncpg.Connection, job: str) -> Planned | Played | Ended | None:
    body = await conn.fetchval(SELECT_LAST, job)
    return None if body is None else _LAST.decode(body)


DELETE_DELIVERIES_OF_PLANS = """
delete from engine.deliveries using engine.jobs
where jobs.id = deliveries.job and wants = 'plans' and jobs.id = any($1)
"""
DELETE_PLANS = "delete from engine.jobs where wants = 'plans' and id = any($1)"


async def delete_plans(conn: asyncpg.Connection, jobs: list[str]) -> None:
    await conn.execute(DELETE_DELIVERIES_OF_PLANS, jobs)
    await conn.execute(DELETE_PLANS, jobs)


# Plans and renditions are read from their last word for as long as they are there.
DELETE_SETTLED = """
delete from engine.deliveries
where id in (
  select deliveries.id from engine.deliveries join engine.jobs on jobs.id = deliveries.job
  where wants in ('candidates', 'families')
    and settled_at < now() - $1::interval and finished_at < now() - $1::interval
  order by deliveries.id
  limit $2
  for update of deliveries skip locked
)
returning id
"""


async def delete_settled(conn: asyncpg.Connection, older: timedelta, limit: int) -> int:
    return len(await conn.fetch(DELETE_SETTLED, older, limit))


SELECT_LOADS = """
select lane, state, count(*) as jobs, sum(expected_s) as seconds,
  coalesce(sum(expected_s) filter (where urgent_at is not null), 0) as batch_s,
  extract(epoch from now() - min(run_at))::float8 as oldest_s
from engine.jobs where finished_at is null
group by lane, state order by lane, state
"""


async def select_loads(conn: asyncpg.Connection) -> tuple[Load, ...]:
    return tuple(Load(**dict(row)) for row in await conn.fetch(SELECT_LOADS))


# An average job of the account, shared out among the studios that are at its jobs now.
SELECT_SOONEST_END = """
select avg(expected_s) / greatest(1, count(*) filter (where state = 'leased'))
from engine.jobs where account = $1 and wants in ('candidates', 'families') and finished_at is null
"""


async def select_soonest_end(conn: asyncpg.Connection, account: str) -> float:
    return await conn.fetchval(SELECT_SOONEST_END, account) or 0.0


SELECT_BACKLOG = "select sum(jobs)::bigint as jobs, sum(seconds) as seconds from engine.backlog"


async def select_backlog(conn: asyncpg.Connection) -> tuple[int, float]:
    row = await conn.fetchrow(SELECT_BACKLOG)
    return (0, 0.0) if row is None else (row["jobs"], row["seconds"])
