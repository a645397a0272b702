"""What nobody refers to is cleared away after a day of grace, and nothing else ever is."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import obstore
import pytest

from api.stock import service as stock
from api.stock.contracts import Swept
from api.stock.warehouse import Warehouse
from billing.connections import lent
from engine.stock.places import StoreUnreachable, object_path
from tests.api.stock.houses import House, named

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SOUND, OTHER = b"a sound", b"another sound"


@pytest.fixture
async def house(pool: asyncpg.Pool, tmp_path: Path) -> AsyncIterator[House]:
    made = House(pool, tmp_path / "store")
    await made.open_accounts()
    yield made


async def _delivered(house: House, account: str, *contents: bytes, nested: bool = False) -> str:
    for content in contents:
        await house.announce(content)
        house.put(content)
    return await house.deliver(account, contents, nested)


async def _sweep(house: House) -> Swept:
    return await stock.sweep(house.pool, house.warehouse)


async def test_an_expired_candidates_files_go_a_day_later(house: House) -> None:
    job = await _delivered(house, "acc_1", SOUND, OTHER)
    await house.settle(job)
    await house.let_pass(6 * DAY)
    assert await _sweep(house) == Swept()
    await house.let_pass(DAY + HOUR)
    assert await _sweep(house) == Swept(condemned=2)
    assert house.there() == {named(SOUND), named(OTHER)}
    await house.let_pass(DAY - HOUR)
    assert await _sweep(house) == Swept()
    await house.let_pass(2 * HOUR)
    assert await _sweep(house) == Swept(deleted=2)
    assert house.there() == set()
    assert await house.pool.fetchval("select count(*) from engine.objects") == 0
    assert await _sweep(house) == Swept()


@pytest.mark.parametrize("nested", [False, True])
async def test_what_another_account_still_refers_to_stays(house: House, nested: bool) -> None:
    first = await _delivered(house, "acc_1", SOUND)
    await house.settle(first)
    await house.let_pass(5 * DAY)
    second = await _delivered(house, "acc_2", SOUND, nested=nested)
    await house.settle(second)
    await house.let_pass(4 * DAY)
    await _sweep(house)
    assert await house.pick(second)
    await house.let_pass(40 * DAY)
    await _sweep(house)
    await house.let_pass(40 * DAY)
    assert await _sweep(house) == Swept()
    assert house.there() == {named(SOUND)}


async def test_renditions_and_what_waits_to_be_settled_keep_their_files(house: House) -> None:
    await house.announce(SOUND)
    house.put(SOUND)
    await house.deliver_rendition("acc_1", [SOUND])
    await _delivered(house, "acc_1", OTHER)
    for _ in range(3):
        await house.let_pass(20 * DAY)
        assert await _sweep(house) == Swept()
    assert house.there() == {named(SOUND), named(OTHER)}


async def test_what_a_crashed_studio_put_away_is_found_by_its_announcement(house: House) -> None:
    await house.announce(SOUND)
    house.put(SOUND)
    await house.let_pass(DAY + HOUR)
    assert await _sweep(house) == Swept(condemned=1)
    await house.let_pass(DAY + HOUR)
    assert await _sweep(house) == Swept(deleted=1)
    assert house.there() == set()


async def test_what_has_no_row_at_all_is_found_by_listing(house: House) -> None:
    house.put(SOUND)
    await house.let_pass(DAY - HOUR)
    assert await _sweep(house) == Swept()
    await house.let_pass(2 * HOUR)
    assert await _sweep(house) == Swept(adopted=1, condemned=1)
    await house.let_pass(DAY + HOUR)
    assert await _sweep(house) == Swept(deleted=1)


async def test_what_was_there_before_rows_were_kept_is_adopted_and_stays(house: House) -> None:
    house.put(SOUND)
    job = await house.deliver("acc_1", [SOUND])
    await house.settle(job)
    assert await house.pick(job)
    await house.let_pass(9 * DAY)
    assert await _sweep(house) == Swept(adopted=1)
    await house.let_pass(9 * DAY)
    assert await _sweep(house) == Swept()
    assert house.there() == {named(SOUND)}


async def test_half_written_files_are_cleared_away(house: House) -> None:
    house.put(SOUND)
    torn = house.folder / "arriving" / "tmp_of_a_killed_studio"
    torn.write_bytes(b"half")
    await _sweep(house)
    assert torn.exists()
    await house.let_pass(DAY + HOUR)
    await _sweep(house)
    assert not torn.exists()


async def test_a_condemned_object_that_is_announced_again_is_reprieved(house: House) -> None:
    await house.announce(SOUND)
    house.put(SOUND)
    await house.let_pass(DAY + HOUR)
    await _sweep(house)
    await house.let_pass(DAY + HOUR)
    await house.announce(SOUND)
    assert await _sweep(house) == Swept()
    assert house.there() == {named(SOUND)}


async def test_a_rehearsal_says_what_a_sweep_would_do_and_does_nothing(house: House) -> None:
    job = await _delivered(house, "acc_1", SOUND)
    await house.settle(job)
    house.put(OTHER)
    await house.let_pass(8 * DAY)
    foretold = await stock.rehearse(house.pool, house.warehouse)
    assert foretold == Swept(adopted=1, condemned=2)
    assert await stock.rehearse(house.pool, house.warehouse) == foretold
    assert await _sweep(house) == foretold
    await house.let_pass(2 * DAY)
    assert await stock.rehearse(house.pool, house.warehouse) == Swept(deleted=2)
    assert house.there() == {named(SOUND), named(OTHER)}


async def test_a_studio_that_delivers_the_same_bytes_as_they_leave_does_not_lose_them(
    house: House,
) -> None:
    await _condemned(house)
    waited = asyncio.Event()

    class Slow(Warehouse):
        """Deletes while a studio is already announcing."""

        async def delete(self, sha256s) -> None:
            studio = asyncio.create_task(house.announce(SOUND))
            done, _ = await asyncio.wait({studio}, timeout=0.2)
            assert not done, "it was let through while the object was leaving"
            waited.set()
            self.studio = studio
            await super().delete(sha256s)

    slow = Slow(house.warehouse._store)
    assert await stock.clear(house.pool, slow) == 1
    assert waited.is_set()
    await slow.studio
    house.put(SOUND)
    job = await house.deliver("acc_2", [SOUND])
    await house.settle(job)
    await house.let_pass(3 * DAY)
    await _sweep(house)
    assert house.there() == {named(SOUND)}


async def _condemned(house: House) -> None:
    """Nobody refers to the sound any more, and its day of grace is over."""
    await house.announce(SOUND)
    house.put(SOUND)
    await house.let_pass(DAY + HOUR)
    await _sweep(house)
    await house.let_pass(DAY + HOUR)


@pytest.mark.parametrize("after", [False, True])
async def test_a_clerk_that_dies_at_a_deletion_leaves_it_to_the_next_one(
    house: House, after: bool
) -> None:
    await _condemned(house)

    class Killed(Warehouse):
        async def delete(self, sha256s) -> None:
            if after:
                await super().delete(sha256s)
            raise StoreUnreachable("the clerk was killed here")

    with pytest.raises(StoreUnreachable):
        await stock.clear(house.pool, Killed(house.warehouse._store))
    assert house.there() == (set() if after else {named(SOUND)})
    # The request may still be under way: nobody puts the object back just now, or deletes it twice.
    with pytest.raises(StoreUnreachable):
        await house.announce(SOUND)
    assert await stock.clear(house.pool, house.warehouse) is None
    await house.let_pass(timedelta(minutes=3))
    assert await stock.clear(house.pool, house.warehouse) == 1
    assert house.there() == set()
    await house.announce(SOUND)


async def test_two_clerks_share_the_work(house: House) -> None:
    sounds = [bytes([number]) * 9 for number in range(120)]
    for sound in sounds:
        await house.announce(sound)
        house.put(sound)
    await house.let_pass(DAY + HOUR)
    await _sweep(house)
    await house.let_pass(DAY + HOUR)
    both = await asyncio.gather(_sweep(house), _sweep(house))
    assert sum(one.deleted for one in both) == len(sounds)
    assert house.there() == set()


async def test_a_survey_tells_what_is_missing_what_is_torn_and_what_is_nobodys(
    house: House,
) -> None:
    job = await _delivered(house, "acc_1", SOUND, OTHER, b"whole", nested=True)
    await house.settle(job)
    assert (await stock.survey(house.pool, house.warehouse)).wrong == ()
    house.put(b"nobody's")
    await house.let_pass(DAY + HOUR)
    house.put(b"on its way")
    await house.warehouse.delete([named(SOUND)])
    obstore.put(house.warehouse._store, object_path(named(OTHER)), b"torn")
    survey = await stock.survey(house.pool, house.warehouse)
    assert {(one.sha256, one.found) for one in survey.wrong} == {
        (named(SOUND), None), (named(OTHER), 4),
    }  # fmt: skip
    assert [one.sha256 for one in survey.orphans] == [named(b"nobody's")]
    assert (survey.referenced, survey.listed, survey.arriving) == (3, 4, 1)


async def test_the_clerk_tells_what_is_missing_from_a_part_of_the_store(house: House) -> None:
    job = await _delivered(house, "acc_1", SOUND)
    await house.settle(job)
    number = int(named(SOUND)[:2], 16)
    found = await house.warehouse.shard(number)
    await house.let_pass(2 * HOUR)
    async with lent(house.pool) as conn:
        assert await stock.missing(conn, number, found) == []
        assert await stock.missing(conn, number, []) == [named(SOUND)]
        assert await stock.missing(conn, (number + 1) % 256, []) == []
    assert found[0].modified_at <= datetime.now(UTC)
