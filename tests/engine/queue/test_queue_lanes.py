"""Renditions and families in the queue: lanes of their own beside briefs and plans."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from engine.contracts import (
    Asset,
    Brand,
    Delivery,
    Failed,
    FamilyMade,
    Rendered,
    RenditionOrder,
    Resolved,
    ResolvedFamily,
    ResolvedFunction,
    SoundFile,
    TrackFacts,
)
from engine.errors import LeaseLost
from engine.queue import service as queue
from engine.queue.contracts import Ended, FamilyDelivered, Job, Played, Source

LEASE = timedelta(seconds=30)
SCORE = Asset(name="score", sha256="0" * 64, bytes=1, media_type="application/x")
FACTS = TrackFacts(track="trk_a", title="lofi bed")
SOUND = SoundFile(
    name="master", version="master", media_type="audio/flac", sample_rate=48_000, channels=2,
    bit_depth=24, frames=480,
)  # fmt: skip
RENDERED = Rendered(order=RenditionOrder(format="flac"), sounds=(SOUND,))
MUSIC = Resolved(
    kind="bed", style="lofi", candidates=2, seed=1, duration_ms=5000, duration_frames=240_000,
    bpm_range=(66, 92), delivery=Delivery(lufs=-16),
)  # fmt: skip
FAMILY = ResolvedFamily(
    brand=Brand(warm=0.5), tonic="D", candidates=1, seed=1, delivery=Delivery(),
    functions=(ResolvedFunction(
        name="lock", function="lock", urgency=0, duration_ms=300, frames=14_400, peak_dbfs=-3,
        loudness_lufs=-20,
    ),),
)  # fmt: skip


def _rendition(name: str = "rnd_a", account: str = "acc_1", **fields: object) -> Job:
    source = Source(facts=FACTS, order=RenditionOrder(format="flac"), assets=(SCORE,))
    given = {
        "deadline_at": datetime.now(UTC) + timedelta(minutes=10), "resolved": MUSIC,
        "source": source, "lane": "rendition", "wants": "renditions", **fields,
    }  # fmt: skip
    return Job(id=name, account=account, seed=7, **given)  # type: ignore[arg-type]


def _family(name: str = "fam_a") -> Job:
    return Job(
        id=name, account="acc_1", resolved=FAMILY, seed=7, wants="families",
        deadline_at=datetime.now(UTC) + timedelta(minutes=10),
    )  # fmt: skip


def _made() -> FamilyMade:
    return FamilyMade(
        number=1, take=3, seed=1, rating=0.5, resolved=FAMILY, character={}, members=()
    )


async def test_a_rendition_is_claimed_with_all_it_is_made_from(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn:
        await queue.enqueue(conn, _rendition())
        for other in ("candidates", "plans", "families"):
            assert await queue.claim(conn, "w1", LEASE, other) is None
        lease = await queue.claim(conn, "w1", LEASE, "renditions")
        assert lease is not None
        assert lease.job.music == MUSIC
        assert lease.job.source == _rendition().source


async def test_a_rendition_does_not_stand_behind_briefs(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn:
        for number in range(3):
            waits = _rendition(f"brf_{number}", lane="interactive", wants="candidates", source=None)
            await queue.enqueue(conn, waits)
        await queue.enqueue(conn, _rendition())
        view = await queue.view(conn, "rnd_a")
        assert view is not None
        assert view.position == 0
        first = await queue.claim(conn, "w1", LEASE)
        assert first is not None
        assert first.job.id == "rnd_a"


async def test_a_rendition_can_be_read_the_moment_it_is_handed_over(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn:
        await queue.enqueue(conn, _rendition())
        assert await queue.open_jobs(conn, "acc_1", "renditions") == 1
        lease = await queue.claim(conn, "w1", LEASE, "renditions")
        assert lease is not None
        await queue.hand_over(conn, lease, RENDERED)
        assert await queue.last_word(conn, "rnd_a") == Played(rendered=RENDERED)
        assert await queue.open_jobs(conn, "acc_1", "renditions") == 0
        async with conn.transaction():
            assert await queue.unsettled(conn, 10) == [], "there is no money to settle"
        await queue.forget_plans(conn, ["rnd_a"])
        assert await queue.last_word(conn, "rnd_a") is not None, "only plans are forgotten"


@pytest.mark.parametrize(
    ("fields", "failure"),
    [
        ({"max_attempts": 1}, queue.RENDITION_USED_UP),
        ({"deadline_at": datetime.now(UTC) - timedelta(seconds=1)}, queue.RENDITION_TOO_LATE),
    ],
)
async def test_a_rendition_that_nobody_makes_ends_with_its_reason(
    pool: asyncpg.Pool, fields: dict[str, object], failure: Failed
) -> None:
    async with pool.acquire() as conn:
        await queue.enqueue(conn, _rendition(**fields))
        late = await queue.claim(conn, "w1", LEASE)
        await conn.execute("update engine.jobs set lease_until = now() - interval '1 s'")
        assert await queue.reap(conn) == 1
        assert await queue.last_word(conn, "rnd_a") == Ended(delivered=0, failure=failure)
        assert late is not None
        with pytest.raises(LeaseLost):
            await queue.hand_over(conn, late, RENDERED)


async def test_a_family_is_delivered_for_the_clerk_to_settle(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn:
        await queue.enqueue(conn, _family())
        assert await queue.claim(conn, "w1", LEASE, "candidates") is None
        lease = await queue.claim(conn, "w1", LEASE, "families")
        assert lease is not None
        assert lease.job.family == FAMILY
        await queue.deliver(conn, lease, _made())
        assert await queue.delivered_takes(conn, "fam_a") == {1: 3}
        await queue.finish(conn, lease)
        async with conn.transaction():
            delivered, ended = await queue.unsettled(conn, 10)
        assert delivered.body == FamilyDelivered(made=_made())
        assert ended.body == Ended(delivered=1)
