"""A till that is hit from all sides while its connections, its database and its clerk are killed.

``python -m loadtests.hammer_till --seconds 30 --seed 1``

Twelve workers open holds, capture, release, let expire, pick, top up, refund, claw back and
freeze, on hot and cold wallets, and say a third of all they said again. Meanwhile connections are
ended by the dozen, the database's and the clerk's processes get ``kill -9``. A worker whose
connection dies says the same again until it is answered, as a client does. At the end every
invariant of the ledger must hold, everything that was answered must be there exactly once, and
the sandbox must have counted what the ledger spent. Only this machine, a server and a folder of
its own; exits 1 on any difference.
"""

import argparse
import asyncio
import collections
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from api.database import migrate
from api.ports import any_port
from api.postgres import Embedded, PostgresFailed
from billing.connections import transaction
from billing.contracts import Tags
from billing.errors import BillingError
from billing.ledger import budgets, lots
from billing.ledger import service as ledger
from billing.ledger.service import METERS

WORKERS, COLD = 12, 40
HOT = ("acc_hot_1", "acc_hot_2", "acc_hot_3")
AGAIN = 1 / 3
"""How much of all that is said is said twice."""
KILLED_LEAST = 100
TTL = timedelta(minutes=5)
SETTLE_S = 240.0
"""Longer than a lane's lease: what a killed clerk had leased is told when that ends."""
LOST = (
    OSError, asyncpg.InterfaceError, asyncpg.InternalClientError, asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError, asyncpg.CrashShutdownError, asyncpg.CannotConnectNowError,
    asyncpg.DeadlockDetectedError, asyncpg.TooManyConnectionsError, TimeoutError,
)  # fmt: skip

Operation = Callable[[asyncpg.Connection], Awaitable[Any]]


class Till:
    """The house under the hammer: a server, a sandbox, a clerk; and what was answered."""

    def __init__(self, folder: Path) -> None:
        self.postgres = Embedded(folder / "data").start()
        self.folder, self.port = folder, any_port()
        self.pool: asyncpg.Pool | None = None
        self.sandbox = self._process("billing.sandbox", "--port", str(self.port))
        self.clerk: subprocess.Popen[bytes] | None = None
        self.counts: collections.Counter[str] = collections.Counter()
        self.captured: dict[tuple[str, str], int] = {}
        self.credited: dict[tuple[str, str], int] = {}
        self.over = False

    def start_clerk(self) -> None:
        """A clerk as operators start it; the old one is dead."""
        self.clerk = self._process("api.cli", "clerk")

    def kill_clerk(self) -> None:
        """``kill -9``, and another."""
        assert self.clerk is not None
        os.kill(self.clerk.pid, signal.SIGKILL)
        self.clerk.wait()
        self.counts["clerks killed"] += 1
        self.start_clerk()

    async def kill_database(self) -> None:
        """``kill -9`` to the server; it recovers from its log."""
        server = self.postgres._server
        assert server is not None
        os.kill(server.pid, signal.SIGKILL)
        server.wait()
        self.counts["databases killed"] += 1
        for _ in range(100):
            try:
                await asyncio.to_thread(self.postgres.start)
                return
            except PostgresFailed:  # the dead server's children have not all left
                await asyncio.sleep(0.2)
        raise SystemExit("the database did not come back")

    def _process(self, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        environment = os.environ | {
            "DATABASE_URL": self.postgres.dsn, "CUESMITH_STRIPE": "sandbox",
            "CUESMITH_STRIPE_URL": f"http://127.0.0.1:{self.port}",
        }  # fmt: skip
        log = (self.folder / f"{module}.log").open("ab")
        return subprocess.Popen(
            [sys.executable, "-P", "-m", module, *arguments], env=environment,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip

    def stop(self) -> None:
        """End what was started, by its number."""
        for process in (self.clerk, self.sandbox):
            if process is not None and process.poll() is None:
                process.terminate()
                process.wait(20)
        self.postgres.stop()

    # --- saying it until it is answered ---

    async def surely(self, name: str, operation: Operation, dice: random.Random) -> Any:
        """The operation's answer, however often its connection dies; sometimes said once more."""
        answer = await self._answered(name, operation)
        if dice.random() < AGAIN:
            self.counts["said again"] += 1
            again = await self._answered(name, operation)
            if isinstance(answer, BillingError) != isinstance(again, BillingError):
                self.counts["answered otherwise"] += isinstance(again, BillingError)
        return answer

    async def _answered(self, name: str, operation: Operation) -> Any:
        while True:
            try:
                assert self.pool is not None
                async with asyncio.timeout(20), transaction(self.pool) as conn:
                    answer = await operation(conn)
                self.counts[name] += 1
                return answer
            except BillingError as refused:
                self.counts[f"{name} refused"] += 1
                return refused
            except LOST:
                self.counts["answers lost"] += 1
                await asyncio.sleep(0.05)


class Worker:
    """One client: what it has begun, and what it does next."""

    def __init__(self, till: Till, number: int, seed: int) -> None:
        self.till, self.number = till, number
        self.dice = random.Random(seed * 1000 + number)
        self.open: list[tuple[str, str, int, int]] = []  # account, hold, tokens each, candidates
        self.spent: list[tuple[str, str]] = []  # account, capture
        self.made = 0

    async def work(self) -> None:
        """Until the time is over."""
        steps = (
            (self.hold, 6), (self.capture, 10), (self.release, 3), (self.let_expire, 1),
            (self.pick, 2), (self.top_up, 3), (self.refund, 1), (self.claw_back, 1),
            (self.freeze, 0.2), (self.sweep, 0.3),
        )  # fmt: skip
        names, weights = [step for step, _ in steps], [weight for _, weight in steps]
        while not self.till.over:
            await self.dice.choices(names, weights)[0]()

    def account(self) -> str:
        """Half of all goes to three hot wallets."""
        return self.dice.choice(HOT) if self.dice.random() < 0.5 else _cold(self.dice)

    def name(self, what: str) -> str:
        """A name nobody else gives; the same in every repetition."""
        self.made += 1
        return f"{what}_{self.number}_{self.made}"

    def tags(self) -> Tags:
        """Every third brief is of a project with a cap."""
        project = "capped" if self.dice.random() < 0.3 else None
        return Tags(api_key=f"key_{self.number}", project=project, kind="bed")

    async def hold(self) -> None:
        account, brief, each = self.account(), self.name("bri"), self.dice.randint(1, 4)
        count, tags = self.dice.randint(1, 6), self.tags()
        held = await self.till.surely(
            "hold",
            lambda conn: ledger.place_hold(conn, account, brief, each * count, TTL, tags=tags),
            self.dice,
        )
        if not isinstance(held, BillingError):
            self.open.append((account, held.id, each, count))

    async def capture(self) -> None:
        if not self.open:
            return
        account, hold, each, count = self.dice.choice(self.open)
        candidate = f"{hold}_{self.dice.randrange(count)}"
        made = await self.till.surely(
            "capture", lambda conn: ledger.capture(conn, hold, candidate, each), self.dice
        )
        self._remember(account, made)

    async def release(self) -> None:
        if self.open:
            _, hold, _, _ = self.open.pop(self.dice.randrange(len(self.open)))
            await self.till.surely("release", lambda conn: ledger.release(conn, hold), self.dice)

    async def let_expire(self) -> None:
        """Its time is moved into the past, as if nobody kept it; then a late candidate comes."""
        if not self.open:
            return
        account, hold, each, _ = self.open.pop(self.dice.randrange(len(self.open)))
        await self.till.surely("age", lambda conn: conn.execute(AGE_HOLD, hold), self.dice)
        await self.sweep()
        made = await self.till.surely(
            "late", lambda conn: ledger.charge_late(conn, hold, f"{hold}_late", each), self.dice
        )
        self._remember(account, made)

    async def pick(self) -> None:
        account, candidate, tokens = self.account(), self.name("pick"), self.dice.randint(4, 16)
        tags = self.tags()
        made = await self.till.surely(
            "pick",
            lambda conn: ledger.charge_license(conn, account, candidate, tokens, tags=tags),
            self.dice,
        )
        self._remember(account, made)

    async def top_up(self) -> None:
        account, payment, tokens = self.account(), self.name("pi"), self.dice.choice((20, 60))
        await self.till.surely(
            "top-up", lambda conn: ledger.credit_topup(conn, account, payment, tokens), self.dice
        )
        self.till.credited["topup", payment] = tokens
        if self.dice.random() < 0.1:
            await self.till.surely("age", lambda conn: conn.execute(AGE_LOTS, account), self.dice)

    async def refund(self) -> None:
        if self.spent:
            _, capture = self.dice.choice(self.spent)
            await self.till.surely("refund", lambda conn: ledger.refund(conn, capture), self.dice)

    async def claw_back(self) -> None:
        account, reference, tokens = self.account(), self.name("re"), self.dice.randint(10, 80)
        taken = await self.till.surely(
            "claw back",
            lambda conn: ledger.claw_back(conn, account, reference, tokens),
            self.dice,
        )
        if not isinstance(taken, BillingError) and self.dice.random() < 0.7:
            await self.till.surely(
                "reinstate", lambda conn: ledger.reinstate(conn, account, reference), self.dice
            )

    async def freeze(self) -> None:
        account, reason = _cold(self.dice), self.name("dispute")
        await self.till.surely(
            "freeze", lambda conn: ledger.freeze(conn, account, reason), self.dice
        )
        await asyncio.sleep(0.05)
        await self.till.surely("thaw", lambda conn: ledger.thaw(conn, account, reason), self.dice)

    async def sweep(self) -> None:
        await self.till.surely("sweep", ledger.expire_holds, self.dice)
        await self.till.surely("expire lots", lots.expire_due, self.dice)

    def _remember(self, account: str, made: Any) -> None:
        if not isinstance(made, BillingError):
            self.till.captured[made.sku, made.reference] = made.tokens
            self.spent.append((account, made.id))


def main() -> int:
    """Print what was done and what came of it; 1 on any difference."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cue-hammer-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        till = Till(Path(folder))
        try:
            return asyncio.run(_hammer(till, given))
        finally:
            till.stop()


async def _hammer(till: Till, given: argparse.Namespace) -> int:
    await migrate(till.postgres.dsn)
    till.pool = await asyncpg.create_pool(till.postgres.dsn, min_size=0, max_size=2 * WORKERS)
    await _open_accounts(till.pool)
    till.start_clerk()
    workers = [Worker(till, number, given.seed) for number in range(WORKERS)]
    tasks = [asyncio.create_task(worker.work()) for worker in workers]
    await _torment(till, given.seconds, random.Random(given.seed))
    till.over = True
    await asyncio.gather(*tasks)
    drained = await _drained(till)
    faults = [
        *await _faults(till.pool),
        *await _miscounts(till),
        *([] if drained else [f"not everything was told to the meter in {SETTLE_S:g} s"]),
    ]
    await till.pool.close()
    _print(till, given, faults)
    return 1 if faults or till.counts["connections killed"] < KILLED_LEAST else 0


async def _open_accounts(pool: asyncpg.Pool) -> None:
    async with transaction(pool) as conn:
        await ledger.bind_stripe_mode(conn, "sandbox")
        for account in (*HOT, *(f"acc_cold_{number}" for number in range(COLD))):
            await ledger.open_account(conn, account, "prepaid")
            await ledger.grant(conn, account, 60, f"hello-{account}")
            await budgets.set_budget(conn, account, "project", "capped", 200)


async def _torment(till: Till, seconds: float, dice: random.Random) -> None:
    """Connections all the time; the clerk three times, the database twice."""
    begun = time.monotonic()
    clerks = [seconds * part for part in (0.2, 0.5, 0.8)]
    databases = [seconds * part for part in (0.35, 0.65)]
    while (at := time.monotonic() - begun) < seconds:
        if clerks and at > clerks[0]:
            clerks.pop(0)
            till.kill_clerk()
        if databases and at > databases[0]:
            databases.pop(0)
            await till.kill_database()
        await _end_connections(till, dice.randint(2, 6))
        await asyncio.sleep(dice.uniform(0.05, 0.3))


async def _end_connections(till: Till, count: int) -> None:
    try:
        conn = await asyncpg.connect(till.postgres.dsn, timeout=5)
        try:
            ended = await conn.fetch(END_SOME, count)
            till.counts["connections killed"] += len(ended)
        finally:
            await conn.close()
    except LOST:
        await asyncio.sleep(0.1)


async def _drained(till: Till) -> bool:
    """Whether the clerk has told everything in time."""
    assert till.pool is not None
    end = time.monotonic() + SETTLE_S
    while time.monotonic() < end:
        try:
            if await till.pool.fetchval(COUNT_UNTOLD) == 0:
                await asyncio.sleep(3)  # the sandbox counts some seconds behind, as Stripe does
                return True
        except LOST:
            pass
        if till.clerk is not None and till.clerk.poll() is not None:
            till.counts["clerks that ended"] += 1
            till.start_clerk()
        await asyncio.sleep(0.5)
    return False


async def _faults(pool: asyncpg.Pool) -> list[str]:
    """Broken invariants."""
    async with transaction(pool) as conn:
        return await ledger.violations(conn)


async def _miscounts(till: Till) -> list[str]:
    """What was answered and is not there exactly once; what Stripe has counted otherwise."""
    assert till.pool is not None
    rows = await till.pool.fetch("select sku, reference, tokens from billing.captures")
    there = {(row["sku"], row["reference"]): row["tokens"] for row in rows}
    found = [
        f"capture {key} of {tokens} is not in the ledger"
        for key, tokens in till.captured.items() if there.get(key) != tokens
    ]  # fmt: skip
    rows = await till.pool.fetch("select kind, ref, amount from billing.transfers")
    moved = {(row["kind"], row["ref"]): row["amount"] for row in rows}
    found += [
        f"credit {key} of {tokens} is not in the ledger"
        for key, tokens in till.credited.items() if moved.get(key) != tokens
    ]  # fmt: skip
    return found + await _stripe_differences(till)


async def _stripe_differences(till: Till) -> list[str]:
    """Customers for whom the sandbox's meter and the ledger differ."""
    assert till.pool is not None
    rows = await till.pool.fetch(SELECT_SPENT)
    begin = int(time.time()) // 60 * 60 - 3600
    head = {"authorization": "Bearer sk_test_hammer"}
    found = []
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{till.port}", headers=head, timeout=30
    ) as stripe:
        meters = (await stripe.get("/v1/billing/meters", params={"limit": 100})).json()["data"]
        meter = next(one["id"] for one in meters if one["event_name"] == METERS["prepaid"])
        for row in rows:
            answer = await stripe.get(
                f"/v1/billing/meters/{meter}/event_summaries",
                params={"customer": row["stripe_customer"], "start_time": begin,
                        "end_time": begin + 7200},
            )  # fmt: skip
            counted = sum(int(one["aggregated_value"]) for one in answer.json()["data"])
            if counted != row["tokens"]:
                found.append(f"{row['account']}: ledger {row['tokens']}, sandbox {counted}")
    till.counts["customers compared"] = len(rows)
    return found


def _print(till: Till, given: argparse.Namespace, faults: list[str]) -> None:
    print(f"{given.seconds:g} s, seed {given.seed}, {WORKERS} workers\n")
    print("| what | times |\n|---|---|")
    for name, count in sorted(till.counts.items()):
        print(f"| {name} | {count:,} |")
    print(f"| captures answered | {len(till.captured):,} |")
    print(f"\n{len(faults)} violations")
    for fault in faults[:20]:
        print(f"- {fault}")


def _cold(dice: random.Random) -> str:
    return f"acc_cold_{dice.randrange(COLD)}"


AGE_HOLD = "update billing.holds set expires_at = now() - interval '1 second' where id = $1"
AGE_LOTS = """
update billing.lots set expires_at = now() - interval '1 second'
where account = $1 and source = 'topup' and taken < tokens
"""
END_SOME = """
select pg_terminate_backend(pid) from (
  select pid from pg_stat_activity
  where backend_type = 'client backend' and pid <> pg_backend_pid()
  order by random() limit $1) as chosen
"""
COUNT_UNTOLD = "select count(*) from billing.outbox where done_at is null"
SELECT_SPENT = """
select account, stripe_customer, sum(outbox.tokens)::bigint as tokens
from billing.outbox join billing.customers using (account)
group by account, stripe_customer order by account
"""

if __name__ == "__main__":
    sys.exit(main())
