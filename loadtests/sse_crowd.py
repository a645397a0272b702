"""What clients that never read cost a gateway, in memory and in the patience of others.

``python -m loadtests.sse_crowd --clients 10000 --events 400 --bytes 2000``

One gateway on a Postgres of our own. So many raw sockets ask for the events of 20 briefs and never
read a byte. Then events are told of every brief, until far more was told than the sockets' buffers
take. Printed: memory before the crowd, with it, and after what it did not take, and how long other
requests took meanwhile, as a ratio to the same requests before the crowd came.

Exits 1 where the gateway grew by more than a tenth of what was told to nobody, or where any other
request failed.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx

from billing.connections import lent
from engine.queue import events
from engine.queue.events import Told
from loadtests.listeners import HOST, Hall, hall

BRIEFS = 20
ASKS = 200


def main() -> int:
    """Print the table; 1 where a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=10_000)
    parser.add_argument("--events", type=int, default=400, help="told of each brief")
    parser.add_argument("--bytes", type=int, default=2000, help="of each event")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cue-crowd-", ignore_cleanup_errors=True) as name:
        return asyncio.run(_measure(Path(name), given))


async def _measure(folder: Path, given: argparse.Namespace) -> int:
    async with hall(folder, 1, BRIEFS) as here:
        briefs = [await here.brief(secret, "crowd") for secret in here.secrets]
        idle_mb, idle_ms = here.resident(), await _asked(here, briefs)
        began = time.monotonic()
        crowd = [
            here.opened(0, briefs[n % BRIEFS], here.secrets[n % BRIEFS], 4096)
            for n in range(given.clients)
        ]
        await _seated(here, given.clients)
        seated_s = time.monotonic() - began
        with_mb, with_ms = here.resident(), await _asked(here, briefs)
        worked, began = here.worked_s(), time.monotonic()
        telling = asyncio.create_task(_tell(here, briefs, given.events, given.bytes))
        meanwhile_ms = await _asked(here, briefs)
        await telling
        after_mb, after_ms = here.resident(), await _asked(here, briefs)
        took, worked = time.monotonic() - began, here.worked_s() - worked
        for one in crowd:
            one.close()
    told_mb = given.clients * given.events * given.bytes / 2**20
    print(f"{given.clients} clients that never read, seated in {seated_s:.1f} s; load "
          f"{os.getloadavg()[0]:.1f}")  # fmt: skip
    print(f"memory     alone {idle_mb:7.1f} MB   with them {with_mb:7.1f} MB "
          f"({(with_mb - idle_mb) * 1024 / given.clients:.1f} kB each)   after {told_mb:,.0f} MB "
          f"told to nobody {after_mb:7.1f} MB")  # fmt: skip
    print(f"GET brief  alone {_line(idle_ms)}")
    for what, found in (("seated", with_ms), ("told", meanwhile_ms), ("after", after_ms)):
        ratio = statistics.median(found) / statistics.median(idle_ms)
        print(f"           {what:6} {_line(found)}   {ratio:.2f} x")
    print(f"telling    {took:.1f} s, {worked:.1f} s of the gateway's CPU")
    grown = after_mb - with_mb
    print(f"grown by {grown:.1f} MB, {grown / told_mb:.4f} of what was told to nobody")
    return 0 if grown < told_mb / 10 else 1


async def _seated(here: Hall, clients: int) -> None:
    """Until the gateway's sockets are as many; the last ones may still be answered."""
    folder = Path(f"/proc/{here.pids[0]}/fd")
    async with asyncio.timeout(300):
        while len(os.listdir(folder)) < clients:  # noqa: ASYNC110, PTH208 - another process
            await asyncio.sleep(0.2)
    await asyncio.sleep(3)


async def _asked(here: Hall, briefs: list[str]) -> list[float]:
    """Milliseconds of other requests, one after the other; each must succeed."""
    found: list[float] = []
    async with httpx.AsyncClient(base_url=f"http://{HOST}:{here.ports[0]}", timeout=60) as http:
        for n in range(ASKS):
            brief, secret = briefs[n % BRIEFS], here.secrets[n % BRIEFS]
            began = time.perf_counter()
            answer = await http.get(
                f"/v1/briefs/{brief}", headers={"authorization": f"Bearer {secret}"}
            )
            found.append((time.perf_counter() - began) * 1000)
            answer.raise_for_status()
    return sorted(found)


async def _tell(here: Hall, briefs: list[str], count: int, size: int) -> None:
    padding = "x" * (size - 120)
    for begin in range(0, count, 10):
        said = [
            Told(kind="progress", facts={"done": begin + n, "padding": padding})
            for n in range(min(10, count - begin))
        ]
        for brief in briefs:
            async with lent(here.pool) as conn:
                await events.tell(conn, brief, said)


def _line(found: list[float]) -> str:
    return f"p50 {statistics.median(found):6.1f} ms  p95 {found[int(len(found) * 0.95)]:7.1f} ms"


if __name__ == "__main__":
    sys.exit(main())
