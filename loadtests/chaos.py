"""Load while gateways, studios, clerks and Postgres are killed and Stripe fails; then the books.

``python -m loadtests.chaos --minutes 20 --seed 1 --kills 30``

A house of two gateways, two studios with the light backend and two clerks on one Postgres.
Accounts buy packs, send briefs of all kinds and families, look, follow events, listen, pick,
cancel, own webhooks, and say again whatever was not answered, under the same names. Meanwhile one
part after the other gets ``kill -9``, each kind as often, in an order that the seed decides;
Stripe's sandbox refuses, fails or loses the answer to one call in ten and sends webhooks twice,
late, in another order or not at all. Then Stripe works again, nothing more is killed, every answer
that was lost is asked for once more, and when all is settled: each brief that was accepted has
ended, the ledger's invariants hold, nothing is lost and nothing is there twice. Only this machine;
exits 1 on any difference or where less was killed than was asked.
"""

import argparse
import asyncio
import collections
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import httpx

from api.workbench import Workbench
from loadtests.books import GONE, faults, settled
from loadtests.clients import Book, Client
from loadtests.customers import Customer, hear_the_rest
from loadtests.ears import Owner
from loadtests.house import Account, house, open_accounts, table

REPLICAS = {"gateway": 2, "studio": 2, "clerk": 2}
KINDS = ("gateway", "studio", "clerk", "postgres")
CALM_FIRST_S, ALIVE_WITHIN_S, SETTLE_S = 5.0, 60.0, 600.0
STRIPE_FAILS = {
    **{kind: {"chance": 0.025, "path": "/v1"} for kind in ("refuse", "429", "500", "lose")},
    "duplicate": {"chance": 0.05}, "drop": {"chance": 0.03}, "shuffle": {"chance": 0.1},
}  # fmt: skip
LEASED_BY = "select count(*) from engine.jobs where state = 'leased' and worker like '%/' || $1"


class Torment:
    """Kills one part after the other, and writes down what it was in the middle of."""

    def __init__(self, bench: Workbench, pool: asyncpg.Pool, kills: int, seed: int) -> None:
        self._bench, self._pool, self._kills = bench, pool, kills
        self._dice = random.Random(seed)
        self.killed: collections.Counter[str] = collections.Counter()
        self.mid_brief = 0

    async def last(self, seconds: float) -> None:
        """All kills, spread over ``seconds``."""
        begun, room = time.monotonic(), seconds / self._kills
        for number, kind in enumerate(self._order()):
            at = begun + room * (number + self._dice.uniform(0.05, 0.6))
            await asyncio.sleep(max(0.0, at - time.monotonic()))
            await self._kill(kind)
        await asyncio.sleep(max(0.0, begun + seconds - time.monotonic()))

    def _order(self) -> list[str]:
        """Each kind as often as the others, in rounds of another order each."""
        order = list[str]()
        while len(order) < self._kills:
            order += self._dice.sample(KINDS, len(KINDS))
        return order[: self._kills]

    async def _kill(self, kind: str) -> None:
        if kind == "postgres":
            server = self._bench.postgres
            assert server is not None, "the house has its own"
            await _until(lambda: server.running, "Postgres")
            await asyncio.to_thread(server.kill)
        else:
            number = self._dice.randint(1, REPLICAS[kind])
            name = kind if number == 1 else f"{kind}-{number}"
            part = self._bench.parts[name]
            await _until(lambda: part.alive, name)
            if kind == "studio":
                self.mid_brief += await self._leased(part.pid) > 0
            await asyncio.to_thread(part.kill)
        self.killed[kind] += 1

    async def _leased(self, pid: int) -> int:
        try:
            return await self._pool.fetchval(LEASED_BY, str(pid)) or 0
        except GONE:
            return 0


class Run:
    """One run, from a house that works to its verdict."""

    def __init__(self, bench: Workbench, given: argparse.Namespace) -> None:
        self._bench, self._given, self._book = bench, given, Book()
        self.verdict = 1

    def go(self) -> None:
        """In a thread beside the one that starts the dead again."""
        self.verdict = asyncio.run(self._live())

    async def _live(self) -> int:
        given, address = self._given, self._bench.address
        pool = await asyncpg.create_pool(address.database_url, min_size=0, max_size=4)
        accounts = await open_accounts(address, given.accounts)
        torment = Torment(self._bench, pool, given.kills, given.seed)
        owner = await self._owner(accounts)
        struck = await self._load(accounts, torment)
        owner.well = True
        await hear_the_rest(self._book, address, accounts)
        began = time.monotonic()
        left = await settled(pool, len(self._book.bought), SETTLE_S)
        self._book.counts["seconds until all was settled"] = round(time.monotonic() - began)
        found = [f"{count} {what} are still under way" for what, count in left.items()]
        found += await faults(pool, address, self._bench.home / "store", self._book)
        found += await owner.faults(pool)
        await owner.close()
        await pool.close()
        self._print(torment, struck, found)
        return 1 if found or torment.killed.total() < given.kills else 0

    async def _owner(self, accounts: list[Account]) -> Owner:
        """Whoever owns the endpoints of all accounts."""
        owner, address = Owner(self._book, self._given.seed), self._bench.address
        clients = {
            one.id: Client(self._book, address, one, random.Random(one.id)) for one in accounts
        }
        await owner.open(clients, accounts)
        for client in clients.values():
            await client.close()
        return owner

    async def _load(self, accounts: list[Account], torment: Torment) -> dict[str, int]:
        """Everything at once; what Stripe's switches have struck."""
        given, address = self._given, self._bench.address
        clients = [
            Customer(self._book, address, one, random.Random(given.seed * 1000 + number))
            for number, one in enumerate(accounts * given.programs)
        ]
        async with httpx.AsyncClient(base_url=address.sandbox_url, timeout=20) as sandbox:
            switches = {"seed": given.seed, **STRIPE_FAILS}
            (await sandbox.post("/sandbox/faults", json=switches)).raise_for_status()
            working = [asyncio.create_task(one.work(given.pause)) for one in clients]
            telling = asyncio.create_task(self._tell(torment))
            await asyncio.sleep(CALM_FIRST_S)
            await torment.last(given.minutes * 60 - CALM_FIRST_S)
            for one in clients:
                one.over = True
            await asyncio.gather(*working)
            telling.cancel()
            struck = (await sandbox.get("/sandbox/faults")).json()["struck"]
            (await sandbox.post("/sandbox/faults", json={})).raise_for_status()
        return struck

    async def _tell(self, torment: Torment) -> None:
        begun, counts = time.monotonic(), self._book.counts
        while True:
            await asyncio.sleep(60)
            print(f"{(time.monotonic() - begun) / 60:4.0f} min: {torment.killed.total()} killed, "
                  f"{counts['briefs accepted']} briefs accepted, "
                  f"{counts['requests answered']} requests answered, "
                  f"{len(self._book.faults)} faults", flush=True)  # fmt: skip

    def _print(self, torment: Torment, struck: dict[str, int], found: list[str]) -> None:
        given, counts = self._given, self._book.counts
        rows: list[tuple[str, int]] = [
            *((f"killed: {kind}", torment.killed[kind]) for kind in KINDS),
            ("studios killed with a brief in hand", torment.mid_brief),
            *((f"Stripe: {kind}", times) for kind, times in sorted(struck.items())),
            *sorted((name, count) for name, count in counts.items() if count),
        ]
        print(f"\n{given.minutes:g} min, seed {given.seed}, {torment.killed.total()} killed\n")
        print(table(("what", "times"), rows))
        print(f"\n{len(found)} violations")
        for one in found[:40]:
            print(f"- {one}")


async def _until(seen: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + ALIVE_WITHIN_S
    while not seen():
        if time.monotonic() > end:
            raise SystemExit(f"{what} was not started again within {ALIVE_WITHIN_S:g} s")
        await asyncio.sleep(0.1)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--accounts", type=int, default=12)
    parser.add_argument("--programs", type=int, default=2, help="clients of each account")
    parser.add_argument("--pause", type=float, default=1.5, help="seconds between their calls")
    parser.add_argument("--keep", type=Path, help="a folder for the logs; gone otherwise")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cue-chaos-", ignore_cleanup_errors=True) as name:
        folder = given.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        with house(folder, replicas=REPLICAS, candidate_s=0.4, CUESMITH_SESSIONS="4") as bench:
            run = Run(bench, given)
            bench.run(run.go)
    return run.verdict


if __name__ == "__main__":
    sys.exit(main())
