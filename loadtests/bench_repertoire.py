"""What it costs to ask whether another account has a take's tunes, in a Postgres that holds many.

``python -m loadtests.bench_repertoire --keys 1000000 10000000``

The server is our own, on a unix socket in a folder that goes away. The keys held are drawn at
random, half of them with the beginnings of runs that the asking take has, so that the places it
asks about are crowded; ``--own`` is the asking account's share of them all, 1 when it is the only
customer. A take's question has more keys than the fullest of 400 takes of 60 s had.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

import asyncpg
import numpy as np

from api.database import migrate
from api.postgres import Embedded
from engine.critique.originality import runs_of, signed
from engine.repertoire import service as repertoire
from engine.score import Line, Note

ASKING = "acc_asking"
ACCOUNTS = 1000
MOST_MS = 100.0
REPEATS = 20


def main() -> int:
    """Print the table; 1 when a take's question takes longer than it may."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keys", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--notes", type=int, default=400, help="of the asking take's tunes")
    parser.add_argument("--own", type=float, default=0.05)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cue-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with Embedded(Path(folder) / "data") as postgres:
            slowest = asyncio.run(_measure(postgres.dsn, given))
    return 0 if slowest < MOST_MS else 1


async def _measure(dsn: str, given: argparse.Namespace) -> float:
    await migrate(dsn)
    conn = await asyncpg.connect(dsn)
    rng = np.random.default_rng(1)
    await conn.execute(
        "insert into engine.holders (account) select case when n = 1 then $1 else 'acc_' || n end "
        "from generate_series(1, $2::int) as n", ASKING, ACCOUNTS,
    )  # fmt: skip
    takes = [_tune(seed, given.notes) for seed in range(REPEATS)]
    print(f"a take asks about {len(runs_of([takes[0]]).keys)} keys")
    print(f"{'keys held':>12} {'to disk':>9} {'ask':>9} {'slowest':>9} {'license':>9}")
    held, slowest = 0, 0.0
    for size in sorted(given.keys):
        await _fill(conn, rng, size - held, takes, given.own)
        held = size
        asking = [await _asked(conn, take) for take in takes]
        licensing = [await _licensed(conn, take, n) for n, take in enumerate(takes[:5])]
        await conn.execute("delete from engine.licensed_runs where holder > $1", ACCOUNTS)
        on_disk = await conn.fetchval("select pg_total_relation_size('engine.licensed_runs')")
        slowest = max(slowest, statistics.median(asking))
        print(f"{size:12,} {on_disk / 1e6:6.0f} MB {statistics.median(asking):6.1f} ms "
              f"{max(asking):6.1f} ms {statistics.median(licensing):6.1f} ms")  # fmt: skip
    await conn.close()
    return slowest


async def _fill(
    conn: asyncpg.Connection,
    rng: np.random.Generator,
    count: int,
    takes: list[Line],
    own_share: float,
) -> None:
    """Hold so many more keys."""
    known = runs_of(takes).keys
    while count > 0:
        some = min(count, 500_000)
        keys = rng.integers(0, 2**64, some, np.uint64)
        crowded = slice(0, some // 2)
        begun = rng.choice(known, some // 2) & ~np.uint64(2**36 - 1)  # six intervals alike
        keys[crowded] = begun | (keys[crowded] & np.uint64(2**36 - 1))
        keys = np.unique(keys)
        own = rng.random(len(keys)) < own_share
        holders = np.where(own, 1, rng.integers(2, ACCOUNTS + 1, len(keys))).tolist()
        rows = list(zip(signed(keys), holders, strict=True))
        await conn.copy_records_to_table(
            "licensed_runs", schema_name="engine", columns=["key", "holder"], records=rows
        )
        count -= len(keys)
    await conn.execute("vacuum analyze engine.licensed_runs")


async def _asked(conn: asyncpg.Connection, take: Line) -> float:
    """Milliseconds of one question."""
    asked = runs_of([take]).signed
    began = time.perf_counter()
    await repertoire.nearest(conn, ASKING, asked)
    return (time.perf_counter() - began) * 1000


async def _licensed(conn: asyncpg.Connection, take: Line, number: int) -> float:
    """Milliseconds that a pick takes longer."""
    async with conn.transaction():
        await repertoire.offer(conn, f"cand_{number}", signed(runs_of([take]).keys))
        began = time.perf_counter()
        await repertoire.license_runs(conn, f"cand_{number}", f"acc_new_{number}")
        return (time.perf_counter() - began) * 1000


def _tune(seed: int, count: int) -> Line:
    """Small intervals in two lengths, as tunes have them."""
    rng = np.random.default_rng(seed)
    pitches = 60 + np.cumsum(rng.integers(-4, 5, count))
    lengths = rng.choice([240, 480], count)
    starts = np.cumsum(lengths) - lengths
    notes = zip(starts.tolist(), lengths.tolist(), pitches.tolist(), strict=True)
    return Line(role="lead", notes=tuple(Note(start=s, length=n, pitch=p, velocity=80)
                                         for s, n, p in notes))  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
