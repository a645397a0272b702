"""Bringing what we know of invoices and subscriptions up to what Stripe says now, and what follows
from it: a failed invoice has its grace, a paid one settles what was owed."""

from datetime import datetime, timedelta
from typing import Any

import asyncpg
import structlog

from billing import notices
from billing.errors import NotYet
from billing.ledger import service as ledger
from billing.money import Money
from billing.processor import store, subscriptions
from billing.processor.contracts import Invoice

log = structlog.get_logger()


async def keep_invoice(conn: asyncpg.Connection, account: str, invoice: Invoice) -> str:
    """Keep an invoice as it is now; returns what that meant, in a few words."""
    terms = await store.select_terms(conn, account)
    grace = timedelta(days=terms.grace_days)
    kept = await store.upsert_invoice(conn, account, invoice, grace)
    if kept is None:
        return "older than what we know"
    # What was voided nobody will ever pay: its tokens would narrow the account's limit for good.
    if invoice.status in ("paid", "void") and kept["settled_at"] is None:
        await _settle(conn, account, invoice)
    if invoice.status in ("paid", "void") and kept["frozen_at"] is not None:
        await _thaw(conn, account, invoice)
    return str(invoice.status)


async def warn_late(conn: asyncpg.Connection, now: datetime) -> int:
    """Tell the accounts whose invoice is due or whose payment failed, once an invoice, until when
    it can be paid before they are frozen; returns how many."""
    late = await store.notice_late(conn, now)
    for row in late:
        amount = Money(row["total_minor"], row["currency"]).text()
        await notices.tell(
            conn, row["account"], "invoice_failed", row["id"], "",
            {"invoice": row["id"], "amount": amount, "pay_at": row["hosted_url"],
             "grace_until": row["grace_until"].isoformat() if row["grace_until"] else None},
        )  # fmt: skip
    return len(late)


async def freeze_overdue(conn: asyncpg.Connection, now: datetime) -> int:
    """Freeze the accounts whose grace is over; returns for how many invoices.

    ``now`` is the clerk's; an account on one of Stripe's test clocks lives by that clock.
    """
    overdue = await store.select_overdue(conn, now)
    # Wallets are locked in one order by all who lock several.
    for row in sorted(overdue, key=lambda one: one["account"]):
        if await ledger.freeze(conn, row["account"], _reason(row["id"])):
            amount = Money(row["total_minor"], row["currency"]).text()
            await notices.tell(
                conn, row["account"], "account_frozen", row["id"], "",
                {"invoice": row["id"], "amount": amount},
            )  # fmt: skip
        await store.mark_frozen(conn, row["id"])
        log.warning("account.frozen", account=row["account"], invoice=row["id"])
    return len(overdue)


async def keep_subscription(conn: asyncpg.Connection, version: int, found: Any) -> str:
    """Keep a subscription as it is now; `NotYet` when another answer came in between.

    A canceled one freezes its account: nothing would be invoiced any more.
    """
    account = await store.update_subscription(conn, found.id, version, subscriptions.facts(found))
    if account is None:
        raise NotYet(f"{found.id} has changed meanwhile")
    if found.status in ("canceled", "incomplete_expired"):
        await ledger.freeze(conn, account, _canceled(found.id))
    return str(found.status)


async def resubscribe(conn: asyncpg.Connection, account: str) -> str | None:
    """Let the clerk make a new subscription in the place of one that has ended, and end the freeze
    that came of it; its id, or None where none has ended."""
    ended = await store.forget_subscription(conn, account)
    if ended is not None:
        await ledger.thaw(conn, account, _canceled(ended))
    return ended


async def _settle(conn: asyncpg.Connection, account: str, invoice: Invoice) -> None:
    if invoice.tokens > 0:
        await ledger.settle_invoice(conn, account, invoice.id, invoice.tokens)
    if invoice.paid_minor > 0:
        money = Money(invoice.paid_minor, invoice.currency)
        await ledger.record_cash(conn, "payment", invoice.id, account, money)
    await store.mark_settled(conn, invoice.id)
    log.info("invoice.settled", account=account, invoice=invoice.id, tokens=invoice.tokens)


async def _thaw(conn: asyncpg.Connection, account: str, invoice: Invoice) -> None:
    if await ledger.thaw(conn, account, _reason(invoice.id)):
        await notices.tell(conn, account, "account_thawed", invoice.id, "", {"invoice": invoice.id})
        log.info("account.thawed", account=account, invoice=invoice.id)


def _canceled(subscription: str) -> str:
    return f"subscription:{subscription}"


def _reason(invoice: str) -> str:
    return f"invoice:{invoice}"
