"""Invoices as the client sees them, and the links and previews that Stripe makes for it."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from billing.processor.contracts import MirroredInvoice, Preview

Asked = Literal["requested", "ready", "failed"]


class InvoiceList(Struct, frozen=True, kw_only=True):
    """Invoices, newest first."""

    items: tuple[MirroredInvoice, ...]
    next_cursor: str | None


class InvoicePreview(Struct, frozen=True, kw_only=True):
    """What the next invoice would say; ``preview`` is there once ``status`` is ready."""

    id: str
    status: Asked
    preview: Preview | None
    detail: str | None
    created_at: datetime


class NewPortal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where Stripe's portal leads back to; left out, to our own address."""

    return_url: Annotated[str, Meta(pattern=r"^https?://[!-~]{1,2000}$")] | None = None


class Portal(Struct, frozen=True, kw_only=True):
    """A visit to Stripe's customer portal. Whoever has its ``url`` acts for the account, for some
    minutes: hand it to nobody else."""

    id: str
    status: Asked
    url: str | None
    detail: str | None
    created_at: datetime
