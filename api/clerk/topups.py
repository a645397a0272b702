"""Opening a Checkout for every top-up that was asked for, and saying how each ended."""

import asyncpg
import structlog

from api.clerk.desk import Desk
from billing.connections import lent
from billing.contracts import Pack
from billing.errors import StripeRefused, StripeUnavailable
from billing.processor import handlers

log = structlog.get_logger()

SELECT_REQUESTED = """
select topups.id, account, name, tokens, amount_minor, currency, months
from api.topups join api.accounts on accounts.id = account
where state = 'requested' order by topups.created_at limit 20
"""
OPEN_TOPUP = """
update api.topups
set state = 'open', checkout_session = $2, checkout_url = $3, updated_at = now()
where id = $1 and state = 'requested'
"""
FAIL_TOPUP = """
update api.topups set state = 'failed', detail = $2, updated_at = now()
where id = $1 and state = 'requested'
"""
# Paid is for ever: what Stripe says later of the session changes nothing.
END_TOPUP = """
update api.topups
set state = $3, checkout_session = coalesce(checkout_session, $2), updated_at = now()
where id = $1 and state <> 'paid'
"""


async def start_topups(desk: Desk) -> int:
    """Open a Checkout session for every top-up that was asked for."""
    async with lent(desk.pool) as conn:
        asked = await conn.fetch(SELECT_REQUESTED)
    started = 0
    for row in asked:
        started += await _start_topup(desk, row)
    return started


async def end_topup(conn: asyncpg.Connection, topup: str, session: str, end: handlers.End) -> None:
    """A top-up is over; when it is paid, in the transaction that credits its tokens."""
    await conn.execute(END_TOPUP, topup, session, end)


async def _start_topup(desk: Desk, row: asyncpg.Record) -> bool:
    pack = Pack(
        tokens=row["tokens"], amount_minor=row["amount_minor"], currency=row["currency"],
        months=row["months"],
    )  # fmt: skip
    try:
        customer = await desk.door.ensure_customer(row["account"], row["name"])
        success = f"{desk.public_url}/v1/topups/{row['id']}"
        session, url = await desk.door.start_checkout(
            customer, row["account"], row["id"], pack, success
        )
    except StripeRefused as error:
        log.error("topup.refused", topup=row["id"], error=str(error))
        async with lent(desk.pool) as conn:
            await conn.execute(FAIL_TOPUP, row["id"], "the payment could not be prepared")
        return False
    except StripeUnavailable as error:
        log.warning("topup.waits", topup=row["id"], error=str(error))
        return False
    async with lent(desk.pool) as conn:
        await conn.execute(OPEN_TOPUP, row["id"], session, url)
    return True
