"""What came in for tokens, and what went back: top-ups, refunds, disputes.

Tokens follow the money in proportion. What has been spent cannot come back; it is owed, and the
account is frozen until it is settled (`ledger.claw_back`).
"""

from datetime import UTC, datetime
from typing import Any

import asyncpg
import structlog

from billing import notices
from billing.errors import NotYet
from billing.ledger import lots
from billing.ledger import service as ledger
from billing.money import Money
from billing.processor import store
from billing.processor.contracts import Payment

RETURNED = frozenset({"failed", "canceled"})
"""States of a refund whose money has come back to us."""

ORDER = (
    "warning_needs_response", "warning_under_review", "warning_closed",
    "needs_response", "under_review", "prevented", "lost", "won",
)  # fmt: skip
"""States of a dispute in the order in which they can follow each other."""
_GONE = frozenset({"needs_response", "under_review", "lost"})
"""States in which the bank has the money."""

log = structlog.get_logger()


async def credit(
    conn: asyncpg.Connection, facts: dict[str, str], payment: str, amount: Money, paid_at: datetime
) -> bool:
    """Credit a paid top-up; False when this payment has been credited before."""
    account, tokens = facts["account"], int(facts["tokens"])
    expires_at = _months_after(paid_at, int(facts["months"])) if "months" in facts else None
    new = await ledger.credit_topup(
        conn, account, payment, tokens, paid=amount, expires_at=expires_at
    )
    await store.insert_payment(
        conn, payment, account, facts["topup"], amount.minor, amount.currency, tokens
    )
    return new


async def keep_refunds(conn: asyncpg.Connection, payment: str, refunds: list[Any]) -> str:
    """Bring the refunds of a payment up to what Stripe says: each takes its share of the tokens
    once, and gives it back when it fails at the bank."""
    paid = await store.select_payment(conn, payment, lock=True)
    if paid is None:
        raise NotYet(f"payment {payment} has not been credited yet")
    for one in refunds:
        if (known := await store.select_refund(conn, one.id)) is None:
            paid = await _new_refund(conn, paid, one)
        elif one.status in RETURNED and not known["returned"]:
            await _refund_returned(conn, paid, one, known["tokens"])
        else:
            await store.update_refund(conn, one.id, one.status, returned=known["returned"])
    return f"{len(refunds)} refunds"


async def keep_invoice_refunds(conn: asyncpg.Connection, account: str, refunds: list[Any]) -> str:
    """Money of an invoice that went back: no token moves, its credit note said what for."""
    for one in refunds:
        if one.status not in RETURNED:
            money = Money(one.amount, one.currency)
            await ledger.record_cash(conn, "payment_refund", one.id, account, money)
    return f"{len(refunds)} refunds of an invoice"


async def keep_dispute(conn: asyncpg.Connection, account: str, found: Any) -> str:
    """Bring a dispute up to what Stripe says: while the bank has the money, its tokens are taken
    and the account is frozen; both end when it is won. When it is lost, they stay."""
    known = await store.select_dispute(conn, found.id)
    if known is not None and ORDER.index(found.status) < ORDER.index(known["status"]):
        return "older than what we know"
    paid = await store.select_payment(conn, str(found.payment_intent), lock=True)
    taken = known["tokens"] if known is not None else 0
    if found.status in _GONE:
        taken = taken or await _take_for_dispute(conn, account, paid, found)
    elif known is not None and known["status"] in _GONE:
        taken = await _dispute_over(conn, account, paid, found, taken)
    due_by = found.evidence_details.due_by if found.evidence_details else None
    await store.upsert_dispute(
        conn, found.id, account, str(found.payment_intent), found.status, found.reason,
        found.amount, found.currency, taken, _instant(due_by), _instant(found.created),
    )  # fmt: skip
    if paid is not None:
        disputed = found.status in _GONE or found.status.startswith("warning_n")
        await store.mark_disputed(conn, paid.payment_intent, disputed=disputed)
    await notices.tell(
        conn, account, "dispute_opened", found.id, "",
        {"dispute": found.id, "reason": found.reason,
         "amount": Money(found.amount, found.currency).text()},
    )  # fmt: skip
    log.warning("dispute", account=account, dispute=found.id, status=found.status, tokens=taken)
    return str(found.status)


async def _new_refund(conn: asyncpg.Connection, paid: Payment, one: Any) -> Payment:
    if one.status in RETURNED:
        await store.insert_refund(conn, one.id, paid.payment_intent, one.amount, 0, one.status)
        await store.update_refund(conn, one.id, one.status, returned=True)
        return paid
    tokens = await _share(conn, paid, one.amount)
    if tokens:
        await ledger.claw_back(conn, paid.account, one.id, tokens)
    await ledger.record_cash(
        conn, "payment_refund", one.id, paid.account, Money(one.amount, paid.currency)
    )
    await store.insert_refund(conn, one.id, paid.payment_intent, one.amount, tokens, one.status)
    await store.move_payment(conn, paid.payment_intent, one.amount, tokens)
    await notices.tell(
        conn, paid.account, "topup_refunded", one.id, "",
        {"topup": paid.topup, "tokens": tokens, "amount": Money(one.amount, paid.currency).text()},
    )  # fmt: skip
    log.info("topup.refunded", account=paid.account, topup=paid.topup, tokens=tokens)
    kept = await store.select_payment(conn, paid.payment_intent)
    assert kept is not None, "its row is locked by us"
    return kept


async def _refund_returned(conn: asyncpg.Connection, paid: Payment, one: Any, tokens: int) -> None:
    if tokens:
        await ledger.reinstate(conn, paid.account, one.id)
    money = Money(one.amount, paid.currency)
    await ledger.record_cash(conn, "payment", one.id, paid.account, money)
    await store.update_refund(conn, one.id, one.status, returned=True)
    await store.move_payment(conn, paid.payment_intent, -one.amount, -tokens)


async def _take_for_dispute(
    conn: asyncpg.Connection, account: str, paid: Payment | None, found: Any
) -> int:
    """Freeze, and take the tokens of a disputed top-up; a disputed invoice has none to take."""
    tokens = await _share(conn, paid, found.amount) if paid is not None else 0
    if paid is not None and tokens:
        await ledger.claw_back(conn, account, found.id, tokens)
        await store.move_payment(conn, paid.payment_intent, 0, tokens)
    await ledger.freeze(conn, account, f"dispute:{found.id}")
    money = Money(found.amount, found.currency)
    await ledger.record_cash(conn, "dispute", found.id, account, money)
    return tokens


async def _dispute_over(
    conn: asyncpg.Connection, account: str, paid: Payment | None, found: Any, taken: int
) -> int:
    if taken and paid is not None:
        await ledger.reinstate(conn, account, found.id)
        await store.move_payment(conn, paid.payment_intent, 0, -taken)
    await ledger.thaw(conn, account, f"dispute:{found.id}")
    money = Money(found.amount, found.currency)
    await ledger.record_cash(conn, "dispute_won", found.id, account, money)
    return 0


async def _share(conn: asyncpg.Connection, paid: Payment, amount_minor: int) -> int:
    """The tokens of a part of a payment. Counted over all that has gone back, so that a payment
    returned piece by piece takes all its tokens and none twice; what has run out is gone."""
    gone = min(paid.refunded_minor + amount_minor, paid.amount_minor)
    due = paid.tokens * gone // paid.amount_minor - paid.tokens * paid.refunded_minor // (
        paid.amount_minor
    )
    expired = await lots.expired_of(conn, paid.payment_intent)
    return max(0, min(due, paid.tokens - paid.taken_tokens - expired))


def _months_after(instant: datetime, months: int) -> datetime:
    """The same day so many months later, or that month's last."""
    year, month = divmod(instant.year * 12 + instant.month - 1 + months, 12)
    for day in range(instant.day, 27, -1):
        try:
            return instant.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    return instant.replace(year=year, month=month + 1)


def _instant(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
