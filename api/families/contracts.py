"""A family of cabin sounds as its client sees it."""

from datetime import datetime

from msgspec import Struct

from api.briefs.contracts import CandidateLine, Status, Tokens
from engine.contracts import Failed, FamilyBrief, ResolvedFamily, RetractedTake
from engine.queue.contracts import Progress


class FamilyQuote(Struct, frozen=True, kw_only=True):
    """The price of a family, binding for fifteen minutes; nothing has been charged for it.

    ``id`` goes into a family's ``quote``; the other figures are as in a brief's quote.
    """

    id: str
    audition_tokens: int
    audition_tokens_each: int
    license_tokens: int
    candidates: int
    price_book: str
    expected_s: float
    available_tokens: int
    resolved: ResolvedFamily
    created_at: datetime
    expires_at: datetime


class FamilyView(Struct, frozen=True, kw_only=True):
    """A family of cabin sounds: what was asked, how it was understood, how far it is."""

    id: str
    status: Status
    created_at: datetime
    deadline_at: datetime
    finished_at: datetime | None
    cancel_asked: bool
    seed: int
    request: FamilyBrief
    resolved: ResolvedFamily
    tokens: Tokens
    price_book: str
    progress: Progress
    attempt: int
    queue_position: int
    expected_s: float
    candidates: tuple[CandidateLine, ...]
    retracted_takes: tuple[RetractedTake, ...]
    failure: Failed | None


class FamilyLine(Struct, frozen=True, kw_only=True):
    """A family in a list."""

    id: str
    status: Status
    created_at: datetime
    finished_at: datetime | None
    project: str | None
    customer_ref: str | None
    url: str


class FamilyList(Struct, frozen=True, kw_only=True):
    """A page of families, newest first; ``next_cursor`` is None on the last page."""

    items: tuple[FamilyLine, ...]
    next_cursor: str | None
