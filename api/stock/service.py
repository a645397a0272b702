"""Clearing away what nobody refers to, and checking that all else is there.

An object is looked at when it is due: a day after it was announced, when the last candidate that
refers to it expires, and once a month. If no row of any account refers to it then, it is condemned,
and a day later it is looked at again and taken out of the store. Announcing it reprieves it at any
time.

Whoever crashes in between leaves a row that says so: the next round goes on from there. What has no
row at all, because a database was restored or somebody else wrote it, is found by listing.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

import asyncpg
import structlog

from api.stock import store
from api.stock.contracts import Found, Survey, Swept, Totals, Wrong
from api.stock.warehouse import SHARDS, Warehouse
from billing.connections import lent, transaction
from engine.stock.service import GRACE, LEAVING

REVIEWED_AT_ONCE = 500
DELETED_AT_ONCE = 50
"""Whoever announces one of them waits until all are gone."""

log = structlog.get_logger()


async def review(conn: asyncpg.Connection) -> Swept | None:
    """Look at some of the objects that are due; None when there are none."""
    due = await store.select_due(conn, REVIEWED_AT_ONCE)
    if not due:
        return None
    held = await store.select_held(conn, list(due))
    await store.keep(conn, held)
    free = [sha256 for sha256 in due if sha256 not in held]
    await store.condemn(conn, free, GRACE)
    return Swept(
        condemned=sum(not due[sha256] for sha256 in free),
        reprieved=sum(condemned for sha256, condemned in due.items() if sha256 in held),
    )


async def clear(pool: asyncpg.Pool, warehouse: Warehouse) -> int | None:
    """Take some of what was condemned a day ago out of the store; None when there is nothing.

    First it is said that they leave; then, while their rows are locked, it is looked once more
    whether anybody refers to them, and they are deleted. Whoever announces one of them waits for
    the lock, and finds it gone.
    """
    async with lent(pool) as conn:
        leaving = await store.mark_leaving(conn, GRACE, LEAVING, DELETED_AT_ONCE)
    if not leaving:
        return None
    async with transaction(pool) as conn:
        ours = await store.lock_leaving(conn, leaving)
        held = await store.select_held(conn, ours)
        await store.keep(conn, held)
        gone = [sha256 for sha256 in ours if sha256 not in held]
        await warehouse.delete(gone)
        await store.forget(conn, gone)
    log.info("objects.deleted", objects=len(gone))
    return len(gone)


async def adopt(conn: asyncpg.Connection, found: list[Found]) -> int:
    """Take in what lies in the store and has no row; how many, without what may be on its way."""
    return await store.adopt(conn, found, GRACE)


async def missing(conn: asyncpg.Connection, number: int, found: list[Found]) -> list[str]:
    """What rows refer to in a part of the store, and what was not listed there."""
    first, after = _bounds(number)
    unseen = await store.select_unseen(conn, first, after, [one.sha256 for one in found])
    return sorted(await store.select_held(conn, unseen)) if unseen else []


async def totals(conn: asyncpg.Connection) -> Totals:
    """What is known of the whole store."""
    return await store.select_totals(conn)


async def survey(pool: asyncpg.Pool, warehouse: Warehouse) -> Survey:
    """The whole store beside all rows, part by part; both come in the order of their names."""
    parts = []
    async with transaction(pool) as conn:
        rows = store.select_referenced(conn)
        ahead = await anext(rows, None)
        for number in range(SHARDS):
            _, after = _bounds(number)
            referenced: dict[str, int] = {}
            while ahead is not None and ahead[0] < after:
                referenced[ahead[0]] = ahead[1]
                ahead = await anext(rows, None)
            parts.append(_compared(referenced, await warehouse.shard(number)))
    return Survey(
        referenced=sum(one.referenced for one in parts),
        listed=sum(one.listed for one in parts),
        wrong=tuple(wrong for one in parts for wrong in one.wrong),
        orphans=tuple(orphan for one in parts for orphan in one.orphans),
        arriving=sum(one.arriving for one in parts),
    )


def _compared(referenced: dict[str, int], listed: list[Found]) -> Survey:
    """One part of the store. What is younger than a day may be on its way into a delivery."""
    there = {one.sha256: one.bytes for one in listed}
    free = [one for one in listed if one.sha256 not in referenced]
    young = datetime.now(UTC) - GRACE
    orphans = tuple(one for one in free if one.modified_at <= young)
    wrong = (
        Wrong(sha256=sha256, bytes=size, found=there.get(sha256))
        for sha256, size in referenced.items()
        if there.get(sha256) != size
    )
    return Survey(
        referenced=len(referenced), listed=len(listed), wrong=tuple(wrong), orphans=orphans,
        arriving=len(free) - len(orphans),
    )  # fmt: skip


async def sweep(pool: asyncpg.Pool, warehouse: Warehouse) -> Swept:
    """All that the clerk does in a day, at once: adopt, look at what is due, clear away."""
    swept = [Swept(adopted=await _adopt_all(pool, warehouse))]
    while True:
        async with transaction(pool) as conn:
            reviewed = await review(conn)
        if reviewed is None:
            break
        swept.append(reviewed)
    while (deleted := await clear(pool, warehouse)) is not None:
        swept.append(Swept(deleted=deleted))
    await warehouse.clear_arrivals(GRACE)
    return _sum(swept)


async def rehearse(pool: asyncpg.Pool, warehouse: Warehouse) -> Swept:
    """What a sweep would do now; nothing is changed."""
    found = [await warehouse.shard(number) for number in range(SHARDS)]
    async with lent(pool) as conn:
        undone = conn.transaction()
        await undone.start()
        try:
            swept = [Swept(adopted=sum([await adopt(conn, shard) for shard in found]))]
            while (reviewed := await review(conn)) is not None:
                swept.append(reviewed)
            leaving = await store.mark_leaving(conn, GRACE, LEAVING, 2**31 - 1)
        finally:
            await undone.rollback()
    return _sum([*swept, Swept(deleted=len(leaving))])


async def _adopt_all(pool: asyncpg.Pool, warehouse: Warehouse) -> int:
    adopted = 0
    for number in range(SHARDS):
        found = await warehouse.shard(number)
        async with lent(pool) as conn:
            adopted += await adopt(conn, found)
    return adopted


def _sum(swept: Iterable[Swept]) -> Swept:
    every = list(swept)
    return Swept(
        adopted=sum(one.adopted for one in every),
        condemned=sum(one.condemned for one in every),
        reprieved=sum(one.reprieved for one in every),
        deleted=sum(one.deleted for one in every),
    )


def _bounds(number: int) -> tuple[str, str]:
    """The first digest of a part, and the first one after it; ``g`` comes after every digit."""
    return f"{number:02x}", f"{number + 1:02x}" if number + 1 < SHARDS else "g"
