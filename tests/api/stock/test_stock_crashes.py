"""Studios, clients and clerks in any order, each killed anywhere: nothing that a row refers to is
ever missing, and nothing that nobody refers to stays for ever."""

import asyncio
import contextlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from api.stock import service as stock
from api.stock.contracts import Swept
from api.stock.warehouse import Warehouse
from billing.connections import lent, transaction
from engine.stock.places import StoreUnreachable
from tests.api.stock.houses import ACCOUNTS, House, named

SOUNDS = (b"one", b"two", b"three")
CONTENTS = st.sets(st.sampled_from(SOUNDS), min_size=1, max_size=2)
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


class Killed(Exception):
    """Whoever did this is no more."""


class Faulty(Warehouse):
    """A store at which the clerk is killed, and at which a studio is at work meanwhile."""

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


class Interleavings(RuleBasedStateMachine):
    """One example is one history of a house."""

    dsn: str
    folder: Path

    delivered = Bundle("delivered")
    candidates = Bundle("candidates")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.house = self._run(self._open())

    async def _open(self) -> House:
        pool = await asyncpg.create_pool(self.dsn, min_size=1, max_size=3)
        await pool.execute(EMPTY)
        house = House(pool, self.folder)
        await house.warehouse.delete(sorted(house.there()))
        await house.open_accounts()
        return house

    @rule(target=delivered, account=st.sampled_from(ACCOUNTS), contents=CONTENTS,
          killed=st.sampled_from(["no", "no", "announced", "half put", "put"]),
          nested=st.booleans())  # fmt: skip
    def a_studio_works(self, account: str, contents: set[bytes], killed: str, nested: bool):
        async def work() -> str | None:
            for number, content in enumerate(sorted(contents)):
                try:
                    await self.house.announce(content)
                except StoreUnreachable:  # it is leaving: the studio gives the job back
                    return None
                if killed == "announced" or (killed == "half put" and number):
                    return None
                self.house.put(content)
            if killed == "put":
                return None
            return await self.house.deliver(account, sorted(contents), nested)

        job = self._run(work())
        return multiple() if job is None else job

    @rule(contents=CONTENTS)
    def somebody_writes_without_announcing(self, contents: set[bytes]) -> None:
        for content in sorted(contents):
            if named(content) not in self.house.there():
                self.house.put(content)

    @rule(target=candidates, job=consumes(delivered))
    def the_clerk_settles(self, job: str) -> str:
        self._run(self.house.settle(job))
        return job

    @rule(job=consumes(delivered))
    def the_clerk_gives_up_on_a_delivery(self, job: str) -> None:
        done = "update engine.deliveries set settled_at = now() where job = $1"
        self._run(self.house.pool.execute(done, job))

    @rule(job=candidates)
    def a_client_picks(self, job: str) -> None:
        self._run(self.house.pick(job))

    @rule(hours=st.sampled_from([1, 13, 25, 60, 24 * 8, 24 * 31]))
    def time_passes(self, hours: int) -> None:
        self._run(self.house.let_pass(timedelta(hours=hours)))

    @rule()
    def a_clerk_reviews(self) -> None:
        self._run(self._review())

    @rule()
    def a_clerk_looks_through_the_store(self) -> None:
        self._run(self._look_through())

    @rule(killed=st.sampled_from(["no", "before", "after"]),
          meanwhile=st.sampled_from([None, b"one", b"two"]))  # fmt: skip
    def a_clerk_clears(self, killed: str, meanwhile: bytes | None) -> None:
        async def clear() -> None:
            faulty = Faulty(self.house.warehouse._store)
            faulty.house, faulty.killed, faulty.meanwhile = self.house, killed, meanwhile
            with contextlib.suppress(Killed):
                await stock.clear(self.house.pool, faulty)
            if faulty.studio is None or meanwhile is None:
                return
            try:
                await faulty.studio
            except StoreUnreachable:
                return
            self.house.put(meanwhile)
            await self.house.settle(await self.house.deliver("acc_2", [meanwhile]))

        self._run(clear())

    @invariant()
    def what_rows_refer_to_is_there(self) -> None:
        there = self.house.there()
        said = " ".join(row["said"] for row in self._run(self.house.pool.fetch(HELD)))
        for content in SOUNDS:
            if named(content) in said:
                assert named(content) in there, content
                assert self.house.shelf.get(named(content)) == content

    def teardown(self) -> None:
        self._run(self._end())
        self.loop.close()

    async def _end(self) -> None:
        """Nobody does anything any more: after a while only what is licensed or waits is there."""
        for _ in range(4):
            await self.house.let_pass(timedelta(days=32))
            await self._look_through()
            while await self._review() is not None:
                pass
            while await stock.clear(self.house.pool, self.house.warehouse) is not None:
                pass
        said = " ".join(row["said"] for row in await self.house.pool.fetch(HELD))
        kept = {name for name in map(named, SOUNDS) if name in said}
        assert self.house.there() == kept
        rows = await self.house.pool.fetch("select sha256 from engine.objects")
        assert {row["sha256"] for row in rows} == kept
        await self.house.pool.close()

    async def _review(self) -> Swept | None:
        async with transaction(self.house.pool) as conn:
            return await stock.review(conn)

    async def _look_through(self) -> None:
        """The three parts of the store in which anything can lie."""
        for content in SOUNDS:
            found = await self.house.warehouse.shard(int(named(content)[:2], 16))
            async with lent(self.house.pool) as conn:
                await stock.adopt(conn, found)

    def _run(self, step: Any) -> Any:
        return self.loop.run_until_complete(step)


def test_nothing_is_lost_and_nothing_stays_for_ever(postgres: str, tmp_path: Path) -> None:
    machine = type("Here", (Interleavings,), {"dsn": postgres, "folder": tmp_path / "store"})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15, stateful_step_count=25, deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
