"""From scores to weights in one command: data, train, export, index, bits, card, in turn.

Everything the weights need stands in the models' folder at the end, and a run that was stopped goes
on where it was: what is read of the corpora is kept, training resumes from its checkpoint, and the
steps behind it are made anew from the same checkpoint.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from engine.errors import EngineError
from engine.workshop import corpus

BITS = "bits.json"
_HELD_OUT = "held-out"


def make(
    folder: Path, out: Path, budget_s: float, seed: int, *, device: str | None = None,
    large: bool = False, threads: int = 2,
) -> Path:  # fmt: skip
    """Run every step; returns the folder of the models.

    ``folder`` holds the corpora, some of them or all; `LookupError` when there is none, or when no
    work of theirs is held out to measure by.
    """
    from engine.workshop import card, export, index, sheaf, train

    models, clock = out / "models", _Clock()
    out.mkdir(parents=True, exist_ok=True)
    clock.say("data")
    prepared = sheaf.prepare(folder, out / "windows.npz", seed)
    _show(prepared.report)
    if not prepared.held_out or not prepared.train:
        raise LookupError(
            f"no work in {folder} is held out to measure by: one in {corpus.HELD_OUT} is, "
            f"and {len(prepared.files)} files are too few"
        )
    clock.say(f"train for {budget_s:.0f} s")
    chosen = train.device_of(device)
    train.train(
        prepared, out, budget_s, seed,
        config=train.config_of(chosen, large=large), device=chosen, threads=threads,
    )  # fmt: skip
    clock.say("export")
    export.export(prepared, out, models, seed=seed)
    clock.say("index")
    index.make(folder, models)
    clock.say("bits of the held-out works")
    _measure(folder, out, models)
    clock.say("card")
    card.make(models)
    clock.say("done")
    return models


class _Clock:
    """Says what comes next, and how long the recipe has run."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def say(self, step: str) -> None:
        print(f"{time.monotonic() - self._began:6.0f} s  {step}", flush=True)


def add(commands: Any, seconds: Callable[[str], float], seed: int) -> None:
    """The commands ``recipe``, ``own`` and ``leaks``, to the workshop's door."""
    made = commands.add_parser("own", help="pack a corpus of scores that our own code makes")
    made.add_argument("--out", type=Path, required=True, help="folder for the archive")
    made.add_argument("--pieces", type=int, default=120)
    made.add_argument("--seed", type=int, default=seed)
    whole = commands.add_parser("recipe", help="data, train, export, index, bits, card in turn")
    whole.add_argument("--corpus", type=Path, required=True, help="folder of the archives")
    whole.add_argument("--out", type=Path, required=True, help="folder for the run and its models")
    whole.add_argument("--budget", type=seconds, default=seconds("40m"))
    whole.add_argument("--seed", type=int, default=seed)
    whole.add_argument("--threads", type=int, default=2)
    whole.add_argument("--device", choices=("cpu", "cuda"), help="a GPU where there is one")
    whole.add_argument("--large", action="store_true", help="the larger network")
    both = commands.add_parser("leaks", help="what stands on both sides of the split, as JSON")
    both.add_argument("--corpus", type=Path, required=True, help="folder of the archives")


def _own(given: argparse.Namespace) -> None:
    from engine.workshop import own

    print(own.make(given.out, given.pieces, given.seed))


def _leaks(given: argparse.Namespace) -> None:
    from engine.workshop import leaks

    print(msgspec.json.format(msgspec.json.encode(leaks.make(given.corpus)), indent=1).decode())


def _recipe(given: argparse.Namespace) -> None:
    print(
        make(
            given.corpus, given.out, given.budget, given.seed,
            device=given.device, large=given.large, threads=given.threads,
        )
    )  # fmt: skip


def _told(command: Callable[[argparse.Namespace], None]) -> Callable[[argparse.Namespace], None]:
    """The command, with what it refuses told in a line."""

    def run(given: argparse.Namespace) -> None:
        try:
            command(given)
        except (KeyError, IndexError):
            raise  # our own faults, which are lookup errors too
        except (EngineError, LookupError, ValueError, OSError) as error:
            raise SystemExit(f"workshop: {error}") from None

    return run


COMMANDS = {"own": _told(_own), "recipe": _told(_recipe), "leaks": _told(_leaks)}


def _show(report: dict[str, int]) -> None:
    for line, count in sorted(report.items()):
        print(f"{count:10d}  {line}", flush=True)


def _measure(folder: Path, out: Path, models: Path) -> None:
    """Bits per note of the held-out files by the network as exported, beside the weights."""
    from engine.workshop import bits, index

    kept = out / _HELD_OUT
    sides = {(row["corpus"], row["path"]): row["side"] for row in index.training_files(models)}
    for row in corpus.rows(folder, Counter()):
        if sides.get((row.corpus, row.path)) == "held out":
            file = kept / row.corpus / Path(row.path).name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(row.content)
    found = bits.measure(kept, models)
    (models / BITS).write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
    print(f"{found['bits_per_note']:10.3f}  bits per note of {found['notes']} held-out notes, "
          f"{found['baseline_bits_per_note']:.3f} by frequencies", flush=True)  # fmt: skip
