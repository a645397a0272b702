"""The clerk's rounds: every step again and again, side by side, until it is told to stop."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable

import asyncpg
import structlog

from api.clerk.desk import Desk
from api.clerk.forgetting import forget_answers, forget_offers, forget_plans
from api.clerk.holds import keep_holds
from api.clerk.meters import send_usage
from api.clerk.settling import settle_due
from api.clerk.stripe import handle_stripe, sweep_stripe
from api.clerk.topups import start_topups
from billing.errors import StripeUnavailable

DELIVERIES = "engine_deliveries"
IDLE_S = 0.5

log = structlog.get_logger()


async def serve(desk: Desk) -> None:
    """Work until SIGTERM or SIGINT; what is begun is finished."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    woken = asyncio.Event()
    listener = asyncio.create_task(listen(desk.pool, woken, stop))
    rounds = (
        repeat(settle_due, desk, stop, IDLE_S, woken),
        repeat(start_topups, desk, stop, IDLE_S),
        repeat(handle_stripe, desk, stop, IDLE_S),
        repeat(send_usage, desk, stop, IDLE_S),
        repeat(keep_holds, desk, stop, 5.0),
        repeat(sweep_stripe, desk, stop, 60.0),
        repeat(forget_answers, desk, stop, 3600.0),
        repeat(forget_plans, desk, stop, 3600.0),
        repeat(forget_offers, desk, stop, 3600.0),
    )
    log.info("clerk.ready")
    await asyncio.gather(*rounds)
    listener.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await listener
    log.info("clerk.stopped")


async def repeat(
    step: Callable[[Desk], Awaitable[int]],
    desk: Desk,
    stop: asyncio.Event,
    pause_s: float,
    woken: asyncio.Event | None = None,
) -> None:
    """One step again and again; a fault is logged and tried again, the others go on."""
    while not stop.is_set():
        try:
            await step(desk)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, StripeUnavailable) as error:
            log.warning("clerk.step_failed", step=step.__name__, error=str(error))
        except Exception:  # one row's fault must not stop the till for the others
            log.exception("clerk.fault", step=step.__name__)
        waker = woken or stop
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(waker.wait(), pause_s)
        if woken is not None:
            woken.clear()


async def listen(pool: asyncpg.Pool, woken: asyncio.Event, stop: asyncio.Event) -> None:
    """Wake when a studio delivers; polling beside it makes a lost notice cost half a second."""

    def wake(*_: object) -> None:
        woken.set()

    while not stop.is_set():
        try:
            async with pool.acquire() as conn:
                await conn.add_listener(DELIVERIES, wake)
                try:
                    await stop.wait()
                finally:
                    await conn.remove_listener(DELIVERIES, wake)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await asyncio.sleep(1.0)
