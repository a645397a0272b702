"""What briefs and families have in common: tokens are set aside, candidates come one by one, the
rest is given back."""

from datetime import timedelta
from typing import Any

import asyncpg

from api.briefs import store
from api.briefs.contracts import PaidRow, Seen, Status, Tokens
from api.errors import AlreadyTerminal
from api.keys.contracts import Caller
from api.shop import Shop
from billing.contracts import Quote as Price
from billing.contracts import Tags
from billing.ledger import service as ledger
from engine.contracts import Brief, FamilyBrief
from engine.queue import service as queue
from engine.queue.contracts import JobView, Progress

HOLD_MARGIN = timedelta(minutes=15)
"""A hold outlives its brief's deadline by this; the clerk extends it while a studio works."""


async def set_aside(
    conn: asyncpg.Connection,
    caller: Caller,
    made: str,
    price: Price,
    deadline_s: int,
    tags: Tags,
) -> dict[str, Any]:
    """Hold the tokens of a brief or a family; returns what its row says beside its wish.

    All times are reckoned from the hold's, which is by the database's clock: that one decides what
    is too late, whatever the clock of this gateway says.
    """
    deadline = timedelta(seconds=deadline_s)
    held = await ledger.place_hold(
        conn, caller.account, made, price.hold_tokens, deadline + HOLD_MARGIN, tags=tags
    )
    deadline_at = held.expires_at - HOLD_MARGIN
    return {
        "id": made, "account": caller.account, "audition_tokens": price.audition_tokens,
        "license_tokens": price.license_tokens, "hold": held.id, "price_book": price.price_book,
        "created_at": deadline_at - deadline, "deadline_at": deadline_at, "cancel_asked_at": None,
        "outcome": None, "failure": None, "retracted_takes": (), "finished_at": None,
    }  # fmt: skip


def tags_of(key: str, request: Brief | FamilyBrief, kind: str) -> Tags:
    """What a spending for a brief or a family is grouped by, and capped by."""
    return Tags(api_key=key, project=request.project, customer_ref=request.customer_ref, kind=kind)


async def stop(conn: asyncpg.Connection, row: PaidRow) -> None:
    """Ask for the end; `AlreadyTerminal` where it has come already."""
    if row.outcome not in (None, "canceled"):
        raise AlreadyTerminal(f"this has ended: {row.outcome}")
    await store.mark_cancel(conn, row.id)
    await queue.ask_cancel(conn, row.id)


async def told(conn: asyncpg.Connection, shop: Shop, row: PaidRow) -> dict[str, Any]:
    """What is said of a brief or a family beside its wish: how far it is, and its money."""
    job = await queue.view(conn, row.id)
    assert job is not None, "a brief and its job are written together"
    held = await ledger.hold(conn, row.hold)
    assert held is not None, "brief and hold are written together"
    lines = await store.select_candidates(conn, row.id, shop.settings.public_url)
    seen = Seen(
        job=job, quoted=held.quoted, captured=held.captured, released=held.released,
        candidates=lines,
    )  # fmt: skip
    return told_of(row, seen)


def told_of(row: PaidRow, seen: Seen) -> dict[str, Any]:
    """The same, where it has been read already."""
    job = seen.job
    return {
        "id": row.id,
        "status": _status(row, job),
        "created_at": row.created_at,
        "deadline_at": row.deadline_at,
        "finished_at": row.finished_at,
        "cancel_asked": row.cancel_asked_at is not None,
        "tokens": _tokens(row, seen),
        "price_book": row.price_book,
        "progress": job.progress if row.outcome is None else Progress(step="ended"),
        "attempt": job.attempt,
        "queue_position": job.position,
        "expected_s": job.expected_s,
        "candidates": seen.candidates,
        "retracted_takes": row.retracted_takes,
        "failure": row.failure,
    }


def _status(row: PaidRow, job: JobView) -> Status:
    """A job that ended is still running for its client until its money is settled."""
    if row.outcome is not None:
        return row.outcome
    return "queued" if job.state == "queued" else "running"


def _tokens(row: PaidRow, seen: Seen) -> Tokens:
    return Tokens(
        quoted=seen.quoted,
        held=seen.quoted - seen.captured - seen.released,
        captured=seen.captured,
        released=seen.released,
        audition_each=row.audition_tokens,
        license_each=row.license_tokens,
    )
