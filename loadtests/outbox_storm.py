"""The outbox under fire, and after an hour without Stripe.

``python -m loadtests.outbox_storm --events 5000 --seed 1``: sender processes tell a sandbox that
refuses connections, answers 429 and 500 and loses replies it has acted on, while the senders get
``kill -9`` one after the other. Waits between tries are moved, not waited for. At the end every
customer's sum at the sandbox must be the ledger's.

``python -m loadtests.outbox_storm --outage --events 20000``: Stripe was away for an hour of the
simulated clock, and so many events wait. The sandbox keeps Stripe's live limits; the senders
drain while a gateway answers quotes, whose 95th percentile is compared with that of the same
gateway before. The senders and the sandbox are niced, as they would be elsewhere.

Only this machine, a server and a folder of its own; exits 1 on any difference.
"""

import argparse
import asyncio
import collections
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from api.database import migrate
from api.keys import service as keys
from api.licenses.signing import Signer
from api.ports import any_port
from api.postgres import Embedded
from billing.connections import lent, transaction
from billing.ledger import service as ledger
from billing.meters import service as meters
from billing.processor.door import StripeDoor
from billing.settings import BillingSettings

CUSTOMERS, SENDERS = 60, 3
TOKENS = 3
PEPPER = "a pepper of the storm's own"
FAULTS = {"refuse": 0.05, "429": 0.05, "500": 0.05, "lose": 0.08}
KILL_EVERY_S = 4.0
"""Longer than a sender takes to start where others are at work, or none would ever send."""
LIMIT_S = 300.0
P95_MOST = 1.2
QUOTE = {"prompt": "calm piano", "kind": "bed", "duration_ms": 60_000, "candidates": 4}
Counts = collections.Counter[str]


class House:
    """A server, a sandbox and the senders; ended by number at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, any_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.postgres = Embedded(folder / "data").start()
        self.processes: list[subprocess.Popen[bytes]] = []
        self.start("billing.sandbox", "--port", str(self.port), nice=19)

    def start(self, module: str, *arguments: str, nice: int = 0, **told: str) -> int:
        """A process of the house; where it stands in the list."""
        log = (self.folder / f"{module}.log").open("ab")
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", module, *arguments],
            env=os.environ | {"DATABASE_URL": self.postgres.dsn} | told,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            preexec_fn=lambda: os.nice(nice),
        )  # fmt: skip
        self.processes.append(process)
        return len(self.processes) - 1

    def start_sender(self) -> int:
        """A process that does nothing but send."""
        return self.start(
            "loadtests.outbox_storm", "--sender", "--url", self.url, nice=19, PYTHONPATH="."
        )

    def last_words(self) -> str:
        """The end of what the senders wrote."""
        return (self.folder / "loadtests.outbox_storm.log").read_text()[-2000:]

    def kill(self, number: int) -> None:
        """``kill -9``."""
        os.kill(self.processes[number].pid, signal.SIGKILL)
        self.processes[number].wait()

    def stop(self) -> None:
        """End everything that was started here."""
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait(20)
        self.postgres.stop()


def main() -> int:
    """Print what happened; 1 on any difference."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--outage", action="store_true")
    parser.add_argument("--sender", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.sender:
        asyncio.run(_send_for_ever(os.environ["DATABASE_URL"], given.url))
    with tempfile.TemporaryDirectory(prefix="cue-storm-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        house = House(Path(folder))
        try:
            return asyncio.run((_outage if given.outage else _storm)(house, given))
        finally:
            house.stop()


async def _send_for_ever(dsn: str, url: str) -> None:
    pool = await asyncpg.create_pool(dsn, min_size=2, max_size=8)
    settings = BillingSettings(stripe="sandbox", key="sk_test_storm", url=url)
    door = StripeDoor.open(settings, pool)
    while True:
        if not await meters.send_due(pool, door):
            await asyncio.sleep(0.05)


async def _storm(house: House, given: argparse.Namespace) -> int:
    dice, counts = random.Random(given.seed), Counts()
    pool = await _furnish(house, given.events)
    async with httpx.AsyncClient(base_url=house.url, timeout=30) as sandbox:
        await _ready(sandbox)
        faults = {
            kind: {"chance": chance, "path": "/v1/billing/meter_events"}
            for kind, chance in FAULTS.items()
        }
        await _said(sandbox.post("/sandbox/faults", json={"seed": given.seed, **faults}))
        senders = [house.start_sender() for _ in range(SENDERS)]
        begun = time.monotonic()
        while time.monotonic() - begun < LIMIT_S and await _waiting(pool):
            await asyncio.sleep(KILL_EVERY_S)
            victim = dice.randrange(SENDERS)
            if house.processes[senders[victim]].poll() is not None:
                raise SystemExit(f"a sender ended by itself:\n{house.last_words()}")
            house.kill(senders[victim])
            senders[victim] = house.start_sender()
            counts["senders killed"] += 1
            for statement in MOVE_TIME:
                await pool.execute(statement)
        counts["seconds"] = round(time.monotonic() - begun)
        struck = (await _said(sandbox.get("/sandbox/faults")))["struck"]
        counts.update({f"fault: {kind}": times for kind, times in struck.items()})
        counts["taken as told, seen before"] = await pool.fetchval(COUNT_SEEN) or 0
        counts["tries of the worst row"] = await pool.fetchval(MOST_TRIES) or 0
        differing = await _differences(pool, sandbox, house)
    _print(f"{given.events:,} events, seed {given.seed}, {SENDERS} senders", counts)
    return _verdict(differing, await _waiting(pool))


async def _outage(house: House, given: argparse.Namespace) -> int:
    counts = Counts()
    pool = await _furnish(house, given.events)
    await pool.execute(AN_HOUR_AGO)
    gateway, secret = await _gateway(house, pool)
    async with httpx.AsyncClient(base_url=house.url, timeout=30) as sandbox:
        await _ready(sandbox)
        live = {"requests": 100, "meter_events": 1000, "streams": 10_000, "one_in_flight": True}
        await _said(sandbox.post("/sandbox/limits", json=live))
        before = await _probe(gateway, secret, 20.0)
        house.start_sender()
        begun = time.monotonic()
        during: list[float] = []
        while time.monotonic() - begun < LIMIT_S and await _waiting(pool):
            during += await _probe(gateway, secret, 5.0)
        spent = time.monotonic() - begun
        struck = (await _said(sandbox.get("/sandbox/faults")))["struck"]
        counts["events a second"] = round(given.events / spent)
        counts["429 of the sandbox"] = struck.get("429", 0)
        counts["tries of the worst row"] = await pool.fetchval(MOST_TRIES) or 0
        differing = await _differences(pool, sandbox, house)
    ratio = _p95(during) / _p95(before)
    _print(
        f"{given.events:,} events after an hour without Stripe, drained in {spent:.0f} s", counts
    )
    print(f"\nquotes: p95 {_p95(before):.1f} ms before, {_p95(during):.1f} ms while draining: "
          f"{ratio:.2f} times")  # fmt: skip
    return _verdict(differing, await _waiting(pool)) or int(ratio > P95_MOST)


async def _furnish(house: House, events: int) -> asyncpg.Pool:
    await migrate(house.postgres.dsn)
    pool = await asyncpg.create_pool(house.postgres.dsn, min_size=2, max_size=8)
    async with transaction(pool) as conn:
        await ledger.bind_stripe_mode(conn, "sandbox")
        for number in range(CUSTOMERS):
            mode = "postpaid" if number % 3 == 0 else "prepaid"
            limit = events * TOKENS if mode == "postpaid" else 0
            await ledger.open_account(conn, _name(number), mode, limit)
            if mode == "prepaid":
                await ledger.grant(conn, _name(number), events * TOKENS, f"hello-{number}")
    for begin in range(0, events, 500):
        async with transaction(pool) as conn:
            for number in range(begin, min(begin + 500, events)):
                account = _name(number % CUSTOMERS)
                await ledger.charge_license(conn, account, f"cand_{number}", TOKENS)
    return pool


def _name(number: int) -> str:
    return f"acc_{number}"


async def _gateway(house: House, pool: asyncpg.Pool) -> tuple[str, str]:
    """A gateway of its own, and a key for it."""
    port, signing = any_port(), house.folder / "signing.pem"
    Signer.create(signing)
    account = await keys.open_account(pool, "Studio", "test", "prepaid")
    _, secret = await keys.create_key(
        pool, account.id, "storm", ("briefs", "read"), pepper=PEPPER.encode()
    )
    url = f"http://127.0.0.1:{port}"
    house.start(
        "api.cli", "gateway", "--host", "127.0.0.1", "--port", str(port),
        CUESMITH_PEPPER=PEPPER, CUESMITH_STORE=str(house.folder / "store"),
        CUESMITH_PUBLIC_URL=url, CUESMITH_SIGNING_KEY=str(signing),
        CUESMITH_RATE_PER_MINUTE="1000000", CUESMITH_RATE_BURST="100000",
    )  # fmt: skip
    async with httpx.AsyncClient(timeout=5) as client:
        await _until(lambda: client.get(f"{url}/readyz"))
    return url, secret


async def _probe(url: str, secret: str, seconds: float) -> list[float]:
    """Quotes one after the other, twenty a second; milliseconds of each."""
    taken = []
    head = {"authorization": f"Bearer {secret}"}
    async with httpx.AsyncClient(base_url=url, headers=head, timeout=30) as client:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            begun = time.perf_counter()
            await _said(client.post("/v1/quotes", json=QUOTE))
            taken.append(1000 * (time.perf_counter() - begun))
            await asyncio.sleep(0.05)
    return taken


async def _ready(sandbox: httpx.AsyncClient) -> None:
    await _until(lambda: sandbox.get("/sandbox"))


async def _until(ask: Any) -> None:
    for _ in range(300):
        try:
            if (await ask()).is_success:
                return
        except httpx.HTTPError:
            pass
        await asyncio.sleep(0.1)
    raise SystemExit("a process of the house did not come up")


async def _said(asked: Any) -> Any:
    answer = await asked
    answer.raise_for_status()
    return answer.json()


async def _waiting(pool: asyncpg.Pool) -> int:
    async with lent(pool) as conn:
        return sum((await meters.depth(conn)).values())


async def _differences(pool: asyncpg.Pool, sandbox: httpx.AsyncClient, house: House) -> list[str]:
    """Customers for whom sandbox and ledger differ, once the sandbox has counted."""
    await _said(sandbox.post("/sandbox/faults", json={}))
    await asyncio.sleep(3)
    settings = BillingSettings(stripe="sandbox", key="sk_test_storm", url=house.url)
    door = StripeDoor.open(settings, pool)
    rows = await pool.fetch(SELECT_SPENT)
    found = []
    for row in rows:
        counted = await door.meter_total(
            row["account"], row["event_name"], _day_ago(row["first"]), row["last"]
        )
        if counted != row["tokens"]:
            found.append(f"{row['account']}: ledger {row['tokens']}, sandbox {counted}")
    print(f"{len(rows)} customers compared, {len(found)} differ")
    return found


def _day_ago(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _p95(taken: list[float]) -> float:
    return statistics.quantiles(taken, n=20)[18]


def _print(title: str, counts: Counts) -> None:
    print(f"\n{title}\n\n| what | |\n|---|---|")
    for name, count in sorted(counts.items()):
        print(f"| {name} | {count:,} |")


def _verdict(differing: list[str], waiting: int) -> int:
    for line in differing[:20]:
        print(f"- {line}")
    print(f"\n{len(differing)} differences, {waiting} rows not told")
    return 1 if differing or waiting else 0


MOVE_TIME = (
    "update billing.meter_lanes set leased_until = now() - interval '1 s' where holder is not null",
    "update billing.meter_pace set per_s = greatest(per_s, 400), next_at = now()",
    """update billing.outbox set next_at = now() where identifier in (
      select identifier from billing.outbox where done_at is null for update skip locked)""",
)
AN_HOUR_AGO = "update billing.outbox set occurred_at = now() - random() * interval '1 hour'"
COUNT_SEEN = "select count(*) from billing.outbox where detail = 'seen before'"
MOST_TRIES = "select max(attempts) from billing.outbox"
SELECT_SPENT = """
select account, event_name, sum(tokens)::bigint as tokens, min(occurred_at) as first,
  max(occurred_at) + interval '1 minute' as last
from billing.outbox group by account, event_name order by account
"""

if __name__ == "__main__":
    sys.exit(main())
