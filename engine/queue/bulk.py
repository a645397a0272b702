"""Jobs by the hundred."""

from collections.abc import Sequence

import asyncpg
import msgspec

from engine.queue.contracts import Ended

CANCEL_UNBEGUN = """
with ended as (
  update engine.jobs set state = 'canceled', cancel_asked = true, finished_at = now()
  where id = any($1) and state = 'queued' and attempt = 0 and returns = 0
  returning id
), said as (
  insert into engine.deliveries (job, number, attempt, body, settled_at)
  select id, 0, 0, $2::jsonb, now() from ended
)
select id from ended
"""
_CANCELED = msgspec.json.encode(Ended(delivered=0, canceled=True)).decode()


async def cancel_unbegun(conn: asyncpg.Connection, jobs: Sequence[str]) -> list[str]:
    """Stop those of these jobs that no studio has ever had. There is nothing to charge for them, so
    their last word is settled as it is written; the caller gives back what was held."""
    return [row["id"] for row in await conn.fetch(CANCEL_UNBEGUN, jobs, _CANCELED)]
