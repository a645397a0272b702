"""What our synthesisers cost, family by family and for all notes of a piece, beside a plain sine.

``python -m loadtests.bench_voices --rounds 3`` prints what loading (once per machine: compiling)
their loops took, note-seconds per CPU second of every voice family, then the notes of some styles'
minutes: with an empty note cache (cold) and once more (warm), part by part with ``--parts``.
``--bank`` names a sound font, whose parts then count as well, or ``found`` for the one that is
installed; ``--styles all`` takes all styles.

The reference is numpy's own float32 ``sin`` of the same length in the same run, second by second:
a machine that others use slows it as well, so the ratio says more than the seconds. The best of
all rounds counts. One thread: set OPENBLAS_NUM_THREADS=1 to have it so in matrix products too.
"""

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from engine.contracts import Brief
from engine.memory import give_back_large_blocks
from engine.render import instruments
from engine.render.banks import Bank
from engine.render.notes import NOTES
from engine.render.performance import Performance, perform
from engine.render.synth import kits, steady
from engine.render.synth.patches import PATCHES, Patch
from engine.render.synth.singing import Line
from engine.render.synth.sounds import play
from engine.score import Part, seconds_per_tick
from engine.sound import compiled
from loadtests.sound_pieces import RATE, Library, Piece
from loadtests.sound_pieces import STYLES as EVERY

STYLES = "lofi,synthwave,house_edm,orchestral_epic,rock,metal,chiptune"
NOTE_S = 2
SEED = 5


def main() -> int:
    """Print both tables."""
    given = _arguments()
    give_back_large_blocks()
    _loops()
    sine = _best(given.rounds, lambda: [_sine() for _ in range(60)]) / 60
    print(f"a second of numpy's sine: {1000 * sine:.3f} ms of CPU\n")
    _families(given.rounds, sine)
    with tempfile.TemporaryDirectory() as folder:
        bank = None if given.bank == "found" else given.bank
        library = Library(Path(given.scores or folder), bank)
        for style in EVERY if given.styles == "all" else given.styles.split(","):
            brief = Brief(kind="bed", style=style, duration_ms=given.seconds * 1000, candidates=1)
            _piece(library.pieces(brief, SEED)[0], style, library.bank, given, sine)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--styles", default=STYLES)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--bank", default="builtin", help="a sound font, builtin or found")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scores", help="a folder in which composed scores are kept")
    parser.add_argument("--parts", action="store_true", help="show every part")
    return parser.parse_args()


def _loops() -> None:
    """Everything that is compiled, made ready before anything is measured."""
    before, began = _resident_mb(), time.process_time()
    loops = compiled.ready()
    took = time.process_time() - began
    print(f"{loops} loops ready in {took:.2f} s of CPU, {_resident_mb() - before} MB")


def _resident_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _best(rounds: int, work: Callable[[], object]) -> float:
    """CPU seconds of the quickest of some rounds."""
    laps = []
    for _ in range(max(rounds, 1)):
        began = time.process_time()
        work()
        laps.append(time.process_time() - began)
    return min(laps)


def _sine() -> None:
    np.sin(np.arange(RATE, dtype=np.float32) * np.float32(0.05))


def _families(rounds: int, sine: float) -> None:
    """Every family's patches at one pitch, none of it cached."""
    print("family        patches  note-s per CPU-s   sines   dearest patch (note-s per CPU-s)")
    families: dict[str, dict[str, float]] = {}
    for name, patch in sorted(PATCHES.items()):
        if isinstance(patch.voice, Line):
            continue
        family = "wheel" if steady.goes_on(patch.voice) else type(patch.voice).__name__.lower()
        cost = _best(rounds, lambda name=name, patch=patch: _note(name, patch)) / NOTE_S
        families.setdefault(family, {})[name] = cost
    families["drum hits"] = _hits(rounds)
    for family, costs in sorted(families.items(), key=lambda item: np.mean(list(item[1].values()))):
        mean, dearest = float(np.mean(list(costs.values()))), max(costs, key=lambda one: costs[one])
        print(f"{family:14}{len(costs):6}{1 / mean:16.0f}{mean / sine:11.0f}   "
              f"{dearest} ({1 / costs[dearest]:.0f})")  # fmt: skip


def _note(name: str, patch: Patch) -> None:
    pitch, frames = int(np.clip(57, patch.low, patch.high)), NOTE_S * RATE
    if steady.goes_on(patch.voice):
        NOTES.clear()  # the wheel is turned anew; a second note of the pitch would be nearly free
        steady.sound(steady.Held(name, patch.voice, pitch, 0.73, 0), frames)
    else:
        play(patch.voice, pitch, 0.73, frames, np.random.default_rng(1))


def _hits(rounds: int) -> dict[str, float]:
    """Seconds of CPU per second of sound of each kit's main strokes."""
    keys = (36, 38, 41, 42, 46, 49, 51)
    costs = {}
    for name, kit in kits.KITS.items():
        sounding = sum(len(kits.hit(kit, name, key, 3, 0)) for key in keys) / RATE
        hits = _best(rounds, lambda kit=kit, name=name: [kits.hit(kit, name, key, 3, 0)
                                                         for key in keys])  # fmt: skip
        costs[name] = hits / sounding
    return costs


def _piece(piece: Piece, style: str, bank: Bank, given: argparse.Namespace, sine: float) -> None:
    """The notes of one piece, cold and warm."""
    plan = piece.score.plan
    pace = seconds_per_tick(plan.tempo, plan.meter) * RATE
    parts = [
        (part, perform(part, plan, pace, piece.frames, loop=False, seed=piece.seed))
        for part in piece.score.parts
    ]
    cold, warm = [np.inf] * len(parts), [np.inf] * len(parts)
    for _ in range(given.rounds):
        NOTES.clear()
        for laps in (cold, warm):
            for at, (part, performance) in enumerate(parts):
                lap = _best(1, lambda part=part, performance=performance:
                            _played(part, performance, style, bank, piece.frames))  # fmt: skip
                laps[at] = min(laps[at], lap)
    strokes = sum(len(performance.strokes) for _, performance in parts)
    minute, first, again = sine * piece.frames / RATE, sum(cold), sum(warm)
    print(f"\n{style}: {strokes} strokes in {piece.frames / RATE:.0f} s, "
          f"cold {first:.3f} s CPU ({first / minute:.0f} sines), "
          f"warm {again:.3f} s ({again / minute:.0f}), "
          f"{NOTES.held_bytes / 2**20:.0f} MiB kept")  # fmt: skip
    if given.parts:
        for (part, performance), lap, later in zip(parts, cold, warm, strict=True):
            drums = part.plan.group == "drums"
            ours = "kit" if drums else instruments.patch_of(part, style, bank)
            name = ours or f"program {part.plan.program}"
            print(f"  {part.plan.role:9}{name:18}{len(performance.strokes):5}"
                  f"{1000 * lap:8.0f} ms{1000 * later:7.0f} ms")  # fmt: skip


def _played(part: Part, performance: Performance, style: str, bank: Bank, frames: int) -> None:
    if part.plan.group == "drums":
        instruments.drum(part, performance, frames)
    else:
        instruments.play(part, style, bank, performance, frames)


if __name__ == "__main__":
    sys.exit(main())
