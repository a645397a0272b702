"""The stock in SQL, as whoever keeps it in order reads and writes it.

Who refers to an object is asked of the deliveries and the candidates themselves, in one statement,
so that a delivery which becomes a candidate at the same moment is seen as one or the other.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import asyncpg

from api.stock.contracts import Found, Totals

LONGEST = timedelta(days=30)
"""After so long even what is kept for ever is looked at again."""

SELECT_DUE = """
select sha256, condemned_at is not null as condemned
from engine.objects
where due_at <= now() and deleting_at is null
order by due_at
limit $1
for update skip locked
"""


async def select_due(conn: asyncpg.Connection, limit: int) -> dict[str, bool]:
    """Objects whose time has come to be looked at, locked, and whether they are condemned."""
    rows = await conn.fetch(SELECT_DUE, limit)
    return {row["sha256"]: row["condemned"] for row in rows}


SELECT_HELD = """
select asked.sha256, least(max(held.until), now() + $2::interval) as until
from unnest($1::text[]) as asked (sha256)
cross join lateral (
  select case when licenses.id is null then candidates.expires_at else 'infinity' end as until
  from api.candidates
  left join api.licenses on licenses.candidate = candidates.id
  where jsonb_path_query_array(made, '$.**.sha256') @> jsonb_build_array(asked.sha256)
    and (licenses.id is not null or candidates.expires_at > now())
  union all
  select case when number = 0 then 'infinity' else now() + interval '1 hour' end
  from engine.deliveries
  where (settled_at is null or number = 0)
    and jsonb_path_query_array(body, '$.**.sha256') @> jsonb_build_array(asked.sha256)
) as held
group by asked.sha256
"""


async def select_held(conn: asyncpg.Connection, sha256s: Sequence[str]) -> dict[str, datetime]:
    """Those of these objects that a living row refers to, and when to look again.

    Living are deliveries that wait to be settled, candidates that may still be picked or have been,
    and renditions.
    """
    rows = await conn.fetch(SELECT_HELD, list(sha256s), LONGEST)
    return {row["sha256"]: row["until"] for row in rows}


KEEP = """
update engine.objects
set condemned_at = null, deleting_at = null, due_at = until
from unnest($1::text[], $2::timestamptz[]) as held (name, until)
where sha256 = name
"""


async def keep(conn: asyncpg.Connection, held: dict[str, datetime]) -> None:
    await conn.execute(KEEP, list(held), list(held.values()))


CONDEMN = """
update engine.objects
set condemned_at = coalesce(condemned_at, now()), due_at = now() + $2::interval
where sha256 = any($1)
"""


async def condemn(conn: asyncpg.Connection, sha256s: Sequence[str], grace: timedelta) -> None:
    await conn.execute(CONDEMN, list(sha256s), grace)


# Committed before anything is deleted: whoever announces one of these later knows that a request
# may be under way, though the clerk that sent it is gone.
MARK_LEAVING = """
update engine.objects set deleting_at = now()
where sha256 in (
  select sha256 from engine.objects
  where condemned_at <= now() - $1::interval and touched_at <= now() - $1::interval
    and (deleting_at is null or deleting_at <= now() - $2::interval)
  order by condemned_at
  limit $3
  for update skip locked
)
returning sha256
"""


async def mark_leaving(
    conn: asyncpg.Connection, grace: timedelta, leaving: timedelta, limit: int
) -> list[str]:
    return [row["sha256"] for row in await conn.fetch(MARK_LEAVING, grace, leaving, limit)]


LOCK_LEAVING = """
select sha256 from engine.objects
where sha256 = any($1) and deleting_at is not null
order by sha256
for update
"""


async def lock_leaving(conn: asyncpg.Connection, sha256s: Sequence[str]) -> list[str]:
    return [row["sha256"] for row in await conn.fetch(LOCK_LEAVING, list(sha256s))]


FORGET = "delete from engine.objects where sha256 = any($1)"


async def forget(conn: asyncpg.Connection, sha256s: Sequence[str]) -> None:
    await conn.execute(FORGET, list(sha256s))


ADOPT = """
insert into engine.objects (sha256, bytes, touched_at, due_at)
select sha256, bytes, modified_at, now()
from unnest($1::text[], $2::bigint[], $3::timestamptz[]) as found (sha256, bytes, modified_at)
where modified_at <= now() - $4::interval
on conflict (sha256) do nothing
returning sha256
"""


async def adopt(conn: asyncpg.Connection, found: Sequence[Found], older: timedelta) -> int:
    columns = (
        [one.sha256 for one in found],
        [one.bytes for one in found],
        [one.modified_at for one in found],
    )
    return len(await conn.fetch(ADOPT, *columns, older))


SELECT_UNSEEN = """
select sha256 from engine.objects
where sha256 >= $1 and sha256 < $2 and deleting_at is null
  and touched_at <= now() - interval '1 hour' and sha256 <> all($3::text[])
"""


async def select_unseen(
    conn: asyncpg.Connection, first: str, after: str, seen: Sequence[str]
) -> list[str]:
    """Objects that are known and were not listed, but for those that are just being put."""
    rows = await conn.fetch(SELECT_UNSEEN, first, after, list(seen))
    return [row["sha256"] for row in rows]


SELECT_TOTALS = """
select count(*) as objects, coalesce(sum(bytes), 0)::bigint as bytes,
  count(condemned_at) as condemned
from engine.objects
"""


async def select_totals(conn: asyncpg.Connection) -> Totals:
    row = await conn.fetchrow(SELECT_TOTALS)
    assert row is not None, "an aggregate is one row"
    return Totals(**dict(row))


# --- the whole store beside all rows --------------------------------------------------------------

SELECT_REFERENCED = """
select distinct (one ->> 'sha256') collate "C" as sha256, (one ->> 'bytes')::bigint as bytes
from (
  select jsonb_path_query(made, '$.** ? (exists (@.sha256) && exists (@.bytes))') as one
  from api.candidates
  left join api.licenses on licenses.candidate = candidates.id
  where licenses.id is not null or candidates.expires_at > now()
  union all
  select jsonb_path_query(body, '$.** ? (exists (@.sha256) && exists (@.bytes))')
  from engine.deliveries where settled_at is null or number = 0
) as files
where jsonb_typeof(one) = 'object'
order by sha256
"""


async def select_referenced(conn: asyncpg.Connection) -> AsyncIterator[tuple[str, int]]:
    """Every object that a living row refers to and its size, in the order of their names."""
    async for row in conn.cursor(SELECT_REFERENCED, prefetch=1000):
        yield row["sha256"], row["bytes"]
