"""A whole catalogue in one upload: how long it takes, how much memory, and who else waits.

``python -m loadtests.bench_batches --lines 10000``

A gateway of its own process on a Postgres of our own with fsync on, both on 127.0.0.1. One account
uploads so many briefs, no two of them alike, gzipped; meanwhile another one reads its balance
twenty times a second, as it did before. Afterwards every hold is counted, the ledger is proved, and
the same lines are sent again. The memory is the gateway's highest while the upload lasts, less what
it had before.

Exits 1 where the upload takes more than 60 s or more than 300 MB, where anything but all of it is
held, or where the same lines are held twice.
"""

import argparse
import asyncio
import gzip
import http.client
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec

from api.database import create_pool, migrate
from api.keys import service as keys
from api.licenses.signing import Signer
from api.ports import any_port
from api.postgres import Embedded
from api.tether import tied
from billing.connections import transaction
from billing.ledger import service as ledger
from loadtests import briefs
from loadtests.house import resident_kb

LONGEST_S, MOST_MB = 60.0, 300.0
PEPPER, PLENTY = "a pepper for benches only", 10**9
PROMPTS = 5_000
EVERY_S = 0.05
"""How often somebody else reads a balance."""


def main() -> int:
    """Print the figures; 1 where one is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lines", type=int, default=10_000)
    given = parser.parse_args()
    content = catalogue(given.lines)
    with tempfile.TemporaryDirectory(prefix="cue-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        with Embedded(folder / "data") as postgres:
            (account, secret), (_, other) = asyncio.run(_furnish(postgres.dsn))
            with _gateway(postgres.dsn, folder) as (port, pid):
                _upload(port, secret, "warm", catalogue(50))
                figures = _measure(port, pid, secret, other, content)
                return _judge(postgres.dsn, account, given.lines, figures)


def catalogue(count: int) -> bytes:
    """So many briefs as JSON lines, no two of them alike."""
    words = [msgspec.json.decode(one) for one in briefs.different(min(count, PROMPTS))]
    return b"".join(
        msgspec.json.encode(
            words[n % len(words)]
            | {"reference": f"track-{n:05d}", "duration_ms": 20_000 + 1000 * (n // len(words)),
               "project": f"season-{n % 7}"}
        ) + b"\n"
        for n in range(count)
    )  # fmt: skip


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured of one upload."""

    batch: str
    quoted: int
    upload_s: float
    again_s: float
    same: bool
    read_s: float
    risen_mb: float
    cpu_s: float
    idle_ms: list[float]
    meanwhile_ms: list[float]


def _measure(port: int, pid: int, secret: str, other: str, content: bytes) -> Figures:
    idle = _balances(port, other, lambda: time.sleep(5))
    _forget_peak(pid)
    before = resident_kb(pid)
    worked, answer = cpu_s(pid), list[httpx.Response]()
    began = time.perf_counter()
    busy = _balances(port, other, lambda: answer.append(_upload(port, secret, "all", content)))
    upload_s = time.perf_counter() - began
    risen_mb = (_peak_kb(pid) - before) / 1000
    worked = cpu_s(pid) - worked
    said = _said(answer[0], 202)
    began = time.perf_counter()
    again = _said(_upload(port, secret, "again", content), 200)
    again_s = time.perf_counter() - began
    began = time.perf_counter()
    headers = {"authorization": f"Bearer {secret}"}
    httpx.get(f"http://127.0.0.1:{port}/v1/batches/{said['id']}", headers=headers, timeout=60)
    return Figures(
        batch=said["id"], quoted=said["tokens"]["quoted"], upload_s=upload_s, again_s=again_s,
        same=again["id"] == said["id"], read_s=time.perf_counter() - began, risen_mb=risen_mb,
        cpu_s=worked,
        idle_ms=idle, meanwhile_ms=busy,
    )  # fmt: skip


def _judge(dsn: str, account: str, lines: int, found: Figures) -> int:
    holds, held, broken = asyncio.run(_kept(dsn, account, found.batch))
    print(f"{lines} briefs uploaded, validated, held and enqueued in {found.upload_s:.1f} s "
          f"(at most {LONGEST_S:.0f})")  # fmt: skip
    print(f"the gateway worked {found.cpu_s:.1f} s of a core meanwhile, reads of balances too")
    print(f"the gateway's memory rose by {found.risen_mb:.0f} MB (at most {MOST_MB:.0f})")
    print(f"another account's balance: p50 {_at(found.idle_ms, 50):.1f} ms, p95 "
          f"{_at(found.idle_ms, 95):.1f} ms before; p50 {_at(found.meanwhile_ms, 50):.1f} ms, p95 "
          f"{_at(found.meanwhile_ms, 95):.1f} ms, worst {max(found.meanwhile_ms):.1f} ms "
          f"meanwhile ({len(found.meanwhile_ms)} reads)")  # fmt: skip
    print(f"the same lines again: {found.again_s:.1f} s, the same batch: {found.same}")
    print(f"the batch is read in {found.read_s:.2f} s")
    print(f"{holds} holds of {held} tokens, {found.quoted} were quoted; "
          f"{len(broken)} promises of the ledger broken")  # fmt: skip
    whole = holds == lines and held == found.quoted and not broken and found.same
    return 0 if whole and found.upload_s <= LONGEST_S and found.risen_mb <= MOST_MB else 1


def _upload(port: int, secret: str, name: str, content: bytes) -> httpx.Response:
    headers = {
        "authorization": f"Bearer {secret}", "idempotency-key": name,
        "content-type": "application/jsonl", "content-encoding": "gzip",
    }  # fmt: skip
    where = f"http://127.0.0.1:{port}/v1/batches"
    return httpx.post(where, headers=headers, content=gzip.compress(content), timeout=600)


def _said(answer: httpx.Response, status: int) -> dict[str, Any]:
    if answer.status_code != status:
        raise SystemExit(f"the upload was answered {answer.status_code}: {answer.text[:500]}")
    return answer.json()


def _balances(port: int, secret: str, meanwhile: Callable[[], None]) -> list[float]:
    """How many ms it takes to read a balance, again and again, while something else is done."""
    done, found = threading.Event(), list[float]()
    reading = threading.Thread(target=_read_balances, args=(port, secret, done, found))
    reading.start()
    try:
        meanwhile()
    finally:
        done.set()
        reading.join()
    return found


def _read_balances(port: int, secret: str, done: threading.Event, found: list[float]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    while not done.wait(EVERY_S):
        began = time.perf_counter()
        connection.request("GET", "/v1/balance", headers={"authorization": f"Bearer {secret}"})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"a balance was answered {answer.status}")
        found.append(1000 * (time.perf_counter() - began))


def _at(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]


def cpu_s(pid: int) -> float:
    """Seconds of a core that a process has worked."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _forget_peak(pid: int) -> None:
    """Let the kernel count a process's highest memory anew."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def _peak_kb(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise SystemExit("the gateway is gone")


async def _furnish(dsn: str) -> list[tuple[str, str]]:
    """Two accounts with plenty of tokens, and a key of each."""
    await migrate(dsn)
    pool = await create_pool(dsn)
    made = list[tuple[str, str]]()
    for number in range(2):
        account = await keys.open_account(pool, f"Bench {number}", "test", "prepaid")
        async with transaction(pool) as conn:
            await ledger.grant(conn, account.id, PLENTY, f"bench {number}")
        _, secret = await keys.create_key(pool, account.id, "bench", pepper=PEPPER.encode())
        made.append((account.id, secret))
    await pool.close()
    return made


async def _kept(dsn: str, account: str, batch: str) -> tuple[int, int, list[str]]:
    """How many holds a batch has, what they hold, and what of the ledger is broken."""
    conn = await asyncpg.connect(dsn)
    try:
        row = await conn.fetchrow(
            "select count(*) as holds, sum(quoted - captured - released) as held"
            " from billing.holds join api.briefs on briefs.hold = holds.id"
            " where batch = $1 and holds.account = $2", batch, account
        )  # fmt: skip
        assert row is not None
        return row["holds"], int(row["held"] or 0), await ledger.violations(conn)
    finally:
        await conn.close()


@contextmanager
def _gateway(dsn: str, folder: Path) -> Iterator[tuple[int, int]]:
    """The gateway's port and process."""
    port = any_port()
    Signer.create(folder / "signing.pem")
    told = {
        **os.environ, "DATABASE_URL": dsn, "CUESMITH_STORE": str(folder / "store"),
        "CUESMITH_PEPPER": PEPPER, "CUESMITH_SIGNING_KEY": str(folder / "signing.pem"),
        "CUESMITH_RATE_PER_MINUTE": str(PLENTY), "CUESMITH_RATE_BURST": str(PLENTY),
    }  # fmt: skip
    with (folder / "gateway.log").open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "api.cli", "gateway", "--port", str(port)],
            env=told, stdout=log, stderr=log, preexec_fn=tied(signal.SIGKILL),
        )  # fmt: skip
        try:
            _wait_until_ready(port, child, folder / "gateway.log")
            yield port, child.pid
        finally:
            child.terminate()
            child.wait(20)


def _wait_until_ready(port: int, child: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5).is_success:
                return
        except httpx.TransportError:
            if child.poll() is not None:
                break
        time.sleep(0.1)
    raise SystemExit(f"the gateway did not start:\n{log.read_text()[-2000:]}")


if __name__ == "__main__":
    sys.exit(main())
