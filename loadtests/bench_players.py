"""Takes played by threads of the studio and by processes beside it: seconds, memory, and how long
the studio's own Python waits for its turn meanwhile.

``python -m loadtests.bench_players`` composes so many takes of a bed with all its stems, then each
way plays the same ones, in a fresh process each. The reference is the threads. Lateness is how much
later than it wanted a thread of the studio woke that wants to turn every 5 ms, as who writes and
who keeps leases do: a step of the composer waits as long.
"""

import argparse
import json
import os
import pickle
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from engine.contracts import Brief, Resolved
from engine.memory import give_back_large_blocks
from engine.render.banks import find
from engine.settings import StudioSettings
from engine.studio.players import Players
from engine.studio.playing import Sounded
from engine.studio.rooms import furnish
from engine.studio.stage import Stage, Threads
from engine.studio.takes import Take, sheets, written
from engine.words import resolve

TURN_S = 0.005
LOOK_S = 0.1
WAYS = {"2 threads": 0, "1 player": 1, "2 players": 2}


def main() -> None:
    """Play the takes in all ways and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--takes", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--way", choices=WAYS, help="this one only, as JSON; needs --kept")
    parser.add_argument("--kept", type=Path, help="the composed takes")
    given = parser.parse_args()
    if given.way:
        print(json.dumps(_played(WAYS[given.way], given.kept)))
        return
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "takes"
        kept.write_bytes(pickle.dumps(_composed(given.takes, given.seconds)))
        print(f"{given.takes} takes of {given.seconds} s with all stems, {_cores()} cores, "
              f"load {os.getloadavg()[0]:.1f} before\n")  # fmt: skip
        print("| played by | s | ratio | CPU s | MB, all | ratio | late p50 ms | p99 ms |")
        print("|---|---|---|---|---|---|---|---|")
        first = None
        for way in WAYS:
            found = json.loads(_in_a_process(way, kept))
            first = first or found
            print(f"| {way} | {found['s']:.1f} | {found['s'] / first['s']:.2f} | {found['cpu']:.1f}"
                  f" | {found['mb']:.0f} | {found['mb'] / first['mb']:.2f}"
                  f" | {found['p50']:.1f} | {found['p99']:.1f} |", flush=True)  # fmt: skip


def _composed(count: int, seconds: int) -> tuple[Resolved, list[Take]]:
    rooms = furnish(StudioSettings(database_url="", store=""))
    brief = Brief(kind="bed", duration_ms=seconds * 1000, candidates=count, stems=("all",))
    resolved = resolve(brief, 3)
    return resolved, written(sheets(resolved, 3, 0, 1, count), 3, rooms)


def _in_a_process(way: str, kept: Path) -> str:
    command = [sys.executable, "-m", "loadtests.bench_players", "--way", way, "--kept", str(kept)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _played(players: int, kept: Path) -> dict[str, float]:
    """Seconds, processor seconds, most memory and lateness of one way."""
    resolved, takes = pickle.loads(kept.read_bytes())
    give_back_large_blocks()  # as a session does, and every player
    bank = find()
    stage: Stage = Players(bank, None, players) if players else Threads(bank)
    with closing(stage):
        _all(stage, resolved, takes[:1])  # what is made once is made before the clock runs
        pids = [os.getpid(), *(stage.pids if isinstance(stage, Players) else [])]
        with _watched(pids) as most, _turning() as late:
            began, spent = time.perf_counter(), sum(map(_cpu_s, pids))
            _all(stage, resolved, takes)
            took, spent = time.perf_counter() - began, sum(map(_cpu_s, pids)) - spent
    late.sort()
    share = {name: late[len(late) * part // 100] * 1e3 for name, part in (("p50", 50), ("p99", 99))}
    return {"s": took, "cpu": spent, "mb": most[0] / 1e6} | share


def _all(stage: Stage, resolved: Resolved, takes: list[Take]) -> None:
    for playing in [stage.submit(resolved, take) for take in takes]:
        outcome = playing.result()
        if isinstance(outcome, Sounded):
            outcome.close()


@contextmanager
def _watched(pids: list[int]) -> Iterator[list[int]]:
    """The most memory that the processes held together, shared pages counted once."""
    most, ended = [0], threading.Event()

    def look() -> None:
        while not ended.wait(LOOK_S):
            most[0] = max(most[0], sum(map(_pss_bytes, pids)))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield most
    finally:
        ended.set()
        watcher.join()


@contextmanager
def _turning() -> Iterator[list[float]]:
    """How late a thread of this process was, turn by turn, in seconds."""
    late: list[float] = []
    ended = threading.Event()

    def turn() -> None:
        while not ended.is_set():
            wanted = time.perf_counter() + TURN_S
            time.sleep(TURN_S)
            late.append(time.perf_counter() - wanted)

    turner = threading.Thread(target=turn)
    turner.start()
    try:
        yield late
    finally:
        ended.set()
        turner.join()


def _pss_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))


def _cpu_s(pid: int) -> float:
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def _cores() -> int:
    return len(os.sched_getaffinity(0))


if __name__ == "__main__":
    main()
