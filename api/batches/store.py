"""Batches in SQL."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import msgspec

from api.batches.contracts import (
    Batch,
    BatchItem,
    BatchTokens,
    Counts,
    NewBatch,
    Priced,
    Result,
    ResultCandidate,
    ResultTokens,
)
from api.briefs.contracts import QuoteRow, Status
from api.entrance import Place
from engine.contracts import Failed
from engine.queue import service as queue

# ruff: noqa: S608 - the only things put into these texts are constants of this file


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


# --- taking in ------------------------------------------------------------------------------------

ROWS_AT_ONCE = 20

SELECT_QUOTES = """
select id, fingerprint, audition_tokens, license_tokens, price_book, expires_at,
  expires_at <= now() as expired
from api.quotes where id = any($1) and account = $2
"""


async def select_quotes(
    conn: asyncpg.Connection, account: str, quotes: Sequence[str]
) -> dict[str, QuoteRow]:
    rows = await conn.fetch(SELECT_QUOTES, quotes, account)
    names = QuoteRow.__struct_fields__
    return {row["id"]: QuoteRow(**{name: row[name] for name in names}) for row in rows}


SELECT_SAME = """
select id from api.batches
where account = $1 and sha256 = $2 and not again and cancel_asked_at is null
"""


async def select_same(conn: asyncpg.Connection, account: str, sha256: str) -> str | None:
    """The batch of the same lines that is there already."""
    return await conn.fetchval(SELECT_SAME, account, sha256)


SELECT_NOW = "select now()"
# Whoever is taking in the same lines is waited for here, and found afterwards.
INSERT_BATCH = """
insert into api.batches
  (id, account, api_key, name, sha256, again, briefs, created_at, deadline_at, last_line)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (account, sha256) where not again and cancel_asked_at is null do nothing
returning id
"""
_BRIEF = (
    "id", "account", "api_key", "what", "request", "resolved", "audition_tokens", "license_tokens",
    "hold", "price_book", "created_at", "deadline_at", "batch", "batch_line", "reference",
)  # fmt: skip
_JOB = (
    "id", "account", "resolved", "seed", "lane", "expected_s", "deadline_at", "api_key", "trace",
    "engine", "urgent_at",
)  # fmt: skip


async def now(conn: asyncpg.Connection) -> datetime:
    """When this transaction began, by the clock that decides what is too late."""
    at = await conn.fetchval(SELECT_NOW)
    assert at is not None, "a clock has a time"
    return at


async def insert_batch(
    conn: asyncpg.Connection,
    batch: NewBatch,
    lines: Sequence[Priced],
    at: datetime,
    deadline_at: datetime,
) -> bool:
    """False where the same lines were taken in meanwhile."""
    made = await conn.fetchval(
        INSERT_BATCH, batch.id, batch.account, batch.key, batch.name, batch.sha256, batch.again,
        len(lines), at, deadline_at, lines[-1].wish.line,
    )  # fmt: skip
    return made is not None


async def copy_briefs(
    conn: asyncpg.Connection,
    batch: NewBatch,
    lines: Sequence[tuple[str, str, Priced]],
    at: datetime,
    within_s: float,
) -> None:
    """Write the briefs and their jobs; ``lines`` are brief, hold and what was understood."""
    await conn.copy_records_to_table(
        "briefs", schema_name="api", columns=_BRIEF, timeout=within_s,
        records=_by_and_by(_brief(batch, brief, hold, one, at) for brief, hold, one in lines),
    )  # fmt: skip
    await conn.copy_records_to_table(
        "jobs", schema_name="engine", columns=_JOB, timeout=within_s,
        records=_by_and_by(_job(batch, brief, one, at) for brief, _, one in lines),
    )  # fmt: skip


async def _by_and_by(rows: Iterable[Iterable[Any]]) -> AsyncIterator[Iterable[Any]]:
    """The rows, so that others have their turn between them: writing them is no pause by itself."""
    for number, row in enumerate(rows):
        if not number % ROWS_AT_ONCE:
            await asyncio.sleep(0)
        yield row


def _brief(batch: NewBatch, brief: str, hold: str, one: Priced, at: datetime) -> Iterable[Any]:
    wish = one.wish
    return (
        brief, batch.account, batch.key, "music", _json(wish.request), _json(wish.resolved),
        one.audition_tokens, one.license_tokens, hold, one.price_book, at, _due(one, at), batch.id,
        wish.line, wish.reference,
    )  # fmt: skip


def _job(batch: NewBatch, brief: str, one: Priced, at: datetime) -> Iterable[Any]:
    wish, due = one.wish, _due(one, at)
    ahead = max(queue.URGENT, timedelta(seconds=4 * wish.expected_s))
    return (
        brief, batch.account, _json(wish.resolved), wish.resolved.seed, "batch", wish.expected_s,
        due, batch.key, batch.trace, wish.engine or "", due - ahead,
    )  # fmt: skip


def _due(one: Priced, at: datetime) -> datetime:
    return at + timedelta(seconds=one.wish.resolved.deadline_s)


# --- looking --------------------------------------------------------------------------------------

_STATUS = """
case when batches.finished_at is not null then 'ended'
  when cancel_asked_at is not null then 'canceling' else 'running' end as status
"""
SELECT_BATCH = f"""
select batches.id, name, batches.created_at, deadline_at, batches.finished_at, briefs, sha256,
  {_STATUS}, now() as now,
  far.*, sold.*
from api.batches cross join lateral (
  select
    count(*) filter (where outcome is null and jobs.state = 'queued') as queued,
    count(*) filter (where outcome is null and jobs.state <> 'queued') as running,
    count(*) filter (where jobs.state = 'leased') as leased,
    count(*) filter (where outcome = 'succeeded') as succeeded,
    count(*) filter (where outcome = 'partially_succeeded') as partially_succeeded,
    count(*) filter (where outcome = 'failed') as failed,
    count(*) filter (where outcome = 'canceled') as canceled,
    count(*) filter (where outcome = 'expired') as expired,
    coalesce(sum(expected_s) filter (where outcome is null), 0) as left_s,
    coalesce(sum(expected_s) filter (where outcome is not null and outcome <> 'canceled'), 0)
      as done_s,
    sum(quoted)::bigint as quoted, sum(captured)::bigint as captured,
    sum(released)::bigint as released, sum(late)::bigint as late
  from api.briefs as one
  join engine.jobs on jobs.id = one.id
  join billing.holds on holds.id = one.hold
  where one.batch = batches.id
) as far cross join lateral (
  select count(*) as candidates, count(licenses.id) as licenses,
    coalesce(sum(licenses.tokens), 0)::bigint as license_tokens
  from api.briefs as one
  join api.candidates on candidates.brief = one.id
  left join api.licenses on licenses.candidate = candidates.id
  where one.batch = batches.id
) as sold
where batches.id = $1 and batches.account = $2
"""


async def select_batch(
    conn: asyncpg.Connection, batch: str, account: str, public_url: str
) -> Batch | None:
    """A batch and how far it is; reads all of its briefs."""
    row = await conn.fetchrow(SELECT_BATCH, batch, account)
    if row is None:
        return None
    held = row["quoted"] - row["captured"] - row["released"]
    return Batch(
        id=row["id"], name=row["name"], status=row["status"], created_at=row["created_at"],
        deadline_at=row["deadline_at"], finished_at=row["finished_at"], briefs=row["briefs"],
        counts=Counts(**{name: row[name] for name in Counts.__struct_fields__}),
        candidates=row["candidates"], licenses=row["licenses"],
        tokens=BatchTokens(
            quoted=row["quoted"], held=held, captured=row["captured"], released=row["released"],
            late=row["late"], licenses=row["license_tokens"],
        ),
        expected_s=row["left_s"], expected_end_at=_expected_end(row), sha256=row["sha256"],
        url=f"{public_url}/v1/batches/{row['id']}",
    )  # fmt: skip


def _expected_end(row: asyncpg.Record) -> datetime | None:
    """At its pace so far; before anything of it has ended, at that of those who are at it."""
    if row["finished_at"] is not None or not row["left_s"]:
        return row["finished_at"]
    now_: datetime = row["now"]
    elapsed = (now_ - row["created_at"]).total_seconds()
    if row["done_s"]:
        left = row["left_s"] * elapsed / row["done_s"]
    elif row["leased"]:
        left = row["left_s"] / row["leased"]
    else:
        return None
    return now_ + timedelta(seconds=round(left))


SELECT_PAGE = f"""
select id, name, briefs, created_at, finished_at, {_STATUS} from api.batches
where account = $1 and ($2::timestamptz is null or (created_at, id) < ($2, $3))
order by created_at desc, id desc
limit $4
"""


async def select_page(
    conn: asyncpg.Connection, account: str, after: Place | None, limit: int, public_url: str
) -> list[BatchItem]:
    rows = await conn.fetch(
        SELECT_PAGE, account, after and after.created_at, after and after.id, limit
    )
    return [BatchItem(**dict(row), url=f"{public_url}/v1/batches/{row['id']}") for row in rows]


SELECT_OWNED = "select last_line from api.batches where id = $1 and account = $2"


async def select_last_line(conn: asyncpg.Connection, batch: str, account: str) -> int | None:
    """The last line of a batch of the account."""
    return await conn.fetchval(SELECT_OWNED, batch, account)


SELECT_RESULTS = """
select batch_line, reference, briefs.id, finished_at_, status, failure, quoted, captured,
  license_tokens,
  coalesce(lines.candidates, '[]') as candidates
from (
  select briefs.*, briefs.finished_at as finished_at_,
    coalesce(outcome, case when state = 'queued' then 'queued' else 'running' end) as status
  from api.briefs join engine.jobs on jobs.id = briefs.id
  where batch = $1 and batch_line > $2 and batch_line <= $5
) as briefs
join billing.holds on holds.id = hold
left join lateral (
  select json_agg(json_build_object(
    'id', candidates.id, 'number', number, 'rating', (made ->> 'rating')::float8,
    'expires_at', candidates.expires_at, 'license', licenses.id, 'track', track,
    'status', case when licenses.id is not null then 'picked'
      when candidates.expires_at <= now() then 'expired' else 'ready' end,
    'passed', not jsonb_path_exists(made, '$.measured[*].pass ? (@ == false)')
  ) order by number) as candidates
  from api.candidates left join api.licenses on licenses.candidate = candidates.id
  where candidates.brief = briefs.id
) as lines on true
where $3::text is null or status = $3
order by batch_line
limit $4
"""
_CANDIDATES = msgspec.json.Decoder(tuple[ResultCandidate, ...])
LAST = 2**31 - 1


async def select_results(
    conn: asyncpg.Connection,
    batch: str,
    after: int,
    status: Status | None,
    limit: int,
    through: int = LAST,
) -> list[Result]:
    """Lines after one, in order."""
    return [
        Result(
            line=row["batch_line"], reference=row["reference"], brief=row["id"],
            status=row["status"], finished_at=row["finished_at_"],
            tokens=ResultTokens(
                quoted=row["quoted"], captured=row["captured"], license=row["license_tokens"]
            ),
            failure=_failed(row["failure"]), candidates=_CANDIDATES.decode(row["candidates"]),
        )
        for row in await conn.fetch(SELECT_RESULTS, batch, after, status, limit, through)
    ]  # fmt: skip


def _failed(failure: str | None) -> Failed | None:
    return None if failure is None else msgspec.json.decode(failure, type=Failed | None)


ASK_CANCEL = """
update api.batches set cancel_asked_at = coalesce(cancel_asked_at, now())
where id = $1 and account = $2 and finished_at is null
returning id
"""


async def ask_cancel(conn: asyncpg.Connection, batch: str, account: str) -> bool:
    """False where it has ended, or is not there."""
    return await conn.fetchval(ASK_CANCEL, batch, account) is not None
