"""Both makers of the queue live through the same histories and say the same at every step."""

import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from msgspec import structs

from engine.contracts import Delivery, Made, Plan, Resolved
from engine.errors import LeaseLost
from engine.queue.contracts import Job, Lease, Progress, Queue
from engine.queue.memory import MemoryQueue
from engine.queue.postgres import PostgresQueue

LEASE = timedelta(seconds=45)
STEPS = 120
PASS = """
update engine.jobs
set run_at = run_at - $1::interval, deadline_at = deadline_at - $1, urgent_at = urgent_at - $1,
  lease_until = lease_until - $1
"""
PASS_FOR_DELIVERIES = "update engine.deliveries set due_at = due_at - $1::interval"
MUSIC = Resolved(
    kind="bed", style="lofi", candidates=2, seed=1, duration_ms=5000, duration_frames=240_000,
    bpm_range=(66, 92), delivery=Delivery(lufs=-16),
)  # fmt: skip
PLAN = Plan(
    style="lofi", kind="bed", tempo=80, meter="4/4", bars=2, tonic=0, mode="major", sections=(),
    chords=(), parts=(),
)  # fmt: skip

Step = Callable[[Queue], Awaitable[object]]


class History:
    """Draws what happens next; keeps the leases that were given out, also those that are lost."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.jobs: list[str] = []
        self.leases: list[Lease] = []
        self.passed = timedelta()

    def step(self) -> tuple[str, Step]:
        """What happens next, by its name."""
        kinds = ["enqueue"] * 5 + ["claim"] * 6 + ["reap", "view", "cancel"]
        kinds += ["beat", "deliver", "finish", "finish", "back"] * bool(self.leases)
        kind = self.draw.choice(kinds)
        return kind, getattr(self, f"_{kind}")()

    def _enqueue(self) -> Step:
        batch = self.draw.random() < 0.3
        job = Job(
            id=f"brf_{len(self.jobs)}", account=f"acc_{self.draw.randrange(4)}", resolved=MUSIC,
            seed=1, lane="batch" if batch else "interactive",
            # No two are expected to take as long, so that no turn is a draw.
            expected_s=round(5 + 20 * self.draw.random(), 6),
            deadline_at=self._deadline(hours=3) if batch else self._deadline(minutes=20),
            max_attempts=2, engine=self.draw.choice([None, None, "old"]),
            api_key=self.draw.choice(["key_1", "key_2"]),
        )  # fmt: skip
        self.jobs.append(job.id)

        def enqueue(queue: Queue) -> Awaitable[object]:
            return queue.enqueue(self.due(queue, job))

        return enqueue

    def _deadline(self, **within: int) -> datetime:
        return datetime.now(UTC) + timedelta(**within)

    def due(self, queue: Queue, job: Job) -> Job:
        """The same deadline by the queue's own clock: one has been moved, the other's rows."""
        moved = self.passed if isinstance(queue, MemoryQueue) else timedelta()
        return structs.replace(job, deadline_at=job.deadline_at + moved)

    def _claim(self) -> Step:
        worker, engine = f"w{self.draw.randrange(3)}", self.draw.choice(["old", "new", None])
        return lambda queue: queue.claim(worker, LEASE, "candidates", engine)

    def _lease(self) -> Lease:
        return self.draw.choice(self.leases[-6:])

    def _beat(self) -> Step:
        lease = self._lease()
        return lambda queue: queue.beat(lease, LEASE, Progress(step="compose", done=1, total=2))

    def _deliver(self) -> Step:
        lease, number = self._lease(), self.draw.choice([1, 2])
        made = Made(
            number=number, take=number, seed=1, rating=0.5, resolved=MUSIC, plan=PLAN, measured=()
        )
        return lambda queue: queue.deliver(lease, made)

    def _finish(self) -> Step:
        lease = self._lease()
        return lambda queue: queue.finish(lease)

    def _back(self) -> Step:
        lease = self._lease()
        return lambda queue: queue.give_back(lease)

    def _reap(self) -> Step:
        return lambda queue: queue.reap()

    def _job(self) -> str:
        return self.draw.choice(self.jobs) if self.jobs else "brf_none"

    def _view(self) -> Step:
        name = self._job()
        return lambda queue: queue.view(name)

    def _cancel(self) -> Step:
        name = self._job()
        return lambda queue: queue.ask_cancel(name)


@pytest.mark.parametrize("seed", [0, 1, 2, 102])
async def test_both_say_the_same_at_every_step(pool: asyncpg.Pool, seed: int) -> None:
    history = History(seed)
    makers = (MemoryQueue(lambda: datetime.now(UTC) + history.passed), PostgresQueue(pool))
    seen = set[str]()
    for nth in range(STEPS):
        if history.draw.random() < 0.15:
            await _let_pass(pool, history)
        kind, step = history.step()
        said = [await _said(step, queue) for queue in makers]
        told = [_plain(one) for one in said]
        assert told[0] == told[1], (seed, nth, kind)
        if isinstance(said[0], Lease):
            history.leases.append(said[0])
        seen.add(f"{kind}:{type(said[0]).__name__}")
    assert {"claim:Lease", "claim:NoneType", "finish:LeaseLost", "view:JobView"} <= seen
    rows = [
        [(one.job, one.number, one.body) for one in await queue.unsettled(1000)]
        for queue in makers
    ]  # fmt: skip
    assert sorted(rows[0], key=str) == sorted(rows[1], key=str)
    assert len(rows[0]) > 10


async def _let_pass(pool: asyncpg.Pool, history: History) -> None:
    by = timedelta(seconds=history.draw.choice([20, 20, 60, 900]))
    history.passed += by
    await pool.execute(PASS, by)
    await pool.execute(PASS_FOR_DELIVERIES, by)


async def _said(step: Step, queue: Queue) -> object:
    try:
        return await step(queue)
    except LeaseLost as lost:
        return lost


def _plain(said: object) -> object:
    """What can be compared: not moments, of which each has its own clock."""
    if isinstance(said, Lease):
        return said.job.id, said.job.lane, said.job.engine, said.attempt, said.worker
    if isinstance(said, LeaseLost):
        return "lost", str(said)
    if hasattr(said, "finished_at"):
        return {
            name: getattr(said, name) for name in said.__struct_fields__ if name != "finished_at"
        } | {"over": said.finished_at is not None}
    return said
