"""Taking briefs in: those that come at the same moment share one transaction.

A commit, and what a statement costs before it writes anything, are paid once for all of them. None
of them waits for more than the transaction under way, and none depends on its neighbours: what is
not as usual about one is left out of theirs, and is taken in, or refused with its reason, alone.
Where their transaction fails, each is tried alone; where it is not known whether it failed, all are
told to ask again, and their names (`Idempotency-Key`) make that harmless.
"""

from collections.abc import Sequence
from datetime import timedelta

import asyncpg
import msgspec
import structlog
from msgspec import Struct
from prometheus_client import Counter

from api.briefs import bounds
from api.briefs.contracts import BriefRow
from api.errors import IdempotencyInProgress
from api.gathered import Gathered
from api.keys.contracts import Caller
from api.keys.idempotency import Kept, Once
from api.settings import GatewaySettings
from billing.connections import lent
from billing.contracts import Tags
from billing.ledger import service as ledger
from engine.queue import service as queue
from engine.queue.contracts import Job

MOST_TOGETHER = 24
"""The next so many are made ready while the database writes these."""

log = structlog.get_logger()
ALONE = Counter("gateway_briefs_alone_total", "Briefs that were not taken in with those beside")


class Entrant(Struct, frozen=True, kw_only=True, eq=False):
    """A brief on its way in, with what it is to be answered."""

    caller: Caller
    once: Once
    row: BriefRow
    job: Job
    tokens: int
    ttl: timedelta
    """How long they are set aside for it."""
    tags: Tags
    answer: Kept


class Intake:
    """The one way in of a replica."""

    def __init__(self, pool: asyncpg.Pool, settings: GatewaySettings) -> None:
        self._pool, self._settings = pool, settings
        self._together: Gathered[Entrant, bool] = Gathered(self._take_in_all, MOST_TOGETHER)
        self._names: set[tuple[str, str, str]] = set()

    async def take_in(self, entrant: Entrant) -> bool:
        """Set its tokens aside and write the brief, its job and its answer: all, or nothing.

        False where the same request was carried out meanwhile. Raises what `ledger.place_hold`
        raises, `QueueFull`, or `IdempotencyInProgress`.
        """
        once = entrant.once
        name = once.account, once.route, once.key
        if name in self._names:
            raise _still_running()
        self._names.add(name)
        try:
            if await self._together.of(entrant):
                return True
            ALONE.inc()
            async with lent(self._pool) as conn:
                return await take_in(conn, self._settings, entrant)
        finally:
            self._names.discard(name)

    async def _take_in_all(self, entrants: list[Entrant]) -> dict[Entrant, bool]:
        """Those that were taken in. None of them where one, by whatever fault, failed all."""
        try:
            async with lent(self._pool) as conn:
                taken = await take_in_all(conn, self._settings, entrants)
        except _LOST:
            raise
        except asyncpg.PostgresError as error:
            log.warning("briefs.one_by_one", briefs=len(entrants), why=type(error).__name__)
            return {}
        return {one: True for one in entrants if one.row.id in taken}


_LOST = (
    asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
)  # fmt: skip
"""What would meet each of them alone as well; some of it leaves open what became of them."""

TAKE_IN_ALL = "select api.take_in_all($1, $2, $3, $4) as taken"


async def take_in_all(
    conn: asyncpg.Connection, settings: GatewaySettings, entrants: Sequence[Entrant]
) -> set[str]:
    """Take in what is as usual, all of it or nothing; returns those briefs."""
    found = await conn.fetch(
        TAKE_IN_ALL, [_facts(one) for one in entrants], queue.URGENT, settings.open_briefs,
        settings.open_briefs_per_key,
    )  # fmt: skip
    return {row["taken"] for row in found}


def _facts(one: Entrant) -> tuple[object, ...]:
    """An ``api.entrant``, field by field."""
    row, job, tags, once = one.row, one.job, one.tags, one.once
    return (
        row.account, once.route, once.key, once.fingerprint, one.answer.status, one.answer.body,
        one.answer.location,
        row.hold, one.tokens, one.ttl, tags.api_key, tags.project, tags.customer_ref, tags.kind,
        row.id, _json(row.request), _json(row.resolved), row.audition_tokens, row.license_tokens,
        row.price_book, row.created_at, row.deadline_at,
        job.seed, job.lane, job.expected_s, job.trace, job.engine or "",
    )  # fmt: skip


TAKE_IN = """
select said, facts from api.take_in(
  $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
  $22, $23, $24, $25, $26, $27, $28, $29, $30)
"""
_FULL: dict[str, bounds.Whose] = {
    "too many of the account": "account", "too many of the key": "key",
}  # fmt: skip
"""What the function says where it takes nothing in; any other word of it is a fault."""


async def take_in(conn: asyncpg.Connection, settings: GatewaySettings, one: Entrant) -> bool:
    """The same for one, which waits for its wallet and is told why not."""
    try:
        found = await _asked_alone(conn, settings, one)
    except asyncpg.RaiseError as full:
        if not str(full).startswith("too many of the "):
            raise  # somebody else's word, and no bound of ours
        whose = _FULL.get(str(full))
        if whose is None:
            raise
        raise await bounds.full(conn, settings, one.caller, whose) from None
    except asyncpg.UniqueViolationError as twice:
        if getattr(twice, "table_name", None) != "idempotency":
            raise
        return False
    assert found is not None, "a function with OUT parameters returns one row"
    if found["said"] == "running":
        raise _still_running()
    if found["said"] in ("taken", "answered"):
        return found["said"] == "taken"
    facts = None if found["facts"] is None else msgspec.json.decode(found["facts"])
    twice = f"{one.row.id} was held for other tokens before"
    raise ledger.refusal(found["said"], one.row.account, one.tokens, facts, twice)


async def _asked_alone(
    conn: asyncpg.Connection, settings: GatewaySettings, one: Entrant
) -> asyncpg.Record | None:
    row, job, tags = one.row, one.job, one.tags
    return await conn.fetchrow(
        TAKE_IN, row.account, one.once.route, one.once.key, one.once.fingerprint,
        one.answer.status, one.answer.body, one.answer.location, row.hold, row.id, one.tokens,
        one.ttl, tags.api_key, tags.project, tags.customer_ref, tags.kind, _json(row.request),
        _json(row.resolved), row.audition_tokens, row.license_tokens, row.price_book,
        row.created_at, row.deadline_at, job.seed, job.lane, job.expected_s, job.trace,
        job.engine or "", queue.URGENT, settings.open_briefs, settings.open_briefs_per_key,
    )  # fmt: skip


def _still_running() -> IdempotencyInProgress:
    return IdempotencyInProgress("a request with this Idempotency-Key is still running")


def _json(value: Struct) -> str:
    return msgspec.json.encode(value).decode()
