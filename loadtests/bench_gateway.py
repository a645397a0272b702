"""How much of a bare route's pace the gateway keeps, with all it does for a request.

``python -m loadtests.bench_gateway --seconds 1 --rounds 15``

One granian process serves our gateway and two bare Litestar routes (`loadtests.bare_gateway`), on a
Postgres of our own with fsync on; clients are `loadtests.plain_client` in a process of their own.
No two briefs have the same words until five thousand have been sent (`loadtests.briefs`). The cases
take short turns, so that a busy machine is busy for all of them; a ratio is of one round's figures,
and its median counts: beside it stand its quartiles. Accounts take turns too: 200 of them, one key
each. Rates are raised, so that nothing is refused; any answer but 200 and 202 ends the run.

Exits 1 where a balance is read less than 0.6 times as fast as the bare route answers JSON, a brief
is taken less than 0.4 times as fast as the bare route commits one row, or at 70 % of that pace
(requests at random moments) the slowest hundredth of briefs takes more than 5 times the median.
"""

import argparse
import asyncio
import itertools
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import httpx
import msgspec
from msgspec import Struct

from api.database import create_pool, migrate
from api.keys import service as keys
from api.ports import any_port
from api.postgres import Embedded
from api.tether import tied
from billing.connections import transaction
from billing.ledger import service as ledger
from loadtests import briefs
from loadtests.plain_client import Errand, Tally

ACCOUNTS, PLENTY, PEPPER = 200, 10**9, "a pepper for benches only"
PROMPTS = 5_000
"""So many different ones, each a few words of English or Chinese."""
READ_LEAST, SUBMIT_LEAST, LATE_MOST, LOAD = 0.6, 0.4, 5.0, 0.7
WARM_S, LOAD_S, LOAD_TURNS = 4.0, 4.0, 5
ASKED_FOR = frozenset({"200", "201", "202"})


class Run(Struct, frozen=True, kw_only=True):
    """One case in one round."""

    tally: Tally
    server_s: float
    """CPU seconds of the gateway's process meanwhile."""


def main() -> int:
    """Print the table; 1 where a figure is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=1.0, help="of each case in each round")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--connections", type=int, default=64)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cue-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        with Embedded(folder / "data") as postgres:
            secrets = asyncio.run(_furnish(postgres.dsn))
            with _gateway(postgres.dsn, folder) as (port, pid):
                return _measure(given, postgres.dsn, port, pid, secrets)


def _measure(given: argparse.Namespace, dsn: str, port: int, pid: int, secrets: list[str]) -> int:
    def errand(method: str, path: str, more: int = ACCOUNTS) -> Errand:
        return Errand(
            port=port, method=method, path=path, secrets=secrets[:more],
            bodies=briefs.different(PROMPTS) if method == "POST" else [],
            named=path == "/v1/briefs", connections=given.connections, seconds=given.seconds,
        )  # fmt: skip

    cases = {
        "bare read": errand("GET", "/bare/read"),
        "balance": errand("GET", "/v1/balance"),
        "brief": errand("GET", f"/v1/briefs/{_a_brief(port, secrets[0])}", more=1),
        "bare row": errand("POST", "/bare/row"),
        "submit": errand("POST", "/v1/briefs"),
    }
    for one in cases.values():  # everything is imported, prepared and connected before it counts
        _run(msgspec.structs.replace(one, seconds=WARM_S, seed=0), pid)
    asyncio.run(_look_at_tables(dsn))
    runs: dict[str, list[Run]] = {name: [] for name in cases}
    for number in range(1, given.rounds + 1):
        for name, one in cases.items():
            runs[name].append(_run(msgspec.structs.replace(one, seed=number), pid))
    _print(runs)
    print()
    read = _ratio(runs, "balance", "bare read", f"at least {READ_LEAST}")
    _ratio(runs, "brief", "bare read", "told beside it")
    submit = _ratio(runs, "submit", "bare row", f"at least {SUBMIT_LEAST}")
    late = _under_load(cases["submit"], cases["bare row"], runs, pid)
    return 0 if read >= READ_LEAST and submit >= SUBMIT_LEAST and late <= LATE_MOST else 1


def _under_load(submit: Errand, bare: Errand, runs: dict[str, list[Run]], pid: int) -> float:
    """p99 over p50 of briefs at 70 % of their pace; the bare row's is printed beside it. They take
    turns here too, and the median of the turns counts."""
    found: dict[str, list[tuple[float, float]]] = {"bare row": [], "submit": []}
    for turn, (name, one) in itertools.product(
        range(LOAD_TURNS), (("bare row", bare), ("submit", submit))
    ):
        rate = LOAD * statistics.median(run.tally.per_s for run in runs[name])
        asked = msgspec.structs.replace(
            one, rate=rate, connections=128, seconds=LOAD_S, seed=1000 + turn
        )
        tally = _run(asked, pid).tally
        found[name].append((tally.late(0.5), tally.late(0.99)))
    times = {name: statistics.median(p99 / p50 for p50, p99 in of) for name, of in found.items()}
    for name, of in found.items():
        told = ", ".join(f"{p50:.1f} / {p99:.1f}" for p50, p99 in of)
        print(f"{name} at {LOAD:.0%}: p50 / p99 in ms {told}; median {times[name]:.1f} times")
    return times["submit"]


def _run(errand: Errand, pid: int) -> Run:
    before = _cpu_s(pid)
    done = subprocess.run(
        [sys.executable, "-m", "loadtests.plain_client"], input=msgspec.json.encode(errand),
        stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    tally = msgspec.json.decode(done.stdout, type=Tally)
    if refused := set(tally.statuses) - ASKED_FOR:
        raise SystemExit(f"{errand.method} {errand.path} was answered {refused}")
    return Run(tally=tally, server_s=_cpu_s(pid) - before)


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _ratio(runs: dict[str, list[Run]], ours: str, bare: str, wanted: str) -> float:
    """The median of the rounds' ratios."""
    pairs = zip(runs[ours], runs[bare], strict=True)
    ratios = [one.tally.per_s / other.tally.per_s for one, other in pairs]
    low, middle, high = statistics.quantiles(ratios, n=4)
    print(f"{ours:8}: {bare:9} {middle:.2f} ({low:.2f} to {high:.2f}; {wanted})")
    return middle


def _print(runs: dict[str, list[Run]]) -> None:
    print(f"{'':12}{'per s':>8}{'p50 ms':>8}{'p99 ms':>8}{'gateway':>9}{'client':>8}")
    for name, done in runs.items():
        middle = sorted(done, key=lambda run: run.tally.per_s)[len(done) // 2]
        tally = middle.tally
        print(
            f"{name:12}{tally.per_s:8.0f}{tally.late(0.5):8.2f}{tally.late(0.99):8.2f}"
            f"{middle.server_s / tally.seconds:8.0%} {tally.cpu_s / tally.seconds:8.0%}"
        )


def _a_brief(port: int, secret: str) -> str:
    """A brief that the first account can read."""
    headers = {"authorization": f"Bearer {secret}", "idempotency-key": "first"}
    answer = httpx.post(
        f"http://127.0.0.1:{port}/v1/briefs", headers=headers,
        json=msgspec.json.decode(briefs.different(1)[0]),
    )  # fmt: skip
    return answer.raise_for_status().json()["id"]


async def _furnish(dsn: str) -> list[str]:
    """Accounts with plenty of tokens; a key of each."""
    await migrate(dsn)
    pool = await create_pool(dsn)
    made = list[str]()
    for number in range(ACCOUNTS):
        account = await keys.open_account(pool, f"Bench {number}", "test", "prepaid")
        async with transaction(pool) as conn:
            await ledger.grant(conn, account.id, PLENTY, f"bench {number}")
        _, secret = await keys.create_key(pool, account.id, "bench", pepper=PEPPER.encode())
        made.append(secret)
    await pool.execute("vacuum analyze")
    await pool.close()
    return made


async def _look_at_tables(dsn: str) -> None:
    """Let Postgres see that they are no longer empty, as it would within a minute by itself."""
    conn = await asyncpg.connect(dsn)
    await conn.execute("vacuum analyze")
    await conn.close()


@contextmanager
def _gateway(dsn: str, folder: Path) -> Iterator[tuple[int, int]]:
    """The gateway's port and process."""
    port = any_port()
    plenty = str(10**9)
    told = {
        **os.environ, "DATABASE_URL": dsn, "CUESMITH_STORE": str(folder / "store"),
        "CUESMITH_PEPPER": PEPPER, "CUESMITH_RATE_PER_MINUTE": plenty,
        "CUESMITH_RATE_BURST": plenty, "CUESMITH_OPEN_BRIEFS": plenty, "CUESMITH_POOL_SIZE": "16",
    }  # fmt: skip
    with (folder / "gateway.log").open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "loadtests.bare_gateway", "--port", str(port),
             "--key", str(folder / "key.pem")],
            env=told, stdout=log, stderr=log, preexec_fn=tied(signal.SIGKILL),
        )  # fmt: skip
        try:
            _wait_until_ready(port, child)
            yield port, child.pid
        finally:
            child.terminate()
            child.wait(20)


def _wait_until_ready(port: int, child: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            if child.poll() is not None:
                break
            time.sleep(0.1)
    raise SystemExit("the gateway did not start")


if __name__ == "__main__":
    sys.exit(main())
