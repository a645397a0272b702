"""Catalogue runs: what they are, and the calls that are made of them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import msgspec
from msgspec import Struct, structs

from cuesmith_client.calls import Call, get, post, safe
from cuesmith_client.things import Failure

T = TypeVar("T")
PAGE = 500
PICKS_AT_ONCE = 100
UPLOAD_S = 300.0
"""How long an upload may take to be read, line by line."""
Lines = Path | bytes | Iterable[dict[str, Any]]
"""A file of JSON lines, its bytes, or briefs one by one."""


class BatchQuote(Struct, frozen=True, kw_only=True):
    """What an upload would cost; it does not bind."""

    briefs: int
    tokens: int
    license_tokens: int
    expected_s: float
    available_tokens: int


class BatchTokens(Struct, frozen=True, kw_only=True):
    """A batch's money: quoted = held + captured + released; ``licenses`` is what was picked."""

    quoted: int
    held: int
    captured: int
    released: int
    late: int = 0
    licenses: int = 0


class BatchView(Struct, frozen=True, kw_only=True):
    """A batch, and how far it is."""

    id: str
    name: str | None
    status: str
    created_at: datetime
    deadline_at: datetime
    finished_at: datetime | None
    briefs: int
    counts: dict[str, int]
    candidates: int
    licenses: int
    tokens: BatchTokens
    expected_s: float
    expected_end_at: datetime | None

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.finished_at is not None

    @property
    def done(self) -> int:
        """How many of its briefs have ended."""
        return self.briefs - self.counts.get("queued", 0) - self.counts.get("running", 0)


class BatchItem(Struct, frozen=True, kw_only=True):
    """A batch in a list."""

    id: str
    name: str | None
    status: str
    briefs: int
    created_at: datetime
    finished_at: datetime | None


class BatchItems(Struct, frozen=True, kw_only=True):
    """A page of batches, newest first."""

    items: tuple[BatchItem, ...]
    next_cursor: str | None = None


class ResultCandidate(Struct, frozen=True, kw_only=True):
    """A candidate in a line of results."""

    id: str
    number: int
    status: str
    rating: float
    passed: bool
    license: str | None = None
    track: str | None = None


class Result(Struct, frozen=True, kw_only=True):
    """What has become of one line of an upload."""

    line: int
    reference: str | None
    brief: str
    status: str
    finished_at: datetime | None
    tokens: dict[str, int]
    failure: Failure | None
    candidates: tuple[ResultCandidate, ...]


class Results(Struct, frozen=True, kw_only=True):
    """A page of results, in the order of the upload."""

    items: Sequence[Result]
    next_cursor: str | None


class Pick(Struct, frozen=True, kw_only=True):
    """A candidate that is licensed; ``new``: just now."""

    line: int
    reference: str | None
    brief: str
    candidate: str
    rating: float
    license: str
    track: str
    tokens: int
    new: bool


class Picks(Struct, frozen=True, kw_only=True):
    """What is licensed of some lines; ``stopped``: the refusal after which no more was."""

    picks: tuple[Pick, ...]
    skipped: tuple[dict[str, Any], ...]
    stopped: str | None


_RESULTS = msgspec.json.Decoder(Result)


def results_in(content: bytes, link: str | None) -> Results:
    """A page of JSON lines, and where the ``Link`` header leads on."""
    cursor = None
    if link is not None:
        asked = parse_qs(urlsplit(link.partition(">")[0].lstrip("<")).query)
        cursor = asked["cursor"][0]
    return Results(items=_RESULTS.decode_lines(content), next_cursor=cursor)


def content_of(lines: Lines) -> bytes:
    """Briefs as JSON lines."""
    if isinstance(lines, Path):
        return lines.read_bytes()
    if isinstance(lines, bytes):
        return lines
    return b"".join(msgspec.json.encode(one) + b"\n" for one in lines)


def quote(lines: Lines) -> Call[BatchQuote]:
    """What an upload would cost; every line of it is looked at."""
    return _upload("/v1/batches/quotes", BatchQuote, lines, {}, None)


def send(lines: Lines, asked: dict[str, Any], key: str | None) -> Call[BatchView]:
    """Set the tokens of all lines aside and have them made."""
    return _upload("/v1/batches", BatchView, lines, asked, key)


def view(named: str) -> Call[BatchView]:
    """A batch as it stands."""
    return get(f"/v1/batches/{safe(named)}", BatchView)


def page(limit: int, cursor: str | None) -> Call[BatchItems]:
    """A page of batches."""
    return get("/v1/batches", BatchItems, limit=limit, cursor=cursor)


def results(named: str, status: str | None, cursor: str | None) -> Call[Results]:
    """A page of results."""
    where = f"/v1/batches/{safe(named)}/results"
    return get(where, Results, status=status, limit=PAGE, cursor=cursor)


def cancel(named: str) -> Call[BatchView]:
    """Stop a batch; what was delivered stays."""
    return post(f"/v1/batches/{safe(named)}/cancel", BatchView)


def picks(named: str, first_line: int, rating_min: float) -> Call[Picks]:
    """License the best of a hundred lines."""
    asked = {"first_line": first_line, "last_line": first_line + PICKS_AT_ONCE - 1,
             "rating_min": rating_min}  # fmt: skip
    return post(f"/v1/batches/{safe(named)}/picks", Picks, asked)


def statement_path(named: str, form: str) -> str:
    """Where a batch's statement is."""
    return f"/v1/batches/{safe(named)}/statement?format={safe(form)}"


def package_path(named: str, files: str) -> str:
    """Where everything of a batch that is licensed is, in one archive."""
    return f"/v1/batches/{safe(named)}/package?files={safe(files)}"


def _upload(
    path: str, shape: type[T], lines: Lines, asked: dict[str, Any], key: str | None
) -> Call[T]:
    told = {name: value for name, value in asked.items() if value is not None}
    call = post(path, shape, key=key)
    return structs.replace(call, lines=content_of(lines), query=told, wait_s=UPLOAD_S)
