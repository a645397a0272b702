"""The queue that all processes share: rows in Postgres, each call a step of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import cast

import asyncpg

from engine.contracts import Failed, FamilyMade, Made, Outline, Rendered, RetractedTake
from engine.queue import service
from engine.queue.contracts import (
    Delivery,
    Ended,
    Job,
    JobView,
    Lease,
    Planned,
    Played,
    Progress,
    Queue,
    Wants,
    candidate_id,
)
from engine.queue.events import Told

Offer = Callable[[asyncpg.Connection, str, Sequence[int]], Awaitable[None]]
"""Puts down a candidate's runs of notes, in the transaction that delivers it."""


async def offer_nothing(_conn: asyncpg.Connection, _candidate: str, _runs: Sequence[int]) -> None:
    """For those who deliver nothing that has notes."""


class PostgresQueue(Queue):
    """`engine.queue.service` with a connection lent for every call."""

    def __init__(self, pool: asyncpg.Pool, offer: Offer = offer_nothing) -> None:
        self._pool, self._offer = pool, offer

    async def enqueue(self, job: Job) -> None:
        async with self._lent() as conn:
            await service.enqueue(conn, job)

    async def ask_cancel(self, job: str) -> bool:
        async with self._lent() as conn, conn.transaction():
            return await service.ask_cancel(conn, job)

    async def view(self, job: str) -> JobView | None:
        async with self._lent() as conn:
            return await service.view(conn, job)

    async def last_word(self, job: str) -> Planned | Played | Ended | None:
        async with self._lent() as conn:
            return await service.last_word(conn, job)

    async def backlog(self) -> tuple[int, float]:
        async with self._lent() as conn:
            return await service.backlog(conn)

    async def claim(
        self, worker: str, lease: timedelta, wants: Wants | None = None, engine: str | None = None
    ) -> Lease | None:
        async with self._lent() as conn:
            return await service.claim(conn, worker, lease, wants, engine)

    async def beat(self, lease: Lease, until: timedelta, progress: Progress) -> bool:
        async with self._lent() as conn:
            return await service.beat(conn, lease, until, progress)

    async def tell(self, lease: Lease, told: Sequence[Told]) -> None:
        async with self._lent() as conn:
            await service.tell(conn, lease, told)

    async def delivered_takes(self, job: str) -> dict[int, int]:
        async with self._lent() as conn:
            return await service.delivered_takes(conn, job)

    async def deliver(
        self, lease: Lease, made: Made | FamilyMade, runs: Sequence[int] = ()
    ) -> None:
        async with self._lent() as conn, conn.transaction():
            await service.deliver(conn, lease, made)
            if runs:
                await self._offer(conn, candidate_id(lease.job.id, made.number), runs)

    async def finish(
        self,
        lease: Lease,
        *,
        retracted: tuple[RetractedTake, ...] = (),
        failure: Failed | None = None,
        canceled: bool = False,
    ) -> None:
        async with self._lent() as conn:
            await service.finish(
                conn, lease, retracted=retracted, failure=failure, canceled=canceled
            )

    async def hand_over(self, lease: Lease, made: tuple[Outline, ...] | Rendered) -> None:
        async with self._lent() as conn:
            await service.hand_over(conn, lease, made)

    async def give_back(self, lease: Lease) -> None:
        async with self._lent() as conn:
            await service.give_back(conn, lease)

    async def reap(self) -> int:
        async with self._lent() as conn:
            return await service.reap(conn)

    async def unsettled(self, limit: int) -> list[Delivery]:
        async with self._lent() as conn:
            return await service.unsettled(conn, limit)

    async def settle(self, delivery: int) -> None:
        async with self._lent() as conn:
            await service.settle(conn, delivery)

    async def put_off(self, delivery: int) -> None:
        async with self._lent() as conn:
            await service.put_off(conn, delivery)

    @asynccontextmanager
    async def _lent(self) -> AsyncIterator[asyncpg.Connection]:
        async with self._pool.acquire() as conn:
            yield cast("asyncpg.Connection", conn)
