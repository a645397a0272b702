"""What an account is told once: a cap nearly spent, an invoice that failed, tokens that expire."""

from datetime import datetime
from typing import Any

import asyncpg
import msgspec
from msgspec import Struct


class Notice(Struct, frozen=True, kw_only=True):
    """One notice; the same kind, subject and period never come twice."""

    id: int
    kind: str
    subject: str
    period: str
    facts: dict[str, Any]
    created_at: datetime


async def tell(
    conn: asyncpg.Connection,
    account: str,
    kind: str,
    subject: str,
    period: str,
    facts: dict[str, Any],
) -> bool:
    """Write a notice down; False when it had been told before."""
    told = msgspec.json.encode(facts).decode()
    made = await conn.fetchval(INSERT_NOTICE, account, kind, subject, period, told)
    return made is not None


async def notices(
    conn: asyncpg.Connection, account: str, after: int, limit: int
) -> tuple[Notice, ...]:
    """An account's notices after an id, oldest first."""
    return tuple(
        Notice(**dict(row) | {"facts": msgspec.json.decode(row["facts"])})
        for row in await conn.fetch(SELECT_NOTICES, account, after, limit)
    )


INSERT_NOTICE = """
insert into billing.notices (account, kind, subject, period, facts)
values ($1, $2, $3, $4, $5::jsonb)
on conflict (account, kind, subject, period) do nothing
returning id
"""
SELECT_NOTICES = """
select id, kind, subject, period, facts, created_at from billing.notices
where account = $1 and id > $2 order by id limit $3
"""
