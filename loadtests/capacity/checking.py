"""Queue waits as they are measured, beside those that the simulation says of the same briefs.

The house is a real one with the light backend: its service times are known, since candidates are
slept through. Briefs come at random moments of a load that the seed decides. What the simulation
is given are the moments at which they were taken in, how many takes each one had, how many sessions
there are and what a brief and a take cost beside the sleeping, which the same house is asked
before, when nobody waits. It is not given when anything was claimed.
"""

import asyncio
import json
import random
import statistics
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from msgspec import Struct

from api.workbench import Workbench
from loadtests.capacity.model import Day, Studios, Wish, percentile
from loadtests.house import Account, house, open_accounts, table

STUDIOS, CANDIDATE_S, LOAD = 2, 0.6, 0.75
CANDIDATES = (1, 2, 3, 4)
MOST_OFF, MOST_OFF_S = 0.25, 0.3
"""How far apart mean and 95th percentile may lie: a quarter, or so many seconds."""
CALM, PLENTY = 12, 10_000_000
SELECT_BRIEFS = """
select id, created_at, (resolved ->> 'candidates')::int as candidates,
  (resolved ->> 'candidates')::int + jsonb_array_length(retracted_takes) as takes
from api.briefs where outcome = 'succeeded' order by created_at
"""


class Seen(Struct, frozen=True, kw_only=True):
    """A brief as it was: moments in seconds."""

    taken: float
    claimed: float
    ended: float
    takes: int


def check(seconds: float, seed: int) -> int:
    """Print both; 1 where they are further apart than is stated."""
    found: list[list[Seen]] = []
    with (
        tempfile.TemporaryDirectory(prefix="cue-check-", ignore_cleanup_errors=True) as name,
        house(
            Path(name), replicas={"studio": STUDIOS}, candidate_s=CANDIDATE_S,
            CUESMITH_OPEN_BRIEFS="100000", CUESMITH_SESSIONS="1",
        ) as bench,
    ):  # fmt: skip
        bench.run(lambda: found.extend(asyncio.run(_measure(bench, seconds, seed))))
    calm, busy = found
    return _compare(calm, busy)


async def _measure(bench: Workbench, seconds: float, seed: int) -> list[list[Seen]]:
    """First one after the other, then at the load."""
    (account,) = await open_accounts(bench.address, 1, PLENTY)
    dice = random.Random(seed)
    async with httpx.AsyncClient(base_url=bench.address.url, timeout=120) as door:
        for _ in range(CALM):
            brief = await _send(door, account, dice)
            await _ended(door, account, brief)
        mean_s = statistics.fmean(CANDIDATES) * CANDIDATE_S / 0.9
        rate, at = LOAD * STUDIOS / mean_s, 0.0
        begun, sent = asyncio.get_running_loop().time(), list[asyncio.Task[str]]()
        while (at := at + dice.expovariate(rate)) < seconds:
            await asyncio.sleep(max(0.0, begun + at - asyncio.get_running_loop().time()))
            sent.append(asyncio.create_task(_send(door, account, dice)))
        for brief in await asyncio.gather(*sent):
            await _ended(door, account, brief)
    seen = await _seen(bench)
    return [seen[:CALM], seen[CALM:]]


async def _send(door: httpx.AsyncClient, account: Account, dice: random.Random) -> str:
    name = f"{dice.getrandbits(64):x}"
    answer = await door.post(
        "/v1/briefs", json={"kind": "chime", "candidates": dice.choice(CANDIDATES)},
        headers={"authorization": f"Bearer {account.secret}", "idempotency-key": name},
    )  # fmt: skip
    return answer.raise_for_status().json()["id"]


async def _ended(door: httpx.AsyncClient, account: Account, brief: str) -> None:
    headers = {"authorization": f"Bearer {account.secret}"}
    while True:
        answer = await door.get(f"/v1/briefs/{brief}?wait=60", headers=headers)
        if answer.raise_for_status().json()["finished_at"] is not None:
            return


async def _seen(bench: Workbench) -> list[Seen]:
    """Briefs in the order in which they were taken in; the studios' logs say the rest."""
    claimed = _moments(bench, "brief.claimed")
    ended = _moments(bench, "brief.ended")
    conn = await asyncpg.connect(bench.address.database_url)
    try:
        rows = await conn.fetch(SELECT_BRIEFS)
    finally:
        await conn.close()
    return [
        Seen(taken=row["created_at"].timestamp(), claimed=claimed[row["id"]],
             ended=ended[row["id"]], takes=row["takes"])
        for row in rows
    ]  # fmt: skip


def _moments(bench: Workbench, event: str) -> dict[str, float]:
    found = dict[str, float]()
    for log in sorted((bench.home / "logs").glob("studio*.log")):
        for line in log.read_text().splitlines():
            if f'"{event}"' in line:
                said: dict[str, Any] = json.loads(line)
                found[said["brief"]] = datetime.fromisoformat(said["timestamp"]).timestamp()
    return found


def _compare(calm: list[Seen], busy: list[Seen]) -> int:
    own_s, take_s = _costs(calm)
    began = busy[0].taken
    wishes = [
        Wish(at=one.taken - began, takes_s=(CANDIDATE_S + take_s,) * one.takes, first_s=own_s)
        for one in busy
    ]
    said = Day(wishes, Studios(pods=STUDIOS)).run().waits
    was = [one.claimed - one.taken for one in busy]
    measured, predicted = _figures(was), _figures(said)
    worked = sum(one.ended - one.claimed for one in busy)
    lasted = max(one.ended for one in busy) - began
    print(f"{len(busy)} briefs on {STUDIOS} studios, busy {worked / lasted / STUDIOS:.0%} of the "
          f"time; beside {CANDIDATE_S:g} s a take, a take costs {take_s * 1000:.0f} ms and a brief "
          f"{own_s * 1000:.0f} ms\n")  # fmt: skip
    rows = [
        (name, f"{measured[name]:.2f}", f"{predicted[name]:.2f}",
         f"{predicted[name] - measured[name]:+.2f}")
        for name in measured
    ]  # fmt: skip
    print(table(("queue wait, s", "measured", "predicted", "apart"), rows))
    off = [
        name
        for name in ("mean", "p95")
        if abs(predicted[name] - measured[name]) > max(MOST_OFF * measured[name], MOST_OFF_S)
    ]
    print(f"\n{'apart: ' + ', '.join(off) if off else 'together'} "
          f"(within {MOST_OFF:.0%} or {MOST_OFF_S:g} s)")  # fmt: skip
    return 1 if off else 0


def _costs(calm: list[Seen]) -> tuple[float, float]:
    """What a brief and a take cost beside the sleeping: the line through those that were alone."""
    import numpy as np

    takes = np.array([one.takes for one in calm], float)
    beside = np.array([one.ended - one.claimed - CANDIDATE_S * one.takes for one in calm])
    take_s, own_s = np.polyfit(takes, beside, 1)
    if take_s < 0 or own_s < 0:  # too noisy for two figures
        return 0.0, max(0.0, float(beside.sum() / takes.sum()))
    return float(own_s), float(take_s)


def _figures(waits: list[float]) -> dict[str, float]:
    return {
        "mean": statistics.fmean(waits), "p50": percentile(waits, 0.5),
        "p95": percentile(waits, 0.95), "longest": max(waits),
    }  # fmt: skip
