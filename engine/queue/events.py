"""What is told of a job while it is made: rows that any gateway shows to whoever listens.

The database itself tells what its rows say (`brief.started`, `candidate.ready`, `brief.ended`); a
studio tells what only it knows. Numbers count within a job, without gaps for whoever reads them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import msgspec
from msgspec import Struct

CHANNEL = "engine_events"
"""Notified with a job's id whenever something was told of it."""
MOST_AT_ONCE = 50
"""Events of one job that one look gives; the next look gives the rest."""
KEPT = timedelta(days=4)
"""Counted from the first event; by then every job is over and settled."""


class Told(Struct, frozen=True, kw_only=True):
    """Something a studio says of a job: ids and facts, never words of the client or sound."""

    kind: str
    facts: dict[str, Any]


class Event(Struct, frozen=True, kw_only=True):
    """Something that was told; ``facts`` is JSON."""

    job: str
    number: int
    kind: str
    facts: str
    told_at: datetime


TELL = """
select engine.tell($1, told.kind, told.facts::jsonb)
from unnest($2::text[], $3::text[]) with ordinality as told (kind, facts, nth)
order by nth
"""


async def tell(conn: asyncpg.Connection, job: str, told: Sequence[Told]) -> None:
    """Write down what was told, in order. Of a job of which very much was told already, nothing."""
    if told:
        facts = [msgspec.json.encode(one.facts).decode() for one in told]
        await conn.execute(TELL, job, [one.kind for one in told], facts)


# One question for all who listen at a gateway: the row in engine.streams says cheaply that there is
# nothing new of a job.
SELECT_SINCE = """
select asked.after, events.job, events.number, events.kind, events.facts::text as facts,
  events.told_at
from unnest($1::text[], $2::int[]) as asked (job, after)
join engine.streams on streams.job = asked.job and streams.told > asked.after
cross join lateral (
  select * from engine.events
  where events.job = asked.job and events.number > asked.after
  order by events.number limit $3
) as events
order by events.job, asked.after, events.number
"""


async def since_each(
    conn: asyncpg.Connection, asked: Sequence[tuple[str, int]]
) -> dict[tuple[str, int], list[Event]]:
    """What was told of each job after each number, in order, `MOST_AT_ONCE` of each."""
    jobs, numbers = [job for job, _ in asked], [after for _, after in asked]
    found: dict[tuple[str, int], list[Event]] = {}
    for row in await conn.fetch(SELECT_SINCE, jobs, numbers, MOST_AT_ONCE):
        facts = dict(row)
        after = facts.pop("after")
        found.setdefault((row["job"], after), []).append(Event(**facts))
    return found


async def since(conn: asyncpg.Connection, asked: Mapping[str, int]) -> list[Event]:
    """What was told of these jobs after these numbers, in order, `MOST_AT_ONCE` of each."""
    found = await since_each(conn, list(asked.items()))
    return [event for told in found.values() for event in told]


FORGET_OLD = """
with old as (
  select job from engine.streams where begun_at < now() - $1::interval
  order by begun_at limit 1000 for update skip locked
), gone as (
  delete from engine.streams using old where streams.job = old.job returning streams.job
), rows as (
  delete from engine.events using gone where events.job = gone.job
)
select count(*) from gone
"""


async def forget_old(conn: asyncpg.Connection) -> int:
    """Drop a thousand old jobs' events; returns of how many there were some."""
    return await conn.fetchval(FORGET_OLD, KEPT) or 0
