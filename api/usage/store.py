"""Top-ups, and where what was paid for comes from, in SQL."""

import asyncpg
from msgspec import Struct

from api.entrance import Place
from api.usage.contracts import Topup
from billing.contracts import Pack

SNAPSHOT = "set transaction isolation level repeatable read"


async def see_one_moment(conn: asyncpg.Connection) -> None:
    """Let all that this transaction reads be of one moment."""
    await conn.execute(SNAPSHOT)


class Origin(Struct, frozen=True, kw_only=True):
    """Where a candidate comes from and what became of it."""

    candidate: str
    brief: str
    license: str | None


SELECT_ORIGINS = """
select candidates.id as candidate, brief, licenses.id as license
from api.candidates left join api.licenses on licenses.candidate = candidates.id
where candidates.account = $1 and candidates.id = any($2)
"""


async def select_origins(
    conn: asyncpg.Connection, account: str, candidates: list[str]
) -> dict[str, Origin]:
    rows = await conn.fetch(SELECT_ORIGINS, account, candidates)
    return {row["candidate"]: Origin(**dict(row)) for row in rows}


COLUMNS = """
id, state as status, tokens, amount_minor, currency, months, checkout_url, detail, created_at,
  updated_at
"""
# ruff: noqa: S608 - the only thing put into these texts is the constant above
INSERT_TOPUP = f"""
insert into api.topups (id, account, tokens, amount_minor, currency, months)
values ($1, $2, $3, $4, $5, $6) returning {COLUMNS}
"""


async def insert_topup(conn: asyncpg.Connection, topup: str, account: str, pack: Pack) -> Topup:
    row = await conn.fetchrow(
        INSERT_TOPUP, topup, account, pack.tokens, pack.amount_minor, pack.currency, pack.months
    )
    assert row is not None, "an insert that returns nothing raises"
    return Topup(**dict(row))


SELECT_TOPUP = f"select {COLUMNS} from api.topups where id = $1 and account = $2"


async def select_topup(conn: asyncpg.Connection, topup: str, account: str) -> Topup | None:
    row = await conn.fetchrow(SELECT_TOPUP, topup, account)
    return None if row is None else Topup(**dict(row))


SELECT_TOPUPS = f"""
select {COLUMNS} from api.topups
where account = $1 and ($2::timestamptz is null or (created_at, id) < ($2, $3))
order by created_at desc, id desc
limit $4
"""


async def select_topups(
    conn: asyncpg.Connection, account: str, after: Place | None, limit: int
) -> tuple[Topup, ...]:
    rows = await conn.fetch(
        SELECT_TOPUPS, account, after and after.created_at, after and after.id, limit
    )
    return tuple(Topup(**dict(row)) for row in rows)


SELECT_ANSWERED = "select id from api.topups where id = any($1) and state <> 'requested'"
