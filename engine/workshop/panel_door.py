"""The command of the panel: ``critics`` trains the critic of bars and fits the judge."""

import argparse
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from engine.compose.composer import Composer
from engine.workshop.excerpts import Excerpt, excerpts, halves

CRITICS = Path("engine/models/critics")
TRAIN_PIECES, TEST_PIECES = 1800, 300  # that the model writes for the critic


def add(commands: Any, seconds: Any, seed: int) -> None:
    """Name the command and what it needs."""
    critics = commands.add_parser("critics", help="train the critic of bars and fit the judge")
    critics.add_argument("--budget", type=seconds, default=seconds("12m"))
    critics.add_argument("--threads", type=int, default=1)
    critics.add_argument("--corpus", type=Path, required=True, help="folder of the archives")
    critics.add_argument("--out", type=Path, required=True, help="folder for the run")
    critics.add_argument("--seed", type=int, default=seed)
    critics.add_argument("--critics", type=Path, default=CRITICS)


def critics(given: argparse.Namespace) -> None:
    """Make the examples, train, measure on works never trained on, export, fit the judge."""
    from engine.workshop import arms, critic_export, examples, judge
    from engine.workshop import critics as bars

    composer = Composer()
    trained, judged, held_out = _sides(given)
    taught = examples.examples_of(trained, composer, TRAIN_PIECES, given.seed)
    model = bars.train(taught, given.out, given.budget, given.seed, given.threads)
    tested = examples.examples_of(held_out, composer, TEST_PIECES, given.seed + 1)
    given.critics.mkdir(parents=True, exist_ok=True)
    judge.write(arms.judge_of(judged, composer, given.seed + 2), given.critics / "judge.json")
    facts = {
        "seed": given.seed,
        "budget_s": given.budget,
        "bars": {
            name: np.bincount(some.labels, minlength=3).tolist()
            for name, some in (("train", taught), ("held out", tested))
        },
    }
    manifest = critic_export.export(model, tested, given.critics, facts, composer)
    print(msgspec.json.format(msgspec.json.encode(manifest["auc"]), indent=1).decode())


COMMANDS = {"critics": critics}


def _sides(given: argparse.Namespace) -> tuple[list[Excerpt], list[Excerpt], list[Excerpt]]:
    """Excerpts for the critic, for the judge, and of works that nobody learns from."""
    from engine.workshop import train

    given.out.mkdir(parents=True, exist_ok=True)
    sheaf = train.prepare(given.corpus, given.out / "windows.npz", given.seed)
    sides = halves(sheaf.train)
    held_out = [window for name in sorted(sheaf.held_out) for window in sheaf.held_out[name]]
    return excerpts(sides["critic"]), excerpts(sides["judge"]), excerpts(held_out)
