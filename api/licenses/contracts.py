"""Licenses and tracks as the client sees them."""

from datetime import datetime
from typing import Any

from msgspec import Struct

from engine.contracts import Asset, Measured, Outline, Rights


class License(Struct, frozen=True, kw_only=True):
    """The right to use a track, with its certificate as issued."""

    id: str
    track: str
    candidate: str
    tokens: int
    grants: bool
    notice: str
    rights: Rights
    created_at: datetime
    certificate: dict[str, Any]


class LicenseList(Struct, frozen=True, kw_only=True):
    """A page of licenses, newest first."""

    items: tuple[License, ...]
    next_cursor: str | None = None


class Track(Struct, frozen=True, kw_only=True):
    """A licensed piece of music: the clean master, its stems and its score.

    Of a family of cabin sounds ``brief`` is the family's id, ``files`` are its sounds by the names
    of their functions, and ``duration_ms`` counts all of them.
    """

    id: str
    license: str
    candidate: str
    brief: str
    created_at: datetime
    duration_ms: int
    plan: Outline | None
    measured: tuple[Measured, ...]
    files: tuple[Asset, ...]


class TrackList(Struct, frozen=True, kw_only=True):
    """A page of tracks, newest first."""

    items: tuple[Track, ...]
    next_cursor: str | None = None
