"""Reconciliation in SQL."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg

from billing.reconcile.contracts import Difference, Finding, Hour, RunKind, State

# One run at a time, wherever it runs; the lock goes with its connection.
LOCK = "select pg_try_advisory_lock(727002)"
UNLOCK = "select pg_advisory_unlock(727002)"


async def begin_alone(conn: asyncpg.Connection) -> bool:
    return bool(await conn.fetchval(LOCK))


LOCK_HERE = "select pg_try_advisory_xact_lock(727002)"


async def alone(conn: asyncpg.Connection) -> bool:
    """Whether no run is at work, nor will be before this transaction has ended."""
    return bool(await conn.fetchval(LOCK_HERE))


async def end(conn: asyncpg.Connection) -> None:
    await conn.execute(UNLOCK)


INSERT_RUN = """
insert into billing.reconcile_runs (kind, since, until) values ($1, $2, $3) returning id
"""
END_RUN = """
update billing.reconcile_runs set ended_at = now(), hours = $2, differences = $3 where id = $1
"""
LAST_RUN = """
select max(began_at) from billing.reconcile_runs where kind = $1 and ended_at is not null
"""


async def insert_run(
    conn: asyncpg.Connection, kind: RunKind, since: datetime, until: datetime
) -> int:
    return await conn.fetchval(INSERT_RUN, kind, since, until) or 0


async def end_run(conn: asyncpg.Connection, run: int, hours: int, differences: int) -> None:
    await conn.execute(END_RUN, run, hours, differences)


async def last_run(conn: asyncpg.Connection, kind: RunKind) -> datetime | None:
    return await conn.fetchval(LAST_RUN, kind)


NOW = "select now()"


async def now(conn: asyncpg.Connection) -> datetime:
    """The database's time: a pod's clock may jump."""
    moment = await conn.fetchval(NOW)
    assert moment is not None, "now() is never null"
    return moment


# Whoever spent in that time, and every customer Stripe may have counted something for.
SELECT_METERS = """
select distinct account, event_name from billing.outbox
where occurred_at >= $1 and occurred_at < $2 and ($3::text is null or account = $3)
union
select account, billing.meter_of(mode) from billing.customers join billing.wallets using (account)
where $4 and ($3::text is null or account = $3)
order by 1, 2
"""


async def select_meters(
    conn: asyncpg.Connection, since: datetime, until: datetime, account: str | None, everybody: bool
) -> list[tuple[str, str]]:
    rows = await conn.fetch(SELECT_METERS, since, until, account, everybody)
    return [(row["account"], row["event_name"]) for row in rows]


# A correction counts where it was placed and is taken off where it was aimed at, so that an hour
# whose difference has its correction is no difference any more, wherever that was placed.
SELECT_HOURS = """
with placed as (
  select date_trunc('hour', occurred_at, 'UTC') as hour,
    sum(tokens) filter (where kind <> 'correction' and done_at is not null) as told,
    count(*) filter (where done_at is null and lane = 'send' or done_at > now() - $6::interval)
      as moving_rows,
    sum(tokens) filter (where done_at is null and lane = 'reconcile'
      and first_sent_at >= now() - $5::interval) as fresh,
    count(*) filter (where done_at is null and lane = 'reconcile'
      and first_sent_at >= now() - $5::interval) as fresh_rows,
    sum(tokens) filter (where done_at is null and lane = 'reconcile'
      and first_sent_at < now() - $5::interval) as stale,
    count(*) filter (where done_at is null and lane = 'reconcile'
      and first_sent_at < now() - $5::interval) as stale_rows,
    sum(tokens) filter (where done_at is null and lane = 'dead') as refused,
    sum(tokens) filter (where kind = 'correction' and done_at is not null) as corrected
  from billing.outbox
  where account = $1 and event_name = $2 and occurred_at >= $3 and occurred_at < $4
  group by 1
), aimed as (
  select hour, sum(tokens) as tokens from billing.reconcile_differences
  where account = $1 and event_name = $2 and hour >= $3 and hour < $4 and state = 'corrected'
  group by 1
)
select hour, coalesce(told, 0)::bigint as told, coalesce(moving_rows, 0) as moving_rows,
  coalesce(fresh, 0)::bigint as fresh, coalesce(fresh_rows, 0) as fresh_rows,
  coalesce(stale, 0)::bigint as stale,
  coalesce(stale_rows, 0)::bigint as stale_rows, coalesce(refused, 0)::bigint as refused,
  (coalesce(corrected, 0) - coalesce(aimed.tokens, 0))::bigint as corrected
from placed full join aimed using (hour)
"""


async def select_hours(
    conn: asyncpg.Connection,
    account: str,
    event_name: str,
    since: datetime,
    until: datetime,
    known_for: timedelta,
    counts_within: timedelta,
) -> dict[datetime, Hour]:
    rows = await conn.fetch(
        SELECT_HOURS, account, event_name, since, until, known_for, counts_within
    )
    return {row["hour"]: Hour(account=account, event_name=event_name, **dict(row)) for row in rows}


# ruff: noqa: S608 - the only thing put into these texts is the constant here
IN_HOUR = """
account = $1 and event_name = $2 and occurred_at >= $3 and occurred_at < $3 + interval '1 hour'
and done_at is null and lane = 'reconcile'
"""
MARK_COUNTED = f"update billing.outbox set done_at = now(), detail = $4 where {IN_HOUR}"
SEND_AGAIN = f"""
update billing.outbox set lane = 'send', next_at = now(), detail = null
where {IN_HOUR} and first_sent_at >= now() - $4::interval
"""


async def mark_counted(
    conn: asyncpg.Connection, account: str, event_name: str, hour: datetime, detail: str
) -> None:
    await conn.execute(MARK_COUNTED, account, event_name, hour, detail)


async def send_again(conn: asyncpg.Connection, hour: Hour, known_for: timedelta) -> None:
    await conn.execute(SEND_AGAIN, hour.account, hour.event_name, hour.hour, known_for)


# A repeat of an open difference is the same one, with today's figures.
RECORD = """
insert into billing.reconcile_differences
  (run, account, event_name, hour, number, kind, ledger, counted, tokens, state, identifier,
   explained)
select $1, $2, $3, $4, count(*) + 1, $5, $6, $7, $8, $9,
  case when $9 = 'corrected' then
    'recon_' || $2 || '_' || $3 || '_' || to_char($4 at time zone 'UTC', 'YYYYMMDDHH24')
    || '_' || count(*) + 1 end, $10
from billing.reconcile_differences where account = $2 and event_name = $3 and hour = $4
on conflict (account, event_name, hour, kind) where state in ('proposed', 'for_people')
do update set run = excluded.run, ledger = excluded.ledger, counted = excluded.counted,
  tokens = excluded.tokens, explained = excluded.explained
returning *
"""


async def record(
    conn: asyncpg.Connection, run: int, hour: Hour, found: Finding, state: State, explained: str
) -> Difference:
    row = await conn.fetchrow(
        RECORD, run, hour.account, hour.event_name, hour.hour, found.kind, found.ledger,
        found.counted, found.correction, state, explained,
    )  # fmt: skip
    assert row is not None, "an upsert that returns nothing raises"
    return _difference(row)


# What waited for a person and was not found again, in hours that could be judged.
CLOSE_GONE = """
update billing.reconcile_differences
set state = 'settled', explained = explained || '; since then it has gone by itself'
where account = $1 and event_name = $2 and hour >= $3 and hour < $4
  and state in ('proposed', 'for_people')
  and hour <> all ($5::timestamptz[])
  and (hour, kind) not in (select * from unnest($6::timestamptz[], $7::text[]))
"""


async def close_gone(
    conn: asyncpg.Connection,
    meter: tuple[str, str],
    span: tuple[datetime, datetime],
    unjudged: Sequence[datetime],
    still: Sequence[tuple[datetime, str]],
) -> None:
    """End the open differences of a meter, or of an invoice, that are no more."""
    hours, kinds = [hour for hour, _ in still], [kind for _, kind in still]
    await conn.execute(CLOSE_GONE, *meter, *span, list(unjudged), hours, kinds)


LOCK_PROPOSED = """
select * from billing.reconcile_differences where id = $1 and state = 'proposed' for update
"""
APPROVE = """
update billing.reconcile_differences
set state = 'corrected', approved_at = now(),
  identifier = 'recon_' || account || '_' || event_name || '_'
    || to_char(hour at time zone 'UTC', 'YYYYMMDDHH24') || '_' || number
where id = $1
returning *
"""
SELECT_OPEN = """
select * from billing.reconcile_differences
where state in ('proposed', 'for_people') and ($1::text is null or account = $1) order by id
"""


async def lock_proposed(conn: asyncpg.Connection, difference: int) -> bool:
    return await conn.fetchrow(LOCK_PROPOSED, difference) is not None


async def approve(conn: asyncpg.Connection, difference: int) -> Difference:
    row = await conn.fetchrow(APPROVE, difference)
    assert row is not None, "the row was locked by the line before"
    return _difference(row)


async def select_open(conn: asyncpg.Connection, account: str | None) -> tuple[Difference, ...]:
    return tuple(_difference(row) for row in await conn.fetch(SELECT_OPEN, account))


def _difference(row: asyncpg.Record) -> Difference:
    return Difference(
        id=row["id"], account=row["account"], event_name=row["event_name"], hour=row["hour"],
        kind=row["kind"], ledger=row["ledger"], counted=row["counted"], tokens=row["tokens"],
        state=row["state"], identifier=row["identifier"], explained=row["explained"],
    )  # fmt: skip


# In its own hour, so that it falls into the same invoice; now, where that hour is too old for
# Stripe, or its invoice is closed, or its middle has not come yet.
INSERT_CORRECTION = """
insert into billing.outbox (identifier, account, event_name, tokens, kind, occurred_at, detail)
select $1, $2, $3, $4, 'correction',
  case when $5 < now() - interval '34 days' or exists (
      select from billing.invoices
      where account = $2 and $3 = billing.meter_of('postpaid') and status <> 'draft'
        and period_start <= $5 and $5 < period_end)
    then now() else least(now(), $5 + interval '30 minutes') end, $6
on conflict (identifier) do nothing
"""


async def insert_correction(conn: asyncpg.Connection, one: Difference) -> None:
    await conn.execute(
        INSERT_CORRECTION, one.identifier, one.account, one.event_name, one.tokens, one.hour,
        one.explained,
    )  # fmt: skip


# Billed against spent: what an invoice has tokens for, and what its period's rows say.
SELECT_INVOICES = """
select invoices.id, account, coalesce(number, invoices.id) as number, period_start,
  invoices.tokens as billed, (
    select coalesce(sum(outbox.tokens), 0) from billing.outbox
    where outbox.account = invoices.account and event_name = billing.meter_of('postpaid')
      and occurred_at >= period_start and occurred_at < period_end and done_at is not null
  )::bigint as spent
from billing.invoices
where status <> 'draft' and status <> 'void' and period_end >= $1 and period_end < $2
  and ($3::text is null or account = $3)
"""


async def select_invoices(
    conn: asyncpg.Connection, since: datetime, until: datetime, account: str | None
) -> list[asyncpg.Record]:
    return await conn.fetch(SELECT_INVOICES, since, until, account)


# After a restore nobody knows whether what waits had been sent from the time that is lost. If it
# was, then no earlier than it happened.
DOUBT_WAITING = """
update billing.outbox
set lane = 'reconcile', first_sent_at = occurred_at,
  detail = 'it may have been sent in the time that the restore has lost'
where done_at is null and lane = 'send' and kind <> 'correction'
"""


async def doubt_waiting(conn: asyncpg.Connection) -> None:
    await conn.execute(DOUBT_WAITING)
