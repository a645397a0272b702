"""How long composing takes: one candidate of a minute and ten, with every bar rated by the panel.

CPU seconds are of all threads and the figure to compare; the clock's depend on what else runs. How
the network's steps compare with torch and with a plain export of the same weights is measured by
``python -m loadtests.bench_decode``, which needs a Python with onnx and torch.
"""

import time
from pathlib import Path

from msgspec import Struct

from engine.compose.composer import Composer
from engine.contracts import Brief, Plan
from engine.critique.bars import rater
from engine.plan import draw
from engine.words import resolve

STYLES = ("lofi", "orchestral_epic", "rock", "solo_piano")
LENGTH_MS, TEN, ROUNDS = 60_000, 10, 2


class Speed(Struct, frozen=True, kw_only=True):
    """One style: the network's steps for ten candidates, and seconds by the clock and of the CPU,
    of the better of some rounds."""

    style: str
    steps: int
    one_s: float
    one_cpu_s: float
    ten_s: float
    ten_cpu_s: float


def speed(style: str, seed: int, models: Path) -> Speed:
    """Compose a style's brief, once with one candidate and once with ten."""
    composer = Composer(models)
    plans = draw(resolve(Brief(style=style, kind="bed", duration_ms=LENGTH_MS), seed), seed, TEN)
    steps = sum(made.steps for made in composer.write(plans, range(TEN), rate=rater(plans[0])))
    one, ten = (_best(composer, plans[:count]) for count in (1, TEN))
    return Speed(style=style, steps=steps, one_s=one[0], one_cpu_s=one[1], ten_s=ten[0],
                 ten_cpu_s=ten[1])  # fmt: skip


def _best(composer: Composer, plans: list[Plan]) -> tuple[float, float]:
    """The least seconds by the clock, and the least of the CPU."""
    spent = []
    for _ in range(ROUNDS):
        clock, cpu = time.perf_counter(), time.process_time()
        composer.write(plans, range(len(plans)), rate=rater(plans[0]))
        spent.append((time.perf_counter() - clock, time.process_time() - cpu))
    clocks, cpus = zip(*spent, strict=True)
    return round(min(clocks), 2), round(min(cpus), 2)
