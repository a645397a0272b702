"""What must be known of a brief before it is taken in: one question for all that come together."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import lru_cache

import asyncpg
import msgspec
from msgspec import Struct

from api.briefs.contracts import QuoteRow
from api.keys.contracts import Caller
from api.keys.idempotency import Kept, Once
from billing.connections import lent
from billing.prices.service import PriceBook, current_book
from engine.contracts import Brief, BriefLane
from engine.queue.contracts import POSITION_MAX


class Question(Struct, frozen=True, kw_only=True):
    """Whose brief wants to come in, under which name, by which quote, where in the queue."""

    account: str
    route: str
    key: str
    quote: str | None
    lane: BriefLane
    engine: str
    api_key: str


class Known(Struct, frozen=True, kw_only=True):
    """What the database says of a brief before it is taken in."""

    now: datetime
    """By the clock that decides what is too late."""
    fingerprint: str | None
    """Of the request that was answered under this name before; None: there was none."""
    answer: Kept | None
    """What it was answered."""
    book: PriceBook
    quote: QuoteRow | None
    ahead: int
    """How many of the key's jobs wait in the same lane."""


def question(caller: Caller, once: Once, brief: Brief, engine: str) -> Question:
    """What to ask of a caller's brief that may only be made by this engine ("": by any)."""
    return Question(
        account=caller.account, route=once.route, key=once.key, quote=brief.quote, lane=brief.lane,
        engine=engine, api_key=caller.key,
    )  # fmt: skip


SELECT_KNOWN = """
select number, now() as now, answers.fingerprint as answered, status, body, location, book,
  quotes.fingerprint, audition_tokens, license_tokens, price_book, expires_at,
  expires_at <= now() as expired,
  (select count(*) from (
    select from engine.jobs
    where state = 'queued' and wants = 'candidates' and jobs.lane = asked.lane
      and jobs.engine = asked.engine and jobs.account = asked.account
      and jobs.api_key = asked.api_key
    order by run_at, id
    limit $9) as waiting) as ahead
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
  with ordinality as asked (account, route, key, quote, lane, engine, api_key, number)
left join api.idempotency as answers
  on answers.account = asked.account and answers.route = asked.route and answers.key = asked.key
left join billing.price_lists as lists
  on lists.account = asked.account and since <= $8 and (until is null or until > $8)
left join api.quotes on quotes.id = asked.quote and quotes.account = asked.account
"""


async def select_known(pool: asyncpg.Pool, asked: Sequence[Question]) -> dict[Question, Known]:
    """What is known of each of them."""
    today = datetime.now(UTC).date()
    columns = zip(*map(msgspec.structs.astuple, asked), strict=True)
    async with lent(pool) as conn:
        rows = await conn.fetch(SELECT_KNOWN, *columns, today, POSITION_MAX)
    return {asked[row["number"] - 1]: _known(row, today) for row in rows}


def _known(row: asyncpg.Record, today: date) -> Known:
    answer = None
    if row["answered"] is not None:
        answer = Kept(status=row["status"], body=row["body"], location=row["location"])
    return Known(
        now=row["now"], fingerprint=row["answered"], answer=answer, book=_book(row, today),
        quote=_quote(row), ahead=row["ahead"],
    )  # fmt: skip


def _book(row: asyncpg.Record, today: date) -> PriceBook:
    own = row["book"]
    return current_book(today) if own is None else _own_book(own)


@lru_cache(maxsize=1000)
def _own_book(text: str) -> PriceBook:
    return msgspec.json.decode(text, type=PriceBook)


def _quote(row: asyncpg.Record) -> QuoteRow | None:
    if row["fingerprint"] is None:
        return None
    return QuoteRow(**{name: row[name] for name in QuoteRow.__struct_fields__})
