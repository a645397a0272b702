"""Renditions and families at a real queue: beside briefs, fenced, stopped and given back."""

import asyncio
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from msgspec import structs

from engine.backends.contracts import Offered
from engine.backends.score import ScoreBackend
from engine.contracts import Brief, FamilyBrief, RenditionOrder, Resolved, TrackFacts
from engine.queue import service as queue
from engine.queue.contracts import Ended, Job, Played, Source
from engine.queue.postgres import PostgresQueue
from engine.repertoire import service as repertoire
from engine.settings import StudioSettings
from engine.studio import worker
from engine.studio.health import Health
from engine.studio.lanes import families, renditions
from engine.studio.lanes.briefs import store_files
from engine.studio.lanes.lane import Studio, claim
from engine.studio.marking import Stamp, of_candidate
from engine.studio.rooms import Rooms
from engine.studio.shelf import open_shelf
from engine.studio.takes import nobody
from engine.words import resolve
from engine.words.family import resolve_family

LEASE = timedelta(seconds=30)
CHIME = resolve(Brief(kind="chime", style="chiptune", duration_ms=600, candidates=1), 3)
FACTS = TrackFacts(track="trk_a", title="chime")


@pytest.fixture
def there(pool: asyncpg.Pool, rooms: Rooms, tmp_path: Path) -> Studio:
    """A studio at a queue, that nobody stops."""
    return Studio(
        pool=pool, queue=PostgresQueue(pool, repertoire.offer),
        backend=ScoreBackend(rooms), shelf=open_shelf(str(tmp_path)), worker="w1",
        lease_for=LEASE,
    )  # fmt: skip


def _source(there: Studio, order: RenditionOrder) -> Source:
    """A chime on the shelf, and what it is wanted as."""
    job = Job(id="brf_a", account="acc_1", resolved=CHIME, seed=3, deadline_at=datetime.now(UTC))
    told = there.backend.make(
        job, label=str, tell=lambda _: None, done={}, others=nobody, stop=lambda: False
    )
    offered = next(one for one in told if isinstance(one, Offered))
    stamp = Stamp(marked=of_candidate("cand_a", offered.made))
    return Source(facts=FACTS, order=order, assets=store_files(there.shelf, offered, stamp))


async def _wanted(there: Studio, order: RenditionOrder | None = None, name: str = "rnd_a") -> None:
    source = await asyncio.to_thread(_source, there, order or RenditionOrder(format="flac"))
    job = Job(
        id=name, account="acc_1", resolved=CHIME, seed=3, lane="rendition", wants="renditions",
        source=source, deadline_at=datetime.now(UTC) + timedelta(minutes=10),
    )  # fmt: skip
    async with there.pool.acquire() as conn:
        await queue.enqueue(conn, job)


async def _said(there: Studio, name: str = "rnd_a") -> object:
    async with there.pool.acquire() as conn:
        return await queue.last_word(conn, name)


async def _reshape(there: Studio) -> None:
    lease = await claim(there, "renditions")
    assert lease is not None
    await renditions.reshape(there, lease)


async def test_the_same_order_made_by_two_studios_is_the_same_file(there: Studio) -> None:
    for name in ("rnd_a", "rnd_b"):
        await _wanted(there, name=name)
        await _reshape(there)
    first, second = await _said(there), await _said(there, "rnd_b")
    assert isinstance(first, Played)
    assert isinstance(second, Played)
    assert first.rendered.assets == second.rendered.assets
    assert [one.media_type for one in first.rendered.sounds] == ["audio/flac"]


async def test_a_rendition_says_nothing_for_as_long_as_its_track_allows(there: Studio) -> None:
    said: list[tuple[str, float]] = []

    class Heard(Health):
        def moved(self, work: str, silent_s: float = 0.0) -> None:
            said.append((work, silent_s))

    await _wanted(there)
    await _reshape(structs.replace(there, health=Heard()))
    assert said == [("rnd_a", renditions.SLOWEST * CHIME.duration_ms / 1000)] * 2


async def test_a_rendition_is_made_beside_a_brief(
    there: Studio, postgres: str, tmp_path: Path, short: Resolved
) -> None:
    settings = StudioSettings(
        database_url=postgres, store=str(tmp_path), bank="builtin", lease_s=9, drain_s=0
    )
    many = structs.replace(short, candidates=10)
    brief = Job(
        id="brf_a", account="acc_2", resolved=many, seed=11,
        deadline_at=datetime.now(UTC) + timedelta(minutes=10),
    )  # fmt: skip
    async with there.pool.acquire() as conn:
        await queue.enqueue(conn, brief)
    await _wanted(there)
    serving = asyncio.create_task(worker.serve(settings))
    for _ in range(3000):
        if await _said(there) is not None:
            break
        await asyncio.sleep(0.02)
    state = "select state from engine.jobs where id = 'brf_a'"
    assert isinstance(await _said(there), Played)
    assert await there.pool.fetchval(state) == "leased", "the brief is still being made"
    signal.raise_signal(signal.SIGTERM)
    await asyncio.wait_for(serving, 60)
    assert await there.pool.fetchval(state) == "queued", "and given back when the studio stops"


async def test_a_canceled_rendition_is_not_handed_over(there: Studio) -> None:
    await _wanted(there)
    lease = await claim(there, "renditions")
    assert lease is not None
    async with there.pool.acquire() as conn:
        assert await queue.ask_cancel(conn, "rnd_a")
    await renditions.reshape(there, lease)
    said = await _said(there)
    assert isinstance(said, Ended)
    assert said.canceled


async def test_a_studio_that_lost_its_lease_hands_no_rendition_over(there: Studio) -> None:
    await _wanted(there)
    lease = await claim(there, "renditions")
    assert lease is not None
    await there.pool.execute("update engine.jobs set worker = 'w2', attempt = attempt + 1")
    await renditions.reshape(there, lease)
    assert await _said(there) is None


@pytest.mark.parametrize(
    ("order", "word"),
    [
        (RenditionOrder(version="stems", stems=("tuba",)), "tuba"),
        (RenditionOrder(version="cut", duration_ms=500), "bed"),
        (RenditionOrder(profile="automotive"), "family"),
    ],
)
async def test_an_order_that_cannot_be_ends_with_its_reason(
    there: Studio, order: RenditionOrder, word: str
) -> None:
    await _wanted(there, order)
    await _reshape(there)
    said = await _said(there)
    assert isinstance(said, Ended)
    assert said.failure is not None
    assert said.failure.code == "order_refused"
    assert word in said.failure.detail


async def test_a_stopped_studio_gives_a_family_back_and_another_finishes_it(
    there: Studio,
) -> None:
    asked = FamilyBrief(functions=("lock", "unlock"), candidates=1, tonic="D")
    job = Job(
        id="fam_a", account="acc_1", resolved=resolve_family(asked, 5), seed=5, wants="families",
        deadline_at=datetime.now(UTC) + timedelta(minutes=10),
    )  # fmt: skip
    async with there.pool.acquire() as conn:
        await queue.enqueue(conn, job)
    stopping = asyncio.Event()
    stopping.set()
    lease = await claim(there, "families")
    assert lease is not None
    await families.make(structs.replace(there, leave=stopping), lease)
    row = await there.pool.fetchrow("select state, attempt from engine.jobs where id = 'fam_a'")
    if (row["state"], row["attempt"]) == ("queued", 0):  # it was not faster than the stop
        again = await claim(there, "families")
        assert again is not None
        await families.make(there, again)
    async with there.pool.acquire() as conn:
        assert sorted(await queue.delivered_takes(conn, "fam_a")) == [1]
    assert await there.pool.fetchval("select state from engine.jobs where id = 'fam_a'") == "done"
