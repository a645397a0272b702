"""Caps: set, shown, lifted. They are kept where tokens are set aside, in the ledger."""

import asyncpg
from msgspec import structs

from api.budgets import store
from api.budgets.contracts import BudgetList, BudgetQuery, BudgetView, Lifted, NewBudget
from api.errors import TooManyBudgets, ValidationFailed
from api.keys.contracts import Caller
from api.shop import Shop
from billing.connections import lent, transaction
from billing.contracts import Budget
from billing.ledger import budgets as caps
from engine.errors import Reason

MOST = 1000
"""Caps of one account: they are shown as one list."""


async def page(shop: Shop, caller: Caller) -> BudgetList:
    """Every cap of the account."""
    async with lent(shop.pool) as conn:
        found = await caps.budgets(conn, caller.account)
        return BudgetList(items=await _told(conn, caller.account, found))


async def set_cap(shop: Shop, caller: Caller, wanted: NewBudget) -> BudgetView:
    """Set a cap, or change it; what the month has used so far already counts."""
    async with transaction(shop.pool) as conn:
        if wanted.scope == "key" and not await store.owns_key(conn, caller.account, wanted.subject):
            detail = "there is no such API key; /v1/api_keys lists their ids"
            raise ValidationFailed([Reason("/subject", "unknown_key", detail)])
        made = await caps.set_budget(conn, caller.account, wanted.scope, wanted.subject, wanted.cap)
        if await store.count(conn, caller.account) > MOST:
            raise TooManyBudgets(f"this account has {MOST} budgets; lift one first")
        (told,) = await _told(conn, caller.account, (made,))
        return told


async def lift(shop: Shop, caller: Caller, asked: BudgetQuery) -> Lifted:
    """Lift a cap; a repeat changes nothing."""
    async with transaction(shop.pool) as conn:
        return Lifted(
            lifted=await caps.drop_budget(conn, caller.account, asked.scope, asked.subject)
        )


async def _told(
    conn: asyncpg.Connection, account: str, found: tuple[Budget, ...]
) -> tuple[BudgetView, ...]:
    alerts = await store.select_alerts(conn, account, found[0].month) if found else {}
    return tuple(
        BudgetView(**structs.asdict(one), alerts=alerts.get(f"{one.scope}:{one.subject}", ()))
        for one in found
    )
