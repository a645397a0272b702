"""Renditions as their client sees them: ordered, made, downloaded."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from api.entrance import Wait
from engine.contracts import (
    Asset,
    Brief,
    Failed,
    FamilyBrief,
    FamilyMade,
    Made,
    Profile,
    RenditionOrder,
    SoundFile,
)
from engine.queue.contracts import JobState

Status = Literal["queued", "running", "succeeded", "failed"]


class RenditionFile(Struct, frozen=True, kw_only=True):
    """A file of a rendition. ``sound`` says what is in it; null for what is no sound."""

    name: str
    url: str
    media_type: str
    bytes: int
    sha256: str
    sound: SoundFile | None


class Rendition(Struct, frozen=True, kw_only=True):
    """A licensed track in another shape; it costs nothing and is kept as long as the track.

    ``order`` is what was asked for, without what plays no part in it: the same order for the same
    track is the same rendition. ``sounds`` describes every sound of it, also those inside an
    archive.
    """

    id: str
    track: str
    status: Status
    order: RenditionOrder
    created_at: datetime
    finished_at: datetime | None
    queue_position: int
    files: tuple[RenditionFile, ...]
    sounds: tuple[SoundFile, ...]
    failure: Failed | None
    url: str


class RenditionLine(Struct, frozen=True, kw_only=True):
    """A rendition in a list; its files are at its own address."""

    id: str
    status: Status
    order: RenditionOrder
    created_at: datetime
    finished_at: datetime | None
    url: str


class RenditionList(Struct, frozen=True, kw_only=True):
    """A page of a track's renditions, newest first."""

    items: tuple[RenditionLine, ...]
    next_cursor: str | None = None


class RenditionQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``wait``: seconds to hold the answer back until the rendition has ended."""

    wait: Wait | None = None


class PackageQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For whom the package is laid out; ``wait``: seconds to hold the answer back until it is
    built; ``link``: answer with an address that needs no key instead of the archive itself."""

    profile: Profile
    wait: Wait | None = None
    link: bool = False


class Ordered(Struct, frozen=True, kw_only=True):
    """An order and the track it is for."""

    track: str
    order: RenditionOrder


class TrackRow(Struct, frozen=True, kw_only=True):
    """What a rendition can be made from: a licensed candidate as the studio delivered it."""

    track: str
    license: str
    request: Brief | FamilyBrief
    made: Made | FamilyMade

    @property
    def family(self) -> FamilyMade | None:
        """The family, where the track is one."""
        return self.made if isinstance(self.made, FamilyMade) else None

    @property
    def assets(self) -> tuple[Asset, ...]:
        """Every file that was delivered with it."""
        if isinstance(self.made, Made):
            return self.made.assets
        return (*self.made.assets, *(one for each in self.made.members for one in each.assets))


class RenditionRow(Struct, frozen=True, kw_only=True):
    """A rendition as it is kept."""

    id: str
    account: str
    track: str
    order: RenditionOrder
    created_at: datetime


class LineRow(Struct, frozen=True, kw_only=True):
    """A rendition in a list, as it is read; ``job`` is its job's state, ``failed`` whether its
    last word is why it is not there."""

    id: str
    order: RenditionOrder
    job: JobState
    failed: bool
    created_at: datetime
    finished_at: datetime | None
