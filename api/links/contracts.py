"""A link as its client gets it, and as it comes back."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct


class Link(Struct, frozen=True, kw_only=True):
    """Where a file can be fetched without a key, until ``expires_at``.

    Whoever has the address has the file, so hand it on with care. Ranges work; ``sha256`` and
    ``bytes`` are those of the whole file.
    """

    url: str
    expires_at: datetime
    media_type: str
    bytes: int
    sha256: str


class FileQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``link``: answer with an address that needs no key instead of the file itself."""

    link: bool = False


class TicketQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``ticket``: what a link carries in the place of a key."""

    ticket: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,400}\.[A-Za-z0-9_-]{43}$")]


class Ticket(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a ticket is good for; the file's name stands beside it and is signed too."""

    until: int  # seconds since 1970
    sha256: str
    bytes: int
    media_type: str
