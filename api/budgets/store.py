"""What budgets need to know of keys and notices, in SQL."""

import asyncpg

SELECT_KEY = "select 1 from api.api_keys where account = $1 and id = $2"


async def owns_key(conn: asyncpg.Connection, account: str, key: str) -> bool:
    return await conn.fetchval(SELECT_KEY, account, key) is not None


SELECT_ALERTS = """
select subject, kind from billing.notices
where account = $1 and kind in ('budget_50', 'budget_80', 'budget_100') and period = $2
order by id
"""


async def select_alerts(
    conn: asyncpg.Connection, account: str, month: str
) -> dict[str, tuple[int, ...]]:
    """Shares of caps that were told of in a month, by ``scope:subject``."""
    told: dict[str, tuple[int, ...]] = {}
    for row in await conn.fetch(SELECT_ALERTS, account, month):
        share = int(row["kind"].removeprefix("budget_"))
        told[row["subject"]] = (*told.get(row["subject"], ()), share)
    return told


COUNT = "select count(*) from billing.budgets where account = $1"


async def count(conn: asyncpg.Connection, account: str) -> int:
    return await conn.fetchval(COUNT, account) or 0
