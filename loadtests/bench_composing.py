"""Seconds to compose one and ten candidates of a minute, at one desk and at two.

``python -m loadtests.bench_composing --styles lofi,rock --models FOLDER``

Composing is what `engine.compose` does, every bar rated by the panel on the way; plans are drawn
before. The reference is the network alone, in the same run: as many steps as ten candidates took,
eight rows at a time, in the middle of its reach. What composing costs beyond that is ours. CPU
seconds are of all threads; the better of the rounds counts. Ends with 1 where two desks take longer
by the clock than is promised.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from engine.compose.codes import BITS, FEATURES
from engine.compose.composer import PACKAGED, Composer
from engine.compose.desk import REACH
from engine.compose.network import Network
from engine.contracts import Brief, Plan
from engine.critique.bars import rate
from engine.plan import draw
from engine.words import resolve

STYLES = "lofi,orchestral_epic,rock,solo_piano"
CANDIDATES, SEED, ROWS = 10, 3, 8
PROMISED_S = {1: 3.0, CANDIDATES: 12.0}


def main() -> int:
    """Print the table; 1 when the promise is broken."""
    given = _arguments()
    desks = {count: Composer(given.models, desks=count) for count in (1, 2)}
    network = Network(given.models, slots=ROWS)
    print(f"{desks[1].name} of {given.models.name}; seconds by the clock (CPU), "
          f"best of {given.rounds} rounds")  # fmt: skip
    print("| style | steps | one | ten, 1 desk | ten, 2 desks | network alone | ten : network |")
    print("|---|---|---|---|---|---|---|")
    kept = True
    for style in given.styles.split(","):
        plans = _plans(style, given.seconds)
        steps = sum(made.steps for made in desks[2].write(plans, range(len(plans)), rate=rate))
        one = _best(given.rounds, lambda: _written(desks[2], plans[:1]))  # noqa: B023
        single = _best(given.rounds, lambda: _written(desks[1], plans))  # noqa: B023
        double = _best(given.rounds, lambda: _written(desks[2], plans))  # noqa: B023
        alone = _best(given.rounds, lambda: _stepped(network, steps))  # noqa: B023
        cells = [f"{clock:.2f} ({cpu:.2f})" for clock, cpu in (one, single, double, alone)]
        print(f"| {style} | {steps} | {' | '.join(cells)} | {single[1] / alone[1]:.1f} |",
              flush=True)  # fmt: skip
        kept &= one[0] <= PROMISED_S[1] and double[0] <= PROMISED_S[CANDIDATES]
    print(f"promised: one in {PROMISED_S[1]:g} s, ten in {PROMISED_S[CANDIDATES]:g} s: "
          f"{'kept' if kept else 'broken'}")  # fmt: skip
    return 0 if kept else 1


def _plans(style: str, seconds: int) -> list[Plan]:
    brief = Brief(kind="bed", style=style, duration_ms=seconds * 1000, seed=SEED)
    return draw(resolve(brief, SEED), SEED, CANDIDATES)


def _written(composer: Composer, plans: list[Plan]) -> None:
    composer.write(plans, range(len(plans)), rate=rate)


def _stepped(network: Network, steps: int) -> None:
    """So many steps of single rows, and no thought about any."""
    ids = np.zeros((ROWS, 1, len(FEATURES)), np.int64)
    bits = np.zeros((ROWS, 1, BITS), np.float32)
    codes = np.zeros(ROWS, np.int64)
    for _ in range(steps // ROWS):
        _, hidden = network.step(ids, bits, [REACH // 2] * ROWS, slice(0, ROWS))
        network.durations(hidden[:, 0], codes)


def _best(rounds: int, work: Callable[[], None]) -> tuple[float, float]:
    """The least seconds by the clock, and the least of the CPU, of some rounds."""
    spent = []
    for _ in range(rounds):
        clock, cpu = time.perf_counter(), time.process_time()
        work()
        spent.append((time.perf_counter() - clock, time.process_time() - cpu))
    return min(clock for clock, _ in spent), min(cpu for _, cpu in spent)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--styles", default=STYLES)
    parser.add_argument("--models", type=Path, default=PACKAGED)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
