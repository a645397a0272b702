"""The queue's promises: one holder, counted attempts, late writers fenced, nothing lost."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from engine.contracts import (
    Delivery,
    Made,
    Outline,
    OutlinePart,
    OutlineSection,
    Plan,
    Resolved,
)
from engine.queue import service as queue
from engine.queue.contracts import Delivered, Job, Unreadable

LEASE = timedelta(seconds=30)


def _resolved() -> Resolved:
    return Resolved(
        kind="bed", style="lofi", candidates=2, seed=1, duration_ms=5000, duration_frames=240_000,
        bpm_range=(66, 92), delivery=Delivery(lufs=-16),
    )  # fmt: skip


def _job(name: str, account: str = "acc_1", **fields: object) -> Job:
    deadline = datetime.now(UTC) + timedelta(minutes=10)
    given = {"deadline_at": deadline, **fields}
    return Job(id=name, account=account, resolved=_resolved(), seed=7, **given)  # type: ignore[arg-type]


def _made(number: int) -> Made:
    plan = Plan(
        style="lofi", kind="bed", tempo=80, meter="4/4", bars=2, tonic=0, mode="major",
        sections=(), chords=(), parts=(),
    )  # fmt: skip
    return Made(
        number=number, take=number, seed=1, rating=0.5, resolved=_resolved(), plan=plan, measured=()
    )


async def test_a_rolled_back_enqueue_leaves_no_job(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        await queue.enqueue(conn, _job("brf_a"))
        await transaction.rollback()
        assert await queue.claim(conn, "w1", LEASE) is None


def _plans(name: str, account: str = "acc_1", **fields: object) -> Job:
    return _job(name, account, lane="plan", wants="plans", **fields)


def _outline() -> Outline:
    return Outline(
        style="lofi", kind="bed", duration_ms=5000, tempo=80, meter="4/4", tonality="C major",
        sections=(OutlineSection(name="A", bars=1, energy=3, roles=("comp",), chords="I"),),
        parts=(OutlinePart(role="comp", instrument="ep_tine", low=48, high=72, velocity=(40, 90)),),
    )  # fmt: skip


async def test_only_plans_are_forgotten(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn:
        await queue.enqueue(conn, _job("brf_a"))
        await queue.enqueue(conn, _plans("plan_a"))
        lease = await queue.claim(conn, "w1", LEASE)
        assert lease is not None
        await queue.hand_over(conn, lease, ())
        await queue.forget_plans(conn, ["plan_a", "brf_a"])
        assert await queue.view(conn, "plan_a") is None
        assert await queue.last_word(conn, "plan_a") is None
        assert await queue.view(conn, "brf_a") is not None


async def test_a_lane_and_what_is_wanted_belong_together(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn:
        with pytest.raises(asyncpg.CheckViolationError):
            await queue.enqueue(conn, _job("brf_a", lane="plan"))
        with pytest.raises(asyncpg.CheckViolationError):
            await queue.enqueue(conn, _job("plan_a", wants="plans"))
        with pytest.raises(asyncpg.CheckViolationError):
            await queue.enqueue(conn, _job("rnd_a", wants="renditions", lane="rendition"))


async def test_one_delivery_that_cannot_be_read_leaves_the_others_readable(
    pool: asyncpg.Pool,
) -> None:
    async with pool.acquire() as conn:
        await queue.enqueue(conn, _job("brf_a"))
        lease = await queue.claim(conn, "w1", LEASE)
        assert lease is not None
        await queue.deliver(conn, lease, _made(1))
        await queue.deliver(conn, lease, _made(2))
        await conn.execute(
            """update engine.deliveries set body = '{"type": "hologram"}' where number = 1"""
        )
        async with conn.transaction():
            strange, plain = await queue.unsettled(conn, 10)
            assert isinstance(strange.body, Unreadable)
            assert plain.body == Delivered(made=_made(2))
            for _ in range(6):
                await queue.put_off(conn, strange.id)
        async with conn.transaction():
            assert [one.id for one in await queue.unsettled(conn, 10)] == [plain.id]
