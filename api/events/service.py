"""Listening to a brief or a family: from its own rows and a client's last number to a stream."""

import re
from typing import Literal

import asyncpg

from api.errors import NotFound, ValidationFailed
from api.events.audience import Seat
from api.events.lines import Line, written
from api.events.streaming import Listening
from api.keys.contracts import Caller
from api.shop import Shop
from billing.connections import lent
from engine.errors import Reason
from engine.queue import events

Noun = Literal["brief", "family"]
_WHAT: dict[Noun, str] = {"brief": "music", "family": "family"}

SELECT_LISTENED = """
select briefs.created_at, expected_s, outcome, briefs.finished_at, failure ->> 'code' as failure,
  jsonb_array_length(retracted_takes) as retracted_takes,
  (select count(*) from api.candidates where brief = briefs.id) as candidates
from api.briefs join engine.jobs on jobs.id = briefs.id
where briefs.id = $1 and briefs.account = $2 and what = $3
"""


def last_number(header: str | None) -> int | None:
    """The number a client saw last; none where it begins."""
    if header is None or not header.strip():
        return None
    if not re.fullmatch(r"[0-9]{1,9}", header.strip()):
        detail = "Last-Event-ID is not one we gave; leave it out to begin at the beginning"
        raise ValidationFailed([Reason("/header/last-event-id", "bad_event_id", detail)])
    return int(header)


async def listen(
    shop: Shop, caller: Caller, secret: bytes, noun: Noun, job: str, seen: int | None
) -> tuple[Seat, Listening] | None:
    """A seat in the audience and what is to be said there; None when a client that takes a stream
    up again has heard all there is. ``secret`` is the digest of what opens it, and ends it."""
    shop.audience.check_room(caller.account)
    async with lent(shop.pool) as conn:
        row = await conn.fetchrow(SELECT_LISTENED, job, caller.account, _WHAT[noun])
        if row is None:
            raise NotFound(f"there is no {noun} {job}")
        over = row["outcome"] is not None
        if over and seen is not None and not await events.since(conn, {job: seen}):
            return None
    begin = () if seen is not None else (_queued(noun, job, row),)
    ending = _ended(noun, job, row) if over else None
    return Seat(caller.account, secret, job), Listening(
        after=seen or 0, opening=begin, ending=ending, last=f"{noun}.ended"
    )


def _queued(noun: Noun, job: str, row: asyncpg.Record) -> Line:
    """The beginning, as the brief's own row says it."""
    facts = {"at": row["created_at"], noun: job, "expected_s": row["expected_s"]}
    return written(f"{noun}.queued", facts, 0)


def _ended(noun: Noun, job: str, row: asyncpg.Record) -> Line:
    """The end, where what was told is no longer kept."""
    facts = {
        "at": row["finished_at"], noun: job, "status": row["outcome"],
        "candidates": row["candidates"], "retracted_takes": row["retracted_takes"],
        "failure": row["failure"],
    }  # fmt: skip
    return written(f"{noun}.ended", facts)
