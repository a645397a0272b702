"""The queue's promises: one holder, counted attempts, late writers fenced, nothing lost."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from engine.contracts import (
    Delivery,
    Failed,
    Made,
    Outline,
    OutlinePart,
    OutlineSection,
    Plan,
    Resolved,
)
from engine.errors import LeaseLost
from engine.queue import service as queue
from engine.queue.contracts import Delivered, Ended, Job, Planned, Progress, Unreadable

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


async def _let_lease_run_out(conn: asyncpg.Connection) -> None:
    await conn.execute(
        "update engine.jobs set lease_until = now() - interval '1 s' where state = 'leased'"
    )


async def test_a_rolled_back_enqueue_leaves_no_job(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        await queue.enqueue(conn, _job("brf_a"))
        await transaction.rollback()
        assert await queue.claim(conn, "w1", LEASE) is None


async def test_two_workers_never_hold_the_same_job(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as one, pool.acquire() as two:
        await queue.enqueue(one, _job("brf_a"))
        first = await queue.claim(one, "w1", LEASE)
        second = await queue.claim(two, "w2", LEASE)
        assert first is not None
        assert first.attempt == 1
        assert first.job.resolved == _resolved()
        assert second is None


async def test_a_late_worker_cannot_deliver(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn:
        await queue.enqueue(conn, _job("brf_a"))
        late = await queue.claim(conn, "w1", LEASE)
        await _let_lease_run_out(conn)
        assert await queue.reap(conn) == 1
        again = await queue.claim(conn, "w2", LEASE)
        assert late is not None
        assert again is not None
        assert again.attempt == 2
        with pytest.raises(LeaseLost):
            await queue.deliver(conn, late, _made(1))
        with pytest.raises(LeaseLost):
            await queue.beat(conn, late, LEASE, Progress())
        await queue.deliver(conn, again, _made(1))


async def test_a_job_that_kills_every_studio_ends_as_failed(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn:
        await queue.enqueue(conn, _job("brf_a", max_attempts=2))
        for worker in ("w1", "w2"):
            assert await queue.claim(conn, worker, LEASE) is not None
            await _let_lease_run_out(conn)
            await queue.reap(conn)
        assert await queue.claim(conn, "w3", LEASE) is None
        async with conn.transaction():
            (last,) = await queue.unsettled(conn, 10)
        assert last.number == 0
        assert isinstance(last.body, Ended)
        assert last.body.failure == queue.USED_UP


async def test_a_job_past_its_deadline_ends_without_being_started(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn:
        await queue.enqueue(
            conn, _job("brf_a", deadline_at=datetime.now(UTC) - timedelta(seconds=1))
        )
        await queue.reap(conn)
        async with conn.transaction():
            (last,) = await queue.unsettled(conn, 10)
        assert isinstance(last.body, Ended)
        assert last.body.failure == queue.TOO_LATE


async def test_delivering_twice_keeps_the_first(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn:
        await queue.enqueue(conn, _job("brf_a"))
        lease = await queue.claim(conn, "w1", LEASE)
        assert lease is not None
        await queue.deliver(conn, lease, _made(1))
        await queue.deliver(conn, lease, _made(1))
        await queue.finish(conn, lease, failure=Failed(code="fewer", detail="one of two"))
        async with conn.transaction():
            rows = await queue.unsettled(conn, 10)
            for row in rows:
                await queue.settle(conn, row.id)
        assert [row.number for row in rows] == [1, 0]
        assert isinstance(rows[0].body, Delivered)
        assert rows[0].body.made == _made(1)
        async with conn.transaction():
            assert await queue.unsettled(conn, 10) == []


async def test_an_interrupted_attempt_is_not_a_failed_one(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn:
        await queue.enqueue(conn, _job("brf_a"))
        for _ in range(5):
            lease = await queue.claim(conn, "w1", LEASE)
            assert lease is not None
            assert lease.attempt == 1
            await queue.give_back(conn, lease)


async def test_canceling_a_waiting_job_ends_it_and_a_running_one_hears_of_it(
    pool: asyncpg.Pool,
) -> None:
    async with pool.acquire() as conn:
        await queue.enqueue(conn, _job("brf_a"))
        assert await queue.ask_cancel(conn, "brf_a")
        assert not await queue.ask_cancel(conn, "brf_a")
        await queue.enqueue(conn, _job("brf_b"))
        lease = await queue.claim(conn, "w1", LEASE)
        assert lease is not None
        assert not await queue.beat(conn, lease, LEASE, Progress(step="plan"))
        assert await queue.ask_cancel(conn, "brf_b")
        assert await queue.beat(conn, lease, LEASE, Progress(step="plan"))


async def test_an_account_with_a_flood_does_not_starve_another(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn:
        for number in range(5):
            await queue.enqueue(conn, _job(f"brf_a{number}", "acc_flood"))
        await queue.enqueue(conn, _job("brf_b", "acc_small"))
        first = await queue.claim(conn, "w1", LEASE)
        second = await queue.claim(conn, "w2", LEASE)
        assert first is not None
        assert second is not None
        assert first.job.account == "acc_flood"
        assert second.job.account == "acc_small"


async def test_a_view_tells_position_and_progress(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn:
        await queue.enqueue(conn, _job("brf_a"))
        await queue.enqueue(conn, _job("brf_b"))
        waiting = await queue.view(conn, "brf_b")
        assert waiting is not None
        assert (waiting.state, waiting.position) == ("queued", 1)
        lease = await queue.claim(conn, "w1", LEASE)
        assert lease is not None
        await queue.beat(conn, lease, LEASE, Progress(step="compose", done=3, total=30))
        running = await queue.view(conn, "brf_a")
        assert running is not None
        assert running.progress == Progress(step="compose", done=3, total=30)
        assert await queue.view(conn, "brf_nope") is None
        assert await queue.backlog(conn) == (2, 0.0)


def _plans(name: str, account: str = "acc_1", **fields: object) -> Job:
    return _job(name, account, lane="plan", wants="plans", **fields)


def _outline() -> Outline:
    return Outline(
        style="lofi", kind="bed", duration_ms=5000, tempo=80, meter="4/4", tonality="C major",
        sections=(OutlineSection(name="A", bars=1, energy=3, roles=("comp",), chords="I"),),
        parts=(OutlinePart(role="comp", instrument="ep_tine", low=48, high=72, velocity=(40, 90)),),
    )  # fmt: skip


async def test_plans_are_claimed_before_briefs_and_each_lane_by_itself(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn:
        for number in range(3):
            await queue.enqueue(conn, _job(f"brf_{number}"))
        for number in range(3):
            await queue.enqueue(conn, _plans(f"plan_{number}"))
        waiting = await queue.view(conn, "plan_2")
        assert waiting is not None
        assert waiting.position == 2, "briefs are not ahead of plans"
        order = [
            await queue.claim(conn, "w1", LEASE),
            await queue.claim(conn, "w2", LEASE, "candidates"),
            await queue.claim(conn, "w3", LEASE, "plans"),
            await queue.claim(conn, "w4", LEASE),
            await queue.claim(conn, "w5", LEASE, "plans"),
            await queue.claim(conn, "w6", LEASE),
        ]
    named = [one and (one.job.id, one.job.wants) for one in order]
    assert named == [
        ("plan_0", "plans"), ("brf_0", "candidates"), ("plan_1", "plans"), ("plan_2", "plans"),
        None, ("brf_1", "candidates"),
    ]  # fmt: skip


async def test_a_flood_of_plans_does_not_starve_another_accounts_plan(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn:
        await queue.enqueue(conn, _job("brf_a", "acc_small"))
        assert await queue.claim(conn, "w0", LEASE) is not None
        for number in range(5):
            await queue.enqueue(conn, _plans(f"plan_a{number}", "acc_flood"))
        await queue.enqueue(conn, _plans("plan_b", "acc_small"))
        first = await queue.claim(conn, "w1", LEASE)
        second = await queue.claim(conn, "w2", LEASE)
        assert first is not None
        assert second is not None
        assert (first.job.account, second.job.account) == ("acc_flood", "acc_small")
        assert await queue.open_jobs(conn, "acc_flood", "plans") == 5
        assert await queue.open_jobs(conn, "acc_small", "plans") == 1


async def test_plans_can_be_read_the_moment_they_are_handed_over(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn:
        await queue.enqueue(conn, _plans("plan_a"))
        assert await queue.last_word(conn, "plan_a") is None
        lease = await queue.claim(conn, "w1", LEASE)
        assert lease is not None
        await queue.hand_over(conn, lease, (_outline(),))
        assert await queue.last_word(conn, "plan_a") == Planned(plans=(_outline(),))
        over = await queue.view(conn, "plan_a")
        assert over is not None
        assert over.state == "done"
        assert await queue.open_jobs(conn, "acc_1", "plans") == 0
        async with conn.transaction():
            assert await queue.unsettled(conn, 10) == [], "there is no money to settle"


async def test_a_studio_that_dies_while_planning_is_followed_by_another(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn:
        await queue.enqueue(conn, _plans("plan_a"))
        late = await queue.claim(conn, "w1", LEASE)
        await _let_lease_run_out(conn)
        await queue.reap(conn)
        again = await queue.claim(conn, "w2", LEASE, "plans")
        assert late is not None
        assert again is not None
        assert again.attempt == 2
        with pytest.raises(LeaseLost):
            await queue.hand_over(conn, late, ())
        await queue.hand_over(conn, again, (_outline(),))
        assert await queue.last_word(conn, "plan_a") == Planned(plans=(_outline(),))


@pytest.mark.parametrize(
    ("fields", "failure"),
    [
        ({"max_attempts": 1}, queue.PLAN_USED_UP),
        ({"deadline_at": datetime.now(UTC) - timedelta(seconds=1)}, queue.PLAN_TOO_LATE),
    ],
)
async def test_plans_that_nobody_makes_end_with_their_reason_and_without_the_clerk(
    pool: asyncpg.Pool, fields: dict[str, object], failure: Failed
) -> None:
    async with pool.acquire() as conn:
        await queue.enqueue(conn, _plans("plan_a", **fields))
        await queue.claim(conn, "w1", LEASE)
        await _let_lease_run_out(conn)
        assert await queue.reap(conn) == 1
        assert await queue.last_word(conn, "plan_a") == Ended(delivered=0, failure=failure)
        async with conn.transaction():
            assert await queue.unsettled(conn, 10) == []


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
