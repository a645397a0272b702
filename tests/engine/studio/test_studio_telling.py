"""What a job's work says reaches the database in order, once, and never holds the work up."""

import asyncio
import threading
from datetime import timedelta

import asyncpg
import pytest
from msgspec import structs

from engine.backends.contracts import Backend
from engine.queue import events
from engine.queue import service as queue
from engine.queue.contracts import Lease, Progress
from engine.queue.events import Told
from engine.queue.postgres import PostgresQueue
from engine.repertoire import service as repertoire
from engine.studio.lanes.heart import Heart
from engine.studio.lanes.lane import Studio
from engine.studio.lanes.telling import MOST_KEPT, Telling
from tests.engine.queue.test_queue import _job


def _progress(step: str, done: int) -> Progress:
    return Progress(step=step, done=done, total=9)


def test_of_one_step_only_the_latest_is_kept() -> None:
    telling = Telling()
    for done in range(5):
        telling.note(_progress("plan", done))
    telling.note(Told(kind="takes.ranked", facts={"takes": [2, 1]}))
    telling.note(_progress("plan", 5))
    telling.note(_progress("render", 0))
    said = telling.taken()
    assert [(one.kind, one.facts.get("done")) for one in said] == [
        ("progress", 4), ("takes.ranked", None), ("progress", 5), ("progress", 0),
    ]  # fmt: skip
    assert telling.taken() == []


def test_what_nobody_writes_down_does_not_grow() -> None:
    telling, more = Telling(), Told(kind="x", facts={})
    threads = [
        threading.Thread(target=lambda: [telling.note(more) for _ in range(500)]) for _ in range(4)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(telling.taken()) == MOST_KEPT


@pytest.mark.parametrize("wants", ["candidates", "renditions"])
async def test_a_heart_writes_down_what_may_be_listened_to(pool: asyncpg.Pool, wants: str) -> None:
    lease = await _leased(pool)
    heart = Heart(_studio(pool), lease, "plan")
    heart._lease = Lease(
        job=structs.replace(lease.job, wants=wants), worker=lease.worker, attempt=1
    )
    async with heart:
        await heart.through(lambda: heart.tell(_progress("plan", 1)))
        await heart.through(lambda: heart.tell(Told(kind="takes.ranked", facts={"takes": [1]})))
        await heart.write_down()
    async with pool.acquire() as conn:
        told = await events.since(conn, {lease.job.id: 0})
    expected = ["brief.started", "progress", "takes.ranked"]
    assert [one.kind for one in told] == (expected if wants == "candidates" else expected[:1])


async def _leased(pool: asyncpg.Pool) -> Lease:
    async with pool.acquire() as conn:
        await queue.enqueue(conn, _job("brf_told"))
        lease = await queue.claim(conn, "w1", timedelta(seconds=30))
    assert lease is not None
    return lease


def _studio(pool: asyncpg.Pool) -> Studio:
    return Studio(
        pool=pool, queue=PostgresQueue(pool, repertoire.offer),
        backend=_NoBackend(), shelf=None, worker="w1",
        lease_for=timedelta(seconds=30), stop=asyncio.Event(),
    )  # fmt: skip


class _NoBackend(Backend):
    """A heart asks nothing of it."""

    name = digest = "none"
