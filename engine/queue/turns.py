"""Whose turn it is: one statement finds and takes the next job, however many wait.

Of the accounts that wait, the one with the fewest running jobs of the kind goes first; of equals
the one that has been served the least, in studio seconds (start-time fair queueing, Goyal et al.
1996); among the keys of an account likewise; of one key the oldest job. Whoever waits is found by
leaping through an index from one account to the next, so a claim costs as much as there are
accounts waiting, not jobs.
"""

from datetime import timedelta

import asyncpg
import msgspec

from engine.contracts import Resolved, ResolvedFamily
from engine.queue.contracts import Job, Lane, Lease, Source, Wants

LANES: dict[Wants, tuple[Lane, ...]] = {
    "renditions": ("rendition",),
    "plans": ("plan",),
    "families": ("interactive", "batch"),
    "candidates": ("interactive", "batch"),
}
"""What is waited for, what takes the least time first, and the lanes it waits in, first to last."""

ALL_KEYS = "*"
"""The name under which an account's turns are counted, whatever the key."""

LEAST_S = 0.1
"""A turn costs at least so many studio seconds, so that whoever is expected to take none waits for
the others, too."""

# Several studios may look at the same moment: each passes over the rows that another is taking, and
# finds the n-th job of an account where it would stand if the n-1 before it were running. `moment`
# is the clock of the kind: who comes back after a pause has saved nothing up. `like` keeps the last
# look at a row, which is there because another studio may just have taken it, from being answered
# by reading everything that is queued. The lanes are two values, not an array: of an array the
# planner guesses ten, and plans anew for every claim, which takes longer than the claim.
CLAIM_NEXT = """
with recursive lanes (place, lane) as (
  values (1, $5::text), (2, $6)
), pins as (
  select '' as engine union select $4
), waiting as (
  select lanes.place, lanes.lane, pins.engine, first.account, first.run_at
  from lanes, pins, lateral (
    select account, run_at from engine.jobs
    where state = 'queued' and wants = $3 and lane = lanes.lane and engine = pins.engine
    order by account, api_key, run_at limit 1
  ) as first
  union all
  select waiting.place, waiting.lane, waiting.engine, next.account, next.run_at
  from waiting, lateral (
    select account, run_at from engine.jobs
    where state = 'queued' and wants = $3 and lane = waiting.lane and engine = waiting.engine
      and account > waiting.account
    order by account, api_key, run_at limit 1
  ) as next
), busy as (
  select account, api_key, count(*) as jobs from engine.jobs
  where state = 'leased' and wants = $3
  group by account, api_key
), moment as (
  select coalesce(max(begun_s), 0) as s from engine.turns where wants = $3 and api_key = '*'
), accounts as (
  select place, lane, engine, waiting.account, coalesce(running.jobs, 0) as jobs,
    greatest(turns.ended_s, moment.s) as begins_s
  from waiting cross join moment
  left join (select account, sum(jobs) as jobs from busy group by account) as running
    on running.account = waiting.account
  left join engine.turns on turns.wants = $3 and turns.account = waiting.account
    and turns.api_key = '*'
  order by place, jobs, begins_s, run_at
  limit 8
), keys as (
  select accounts.*, first.api_key
  from accounts, lateral (
    select api_key from engine.jobs
    where state = 'queued' and wants = $3 and lane = accounts.lane and engine = accounts.engine
      and account = accounts.account
    order by api_key limit 1
  ) as first
  union all
  select keys.place, keys.lane, keys.engine, keys.account, keys.jobs, keys.begins_s, next.api_key
  from keys, lateral (
    select api_key from engine.jobs
    where state = 'queued' and wants = $3 and lane = keys.lane and engine = keys.engine
      and account = keys.account and api_key > keys.api_key
    order by api_key limit 1
  ) as next
), turns_of_keys as (
  select keys.*, coalesce(busy.jobs, 0) as key_jobs,
    greatest(turns.ended_s, (
      select max(begun_s) from engine.turns as clock
      where clock.wants = $3 and clock.account = keys.account and clock.api_key <> '*'
    ), 0) as key_begins_s
  from keys
  left join busy on busy.account = keys.account and busy.api_key = keys.api_key
  left join engine.turns on turns.wants = $3 and turns.account = keys.account
    and turns.api_key = keys.api_key
), heads as (
  select one.*, head.id, head.run_at, row_number() over (
      partition by one.place, one.account
      order by one.key_jobs + head.nth, one.key_begins_s, head.run_at, head.id
    ) as nth
  from turns_of_keys as one, lateral (
    select id, run_at, row_number() over (order by run_at, id) as nth from (
      select id, run_at from engine.jobs
      where state = 'queued' and wants = $3 and lane = one.lane and engine = one.engine
        and account = one.account and api_key = one.api_key and run_at <= now()
      order by run_at, id limit 16
    ) as oldest
  ) as head
), line as (
  select id, begins_s, key_begins_s,
    row_number() over (order by place, jobs + nth, begins_s, nth, run_at, id) as nth
  from heads order by nth limit 64
), chosen as (
  select jobs.id, line.begins_s, line.key_begins_s
  from line join engine.jobs on jobs.id = line.id
  where jobs.state like 'queued'
  order by line.nth
  for update of jobs skip locked
  limit 1
), taken as (
  update engine.jobs
  set state = 'leased', attempt = attempt + 1, worker = $1, lease_until = now() + $2::interval
  from chosen where jobs.id = chosen.id
  returning jobs.*
), turned as (
  insert into engine.turns as turns (wants, account, api_key, begun_s, ended_s)
  select taken.wants, taken.account, turn.api_key, turn.begins_s,
    turn.begins_s + greatest(taken.expected_s, $7)
  from taken join chosen on chosen.id = taken.id, lateral (
    values ('*', chosen.begins_s), (taken.api_key, chosen.key_begins_s)
  ) as turn (api_key, begins_s)
  on conflict (wants, account, api_key) do update
  set begun_s = greatest(turns.begun_s, excluded.begun_s),
    ended_s = case when turns.ended_s <= excluded.begun_s then excluded.ended_s
      else turns.ended_s + excluded.ended_s - excluded.begun_s end
)
select * from taken
"""


async def claim_next(
    conn: asyncpg.Connection, worker: str, lease: timedelta, wants: Wants, engine: str | None
) -> Lease | None:
    """The next job of a kind, taken for ``lease``; only such as ``engine`` may do."""
    first, second = (*LANES[wants], None)[:2]
    row = await conn.fetchrow(
        CLAIM_NEXT, worker, lease, wants, engine or "", first, second, LEAST_S
    )
    if row is None:
        return None
    return Lease(job=_job(row), worker=worker, attempt=row["attempt"])


def _job(row: asyncpg.Record) -> Job:
    source = row["source"] and msgspec.json.decode(row["source"], type=Source)
    family = row["wants"] == "families" or (source is not None and source.family is not None)
    shape = ResolvedFamily if family else Resolved
    return Job(
        id=row["id"],
        account=row["account"],
        resolved=msgspec.json.decode(row["resolved"], type=shape),
        seed=row["seed"],
        lane=row["lane"],
        wants=row["wants"],
        source=source,
        expected_s=row["expected_s"],
        deadline_at=row["deadline_at"],
        max_attempts=row["max_attempts"],
        api_key=row["api_key"],
        trace=row["trace"],
        engine=row["engine"] or None,
    )
