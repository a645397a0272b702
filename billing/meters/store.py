"""The outbox's SQL."""

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg

from billing.meters.contracts import Lane, Outcome, Row, UsageEvent

# Lanes with rows that are due, the longest due first. A row that waits for its next try does not
# hold up the others: a meter adds, in whatever order.
CLAIM_LANES = """
with due as (
  select account, event_name, min(next_at) as next_at from billing.outbox
  where done_at is null and lane = 'send' and next_at <= now()
  group by account, event_name
), known as (
  insert into billing.meter_lanes (account, event_name)
  select account, event_name from due
  where not exists (
    select from billing.meter_lanes as lanes
    where lanes.account = due.account and lanes.event_name = due.event_name)
  on conflict do nothing
)
select account, event_name from due order by next_at limit $1
"""
LEASE_LANES = """
with free as (
  select account, event_name from billing.meter_lanes
  where (account, event_name) in (select * from unnest($1::text[], $2::text[]))
    and leased_until < now()
  order by account, event_name
  for update skip locked
)
update billing.meter_lanes as lanes
set holder = $3, leased_until = now() + $4::interval
from free where (lanes.account, lanes.event_name) = (free.account, free.event_name)
returning lanes.account, lanes.event_name
"""
TAKE_ROWS = """
with taken as (
  select chosen.identifier
  from unnest($1::text[], $2::text[]) as lanes (account, event_name),
    lateral (
      select identifier from billing.outbox
      where outbox.account = lanes.account and outbox.event_name = lanes.event_name
        and done_at is null and lane = 'send' and next_at <= now()
      order by occurred_at, identifier limit $3
    ) as chosen
)
update billing.outbox
set attempts = attempts + 1, first_sent_at = coalesce(first_sent_at, now()),
    next_at = now() + $4::interval
from taken where outbox.identifier = taken.identifier
returning outbox.identifier, account, event_name, tokens, occurred_at, attempts
"""


async def claim(
    conn: asyncpg.Connection, holder: str, lanes: int, rows: int, lease: timedelta
) -> list[Lane]:
    """Lease lanes and take their first rows. In a transaction of the caller's."""
    due = await conn.fetch(CLAIM_LANES, lanes)
    if not due:
        return []
    leased = await conn.fetch(
        LEASE_LANES, [one["account"] for one in due], [one["event_name"] for one in due],
        holder, lease,
    )  # fmt: skip
    taken = await conn.fetch(
        TAKE_ROWS, [one["account"] for one in leased], [one["event_name"] for one in leased],
        rows, lease,
    )  # fmt: skip
    found = sorted((_row(one) for one in taken), key=_in_order)
    return [
        Lane(account=account, event_name=event_name, rows=tuple(members))
        for (account, event_name), members in itertools.groupby(found, key=_lane_of)
    ]


def _row(row: asyncpg.Record) -> Row:
    event = UsageEvent(
        identifier=row["identifier"], account=row["account"], event_name=row["event_name"],
        tokens=row["tokens"], occurred_at=row["occurred_at"],
    )  # fmt: skip
    return Row(event=event, attempts=row["attempts"])


def _lane_of(row: Row) -> tuple[str, str]:
    return row.event.account, row.event.event_name


def _in_order(row: Row) -> tuple[tuple[str, str], datetime, str]:
    return _lane_of(row), row.event.occurred_at, row.event.identifier


MARK = """
update billing.outbox
set done_at = case when said.lane = 'done' then now() end,
    lane = case when said.lane = 'dead' then 'dead' else outbox.lane end,
    next_at = now() + said.wait_s * interval '1 second',
    detail = nullif(said.detail, '')
from unnest($1::text[], $2::text[], $3::text[], $4::float8[])
  as said (identifier, lane, detail, wait_s)
where outbox.identifier = said.identifier and done_at is null
"""


async def mark(conn: asyncpg.Connection, outcomes: Sequence[Outcome]) -> None:
    """Write down what became of rows."""
    await conn.execute(
        MARK, [one.identifier for one in outcomes], [one.lane for one in outcomes],
        [one.detail for one in outcomes], [one.wait_s for one in outcomes],
    )  # fmt: skip


LEAVE = """
update billing.meter_lanes set leased_until = '-infinity', holder = null
where account = $1 and event_name = $2 and holder = $3
returning account
"""
# Rows that were taken and not told are due again at once; they were never sent.
GIVE_BACK = """
update billing.outbox
set next_at = now(), attempts = attempts - 1,
    first_sent_at = case when attempts > 1 then first_sent_at end
where identifier = any($1::text[]) and done_at is null
"""


async def leave(
    conn: asyncpg.Connection, lane: Lane, holder: str, outcomes: Sequence[Outcome]
) -> None:
    """Write down what became of a lane's rows and give it up for the next sender. The lane is
    locked before its rows, as a sender that claims it does."""
    still_ours = await conn.fetchval(LEAVE, lane.account, lane.event_name, holder) is not None
    await mark(conn, outcomes)
    told = {one.identifier for one in outcomes}
    untold = [row.event.identifier for row in lane.rows if row.event.identifier not in told]
    if still_ours and untold:
        await conn.execute(GIVE_BACK, untold)


PARK_STALE = """
update billing.outbox
set lane = case when occurred_at < now() - $2::interval then 'dead' else 'reconcile' end,
    detail = case when first_sent_at is null then 'it is too old for Stripe to take'
      else 'the outcome of an earlier sending is unknown and too old to repeat' end
where done_at is null and lane = 'send'
  and (first_sent_at < now() - $1::interval or occurred_at < now() - $2::interval)
"""


async def park_stale(conn: asyncpg.Connection, unknown: timedelta, too_old: timedelta) -> None:
    await conn.execute(PARK_STALE, unknown, too_old)


COUNT_LANES = """
select lane, count(*) as rows from billing.outbox where done_at is null group by lane
"""
SELECT_OLDEST = """
select coalesce(now() - min(occurred_at), interval '0') from billing.outbox
where done_at is null and lane = 'send'
"""


async def count_lanes(conn: asyncpg.Connection) -> dict[str, int]:
    return {row["lane"]: row["rows"] for row in await conn.fetch(COUNT_LANES)}


async def oldest_age(conn: asyncpg.Connection) -> timedelta:
    return await conn.fetchval(SELECT_OLDEST) or timedelta()


# Asked before every sending: a database may be put back under a clerk that goes on.
SELECT_STOPPED = """
select coalesce(senders_stopped, case
  when (settings.system_identifier, settings.timeline)
    <> (here.system_identifier::text, checkpoint.timeline_id) then $1 end)
from billing.settings, pg_control_system() as here, pg_control_checkpoint() as checkpoint
"""
STOP = "update billing.settings set senders_stopped = coalesce(senders_stopped, $1)"
GO_ON = """
update billing.settings
set senders_stopped = null,
    system_identifier = (select system_identifier::text from pg_control_system()),
    timeline = (select timeline_id from pg_control_checkpoint())
"""
WATCH = """
update billing.settings
set system_identifier = coalesce(settings.system_identifier, here.system_identifier::text),
    timeline = coalesce(settings.timeline, checkpoint.timeline_id),
    senders_stopped = case
      when (settings.system_identifier, settings.timeline)
        <> (here.system_identifier::text, checkpoint.timeline_id)
      then coalesce(senders_stopped, $1) else senders_stopped end
from pg_control_system() as here, pg_control_checkpoint() as checkpoint
returning senders_stopped
"""


async def stopped(conn: asyncpg.Connection, put_back: str) -> str | None:
    return await conn.fetchval(SELECT_STOPPED, put_back)


async def stop(conn: asyncpg.Connection, reason: str) -> None:
    await conn.execute(STOP, reason)


async def go_on(conn: asyncpg.Connection) -> None:
    await conn.execute(GO_ON)


async def watch_for_restore(conn: asyncpg.Connection, reason: str) -> bool:
    return await conn.fetchval(WATCH, reason) is not None


REOPEN = """
update billing.outbox
set done_at = null, lane = 'reconcile', detail = 'Stripe found events of this time wrong afterwards'
where lane = 'send' and done_at >= $1 and first_sent_at <= $2
  and ($3::text is null or event_name = $3)
"""


async def reopen(
    conn: asyncpg.Connection, since: datetime, until: datetime, event_name: str | None
) -> int:
    return int((await conn.execute(REOPEN, since, until, event_name)).split()[-1])
