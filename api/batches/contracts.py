"""A catalogue run as its client sees it: thousands of briefs that came in one upload."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from api.briefs.contracts import CandidateStatus, NewBrief, Status
from api.entrance import Cursor
from engine.contracts import Brief, Failed, Resolved

MOST_LINES = 10_000
MOST_BYTES = 32 * 1024 * 1024
"""Of an upload, as it is sent and unpacked."""
LEAST_S, MOST_S, USUAL_S = 4 * 3600, 7 * 86_400, 7 * 86_400
"""Within how many seconds those briefs must be made that do not say so themselves."""
MOST_PICKS = 100
BatchStatus = Literal["running", "canceling", "ended"]
Files = Literal["masters", "all", "manifest"]
Reference = Annotated[str, Meta(min_length=1, max_length=128)]


class BatchLine(NewBrief, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line of an upload: a brief, and what its client calls it."""

    lane: Literal["batch"] = "batch"
    reference: Reference | None = None


class UploadQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``name``: what the run is called. ``max_tokens``: the most all auditions together may cost.
    ``deadline_s``: how long briefs that do not say so themselves may wait. ``again``: make it even
    if the same lines were uploaded before."""

    name: Annotated[str, Meta(min_length=1, max_length=128)] | None = None
    max_tokens: Annotated[int, Meta(ge=0, le=1_000_000_000)] | None = None
    deadline_s: Annotated[int, Meta(ge=LEAST_S, le=MOST_S)] = USUAL_S
    again: bool = False


class QuoteQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing but how long the briefs may wait, which costs the same."""

    deadline_s: Annotated[int, Meta(ge=LEAST_S, le=MOST_S)] = USUAL_S


class BatchQuote(Struct, frozen=True, kw_only=True):
    """What an upload would cost; nothing is held, and the price does not bind.

    ``tokens`` is for the auditions of all candidates, ``license_tokens`` for one license of each
    brief; ``expected_s`` are studio seconds.
    """

    briefs: int
    tokens: int
    license_tokens: int
    expected_s: float
    price_book: str
    available_tokens: int


class Counts(Struct, frozen=True, kw_only=True):
    """How many briefs of a batch are how far."""

    queued: int = 0
    running: int = 0
    succeeded: int = 0
    partially_succeeded: int = 0
    failed: int = 0
    canceled: int = 0
    expired: int = 0


class BatchTokens(Struct, frozen=True, kw_only=True):
    """A batch's money: quoted = held + captured + released. ``late`` was charged after a hold was
    over, ``licenses`` for what was picked."""

    quoted: int
    held: int
    captured: int
    released: int
    late: int
    licenses: int


class Batch(Struct, frozen=True, kw_only=True):
    """A catalogue run, and how far it is.

    ``expected_s`` are the studio seconds that what is left should take; ``expected_end_at`` is when
    that will be at its pace so far, null while there is none. ``sha256`` is of the lines.
    """

    id: str
    name: str | None
    status: BatchStatus
    created_at: datetime
    deadline_at: datetime
    finished_at: datetime | None
    briefs: int
    counts: Counts
    candidates: int
    licenses: int
    tokens: BatchTokens
    expected_s: float
    expected_end_at: datetime | None
    sha256: str
    url: str


class BatchItem(Struct, frozen=True, kw_only=True):
    """A batch in a list."""

    id: str
    name: str | None
    status: BatchStatus
    briefs: int
    created_at: datetime
    finished_at: datetime | None
    url: str


class BatchList(Struct, frozen=True, kw_only=True):
    """A page of batches, newest first."""

    items: tuple[BatchItem, ...]
    next_cursor: str | None = None


class ResultsQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which lines: those of one status, or all; in pages where there is a ``limit``."""

    status: Status | None = None
    limit: Annotated[int, Meta(ge=1, le=1000)] | None = None
    cursor: Cursor | None = None


class ResultTokens(Struct, frozen=True, kw_only=True):
    """What a brief of a batch may cost, what was spent for its auditions, and what one license of
    it costs."""

    quoted: int
    captured: int
    license: int


class ResultCandidate(Struct, frozen=True, kw_only=True):
    """A candidate in a line of results, with its license where it was picked."""

    id: str
    number: int
    status: CandidateStatus
    rating: float
    passed: bool
    expires_at: datetime
    license: str | None
    track: str | None


class Result(Struct, frozen=True, kw_only=True):
    """A line of results: what has become of the brief of that line."""

    line: int
    reference: str | None
    brief: str
    status: Status
    finished_at: datetime | None
    tokens: ResultTokens
    failure: Failed | None
    candidates: tuple[ResultCandidate, ...]


class NewPicks(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of which lines the best candidate is to be licensed, unless one of theirs is already."""

    first_line: Annotated[int, Meta(ge=1, le=MOST_LINES)]
    last_line: Annotated[int, Meta(ge=1, le=MOST_LINES)]
    rating_min: Annotated[float, Meta(ge=0, le=1)] = 0.0


class Pick(Struct, frozen=True, kw_only=True):
    """A candidate that is licensed. ``new``: it was licensed just now."""

    line: int
    reference: str | None
    brief: str
    candidate: str
    rating: float
    license: str
    track: str
    tokens: int
    new: bool


class Skipped(Struct, frozen=True, kw_only=True):
    """A line of which nothing was licensed: it is ``unfinished``, there is ``no_candidate``, or
    none ``rated`` so high; or nothing more could be ``paid``."""

    line: int
    reason: Literal["unfinished", "no_candidate", "rated", "paid"]


class Picks(Struct, frozen=True, kw_only=True):
    """What is licensed of the lines that were asked for. ``stopped`` is the code of the refusal
    after which nothing more was licensed."""

    picks: tuple[Pick, ...]
    skipped: tuple[Skipped, ...]
    stopped: str | None


class PackageQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What of the licensed tracks comes into the package: their masters, all their files, or only
    the list of them."""

    files: Files = "masters"


class Wish(Struct, frozen=True, kw_only=True):
    """A line that was understood, before it has a price."""

    line: int
    reference: str | None
    request: Brief
    resolved: Resolved
    engine: str | None
    expected_s: float


class Priced(Struct, frozen=True, kw_only=True):
    """A line that may be taken in."""

    wish: Wish
    audition_tokens: int
    license_tokens: int
    price_book: str

    @property
    def tokens(self) -> int:
        """What the auditions of all its candidates cost."""
        return self.audition_tokens * self.wish.resolved.candidates


class NewBatch(Struct, frozen=True, kw_only=True):
    """A batch about to be taken in."""

    id: str
    account: str
    key: str
    name: str | None
    sha256: str
    again: bool
    trace: str
