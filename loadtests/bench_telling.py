"""What it costs to tell who listens which bars are written, beside writing them untold.

``python -m loadtests.bench_telling --rounds 5``

Candidates are composed on one desk, the panel's word on every bar included, by turns untold and
told as a session tells them: each bar is counted in the desk's thread, and now and then a session
says so, which is written down in Postgres meanwhile. CPU seconds of the whole process are compared
pair by pair, noise and all. Beside them is what the telling took, measured inside: in the desk's
thread, as a share of composing, and what one writing costs, of which two a second come at most.

The two together, as shares of a core, decide: exits 1 where they are more than 1 %. None of it
depends on what else the machine does.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg

from api.database import create_pool, migrate
from api.postgres import Embedded
from engine.compose.call import BarsKept
from engine.compose.composer import Composer
from engine.contracts import Brief
from engine.critique.bars import rate
from engine.plan import draw
from engine.queue.contracts import Job, Lease
from engine.queue.postgres import PostgresQueue
from engine.repertoire import service as repertoire
from engine.studio.bars import PAUSE_S, Bars
from engine.studio.lanes.heart import SAID_S
from engine.studio.lanes.telling import Telling
from engine.studio.takes import Sheet
from engine.words import resolve
from loadtests.house import table

SEED, MOST_SHARE = 3, 0.01
STYLES = ("lofi", "orchestral_epic", "rock", "solo_piano")


def main() -> int:
    """Print the table; 1 where telling takes more than its share."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--candidates", type=int, default=2, help="of each of four styles")
    parser.add_argument("--seconds", type=int, default=60)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cue-telling-", ignore_cleanup_errors=True) as name:
        return asyncio.run(_measure(Path(name), given))


class Purse:
    """CPU seconds of a thread, and how often they were spent."""

    def __init__(self) -> None:
        self.spent_s, self.times = 0.0, 0

    @contextmanager
    def open(self) -> Iterator[None]:
        began = time.thread_time()
        yield
        self.spent_s += time.thread_time() - began
        self.times += 1


async def _measure(folder: Path, given: argparse.Namespace) -> int:
    folder.chmod(0o755)  # noqa: ASYNC240 - nothing else runs yet
    with Embedded(folder / "data") as server:
        await migrate(server.dsn)
        pool = await create_pool(server.dsn, size=2)
        lease = await _leased(pool)
        composer = Composer(desks=1, rows=24)
        rows, shares = list[tuple[object, ...]](), list[float]()
        for number in range(given.rounds):
            untold = await _untold(composer, given)
            told, counted, written = await _told(composer, given, pool, lease)
            each_s = written.spent_s / max(1, written.times)
            shares.append(counted.spent_s / told + each_s / PAUSE_S)
            more, in_thread = f"{told / untold - 1:+.1%}", f"{counted.spent_s / told:.3%}"
            rows.append((number + 1, untold, told, more, counted.times, in_thread,
                         written.times, f"{each_s * 1000:.2f}", f"{shares[-1]:.3%}"))  # fmt: skip
        composer.close()
        await pool.close()
    print(table(("round", "untold, CPU s", "told, CPU s", "more", "bars", "counting them",
                 "writings", "CPU ms of one", "together, of a core"), rows))  # fmt: skip
    share = statistics.median(shares)
    print(f"\ntelling takes {share:.3%} of a core, {MOST_SHARE:.0%} allowed: "
          f"{'kept' if share <= MOST_SHARE else 'broken'}")  # fmt: skip
    return 0 if share <= MOST_SHARE else 1


async def _untold(composer: Composer, given: argparse.Namespace) -> float:
    sheets = _sheets(given)
    return await _timed(lambda: _written(composer, sheets, None))


async def _told(
    composer: Composer, given: argparse.Namespace, pool: asyncpg.Pool, lease: Lease
) -> tuple[float, Purse, Purse]:
    """The same, told as the studio tells it, and written down while it is composed."""
    counted, written, telling, sheets = Purse(), Purse(), Telling(), _sheets(given)
    bars = Bars(telling.note)
    bars.begin(sheets)

    def kept(take: int, section: int, count: int) -> None:
        with counted.open():
            bars.kept(take, section, count)

    writing = asyncio.create_task(_write_down(pool, lease, telling, written))
    took = await _timed(lambda: _written(composer, sheets, kept))
    writing.cancel()
    return took, counted, written


async def _write_down(pool: asyncpg.Pool, lease: Lease, telling: Telling, purse: Purse) -> None:
    """As a heart does it: what was said in half a second is written at once."""
    queue = PostgresQueue(pool, repertoire.offer)
    while True:
        await asyncio.sleep(SAID_S)
        if said := telling.taken():
            with purse.open():  # the loop's thread does nothing else meanwhile
                await queue.tell(lease, said)


async def _timed(work: Callable[[], object]) -> float:
    began = time.process_time()
    await asyncio.to_thread(work)
    return time.process_time() - began


def _written(composer: Composer, sheets: list[Sheet], kept: BarsKept | None) -> object:
    plans = [one.plan for one in sheets]
    return composer.write(plans, range(len(plans)), rate=rate, kept=kept)


def _sheets(given: argparse.Namespace) -> list[Sheet]:
    plans = []
    for style in STYLES:
        brief = Brief(kind="bed", style=style, duration_ms=given.seconds * 1000, seed=SEED)
        plans += draw(resolve(brief, SEED), SEED, given.candidates)
    return [Sheet(number=at, plan=plan) for at, plan in enumerate(plans, 1)]


async def _leased(pool: asyncpg.Pool) -> Lease:
    """A job that is ours for as long as this takes."""
    queue = PostgresQueue(pool, repertoire.offer)
    job = Job(
        id="brf_telling", account="acc_bench", seed=SEED,
        resolved=resolve(Brief(kind="bed", duration_ms=60_000), SEED),
        deadline_at=datetime.now(UTC) + timedelta(hours=2),
    )  # fmt: skip
    await queue.enqueue(job)
    lease = await queue.claim("bench", timedelta(hours=2))
    assert lease is not None, "it waits"
    return lease


if __name__ == "__main__":
    sys.exit(main())
