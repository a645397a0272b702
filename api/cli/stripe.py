"""What an operator asks of Stripe, or of what it has said; the clerk, who has the key, does it."""

import argparse
from typing import Any

import asyncpg

from api.cli.database import with_pool
from api.cli.words import CommandRefused, show, whole
from billing.connections import lent, transaction

SELECT_EVENTS = """
select event_id, type, attempts, received_at, detail from billing.stripe_inbox
where done_at is null order by received_at limit 100
"""
SELECT_ERRANDS = """
select id, account, kind, attempts, created_at, detail from billing.errands
where state = 'asked' order by created_at limit 100
"""


def add(billing: Any) -> None:
    """These commands' names and arguments."""
    waiting = billing.add_parser("waiting", help="Stripe's events and errands that are not done")
    waiting.set_defaults(run=_waiting)
    payments = billing.add_parser("payments", help="what an account paid, and what went back")
    payments.add_argument("account")
    payments.set_defaults(run=_payments)
    note = billing.add_parser("credit-note", help="take something off an invoice")
    note.add_argument("account")
    note.add_argument("invoice", help="in_...")
    note.add_argument("amount", help="in the invoice's currency, such as 5.00")
    note.add_argument("--memo", required=True, help="why; the customer reads it")
    note.set_defaults(run=_credit_note)
    terms = billing.add_parser("terms", help="how a postpaid account is invoiced")
    terms.add_argument("account")
    terms.add_argument("--currency", help="three small letters, such as usd")
    terms.add_argument("--collection", choices=["send_invoice", "charge_automatically"])
    terms.add_argument("--days", type=whole, help="days until a sent invoice is due")
    terms.add_argument("--grace", type=whole, help="days it may be late before the freeze")
    terms.set_defaults(run=_terms)
    again = billing.add_parser("resubscribe", help="a new subscription after one that was canceled")
    again.add_argument("account")
    again.set_defaults(run=_resubscribe)


def _waiting(given: argparse.Namespace) -> int:
    async def read(pool: asyncpg.Pool) -> Any:
        async with lent(pool) as conn:
            return await conn.fetch(SELECT_EVENTS), await conn.fetch(SELECT_ERRANDS)

    events, errands = with_pool(read)
    for row in events:
        print(f"{row['event_id']}  {row['type']}  {row['received_at']:%Y-%m-%d %H:%M}  "
              f"tried {row['attempts']}  {row['detail'] or ''}")  # fmt: skip
    for row in errands:
        print(f"{row['id']}  {row['kind']} for {row['account']}  "
              f"{row['created_at']:%Y-%m-%d %H:%M}  tried {row['attempts']}  "
              f"{row['detail'] or ''}")  # fmt: skip
    print(f"{len(events)} events and {len(errands)} errands wait")
    return 0


def _payments(given: argparse.Namespace) -> int:
    from billing.money import Money
    from billing.processor import errands

    async def read(pool: asyncpg.Pool) -> Any:
        async with lent(pool) as conn:
            return await errands.payments(conn, given.account)

    for one in with_pool(read):
        paid, back = (Money(minor, one.currency).text() for minor in
                      (one.amount_minor, one.refunded_minor))  # fmt: skip
        state = ", disputed" if one.disputed else ""
        print(f"{one.created_at:%Y-%m-%d}  {one.payment_intent}  {paid} for {one.tokens} tokens; "
              f"{back} refunded, {one.taken_tokens} tokens taken back{state}")  # fmt: skip
    return 0


def _credit_note(given: argparse.Namespace) -> int:
    from billing.errors import BillingError
    from billing.money import Money
    from billing.processor import errands, store

    async def ask(pool: asyncpg.Pool) -> Any:
        async with transaction(pool) as conn:
            found = await store.select_invoice(conn, given.account, given.invoice)
            if found is None:
                raise CommandRefused(f"{given.account} has no invoice {given.invoice}")
            minor = Money.parse(given.amount, found.currency).minor
            return await errands.ask_credit_note(
                conn, given.account, given.invoice, minor, given.memo
            )

    try:
        show(with_pool(ask))
    except BillingError as refused:
        raise CommandRefused(str(refused)) from None
    return 0


def _terms(given: argparse.Namespace) -> int:
    import msgspec

    from billing.errors import BillingError
    from billing.processor import terms
    from billing.processor.contracts import Terms

    said = {
        "currency": given.currency, "collection": given.collection, "days_until_due": given.days,
        "grace_days": given.grace,
    }  # fmt: skip
    changed = {name: value for name, value in said.items() if value is not None}

    async def agree(pool: asyncpg.Pool) -> Any:
        async with transaction(pool) as conn:
            now = msgspec.to_builtins(await terms.terms(conn, given.account))
            agreed = msgspec.convert(now | changed, Terms)
            if changed:
                await terms.set_terms(conn, agreed)
            return agreed

    try:
        show(with_pool(agree))
    except (msgspec.ValidationError, BillingError) as refused:
        raise CommandRefused(str(refused)) from None
    except asyncpg.ForeignKeyViolationError:
        raise CommandRefused(f"there is no account {given.account}") from None
    return 0


def _resubscribe(given: argparse.Namespace) -> int:
    from billing.processor import mirror

    async def forget(pool: asyncpg.Pool) -> str | None:
        async with transaction(pool) as conn:
            return await mirror.resubscribe(conn, given.account)

    ended = with_pool(forget)
    if ended is None:
        raise CommandRefused(f"{given.account} has no subscription that was canceled")
    print(f"{ended} is over; the clerk makes {given.account} a new one")
    return 0
