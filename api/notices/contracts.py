"""What an account is told once."""

from msgspec import Struct

from billing.notices import Notice


class NoticePage(Struct, frozen=True, kw_only=True):
    """Notices, oldest first: `budget_50`, `budget_80` and `budget_100` (a cap's month),
    `tokens_expiring`, `topup_refunded`, `invoice_failed`, `dispute_opened`, `account_frozen`,
    `account_thawed`, `webhook_endpoint_disabled`. ``facts`` has what each is about. None comes
    twice.
    """

    items: tuple[Notice, ...]
    next_cursor: str | None
