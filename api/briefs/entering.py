"""A brief's way in, in two questions: what must be known of it, and everything that is written."""

from datetime import UTC, date, datetime, timedelta

import asyncpg
import msgspec
from msgspec import Struct

from api.briefs import bounds
from api.briefs.contracts import BriefRow, QuoteRow
from api.errors import IdempotencyInProgress
from api.keys.contracts import Caller
from api.keys.idempotency import Kept, Once
from api.settings import GatewaySettings
from billing.contracts import Tags
from billing.ledger import service as ledger
from billing.prices.service import PriceBook, current_book
from engine.contracts import Brief
from engine.queue import service as queue
from engine.queue.contracts import POSITION_MAX, Job


class Known(Struct, frozen=True, kw_only=True):
    """What the database says of a brief before it is taken in."""

    now: datetime
    """By the clock that decides what is too late."""
    answer: Kept | None
    """What the same request was answered before."""
    book: PriceBook
    quote: QuoteRow | None
    ahead: int
    """How many of the key's jobs wait in the same lane."""


SELECT_KNOWN = """
select now() as now, answers.fingerprint as answered, status, body, location, book,
  quotes.fingerprint, audition_tokens, license_tokens, price_book, expires_at,
  expires_at <= now() as expired,
  (select count(*) from (
    select from engine.jobs
    where state = 'queued' and wants = 'candidates' and lane = $6 and engine = $7
      and account = $1 and api_key = $8
    limit $9) as waiting) as ahead
from (select) as asked
left join api.idempotency as answers
  on answers.account = $1 and answers.route = $2 and answers.key = $3
left join billing.price_lists as lists
  on lists.account = $1 and since <= $4 and (until is null or until > $4)
left join api.quotes on quotes.id = $5 and quotes.account = $1
"""


async def select_known(
    conn: asyncpg.Connection, caller: Caller, once: Once, brief: Brief, engine: str
) -> Known:
    """Raises `IdempotencyMismatch` where the request's name was used for another one."""
    today = datetime.now(UTC).date()
    row = await conn.fetchrow(
        SELECT_KNOWN, caller.account, once.route, once.key, today, brief.quote, brief.lane, engine,
        caller.key, POSITION_MAX,
    )  # fmt: skip
    assert row is not None, "there is one row, whatever is joined to it"
    answer = None
    if row["answered"] is not None:
        once.refuse_another(row["answered"])
        answer = Kept(status=row["status"], body=row["body"], location=row["location"])
    return Known(
        now=row["now"], answer=answer, book=_book(row, today), quote=_quote(row),
        ahead=row["ahead"],
    )  # fmt: skip


def _book(row: asyncpg.Record, today: date) -> PriceBook:
    own = row["book"]
    return current_book(today) if own is None else msgspec.json.decode(own, type=PriceBook)


def _quote(row: asyncpg.Record) -> QuoteRow | None:
    if row["fingerprint"] is None:
        return None
    return QuoteRow(**{name: row[name] for name in QuoteRow.__struct_fields__})


TAKE_IN = """
select said, facts from api.take_in(
  $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
  $22, $23, $24, $25, $26, $27, $28, $29, $30)
"""


_FULL: dict[str, bounds.Whose] = {
    "too many of the account": "account", "too many of the key": "key",
}  # fmt: skip
"""What the function says where it takes nothing in; any other word of it is a fault."""


async def take_in(
    conn: asyncpg.Connection,
    settings: GatewaySettings,
    caller: Caller,
    once: Once,
    row: BriefRow,
    job: Job,
    held: tuple[int, timedelta, Tags],
    answer: Kept,
) -> bool:
    """Set tokens aside for so long, and write the brief, its job and its answer: all, or nothing.

    False where the same request was carried out meanwhile. Raises what `ledger.place_hold` raises,
    `QueueFull`, or `IdempotencyInProgress`.
    """
    tokens, ttl, tags = held
    try:
        found = await conn.fetchrow(
            TAKE_IN, caller.account, once.route, once.key, once.fingerprint, answer.status,
            answer.body, answer.location, row.hold, row.id, tokens, ttl, tags.api_key, tags.project,
            tags.customer_ref, tags.kind, _json(row.request), _json(row.resolved),
            row.audition_tokens, row.license_tokens, row.price_book, row.created_at,
            row.deadline_at, job.seed, job.lane, job.expected_s, job.trace, job.engine or "",
            queue.URGENT, settings.open_briefs, settings.open_briefs_per_key,
        )  # fmt: skip
    except asyncpg.RaiseError as full:
        if not str(full).startswith("too many of the "):
            raise  # somebody else's word, and no bound of ours
        whose = _FULL.get(str(full))
        if whose is None:
            raise
        raise await bounds.full(conn, settings, caller, whose) from None
    except asyncpg.UniqueViolationError as twice:
        if getattr(twice, "table_name", None) != "idempotency":
            raise
        return False
    assert found is not None, "a function with OUT parameters returns one row"
    if found["said"] == "running":
        raise IdempotencyInProgress("a request with this Idempotency-Key is still running")
    if found["said"] in ("taken", "answered"):
        return found["said"] == "taken"
    facts = None if found["facts"] is None else msgspec.json.decode(found["facts"])
    raise ledger.refusal(
        found["said"], caller.account, tokens, facts, f"{row.id} was held for other tokens before"
    )


def _json(value: Struct) -> str:
    return msgspec.json.encode(value).decode()
