"""Half an hour at 70 % of what the house can do, and whether anybody's memory grows.

``python -m loadtests.soak --minutes 30``

One gateway, one studio with the light backend, one clerk, one Postgres. A visit sends a brief of
two candidates, waits for its end, listens, picks and reads the balance; every twentieth visit
(``--packs``) buys a pack first. In the beginning a dozen visitors show how many visits a second the
house can do; then visits come at random moments of 70 % of that rate. Memory is each process's
resident set, every ten seconds; its slope is the straight line of least squares through what comes
after the first five minutes. Exits 1 where anything was answered otherwise than asked, a part died,
or a slope is above 1 % in ten minutes. A picture goes to out/soak.png where matplotlib is.
"""

import argparse
import asyncio
import collections
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import numpy as np
from msgspec import Struct, field

from api.workbench import Workbench
from billing.connections import transaction
from billing.ledger import service as ledger
from loadtests.house import Account, house, open_accounts, resident_kb, table

LOAD, MOST_SLOPE = 0.7, 0.01
PARTS = ("gateway", "studio", "clerk")
WARM_S, MEASURE_S, SAMPLE_S, SETTLING_S = 20.0, 60.0, 10.0, 300.0
VISITORS, MOST_AT_ONCE = 12, 400
WAIT_S, PATIENCE_S = 30, 300
ACCOUNTS, PLENTY = 40, 10_000_000
BRIEF = {"kind": "chime", "candidates": 2, "prompt": "two soft notes"}


class Sample(Struct, frozen=True, kw_only=True):
    """Resident kilobytes of each part, ``at`` seconds after the load began."""

    at: float
    kb: dict[str, int]


class Log(Struct, kw_only=True):
    """What happened to the visitors."""

    counts: collections.Counter[str] = field(default_factory=collections.Counter)
    took_s: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


class Visitors:
    """Clients of the one gateway."""

    def __init__(
        self, bench: Workbench, accounts: list[Account], seed: int, packs_every: int
    ) -> None:
        self._address, self._accounts = bench.address, accounts
        self._dice, self._made, self._packs_every = random.Random(seed), 0, packs_every
        limits = httpx.Limits(max_connections=MOST_AT_ONCE, max_keepalive_connections=64)
        self._door = httpx.AsyncClient(base_url=bench.address.url, timeout=90, limits=limits)
        self.log = Log()

    async def close(self) -> None:
        """Hang up."""
        await self._door.aclose()

    async def closed_loop(self, seconds: float) -> float:
        """Visits a second that a dozen visitors manage, each as soon as the last one is over."""
        end, before = time.monotonic() + seconds, self.log.counts["visits"]

        async def visitor() -> None:
            while time.monotonic() < end:
                await self.visit()

        await asyncio.gather(*(visitor() for _ in range(VISITORS)))
        return (self.log.counts["visits"] - before) / seconds

    async def open_loop(self, per_s: float, seconds: float) -> None:
        """Visits at random moments of this rate, whatever the answers do."""
        begun, at, under_way = time.monotonic(), 0.0, set[asyncio.Task[None]]()
        while (at := at + self._dice.expovariate(per_s)) < seconds:
            await asyncio.sleep(max(0.0, begun + at - time.monotonic()))
            if len(under_way) >= MOST_AT_ONCE:
                self.log.counts["visits put off, too many under way"] += 1
                continue
            task = asyncio.create_task(self.visit())
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        await asyncio.gather(*under_way)

    async def visit(self) -> None:
        """From a brief to a license; whatever is not as it should be is a fault."""
        began, self._made = time.monotonic(), self._made + 1
        account, name = self._accounts[self._made % len(self._accounts)], f"visit-{self._made}"
        try:
            if self._made % self._packs_every == 0:
                await self._buy(account, name)
            brief = await self._said(202, account, "POST", "/v1/briefs", name, BRIEF)
            ended = await self._ended(account, brief["id"])
            best = ended["candidates"][0]["id"]
            await self._said(200, account, "GET", f"/v1/candidates/{best}/audio?format=wav")
            await self._said(201, account, "POST", f"/v1/candidates/{best}/pick", name)
            await self._said(200, account, "GET", "/v1/balance")
        except (httpx.HTTPError, ValueError) as error:
            self.log.faults.append(f"{type(error).__name__} {error}"[:200])
            return
        self.log.counts["visits"] += 1
        self.log.took_s.append(time.monotonic() - began)

    async def _ended(self, account: Account, brief: str) -> dict[str, Any]:
        """The brief once it has succeeded."""
        for _ in range(round(PATIENCE_S / WAIT_S)):
            seen = await self._said(200, account, "GET", f"/v1/briefs/{brief}?wait={WAIT_S}")
            if seen["finished_at"] is not None:
                if seen["status"] != "succeeded":
                    raise ValueError(f"{brief} {seen['status']}")
                return seen
        raise ValueError(f"{brief} has not ended after {PATIENCE_S} s")

    async def _buy(self, account: Account, name: str) -> None:
        topup = await self._said(202, account, "POST", "/v1/topups", name, {"tokens": 100})
        for _ in range(100):
            if topup["checkout_url"]:
                (await self._door.post(f"{topup['checkout_url']}/pay")).raise_for_status()
                self.log.counts["packs paid"] += 1
                return
            await asyncio.sleep(0.2)
            topup = await self._said(200, account, "GET", f"/v1/topups/{topup['id']}")
        raise ValueError(f"{topup['id']} got no checkout in 20 s")

    async def _said(
        self, expected: int, account: Account, method: str, path: str, name: str = "",
        body: dict[str, Any] | None = None,
    ) -> Any:  # fmt: skip
        headers = {"authorization": f"Bearer {account.secret}"}
        headers |= {"idempotency-key": name} if name else {}
        answer = await self._door.request(method, path, json=body, headers=headers)
        self.log.counts["requests"] += 1
        if answer.status_code != expected:
            raise ValueError(f"{method} {path}: {answer.status_code} {answer.text[:120]}")
        return None if "/audio" in path else answer.json()


class Soak:
    """One run on a house that works."""

    def __init__(self, bench: Workbench, given: argparse.Namespace) -> None:
        self._bench, self._given = bench, given
        self._pids = {name: bench.parts[name].pid for name in PARTS}
        self._samples = list[Sample]()
        self.verdict = 1

    def go(self) -> None:
        """In a thread beside the one that watches the parts."""
        self.verdict = asyncio.run(self._live())

    async def _live(self) -> int:
        address, given = self._bench.address, self._given
        accounts = await open_accounts(address, ACCOUNTS, PLENTY)
        visitors = Visitors(self._bench, accounts, given.seed, given.packs)
        await visitors.closed_loop(WARM_S)
        able = await visitors.closed_loop(MEASURE_S)
        rate, visitors.log = LOAD * able, Log(faults=visitors.log.faults)
        print(f"{able:.2f} visits a second at most; {rate:.2f} from now on", flush=True)
        sampling = asyncio.create_task(self._sample(visitors))
        await visitors.open_loop(rate, given.minutes * 60)
        sampling.cancel()
        await visitors.close()
        faults = visitors.log.faults + await self._settled() + self._deaths()
        slopes = {name: slope(self._samples, name) for name in PARTS}
        self._print(visitors.log, slopes, faults)
        draw(self._samples, slopes, given.out)
        return 1 if faults or max(slopes.values()) > MOST_SLOPE else 0

    async def _sample(self, visitors: Visitors) -> None:
        begun = time.monotonic()
        while True:
            kb = {name: resident_kb(pid) for name, pid in self._pids.items()}
            self._samples.append(Sample(at=time.monotonic() - begun, kb=kb))
            if len(self._samples) % 30 == 1:
                shown = ", ".join(f"{name} {one / 1024:.1f} MB" for name, one in kb.items())
                log = visitors.log
                print(f"{self._samples[-1].at / 60:4.0f} min: {log.counts['visits']} visits, "
                      f"{len(log.faults)} faults; {shown}", flush=True)  # fmt: skip
            await asyncio.sleep(SAMPLE_S)

    async def _settled(self) -> list[str]:
        """What is wrong with the ledger once the outbox is empty."""
        pool = await asyncpg.create_pool(self._bench.address.database_url, min_size=1, max_size=1)
        waiting, left = 0, "select count(*) from billing.outbox where done_at is null"
        for _ in range(round(SETTLING_S)):
            if not (waiting := await pool.fetchval(left)):
                break
            await asyncio.sleep(1)
        async with transaction(pool) as conn:
            broken = await ledger.violations(conn)
        await pool.close()
        return broken + ([f"{waiting} meter events were not told"] if waiting else [])

    def _deaths(self) -> list[str]:
        now = {name: self._bench.parts[name].pid for name in PARTS}
        return [f"the {name} was started again" for name in PARTS if now[name] != self._pids[name]]

    def _print(self, log: Log, slopes: dict[str, float], faults: list[str]) -> None:
        took = sorted(log.took_s)
        p50, p99 = statistics.median(took), took[int(0.99 * len(took))]
        print(f"\n{self._given.minutes:g} min, {log.counts['visits']:,} visits, "
              f"{log.counts['requests']:,} requests, {log.counts['packs paid']} packs paid; "
              f"a visit took {p50:.2f} s, the slowest hundredth {p99:.2f} s\n")  # fmt: skip
        rows = [
            (name, *(round(mb, 1) for mb in _span(self._samples, name)), f"{slopes[name]:+.2%}")
            for name in PARTS
        ]
        head = ("part", "MB after 5 min", "MB at the end", "slope per 10 min (at most +1 %)")
        print(table(head, rows))
        late = log.counts["visits put off, too many under way"]
        print(f"\n{len(faults)} errors, {late} visits put off")
        for one in faults[:20]:
            print(f"- {one}")


def _later(samples: list[Sample]) -> list[Sample]:
    """What comes after the first five minutes; of a run shorter than ten its second half."""
    begin = min(SETTLING_S, samples[-1].at / 2)
    return [one for one in samples if one.at >= begin]


def slope(samples: list[Sample], name: str) -> float:
    """How much a part grows in ten minutes, as a share of what it holds after the first five."""
    later = _later(samples)
    at = np.array([one.at for one in later]) / 600
    kb = np.array([one.kb[name] for one in later], float)
    grows, begins = np.polyfit(at, kb, 1)
    return float(grows / (begins + grows * at[0]))


def _span(samples: list[Sample], name: str) -> tuple[float, float]:
    later = _later(samples)
    return later[0].kb[name] / 1024, later[-1].kb[name] / 1024


def draw(samples: list[Sample], slopes: dict[str, float], out: Path) -> None:
    """The samples as lines, where there is something to draw with."""
    try:
        import matplotlib as mpl
    except ImportError:
        return
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(len(PARTS), 1, figsize=(8, 7), sharex=True)
    for name, ax in zip(PARTS, axes, strict=True):
        ax.plot([one.at / 60 for one in samples], [one.kb[name] / 1024 for one in samples], ".-")
        ax.set_ylabel(f"{name}, MB")
        ax.set_title(f"{slopes[name]:+.2%} per 10 min after the first five", fontsize=9)
        ax.grid(alpha=0.3)
    axes[-1].set_xlabel("minutes")
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    figure.savefig(out, dpi=90)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--packs", type=int, default=20, help="how many visits buy one pack")
    parser.add_argument("--out", type=Path, default=Path("out/soak.png"))
    parser.add_argument("--keep", type=Path, help="a folder for the logs; gone otherwise")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cue-soak-", ignore_cleanup_errors=True) as name:
        folder = given.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        with house(folder, CUESMITH_OPEN_BRIEFS="100000") as bench:
            soak = Soak(bench, given)
            bench.run(soak.go)
    return soak.verdict


if __name__ == "__main__":
    sys.exit(main())
