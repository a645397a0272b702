"""Backends: ours makes several briefs at once, and one that does less is honest about it."""

import hashlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from msgspec import structs

from engine.backends.choice import chosen
from engine.backends.contracts import Offered, Performance
from engine.backends.score import ScoreBackend, _seat
from engine.contracts import (
    Brief,
    FamilyBrief,
    RenditionOrder,
    Resolved,
    ResolvedFamily,
    TrackFacts,
)
from engine.errors import Stopped
from engine.queue import service as queue
from engine.queue.contracts import Ended, Job, Source
from engine.queue.postgres import PostgresQueue
from engine.repertoire import service as repertoire
from engine.settings import SettingMissing, StudioSettings
from engine.studio.lanes import families, plans, renditions
from engine.studio.lanes.lane import Studio, Work, claim
from engine.studio.rooms import Rooms
from engine.studio.shelf import open_shelf
from engine.studio.takes import nobody
from engine.words import resolve
from engine.words.family import resolve_family

CHIME = resolve(Brief(kind="chime", duration_ms=600, candidates=1), 3)
FAMILY = resolve_family(FamilyBrief(functions=["seat_belt"], candidates=1), 3)


def _job(name: str, resolved: Resolved | ResolvedFamily, seed: int = 3, **more: object) -> Job:
    job = Job(
        id=name, account="acc_1", resolved=resolved, seed=seed,
        deadline_at=datetime.now(UTC) + timedelta(minutes=10),
    )  # fmt: skip
    return structs.replace(job, **more)


def _masters(backend: ScoreBackend, job: Job) -> list[str]:
    made = backend.make(
        job, label=str, tell=lambda _: None, done={}, others=nobody, stop=lambda: False
    )
    files = [one.files[0].content for one in made if isinstance(one, Offered)]
    return [hashlib.sha256(content).hexdigest() for content in files if isinstance(content, bytes)]


def test_briefs_that_are_made_at_once_are_those_that_are_made_alone(rooms: Rooms) -> None:
    jobs = [
        _job(f"brf_{seed}", resolve(Brief(kind=kind, duration_ms=ms, candidates=1), seed), seed)
        for seed, (kind, ms) in enumerate([("bed", 5000), ("sting", 3000), ("bed", 5000)])
    ]  # fmt: skip
    backend = ScoreBackend(rooms)
    with ThreadPoolExecutor(3) as threads:
        together = list(threads.map(lambda job: _masters(backend, job), jobs))
    alone = [_masters(backend, job) for job in jobs]
    assert together == alone
    assert [len(one) for one in alone] == [1, 1, 1]
    assert len({one[0] for one in alone}) == 3


def test_a_stop_is_heard_while_a_brief_is_composed(rooms: Rooms) -> None:
    told: list[str] = []
    asked: list[None] = []

    def stop() -> bool:
        asked.append(None)
        return len(asked) > 20

    made = ScoreBackend(rooms).make(
        _job("brf_a", resolve(Brief(kind="bed", duration_ms=20_000), 3)), label=str,
        tell=lambda said: told.append(getattr(said, "step", "")), done={}, others=nobody, stop=stop,
    )  # fmt: skip
    with pytest.raises(Stopped):
        list(made)
    assert "compose" in told
    assert "render" not in told
    assert len(asked) < 40, "the rows left at the next step"


def test_a_brief_sits_with_its_account_until_its_deadline() -> None:
    batch = _seat(_job("brf_a", CHIME, lane="batch"))
    other = _seat(_job("plan_a", CHIME, lane="plan"))
    assert (batch.account, batch.lane, other.lane) == ("acc_1", "batch", "interactive")
    assert batch.due is not None
    assert 590 < batch.due - time.monotonic() <= 600


class _Bare:
    """A backend that makes briefs and nothing else."""

    name = "bare"
    digest = "0" * 64

    def make(self, job: Job, **_: object) -> Performance:
        yield from ()

    def close(self) -> None:
        """Nothing is held."""


@pytest.fixture
def bare(pool: asyncpg.Pool, tmp_path: Path) -> Iterator[Studio]:
    """A studio whose backend makes briefs only."""
    yield Studio(
        pool=pool, queue=PostgresQueue(pool, repertoire.offer),
        backend=_Bare(), shelf=open_shelf(str(tmp_path)), worker="w1",
        lease_for=timedelta(seconds=30),
    )  # fmt: skip


ORDER = RenditionOrder(format="flac")
SOURCE = Source(facts=TrackFacts(track="trk_a", title="a"), order=ORDER, assets=())


@pytest.mark.parametrize(
    ("job", "work"),
    [
        (_job("plan_a", CHIME, lane="plan", wants="plans"), plans.plan),
        (
            _job("rnd_a", CHIME, lane="rendition", wants="renditions", source=SOURCE),
            renditions.reshape,
        ),
        (_job("fam_a", FAMILY, wants="families"), families.make),
    ],
    ids=["plans", "renditions", "families"],
)
async def test_what_a_backend_does_not_do_is_said_at_once(
    pool: asyncpg.Pool, bare: Studio, job: Job, work: Work
) -> None:
    later = datetime.now(UTC) + timedelta(minutes=10)
    async with pool.acquire() as conn:
        await queue.enqueue(conn, structs.replace(job, deadline_at=later))
    lease = await claim(bare, job.wants)
    assert lease is not None
    await work(bare, lease)
    async with pool.acquire() as conn:
        said = await queue.last_word(conn, job.id)
    assert isinstance(said, Ended)
    assert said.failure is not None
    assert said.failure.code == "not_yet_available"
    assert f"makes no {job.wants}" in said.failure.detail


@pytest.mark.parametrize(
    "place", ["nowhere", "engine.backends.score", "engine.errors:nothing", ":"]
)
def test_a_backend_that_is_not_there_is_refused_with_what_to_set(place: str) -> None:
    settings = StudioSettings(database_url="", store="", backend=place)
    with pytest.raises(SettingMissing, match="CUESMITH_BACKEND must be"):
        chosen(settings)


def test_a_backend_is_found_by_its_name(tmp_path: Path) -> None:
    settings = StudioSettings(database_url="", store="", backend="loadtests.light:backend")
    with closing(chosen(settings)) as light:
        assert light.name == "light"
