"""A price book: what things cost, as data. Nothing here knows today's date or an account."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from billing.contracts import Pack

Name = Annotated[str, Meta(pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Seconds = Annotated[int, Meta(ge=1, le=3600)]
Least = Annotated[int, Meta(ge=1, le=10_000)]
Times = Annotated[int, Meta(ge=1, le=1000)]
Lane = Literal["interactive", "batch"]
SkuName = Literal["audition", "license", "exclusive", "late", "rendition"]


class Rate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one kind costs where it does not cost what the others do."""

    seconds_per_token: Seconds
    license_times: Times
    least: Least = 1


class Tier(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Postpaid: a month's tokens up to and with ``up_to`` at a rate each, in major units of a
    currency: "0.30". The last tier has no end."""

    up_to: Annotated[int, Meta(ge=1)] | None
    rate: Annotated[dict[str, str], Meta(min_length=1)]


class PriceBook(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What things cost from the day that names it until the next book's day, or for one account.

    A candidate costs a token for every begun ``seconds_per_token``, its license ``license_times``
    as much; ``kinds`` says what costs otherwise (``family_sound`` is a sound of a family). Batch
    work costs its share; what ends in half a token is rounded up.
    """

    name: Name
    seconds_per_token: Seconds
    license_times: Times
    exclusive_times: Times | None = None
    """How many licenses an exclusive one costs; None where none is sold."""
    quality_times: dict[str, Times]
    family_sound_tokens_min: Least = 1
    kinds: dict[str, Rate] = {}
    batch_share: tuple[Annotated[int, Meta(ge=1)], Annotated[int, Meta(ge=1)]]
    rendition_tokens: Literal[0] = 0
    """Renditions of a licensed track are free: nothing charges for them, so no book may."""
    packs: tuple[Pack, ...]
    tiers: tuple[Tier, ...] = ()


class Sku(Struct, frozen=True, kw_only=True):
    """A line of a price list: what a candidate of any length costs.

    Tokens = begun ``seconds_per_token`` (``least`` at least) x ``times`` x ``share``, rounded up.
    A candidate that comes after its brief has ended (``late``) costs what its audition would have.
    """

    sku: SkuName
    kind: str
    """A kind, ``family_sound``, or ``*`` for all that have no line of their own."""
    lane: Lane
    seconds_per_token: int
    least: int
    times: int
    share: tuple[int, int]


class PriceList(Struct, frozen=True, kw_only=True):
    """A book that holds for one account from ``since`` to the day before ``until`` (None: until it
    is ended)."""

    name: str
    since: str
    until: str | None
    book: PriceBook
