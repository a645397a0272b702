"""What a mix costs, step by step, beside what one transform of its length costs.

``python -m loadtests.bench_mix --styles lofi,rock --seconds 60 --rounds 3``

Scores are composed before; every style is mixed once unheard, so that its notes are played. The
reference is numpy's own ``rfft`` of one channel of the same length, in blocks of the mixer's size,
in the same run: steps are given in CPU milliseconds and in such transforms, which says more on a
machine that others use too. ``mixed`` is everything but the playing.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps

import numpy as np

from engine.arrange import arrange
from engine.compose.composer import PACKAGED, Composer
from engine.contracts import Brief
from engine.critique.bars import rater
from engine.plan import draw
from engine.render import balancing, console, instruments, mixing, render
from engine.render.banks import builtin
from engine.score import Score
from engine.words import resolve

STYLES = "lofi,synthwave,orchestral_epic,rock"
RATE, SEED = 48_000, 5
STEPS: dict[str, tuple[object, str]] = {
    "play": (instruments, "play"), "drum": (instruments, "drum"),
    "hear": (balancing, "_heard"), "hand": (balancing, "hand_bands"),
    "equaliser": (balancing, "response"), "squeeze": (balancing, "_squeezed"),
    "duck": (balancing, "_ducked"), "lay": (console.Console, "add"),
    "return": (console.Console, "returned"), "room": (console, "reverberated"),
    "tape": (console, "wobbled"), "level": (mixing, "_to_mix_level"), "close": (mixing, "close"),
}  # fmt: skip


def main() -> int:
    """Print a table per style."""
    given = _arguments()
    composer, reference = Composer(PACKAGED), _reference(given.seconds, given.rounds)
    print(f"one rfft of a channel: {reference * 1000:.1f} ms CPU")
    for style in given.styles.split(","):
        score = _composed(composer, style, given.seconds)
        for apart in (False, True):
            spent = _best(score, given.seconds, given.rounds, apart=apart)
            played = spent["play"] + spent["drum"]
            mixed = spent["whole"] - played
            print(f"{style}, {'stems' if apart else 'mix'}: played {played * 1000:.0f} ms, "
                  f"mixed {mixed * 1000:.0f} ms = {mixed / reference:.1f} transforms")  # fmt: skip
            steps = (f"{name} {spent[name] * 1000:.0f} ({spent[name] / reference:.1f})"
                     for name in STEPS if name not in ("play", "drum"))  # fmt: skip
            print("   " + ", ".join(steps), flush=True)
    return 0


def _composed(composer: Composer, style: str, seconds: int) -> Score:
    brief = Brief(kind="bed", style=style, duration_ms=seconds * 1000, seed=SEED)
    plan = draw(resolve(brief, SEED), SEED, 1)[0]
    return arrange(plan, composer.write([plan], [SEED], rate=rater(plan))[0].lines, SEED)


def _best(score: Score, seconds: int, rounds: int, *, apart: bool) -> dict[str, float]:
    """CPU seconds by step of the round in which the mix cost least."""
    rows = []
    for _ in range(rounds + 1):
        spent = dict.fromkeys([*STEPS, "whole"], 0.0)
        with _watched(spent):
            began = time.process_time()
            render(score, builtin(), frames=seconds * RATE, loop=False, seed=SEED, apart=apart)
            spent["whole"] = time.process_time() - began
        rows.append(spent)
    return min(rows[1:], key=lambda row: row["whole"] - row["play"] - row["drum"])


@contextmanager
def _watched(spent: dict[str, float]) -> Iterator[None]:
    kept = {name: getattr(owner, called) for name, (owner, called) in STEPS.items()}
    for name, (owner, called) in STEPS.items():
        setattr(owner, called, _timed(kept[name], name, spent))
    try:
        yield
    finally:
        for name, (owner, called) in STEPS.items():
            setattr(owner, called, kept[name])


def _timed(
    work: Callable[..., object], name: str, spent: dict[str, float]
) -> Callable[..., object]:
    @wraps(work)
    def timed(*given: object, **named: object) -> object:
        began = time.process_time()
        made = work(*given, **named)
        spent[name] += time.process_time() - began
        return made

    return timed


def _reference(seconds: int, rounds: int) -> float:
    sound = np.random.default_rng(1).standard_normal(seconds * RATE).astype(np.float32)
    found = []
    for _ in range(max(rounds, 3)):
        began = time.process_time()
        for at in range(0, len(sound), console.SIZE):
            np.fft.rfft(sound[at : at + console.SIZE])
        found.append(time.process_time() - began)
    return min(found)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="What a mix costs, step by step.")
    parser.add_argument("--styles", default=STYLES)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
