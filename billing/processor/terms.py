"""How a postpaid account is invoiced: what was agreed, or the usual."""

import asyncpg

from billing import money
from billing.processor import store
from billing.processor.contracts import Terms


async def terms(conn: asyncpg.Connection, account: str) -> Terms:
    """The terms of an account."""
    return await store.select_terms(conn, account)


async def set_terms(conn: asyncpg.Connection, agreed: Terms) -> None:
    """Agree on other terms; they hold from the account's next subscription or invoice on."""
    money.exponent_of(agreed.currency)  # raises for what is no currency
    await store.upsert_terms(conn, agreed)
