"""The repertoire's SQL. The caller owns the transaction."""

from collections.abc import Sequence
from datetime import timedelta

import asyncpg

INSERT_OFFER = """
insert into engine.offered_runs (candidate, keys) values ($1, $2)
on conflict (candidate) do nothing
"""


async def insert_offer(conn: asyncpg.Connection, candidate: str, keys: Sequence[int]) -> None:
    await conn.execute(INSERT_OFFER, candidate, keys)


SELECT_HOLDER = "select id from engine.holders where account = $1"
INSERT_HOLDER = """
insert into engine.holders (account) values ($1) on conflict (account) do nothing
"""


async def holder_of(conn: asyncpg.Connection, account: str) -> int:
    """The account's number here, given when it licenses for the first time."""
    known = await conn.fetchval(SELECT_HOLDER, account)
    if known is not None:
        return known
    await conn.execute(INSERT_HOLDER, account)
    given = await conn.fetchval(SELECT_HOLDER, account)
    assert given is not None, "it was there, or was written one line above"
    return given


# In order: two picks of one account that share runs wait for each other, never in a circle.
INSERT_RUNS = """
insert into engine.licensed_runs (key, holder)
select key, $2 from engine.offered_runs cross join unnest(keys) as key
where candidate = $1
order by key
on conflict do nothing
"""


async def insert_runs(conn: asyncpg.Connection, candidate: str, holder: int) -> None:
    await conn.execute(INSERT_RUNS, candidate, holder)


# Keys that agree but for their last six bits share 12 notes.
SELECT_HELD = """
select exists (
  select from engine.offered_runs
  cross join unnest(keys) as own
  join engine.licensed_runs as held on held.key between own & -64 and own | 63
  where candidate = $1
    and held.holder is distinct from (select id from engine.holders where account = $2)
)
"""


async def select_held(conn: asyncpg.Connection, candidate: str, account: str) -> bool:
    return bool(await conn.fetchval(SELECT_HELD, candidate, account))


DELETE_OFFER = "delete from engine.offered_runs where candidate = $1"


async def delete_offer(conn: asyncpg.Connection, candidate: str) -> None:
    await conn.execute(DELETE_OFFER, candidate)


DELETE_OLD_OFFERS = """
delete from engine.offered_runs where offered_at < now() - $1::interval returning candidate
"""


async def delete_old_offers(conn: asyncpg.Connection, age: timedelta) -> int:
    return len(await conn.fetch(DELETE_OLD_OFFERS, age))


# Keys that agree in their beginning stand beside each other, so of everything that others hold the
# nearest one above and below agrees furthest. A look at a hundred rows bounds what an account's own
# rows may cost. They cannot hide a run of 12 notes: only 64 keys agree so far, each held once.
SELECT_NEAREST = """
with own as (select id from engine.holders where account = $4)
select near.key
from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as asked (key, first, last)
cross join lateral (
  (select key from (
     select key, holder from engine.licensed_runs as run
     where run.key between asked.key and asked.last
     order by key limit 100
   ) as above
   where holder is distinct from (select id from own) order by key limit 1)
  union all
  (select key from (
     select key, holder from engine.licensed_runs as run
     where run.key between asked.first and asked.key
     order by key desc limit 100
   ) as below
   where holder is distinct from (select id from own) order by key desc limit 1)
) as near
"""


async def select_nearest(
    conn: asyncpg.Connection,
    account: str,
    asked: tuple[list[int], list[int], list[int]],
    timeout_s: float,
) -> list[int]:
    rows = await conn.fetch(SELECT_NEAREST, *asked, account, timeout=timeout_s)
    return [row["key"] for row in rows]
