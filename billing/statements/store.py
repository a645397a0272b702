"""Statements in SQL. Every movement of a wallet is written under the wallet's lock and says what
was there after it, so an account's ids rise in the order of its history, and a range of ids that
was once whole stays whole."""

from datetime import datetime

import asyncpg
from msgspec import UNSET

from billing.contracts import Tokens
from billing.statements.contracts import GroupBy, Line, Moved, Spent

# The last line before an instant is the one with the greatest id, not with the latest time: a clock
# may jump. A day around the latest one is read, which an index has; a clock that jumps by more than
# that puts lines into the neighbouring statement, and no statement loses one.
SELECT_EDGE = """
with latest as (
  select created_at from billing.transfers
  where account = $1 and created_at < $2 and balance_after is not null
  order by created_at desc
  limit 1
), around as materialized (
  select id, balance_after from billing.transfers
  where account = $1 and created_at < $2 and balance_after is not null
    and created_at > (select created_at from latest) - interval '1 day'
)
select id, balance_after from around order by id desc limit 1
"""


async def select_edge(
    conn: asyncpg.Connection, account: str, instant: datetime
) -> tuple[int, Tokens]:
    """Id and balance of the last line before an instant; (0, 0) where there is none."""
    row = await conn.fetchrow(SELECT_EDGE, account, instant)
    return (0, Tokens(0)) if row is None else (row["id"], Tokens(row["balance_after"]))


# A capture is named by what was bought, and a refund by what was given back.
SELECT_LINES = """
select transfers.id, transfers.created_at, balance_after,
  case when transfers.kind = 'capture' then sku else transfers.kind end as kind,
  coalesce(reference, ref) as reference,
  case when credit = 'wallet:' || transfers.account then amount else -amount end as tokens,
  api_key as key, project, customer_ref, captures.kind as brief_kind
from billing.transfers
left join billing.captures on captures.id = ref and transfers.kind in ('capture', 'refund')
where transfers.account = $1 and transfers.id > $2 and transfers.id <= $3
  and balance_after is not null
order by transfers.id
limit $4
"""


async def select_lines(
    conn: asyncpg.Connection, account: str, after: int, through: int, limit: int
) -> tuple[Line, ...]:
    rows = await conn.fetch(SELECT_LINES, account, after, through, limit)
    return tuple(Line(**dict(row)) for row in rows)


SELECT_MOVED = """
select case when transfers.kind = 'capture' then sku else transfers.kind end as kind,
  sum(case when credit = 'wallet:' || transfers.account then amount else -amount end)::bigint
    as tokens,
  count(*) as count
from billing.transfers
left join billing.captures on captures.id = ref and transfers.kind = 'capture'
where transfers.account = $1 and transfers.id > $2 and transfers.id <= $3
  and balance_after is not null
group by 1
order by 1
"""


async def select_moved(
    conn: asyncpg.Connection, account: str, after: int, through: int
) -> tuple[Moved, ...]:
    rows = await conn.fetch(SELECT_MOVED, account, after, through)
    return tuple(Moved(**dict(row)) for row in rows)


# What is not grouped by is null in every row, and is left out of the answer.
SELECT_SPENT = """
with moved as (
  select transfers.created_at, transfers.kind = 'capture' as spent, amount, ref
  from billing.transfers
  where transfers.account = $1 and transfers.id > $2 and transfers.id <= $3
    and transfers.kind in ('capture', 'refund') and balance_after is not null
)
select
  case when 'day' = any($4::text[])
       then to_char(moved.created_at at time zone 'UTC', 'YYYY-MM-DD') end as day,
  case when 'sku' = any($4) then sku end as sku,
  case when 'kind' = any($4) then captures.kind end as kind,
  case when 'key' = any($4) then api_key end as key,
  case when 'project' = any($4) then project end as project,
  case when 'customer_ref' = any($4) then customer_ref end as customer_ref,
  coalesce(sum(amount) filter (where spent), 0)::bigint as tokens,
  coalesce(sum(amount) filter (where not spent), 0)::bigint as returned,
  count(*) filter (where spent) as count
from moved join billing.captures on captures.id = ref
group by 1, 2, 3, 4, 5, 6
order by 1, 2, 3, 4, 5, 6
limit $5 offset $6
"""
COLUMNS: tuple[GroupBy, ...] = ("day", "sku", "kind", "key", "project", "customer_ref")


async def select_spent(
    conn: asyncpg.Connection,
    account: str,
    after: int,
    through: int,
    columns: tuple[GroupBy, ...],
    limit: int,
    offset: int,
) -> tuple[Spent, ...]:
    rows = await conn.fetch(SELECT_SPENT, account, after, through, list(columns), limit, offset)
    left_out = {name: UNSET for name in COLUMNS if name not in columns}
    return tuple(Spent(**{**dict(row), **left_out}) for row in rows)
