"""Studios, clients and clerks in any order, each killed anywhere: nothing that a row refers to is
ever missing, and nothing that nobody refers to stays for ever."""

import asyncio
import contextlib
import random
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg

from api.stock import service as stock
from api.stock.contracts import Swept
from api.stock.warehouse import Warehouse
from billing.connections import lent, transaction
from engine.stock.places import StoreUnreachable
from tests.api.stock.houses import ACCOUNTS, House, named

SOUNDS = (b"one", b"two", b"three")
EMPTY = """
truncate engine.objects, engine.deliveries, engine.jobs, api.licenses, api.candidates, api.briefs,
  api.api_keys, api.accounts cascade
"""
HELD = """
select made::text as said from api.candidates left join api.licenses on candidate = candidates.id
where licenses.id is not null or candidates.expires_at > now()
union all
select body::text from engine.deliveries where settled_at is null or number = 0
"""
GIVEN_UP = "update engine.deliveries set settled_at = now() where job = $1"


class Killed(Exception):
    """Whoever did this is no more."""


class Faulty(Warehouse):
    """A store at which a clerk is killed, and at which a studio is at work meanwhile."""

    house: House
    killed: str = "no"
    meanwhile: bytes | None = None
    studio: asyncio.Task[None] | None = None

    async def delete(self, sha256s: Any) -> None:
        if self.meanwhile is not None:
            self.studio = asyncio.create_task(self.house.announce(self.meanwhile))
            await asyncio.sleep(0)
        if self.killed == "before":
            raise Killed
        await super().delete(sha256s)
        if self.killed == "after":
            raise Killed


class History:
    """What happens to a house, step by step; each step's choices are its own chance's."""

    def __init__(self, house: House) -> None:
        self.house, self.hours, self.seen = house, 0, Counter[str]()
        self.put: list[tuple[list[bytes], int]] = []
        self.delivered: list[str] = []
        self.candidates: list[str] = []

    async def a_studio_puts_files_away(self, chance: random.Random) -> None:
        contents = sorted(chance.sample(SOUNDS, chance.randint(1, 2)))
        killed = chance.random() < 0.2
        for content in contents:
            try:
                await self.house.announce(content)
            except StoreUnreachable:  # it is leaving: the studio gives the job back
                self.seen["met what is leaving"] += 1
                return
            if killed:
                return
            self.house.put(content)
        self.put.append((contents, self.hours))

    async def a_studio_delivers(self, chance: random.Random) -> None:
        fresh = [one for one in self.put if self.hours - one[1] < 24]  # its lease still holds
        self.put = []
        for contents, _ in fresh:
            account, family = chance.choice(ACCOUNTS), chance.random() < 0.5
            self.delivered.append(await self.house.deliver(account, contents, family))

    async def a_clerk_works_between_put_and_delivery(self, chance: random.Random) -> None:
        await self.a_studio_puts_files_away(chance)
        await self.a_clerk_reviews(chance)
        await self.a_clerk_clears(chance)
        await self.a_studio_delivers(chance)

    async def somebody_writes_without_announcing(self, chance: random.Random) -> None:
        content = chance.choice(SOUNDS)
        if named(content) not in self.house.there():
            self.house.put(content)

    async def the_clerk_settles(self, chance: random.Random) -> None:
        while self.delivered:
            job = self.delivered.pop()
            if chance.random() < 0.2:  # sealed for too long: nobody paid for it
                await self.house.pool.execute(GIVEN_UP, job)
            else:
                await self.house.settle(job)
                self.candidates.append(job)

    async def a_client_picks(self, chance: random.Random) -> None:
        if self.candidates and chance.random() < 0.3:
            self.seen["picked"] += await self.house.pick(chance.choice(self.candidates))

    async def time_passes(self, chance: random.Random) -> None:
        hours = chance.choice([1, 13, 25, 25, 50, 24 * 8])
        self.hours += hours
        await self.house.let_pass(timedelta(hours=hours))

    async def a_clerk_reviews(self, chance: random.Random) -> None:
        if (swept := await self.review()) is not None:
            self.seen["condemned"] += swept.condemned

    async def a_clerk_clears(self, chance: random.Random) -> None:
        faulty = Faulty(self.house.warehouse._store)
        faulty.house = self.house
        faulty.killed = chance.choice(["no", "no", "before", "after"])
        faulty.meanwhile = chance.choice([None, *SOUNDS])
        with contextlib.suppress(Killed):
            self.seen["deleted"] += await stock.clear(self.house.pool, faulty) or 0
        if faulty.studio is None or faulty.meanwhile is None:
            return
        try:
            await faulty.studio
        except StoreUnreachable:
            return
        self.house.put(faulty.meanwhile)
        self.delivered.append(await self.house.deliver("acc_2", [faulty.meanwhile]))

    async def a_clerk_looks_through_the_store(self, chance: random.Random) -> None:
        for content in SOUNDS:  # the parts of it in which anything can lie
            found = await self.house.warehouse.shard(int(named(content)[:2], 16))
            async with lent(self.house.pool) as conn:
                self.seen["adopted"] += await stock.adopt(conn, found)

    async def review(self) -> Swept | None:
        async with transaction(self.house.pool) as conn:
            return await stock.review(conn)

    async def held(self) -> set[str]:
        """What rows refer to."""
        said = " ".join(row["said"] for row in await self.house.pool.fetch(HELD))
        return {name for name in map(named, SOUNDS) if name in said}

    async def check(self) -> None:
        """What rows refer to is there, and whole."""
        for name in sorted(await self.held()):
            assert name in self.house.there(), f"{name} is lost"
            self.house.shelf.get(name)

    async def end(self) -> None:
        """Nobody does anything any more: after a while only what is licensed or waits is there."""
        for _ in range(4):
            await self.house.let_pass(timedelta(days=32))
            await self.a_clerk_looks_through_the_store(random.Random(0))
            while await self.review() is not None:
                pass
            while await stock.clear(self.house.pool, self.house.warehouse) is not None:
                pass
        kept = await self.held()
        assert self.house.there() == kept
        rows = await self.house.pool.fetch("select sha256 from engine.objects")
        assert {row["sha256"] for row in rows} == kept


STEPS = (
    History.a_studio_puts_files_away, History.a_studio_puts_files_away, History.a_studio_delivers,
    History.a_studio_delivers, History.a_clerk_works_between_put_and_delivery,
    History.the_clerk_settles, History.a_client_picks,
    History.time_passes, History.time_passes, History.time_passes,
    History.a_clerk_reviews, History.a_clerk_reviews, History.a_clerk_clears,
    History.a_clerk_clears, History.a_clerk_looks_through_the_store,
    History.somebody_writes_without_announcing, History.somebody_writes_without_announcing,
)  # fmt: skip
HISTORIES, LENGTH = range(14), 80


async def test_nothing_is_lost_and_nothing_stays_for_ever(
    pool: asyncpg.Pool, tmp_path: Path
) -> None:
    seen = Counter[str]()
    for number in HISTORIES:
        seen += await _lived(House(pool, tmp_path / str(number)), random.Random(number))
    for what in ("met what is leaving", "picked", "condemned", "deleted", "adopted"):
        assert seen[what], f"it never came about that something was {what}"


async def _lived(house: House, chance: random.Random) -> Counter[str]:
    """One history from beginning to end; an error says what had happened before."""
    await house.pool.execute(EMPTY)
    await house.open_accounts()
    history, told = History(house), []
    for _ in range(LENGTH):
        step = chance.choice(STEPS)
        told.append(step.__name__)
        await step(history, chance)
        try:
            await history.check()
        except Exception as error:
            error.add_note(" > ".join(told))
            raise
    await history.end()
    return history.seen
