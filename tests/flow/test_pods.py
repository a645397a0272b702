"""Studios that come and go, as real processes: what they hold is finished or goes back."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree
from typing import Any

import asyncpg
import httpx
import pytest

from api.ports import any_port
from api.postgres import Embedded
from engine.contracts import Brief
from engine.queue import service as queue
from engine.queue.contracts import Job
from engine.words import resolve
from loadtests.light import Light
from tests.flow.pod_backends import BEGINS_LOST

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("pods")]

ROOT = Path(__file__).resolve().parents[2]
WAIT_S = 120.0
FOR_EVER = "3600"
END_ALL = """
    select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = $1
"""
JOBS = "select id, state, attempt, worker from engine.jobs order by id"


class Pod:
    """A studio in a process of its own; its port answers probes."""

    def __init__(self, folder: Path, database: str, **told: str) -> None:
        self.port = any_port()
        self._log = folder / f"studio-{self.port}.log"
        surroundings = {
            name: value for name, value in os.environ.items() if not name.startswith("CUESMITH_")
        }
        settings = {
            "DATABASE_URL": database, "CUESMITH_STORE": str(folder / "store"),
            "CUESMITH_METRICS_PORT": str(self.port), "CUESMITH_LEASE_S": "2",
            "CUESMITH_BACKEND": "loadtests.light:backend", "CUESMITH_BANK": "builtin",
        }  # fmt: skip
        with self._log.open("wb") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "engine", "studio"], stdout=log, stderr=log, cwd=ROOT,
                env=surroundings | settings | told,
            )  # fmt: skip

    def says(self, words: str) -> None:
        """Wait until its log says something."""
        _until(lambda: words in self.log or not self.alive, f"no {words}: {self.log}")
        assert words in self.log, self.log

    def tell(self, number: int) -> None:
        self._child.send_signal(number)

    def ended(self) -> int:
        """Its exit code, once it has ended."""
        return self._child.wait(WAIT_S)

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=10)

    def end(self) -> None:
        """Whatever it does, it is gone afterwards."""
        self._child.kill()
        self._child.wait()

    @property
    def processes(self) -> list[int]:
        """All that run in its surroundings: itself, and what it has started."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                told = (folder / "environ").read_bytes().split(b"\0")
                if f"CUESMITH_METRICS_PORT={self.port}".encode() in told:
                    found.append(int(folder.name))
        return found

    @property
    def alive(self) -> bool:
        return self._child.poll() is None

    @property
    def log(self) -> str:
        return self._log.read_text()


Start = Callable[..., Pod]


@pytest.fixture
def start(tmp_path: Path, postgres: str) -> Iterator[Start]:
    """Starts studios that are gone after the test."""
    pods: list[Pod] = []

    def started(**told: str) -> Pod:
        pods.append(Pod(tmp_path, postgres, **told))
        return pods[-1]

    yield started
    for pod in pods:
        pod.end()


BED = Brief(kind="bed", duration_ms=6000, candidates=2)


async def _enqueue(
    pool: asyncpg.Pool, name: str, account: str = "acc_1", brief: Brief = BED, **more: Any
) -> None:
    job = Job(
        id=name, account=account, resolved=resolve(brief, 7), seed=7,
        deadline_at=datetime.now(UTC) + timedelta(minutes=10), **more,
    )  # fmt: skip
    async with pool.acquire() as conn:
        await queue.enqueue(conn, job)


async def _states(pool: asyncpg.Pool) -> dict[str, tuple[str, int]]:
    return {row["id"]: (row["state"], row["attempt"]) for row in await pool.fetch(JOBS)}


async def _comes(pool: asyncpg.Pool, wanted: dict[str, tuple[str, int]]) -> None:
    """Wait until the jobs are in these states, in these attempts."""
    deadline = time.monotonic() + WAIT_S
    while (found := await _states(pool)) != wanted:
        assert time.monotonic() < deadline, f"{found}, not {wanted}"
        await asyncio.sleep(0.05)


async def _delivered(pool: asyncpg.Pool, job: str) -> list[int]:
    async with pool.acquire() as conn:
        return sorted(await queue.delivered_takes(conn, job))


async def test_what_is_not_done_in_time_goes_back_uncounted_and_another_studio_does_it(
    pool: asyncpg.Pool, start: Start
) -> None:
    await _enqueue(pool, "brf_a")
    leaving = start(LIGHT_S=FOR_EVER, CUESMITH_DRAIN_S="1")
    await _comes(pool, {"brf_a": ("leased", 1)})
    leaving.tell(signal.SIGTERM)
    assert leaving.ended() == 0
    assert await _states(pool) == {"brf_a": ("queued", 0)}
    assert '"outcome": "given_back"' in leaving.log
    start()
    await _comes(pool, {"brf_a": ("done", 1)})
    assert await _delivered(pool, "brf_a") == [1, 2]


async def test_what_ends_in_time_is_finished_and_nothing_more_is_claimed(
    pool: asyncpg.Pool, start: Start
) -> None:
    await _enqueue(pool, "brf_a")
    leaving = start(LIGHT_S="1.5", CUESMITH_DRAIN_S="50")
    await _comes(pool, {"brf_a": ("leased", 1)})
    leaving.tell(signal.SIGTERM)
    leaving.says("studio.draining")
    await _enqueue(pool, "brf_b")
    assert leaving.ended() == 0
    assert await _states(pool) == {"brf_a": ("done", 1), "brf_b": ("queued", 0)}


async def test_a_studio_that_is_killed_while_it_drains_loses_nothing(
    pool: asyncpg.Pool, start: Start
) -> None:
    await _enqueue(pool, "brf_a")
    killed = start(LIGHT_S=FOR_EVER)
    await _comes(pool, {"brf_a": ("leased", 1)})
    killed.tell(signal.SIGTERM)
    killed.says("studio.draining")
    killed.tell(signal.SIGKILL)
    assert killed.ended() == -signal.SIGKILL
    assert await _states(pool) == {"brf_a": ("leased", 1)}
    start()
    await _comes(pool, {"brf_a": ("done", 2)})
    assert await _delivered(pool, "brf_a") == [1, 2]


async def test_a_database_that_is_away_for_less_than_a_lease_costs_no_attempt(
    pool: asyncpg.Pool, server: Embedded, start: Start
) -> None:
    await _enqueue(pool, "brf_a")
    start(LIGHT_S="2.5", CUESMITH_LEASE_S="30")
    await _comes(pool, {"brf_a": ("leased", 1)})
    name = await pool.fetchval("select current_database()")
    elsewhere = await asyncpg.connect(server.dsn)
    await elsewhere.execute(f"alter database {name} with allow_connections false")
    ended = await elsewhere.fetchval(END_ALL, name)
    await asyncio.sleep(6)  # longer than a candidate takes and than two beats are apart
    assert ended >= 2, "this test's connections and the studio's"
    assert not await elsewhere.fetchval("select count(*) from pg_stat_activity where datname = $1",
                                        name)  # fmt: skip
    await elsewhere.execute(f"alter database {name} with allow_connections true")
    await elsewhere.close()
    await _comes(pool, {"brf_a": ("done", 1)})
    assert await _delivered(pool, "brf_a") == [1, 2]


async def test_a_second_signal_ends_a_studio_at_once(pool: asyncpg.Pool, start: Start) -> None:
    await _enqueue(pool, "brf_a")
    pod = start(LIGHT_S=FOR_EVER)
    await _comes(pool, {"brf_a": ("leased", 1)})
    pod.tell(signal.SIGTERM)
    pod.says("studio.draining")
    pod.tell(signal.SIGTERM)
    assert pod.ended() == 128 + signal.SIGTERM


async def test_a_studio_makes_as_many_briefs_at_once_as_it_is_told_and_says_so(
    pool: asyncpg.Pool, start: Start
) -> None:
    for name in ("brf_a", "brf_b", "brf_c"):
        await _enqueue(pool, name)
    pod = start(LIGHT_S=FOR_EVER, CUESMITH_SESSIONS="2", CUESMITH_DRAIN_S="0")
    await _comes(pool, {"brf_a": ("leased", 1), "brf_b": ("leased", 1), "brf_c": ("queued", 0)})
    metrics = pod.get("/metrics").text
    assert "studio_sessions 2.0" in metrics
    assert "studio_sessions_busy 2.0" in metrics
    assert f'studio_backend_info{{digest="{Light.digest}",name="light"}} 1.0' in metrics
    assert 'studio_memory_bytes{kind="rss"}' in metrics
    assert "studio_players 0.0" in metrics
    assert pod.get("/healthz").status_code == 200
    pod.tell(signal.SIGTERM)
    assert pod.ended() == 0
    assert set((await _states(pool)).values()) == {("queued", 0)}


async def test_players_make_what_is_heard_and_end_with_a_studio_that_is_killed(
    pool: asyncpg.Pool, start: Start
) -> None:
    await _enqueue(pool, "brf_a", brief=Brief(kind="chime", duration_ms=600, candidates=2))
    pod = start(CUESMITH_BACKEND="score", CUESMITH_PLAYERS="2")
    await _comes(pool, {"brf_a": ("done", 1)})
    assert await _delivered(pool, "brf_a") == [1, 2]
    metrics = pod.get("/metrics").text
    assert "studio_players 2.0" in metrics
    assert "studio_players_lost_total 0.0" in metrics
    assert 'studio_memory_bytes{kind="players"}' in metrics
    assert len(pod.processes) >= 3, "the studio and two players"
    pod.tell(signal.SIGKILL)
    _until(lambda: not pod.processes, "its players live on")


async def test_a_studio_is_ready_after_its_warm_up_and_unhealthy_when_it_stands_still(
    pool: asyncpg.Pool, start: Start
) -> None:
    warm = start(CUESMITH_WARM="1")
    warm.says("studio.ready")
    assert warm.log.index("studio.warm") < warm.log.index("studio.ready")
    _until(lambda: warm.get("/readyz").status_code == 200, "never ready")
    warm.end()

    stuck = start(CUESMITH_BACKEND="tests.flow.pod_backends:still", CUESMITH_STUCK_S="2")
    stuck.says("studio.ready")
    assert stuck.get("/healthz").json() == {"stuck": []}
    await _enqueue(pool, "brf_a")
    _until(lambda: stuck.get("/healthz").status_code == 503, "always healthy")
    assert stuck.get("/healthz").json() == {"stuck": ["brf_a"]}


async def test_a_studio_that_is_still_warming_up_is_not_ready(start: Start) -> None:
    warming = start(CUESMITH_WARM="1", LIGHT_S=FOR_EVER)
    _until(lambda: _answers(warming), f"no answer: {warming.log}")
    assert warming.get("/readyz").status_code == 503
    assert "studio.ready" not in warming.log


async def test_a_studio_whose_device_is_gone_gives_all_back_and_ends_with_a_code_of_its_own(
    pool: asyncpg.Pool, start: Start
) -> None:
    await _enqueue(pool, "brf_other")
    pod = start(CUESMITH_BACKEND="tests.flow.pod_backends:losing", CUESMITH_SESSIONS="2")
    await _comes(pool, {"brf_other": ("leased", 1)})
    await _enqueue(pool, "brf_lost", account=BEGINS_LOST)
    assert pod.ended() == 3
    assert "studio.device_lost" in pod.log
    assert await _states(pool) == {"brf_lost": ("queued", 0), "brf_other": ("queued", 0)}
    assert await _delivered(pool, "brf_lost") == [1], "what was delivered stays"
    start()
    await _comes(pool, {"brf_lost": ("done", 1), "brf_other": ("done", 1)})
    assert await _delivered(pool, "brf_lost") == [1, 2]


async def test_a_pinned_job_waits_for_the_engine_it_names(pool: asyncpg.Pool, start: Start) -> None:
    await _enqueue(pool, "brf_a", engine="0" * 64)
    await _enqueue(pool, "brf_b", engine=Light.digest)
    await _enqueue(pool, "brf_c")
    start()
    await _comes(pool, {"brf_a": ("queued", 0), "brf_b": ("done", 1), "brf_c": ("done", 1)})


def test_weights_that_are_not_the_named_ones_keep_a_studio_from_starting(
    tmp_path: Path, start: Start
) -> None:
    models = tmp_path / "composer"
    copytree(ROOT / "engine" / "models" / "composer", models)
    weights = max(models.glob("*.onnx"), key=lambda file: file.stat().st_size)
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    pod = start(CUESMITH_BACKEND="score", CUESMITH_MODELS=str(models))
    assert pod.ended() == 2
    assert f"{weights.name} is not the file its manifest names" in pod.log
    assert "Traceback" not in pod.log
    assert "studio.ready" not in pod.log


def test_a_backend_that_is_not_there_keeps_a_studio_from_starting(start: Start) -> None:
    pod = start(CUESMITH_BACKEND="loadtests.light:heavy")
    assert pod.ended() == 2
    assert "CUESMITH_BACKEND must be" in pod.log
    assert "Traceback" not in pod.log


def _answers(pod: Pod) -> bool:
    try:
        return pod.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False


def _until(seen: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while not seen():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.05)
