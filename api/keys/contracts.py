"""Who calls: accounts, keys and what a key may do."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

Mode = Literal["test", "live"]
Scope = Literal["briefs", "read", "billing", "admin"]
SCOPES: tuple[Scope, ...] = ("briefs", "read", "billing", "admin")

COVERS: dict[Scope, frozenset[Scope]] = {
    "read": frozenset({"read"}),
    "briefs": frozenset({"briefs", "read"}),
    "billing": frozenset({"billing"}),
    "admin": frozenset(SCOPES),
}
"""What a granted scope allows: who may submit may also read, an admin may everything."""


class Account(Struct, frozen=True, kw_only=True):
    """The paying company. Test accounts have test wallets and licenses that grant nothing."""

    id: str
    name: str
    mode: Mode
    billing: Literal["prepaid", "postpaid"]


class Caller(Struct, frozen=True, kw_only=True):
    """Who sent a request, known by its key."""

    account: str
    key: str
    mode: Mode
    billing: Literal["prepaid", "postpaid"]
    scopes: tuple[Scope, ...]

    def may(self, scope: Scope) -> bool:
        """Whether one of the key's scopes covers this one."""
        return scope in self.scopes or any(scope in COVERS[granted] for granted in self.scopes)


KeyName = Annotated[str, Meta(min_length=1, max_length=80)]
Scopes = Annotated[tuple[Scope, ...], Meta(min_length=1, max_length=4)]


class NewKey(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key to be made."""

    name: KeyName
    scopes: Scopes = ("briefs", "read")
    expires_at: Annotated[datetime, Meta(tz=True)] | None = None


class Rotation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long, in seconds, the secrets that a key had may still be used: a day, unless said."""

    overlap_s: Annotated[int, Meta(ge=0, le=7 * 86_400)] = 86_400


class Key(Struct, frozen=True, kw_only=True):
    """A key as its account sees it; ``hint`` is how its secret begins. ``last_used_at`` is true to
    the minute or two."""

    id: str
    name: str
    hint: str
    mode: Mode
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    rotated_at: datetime | None = None
    last_used_at: datetime | None = None


class CreatedKey(Struct, frozen=True, kw_only=True):
    """A key with its new secret, which is shown this once."""

    key: Key
    secret: str


class KeyList(Struct, frozen=True, kw_only=True):
    """All keys of an account, newest first."""

    items: tuple[Key, ...]
