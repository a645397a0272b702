"""Postpaid accounts: a customer and a metered subscription at Stripe, made before the first
invoice is due."""

from datetime import UTC, datetime

import structlog

from api.clerk.desk import Desk
from billing.connections import lent
from billing.errors import StripeRefused, StripeUnavailable
from billing.prices import service as prices

log = structlog.get_logger()

SELECT_UNSUBSCRIBED = """
select wallets.account, name from billing.wallets
join api.accounts on accounts.id = wallets.account
left join billing.subscriptions using (account)
where wallets.mode = 'postpaid' and subscriptions.id is null
order by wallets.created_at limit 20
"""


async def subscribe_postpaid(desk: Desk) -> int:
    """Subscribe the postpaid accounts that Stripe does not know yet; returns how many."""
    async with lent(desk.pool) as conn:
        rows = await conn.fetch(SELECT_UNSUBSCRIBED)
    done = 0
    for row in rows:
        done += await _subscribe(desk, row["account"], row["name"])
    return done


async def _subscribe(desk: Desk, account: str, name: str) -> bool:
    async with lent(desk.pool) as conn:
        book = await prices.book_for(conn, account, datetime.now(UTC).date())
    try:
        made = await desk.door.ensure_subscription(account, name, book)
    except StripeRefused as error:
        log.error("subscription.refused", account=account, error=str(error))
        return False
    except StripeUnavailable as error:
        log.warning("subscription.waits", account=account, error=str(error))
        return False
    log.info("subscription.made", account=account, subscription=made)
    return True
