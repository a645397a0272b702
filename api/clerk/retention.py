"""Keeping the store in order: what nobody refers to is cleared away, what is missing is told.

A clerk without ``CUESMITH_STORE`` leaves this to another one.
"""

from datetime import UTC, datetime

import structlog
from prometheus_client import Counter, Gauge

from api.clerk.desk import Desk
from api.stock import service as stock
from api.stock.warehouse import SHARDS
from billing.connections import lent, transaction
from engine.stock.places import StoreUnreachable
from engine.stock.service import GRACE

LOOK_EVERY_S = 300
"""How long a part of the store is the one to be listed; all of them take less than a day."""

log = structlog.get_logger()
DELETED = Counter("clerk_objects_deleted_total", "Objects taken out of the store")
CONDEMNED = Gauge("clerk_objects_condemned", "Objects that nobody refers to, in their day of grace")
OBJECTS = Gauge("clerk_store_objects", "Objects that are known to lie in the store")
BYTES = Gauge("clerk_store_bytes", "Bytes of the objects that are known to lie in the store")
MISSING = Gauge("clerk_objects_missing", "Objects that rows refer to, and that are not there")
_missing_by_part: dict[int, int] = {}


async def review_objects(desk: Desk) -> int:
    """Look at the objects that are due: keep them, or condemn them."""
    reviewed = 0
    if desk.warehouse is None:
        return reviewed
    while True:
        async with transaction(desk.pool) as conn:
            swept = await stock.review(conn)
        if swept is None:
            return reviewed
        reviewed += swept.condemned + swept.reprieved


async def clear_objects(desk: Desk) -> int:
    """Take what was condemned a day ago out of the store."""
    cleared = 0
    if desk.warehouse is None:
        return cleared
    try:
        while (deleted := await stock.clear(desk.pool, desk.warehouse)) is not None:
            DELETED.inc(deleted)
            cleared += deleted
    except StoreUnreachable as error:
        log.warning("store.unreachable", error=str(error))
    return cleared


async def look_through_store(desk: Desk, at: datetime | None = None) -> int:
    """Compare the part of the store whose turn it is with its rows: adopt what has none, tell
    what is missing."""
    if desk.warehouse is None:
        return 0
    number = part_of(at or datetime.now(UTC))
    try:
        found = await desk.warehouse.shard(number)
        await desk.warehouse.clear_arrivals(GRACE)
    except StoreUnreachable as error:
        log.warning("store.unreachable", error=str(error))
        return 0
    async with lent(desk.pool) as conn:
        adopted = await stock.adopt(conn, found)
        missing = await stock.missing(conn, number, found)
    for sha256 in missing:
        log.error("object.missing", sha256=sha256, remedy="runbook: an object is missing")
    _missing_by_part[number] = len(missing)
    MISSING.set(sum(_missing_by_part.values()))
    return adopted


async def count_objects(desk: Desk) -> int:
    """Say how much lies in the store."""
    if desk.warehouse is None:
        return 0
    async with lent(desk.pool) as conn:
        totals = await stock.totals(conn)
    OBJECTS.set(totals.objects)
    BYTES.set(totals.bytes)
    CONDEMNED.set(totals.condemned)
    return totals.objects


def part_of(at: datetime) -> int:
    """The part of the store whose turn it is; nobody has to remember where he was."""
    return int(at.timestamp() // LOOK_EVERY_S) % SHARDS
