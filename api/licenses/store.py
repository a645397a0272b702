"""The licenses' SQL."""

from datetime import datetime
from typing import Any

import asyncpg
import msgspec
from msgspec import Struct

from api.entrance import Place
from api.licenses.human import Choice
from api.licenses.signing import Jwk
from engine.contracts import Brief, FamilyBrief, FamilyMade, Made


class Sold(Struct, frozen=True, kw_only=True):
    """A candidate with all that its license needs."""

    candidate: str
    account: str
    account_mode: str
    brief: str
    request: Brief | FamilyBrief
    made: Made | FamilyMade
    license_tokens: int
    price_book: str
    asked_at: datetime
    expired: bool


LOCK_CANDIDATE = """
select candidates.id, candidates.account, accounts.mode, candidates.brief, what, request, made,
  license_tokens, price_book, briefs.created_at as asked_at,
  candidates.expires_at < now() as expired
from api.candidates
join api.briefs on briefs.id = candidates.brief
join api.accounts on accounts.id = candidates.account
where candidates.id = $1 and candidates.account = $2
for update of candidates
"""


async def lock_candidate(conn: asyncpg.Connection, candidate: str, account: str) -> Sold | None:
    row = await conn.fetchrow(LOCK_CANDIDATE, candidate, account)
    if row is None:
        return None
    request, made = (FamilyBrief, FamilyMade) if row["what"] == "family" else (Brief, Made)
    return Sold(
        candidate=row["id"],
        account=row["account"],
        account_mode=row["mode"],
        brief=row["brief"],
        request=msgspec.json.decode(row["request"], type=request),
        made=msgspec.json.decode(row["made"], type=made),
        license_tokens=row["license_tokens"],
        price_book=row["price_book"],
        asked_at=row["asked_at"],
        expired=row["expired"],
    )


SELECT_CHOICES = """
select number, licenses.created_at as licensed_at
from api.candidates
left join api.licenses on licenses.candidate = candidates.id
where brief = $1
order by number
"""


async def select_choices(conn: asyncpg.Connection, brief: str) -> tuple[Choice, ...]:
    rows = await conn.fetch(SELECT_CHOICES, brief)
    return tuple(Choice(number=row["number"], licensed_at=row["licensed_at"]) for row in rows)


# One number for all: an exclusive license looks at what others hold, and nobody may come to hold
# anything between the look and the end of its transaction.
LOCK_ALONE = "select pg_advisory_xact_lock(hashtextextended('cuesmith.licenses', 0))"
LOCK_BESIDE = "select pg_advisory_xact_lock_shared(hashtextextended('cuesmith.licenses', 0))"


async def lock_holders(conn: asyncpg.Connection, *, alone: bool) -> None:
    await conn.execute(LOCK_ALONE if alone else LOCK_BESIDE)


# Keys that agree but for their last six bits share 12 notes.
SELECT_KEPT = """
select exists (
  select from engine.offered_runs
  cross join unnest(keys) as own
  join api.exclusive_runs as kept on kept.key between own & -64 and own | 63
  where candidate = $1 and kept.account <> $2
)
"""


async def select_kept(conn: asyncpg.Connection, candidate: str, account: str) -> bool:
    """Whether another account holds a run of a candidate's for itself alone."""
    return bool(await conn.fetchval(SELECT_KEPT, candidate, account))


INSERT_KEPT = """
insert into api.exclusive_runs (key, license, account)
select key, $2, $3 from engine.offered_runs cross join unnest(keys) as key
where candidate = $1
order by key
on conflict do nothing
"""


async def insert_kept(
    conn: asyncpg.Connection, candidate: str, license_id: str, account: str
) -> None:
    await conn.execute(INSERT_KEPT, candidate, license_id, account)


INSERT_LICENSE = """
insert into api.licenses (id, account, candidate, track, tokens, certificate, created_at)
values ($1, $2, $3, $4, $5, $6, $7)
"""


async def insert_license(
    conn: asyncpg.Connection,
    license_id: str,
    sold: Sold,
    track: str,
    tokens: int,
    certificate: bytes,
    at: datetime,
) -> None:
    await conn.execute(
        INSERT_LICENSE, license_id, sold.account, sold.candidate, track, tokens,
        certificate, at,
    )  # fmt: skip


_COLUMNS = """
select licenses.id, licenses.account, candidate, track, licenses.tokens, certificate,
  licenses.created_at, what, made, candidates.brief
from api.licenses
join api.candidates on candidates.id = licenses.candidate
join api.briefs on briefs.id = candidates.brief
"""

SELECT_BY_CANDIDATE = f"{_COLUMNS} where candidate = $1 and licenses.account = $2"
SELECT_LICENSE = f"{_COLUMNS} where licenses.id = $1 and licenses.account = $2"
SELECT_TRACK = f"{_COLUMNS} where track = $1 and licenses.account = $2"
SELECT_PAGE = f"""{_COLUMNS}
where licenses.account = $1
  and ($2::timestamptz is null or (licenses.created_at, licenses.id) < ($2, $3))
order by licenses.created_at desc, licenses.id desc
limit $4
"""


async def select_by_candidate(
    conn: asyncpg.Connection, candidate: str, account: str
) -> dict[str, Any] | None:
    return _row(await conn.fetchrow(SELECT_BY_CANDIDATE, candidate, account))


async def select_license(
    conn: asyncpg.Connection, license_id: str, account: str
) -> dict[str, Any] | None:
    return _row(await conn.fetchrow(SELECT_LICENSE, license_id, account))


async def select_track(conn: asyncpg.Connection, track: str, account: str) -> dict[str, Any] | None:
    return _row(await conn.fetchrow(SELECT_TRACK, track, account))


async def select_page(
    conn: asyncpg.Connection, account: str, after: Place | None, limit: int
) -> list[dict[str, Any]]:
    rows = await conn.fetch(
        SELECT_PAGE, account, after and after.created_at, after and after.id, limit
    )
    return [dict(row) for row in rows]


def _row(row: asyncpg.Record | None) -> dict[str, Any] | None:
    return None if row is None else dict(row)


INSERT_KEY = """
insert into api.signing_keys (kid, public_jwk) values ($1, $2::jsonb) on conflict (kid) do nothing
"""
SELECT_KEYS = "select public_jwk from api.signing_keys order by created_at"


async def insert_key(conn: asyncpg.Connection, jwk: Jwk) -> None:
    await conn.execute(INSERT_KEY, jwk.kid, msgspec.json.encode(jwk).decode())


async def select_keys(conn: asyncpg.Connection) -> tuple[Jwk, ...]:
    rows = await conn.fetch(SELECT_KEYS)
    return tuple(msgspec.json.decode(row["public_jwk"], type=Jwk) for row in rows)
