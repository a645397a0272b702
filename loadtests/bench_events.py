"""How soon an event that was written is shown, at two gateways.

``python -m loadtests.bench_events --events 150 --crowd 200``

Two gateways on a Postgres of our own. One client listens at each to the same brief; events are
written one by one, at random moments, by a connection of its own, and each carries the moment at
which its transaction was committed. Once alone, and once while so many other streams are open at
each gateway, whose briefs are told of too. The reference of the same run is a bare listener on
Postgres: from the same commit to its notice.

Exits 1 where the 95th percentile with the crowd is above 300 ms.
"""

import argparse
import asyncio
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec

from billing.connections import lent
from engine.queue import events
from engine.queue.events import CHANNEL, Told
from loadtests.listeners import HOST, Hall, hall

MOST_MS = 300.0
BRIEFS = 20
FOUND = dict[str, list[float]]


def main() -> int:
    """Print the table; 1 where the figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=150, help="in each part; at most 200")
    parser.add_argument("--crowd", type=int, default=200, help="other streams at each gateway")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cue-events-", ignore_cleanup_errors=True) as name:
        return asyncio.run(_measure(Path(name), given.events, given.crowd))


async def _measure(folder: Path, count: int, crowd: int) -> int:
    async with hall(folder, 2, BRIEFS) as here:
        briefs = [await here.brief(secret, "bench") for secret in here.secrets]
        alone = await _heard(here, briefs, count, crowd=0)
        others = [
            asyncio.create_task(_read(here, which, briefs[1 + n % (BRIEFS - 1)],
                                      here.secrets[1 + n % (BRIEFS - 1)]))
            for which in (0, 1) for n in range(crowd)
        ]  # fmt: skip
        await asyncio.sleep(5)
        full = await _heard(here, briefs, count, crowd=crowd)
        broken = [one for one in others if one.done()]
        for one in others:
            one.cancel()
        await asyncio.gather(*others, return_exceptions=True)
    print(f"{count} events at two gateways, load {os.getloadavg()[0]:.1f}")
    worst = 0.0
    for name, found in (("alone", alone), (f"{crowd} others at each", full)):
        for where, late in found.items():
            p95 = _percentile(late, 0.95)
            worst = max(worst, p95 if where != "bare notice" and name != "alone" else 0.0)
            ratio = p95 / _percentile(found["bare notice"], 0.95)
            print(
                f"{name:20} {where:12} p50 {statistics.median(late):6.1f} ms  "
                f"p95 {p95:6.1f} ms  max {max(late):6.1f} ms   {ratio:5.1f} x"
            )
    print(f"{len(broken)} of the others broke off")
    return 0 if worst <= MOST_MS and not broken else 1


async def _heard(here: Hall, briefs: list[str], count: int, crowd: int) -> FOUND:
    """How late each event was at each place, in milliseconds."""
    committed: dict[int, float] = {}
    shown: dict[str, dict[int, float]] = {"gateway 1": {}, "gateway 2": {}}
    listening = [
        asyncio.create_task(_note(here, which, briefs[0], here.secrets[0], crowd, place))
        for which, place in enumerate(shown.values())
    ]
    await asyncio.sleep(2)
    bare, notices = await _bare(here, briefs[0])
    noise = asyncio.create_task(_noise(here, briefs[1:])) if crowd else None
    dice = random.Random(7)
    for number in range(count):
        await asyncio.sleep(dice.uniform(0.02, 0.12))
        told = Told(kind="progress", facts={"crowd": crowd, "done": number, "step": "compose"})
        async with lent(here.pool) as conn:
            await events.tell(conn, briefs[0], [told])
            committed[number] = time.monotonic()
    async with asyncio.timeout(60):
        while any(len(place) < count for place in shown.values()):  # noqa: ASYNC110 - both fill it
            await asyncio.sleep(0.05)
    for task in (*listening, *([noise] if noise else [])):
        task.cancel()
    await asyncio.gather(*listening, return_exceptions=True)
    await bare.close()
    late = {
        where: [max(0.0, (place[n] - committed[n]) * 1000) for n in range(count)]
        for where, place in shown.items()
    }
    first = notices[-count:]
    late["bare notice"] = [max(0.01, (at - committed[n]) * 1000) for n, at in enumerate(first)]
    return late


async def _bare(here: Hall, name: str) -> tuple[asyncpg.Connection, list[float]]:
    """A listener that does nothing but note when it was called."""
    at: list[float] = []
    bare = await asyncpg.connect(here.dsn)

    def heard(conn: object, pid: object, channel: object, payload: object) -> None:
        if payload == name:
            at.append(time.monotonic())

    await bare.add_listener(CHANNEL, heard)
    return bare, at


async def _note(
    here: Hall, which: int, brief: str, secret: str, crowd: int, place: dict[int, float]
) -> None:
    async for facts in _facts(here, which, brief, secret):
        if facts.get("crowd") == crowd and "done" in facts:
            place.setdefault(facts["done"], time.monotonic())


async def _read(here: Hall, which: int, brief: str, secret: str) -> None:
    async for _ in _facts(here, which, brief, secret):
        pass


async def _facts(here: Hall, which: int, brief: str, secret: str) -> AsyncIterator[dict[str, Any]]:
    headers = {"authorization": f"Bearer {secret}"}
    address = f"http://{HOST}:{here.ports[which]}/v1/briefs/{brief}/events"
    async with (
        httpx.AsyncClient(timeout=60) as http,
        http.stream("GET", address, headers=headers) as said,
    ):
        said.raise_for_status()
        async for line in said.aiter_lines():
            if line.startswith("data: "):
                yield msgspec.json.decode(line[6:])


async def _noise(here: Hall, briefs: list[str]) -> None:
    """What a busy studio tells of everybody else's briefs: ten events a second."""
    number = 0
    while True:
        async with lent(here.pool) as conn:
            brief = briefs[number % len(briefs)]
            await events.tell(conn, brief, [Told(kind="progress", facts={"noise": number})])
        number += 1
        await asyncio.sleep(0.1)


def _percentile(found: list[float], share: float) -> float:
    return sorted(found)[min(len(found) - 1, int(len(found) * share))]


if __name__ == "__main__":
    sys.exit(main())
