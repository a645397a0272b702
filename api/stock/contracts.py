"""What is found when the store is compared with the rows."""

from datetime import datetime

from msgspec import Struct


class Found(Struct, frozen=True, kw_only=True):
    """An object as it lies in the store."""

    sha256: str
    bytes: int
    modified_at: datetime


class Totals(Struct, frozen=True, kw_only=True):
    """How much is known to lie in the store, and how much of it nobody refers to."""

    objects: int
    bytes: int
    condemned: int


class Wrong(Struct, frozen=True, kw_only=True):
    """An object that rows refer to and that is not there, or not with its size."""

    sha256: str
    bytes: int
    found: int | None


class Survey(Struct, frozen=True, kw_only=True):
    """The whole store beside all rows. ``arriving`` counts those that nobody refers to yet."""

    referenced: int
    listed: int
    wrong: tuple[Wrong, ...]
    orphans: tuple[Found, ...]
    arriving: int


class Swept(Struct, frozen=True, kw_only=True):
    """What a sweep has done, or would do."""

    adopted: int = 0
    condemned: int = 0
    reprieved: int = 0
    deleted: int = 0
