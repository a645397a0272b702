"""The stock in SQL, as studios write it."""

from datetime import timedelta

import asyncpg

# What is being taken out of the store is locked as long as somebody is at it. What was left in the
# middle may still have a request under way: it is not taken over before that must have ended.
ANNOUNCE = """
insert into engine.objects as known (sha256, bytes, due_at)
values ($1, $2, now() + $3::interval)
on conflict (sha256) do update
set bytes = excluded.bytes, touched_at = now(), due_at = excluded.due_at,
    condemned_at = null, deleting_at = null
where known.deleting_at is null or known.deleting_at < now() - $4::interval
returning sha256
"""


async def announce(
    conn: asyncpg.Connection, sha256: str, size: int, keep: timedelta, leaving: timedelta
) -> bool:
    return await conn.fetchval(ANNOUNCE, sha256, size, keep, leaving) is not None
