"""Licenses and tracks as the client sees them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from engine.contracts import Asset, Measured, Outline, Rights

Places = Annotated[str, Meta(pattern=r"^(world|[A-Z]{2}(,[A-Z]{2}){0,63})$")]
"""Everywhere, or countries by their two letters (ISO 3166-1)."""


class NewLicense(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a license shall grant where it is not what the brief said, and how the certificate
    tells the client's words: as digests, or plainly."""

    catalog_resale: bool | None = None
    exclusive: bool | None = None
    territory: Places | None = None
    words: Literal["hashed", "plain"] = "hashed"


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


class CertificateQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The language to read the page in; left out, the browser's where it is one of these."""

    language: Literal["en", "zh"] | None = None


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
