"""What a job's work says reaches the database in order, once, and never holds the work up."""

import asyncio
import threading
from collections.abc import Generator
from datetime import timedelta

import asyncpg
import pytest
from msgspec import structs

from engine.backends.contracts import Backend
from engine.contracts import Made, RetractedTake
from engine.errors import Stopped
from engine.queue import events
from engine.queue import service as queue
from engine.queue.contracts import Lease, Progress
from engine.queue.events import Told
from engine.queue.postgres import PostgresQueue
from engine.repertoire import service as repertoire
from engine.studio.lanes.heart import Heart
from engine.studio.lanes.lane import Studio
from engine.studio.lanes.session import Session
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


def test_who_says_the_same_again_is_not_written_down_again() -> None:
    telling = Telling()
    telling.note(_progress("compose", 0))
    assert len(telling.taken()) == 1
    telling.note(_progress("compose", 0))
    assert telling.taken() == []
    telling.note(_progress("compose", 1))
    assert [one.facts["done"] for one in telling.taken()] == [1]


def test_what_could_not_be_written_down_comes_first_the_next_time() -> None:
    telling = Telling()
    before = [Told(kind=f"before {n}", facts={}) for n in range(3)]
    telling.note(Told(kind="after", facts={}))
    telling.put_back(before)
    assert [one.kind for one in telling.taken()] == ["before 0", "before 1", "before 2", "after"]
    for n in range(MOST_KEPT - 1):
        telling.note(Told(kind=f"{n}", facts={}))
    telling.put_back(before)
    assert [one.kind for one in telling.taken()][:2] == ["before 2", "0"]


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


async def test_what_is_said_is_written_down_without_being_asked_for(pool: asyncpg.Pool) -> None:
    lease = await _leased(pool)
    async with Heart(_studio(pool), lease, "plan") as heart, asyncio.timeout(30):
        await heart.through(lambda: heart.tell(Told(kind="takes.ranked", facts={"takes": [1]})))
        while "takes.ranked" not in await _told(pool, lease):  # noqa: ASYNC110 - a row
            await asyncio.sleep(0.02)


async def test_a_database_that_is_away_loses_nothing_that_was_said(pool: asyncpg.Pool) -> None:
    lease = await _leased(pool)
    queue_of = _Away(pool, repertoire.offer)
    async with Heart(structs.replace(_studio(pool), queue=queue_of), lease, "plan") as heart:
        await heart.through(lambda: heart.tell(Told(kind="first", facts={})))
        async with asyncio.timeout(30):
            await queue_of.failed.wait()
        await heart.through(lambda: heart.tell(Told(kind="second", facts={})))
        await heart.write_down()
    assert await _told(pool, lease) == ["brief.started", "first", "second"]


async def test_nothing_is_told_of_an_attempt_after_its_end(pool: asyncpg.Pool) -> None:
    first, said = await _leased(pool), [Told(kind="late", facts={})]
    shared = PostgresQueue(pool, repertoire.offer)
    await shared.tell(first, [Told(kind="early", facts={})])
    await shared.give_back(first)
    await shared.tell(first, said)
    second = await shared.claim("w2", timedelta(seconds=30))
    assert second is not None
    await shared.tell(first, said)
    await shared.tell(second, [Told(kind="anew", facts={})])
    await shared.finish(second)
    await shared.tell(second, said)
    kinds = ["brief.started", "early", "brief.requeued", "brief.started", "anew"]
    assert await _told(pool, first) == kinds


async def test_who_takes_a_job_away_waits_for_what_is_being_told_of_it(pool: asyncpg.Pool) -> None:
    lease = await _leased(pool)
    async with pool.acquire() as telling, pool.acquire() as taking:
        transaction = telling.transaction()
        await transaction.start()
        await queue.tell(telling, lease, [Told(kind="early", facts={})])
        taken = asyncio.create_task(queue.give_back(taking, lease))
        await asyncio.sleep(0.2)
        assert not taken.done()
        await transaction.commit()
        await taken
    assert await _told(pool, lease) == ["brief.started", "early", "brief.requeued"]


@pytest.mark.parametrize("fault", [
    asyncpg.UntranslatableCharacterError("a sign that jsonb has none of"), TypeError("no JSON"),
])  # fmt: skip
async def test_what_cannot_be_written_down_is_dropped_and_what_comes_next_is_not(
    pool: asyncpg.Pool, fault: Exception
) -> None:
    lease = await _leased(pool)
    queue_of = _Away(pool, repertoire.offer, fault=fault)
    async with Heart(structs.replace(_studio(pool), queue=queue_of), lease, "plan") as heart:
        await heart.through(lambda: heart.tell(Told(kind="first", facts={})))
        async with asyncio.timeout(30):
            await queue_of.failed.wait()
        await heart.through(lambda: heart.tell(Told(kind="second", facts={})))
        await heart.write_down()
    assert await _told(pool, lease) == ["brief.started", "second"]


@pytest.mark.parametrize("fault", [
    asyncpg.DeadlockDetectedError("two waited for each other"), RuntimeError("whatever it is"),
])  # fmt: skip
@pytest.mark.parametrize("canceled", [False, True])
async def test_a_job_ends_whatever_comes_of_what_is_told_of_it(
    pool: asyncpg.Pool, fault: Exception, canceled: bool
) -> None:
    lease = await _leased(pool)
    queue_of = _Mute(pool, repertoire.offer, fault=fault)
    studio = structs.replace(_studio(pool), queue=queue_of, lease_for=timedelta(seconds=2))
    assert await _Talk(studio, lease, canceled).run() == ("canceled" if canceled else "short")
    assert queue_of.failed.is_set()
    state = await pool.fetchval("select state from engine.jobs where id = $1", lease.job.id)
    assert state == ("canceled" if canceled else "failed")


class _Talk(Session[Made]):
    """Work that says something, delivers nothing, and may hear that it is not wanted any more."""

    asked = 1

    def __init__(self, studio: Studio, lease: Lease, canceled: bool) -> None:
        super().__init__(studio, lease)
        self._canceled = canceled

    def begin(self, done: dict[int, int], heart: Heart) -> Generator[Made, None, None]:
        heart.canceled = self._canceled
        heart.tell(Told(kind="said", facts={}))
        if self._canceled:
            raise Stopped
        yield from ()

    async def deliver(self, offered: Made) -> None:
        raise AssertionError("it makes nothing")

    def retracted(self, take: RetractedTake) -> None:
        raise AssertionError("it makes nothing")


class _Away(PostgresQueue):
    """A queue that fails when something is told for the first time: its database is away, or
    worse."""

    def __init__(self, *given, fault: Exception | None = None) -> None:
        super().__init__(*given)
        self.failed = asyncio.Event()
        self.fault = fault or OSError("gone")

    async def tell(self, lease: Lease, told) -> None:
        if not self.failed.is_set():
            self.failed.set()
            raise self.fault
        await super().tell(lease, told)


class _Mute(_Away):
    """A queue that fails whenever something is told."""

    async def tell(self, lease: Lease, told) -> None:
        self.failed.set()
        raise self.fault


async def _told(pool: asyncpg.Pool, lease: Lease) -> list[str]:
    async with pool.acquire() as conn:
        return [one.kind for one in await events.since(conn, {lease.job.id: 0})]


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
