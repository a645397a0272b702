"""Briefs carried through the queue by hand: what a studio would hand back, without its sound."""

from datetime import timedelta

import asyncpg

from api import clerk
from billing.connections import lent
from engine.contracts import Asset, Failed, Made, Plan
from engine.queue import service as queue
from engine.queue.contracts import Lease
from tests.api.conftest import Client

CHIME = {"prompt": "door open, friendly", "kind": "chime", "candidates": 2, "duration_ms": 800}


async def asked(client: Client, name: str = "first") -> str:
    """A brief for two chimes; its id."""
    answer = await client.brief(CHIME, name)
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


async def leased(pool: asyncpg.Pool) -> Lease:
    """The next waiting brief, taken by a studio."""
    async with lent(pool) as conn:
        taken = await queue.claim(conn, "studio", timedelta(seconds=60), "candidates")
    assert taken is not None, "a brief waits"
    return taken


async def handed_back(
    pool: asyncpg.Pool, lease: Lease, *numbers: int, failure: Failed | None = None
) -> None:
    """These candidates and the end of their brief, delivered but not settled."""
    async with lent(pool) as conn:
        for number in numbers:
            await queue.deliver(conn, lease, made(lease, number))
        await queue.finish(conn, lease, failure=failure)


async def settled(pool: asyncpg.Pool) -> None:
    """Everything that was delivered is paid for."""
    while await clerk.settle_one(pool):
        pass


async def carried_out(pool: asyncpg.Pool) -> str:
    """The next waiting brief, brought to its end; its id."""
    lease = await leased(pool)
    await handed_back(pool, lease, 1, 2)
    await settled(pool)
    return lease.job.id


def made(lease: Lease, number: int) -> Made:
    """A candidate whose sound nobody has made."""
    plan = Plan(
        style="lofi", kind="chime", tempo=80, meter="4/4", bars=1, tonic=0, mode="major",
        sections=(), chords=(), parts=(),
    )  # fmt: skip
    master = Asset(name="master", sha256="0" * 64, bytes=44, media_type="audio/wav")
    return Made(
        number=number, take=number, seed=1, rating=0.5, resolved=lease.job.music, plan=plan,
        measured=(), assets=(master,),
    )  # fmt: skip
