"""A brief as its client sees it: what was understood, what it may cost, how far it has come."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from api.entrance import Cursor, Limit, Wait
from billing.prices.contracts import Sku
from engine.contracts import (
    Brief,
    Failed,
    FamilyBrief,
    Resolved,
    ResolvedFamily,
    RetractedTake,
)
from engine.queue.contracts import JobState, JobView, Progress

Status = Literal[
    "queued", "running", "succeeded", "partially_succeeded", "failed", "canceled", "expired"
]
CandidateStatus = Literal["ready", "picked", "expired"]


class NewBrief(Brief, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client asks for: words, or exact constraints, or both. Words may be left out, but
    not be blank: whoever sends none has forgotten them."""

    prompt: Annotated[str, Meta(min_length=1, max_length=4000, pattern=r"\S")] = ""


class Quote(Struct, frozen=True, kw_only=True):
    """A price that binds for fifteen minutes; nothing has been charged for it.

    ``audition_tokens`` is the most the brief's auditions can cost, ``license_tokens`` what one pick
    costs. ``id`` goes into a brief's ``quote``.
    """

    id: str
    audition_tokens: int
    audition_tokens_each: int
    license_tokens: int
    candidates: int
    price_book: str
    expected_s: float
    available_tokens: int
    resolved: Resolved
    created_at: datetime
    expires_at: datetime


class Tokens(Struct, frozen=True, kw_only=True):
    """A brief's money: what it may cost, what is set aside now, what was spent and given back."""

    quoted: int
    held: int
    captured: int
    released: int
    audition_each: int
    license_each: int


class CandidateLine(Struct, frozen=True, kw_only=True):
    """A candidate in its brief; the rest is at its own address."""

    id: str
    number: int
    status: CandidateStatus
    rating: float
    passed: bool
    url: str
    expires_at: datetime


class BriefView(Struct, frozen=True, kw_only=True):
    """A brief: what was asked, how it was understood, how far it is.

    ``queue_position``: how many of the same key's briefs of this lane wait before it, counted up to
    a hundred. What others send does not push it back: accounts, and the keys of an account, take
    turns.
    """

    id: str
    status: Status
    created_at: datetime
    deadline_at: datetime
    finished_at: datetime | None
    cancel_asked: bool
    seed: int
    request: Brief
    resolved: Resolved
    tokens: Tokens
    price_book: str
    progress: Progress
    attempt: int
    queue_position: int
    expected_s: float
    candidates: tuple[CandidateLine, ...]
    retracted_takes: tuple[RetractedTake, ...]
    failure: Failed | None


class BriefLine(Struct, frozen=True, kw_only=True):
    """A brief in a list. ``words`` is how its prompt begins."""

    id: str
    status: Status
    kind: str
    words: str
    created_at: datetime
    finished_at: datetime | None
    project: str | None
    customer_ref: str | None
    url: str


class BriefList(Struct, frozen=True, kw_only=True):
    """A page of briefs, newest first; ``next_cursor`` is None on the last page."""

    items: tuple[BriefLine, ...]
    next_cursor: str | None


class BriefsQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which briefs to list."""

    limit: Limit = 20
    cursor: Cursor | None = None
    status: Status | None = None
    project: Annotated[str, Meta(min_length=1, max_length=64)] | None = None


class BriefQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``wait``: seconds to hold the answer back until the brief has ended."""

    wait: Wait | None = None


class PriceView(Struct, frozen=True, kw_only=True):
    """The account's price list, in force today.

    A candidate costs one token for every begun ``seconds_per_token``, its license
    ``license_times`` as much. A family costs that for each of its sounds, at least
    ``family_sound_tokens_min`` each. ``skus`` says the same line by line, with the kinds that cost
    otherwise and with what batch work costs. ``packs`` are for sale; their tokens last ``months``.
    ``tiers`` is the price of a postpaid account's month: so much a token up to ``up_to``.
    """

    book: str
    seconds_per_token: int
    license_times: int
    family_sound_tokens_min: int
    quality_times: dict[str, int]
    currencies: tuple[str, ...]
    packs: tuple[dict[str, Any], ...]
    tiers: tuple[dict[str, Any], ...]
    skus: tuple[Sku, ...]


class Limits(Struct, frozen=True, kw_only=True):
    """How much this key may ask for, and how much of it is left."""

    candidates_max: int
    prompt_max_characters: int
    body_max_bytes: int
    requests_per_minute: int
    requests_at_once: int
    open_briefs_max: int
    open_briefs: int
    open_briefs_per_key_max: int
    open_briefs_of_key: int
    plans_per_minute: int
    plans_at_once: int
    open_plans_max: int
    open_plans: int
    plans_kept_h: int
    open_renditions_max: int
    open_renditions: int


class Model(Struct, frozen=True, kw_only=True):
    """A model that composes; ``sha256`` is what its candidates' provenance names as
    ``model_sha256``."""

    name: str
    sha256: str
    made_at: str
    parameters: int


class Capabilities(Struct, frozen=True, kw_only=True):
    """What this key may do here. ``marks`` says which marks an export carries."""

    mode: str
    billing: str
    scopes: tuple[str, ...]
    accepts: dict[str, Any]
    defaults: dict[str, Any]
    formats: dict[str, Any]
    models: tuple[Model, ...]
    marks: tuple[str, ...]
    prices: PriceView
    limits: Limits


class PaidRow(Struct, frozen=True, kw_only=True):
    """What is kept of everything that tokens are set aside for: briefs and families."""

    id: str
    account: str
    audition_tokens: int
    license_tokens: int
    hold: str
    price_book: str
    created_at: datetime
    deadline_at: datetime
    cancel_asked_at: datetime | None
    outcome: Status | None
    failure: Failed | None
    retracted_takes: tuple[RetractedTake, ...]
    finished_at: datetime | None


class BriefRow(PaidRow, frozen=True, kw_only=True):
    """A brief as it is kept."""

    request: Brief
    resolved: Resolved


class FamilyRow(PaidRow, frozen=True, kw_only=True):
    """A family as it is kept."""

    request: FamilyBrief
    resolved: ResolvedFamily


class Seen(Struct, frozen=True, kw_only=True):
    """How far a brief or a family is, beside its own row: its job, its hold and what came of it."""

    job: JobView
    quoted: int
    captured: int
    released: int
    candidates: tuple[CandidateLine, ...]


class NewQuote(Struct, frozen=True, kw_only=True):
    """A quote as it is written down."""

    id: str
    account: str
    fingerprint: str
    audition_tokens: int
    license_tokens: int
    price_book: str


class QuoteRow(Struct, frozen=True, kw_only=True):
    """A quote as it is kept."""

    fingerprint: str
    audition_tokens: int
    license_tokens: int
    price_book: str
    expires_at: datetime
    expired: bool


class LineRow(Struct, frozen=True, kw_only=True):
    """A brief in a list, as it is read; ``job`` is its job's state."""

    id: str
    outcome: Status | None
    job: JobState | None
    kind: str
    words: str = ""
    created_at: datetime
    finished_at: datetime | None
    project: str | None
    customer_ref: str | None
