"""The command of the panel: ``critics`` trains the critic of bars, fits judge and ranker."""

import argparse
from pathlib import Path
from typing import Any

import msgspec

CRITICS = Path("engine/models/critics")
SAMPLING_S = 780.0  # that the model writes for critic, judge and ranker


def add(commands: Any, seconds: Any, seed: int) -> None:
    """Name the command and what it needs."""
    critics = commands.add_parser("critics", help="train the critic of bars, fit judge and ranker")
    critics.add_argument("--budget", type=seconds, default=seconds("12m"))
    critics.add_argument("--sampling", type=seconds, default=SAMPLING_S)
    critics.add_argument("--threads", type=int, default=1)
    critics.add_argument("--corpus", type=Path, required=True, help="folder of the archives")
    critics.add_argument("--out", type=Path, required=True, help="folder for the run")
    critics.add_argument("--seed", type=int, default=seed)
    critics.add_argument("--critics", type=Path, default=CRITICS)


def critics(given: argparse.Namespace) -> None:
    """Train, measure on works never trained on, export, fit judge and ranker."""
    from engine.workshop.critics import Order, train

    order = Order(
        corpus=given.corpus, out=given.out, critics=getattr(given, "critics", CRITICS),
        budget_s=given.budget, seed=given.seed, threads=given.threads,
        sampling_s=getattr(given, "sampling", SAMPLING_S),
    )  # fmt: skip
    manifest = train(order)
    print(msgspec.json.format(msgspec.json.encode(manifest["auc"]), indent=1).decode())


COMMANDS = {"critics": critics}
