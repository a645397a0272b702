"""The clerk's rounds: every step again and again, side by side, until it is told to stop."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Mapping

import asyncpg
import structlog
from msgspec import Struct
from prometheus_client import Counter, Gauge

from api.clerk.batches import end_batches, stop_batches
from api.clerk.desk import Desk
from api.clerk.dunning import dun
from api.clerk.errands import do_errands, forget_errands
from api.clerk.fees import book_fees
from api.clerk.forgetting import (
    forget_answers,
    forget_deliveries,
    forget_offers,
    forget_plans,
)
from api.clerk.holds import keep_holds
from api.clerk.lots import expire_lots
from api.clerk.messages import Post, count_messages, forget_told
from api.clerk.meters import send_usage
from api.clerk.postpaid import subscribe_postpaid
from api.clerk.queue import count_queue
from api.clerk.reconcile import reconcile
from api.clerk.retention import (
    LOOK_EVERY_S,
    clear_objects,
    count_objects,
    look_through_store,
    review_objects,
)
from api.clerk.settling import settle_due
from api.clerk.stripe import forget_events, handle_stripe, sweep_days, sweep_stripe
from api.clerk.topups import start_topups
from api.clerk.watching import PULSE, count_waiting, prove_ledger
from api.database import GONE
from api.webhooks import outbox
from billing.errors import StripeUnavailable
from billing.processor import errands
from engine import memory

DELIVERIES = "engine_deliveries"
IDLE_S = 0.5

log = structlog.get_logger()
DONE = Gauge("clerk_round_last_seconds", "When a round was last done, in Unix seconds", ["round"])
PAUSE = Gauge("clerk_round_pause_seconds", "How long a round rests at most", ["round"])
FAULTS = Counter("clerk_round_faults_total", "Rounds that ended in an error", ["round"])


class Round(Struct, frozen=True, kw_only=True):
    """A step, the pause after it, and the Postgres channel that cuts the pause short."""

    step: Callable[[Desk], Awaitable[int]]
    pause_s: float
    channel: str | None = None


async def give_back(_: Desk) -> int:
    """Hand back what is free of this process's memory."""
    return await memory.give_back()


ROUNDS = (
    Round(step=settle_due, pause_s=IDLE_S, channel=DELIVERIES),
    Round(step=start_topups, pause_s=IDLE_S),
    Round(step=do_errands, pause_s=IDLE_S, channel=errands.CHANNEL),
    Round(step=handle_stripe, pause_s=IDLE_S),
    Round(step=send_usage, pause_s=IDLE_S),
    Round(step=stop_batches, pause_s=1.0),
    Round(step=end_batches, pause_s=1.0),
    Round(step=keep_holds, pause_s=5.0),
    Round(step=count_waiting, pause_s=15.0),
    Round(step=count_messages, pause_s=15.0),
    Round(step=count_queue, pause_s=15.0),
    Round(step=subscribe_postpaid, pause_s=5.0),
    Round(step=dun, pause_s=60.0),
    Round(step=sweep_stripe, pause_s=60.0),
    Round(step=expire_lots, pause_s=60.0),
    Round(step=give_back, pause_s=memory.EVERY_S),
    Round(step=reconcile, pause_s=300.0),
    Round(step=review_objects, pause_s=60.0),
    Round(step=clear_objects, pause_s=60.0),
    Round(step=look_through_store, pause_s=LOOK_EVERY_S),
    Round(step=count_objects, pause_s=LOOK_EVERY_S),
    Round(step=book_fees, pause_s=900.0),
    Round(step=sweep_days, pause_s=3600.0),
    Round(step=prove_ledger, pause_s=3600.0),
    Round(step=forget_answers, pause_s=3600.0),
    Round(step=forget_plans, pause_s=3600.0),
    Round(step=forget_deliveries, pause_s=3600.0),
    Round(step=forget_offers, pause_s=3600.0),
    Round(step=forget_errands, pause_s=3600.0),
    Round(step=forget_events, pause_s=3600.0),
    Round(step=forget_told, pause_s=3600.0),
)


async def serve(desk: Desk, post: Post) -> None:
    """Work until SIGTERM or SIGINT; what is begun is finished."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    woken = {one.channel: asyncio.Event() for one in ROUNDS if one.channel is not None}
    letters = woken[outbox.CHANNEL] = asyncio.Event()
    listener = asyncio.create_task(listen(desk.pool, woken, stop))
    memory.settle()
    log.info("clerk.ready")
    await asyncio.gather(
        PULSE.beat(stop),
        post.serve(stop, letters),
        *(
            repeat(one.step, desk, stop, one.pause_s, woken.get(one.channel or ""))
            for one in ROUNDS
        ),
    )
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
    name = step.__name__
    PAUSE.labels(name).set(pause_s)
    DONE.labels(name).set_to_current_time()  # a clerk that has just come has missed nothing
    while not stop.is_set():
        try:
            await step(desk)
            DONE.labels(name).set_to_current_time()
        except (*GONE, StripeUnavailable) as error:
            FAULTS.labels(name).inc()
            log.warning("clerk.step_failed", step=name, error=str(error))
        except Exception:  # one row's fault must not stop the till for the others
            FAULTS.labels(name).inc()
            log.exception("clerk.fault", step=name)
        waker = woken or stop
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(waker.wait(), pause_s)
        if woken is not None:
            woken.clear()


async def listen(
    pool: asyncpg.Pool, woken: Mapping[str, asyncio.Event], stop: asyncio.Event
) -> None:
    """Wake the rounds whose channel is called; polling beside it makes a lost notice cost half a
    second."""

    def wake(conn: object, pid: object, channel: str, payload: object) -> None:
        woken[channel].set()

    while not stop.is_set():
        try:
            async with pool.acquire() as conn:
                for channel in woken:
                    await conn.add_listener(channel, wake)
                try:
                    await stop.wait()
                finally:
                    for channel in woken:
                        await conn.remove_listener(channel, wake)
        except GONE:
            await asyncio.sleep(1.0)
