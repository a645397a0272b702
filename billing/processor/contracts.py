"""What we keep of Stripe's objects, and what the gateway may leave for the clerk. Money in minor
units of an ISO currency."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

ErrandKind = Literal["portal", "preview", "refund", "credit_note"]
ErrandState = Literal["asked", "done", "failed"]
InvoiceStatus = Literal["draft", "open", "paid", "uncollectible", "void"]
Collection = Literal["send_invoice", "charge_automatically"]


class Terms(Struct, frozen=True, kw_only=True):
    """How a postpaid account is invoiced."""

    account: str
    currency: Annotated[str, Meta(pattern="^[a-z]{3}$")] = "cny"
    collection: Collection = "send_invoice"
    days_until_due: Annotated[int, Meta(ge=0, le=365)] = 14
    grace_days: Annotated[int, Meta(ge=0, le=365)] = 7
    """Days after an invoice fell due, or its payment failed, before the account is frozen."""
    test_clock: str | None = None


class InvoiceLine(Struct, frozen=True, kw_only=True):
    """A line of an invoice; ``tokens`` is 0 where it is not for tokens."""

    id: str
    description: str | None
    tokens: int
    amount_minor: int
    period_start: datetime
    period_end: datetime


class Billed(Struct, frozen=True, kw_only=True):
    """What an invoice says, wherever it is kept."""

    id: str
    status: InvoiceStatus
    number: str | None
    currency: str
    total_minor: int
    paid_minor: int
    credited_minor: int
    period_start: datetime
    period_end: datetime
    tokens: int
    hosted_url: str | None
    pdf_url: str | None
    lines: tuple[InvoiceLine, ...]
    due_at: datetime | None
    created_at: datetime


class Invoice(Billed, frozen=True, kw_only=True):
    """An invoice as Stripe has it."""

    customer: str
    subscription: str | None
    finalized_at: datetime | None
    attempts: int
    """How often it was tried to collect it."""

    @property
    def failed_at(self) -> datetime | None:
        """When collecting it failed first: with its finalization, by the invoice's own clock."""
        unpaid = self.status in ("open", "uncollectible")
        return self.finalized_at if unpaid and self.attempts > 0 else None


class MirroredInvoice(Billed, frozen=True, kw_only=True):
    """An invoice as we keep it. It is to be paid at ``hosted_url``; unpaid after ``grace_until``,
    the account is frozen."""

    grace_until: datetime | None
    updated_at: datetime


class Preview(Struct, frozen=True, kw_only=True):
    """What the next invoice would say now; Stripe counts some minutes behind."""

    currency: str
    total_minor: int
    tokens: int
    period_start: datetime
    period_end: datetime
    lines: tuple[InvoiceLine, ...]


class Payment(Struct, frozen=True, kw_only=True):
    """A paid top-up, and how much of it has gone back."""

    payment_intent: str
    account: str
    topup: str
    amount_minor: int
    currency: str
    tokens: int
    refunded_minor: int
    taken_tokens: int
    disputed: bool
    created_at: datetime


class Errand(Struct, frozen=True, kw_only=True):
    """What Stripe is to be asked for, by the clerk, who has the key."""

    id: str
    account: str
    kind: ErrandKind
    state: ErrandState
    asked: dict[str, Any]
    answer: dict[str, Any] | None
    detail: str | None
    created_at: datetime
    updated_at: datetime
