"""Money as the client sees it: what there is, what was spent, what is being bought."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from api.entrance import Cursor, Limit
from billing.contracts import Balance
from billing.statements.contracts import Line, Moved, Spent

State = Literal["requested", "open", "paid", "expired", "failed"]
Instant = Annotated[datetime, Meta(tz=True)]


class Expiring(Struct, frozen=True, kw_only=True):
    """Tokens of one pack that nobody has spent yet; ``expires_at`` is null where they stay."""

    tokens: int
    expires_at: datetime | None


class AccountBalance(Struct, frozen=True, kw_only=True):
    """``available`` is what a new hold may take: posted - held + credit_limit. ``packs`` are spent
    from in this order, the first to expire first."""

    account: str
    balance: Balance
    packs: tuple[Expiring, ...] = ()


class StatementLine(Line, frozen=True, kw_only=True):
    """One movement of the account's tokens: positive came in, negative went out.

    ``kind`` is audition, license, topup, grant, refund, expiry, clawback, reinstatement,
    repayment or settlement. ``reference`` is the candidate that was paid for, with its ``brief``
    (or family) and the ``license`` that was bought, or what came in. ``brief_kind``, ``key``,
    ``project`` and ``customer_ref`` are those of the brief.
    """

    brief: str | None = None
    license: str | None = None


class LedgerPage(Struct, frozen=True, kw_only=True):
    """Transfers, oldest first; each line says what was left after it."""

    items: tuple[StatementLine, ...]
    next_cursor: str | None


class LedgerQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of the ledger."""

    limit: Limit = 50
    cursor: Cursor | None = None


_COLUMN = "(day|sku|kind|key|project|customer_ref)"
Columns = Annotated[str, Meta(pattern=f"^{_COLUMN}(,{_COLUMN}){{0,5}}$")]
Format = Literal["json", "csv", "jsonl"]


class SheetQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to say it. ``group_by``: columns, with commas between them. ``format``: also by the
    Accept header. ``limit`` and ``cursor`` page through the lines; only JSON has pages."""

    group_by: Columns | None = None
    format: Format | None = None
    limit: Annotated[int, Meta(ge=1, le=1000)] | None = None
    cursor: Cursor | None = None


class UsageQuery(SheetQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which time; the last thirty days when nothing is said. ``until`` is not included."""

    since: Instant | None = None
    until: Instant | None = None


class Usage(Struct, frozen=True, kw_only=True):
    """A period that proves itself: opening + what the lines say = closing.

    ``moved`` adds all lines up by their kind; ``spent`` groups what was spent, by day and sku
    (audition, license) unless ``group_by`` says otherwise. ``lines`` has the first thousand, or
    ``limit``; ``next_cursor`` leads on.
    """

    since: datetime
    until: datetime
    opening: int
    closing: int
    moved: tuple[Moved, ...]
    spent: tuple[Spent, ...]
    spent_tokens: int
    returned_tokens: int
    lines: tuple[StatementLine, ...]
    next_cursor: str | None


class MonthStatement(Usage, frozen=True, kw_only=True):
    """A calendar month of UTC as a statement. ``complete``: the month is over and what is here
    will not change. Its ``opening`` is the ``closing`` of the month before."""

    account: str
    month: str
    complete: bool


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
