"""Briefs and quotes in SQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import asyncpg
import msgspec
from msgspec import Struct

from api.briefs.contracts import (
    BriefRow,
    CandidateLine,
    FamilyRow,
    LineRow,
    NewQuote,
    QuoteRow,
    Seen,
)
from api.entrance import Place
from billing.connections import lent
from engine.contracts import (
    Brief,
    Failed,
    FamilyBrief,
    Resolved,
    ResolvedFamily,
    RetractedTake,
)
from engine.queue.contracts import POSITION_MAX, JobView, Progress


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


INSERT_QUOTE = """
insert into api.quotes (id, account, fingerprint, audition_tokens, license_tokens, price_book,
                        created_at, expires_at)
values ($1, $2, $3, $4, $5, $6, now(), now() + $7::interval)
returning created_at, expires_at
"""


async def insert_quote(
    conn: asyncpg.Connection, quote: NewQuote, binds: timedelta
) -> tuple[datetime, datetime]:
    """When the quote begins and when it ends, by the clock that will judge it."""
    row = await conn.fetchrow(
        INSERT_QUOTE, quote.id, quote.account, quote.fingerprint, quote.audition_tokens,
        quote.license_tokens, quote.price_book, binds,
    )  # fmt: skip
    assert row is not None, "an insert that returns nothing raises"
    return row["created_at"], row["expires_at"]


SELECT_QUOTE = """
select fingerprint, audition_tokens, license_tokens, price_book, expires_at,
  expires_at <= now() as expired
from api.quotes where id = $1 and account = $2
"""


async def select_quote(conn: asyncpg.Connection, quote: str, account: str) -> QuoteRow | None:
    row = await conn.fetchrow(SELECT_QUOTE, quote, account)
    return None if row is None else QuoteRow(**dict(row))


INSERT_BRIEF = """
insert into api.briefs (id, account, api_key, what, request, resolved, audition_tokens,
                        license_tokens, hold, price_book, created_at, deadline_at)
values ($1, $2, $3, $4, $5::jsonb, $6::jsonb, $7, $8, $9, $10, $11, $12)
"""


async def insert_brief(conn: asyncpg.Connection, row: BriefRow | FamilyRow, api_key: str) -> None:
    what = "music" if isinstance(row, BriefRow) else "family"
    await conn.execute(
        INSERT_BRIEF, row.id, row.account, api_key, what, _json(row.request), _json(row.resolved),
        row.audition_tokens, row.license_tokens, row.hold, row.price_book,
        row.created_at, row.deadline_at,
    )  # fmt: skip


SELECT_BRIEF = """
select id, account, request, resolved, audition_tokens, license_tokens, hold, price_book,
  created_at, deadline_at, cancel_asked_at, outcome, failure, retracted_takes, finished_at
from api.briefs where id = $1 and account = $2 and what = $3
"""
_RETRACTED = msgspec.json.Decoder(tuple[RetractedTake, ...])


async def select_brief(conn: asyncpg.Connection, brief: str, account: str) -> BriefRow | None:
    row = await conn.fetchrow(SELECT_BRIEF, brief, account, "music")
    return None if row is None else BriefRow(**_kept(dict(row), Brief, Resolved))


async def select_family(conn: asyncpg.Connection, family: str, account: str) -> FamilyRow | None:
    row = await conn.fetchrow(SELECT_BRIEF, family, account, "family")
    return None if row is None else FamilyRow(**_kept(dict(row), FamilyBrief, ResolvedFamily))


def _kept(row: Mapping[str, Any], request: type[Struct], resolved: type[Struct]) -> dict[str, Any]:
    failure = row["failure"]
    return {
        **row,
        "request": msgspec.json.decode(row["request"], type=request),
        "resolved": msgspec.json.decode(row["resolved"], type=resolved),
        "failure": None if failure is None else msgspec.json.decode(failure, type=Failed | None),
        "retracted_takes": _RETRACTED.decode(row["retracted_takes"]),
    }


SELECT_CANDIDATES = """
select candidates.id, number, (made ->> 'rating')::float8 as rating, expires_at,
  case when licenses.id is not null then 'picked'
       when expires_at <= now() then 'expired' else 'ready' end as status,
  not jsonb_path_exists(made, '$.measured[*].pass ? (@ == false)')
    and not jsonb_path_exists(made, '$.members[*].measured[*].pass ? (@ == false)') as passed
from api.candidates left join api.licenses on licenses.candidate = candidates.id
where brief = $1
order by number
"""


async def select_candidates(
    conn: asyncpg.Connection, brief: str, public_url: str
) -> tuple[CandidateLine, ...]:
    return tuple(
        CandidateLine(**dict(row), url=f"{public_url}/v1/candidates/{row['id']}")
        for row in await conn.fetch(SELECT_CANDIDATES, brief)
    )


# A brief with all that is said of it: its job, its hold and its candidates.
SELECT_WHOLE = """
select briefs.id, briefs.account, request, briefs.resolved, audition_tokens, license_tokens, hold,
  price_book, briefs.created_at, briefs.deadline_at, cancel_asked_at, outcome, failure,
  retracted_takes, briefs.finished_at,
  jobs.state, attempt, progress, expected_s, cancel_asked, jobs.finished_at as job_finished_at,
  case when jobs.state = 'queued' then (
    select count(*) from (
      select from engine.jobs as ahead
      where ahead.state = 'queued' and ahead.wants = jobs.wants and ahead.lane = jobs.lane
        and ahead.engine = jobs.engine and ahead.account = jobs.account
        and ahead.api_key = jobs.api_key and (ahead.run_at, ahead.id) < (jobs.run_at, jobs.id)
      limit $2) as ahead
  ) else 0 end as position,
  quoted, captured, released, lines.candidates
from api.briefs
join engine.jobs on jobs.id = briefs.id
join billing.holds on holds.id = briefs.hold
cross join lateral (
  select json_agg(json_build_object(
    'id', candidates.id, 'number', number, 'rating', (made ->> 'rating')::float8,
    'expires_at', candidates.expires_at, 'url', $3 || candidates.id,
    'status', case when licenses.id is not null then 'picked'
      when candidates.expires_at <= now() then 'expired' else 'ready' end,
    'passed', not jsonb_path_exists(made, '$.measured[*].pass ? (@ == false)')
      and not jsonb_path_exists(made, '$.members[*].measured[*].pass ? (@ == false)')
  ) order by number) as candidates
  from api.candidates left join api.licenses on licenses.candidate = candidates.id
  where candidates.brief = briefs.id
) as lines
where briefs.id = any($1) and what = 'music'
"""
_LINES = msgspec.json.Decoder(tuple[CandidateLine, ...])
_PROGRESS = msgspec.json.Decoder(Progress)


async def select_whole(
    pool: asyncpg.Pool, public_url: str, briefs: Sequence[str]
) -> dict[str, tuple[BriefRow, Seen]]:
    """Briefs of any account; whose they are is for the caller to see."""
    async with lent(pool) as conn:
        rows = await conn.fetch(SELECT_WHOLE, briefs, POSITION_MAX, f"{public_url}/v1/candidates/")
    return {row["id"]: (_brief(row), _seen(row)) for row in rows}


def _brief(row: asyncpg.Record) -> BriefRow:
    names = BriefRow.__struct_fields__
    return BriefRow(**_kept({name: row[name] for name in names}, Brief, Resolved))


def _seen(row: asyncpg.Record) -> Seen:
    job = JobView(
        state=row["state"], attempt=row["attempt"], position=row["position"],
        progress=_PROGRESS.decode(row["progress"]), expected_s=row["expected_s"],
        cancel_asked=row["cancel_asked"], finished_at=row["job_finished_at"],
    )  # fmt: skip
    return Seen(
        job=job, quoted=row["quoted"], captured=row["captured"], released=row["released"],
        candidates=() if row["candidates"] is None else _LINES.decode(row["candidates"]),
    )  # fmt: skip


# The job's state is only read here: a list of a hundred briefs must not be a hundred queries.
SELECT_PAGE = """
with lines as (
  select briefs.id, outcome, jobs.state as job,
    coalesce(briefs.resolved ->> 'kind', 'family') as kind,
    left(coalesce(request ->> 'prompt', ''), 120) as words, briefs.created_at,
    briefs.finished_at, request ->> 'project' as project,
    request ->> 'customer_ref' as customer_ref,
    coalesce(outcome, case when jobs.state = 'queued' then 'queued' else 'running' end) as status
  from api.briefs left join engine.jobs on jobs.id = briefs.id
  where briefs.account = $1 and briefs.what = $7
    and ($2::timestamptz is null or (briefs.created_at, briefs.id) < ($2, $3))
    and ($4::text is null or request ->> 'project' = $4)
)
select id, outcome, job, kind, words, created_at, finished_at, project, customer_ref from lines
where $5::text is null or status = $5
order by created_at desc, id desc
limit $6
"""


async def select_page(
    conn: asyncpg.Connection,
    account: str,
    after: Place | None,
    project: str | None,
    status: str | None,
    limit: int,
    what: Literal["music", "family"] = "music",
) -> list[LineRow]:
    rows = await conn.fetch(
        SELECT_PAGE, account, after and after.created_at, after and after.id, project, status,
        limit, what,
    )  # fmt: skip
    return [LineRow(**dict(row)) for row in rows]


MARK_CANCEL = """
update api.briefs set cancel_asked_at = coalesce(cancel_asked_at, now())
where id = $1 and outcome is null
"""


async def mark_cancel(conn: asyncpg.Connection, brief: str) -> None:
    await conn.execute(MARK_CANCEL, brief)


COUNT_OPEN = """
select count(*) as account, count(*) filter (where api_key = $2) as key
from api.briefs where account = $1 and outcome is null and batch is null
"""


async def count_open(conn: asyncpg.Connection, account: str, api_key: str) -> tuple[int, int]:
    """Briefs and families that have not ended, but for those of batches, which were let in as a
    whole: the account's, and those of one of its keys."""
    row = await conn.fetchrow(COUNT_OPEN, account, api_key)
    return (0, 0) if row is None else (row["account"], row["key"])


SELECT_FINISHED = "select id from api.briefs where id = any($1) and outcome is not null"
