"""Candidates in SQL."""

import asyncpg
import msgspec

from api.candidates.contracts import CandidateRow
from engine.contracts import FamilyMade, Made

SELECT_CANDIDATE = """
select candidates.id, candidates.brief, number, what, made, candidates.tokens, license_tokens,
  price_book, coalesce((request ->> 'seed')::bigint, 0) as seed, licenses.id as license,
  candidates.expires_at <= now() as expired, ready_at, candidates.expires_at
from api.candidates
join api.briefs on briefs.id = candidates.brief
left join api.licenses on licenses.candidate = candidates.id
where candidates.id = $1 and candidates.account = $2
"""


async def select_candidate(
    conn: asyncpg.Connection, candidate: str, account: str
) -> CandidateRow | None:
    row = await conn.fetchrow(SELECT_CANDIDATE, candidate, account)
    if row is None:
        return None
    kept = dict(row)
    shape = FamilyMade if kept.pop("what") == "family" else Made
    return CandidateRow(**{**kept, "made": msgspec.json.decode(row["made"], type=shape)})
