"""What the clerk works with, opened once."""

import asyncpg
import httpx
import structlog
from msgspec import Struct

from api.stock.warehouse import Warehouse
from billing.connections import transaction
from billing.ledger import service as ledger
from billing.meters import service as meters
from billing.meters.contracts import UsageSink
from billing.processor.door import StripeDoor
from billing.processor.stream import MeterStream
from billing.settings import BillingSettings

log = structlog.get_logger()


class Desk(Struct, frozen=True, kw_only=True):
    """What the clerk works with."""

    pool: asyncpg.Pool
    door: StripeDoor
    public_url: str
    sink: UsageSink
    meter_events_per_s: float
    warehouse: Warehouse | None = None
    """The store, where this clerk keeps it in order."""


async def open_desk(
    database_url: str,
    billing: BillingSettings,
    public_url: str,
    transport: httpx.AsyncBaseTransport | None = None,
    warehouse: Warehouse | None = None,
) -> Desk:
    """Connect, refuse the wrong Stripe, and set up what Stripe must know."""
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=10)
    async with transaction(pool) as conn:
        await ledger.bind_stripe_mode(conn, billing.stripe)
        if await meters.watch_for_restore(conn):
            log.error("meters.stopped", why=await meters.stopped(conn),
                      remedy="cuesmith billing reconcile --after-restore")  # fmt: skip
    door = StripeDoor.open(billing, pool, transport)
    return Desk(
        pool=pool, door=door, public_url=public_url,
        sink=MeterStream(door) if billing.meters == "stream" else door,
        meter_events_per_s=billing.meter_events_per_s, warehouse=warehouse,
    )  # fmt: skip
