"""The outbox's SQL."""

from datetime import datetime, timedelta

import asyncpg

from billing.meters.contracts import Row, UsageEvent

CLAIM = """
with due as (
  select identifier from billing.outbox
  where done_at is null and lane = 'send' and next_at <= now()
  order by next_at
  limit $1
  for update skip locked
)
update billing.outbox
set attempts = attempts + 1, first_sent_at = coalesce(first_sent_at, now()),
    next_at = now() + $2::interval
from due where outbox.identifier = due.identifier
returning outbox.identifier, account, event_name, tokens, occurred_at, attempts
"""


async def claim(conn: asyncpg.Connection, limit: int, lease: timedelta) -> list[Row]:
    rows = await conn.fetch(CLAIM, limit, lease)
    return [
        Row(
            event=UsageEvent(
                identifier=row["identifier"], account=row["account"],
                event_name=row["event_name"], tokens=row["tokens"],
                occurred_at=row["occurred_at"],
            ),
            attempts=row["attempts"],
        )
        for row in sorted(rows, key=lambda row: row["occurred_at"])
    ]  # fmt: skip


MARK_DONE = "update billing.outbox set done_at = now(), detail = null where identifier = $1"


async def mark_done(conn: asyncpg.Connection, identifier: str) -> None:
    await conn.execute(MARK_DONE, identifier)


RETRY_IN = """
update billing.outbox set next_at = now() + $2::interval, detail = $3
where identifier = $1 and done_at is null
"""


async def retry_in(conn: asyncpg.Connection, identifier: str, wait: timedelta, detail: str) -> None:
    await conn.execute(RETRY_IN, identifier, wait, detail)


PARK = """
update billing.outbox set lane = $2, detail = $3 where identifier = $1 and done_at is null
"""


async def park(conn: asyncpg.Connection, identifier: str, lane: str, detail: str) -> None:
    await conn.execute(PARK, identifier, lane, detail)


PARK_STALE = """
update billing.outbox
set lane = case when occurred_at < now() - $2::interval then 'dead' else 'reconcile' end,
    detail = 'the outcome of an earlier sending is unknown and too old to repeat'
where done_at is null and lane = 'send'
  and (first_sent_at < now() - $1::interval or occurred_at < now() - $2::interval)
"""


async def park_stale(conn: asyncpg.Connection, unknown: timedelta, too_old: timedelta) -> None:
    await conn.execute(PARK_STALE, unknown, too_old)


COUNT_LANES = """
select lane, count(*) as rows from billing.outbox where done_at is null group by lane
"""


async def count_lanes(conn: asyncpg.Connection) -> dict[str, int]:
    return {row["lane"]: row["rows"] for row in await conn.fetch(COUNT_LANES)}


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
