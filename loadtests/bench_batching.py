"""Steps and candidate minutes per second of the composer, with 1, 8, 24 and 64 rows to a step.

``python -m loadtests.bench_batching --provider CPUExecutionProvider``; with a Python that has torch
and onnx (locks/workshop.txt) torch eager is timed beside it.

| table | what is written | by whom |
|---|---|---|
| network | steps of rows that have 128 steps behind them, no thought about any | one desk |
| composer | candidates of a minute, the panel's word on every bar included | one desk, one caller |
| callers | half of these candidates at 24 rows | one caller with all, and one for each candidate |
| cores | the same half, at 24 and 64 rows | one desk, one desk of two threads, two desks |

All of a table are timed by turns in one run and the best round counts: of the first three in CPU
seconds (on a device by the clock, where the CPU only waits), of the last by the clock. A row that
steps alone has an idle neighbour, and that is paid, not counted. Ends with 1 where the composer at
64 rows is not 4 times as fast as at 1.
"""

import argparse
import importlib.util
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime as ort

from engine.compose.codes import BITS, FEATURES
from engine.compose.composer import PACKAGED, Composer, graph_for
from engine.compose.network import Network
from engine.compose.seats import Seat
from engine.contracts import Brief, Plan
from engine.critique.bars import rate
from engine.plan import draw
from engine.weights import CPU, manifest_of
from engine.words import resolve
from loadtests.accelerator import Watched
from loadtests.moments import Moment, filled, moment

COUNTS, PAST, MIDDLE = (1, 8, 24, 64), 128, 24
STYLES = "lofi,orchestral_epic,rock,solo_piano"
SEED, ASKED = 3, 4.0
Timed = dict[str, Callable[[], object]]


def main() -> int:
    """Print the tables; 1 where 64 rows are not as much faster than one as asked."""
    given = _arguments()
    if given.provider not in ort.get_available_providers():
        print(f"no figures of {given.provider}: this machine has "
              f"{', '.join(ort.get_available_providers())}")  # fmt: skip
        return 0
    if given.provider == CPU:
        print("figures of a GPU could not be had: the provider is the CPU's")
    clock = time.process_time if given.provider == CPU else time.perf_counter
    _network(given, clock)
    ratio = _composer(given, clock)
    _callers(given, clock)
    if given.provider == CPU:
        _cores(given)
    kept = ratio >= ASKED
    print(f"\ncomposer at {COUNTS[-1]} rows: {ratio:.1f} times as fast as at 1, {ASKED:g} asked: "
          f"{'kept' if kept else 'broken'}")  # fmt: skip
    return 0 if kept else 1


def _network(given: argparse.Namespace, clock: Callable[[], float]) -> None:
    files = manifest_of(given.models, "composer", told=("files",))["files"]
    network = Network(
        given.models, slots=COUNTS[-1], provider=given.provider,
        graph=graph_for(given.provider, files),
    )  # fmt: skip
    ways: Timed = {}
    for rows in COUNTS:
        ways[f"slots {rows}"] = _stepping(network, rows)
    ways |= _eager(given)
    best = _best(ways, given.rounds, clock)
    print(f"\n| rows | network, steps/s | to 1 row | torch eager | to eager |\n|{'---|' * 5}")
    for rows in COUNTS:
        ours, its = rows / best[f"slots {rows}"], best.get(f"eager {rows}")
        first = 1 / best[f"slots {COUNTS[0]}"]
        told = f"{rows / its:.0f} | {ours * its / rows:.1f}" if its else "– | –"
        print(f"| {rows} | {ours:.0f} | {ours / first:.1f} | {told} |", flush=True)


def _stepping(network: Network, rows: int) -> Callable[[], object]:
    """One step of so many rows, and how long what they chose lasts."""
    places = network.slots.stepping(rows)
    dice = np.random.default_rng(rows)
    ids = np.stack([dice.integers(0, width, (places, 1)) for _, width in FEATURES], -1)
    bits = dice.integers(0, 2, (places, 1, BITS)).astype(np.float32)
    codes = np.zeros(places, np.int64)

    def step() -> None:
        _, hidden = network.step(ids, bits, [PAST] * places, slice(0, places))
        network.durations(hidden[:, 0], codes)

    return step


def _eager(given: argparse.Namespace) -> Timed:
    """The same steps in torch, module by module, where ours run; nothing without torch."""
    missing = [name for name in ("onnx", "torch") if importlib.util.find_spec(name) is None]
    if missing:
        print(f"no torch eager: this Python has no {' and no '.join(missing)}")
        return {}
    from loadtests.torch_eager import Eager, restored

    model, network = restored(given.models), Network(given.models, slots=COUNTS[-1])
    device = "cpu" if given.provider == CPU else "cuda"
    filled(network, COUNTS[-1], PAST, 1)

    def stepping(one: Moment) -> Callable[[], object]:
        eager = Eager(model, device)

        def step() -> None:
            eager.begin(one)
            eager.step(one)

        return step

    return {f"eager {rows}": stepping(moment(network, [PAST] * rows, rows)) for rows in COUNTS}


def _composer(given: argparse.Namespace, clock: Callable[[], float]) -> float:
    """How much faster most rows are than one; few rows are given fewer candidates of each style."""
    found = {rows: _plans(given)[:: max(1, given.candidates // rows)] for rows in COUNTS}
    composers = {
        rows: Composer(given.models, desks=1, rows=rows, provider=given.provider) for rows in COUNTS
    }
    steps = {
        rows: sum(made.steps for made in _all(composers[rows], plans))
        for rows, plans in found.items()
    }
    ways = {str(rows): _writing(composers[rows], plans) for rows, plans in found.items()}
    with Watched() as gpu:
        best = _best(ways, given.rounds, clock)
    speeds = {rows: steps[rows] / best[str(rows)] for rows in COUNTS}
    if given.provider != CPU:
        print(f"\nwhile composing, {gpu.words}")
    print(
        f"\n| rows | candidates of {given.seconds} s | steps/s | candidate minutes/s | to 1 row |"
    )
    print("|---|---|---|---|---|")
    for rows, speed in speeds.items():
        minutes = given.seconds / 60 * len(found[rows]) / best[str(rows)]
        print(f"| {rows} | {len(found[rows])} | {speed:.0f} | {minutes:.2f} "
              f"| {speed / speeds[1]:.1f} |", flush=True)  # fmt: skip
    return speeds[COUNTS[-1]] / speeds[1]


def _callers(given: argparse.Namespace, clock: Callable[[], float]) -> None:
    """What it costs that every candidate has a caller of its own."""
    plans = _plans(given)[::2]
    composer = Composer(given.models, desks=1, rows=MIDDLE, provider=given.provider)

    def one_each() -> object:
        with ThreadPoolExecutor(len(plans)) as callers:
            return list(callers.map(
                lambda at: composer.write(
                    plans[at : at + 1], [at], rate=rate, seat=Seat(account=str(at % 5))
                ), range(len(plans)),
            ))  # fmt: skip

    best = _best({"one": _writing(composer, plans), "each": one_each}, given.rounds, clock)
    print(f"\n{len(plans)} callers of one candidate each, of 5 accounts: "
          f"{best['each'] / best['one']:.2f} times what one caller of all costs")  # fmt: skip


def _cores(given: argparse.Namespace) -> None:
    """One desk, one desk whose steps two threads share, and two desks, by the clock."""
    plans = _plans(given)[::2]
    ways: Timed = {}
    for rows in (MIDDLE, COUNTS[-1]):
        for name, desks, threads in (("1 × 1", 1, 1), ("1 × 2", 1, 2), ("2 × 1", 2, 1)):
            composer = Composer(given.models, desks=desks, rows=rows // desks, threads=threads)
            ways[f"{rows} | {name}"] = _writing(composer, plans)
    best = _best(ways, given.rounds, time.perf_counter)
    print(f"\n| rows in all | desks × threads | seconds by the clock |\n|{'---|' * 3}")
    for name, spent in best.items():
        print(f"| {name} | {spent:.2f} |")


def _plans(given: argparse.Namespace) -> list[Plan]:
    found = []
    for style in given.styles.split(","):
        brief = Brief(kind="bed", style=style, duration_ms=given.seconds * 1000, seed=SEED)
        found += draw(resolve(brief, SEED), SEED, given.candidates)
    return found


def _writing(composer: Composer, plans: Sequence[Plan]) -> Callable[[], object]:
    return lambda: _all(composer, plans)


def _all(composer: Composer, plans: Sequence[Plan]):
    return composer.write(plans, range(len(plans)), rate=rate)


def _best(ways: Timed, rounds: int, clock: Callable[[], float]) -> dict[str, float]:
    """The least seconds of every way, by turns; short ones are repeated for a while."""
    best = dict.fromkeys(ways, np.inf)
    for _ in range(rounds):
        for name, work in ways.items():
            times, began, until = 0, clock(), time.perf_counter() + 0.2
            while not times or time.perf_counter() < until:
                work()
                times += 1
            best[name] = min(best[name], (clock() - began) / times)
    return best


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--provider", default=CPU)
    parser.add_argument("--models", type=Path, default=PACKAGED)
    parser.add_argument("--styles", default=STYLES)
    parser.add_argument("--candidates", type=int, default=8, help="of every style")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
