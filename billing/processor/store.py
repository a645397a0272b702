"""The processor's SQL: mirrors of Stripe's objects."""

from datetime import datetime, timedelta
from typing import Any

import asyncpg
import msgspec

from billing.processor.contracts import (
    Invoice,
    InvoiceLine,
    MirroredInvoice,
    Payment,
    Terms,
)

# ruff: noqa: S608 - the only things put into these texts are the constants above them

SELECT_TERMS = """
select account, currency, collection, days_until_due, grace_days, test_clock
from billing.terms where account = $1
"""


async def select_terms(conn: asyncpg.Connection, account: str) -> Terms:
    """The account's terms; the usual ones where nothing else was agreed."""
    row = await conn.fetchrow(SELECT_TERMS, account)
    return Terms(account=account) if row is None else msgspec.convert(dict(row), Terms)


UPSERT_TERMS = """
insert into billing.terms (account, currency, collection, days_until_due, grace_days, test_clock)
values ($1, $2, $3, $4, $5, $6)
on conflict (account) do update
set currency = excluded.currency, collection = excluded.collection,
    days_until_due = excluded.days_until_due, grace_days = excluded.grace_days,
    test_clock = excluded.test_clock
"""


async def upsert_terms(conn: asyncpg.Connection, terms: Terms) -> None:
    await conn.execute(
        UPSERT_TERMS, terms.account, terms.currency, terms.collection, terms.days_until_due,
        terms.grace_days, terms.test_clock,
    )  # fmt: skip


SELECT_CUSTOMER = "select stripe_customer from billing.customers where account = $1"


async def select_customer(conn: asyncpg.Connection, account: str) -> str | None:
    return await conn.fetchval(SELECT_CUSTOMER, account)


SELECT_CUSTOMER_NAME = "select name from billing.customers where account = $1"


async def select_customer_name(conn: asyncpg.Connection, account: str) -> str | None:
    return await conn.fetchval(SELECT_CUSTOMER_NAME, account)


NAME_CUSTOMER = "update billing.customers set name = $2 where account = $1"


async def name_customer(conn: asyncpg.Connection, account: str, name: str) -> None:
    await conn.execute(NAME_CUSTOMER, account, name)


# No target: two that bring the same customer at once may meet at the key of either column.
INSERT_CUSTOMER = """
insert into billing.customers (account, stripe_customer) values ($1, $2)
on conflict do nothing
"""


async def insert_customer(conn: asyncpg.Connection, account: str, customer: str) -> str:
    """Keep the account's customer; returns the one that was first."""
    await conn.execute(INSERT_CUSTOMER, account, customer)
    kept = await select_customer(conn, account)
    assert kept is not None, "an account's own customer is no other account's"
    return kept


SELECT_ACCOUNT = "select account from billing.customers where stripe_customer = $1"


async def select_account(conn: asyncpg.Connection, customer: str) -> str | None:
    return await conn.fetchval(SELECT_ACCOUNT, customer)


# --- subscriptions ---

INSERT_SUBSCRIPTION = """
insert into billing.subscriptions
  (account, id, status, price, currency, period_start, period_end, test_clock)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict do nothing
"""


async def insert_subscription(
    conn: asyncpg.Connection, account: str, facts: tuple[Any, ...]
) -> None:
    await conn.execute(INSERT_SUBSCRIPTION, account, *facts)


SELECT_VERSION = "select version from billing.subscriptions where id = $1"


async def select_version(conn: asyncpg.Connection, subscription: str) -> int | None:
    return await conn.fetchval(SELECT_VERSION, subscription)


UPDATE_SUBSCRIPTION = """
update billing.subscriptions
set status = $3, price = $4, currency = $5, period_start = $6, period_end = $7, test_clock = $8,
    version = version + 1, updated_at = now()
where id = $1 and version = $2
returning account
"""


async def update_subscription(
    conn: asyncpg.Connection, subscription: str, version: int, facts: tuple[Any, ...]
) -> str | None:
    """Its account; None when somebody else has changed the row since it had that version."""
    return await conn.fetchval(UPDATE_SUBSCRIPTION, subscription, version, *facts[1:])


SELECT_SUBSCRIPTION = "select id from billing.subscriptions where account = $1"


async def select_subscription(conn: asyncpg.Connection, account: str) -> str | None:
    return await conn.fetchval(SELECT_SUBSCRIPTION, account)


FORGET_SUBSCRIPTION = """
delete from billing.subscriptions
where account = $1 and status in ('canceled', 'incomplete_expired')
returning id
"""


async def forget_subscription(conn: asyncpg.Connection, account: str) -> str | None:
    """Forget one that has ended; None where there is none that has."""
    return await conn.fetchval(FORGET_SUBSCRIPTION, account)


MOVE_CLOCK = """
update billing.subscriptions set clock_at = greatest(clock_at, $2) where test_clock = $1
"""


async def move_clock(conn: asyncpg.Connection, clock: str, at: datetime) -> None:
    await conn.execute(MOVE_CLOCK, clock, at)


# --- invoices ---

# Only forward: paid and void are the end, and nothing that is open becomes a draft again.
UPSERT_INVOICE = """
insert into billing.invoices as kept
  (id, account, subscription, status, number, currency, total_minor, paid_minor, credited_minor,
   period_start, period_end, tokens, hosted_url, pdf_url, lines, due_at, failed_at, grace_until,
   created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15::jsonb,
        $16::timestamptz, $17::timestamptz,
        coalesce($17::timestamptz, $16::timestamptz) + $18::interval, $19)
on conflict (id) do update
set status = excluded.status, number = excluded.number, total_minor = excluded.total_minor,
    paid_minor = excluded.paid_minor,
    credited_minor = greatest(kept.credited_minor, excluded.credited_minor),
    period_start = excluded.period_start, period_end = excluded.period_end,
    tokens = excluded.tokens, hosted_url = excluded.hosted_url, pdf_url = excluded.pdf_url,
    lines = excluded.lines, due_at = excluded.due_at,
    failed_at = coalesce(excluded.failed_at, kept.failed_at), grace_until = excluded.grace_until,
    updated_at = now()
where array_position($20::text[], excluded.status) >= array_position($20::text[], kept.status)
returning account, status, settled_at, frozen_at, failed_at
"""
FORWARD = ["draft", "open", "uncollectible", "void", "paid"]


async def upsert_invoice(
    conn: asyncpg.Connection, account: str, invoice: Invoice, grace: timedelta
) -> asyncpg.Record | None:
    """What is kept now; None where what we know is further on than what was brought."""
    lines = msgspec.json.encode(invoice.lines).decode()
    return await conn.fetchrow(
        UPSERT_INVOICE, invoice.id, account, invoice.subscription, invoice.status, invoice.number,
        invoice.currency, invoice.total_minor, invoice.paid_minor, invoice.credited_minor,
        invoice.period_start, invoice.period_end, invoice.tokens, invoice.hosted_url,
        invoice.pdf_url, lines, invoice.due_at, invoice.failed_at, grace, invoice.created_at,
        FORWARD,
    )  # fmt: skip


SETTLE_INVOICE = "update billing.invoices set settled_at = now() where id = $1"


async def mark_settled(conn: asyncpg.Connection, invoice: str) -> None:
    await conn.execute(SETTLE_INVOICE, invoice)


MOVE_GRACE = """
update billing.invoices set grace_until = coalesce(failed_at, due_at) + $2::interval
where account = $1 and status in ('open', 'uncollectible') and frozen_at is null
"""


async def move_grace(conn: asyncpg.Connection, account: str, grace: timedelta) -> None:
    await conn.execute(MOVE_GRACE, account, grace)


NOTICE_LATE = """
update billing.invoices as late
set noticed_at = now()
from billing.invoices as found left join billing.subscriptions using (account)
where late.id = found.id
  and found.status in ('open', 'uncollectible') and found.noticed_at is null
  and found.total_minor > 0
  and (found.failed_at is not null or found.due_at <= coalesce(clock_at, $1))
returning late.id, late.account, late.currency, late.total_minor, late.hosted_url, late.grace_until
"""


async def notice_late(conn: asyncpg.Connection, now: datetime) -> list[asyncpg.Record]:
    return await conn.fetch(NOTICE_LATE, now)


SELECT_OVERDUE = """
select invoices.id, invoices.account, grace_until, invoices.currency, total_minor
from billing.invoices left join billing.subscriptions using (account)
where invoices.status in ('open', 'uncollectible') and frozen_at is null and total_minor > 0
  and grace_until <= coalesce(clock_at, $1)
order by grace_until
limit 50
for update of invoices skip locked
"""


async def select_overdue(conn: asyncpg.Connection, now: datetime) -> list[asyncpg.Record]:
    return await conn.fetch(SELECT_OVERDUE, now)


MARK_FROZEN = "update billing.invoices set frozen_at = now() where id = $1"


async def mark_frozen(conn: asyncpg.Connection, invoice: str) -> None:
    await conn.execute(MARK_FROZEN, invoice)


_INVOICE = """
id, status, number, currency, total_minor, paid_minor, credited_minor, period_start, period_end,
tokens, hosted_url, pdf_url, lines::text as lines, due_at, grace_until, created_at, updated_at
"""
SELECT_INVOICE = f"""
select {_INVOICE} from billing.invoices where id = $1 and account = $2 and status <> 'draft'
"""


async def select_invoice(
    conn: asyncpg.Connection, account: str, invoice: str
) -> MirroredInvoice | None:
    row = await conn.fetchrow(SELECT_INVOICE, invoice, account)
    return None if row is None else _mirrored(row)


SELECT_INVOICES = f"""
select {_INVOICE} from billing.invoices
where account = $1 and status <> 'draft'
  and ($2::timestamptz is null or (created_at, id) < ($2, $3))
order by created_at desc, id desc
limit $4
"""


async def select_invoices(
    conn: asyncpg.Connection, account: str, before: tuple[datetime, str] | None, limit: int
) -> tuple[MirroredInvoice, ...]:
    at, id_ = before if before is not None else (None, None)
    rows = await conn.fetch(SELECT_INVOICES, account, at, id_, limit)
    return tuple(_mirrored(row) for row in rows)


def _mirrored(row: asyncpg.Record) -> MirroredInvoice:
    lines = msgspec.json.decode(row["lines"], type=tuple[InvoiceLine, ...])
    return MirroredInvoice(**{**dict(row), "lines": lines})


# --- payments, refunds, disputes ---

_PAYMENT = """
payment_intent, account, topup, amount_minor, currency, tokens, refunded_minor, taken_tokens,
disputed, created_at
"""
INSERT_PAYMENT = """
insert into billing.payments (payment_intent, account, topup, amount_minor, currency, tokens)
values ($1, $2, $3, $4, $5, $6)
on conflict (payment_intent) do nothing
"""


async def insert_payment(
    conn: asyncpg.Connection, payment: str, account: str, topup: str, amount_minor: int,
    currency: str, tokens: int,
) -> None:  # fmt: skip
    await conn.execute(INSERT_PAYMENT, payment, account, topup, amount_minor, currency, tokens)


SELECT_PAYMENT = f"select {_PAYMENT} from billing.payments where payment_intent = $1"
LOCK_PAYMENT = f"select {_PAYMENT} from billing.payments where payment_intent = $1 for update"


async def select_payment(
    conn: asyncpg.Connection, payment: str, *, lock: bool = False
) -> Payment | None:
    row = await conn.fetchrow(LOCK_PAYMENT if lock else SELECT_PAYMENT, payment)
    return None if row is None else Payment(**dict(row))


SELECT_PAYMENTS = f"""
select {_PAYMENT} from billing.payments where account = $1 order by created_at desc limit $2
"""


async def select_payments(
    conn: asyncpg.Connection, account: str, limit: int
) -> tuple[Payment, ...]:
    return tuple(Payment(**dict(row)) for row in await conn.fetch(SELECT_PAYMENTS, account, limit))


MOVE_PAYMENT = """
update billing.payments
set refunded_minor = refunded_minor + $2, taken_tokens = taken_tokens + $3
where payment_intent = $1
"""


async def move_payment(conn: asyncpg.Connection, payment: str, minor: int, tokens: int) -> None:
    await conn.execute(MOVE_PAYMENT, payment, minor, tokens)


MARK_DISPUTED = "update billing.payments set disputed = $2 where payment_intent = $1"


async def mark_disputed(conn: asyncpg.Connection, payment: str, *, disputed: bool) -> None:
    await conn.execute(MARK_DISPUTED, payment, disputed)


SELECT_REFUND = """
select amount_minor, tokens, status, returned from billing.refunds where id = $1
"""


async def select_refund(conn: asyncpg.Connection, refund: str) -> asyncpg.Record | None:
    return await conn.fetchrow(SELECT_REFUND, refund)


INSERT_REFUND = """
insert into billing.refunds (id, payment_intent, amount_minor, tokens, status)
values ($1, $2, $3, $4, $5)
"""


async def insert_refund(
    conn: asyncpg.Connection, refund: str, payment: str, amount_minor: int, tokens: int, status: str
) -> None:
    await conn.execute(INSERT_REFUND, refund, payment, amount_minor, tokens, status)


UPDATE_REFUND = """
update billing.refunds set status = $2, returned = $3 where id = $1 and not returned
"""


async def update_refund(
    conn: asyncpg.Connection, refund: str, status: str, *, returned: bool
) -> None:
    await conn.execute(UPDATE_REFUND, refund, status, returned)


SELECT_DISPUTE = "select status, tokens from billing.disputes where id = $1 for update"


async def select_dispute(conn: asyncpg.Connection, dispute: str) -> asyncpg.Record | None:
    return await conn.fetchrow(SELECT_DISPUTE, dispute)


SELECT_DISPUTED_ACCOUNT = "select account from billing.disputes where id = $1"


async def select_disputed_account(conn: asyncpg.Connection, dispute: str) -> str | None:
    return await conn.fetchval(SELECT_DISPUTED_ACCOUNT, dispute)


UPSERT_DISPUTE = """
insert into billing.disputes
  (id, account, payment_intent, status, reason, amount_minor, currency, tokens, due_by, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (id) do update
set status = excluded.status, tokens = excluded.tokens, due_by = excluded.due_by, updated_at = now()
"""


async def upsert_dispute(conn: asyncpg.Connection, *facts: Any) -> None:
    await conn.execute(UPSERT_DISPUTE, *facts)
