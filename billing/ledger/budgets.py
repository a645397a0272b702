"""Caps that an account sets itself: tokens a month for a key or a project, checked in the hold."""

from datetime import date

import asyncpg

from billing.contracts import Budget, BudgetScope, Tokens


async def set_budget(
    conn: asyncpg.Connection, account: str, scope: BudgetScope, subject: str, cap: int
) -> Budget:
    """Cap what a key or a project may spend in a month; a second call changes the cap.

    What this month has spent, and what is held now, already counts.
    """
    await conn.execute(LOCK_BUDGETS, account)
    await conn.execute(SET_BUDGET, account, scope, subject, cap)
    row = await conn.fetchrow(SELECT_BUDGET, account, scope, subject)
    assert row is not None, "the row is there: the lines above saw to it"
    return _budget(row)


async def drop_budget(
    conn: asyncpg.Connection, account: str, scope: BudgetScope, subject: str
) -> bool:
    """Lift a cap; False when there was none. What was counted under it stays counted."""
    return await conn.fetchval(DELETE_BUDGET, account, scope, subject) is not None


async def budgets(conn: asyncpg.Connection, account: str) -> tuple[Budget, ...]:
    """An account's caps with what this month has used of them."""
    return tuple(_budget(row) for row in await conn.fetch(SELECT_BUDGETS, account))


def _budget(row: asyncpg.Record) -> Budget:
    used = row["spent"] + row["held"]
    return Budget(
        scope=row["scope"], subject=row["subject"], cap=Tokens(row["cap"]),
        month=_month(row["month"]),
        spent=Tokens(row["spent"]), held=Tokens(row["held"]),
        left=Tokens(max(0, row["cap"] - used)),
    )  # fmt: skip


def _month(month: date) -> str:
    return f"{month:%Y-%m}"


# Against whoever has looked which caps there are, and is still writing his holds.
LOCK_BUDGETS = "select pg_advisory_xact_lock(hashtextextended('budgets ' || $1::text, 727003))"
SET_BUDGET = "select billing.set_budget($1, $2, $3, $4)"
DELETE_BUDGET = """
delete from billing.budgets where account = $1 and scope = $2 and subject = $3 returning subject
"""
SELECT = """
select budgets.scope, budgets.subject, cap, billing.month_of(now()) as month,
  coalesce(base + spent, 0) as spent, coalesce(held, 0) as held
from billing.budgets
left join billing.budget_months as months
  on months.account = budgets.account and months.scope = budgets.scope
  and months.subject = budgets.subject and months.month = billing.month_of(now())
"""

SELECT_BUDGET = (
    f"{SELECT} where budgets.account = $1 and budgets.scope = $2 and budgets.subject = $3"
)
SELECT_BUDGETS = f"{SELECT} where budgets.account = $1 order by budgets.scope, budgets.subject"
