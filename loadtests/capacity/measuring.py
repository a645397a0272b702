"""What one brief of each kind takes in a real house: processor time, rows, log and files."""

import asyncio
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
from msgspec import Struct

from api.workbench import Workbench
from loadtests.house import Account, house, open_accounts, table

KEPT = Path(__file__).with_name("measured.json")
CALM_S, FLUSHED_S, PLENTY = 20.0, 2.5, 10_000_000
KINDS: dict[str, dict[str, Any]] = {
    "bed of a minute": {"prompt": "warm lo-fi beat", "kind": "bed", "duration_ms": 60_000},
    "loop of 16 bars": {"style": "synthwave", "kind": "loop", "bars": 16, "bpm": 120},
    "sting": {"prompt": "bright win", "kind": "sting", "duration_ms": 4_000},
    "chime": {"prompt": "two soft notes", "kind": "chime"},
    "ambience of 30 s": {"prompt": "night rain", "kind": "ambience", "duration_ms": 30_000},
}
"""Each with four candidates, of which one is licensed."""
SHORTEST, TIMES = "chime", 8
"""So often in a row: what Postgres does for one is lost in what it does for an idle house, and is
the same for every kind but for beats and the size of the answer."""
READ = """
select pg_current_wal_lsn() - '0/0' as wal,
  tup_inserted + tup_updated + tup_deleted as rows, pg_database_size(current_database()) as bytes
from pg_stat_database where datname = current_database()
"""
FILES = """
select coalesce(sum((asset ->> 'bytes')::bigint), 0)::bigint
from api.candidates, jsonb_array_elements(made -> 'assets') as asset where brief = $1
"""


class Meter(Struct, frozen=True, kw_only=True):
    """What has been used so far."""

    at: float
    studio_s: float
    gateway_s: float
    clerk_s: float
    postgres_s: float
    wal: float
    rows: float
    bytes: float

    def since(self, before: "Meter", idle: "Meter | None" = None) -> "Meter":
        """What was used meanwhile, without what the house uses when nothing is asked."""
        took = self.at - before.at
        found = {
            name: getattr(self, name) - getattr(before, name) for name in self.__struct_fields__
        }
        if idle is not None:
            for name in found.keys() - {"at"}:
                found[name] = max(0.0, found[name] - getattr(idle, name) / idle.at * took)
        return Meter(**found)

    def divided(self, times: int) -> "Meter":
        """The share of one."""
        return Meter(**{name: getattr(self, name) / times for name in self.__struct_fields__})


class Kind(Struct, frozen=True, kw_only=True):
    """What a brief of four candidates and one license takes; ``files`` are bytes on the shelf, of
    all four."""

    seconds: float  # of audio, each candidate
    used: Meter
    files: int


class Measured(Struct, frozen=True, kw_only=True):
    """A whole measurement. ``idle`` is what the house uses in ``idle.at`` seconds of nothing."""

    machine: str
    idle: Meter
    kinds: dict[str, Kind]


def kept() -> Measured:
    """The measurement that the simulation stands on."""
    return msgspec.json.decode(KEPT.read_bytes(), type=Measured)


def measure(keep: bool) -> int:
    """Measure and print; with ``keep`` the simulation stands on it from now on."""
    found: list[Measured] = []
    with (
        tempfile.TemporaryDirectory(prefix="cue-measure-", ignore_cleanup_errors=True) as name,
        house(
            Path(name), CUESMITH_BACKEND="score", CUESMITH_SESSIONS="1", CUESMITH_LEASE_S="30"
        ) as bench,
    ):
        bench.run(lambda: found.append(asyncio.run(_measure(bench))))
    show(found[0])
    if keep:
        KEPT.write_bytes(msgspec.json.format(msgspec.json.encode(found[0]), indent=1) + b"\n")
    return 0


async def _measure(bench: Workbench) -> Measured:
    (account,) = await open_accounts(bench.address, 1, PLENTY)
    pool = await asyncpg.create_pool(bench.address.database_url, min_size=1, max_size=1)
    async with httpx.AsyncClient(
        base_url=bench.address.url, timeout=300,
        headers={"authorization": f"Bearer {account.secret}"},
    ) as door:  # fmt: skip
        await _made(door, KINDS["bed of a minute"], account)  # loops compiled, notes loaded
        before = await _read(bench, pool)
        await asyncio.sleep(CALM_S)
        idle = (await _read(bench, pool)).since(before)
        kinds = {}
        for name, body in KINDS.items():
            times = TIMES if name == SHORTEST else 1
            before = await _read(bench, pool)
            made = [await _made(door, body, account) for _ in range(times)]
            used = (await _read(bench, pool)).since(before, idle).divided(times)
            brief = made[-1]
            kinds[name] = Kind(
                seconds=brief["resolved"]["duration_ms"] / 1000, used=used,
                files=await pool.fetchval(FILES, brief["id"]) or 0,
            )  # fmt: skip
            print(f"{name} made", flush=True)
    await pool.close()
    return Measured(machine=_machine(), idle=idle, kinds=kinds)


async def _made(door: httpx.AsyncClient, body: dict[str, Any], account: Account) -> dict[str, Any]:
    name = {"idempotency-key": os.urandom(8).hex()}
    wanted = {**body, "candidates": 4, "seed": 1}
    brief = (await door.post("/v1/briefs", json=wanted, headers=name)).raise_for_status().json()
    while brief["finished_at"] is None:
        answer = await door.get(f"/v1/briefs/{brief['id']}?wait=60")
        brief = answer.raise_for_status().json()
    assert brief["status"] == "succeeded", brief
    best = brief["candidates"][0]["id"]
    (await door.post(f"/v1/candidates/{best}/pick", headers=name)).raise_for_status()
    return brief


async def _read(bench: Workbench, pool: asyncpg.Pool) -> Meter:
    await asyncio.sleep(FLUSHED_S)  # what a backend has done is counted a second later
    row = await pool.fetchrow(READ)
    assert row is not None and bench.postgres is not None
    server = bench.postgres.pid
    return Meter(
        at=time.monotonic(),
        studio_s=_cpu_s(bench.parts["studio"].pid),
        gateway_s=_cpu_s(bench.parts["gateway"].pid),
        clerk_s=_cpu_s(bench.parts["clerk"].pid),
        postgres_s=sum(_cpu_s(one) for one in (server, *_children(server))),
        **{name: float(value) for name, value in row.items()},
    )


def _cpu_s(pid: int) -> float:
    """User and system time of a process and of those it has waited for."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(one) for one in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def _children(pid: int) -> Sequence[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(one) for one in found]


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((one.partition(":")[2].strip() for one in lines if "model name" in one), "CPU")
    return f"{os.cpu_count()} cores of {model}"


def show(found: Measured) -> None:
    """The measurement as a table."""
    print(f"\n{found.machine}; a brief of four candidates, one of them licensed\n")
    rows = [
        (name, f"{one.used.studio_s:.1f}", f"{1000 * one.used.gateway_s:.0f}",
         f"{1000 * one.used.clerk_s:.0f}",
         f"{1000 * one.used.postgres_s:.0f}" if name == SHORTEST else "",
         f"{one.used.rows:.0f}", f"{one.used.wal / 1024:.0f}",
         f"{one.used.bytes / 1024:.0f}", f"{one.files / 2**20:.1f}")
        for name, one in found.kinds.items()
    ]  # fmt: skip
    head = (
        "kind", "studio, CPU s", "gateway, ms", "clerk, ms", "Postgres, ms", "rows written",
        "WAL, kB", "database, kB", "files, MB",
    )  # fmt: skip
    print(table(head, rows))
    idle = found.idle
    print(f"\nidle, a second: gateway {1000 * idle.gateway_s / idle.at:.0f} ms, clerk "
          f"{1000 * idle.clerk_s / idle.at:.0f} ms, studio "
          f"{1000 * idle.studio_s / idle.at:.0f} ms, Postgres "
          f"{1000 * idle.postgres_s / idle.at:.0f} ms, {idle.rows / idle.at:.1f} rows, "
          f"{idle.wal / idle.at / 1024:.2f} kB of WAL")  # fmt: skip
