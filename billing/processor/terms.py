"""How a postpaid account is invoiced: what was agreed, or the usual."""

from datetime import timedelta

import asyncpg

from billing import money
from billing.processor import store
from billing.processor.contracts import Terms


async def terms(conn: asyncpg.Connection, account: str) -> Terms:
    """The terms of an account."""
    return await store.select_terms(conn, account)


async def set_terms(conn: asyncpg.Connection, agreed: Terms) -> None:
    """Agree on other terms. Another grace holds for open invoices too; the currency and how is
    paid hold from the account's next subscription on."""
    money.exponent_of(agreed.currency)  # raises for what is no currency
    await store.upsert_terms(conn, agreed)
    await store.move_grace(conn, agreed.account, timedelta(days=agreed.grace_days))
