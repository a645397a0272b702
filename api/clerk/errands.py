"""Carrying out what the gateway and operators need of Stripe: they have no key, the clerk has."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import structlog

from api.clerk.desk import Desk
from billing.connections import lent, transaction
from billing.errors import NotYet, StripeRefused, StripeUnavailable
from billing.processor import errands, mirror, payments, store
from billing.processor.contracts import Errand

HOPED_FOR = timedelta(minutes=10)
"""Nobody waits longer than this for a link or a preview."""

log = structlog.get_logger()


async def do_errands(desk: Desk) -> int:
    """Carry out the errands that are due; returns how many ended."""
    async with lent(desk.pool) as conn:
        due = await errands.claim(conn)
    done = 0
    for one in due:
        done += await _carry_out(desk, one)
    return done


async def forget_errands(desk: Desk) -> int:
    """Drop the errands nobody asks for any more, and the links in them."""
    async with lent(desk.pool) as conn:
        return await errands.forget_old(conn)


async def _carry_out(desk: Desk, errand: Errand) -> bool:
    try:
        answer = await _STEPS[errand.kind](desk, errand)
    except StripeRefused as error:
        log.error("errand.refused", errand=errand.id, kind=errand.kind, error=str(error))
        return await _fail(desk, errand, "Stripe does not do this for this account")
    except (StripeUnavailable, NotYet) as error:
        log.warning("errand.waits", errand=errand.id, kind=errand.kind, error=str(error))
        return await _wait(desk, errand, str(error))
    except Exception as error:  # one errand's fault must not stop the clerk for the others
        log.exception("errand.stuck", errand=errand.id, kind=errand.kind)
        return await _wait(desk, errand, f"{type(error).__name__}: {error}"[:500])
    async with lent(desk.pool) as conn:
        await errands.end(conn, errand.id, answer=answer)
    return True


async def _portal(desk: Desk, errand: Errand) -> dict[str, Any]:
    async with lent(desk.pool) as conn:
        customer = await store.select_customer(conn, errand.account)
    if customer is None:
        raise StripeRefused(f"{errand.account} is no customer yet")
    url = await desk.door.portal(errand.id, customer, errand.asked["return_url"])
    return {"url": url}


async def _preview(desk: Desk, errand: Errand) -> dict[str, Any]:
    async with lent(desk.pool) as conn:
        customer = await store.select_customer(conn, errand.account)
        subscription = await store.select_subscription(conn, errand.account)
    if customer is None or subscription is None:
        raise StripeRefused(f"{errand.account} has no subscription yet")
    return msgspec.to_builtins(await desk.door.preview(customer, subscription))


async def _refund(desk: Desk, errand: Errand) -> dict[str, Any]:
    """The money first, then the tokens; a webhook that comes between finds the same refund."""
    payment = errand.asked["payment"]
    made = await desk.door.refund(errand.id, payment, errand.asked["amount_minor"])
    refunds = await desk.door.refunds_of(payment)
    async with transaction(desk.pool) as conn:
        await payments.keep_refunds(conn, payment, refunds)
    return {"refund": made.id, "status": made.status}


async def _credit_note(desk: Desk, errand: Errand) -> dict[str, Any]:
    asked = errand.asked
    written = await desk.door.invoice(asked["invoice"])
    made = await desk.door.credit_note(
        errand.id, written.id, asked["amount_minor"], paid=written.status == "paid",
        memo=asked["memo"],
    )  # fmt: skip
    after = await desk.door.invoice(written.id)
    async with transaction(desk.pool) as conn:
        await mirror.keep_invoice(conn, errand.account, after)
    return {"credit_note": made.id, "number": made.number}


async def _fail(desk: Desk, errand: Errand, why: str) -> bool:
    async with lent(desk.pool) as conn:
        await errands.end(conn, errand.id, failed=why)
    return True


async def _wait(desk: Desk, errand: Errand, why: str) -> bool:
    waited = datetime.now(UTC) - errand.created_at
    if errand.kind in ("portal", "preview") and waited > HOPED_FOR:
        return await _fail(desk, errand, "Stripe did not answer in time; ask again")
    async with lent(desk.pool) as conn:
        await errands.put_off(conn, errand.id, why)
    return False


_STEPS: dict[str, Callable[[Desk, Errand], Awaitable[dict[str, Any]]]] = {
    "portal": _portal, "preview": _preview, "refund": _refund, "credit_note": _credit_note,
}  # fmt: skip
