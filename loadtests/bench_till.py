"""How fast the till sets tokens aside, beside the barest commit the same server can make.

``python -m loadtests.bench_till --seconds 4 --rounds 3``

The server is our own, with fsync on, on a unix socket in a folder that goes away. Every figure is
commits a second over the same connections, the cases taking turns, so that a busy machine is busy
for all of them; the ratio is of one round's figures, and its median is what counts. ``bare``
inserts one row of the hold's width; ``bare hot`` adds one to a single row. Exits 1 where a hold
is slower than 0.6 of a bare commit, a hold on one hot wallet slower than 0.5 of a bare hot one,
or a whole brief needs more than seven round trips.
"""

import argparse
import asyncio
import itertools
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path

import asyncpg
from msgspec import Struct

from api.database import migrate
from api.postgres import Embedded
from billing.contracts import Tags
from billing.ledger import service as ledger

WALLETS = 2000
HOT = "acc_hot"
PLENTY = 10**12
TTL = timedelta(minutes=10)
HOLD_LEAST, HOT_LEAST, TRIPS_MOST = 0.6, 0.5, 7
BATCH = 20
TAGS = Tags(api_key="key_bench", project="night", customer_ref="acme-42", kind="bed")

_numbers = itertools.count(1)
Step = Callable[[asyncpg.Connection], Awaitable[int]]

SCHEMA = """
create schema bench;
create table bench.rows (id text primary key, account text not null, brief text not null,
  quoted bigint not null, captured bigint not null default 0, released bigint not null default 0,
  state text not null default 'open', expires_at timestamptz not null,
  created_at timestamptz not null default now(), api_key text, project text, customer_ref text,
  kind text);
create table bench.hot (id int primary key, tokens bigint not null) with (fillfactor = 50);
insert into bench.hot values (1, 0);
"""
BARE = """
insert into bench.rows
  (id, account, brief, quoted, expires_at, api_key, project, customer_ref, kind)
values ($1, $2, $3, $4, now() + $5::interval, $6, $7, $8, $9)
"""
BARE_HOT = "update bench.hot set tokens = tokens + 8 where id = 1"


class Run(Struct, frozen=True, kw_only=True):
    """What one case did in its seconds."""

    per_s: float
    p50_ms: float
    p99_ms: float


def main() -> int:
    """Print the table; 1 where the till is slower than it may be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=4.0, help="of each case in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=16)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cue-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with Embedded(Path(folder) / "data") as postgres:
            return asyncio.run(_measure(postgres.dsn, given))


async def _measure(dsn: str, given: argparse.Namespace) -> int:
    await migrate(dsn)
    pool = await asyncpg.create_pool(dsn, min_size=given.connections, max_size=given.connections)
    await _furnish(pool)
    async with pool.acquire() as conn:
        fsync = await conn.fetchval("show fsync")
        trips = await _round_trips(conn)
    version = await pool.fetchval("show server_version")
    print(f"Postgres {version}, fsync {fsync}, {given.connections} connections")
    print(f"{given.rounds} rounds of {given.seconds:g} s\n")
    runs: dict[str, list[Run]] = {name: [] for name in CASES}
    for _ in range(given.rounds):
        for name, step in CASES.items():
            runs[name].append(await _case(pool, step, given.seconds))
    await _check(pool)
    await pool.close()
    hold, hot = _print(runs)
    print(f"\na brief of four candidates, picked once: {trips} round trips of the till")
    return 0 if hold >= HOLD_LEAST and hot >= HOT_LEAST and trips <= TRIPS_MOST else 1


async def _furnish(pool: asyncpg.Pool) -> None:
    await pool.execute(SCHEMA)
    async with pool.acquire() as conn, conn.transaction():
        for account in (*(_wallet(number) for number in range(WALLETS)), HOT):
            await ledger.open_account(conn, account, "prepaid")
            await ledger.grant(conn, account, PLENTY, f"bench-{account}")
    await pool.execute("vacuum analyze")


def _wallet(number: int) -> str:
    return f"acc_{number:05d}"


async def _bare(conn: asyncpg.Connection) -> int:
    number = next(_numbers)
    await conn.execute(
        BARE, f"row_{number}", _any_wallet(), f"bri_{number}", 8, TTL,
        TAGS.api_key, TAGS.project, TAGS.customer_ref, TAGS.kind,
    )  # fmt: skip
    return 1


async def _bare_hot(conn: asyncpg.Connection) -> int:
    await conn.execute(BARE_HOT)
    return 1


async def _hold(conn: asyncpg.Connection) -> int:
    await ledger.place_hold(conn, _any_wallet(), f"bri_{next(_numbers)}", 8, TTL, tags=TAGS)
    return 1


async def _hold_hot(conn: asyncpg.Connection) -> int:
    await ledger.place_hold(conn, HOT, f"bri_{next(_numbers)}", 8, TTL, tags=TAGS)
    return 1


async def _hold_hot_batched(conn: asyncpg.Connection) -> int:
    wanted = [
        ledger.Wanted(account=HOT, brief=f"bri_{next(_numbers)}", tokens=8, ttl=TTL, tags=TAGS)
        for _ in range(BATCH)
    ]
    return len(await ledger.place_holds(conn, wanted))


async def _brief(conn: asyncpg.Connection) -> int:
    """A brief from hold to license, every step a commit of its own as the clerk makes them."""
    account, brief = _any_wallet(), f"bri_{next(_numbers)}"
    held = await ledger.place_hold(conn, account, brief, 8, TTL, tags=TAGS)
    for number in range(4):
        await ledger.capture(conn, held.id, f"{brief}_{number}", 2)
    await ledger.release(conn, held.id)
    await ledger.charge_license(conn, account, f"{brief}_0", 8, tags=TAGS)
    return 1


CASES: Mapping[str, Step] = {
    "bare": _bare,
    "hold": _hold,
    "bare hot": _bare_hot,
    "hold hot": _hold_hot,
    f"hold hot, {BATCH} a commit": _hold_hot_batched,
    "whole brief": _brief,
}


def _any_wallet() -> str:
    return _wallet(random.randrange(WALLETS))


async def _case(pool: asyncpg.Pool, step: Step, seconds: float) -> Run:
    """One case over all connections of the pool."""
    taken: list[float] = []
    done = 0
    end = time.perf_counter() + seconds

    async def work() -> None:
        nonlocal done
        async with pool.acquire() as conn:
            while (begun := time.perf_counter()) < end:
                made = await step(conn)
                done += made  # not in one line: the others' count would be lost while this waits
                taken.append(time.perf_counter() - begun)

    begun = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(pool.get_max_size())))
    spent = time.perf_counter() - begun
    cuts = statistics.quantiles(taken, n=100)
    return Run(per_s=done / spent, p50_ms=1000 * cuts[49], p99_ms=1000 * cuts[98])


async def _round_trips(conn: asyncpg.Connection) -> int:
    """Statements the till sends for a whole brief, counted at the connection."""
    asked = 0

    def count(_: object) -> None:
        nonlocal asked
        asked += 1

    with conn.query_logger(count):
        await _brief(conn)
        await asyncio.sleep(0.01)  # the logger is told a moment later
    return asked


async def _check(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn:
        if broken := await ledger.violations(conn):
            raise SystemExit(f"the ledger does not hold: {broken[:5]}")


def _print(runs: Mapping[str, list[Run]]) -> tuple[float, float]:
    """The table; the ratios of holds to bare commits, cold and hot."""
    hold = _ratio(runs["hold"], runs["bare"])
    hot = _ratio(runs["hold hot"], runs["bare hot"])
    batched = f"hold hot, {BATCH} a commit"
    ratios = {"hold": hold, "hold hot": hot, batched: _ratio(runs[batched], runs["bare hot"])}
    print("| case | a second | p50 ms | p99 ms | against bare |\n|---|---|---|---|---|")
    for name, found in runs.items():
        against = f"{ratios[name]:.2f}" if name in ratios else ""
        print(
            f"| {name} | {statistics.median(one.per_s for one in found):,.0f} "
            f"| {statistics.median(one.p50_ms for one in found):.1f} "
            f"| {statistics.median(one.p99_ms for one in found):.1f} | {against} |"
        )
    return hold, hot


def _ratio(ours: list[Run], bare: list[Run]) -> float:
    return statistics.median(a.per_s / b.per_s for a, b in zip(ours, bare, strict=True))


if __name__ == "__main__":
    sys.exit(main())
