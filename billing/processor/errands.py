"""Errands: what somebody without a Stripe key needs of Stripe, as rows that the clerk carries out.

No Stripe library here, so the gateway can stand on it.
"""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import asyncpg
import msgspec

from billing.errors import CreditTooLarge, RefundTooLarge, UnknownInvoice, UnknownPayment
from billing.money import Money
from billing.processor import store
from billing.processor.contracts import Errand, ErrandKind, Payment

CHANNEL = "billing_errands"
KEPT = timedelta(days=30)
PREFIX: dict[ErrandKind, str] = {
    "portal": "ptl", "preview": "prv", "refund": "rfd", "credit_note": "crn",
}  # fmt: skip

# ruff: noqa: S608 - the only thing put into these texts is the constant above them
_ERRAND = """
id, account, kind, state, asked::text as asked, answer::text as answer, detail, created_at,
updated_at
"""
INSERT = f"""
insert into billing.errands (id, account, kind, asked) values ($1, $2, $3, $4::jsonb)
returning {_ERRAND}
"""
NOTIFY = f"notify {CHANNEL}"
SELECT = f"select {_ERRAND} from billing.errands where id = $1 and account = $2 and kind = $3"
COUNT_WAITING = """
select count(*) from billing.errands where account = $1 and kind = $2 and state = 'asked'
"""
SELECT_FINISHED = "select id from billing.errands where id = any($1) and state <> 'asked'"
CLAIM = f"""
with due as (
  select id from billing.errands where state = 'asked' and next_at <= now()
  order by created_at limit 20 for update skip locked
)
update billing.errands
set attempts = attempts + 1,
    next_at = now() + make_interval(secs => 30 + least(300, power(2, least(attempts, 9))))
from due where errands.id = due.id
returning {_ERRAND.replace("id,", "errands.id,", 1)}
"""
END = """
update billing.errands set state = $2, answer = $3::jsonb, detail = $4, updated_at = now()
where id = $1 and state = 'asked'
"""
SOON = """
update billing.errands set next_at = now() + make_interval(secs => least(30, attempts)), detail = $2
where id = $1 and state = 'asked'
"""
# A portal's address opens the customer's account; it is not kept longer than it is good for.
FORGET = """
delete from billing.errands
where kind in ('portal', 'preview') and created_at < now() - interval '1 day'
   or state <> 'asked' and created_at < now() - $1::interval
"""
SELECT_PENDING = """
select coalesce(sum((asked ->> 'amount_minor')::bigint), 0)::bigint from billing.errands
where kind = $1 and state = 'asked' and asked ->> $2 = $3
"""


async def ask(
    conn: asyncpg.Connection, account: str, kind: ErrandKind, asked: Mapping[str, Any]
) -> Errand:
    """Leave an errand for the clerk and wake it."""
    named = f"{PREFIX[kind]}_{secrets.token_hex(12)}"
    row = await conn.fetchrow(INSERT, named, account, kind, msgspec.json.encode(asked).decode())
    assert row is not None, "an insert that returns nothing raises"
    await conn.execute(NOTIFY)
    return _read(row)


async def waiting(conn: asyncpg.Connection, account: str, kind: ErrandKind) -> int:
    """How many errands of a kind an account waits for."""
    return await conn.fetchval(COUNT_WAITING, account, kind) or 0


async def errand(
    conn: asyncpg.Connection, account: str, kind: ErrandKind, named: str
) -> Errand | None:
    """An errand of this account."""
    row = await conn.fetchrow(SELECT, named, account, kind)
    return None if row is None else _read(row)


async def ask_refund(
    conn: asyncpg.Connection, account: str, payment: str, amount_minor: int | None = None
) -> Errand:
    """Ask for a top-up's money to go back, whole (what is left of it) or in part.

    The tokens are clawed back in proportion when Stripe has made the refund. Raises
    `UnknownPayment`, or `RefundTooLarge` with the amount that is possible. Runs in the caller's
    transaction; two who ask at once wait for each other.
    """
    paid = await store.select_payment(conn, payment, lock=True)
    if paid is None or paid.account != account:
        raise UnknownPayment(f"{account} has made no payment {payment}")
    pending = await conn.fetchval(SELECT_PENDING, "refund", "payment", payment) or 0
    left = 0 if paid.disputed else paid.amount_minor - paid.refunded_minor - pending
    amount = left if amount_minor is None else amount_minor
    if not 0 < amount <= left:
        raise RefundTooLarge(Money(left, paid.currency))
    return await ask(conn, account, "refund", {"payment": payment, "amount_minor": amount})


async def ask_credit_note(
    conn: asyncpg.Connection, account: str, invoice: str, amount_minor: int, memo: str
) -> Errand:
    """Ask for something to be taken off an invoice: off what is owed, or off what was paid.

    Raises `UnknownInvoice`, or `CreditTooLarge` with the amount that is possible.
    """
    written = await store.select_invoice(conn, account, invoice)
    if written is None or written.status == "void":
        raise UnknownInvoice(f"{account} has no invoice {invoice} that something could come off")
    pending = await conn.fetchval(SELECT_PENDING, "credit_note", "invoice", invoice) or 0
    left = written.total_minor - written.credited_minor - pending
    if not 0 < amount_minor <= left:
        raise CreditTooLarge(Money(left, written.currency))
    asked = {"invoice": invoice, "amount_minor": amount_minor, "memo": memo[:200]}
    return await ask(conn, account, "credit_note", asked)


async def payments(conn: asyncpg.Connection, account: str, limit: int = 100) -> tuple[Payment, ...]:
    """What an account has paid for tokens, the newest first."""
    return await store.select_payments(conn, account, limit)


async def claim(conn: asyncpg.Connection) -> list[Errand]:
    """Errands to carry out now; other clerks pass them over while we are at it."""
    return [_read(row) for row in await conn.fetch(CLAIM)]


async def end(
    conn: asyncpg.Connection,
    named: str,
    *,
    answer: Mapping[str, Any] | None = None,
    failed: str | None = None,
) -> None:
    """The errand is over: with an answer, or with the reason why there is none."""
    state = "done" if failed is None else "failed"
    text = None if answer is None else msgspec.json.encode(answer).decode()
    await conn.execute(END, named, state, text, failed)


async def put_off(conn: asyncpg.Connection, named: str, why: str) -> None:
    """Not now; the clerk comes back to it."""
    await conn.execute(SOON, named, why)


async def forget_old(conn: asyncpg.Connection) -> int:
    """Drop what nobody asks for any more; returns how many."""
    return int((await conn.execute(FORGET, KEPT)).split()[-1])


def _read(row: asyncpg.Record) -> Errand:
    asked = msgspec.json.decode(row["asked"])
    answer = None if row["answer"] is None else msgspec.json.decode(row["answer"])
    return Errand(**{**dict(row), "asked": asked, "answer": answer})
