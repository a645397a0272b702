"""What the service answers, as far as a program needs it. Fields that are not named here are
ignored, so an older client reads a newer service."""

from datetime import datetime
from typing import Any

from msgspec import Struct, field


class Quote(Struct, frozen=True, kw_only=True):
    """A price that binds for fifteen minutes."""

    id: str
    audition_tokens: int
    license_tokens: int
    candidates: int
    expected_s: float
    available_tokens: int
    resolved: dict[str, Any]
    expires_at: datetime


class Tokens(Struct, frozen=True, kw_only=True):
    """A brief's money: what it may cost, what is set aside, what was spent and given back."""

    quoted: int
    held: int
    captured: int
    released: int


class Progress(Struct, frozen=True, kw_only=True):
    """How far a studio has come: ``done`` of ``total`` units of ``step``."""

    step: str = "queued"
    done: int = 0
    total: int = 0


class Failure(Struct, frozen=True, kw_only=True):
    """Why something did not come."""

    code: str
    detail: str


class CandidateLine(Struct, frozen=True, kw_only=True):
    """A candidate in its brief."""

    id: str
    number: int
    status: str
    rating: float
    passed: bool


class Brief(Struct, frozen=True, kw_only=True):
    """A brief: what was asked, how it was understood, how far it is."""

    id: str
    status: str
    seed: int
    created_at: datetime
    finished_at: datetime | None
    resolved: dict[str, Any]
    tokens: Tokens
    progress: Progress
    expected_s: float
    candidates: tuple[CandidateLine, ...]
    failure: Failure | None

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.finished_at is not None


class BriefLine(Struct, frozen=True, kw_only=True):
    """A brief in a list."""

    id: str
    status: str
    kind: str
    created_at: datetime
    finished_at: datetime | None


class Measured(Struct, frozen=True, kw_only=True):
    """One constraint as it measures."""

    name: str
    asked: Any = None
    measured: Any = None
    passed: bool = field(name="pass", default=True)
    detail: str = ""


class Candidate(Struct, frozen=True, kw_only=True):
    """A take good enough to offer, with every constraint as it measures."""

    id: str
    brief: str
    number: int
    status: str
    rating: float
    passed: bool
    tokens: int
    license_tokens: int
    measured: tuple[Measured, ...]
    peaks: tuple[float, ...]
    license: str | None
    expires_at: datetime
    exclusive_tokens: int | None = None


class License(Struct, frozen=True, kw_only=True):
    """The right to use a track, with its signed certificate."""

    id: str
    track: str
    candidate: str
    tokens: int
    grants: bool
    notice: str
    rights: dict[str, Any]
    created_at: datetime
    certificate: dict[str, Any]


class File(Struct, frozen=True, kw_only=True):
    """A file of a track."""

    name: str
    sha256: str
    bytes: int
    media_type: str


class Track(Struct, frozen=True, kw_only=True):
    """A licensed piece of music and its files."""

    id: str
    license: str
    brief: str
    duration_ms: int
    files: tuple[File, ...]


class RenditionFile(File, frozen=True, kw_only=True):
    """A file of a rendition, and where it is."""

    url: str


class Rendition(Struct, frozen=True, kw_only=True):
    """A licensed track in another shape."""

    id: str
    track: str
    status: str
    finished_at: datetime | None
    files: tuple[RenditionFile, ...]
    failure: Failure | None

    @property
    def ended(self) -> bool:
        """Whether it is there, or will not come."""
        return self.finished_at is not None


class Plans(Struct, frozen=True, kw_only=True):
    """What a brief would become; each of ``plans`` can be edited and sent back in a brief."""

    id: str
    status: str
    seed: int
    plans: tuple[dict[str, Any], ...]
    failure: Failure | None

    @property
    def ended(self) -> bool:
        """Whether they are there, or will not come."""
        return self.status in ("ready", "failed")


class Balance(Struct, frozen=True, kw_only=True):
    """An account's tokens: ``available`` is what a new brief may hold."""

    posted: int
    held: int
    available: int


class AccountBalance(Struct, frozen=True, kw_only=True):
    """Whose tokens they are, and how many."""

    account: str
    balance: Balance


class TopUp(Struct, frozen=True, kw_only=True):
    """Tokens that are being bought; ``checkout_url`` is there once the status is ``open``."""

    id: str
    status: str
    tokens: int
    checkout_url: str | None = None

    @property
    def ended(self) -> bool:
        """Whether it is paid, or will not be."""
        return self.status in ("paid", "expired", "failed")


class Briefs(Struct, frozen=True, kw_only=True):
    """A page of briefs, newest first."""

    items: tuple[BriefLine, ...]
    next_cursor: str | None = None


class Tracks(Struct, frozen=True, kw_only=True):
    """A page of tracks, newest first."""

    items: tuple[Track, ...]
    next_cursor: str | None = None
