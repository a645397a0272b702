"""What accounts hold, in a real Postgres: found exactly by others, never by their holder."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import asyncpg
import numpy as np
import pytest

from engine.critique.originality import Finding, among, runs_of, signed, unsigned
from engine.repertoire import service as repertoire
from engine.repertoire import store
from engine.score import Line, Note

HELD = "select count(*) from engine.licensed_runs"


def line(pitches: Sequence[int], lengths: Sequence[int] | None = None) -> Line:
    """Notes one after the other, by default quarters."""
    lengths = lengths or [480] * len(pitches)
    starts = np.cumsum([0, *lengths[:-1]]).tolist()
    notes = tuple(
        Note(start=start, length=length, pitch=pitch, velocity=80)
        for start, length, pitch in zip(starts, lengths, pitches, strict=True)
    )
    return Line(role="lead", notes=notes)


def tune(seed: int, count: int = 40) -> Line:
    """Steps and small leaps in few rhythms, so that tunes often agree in short runs."""
    rng = np.random.default_rng(seed)
    pitches = (60 + np.cumsum(rng.integers(-3, 4, count))).tolist()
    return line(pitches, rng.choice([240, 480], count, p=[0.2, 0.8]).tolist())


def moved(one: Line, by: int) -> Line:
    """The same tune in another key."""
    return line([note.pitch + by for note in one.notes], [note.length for note in one.notes])


def tune_quoting(other: Line, count: int) -> Line:
    """A tune that ends with so many notes of another one."""
    notes = (*tune(900 + count).notes, *other.notes[count : 2 * count])
    return line([note.pitch for note in notes], [note.length for note in notes])


async def license_(pool: asyncpg.Pool, account: str, *lines: Line, name: str = "") -> None:
    """A candidate of these lines, delivered and licensed."""
    candidate = name or f"cand_{account}_{id(lines)}"
    async with pool.acquire() as conn, conn.transaction():
        await repertoire.offer(conn, candidate, signed(runs_of(lines).keys))
        await repertoire.license_runs(conn, candidate, account)


async def found(pool: asyncpg.Pool, account: str, one: Line) -> Finding:
    """What a line of this account shares with what others hold."""
    async with pool.acquire() as conn:
        near = await repertoire.nearest(conn, account, runs_of([one]).signed)
    return among(unsigned(near)).longest([one])


async def test_a_licensed_tune_is_found_in_any_key_by_others_and_not_by_its_holder(
    pool: asyncpg.Pool,
) -> None:
    await license_(pool, "acc_a", tune(1))
    assert (await found(pool, "acc_b", moved(tune(1), 7))).longest_run == 40
    assert (await found(pool, "acc_a", moved(tune(1), 7))).longest_run == 0
    assert (await found(pool, "acc_b", tune(2))).longest_run < 12


async def test_the_database_finds_what_an_index_in_memory_finds(pool: asyncpg.Pool) -> None:
    held = [tune(seed, 200) for seed in range(40)]
    for number, one in enumerate(held):
        await license_(pool, f"acc_{number % 3}", one, name=f"cand_{number}")
    seen = set()
    for asking in (0, 1, 2, 9):
        others = [one for number, one in enumerate(held) if number % 3 != asking]
        index = among(runs_of(others).keys)
        quoting = [tune_quoting(held[cut], cut) for cut in range(5, 20)]
        for one in (*(tune(seed) for seed in range(500, 530)), *quoting):
            there = await found(pool, f"acc_{asking}", one)
            assert there == index.longest([one])
            seen.add(there.longest_run)
    assert len(seen) > 6, "short, long and none"


async def test_own_repetitions_hide_nobody_elses_run(pool: asyncpg.Pool) -> None:
    """An account holds a thousand tunes of the same first 12 notes; so does one somebody else."""
    start = [note.pitch for note in tune(3, 12).notes]
    own = [
        line([*start, start[-1] + one, start[-1] + one + two, 60])
        for one in range(-10, 11) for two in range(-10, 11)
    ]  # fmt: skip
    await license_(pool, "acc_own", *own)
    asked = line([*start, start[-1] + 2])
    assert (await found(pool, "acc_own", asked)).longest_run == 0
    await license_(pool, "acc_other", line([*start, start[-1] - 7, start[-1]]))
    assert (await found(pool, "acc_own", asked)).longest_run == 12


async def test_scales_and_trills_are_held_by_nobody(pool: asyncpg.Pool) -> None:
    await license_(pool, "acc_a", line([60, 62, 64, 65, 67, 69, 71, 72] * 4), line([60, 61] * 20))
    assert await pool.fetchval(HELD) == 0, "the leap back down makes three intervals, not five"


async def test_a_repeat_changes_nothing_and_a_candidate_without_runs_can_be_licensed(
    pool: asyncpg.Pool,
) -> None:
    await license_(pool, "acc_a", tune(1), name="cand_1")
    before = await pool.fetchval(HELD)
    await license_(pool, "acc_a", tune(1), name="cand_1")
    assert await pool.fetchval(HELD) == before == len(runs_of([tune(1)]).keys)
    async with pool.acquire() as conn:
        await repertoire.license_runs(conn, "cand_from_before", "acc_a")
    assert await pool.fetchval(HELD) == before
    assert await pool.fetchval("select count(*) from engine.offered_runs") == 0


async def test_many_picks_at_once_wait_for_each_other_and_none_is_lost(pool: asyncpg.Pool) -> None:
    same, keys = tune(5, 120), set()
    jobs = []
    for number in range(12):
        own = (same, tune(600 + number, 60))
        keys |= set(runs_of(own).keys.tolist())
        jobs.append(license_(pool, "acc_a", *own[:: 1 if number % 2 else -1], name=f"c{number}"))
    await asyncio.gather(*jobs)
    assert await pool.fetchval(HELD) == len(keys)
    assert await pool.fetchval("select count(*) from engine.holders") == 1


async def test_an_account_that_is_gone_is_unnamed_and_what_it_licensed_stays(
    pool: asyncpg.Pool,
) -> None:
    await license_(pool, "acc_a", tune(1))
    await pool.execute("update engine.holders set account = null where account = 'acc_a'")
    assert (await found(pool, "acc_b", tune(1))).longest_run == 40


async def test_offers_that_nobody_can_pick_any_more_are_forgotten(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn:
        await repertoire.offer(conn, "cand_old", [1, 2])
        await repertoire.offer(conn, "cand_new", [3])
        old = repertoire.OFFERS_KEPT + timedelta(minutes=1)
        await conn.execute(
            "update engine.offered_runs set offered_at = now() - $1::interval "
            "where candidate = 'cand_old'", old,
        )  # fmt: skip
        assert await repertoire.forget_offers(conn) == 1
        assert await conn.fetchval("select candidate from engine.offered_runs") == "cand_new"


async def test_a_question_that_takes_too_long_is_given_up(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn, pool.acquire() as other, other.transaction():
        await other.execute("lock table engine.licensed_runs in access exclusive mode")
        with pytest.raises(TimeoutError):
            await store.select_nearest(conn, "acc_a", runs_of([tune(1)]).signed, 0.2)


def test_signed_numbers_keep_the_order_and_come_back() -> None:
    keys = np.array([0, 1, 2**63 - 1, 2**63, 2**64 - 1], np.uint64)
    assert signed(keys) == sorted(signed(keys))
    assert (unsigned(signed(keys)) == keys).all()
    assert len(unsigned([])) == 0
