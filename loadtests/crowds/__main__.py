"""``python -m loadtests.crowds``: a scenario, or all of them one after the other."""

import argparse
import asyncio
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from api.workbench import Workbench
from loadtests.crowds.scenarios import SCENARIOS, Scenario
from loadtests.house import ROOT, house, open_accounts, table

ACCOUNTS, PLENTY = 50, 10_000_000
IDLE_USERS, IDLE_SHARE = 1, 0.25
KILL_EVERY_S, ENDS_WITHIN_S = 8.0, 60
PEOPLE = Path(__file__).with_name("people.py")


class Line(Struct, frozen=True, kw_only=True):
    """One of locust's lines: how often, how often failed, and milliseconds."""

    name: str
    requests: int
    failed: int
    p50: float
    p95: float
    p99: float


def main() -> int:
    """Print a table for each scenario; 1 where a request has failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scenario", choices=[*SCENARIOS, "all"], default="buying")
    parser.add_argument("--minutes", type=float, default=2.0, help="of the crowd")
    parser.add_argument("--users", type=int, help="another number than the scenario's")
    given = parser.parse_args()
    wanted = list(SCENARIOS) if given.scenario == "all" else [given.scenario]
    failed = [name for name in wanted if _show(name, given)]
    return 1 if failed else 0


def _show(name: str, given: argparse.Namespace) -> bool:
    """Run one scenario in a house of its own; whether anything failed."""
    scenario = SCENARIOS[name]
    if given.users is not None:
        scenario = msgspec.structs.replace(scenario, users=given.users)
    with (
        tempfile.TemporaryDirectory(prefix="cue-crowd-", ignore_cleanup_errors=True) as folder,
        house(
            Path(folder), replicas={"gateway": 2, "studio": scenario.studios},
            candidate_s=scenario.candidate_s, CUESMITH_OPEN_BRIEFS="100000",
            CUESMITH_SESSIONS="8",
        ) as bench,
    ):  # fmt: skip
        crowd = _Crowd(bench, Path(folder), scenario)
        bench.run(lambda: crowd.come(given.minutes))
    print(f"\n## {name}: {scenario.about}\n\n{scenario.users} users at most, "
          f"{given.minutes:g} min; idle: {IDLE_USERS} user\n")  # fmt: skip
    return _print(scenario, crowd)


class _Crowd:
    """One house, first nearly empty, then full."""

    def __init__(self, bench: Workbench, folder: Path, scenario: Scenario) -> None:
        self._bench, self._folder, self._scenario = bench, folder, scenario
        self.idle: dict[str, Line] = {}
        self.full: dict[str, Line] = {}
        self.killed = 0

    def come(self, minutes: float) -> None:
        address = self._bench.address
        accounts = asyncio.run(open_accounts(address, ACCOUNTS, PLENTY))
        told = {"urls": address.urls, "keys": [one.secret for one in accounts]}
        (self._folder / "crowd.json").write_text(json.dumps(told))
        wanted = self._scenario
        seconds = 60 * minutes
        self.idle = self._locust(wanted.idle_people, IDLE_USERS, 1, IDLE_SHARE * seconds)
        over = threading.Event()
        killing = threading.Thread(target=self._kill, args=(over.wait,), daemon=True)
        killing.start()
        self.full = self._locust(wanted.people, wanted.users, wanted.per_s, seconds)
        over.set()
        killing.join(ENDS_WITHIN_S)

    def _locust(
        self, people: tuple[str, ...], users: int, per_s: float, seconds: float
    ) -> dict[str, Line]:
        """A locust process; what it measured."""
        stats = self._folder / "stats.json"
        users = max(users, len(people))
        done = subprocess.run(
            [sys.executable, "-m", "locust", "-f", str(PEOPLE), "--headless", "--only-summary",
             "--skip-log", "--json-file", str(stats.with_suffix("")), "--stop-timeout", "60",
             "-u", str(users), "-r", f"{per_s:g}", "-t", f"{seconds:.0f}s",
             "--exit-code-on-error", "0", *people],
            env=os.environ | {"CROWD": str(self._folder / "crowd.json"), "PYTHONPATH": str(ROOT)},
            cwd=self._folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=seconds + 300, check=False,
        )  # fmt: skip
        if done.returncode != 0 or not stats.exists():
            raise SystemExit(f"locust ended with {done.returncode}:\n{done.stderr[-3000:]}")
        found = [_line(one) for one in json.loads(stats.read_text())]
        stats.unlink()
        return {one.name: one for one in found}

    def _kill(self, over: Callable[[float], bool]) -> None:
        for name in itertools.cycle(self._scenario.kills):
            if over(KILL_EVERY_S):
                return
            self._bench.parts[name].kill()
            self.killed += 1


def _line(found: dict[str, Any]) -> Line:
    times = sorted((float(ms), count) for ms, count in found["response_times"].items())
    return Line(
        name=found["name"], requests=found["num_requests"], failed=found["num_failures"],
        p50=_percentile(times, 0.5), p95=_percentile(times, 0.95), p99=_percentile(times, 0.99),
    )  # fmt: skip


def _percentile(times: list[tuple[float, int]], share: float) -> float:
    """Locust keeps how often each (rounded) time came."""
    left = share * sum(count for _, count in times)
    for ms, count in times:
        left -= count
        if left <= 0:
            return ms
    return 0.0


def _print(scenario: Scenario, crowd: _Crowd) -> bool:
    rows = []
    for name, line in sorted(crowd.full.items()):
        idle = crowd.idle.get(name)
        times = f"{line.p95 / idle.p95:.1f}" if idle and idle.p95 and line.requests else ""
        rows.append((
            f"**{name}**" if name in scenario.watched else name, line.requests, line.failed,
            f"{line.p50:.0f}", f"{line.p95:.0f}", f"{line.p99:.0f}",
            *((f"{idle.p50:.0f}", f"{idle.p95:.0f}") if idle else ("", "")), times,
        ))  # fmt: skip
    head = ("what", "times", "failed", "p50 ms", "p95", "p99", "idle p50", "idle p95", "p95 : idle")
    print(table(head, rows))
    if scenario.kills:
        print(f"\n{crowd.killed} parts killed")
    failed = sum(line.failed for line in crowd.full.values())
    missing = [name for name in scenario.watched if name not in crowd.full]
    print(f"\n{failed} failed" + (f"; never seen: {', '.join(missing)}" if missing else ""))
    return bool(failed or missing)


if __name__ == "__main__":
    sys.exit(main())
