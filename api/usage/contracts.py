"""Money as the client sees it: what there is, what was spent, what is being bought."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from api.entrance import Cursor, Limit
from billing.contracts import Balance, LedgerLine, UsageRow

State = Literal["requested", "open", "paid", "expired", "failed"]
Instant = Annotated[datetime, Meta(tz=True)]


class AccountBalance(Struct, frozen=True, kw_only=True):
    """``available`` is what a new hold may take: posted - held + credit_limit."""

    account: str
    balance: Balance


class LedgerPage(Struct, frozen=True, kw_only=True):
    """Transfers, oldest first; each line says what was left after it."""

    items: tuple[LedgerLine, ...]
    next_cursor: str | None


class LedgerQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of the ledger."""

    limit: Limit = 50
    cursor: Cursor | None = None


class UsageQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which time; the last thirty days when nothing is said. ``until`` is not included."""

    since: Instant | None = None
    until: Instant | None = None


class Usage(Struct, frozen=True, kw_only=True):
    """A period that proves itself: opening + what the lines say = closing.

    ``spent`` groups the captures by day and by what they were for (audition, license).
    """

    since: datetime
    until: datetime
    opening: int
    closing: int
    spent: tuple[UsageRow, ...]
    spent_tokens: int
    lines: tuple[LedgerLine, ...]


class NewTopup(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the packs that `/v1/capabilities` lists."""

    tokens: Annotated[int, Meta(ge=1, le=10_000_000)]
    currency: Annotated[str, Meta(pattern="^[a-z]{3}$")] = "cny"


class Topup(Struct, frozen=True, kw_only=True):
    """Tokens being bought. ``checkout_url`` is where to pay, once Stripe has made it; the tokens
    last ``months`` from the payment on (null: for ever)."""

    id: str
    status: State
    tokens: int
    amount_minor: int
    currency: str
    months: int | None
    checkout_url: str | None
    detail: str | None
    created_at: datetime
    updated_at: datetime


class TopupList(Struct, frozen=True, kw_only=True):
    """Top-ups, newest first."""

    items: tuple[Topup, ...]
    next_cursor: str | None
