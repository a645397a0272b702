"""What every maker of `Queue` must do, wherever it keeps its jobs: run against each."""

import asyncio
import collections
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from msgspec import Struct

from engine.contracts import (
    Asset,
    Brand,
    Delivery,
    Failed,
    FamilyMade,
    Made,
    Outline,
    OutlinePart,
    OutlineSection,
    Plan,
    Rendered,
    RenditionOrder,
    Resolved,
    ResolvedFamily,
    ResolvedFunction,
    RetractedTake,
    SoundFile,
    TrackFacts,
)
from engine.errors import LeaseLost
from engine.queue.contracts import (
    POSITION_MAX,
    UNCOUNTED_RETURNS,
    Delivered,
    Ended,
    FamilyDelivered,
    Job,
    Lease,
    Planned,
    Played,
    Progress,
    Queue,
    Source,
    candidate_id,
)
from engine.queue.endings import (
    PLAN_TOO_LATE,
    PLAN_USED_UP,
    RENDITION_TOO_LATE,
    RENDITION_USED_UP,
    TOO_LATE,
    USED_UP,
)
from engine.queue.memory import MemoryQueue
from engine.queue.postgres import PostgresQueue
from engine.repertoire import service as repertoire

LEASE = timedelta(seconds=30)
DAY = timedelta(days=1)
PASS = """
update engine.jobs
set run_at = run_at - $1::interval, deadline_at = deadline_at - $1, urgent_at = urgent_at - $1,
  lease_until = lease_until - $1
"""
PASS_FOR_DELIVERIES = "update engine.deliveries set due_at = due_at - $1::interval"
OFFERED = "select candidate, keys from engine.offered_runs"


class Shop(Struct, frozen=True, kw_only=True):
    """A queue, a way to let time pass for it, and the runs it was given with candidates."""

    queue: Queue
    later: Callable[[timedelta], Awaitable[None]]
    offered: Callable[[], Awaitable[dict[str, tuple[int, ...]]]]


def _in_memory() -> Shop:
    passed = [timedelta()]
    kept = MemoryQueue(clock=lambda: datetime.now(UTC) + passed[0])

    async def later(by: timedelta) -> None:
        passed[0] += by

    async def offered() -> dict[str, tuple[int, ...]]:
        return kept.offered

    return Shop(queue=kept, later=later, offered=offered)


def _in_postgres(pool: asyncpg.Pool) -> Shop:
    async def later(by: timedelta) -> None:
        await pool.execute(PASS, by)
        await pool.execute(PASS_FOR_DELIVERIES, by)

    async def offered() -> dict[str, tuple[int, ...]]:
        return {row["candidate"]: tuple(row["keys"]) for row in await pool.fetch(OFFERED)}

    return Shop(queue=PostgresQueue(pool, repertoire.offer), later=later, offered=offered)


@pytest.fixture(params=["memory", "postgres"])
def shop(request: pytest.FixtureRequest) -> Shop:
    if request.param == "memory":
        return _in_memory()
    return _in_postgres(request.getfixturevalue("pool"))


@pytest.fixture
def queue(shop: Shop) -> Queue:
    return shop.queue


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
OUTLINE = Outline(
    style="lofi", kind="bed", duration_ms=5000, tempo=80, meter="4/4", tonality="C major",
    sections=(OutlineSection(name="A", bars=1, energy=3, roles=("comp",), chords="I"),),
    parts=(OutlinePart(role="comp", instrument="ep_tine", low=48, high=72, velocity=(40, 90)),),
)  # fmt: skip
SOURCE = Source(
    facts=TrackFacts(track="trk_a", title="lofi bed"), order=RenditionOrder(format="flac"),
    assets=(Asset(name="score", sha256="0" * 64, bytes=1, media_type="application/x"),),
)  # fmt: skip
RENDERED = Rendered(
    order=RenditionOrder(format="flac"),
    sounds=(SoundFile(
        name="master", version="master", media_type="audio/flac", sample_rate=48_000, channels=2,
        bit_depth=24, frames=480,
    ),),
)  # fmt: skip


def _job(name: str = "brf_a", account: str = "acc_1", **fields: object) -> Job:
    given = {"deadline_at": datetime.now(UTC) + timedelta(minutes=10), **fields}
    return Job(**{"id": name, "account": account, "resolved": MUSIC, "seed": 7, **given})  # type: ignore[arg-type]


def _batch(name: str, within: timedelta = DAY, **fields: object) -> Job:
    return _job(name, lane="batch", deadline_at=datetime.now(UTC) + within, **fields)


def _plans(name: str, account: str = "acc_1", **fields: object) -> Job:
    return _job(name, account, lane="plan", wants="plans", **fields)


def _rendition(name: str, **fields: object) -> Job:
    return _job(name, lane="rendition", wants="renditions", source=SOURCE, **fields)


def _made(number: int, take: int | None = None) -> Made:
    plan = Plan(
        style="lofi", kind="bed", tempo=80, meter="4/4", bars=2, tonic=0, mode="major",
        sections=(), chords=(), parts=(),
    )  # fmt: skip
    return Made(
        number=number, take=take or number, seed=1, rating=0.5, resolved=MUSIC, plan=plan,
        measured=(),
    )  # fmt: skip


async def _claimed(queue: Queue, **given: object) -> Lease:
    lease = await queue.claim("w1", LEASE, **given)  # type: ignore[arg-type]
    assert lease is not None
    return lease


async def _order(queue: Queue, wanted: int) -> list[str]:
    """The next jobs, each of which stays with its worker."""
    return [(await _claimed(queue)).job.id for _ in range(wanted)]


async def _made_one_by_one(queue: Queue, wanted: int) -> list[str]:
    """The next jobs when there is one worker, who ends each before it takes another."""
    order = []
    for _ in range(wanted):
        lease = await _claimed(queue)
        await queue.finish(lease)
        order.append(lease.job.id)
    return order


# --- leases ---------------------------------------------------------------------------------------


async def test_a_claimed_job_is_what_was_enqueued(queue: Queue) -> None:
    job = _job(api_key="key_1", trace="0f" * 16, expected_s=12.5, max_attempts=5)
    await queue.enqueue(job)
    lease = await _claimed(queue)
    assert lease == Lease(job=job, worker="w1", attempt=1)


async def test_nobody_else_gets_a_claimed_job(queue: Queue) -> None:
    await queue.enqueue(_job())
    assert await queue.claim("w1", LEASE) is not None
    assert await queue.claim("w2", LEASE) is None


async def test_many_workers_at_once_share_the_jobs_without_doubling_any(queue: Queue) -> None:
    for number in range(60):
        await queue.enqueue(_job(f"brf_{number}", f"acc_{number % 4}"))
    taken = collections.Counter[str]()

    async def work(worker: str) -> None:
        while sum(taken.values()) < 60:
            if (lease := await queue.claim(worker, LEASE)) is not None:
                taken[lease.job.id] += 1
            await asyncio.sleep(0)

    async with asyncio.timeout(60):
        await asyncio.gather(*(work(f"w{number}") for number in range(8)))
    assert len(taken) == 60
    assert set(taken.values()) == {1}


async def test_a_heartbeat_keeps_the_lease_and_tells_how_far_it_is(shop: Shop) -> None:
    await shop.queue.enqueue(_job())
    lease = await _claimed(shop.queue)
    for done in range(3):
        await shop.later(LEASE / 2)
        progress = Progress(step="compose", done=done, total=30)
        assert not await shop.queue.beat(lease, LEASE, progress)
        assert await shop.queue.reap() == 0
    view = await shop.queue.view("brf_a")
    assert view is not None
    assert (view.state, view.progress.done) == ("leased", 2)


async def test_a_silent_workers_job_goes_to_another(shop: Shop) -> None:
    await shop.queue.enqueue(_job())
    await _claimed(shop.queue)
    await shop.later(2 * LEASE)
    assert await shop.queue.reap() == 1
    again = await _claimed(shop.queue)
    assert again.attempt == 2


async def test_a_late_worker_can_write_nothing(shop: Shop) -> None:
    queue = shop.queue
    await queue.enqueue(_job())
    late = await _claimed(queue)
    await shop.later(2 * LEASE)
    await queue.reap()
    again = await _claimed(queue)
    for write in (
        queue.deliver(late, _made(1), (1, 2)), queue.beat(late, LEASE, Progress()),
        queue.finish(late), queue.hand_over(late, (OUTLINE,)),
    ):  # fmt: skip
        with pytest.raises(LeaseLost):
            await write
    await queue.give_back(late)
    assert await queue.delivered_takes("brf_a") == {}
    assert await shop.offered() == {}
    assert not await queue.beat(again, LEASE, Progress())


async def test_nothing_is_written_to_a_job_that_has_ended(queue: Queue) -> None:
    await queue.enqueue(_job())
    lease = await _claimed(queue)
    await queue.finish(lease)
    with pytest.raises(LeaseLost):
        await queue.deliver(lease, _made(1))
    with pytest.raises(LeaseLost):
        await queue.finish(lease)


# --- attempts -------------------------------------------------------------------------------------


async def test_a_job_that_kills_every_studio_ends_as_failed(shop: Shop) -> None:
    await shop.queue.enqueue(_job(max_attempts=3))
    for attempt in (1, 2, 3):
        lease = await _claimed(shop.queue)
        assert lease.attempt == attempt
        await shop.later(2 * LEASE)
        await shop.queue.reap()
    assert await shop.queue.claim("w9", LEASE) is None
    (last,) = await shop.queue.unsettled(10)
    assert (last.number, last.body) == (0, Ended(delivered=0, failure=USED_UP))
    view = await shop.queue.view("brf_a")
    assert view is not None
    assert view.state == "failed"


async def test_what_a_dying_studio_had_delivered_stays_delivered(shop: Shop) -> None:
    await shop.queue.enqueue(_job(max_attempts=1))
    await shop.queue.deliver(await _claimed(shop.queue), _made(1))
    await shop.later(2 * LEASE)
    await shop.queue.reap()
    first, last = await shop.queue.unsettled(10)
    assert (first.number, last.body) == (1, Ended(delivered=1, failure=USED_UP))


async def test_the_next_attempt_is_told_what_is_there(shop: Shop) -> None:
    await shop.queue.enqueue(_job())
    await shop.queue.deliver(await _claimed(shop.queue), _made(1, take=4))
    await shop.later(2 * LEASE)
    await shop.queue.reap()
    await _claimed(shop.queue)
    assert await shop.queue.delivered_takes("brf_a") == {1: 4}


async def test_an_interrupted_attempt_is_not_a_failed_one(queue: Queue) -> None:
    await queue.enqueue(_job(max_attempts=1))
    for _ in range(5):
        lease = await _claimed(queue)
        assert lease.attempt == 1
        await queue.give_back(lease)


async def test_a_job_that_interrupts_every_studio_is_not_tried_for_ever(shop: Shop) -> None:
    await shop.queue.enqueue(_job(max_attempts=2))
    for _ in range(UNCOUNTED_RETURNS):
        await shop.queue.give_back(await _claimed(shop.queue))
    for attempt in (1, 2):
        lease = await _claimed(shop.queue)
        assert lease.attempt == attempt
        await shop.queue.give_back(lease)
        await shop.later(timedelta(seconds=1))
        assert await shop.queue.reap() == 1
    (last,) = await shop.queue.unsettled(10)
    assert last.body == Ended(delivered=0, failure=USED_UP)


async def test_what_is_given_back_is_next_again(queue: Queue) -> None:
    for number in range(3):
        await queue.enqueue(_job(f"brf_{number}"))
    await queue.give_back(await _claimed(queue))
    assert await _order(queue, 3) == ["brf_0", "brf_1", "brf_2"]


# --- deadlines ------------------------------------------------------------------------------------


async def test_a_job_past_its_deadline_ends_without_being_started(shop: Shop) -> None:
    await shop.queue.enqueue(_job())
    await shop.later(timedelta(minutes=11))
    assert await shop.queue.reap() == 1
    (last,) = await shop.queue.unsettled(10)
    assert last.body == Ended(delivered=0, failure=TOO_LATE)
    assert await shop.queue.claim("w1", LEASE) is None


async def test_a_running_job_may_end_after_its_deadline(shop: Shop) -> None:
    await shop.queue.enqueue(_job())
    lease = await _claimed(shop.queue)
    await shop.queue.beat(lease, timedelta(minutes=20), Progress())
    await shop.later(timedelta(minutes=11))
    assert await shop.queue.reap() == 0
    await shop.queue.deliver(lease, _made(1))
    await shop.queue.finish(lease)


async def test_a_silent_job_past_its_deadline_is_not_tried_again(shop: Shop) -> None:
    await shop.queue.enqueue(_job())
    await _claimed(shop.queue)
    await shop.later(timedelta(minutes=11))
    await shop.queue.reap()
    (last,) = await shop.queue.unsettled(10)
    assert last.body == Ended(delivered=0, failure=TOO_LATE)


async def test_batch_work_waits_for_interactive_work(queue: Queue) -> None:
    await queue.enqueue(_batch("brf_batch"))
    for number in range(3):
        await queue.enqueue(_job(f"brf_{number}", "acc_2"))
    assert await _order(queue, 4) == ["brf_0", "brf_1", "brf_2", "brf_batch"]


async def test_batch_work_whose_time_runs_short_waits_with_interactive_work(shop: Shop) -> None:
    await shop.queue.enqueue(_batch("brf_batch", api_key="key_b"))
    await shop.later(DAY - timedelta(hours=2, minutes=5))
    for number in range(3):
        await shop.queue.enqueue(_job(f"brf_{number}", deadline_at=datetime.now(UTC) + 2 * DAY))
    await shop.queue.reap()
    assert await _order(shop.queue, 1) == ["brf_0"], "there is time yet"
    await shop.later(timedelta(minutes=6))
    await shop.queue.reap()
    hastened = await _claimed(shop.queue)
    assert (hastened.job.id, hastened.job.lane) == ("brf_batch", "interactive")


async def test_long_batch_work_is_hastened_four_times_its_length_ahead(shop: Shop) -> None:
    await shop.queue.enqueue(_batch("brf_long", expected_s=3600.0))
    await shop.later(DAY - timedelta(hours=3, minutes=59))
    await shop.queue.enqueue(_job("brf_now", deadline_at=datetime.now(UTC) + 2 * DAY))
    await shop.queue.reap()
    assert await _order(shop.queue, 2) == ["brf_long", "brf_now"]


# --- cancelling -----------------------------------------------------------------------------------


async def test_cancelling_ends_a_waiting_job_at_once(queue: Queue) -> None:
    await queue.enqueue(_job())
    assert await queue.ask_cancel("brf_a")
    assert not await queue.ask_cancel("brf_a")
    assert await queue.claim("w1", LEASE) is None
    (last,) = await queue.unsettled(10)
    assert last.body == Ended(delivered=0, canceled=True)


async def test_a_running_job_hears_of_its_cancelling(queue: Queue) -> None:
    await queue.enqueue(_job())
    lease = await _claimed(queue)
    assert not await queue.beat(lease, LEASE, Progress())
    assert await queue.ask_cancel("brf_a")
    assert await queue.beat(lease, LEASE, Progress())
    await queue.deliver(lease, _made(1))
    await queue.finish(lease, canceled=True)
    _, last = await queue.unsettled(10)
    assert last.body == Ended(delivered=1, canceled=True)
    view = await queue.view("brf_a")
    assert view is not None
    assert (view.state, view.cancel_asked) == ("canceled", True)


async def test_cancelling_a_job_between_two_attempts_keeps_what_was_delivered(shop: Shop) -> None:
    await shop.queue.enqueue(_job())
    await shop.queue.deliver(await _claimed(shop.queue), _made(1))
    await shop.later(2 * LEASE)
    await shop.queue.reap()
    assert await shop.queue.ask_cancel("brf_a")
    _, last = await shop.queue.unsettled(10)
    assert last.body == Ended(delivered=1, canceled=True)


async def test_there_is_nothing_to_cancel_where_nothing_is(queue: Queue) -> None:
    assert not await queue.ask_cancel("brf_nope")


# --- whose turn it is -----------------------------------------------------------------------------


async def test_what_takes_the_least_time_goes_first(queue: Queue) -> None:
    await queue.enqueue(_job("brf_a"))
    await queue.enqueue(_plans("plan_a"))
    await queue.enqueue(_rendition("rnd_a"))
    assert await _order(queue, 3) == ["rnd_a", "plan_a", "brf_a"]


async def test_a_worker_gets_only_what_it_wants(queue: Queue) -> None:
    await queue.enqueue(_job("brf_a"))
    await queue.enqueue(_plans("plan_a"))
    assert await queue.claim("w1", LEASE, "families") is None
    assert await queue.claim("w1", LEASE, "renditions") is None
    assert (await _claimed(queue, wants="candidates")).job.id == "brf_a"
    assert (await _claimed(queue, wants="plans")).job.id == "plan_a"


async def test_one_keys_jobs_are_made_in_the_order_they_came(queue: Queue) -> None:
    names = [f"brf_{number}" for number in (3, 1, 2, 0)]
    for name in names:
        await queue.enqueue(_job(name))
    assert await _order(queue, 4) == names


async def test_a_flood_does_not_keep_another_account_waiting(queue: Queue) -> None:
    for number in range(300):
        await queue.enqueue(_job(f"brf_{number}", "acc_flood"))
    assert await _order(queue, 1) == ["brf_0"]
    await queue.enqueue(_job("brf_small", "acc_small"))
    assert await _order(queue, 1) == ["brf_small"]


async def test_accounts_share_many_workers_evenly(queue: Queue) -> None:
    for number in range(40):
        await queue.enqueue(_job(f"brf_a{number}", "acc_a"))
    for number in range(10):
        await queue.enqueue(_job(f"brf_b{number}", "acc_b"))
        await queue.enqueue(_job(f"brf_c{number}", "acc_c"))
    shares = collections.Counter(name[4] for name in await _order(queue, 12))
    assert shares == {"a": 4, "b": 4, "c": 4}


async def test_accounts_share_one_worker_by_the_time_they_take(queue: Queue) -> None:
    for number in range(20):
        await queue.enqueue(_job(f"brf_long{number}", "acc_long", expected_s=30.0))
    for number in range(40):
        await queue.enqueue(_job(f"brf_short{number}", "acc_short", expected_s=10.0))
    done = await _made_one_by_one(queue, 24)
    long = sum(name.startswith("brf_long") for name in done)
    assert long == 6, "30 s of one are as much as three times 10 s of the other"


async def test_who_comes_back_after_a_pause_has_saved_nothing_up(queue: Queue) -> None:
    await queue.enqueue(_job("brf_early", "acc_b", expected_s=10.0))
    assert await _made_one_by_one(queue, 1) == ["brf_early"]
    for number in range(30):
        await queue.enqueue(_job(f"brf_a{number}", "acc_a", expected_s=10.0))
    await _made_one_by_one(queue, 15)
    for number in range(10):
        await queue.enqueue(_job(f"brf_b{number}", "acc_b", expected_s=10.0))
    shares = collections.Counter(name[4] for name in await _made_one_by_one(queue, 10))
    assert shares["b"] in (5, 6), "it goes first, and then in turn"


async def test_the_keys_of_an_account_share_its_turns(queue: Queue) -> None:
    for number in range(20):
        await queue.enqueue(_job(f"brf_x{number}", api_key="key_x", expected_s=5.0))
    for number in range(3):
        await queue.enqueue(_job(f"brf_y{number}", api_key="key_y", expected_s=5.0))
    await queue.enqueue(_job("brf_z0", "acc_2", api_key="key_z", expected_s=5.0))
    shares = collections.Counter(name[4] for name in await _made_one_by_one(queue, 7))
    assert shares == {"x": 3, "y": 3, "z": 1}


async def test_a_flood_of_plans_keeps_no_other_accounts_plan_waiting(queue: Queue) -> None:
    await queue.enqueue(_job("brf_a", "acc_small"))
    assert await _order(queue, 1) == ["brf_a"]
    for number in range(5):
        await queue.enqueue(_plans(f"plan_a{number}", "acc_flood"))
    await queue.enqueue(_plans("plan_b", "acc_small"))
    assert await _order(queue, 2) == ["plan_a0", "plan_b"], "a running brief is no running plan"


# --- pins -----------------------------------------------------------------------------------------


async def test_a_pinned_job_waits_for_its_engine(queue: Queue) -> None:
    await queue.enqueue(_job("brf_pinned", engine="old"))
    await queue.enqueue(_job("brf_free"))
    assert await queue.claim("w1", LEASE, "families", "old") is None
    assert (await _claimed(queue, engine="new")).job.id == "brf_free"
    assert await queue.claim("w1", LEASE, engine="new") is None
    assert await queue.claim("w1", LEASE) is None
    pinned = await _claimed(queue, engine="old")
    assert (pinned.job.id, pinned.job.engine) == ("brf_pinned", "old")


async def test_pinned_jobs_take_no_more_than_their_turns(queue: Queue) -> None:
    for number in range(6):
        await queue.enqueue(_job(f"brf_p{number}", "acc_1", engine="new"))
    for number in range(6):
        await queue.enqueue(_job(f"brf_f{number}", "acc_2"))
    order = [(await _claimed(queue, engine="new")).job.id[4] for _ in range(8)]
    assert collections.Counter(order) == {"p": 4, "f": 4}


async def test_a_job_pinned_to_an_engine_that_is_no_more_ends_with_its_deadline(shop: Shop) -> None:
    await shop.queue.enqueue(_job(engine="gone"))
    await shop.later(timedelta(minutes=11))
    await shop.queue.reap()
    (last,) = await shop.queue.unsettled(10)
    assert last.body == Ended(delivered=0, failure=TOO_LATE)


# --- deliveries -----------------------------------------------------------------------------------


async def test_what_is_handed_back_comes_in_order_with_its_trace(queue: Queue) -> None:
    await queue.enqueue(_job(trace="ab" * 16))
    lease = await _claimed(queue)
    takes = (RetractedTake(take=3, reason="clash"),)
    await queue.deliver(lease, _made(2, take=5))
    await queue.deliver(lease, _made(1))
    await queue.finish(lease, retracted=takes)
    rows = await queue.unsettled(10)
    assert [row.body for row in rows] == [
        Delivered(made=_made(2, take=5)), Delivered(made=_made(1)),
        Ended(delivered=2, retracted_takes=takes),
    ]  # fmt: skip
    assert {(row.job, row.account, row.trace) for row in rows} == {("brf_a", "acc_1", "ab" * 16)}
    assert [row.number for row in await queue.unsettled(2)] == [2, 1]


async def test_delivering_twice_keeps_the_first(queue: Queue) -> None:
    await queue.enqueue(_job())
    lease = await _claimed(queue)
    await queue.deliver(lease, _made(1, take=1))
    await queue.deliver(lease, _made(1, take=2))
    await queue.finish(lease, failure=Failed(code="fewer", detail="one of two"))
    rows = await queue.unsettled(10)
    assert [row.number for row in rows] == [1, 0]
    assert rows[0].body == Delivered(made=_made(1, take=1))
    view = await queue.view("brf_a")
    assert view is not None
    assert view.state == "done", "one candidate is better than none"


async def test_a_candidate_brings_its_runs_with_it(shop: Shop) -> None:
    await shop.queue.enqueue(_job())
    lease = await _claimed(shop.queue)
    await shop.queue.deliver(lease, _made(1), (-5, 7))
    await shop.queue.deliver(lease, _made(2))
    assert await shop.offered() == {candidate_id("brf_a", 1): (-5, 7)}


async def test_a_family_is_delivered_whole(queue: Queue) -> None:
    made = FamilyMade(
        number=1, take=3, seed=1, rating=0.5, resolved=FAMILY, character={}, members=()
    )
    await queue.enqueue(_job("fam_a", resolved=FAMILY, wants="families"))
    lease = await _claimed(queue, wants="families")
    assert lease.job.family == FAMILY
    await queue.deliver(lease, made)
    assert await queue.delivered_takes("fam_a") == {1: 3}
    await queue.finish(lease)
    rows = await queue.unsettled(10)
    assert [row.body for row in rows] == [FamilyDelivered(made=made), Ended(delivered=1)]


async def test_what_is_settled_is_shown_no_more(queue: Queue) -> None:
    await queue.enqueue(_job())
    lease = await _claimed(queue)
    await queue.deliver(lease, _made(1))
    await queue.finish(lease)
    first, last = await queue.unsettled(10)
    await queue.settle(first.id)
    assert [one.id for one in await queue.unsettled(10)] == [last.id]
    await queue.settle(last.id)
    assert await queue.unsettled(10) == []


async def test_what_was_put_off_comes_again_later_and_later(shop: Shop) -> None:
    await shop.queue.enqueue(_job())
    await shop.queue.finish(await _claimed(shop.queue))
    (last,) = await shop.queue.unsettled(10)
    for pause in (1, 2, 4, 8):
        await shop.queue.put_off(last.id)
        await shop.later(timedelta(seconds=pause - 0.5))
        assert await shop.queue.unsettled(10) == []
        await shop.later(timedelta(seconds=0.5))
        assert [one.id for one in await shop.queue.unsettled(10)] == [last.id]
    for _ in range(12):
        await shop.queue.put_off(last.id)
    await shop.later(timedelta(minutes=5))
    assert len(await shop.queue.unsettled(10)) == 1, "never later than five minutes"


async def test_plans_can_be_read_the_moment_they_are_handed_over(queue: Queue) -> None:
    await queue.enqueue(_plans("plan_a"))
    assert await queue.last_word("plan_a") is None
    lease = await _claimed(queue)
    assert await queue.last_word("plan_a") is None
    await queue.hand_over(lease, (OUTLINE,))
    assert await queue.last_word("plan_a") == Planned(plans=(OUTLINE,))
    assert await queue.unsettled(10) == [], "there is no money to settle"


async def test_a_rendition_can_be_read_the_moment_it_is_handed_over(queue: Queue) -> None:
    await queue.enqueue(_rendition("rnd_a"))
    lease = await _claimed(queue, wants="renditions")
    assert lease.job.source == SOURCE
    await queue.hand_over(lease, RENDERED)
    assert await queue.last_word("rnd_a") == Played(rendered=RENDERED)
    assert await queue.unsettled(10) == []


async def test_what_nobody_makes_ends_with_its_own_reason_and_without_the_clerk(shop: Shop) -> None:
    await shop.queue.enqueue(_plans("plan_used", max_attempts=1))
    await shop.queue.enqueue(_plans("plan_late", "acc_2"))
    await shop.queue.enqueue(_rendition("rnd_used", max_attempts=1))
    await shop.queue.enqueue(_rendition("rnd_late", account="acc_2"))
    assert await _order(shop.queue, 1) == ["rnd_used"]
    assert (await _claimed(shop.queue, wants="plans")).job.id == "plan_used"
    await shop.later(2 * LEASE)
    assert await shop.queue.reap() == 2
    await shop.later(timedelta(minutes=10))
    assert await shop.queue.reap() == 2
    whys = {
        "plan_used": PLAN_USED_UP, "plan_late": PLAN_TOO_LATE, "rnd_used": RENDITION_USED_UP,
        "rnd_late": RENDITION_TOO_LATE,
    }  # fmt: skip
    for name, why in whys.items():
        assert await shop.queue.last_word(name) == Ended(delivered=0, failure=why)
    assert await shop.queue.unsettled(10) == []


# --- what is told of it ---------------------------------------------------------------------------


async def test_a_waiting_jobs_position_is_among_its_own_keys_jobs(queue: Queue) -> None:
    await queue.enqueue(_job("brf_other", "acc_2"))
    await queue.enqueue(_job("brf_key", api_key="key_2"))
    await queue.enqueue(_plans("plan_a"))
    for number in range(3):
        await queue.enqueue(_job(f"brf_{number}"))
    views = [await queue.view(f"brf_{number}") for number in range(3)]
    assert [view and (view.state, view.position) for view in views] == [
        ("queued", 0), ("queued", 1), ("queued", 2),
    ]  # fmt: skip
    while (await _claimed(queue)).job.id != "brf_0":
        pass
    running, waiting = await queue.view("brf_0"), await queue.view("brf_2")
    assert running is not None
    assert waiting is not None
    assert (running.position, waiting.position) == (0, 1)


async def test_nobody_counts_a_long_way_back(queue: Queue) -> None:
    for number in range(POSITION_MAX + 5):
        await queue.enqueue(_job(f"brf_{number}"))
    view = await queue.view(f"brf_{POSITION_MAX + 4}")
    assert view is not None
    assert view.position == POSITION_MAX


async def test_the_backlog_is_what_waits_and_what_runs(queue: Queue) -> None:
    assert await queue.backlog() == (0, 0.0)
    for number in range(3):
        await queue.enqueue(_job(f"brf_{number}", expected_s=10.0))
    await queue.enqueue(_plans("plan_a", expected_s=1.0))
    assert await queue.backlog() == (4, 31.0)
    await queue.finish(await _claimed(queue, wants="candidates"))
    await _claimed(queue, wants="candidates")
    assert await queue.backlog() == (3, 21.0)


async def test_of_a_job_that_never_was_nothing_is_known(queue: Queue) -> None:
    assert await queue.view("brf_nope") is None
    assert await queue.last_word("brf_nope") is None
    assert await queue.delivered_takes("brf_nope") == {}
