"""What one account's flood does to another's briefs, and to the cost of a claim.

``python -m loadtests.bench_fairness --flood 10000 --rounds 3 --seed 1``

A real studio with ``--sessions`` sessions claims from a real Postgres, stores and delivers; its
backend is the light one, whose candidates take ``--candidate-s``, slept through as on a GPU. The
small account sends ten briefs, one after the other and, as another case, all at once; first alone,
then while the flooder has ten thousand waiting. A brief's time is from the commit that enqueued it
to the commit that ended it, by the database's clock, and the same briefs are sent in both, so that
as many takes are retracted. The flooder's jobs come straight into the table: what a door would
make of them is not asked here.

A claim is timed with ten and with ten thousand jobs waiting, the cases taking turns; its job is
ended and another put behind, untimed, so that as many wait the next time.

Exits 1 where the small account's 95th percentile is above twice its idle one, or a claim with ten
thousand waiting takes more than twice as long as with ten.
"""

import argparse
import asyncio
import math
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import msgspec
import structlog
from msgspec import Struct

from api.database import create_pool, migrate
from api.postgres import Embedded
from engine.contracts import Brief, Resolved
from engine.queue import service as queue
from engine.queue.contracts import Job
from engine.queue.postgres import PostgresQueue
from engine.repertoire import service as repertoire
from engine.studio.lanes import briefs
from engine.studio.lanes.lane import Studio, follow
from engine.studio.shelf import open_shelf
from engine.words import resolve
from loadtests.light import Light

MOST = 2.0
TEN = 10
DAY = timedelta(days=1)
LEASE = timedelta(seconds=30)

FLOOD = """
insert into engine.jobs (id, account, api_key, resolved, seed, expected_s, deadline_at)
select 'brf_flood_' || $1 || '_' || n, 'acc_flood', 'key_flood', $2::jsonb, n, 10,
  now() + interval '1 day'
from generate_series(1, $3::int) as n
"""
SECONDS = """
select extract(epoch from finished_at - created_at)::float8 from engine.jobs
where id = any($1) and finished_at is not null
"""
FLOODED = """
select count(*) filter (where state = 'queued') as waiting,
  count(*) filter (where finished_at is not null) as done
from engine.jobs where account = 'acc_flood'
"""


class Times(Struct, frozen=True, kw_only=True):
    """How long briefs took, in seconds."""

    seconds: tuple[float, ...]

    @property
    def p50(self) -> float:
        return statistics.median(self.seconds)

    @property
    def p95(self) -> float:
        """The smallest that 95 of 100 do not exceed."""
        return sorted(self.seconds)[math.ceil(0.95 * len(self.seconds)) - 1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flood", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sessions", type=int, default=4)
    parser.add_argument("--candidate-s", type=float, default=0.5)
    parser.add_argument("--claims", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with tempfile.TemporaryDirectory(prefix="cue-fair-") as folder:
        Path(folder).chmod(0o755)
        with Embedded(Path(folder) / "data") as server:
            sys.exit(asyncio.run(_measured(server, Path(folder) / "store", asked)))


async def _measured(server: Embedded, store: Path, asked: argparse.Namespace) -> int:
    await migrate(server.dsn)
    pool = await create_pool(server.dsn, size=asked.sessions + 6)
    try:
        fair = await _fair(pool, store, asked)
    finally:
        await pool.close()
    return 0 if await _cheap(server, asked) and fair else 1


# --- the small account's time ---------------------------------------------------------------------


async def _fair(pool: asyncpg.Pool, store: Path, asked: argparse.Namespace) -> bool:
    studio = Studio(
        pool=pool, queue=PostgresQueue(pool, repertoire.offer), backend=Light(asked.candidate_s),
        shelf=open_shelf(str(store)), worker="bench", lease_for=LEASE,
    )  # fmt: skip
    working = asyncio.create_task(follow(studio, "candidates", briefs.make, asked.sessions))
    sent: dict[tuple[str, str], list[str]] = {}
    for case in ("idle", "flooded"):
        if case == "flooded":
            await pool.execute(FLOOD, "a", _json(_chime()), asked.flood)
            await asyncio.sleep(4 * asked.candidate_s)  # until it has the whole studio
        for number in range(asked.rounds):
            seed = asked.seed * 1000 + number
            sent.setdefault((case, "one by one"), []).extend(
                await _one_by_one(pool, f"{case}_{number}", seed)
            )
            sent.setdefault((case, "at once"), []).extend(
                await _at_once(pool, f"{case}_{number}", seed)
            )
    flooded = await pool.fetchrow(FLOODED)
    studio.stop.set()
    studio.leave.set()
    await working
    assert flooded is not None, "it counts"
    assert flooded["waiting"] > asked.flood / 2, "the flood was over too early: ask for more"
    print(f"{asked.sessions} sessions, {asked.candidate_s} s a candidate, {asked.flood} of the "
          f"flooder's waiting, {flooded['done']} of them made meanwhile")  # fmt: skip
    ratios = [await _told(pool, sent, how) for how in ("one by one", "at once")]
    return max(ratios) <= MOST


async def _told(pool: asyncpg.Pool, sent: dict[tuple[str, str], list[str]], how: str) -> float:
    """Say how long the small account's briefs took; returns by how much their p95 has grown."""
    idle, flooded = [
        Times(seconds=tuple(row[0] for row in await pool.fetch(SECONDS, sent[case, how])))
        for case in ("idle", "flooded")
    ]
    ratio = flooded.p95 / idle.p95
    print(f"{how:>10}: idle p50 {idle.p50:.2f} s p95 {idle.p95:.2f} s, flooded p50 "
          f"{flooded.p50:.2f} s p95 {flooded.p95:.2f} s, ratio of p95 {ratio:.2f} "
          f"(at most {MOST:g}), {len(flooded.seconds)} briefs")  # fmt: skip
    return ratio


async def _one_by_one(pool: asyncpg.Pool, tag: str, seed: int) -> list[str]:
    """Ten briefs, each sent a moment after the one before has ended."""
    pause, names = random.Random(seed), []
    for number in range(TEN):
        name = f"brf_one_{tag}_{number}"
        await _send(pool, name, seed + number)
        await _ended(pool, [name])
        await asyncio.sleep(pause.uniform(0, 0.5))
        names.append(name)
    return names


async def _at_once(pool: asyncpg.Pool, tag: str, seed: int) -> list[str]:
    """Ten briefs in one breath."""
    names = [f"brf_all_{tag}_{number}" for number in range(TEN)]
    for number, name in enumerate(names):
        await _send(pool, name, seed + number)
    await _ended(pool, names)
    return names


async def _send(pool: asyncpg.Pool, name: str, seed: int) -> None:
    job = Job(
        id=name, account="acc_small", api_key="key_small", resolved=_chime(), seed=seed,
        expected_s=10.0, deadline_at=datetime.now(UTC) + DAY,
    )  # fmt: skip
    await PostgresQueue(pool).enqueue(job)


async def _ended(pool: asyncpg.Pool, names: Sequence[str]) -> None:
    while len(await pool.fetch(SECONDS, names)) < len(names):  # noqa: ASYNC110 - rows tell nobody
        await asyncio.sleep(0.02)


# --- what a claim costs ---------------------------------------------------------------------------


async def _cheap(server: Embedded, asked: argparse.Namespace) -> bool:
    """Time claims from a short and from a long queue, each in a database of its own, in turns."""
    lots = {"short": TEN, "long": asked.flood}
    spent: dict[str, list[float]] = {lot: [] for lot in lots}
    async with AsyncExitStack() as open_ones:
        conns = {
            lot: await open_ones.enter_async_context(_queue(server, lot, waiting))
            for lot, waiting in lots.items()
        }
        for number in range(asked.claims):
            for lot, conn in conns.items():
                spent[lot].append(await _claimed(conn, number))
    each = {lot: statistics.median(times) for lot, times in spent.items()}
    ratio = each["long"] / each["short"]
    print(f"claims: {1 / each['short']:.0f}/s with {TEN} waiting, {1 / each['long']:.0f}/s with "
          f"{asked.flood}, {ratio:.2f} times as long (at most {MOST:g})")  # fmt: skip
    return ratio <= MOST


@asynccontextmanager
async def _queue(server: Embedded, name: str, waiting: int) -> AsyncIterator[asyncpg.Connection]:
    """A database in which so many jobs of one account wait."""
    first = await asyncpg.connect(server.dsn)
    await first.execute(f"create database {name}")
    await first.close()
    await migrate(server.database(name))
    conn = await asyncpg.connect(server.database(name))
    await conn.execute(FLOOD, "first", _json(_chime()), waiting)
    await conn.execute("vacuum analyze engine.jobs")
    try:
        yield conn
    finally:
        await conn.close()


async def _claimed(conn: asyncpg.Connection, number: int) -> float:
    """Seconds for one claim; then as many wait as before."""
    began = time.perf_counter()
    lease = await queue.claim(conn, "bench", LEASE, "candidates")
    spent = time.perf_counter() - began
    assert lease is not None, "there is always one more"
    await queue.finish(conn, lease)
    await conn.execute(FLOOD, f"more_{number}", _json(_chime()), 1)
    return spent


def _chime() -> Resolved:
    return resolve(Brief(kind="chime", duration_ms=1000, candidates=1), 1)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


if __name__ == "__main__":
    main()
