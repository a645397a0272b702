"""Whatever a studio writes down while it is at a job says what the work is called everywhere."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
import structlog
from structlog.testing import capture_logs

from engine.backends.contracts import Backend, Label, Others, Performance, Stop, Tell
from engine.contracts import Brief
from engine.queue.contracts import Job, Queue
from engine.queue.memory import MemoryQueue
from engine.queue.postgres import PostgresQueue
from engine.studio.lanes import briefs, plans
from engine.studio.lanes.lane import Studio, follow
from engine.studio.shelf import open_shelf
from engine.words import resolve

log = structlog.get_logger()
CHIME = resolve(Brief(kind="chime", duration_ms=800, candidates=1), 1)
FIRST, SECOND, THIRD = "ab" * 16, "cd" * 16, "ef" * 16


class _Clumsy(Backend):
    """Says something in the thread where it works, and fails."""

    name = digest = "clumsy"

    def make(
        self, job: Job, *, label: Label, tell: Tell, done: object, others: Others, stop: Stop
    ) -> Performance:
        log.info("clumsy.begins", at=job.id)
        raise RuntimeError("it has two left hands")
        yield

    def close(self) -> None:
        """Nothing is held."""


def _job(name: str, trace: str, **fields: object) -> Job:
    deadline = datetime.now(UTC) + timedelta(minutes=10)
    given = {"resolved": CHIME, "seed": 1, "deadline_at": deadline, "max_attempts": 1, **fields}
    return Job(id=name, account="acc_1", trace=trace, **given)  # type: ignore[arg-type]


@pytest.fixture(params=["memory", "postgres"])
def queue(request: pytest.FixtureRequest) -> Queue:
    if request.param == "memory":
        return MemoryQueue()
    return PostgresQueue(request.getfixturevalue("pool"))


async def test_every_line_about_a_job_has_its_trace_and_no_other(
    queue: Queue, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    studio = Studio(
        pool=pool, queue=queue, backend=_Clumsy(), shelf=open_shelf(str(tmp_path)), worker="w1",
        lease_for=timedelta(minutes=5),
    )  # fmt: skip
    await queue.enqueue(_job("brf_a", FIRST))
    await queue.enqueue(_job("brf_b", SECOND))
    await queue.enqueue(_job("plan_a", THIRD, lane="plan", wants="plans"))
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        lanes = [
            asyncio.create_task(follow(studio, "candidates", briefs.make, 2)),
            asyncio.create_task(follow(studio, "plans", plans.plan)),
        ]
        async with asyncio.timeout(60):
            while sum(line["event"].endswith(".ended") for line in lines) < 3:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        studio.stop.set()
        await asyncio.gather(*lanes)
    said: dict[str, set[tuple[str, str | None]]] = {}
    for line in lines:
        name = line.get("brief") or line.get("plans") or line.get("at")
        said.setdefault(str(name), set()).add((line["event"], line.get("trace")))
    fault = ("brief.claimed", "clumsy.begins", "brief.fault", "brief.ended")
    assert said == {
        "brf_a": {(event, FIRST) for event in fault},
        "brf_b": {(event, SECOND) for event in fault},
        "plan_a": {("plans.claimed", THIRD), ("plans.ended", THIRD)},
    }  # fmt: skip
