"""The commands of the panel: ``critics`` trains the critic of bars and fits the judge, ``arms``
sets ways of using them against each other."""

import argparse
import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from engine.compose.composer import Composer
from engine.critique.trained import TrainedCritic
from engine.workshop.excerpts import BARS, Excerpt, excerpts, halves

CRITICS = Path("engine/models/critics")
REPORT = Path("deploy/reports/panel.md")
MEANING = "\n## What it means\n"
TRAIN_PIECES, TEST_PIECES = 1800, 300  # that the model writes for the critic


def add(commands: Any, seconds: Any, seed: int) -> None:
    """Name the commands and what they need."""
    critics = commands.add_parser("critics", help="train the critic of bars and fit the judge")
    critics.add_argument("--budget", type=seconds, default=seconds("12m"))
    critics.add_argument("--threads", type=int, default=1)
    arms = commands.add_parser("arms", help="what the panel is worth, as a table")
    arms.add_argument("--pieces", type=int, default=200)
    arms.add_argument("--bars", type=int, choices=(BARS,), default=BARS)
    arms.add_argument("--report", type=Path, default=REPORT)
    for command in (critics, arms):
        command.add_argument("--corpus", type=Path, required=True, help="folder of the archives")
        command.add_argument("--out", type=Path, required=True, help="folder for the run")
        command.add_argument("--seed", type=int, default=seed)
        command.add_argument("--critics", type=Path, default=CRITICS)


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


def compare(given: argparse.Namespace) -> None:
    """Write the table of the arms."""
    from engine.workshop import arms, arms_report, judge

    composer, critic = Composer(), TrainedCritic(given.critics)
    judged = judge.read(given.critics / "judge.json")
    held_out = _sides(given)[2]
    spread = np.random.default_rng(given.seed).permutation(len(held_out))
    chosen = [held_out[at] for at in spread]
    used, kept = chosen[: given.pieces], chosen[given.pieces :][: arms.TUNED_ON]
    if len(used) < given.pieces or not kept:
        raise SystemExit(f"only {len(held_out)} excerpts are held out: ask for fewer pieces")
    pairs = arms.against_rules(composer, judged, given.pieces, given.seed)
    rows = arms.compared(
        arms.arms_of(composer, critic), judged, [one.plan for one in kept],
        [one.plan for one in used], given.seed,
    )  # fmt: skip
    facts = {
        "command": f"python -m engine.workshop arms --pieces {given.pieces} --bars {given.bars}",
        "composer": composer.digest[:16],
        "critic": critic.digest[:16],
        "pieces": str(given.pieces),
        "tuned": str(len(kept)),
        "temperatures": ", ".join(f"{one:g}" for one in arms.TEMPERATURES),
    }
    auc = json.loads((given.critics / "manifest.json").read_text())["auc"]
    people = arms.people(judged, used)
    meaning = _meaning(given.report)
    given.report.write_text(arms_report.page(rows, people, pairs, facts, auc) + meaning)


def _meaning(report: Path) -> str:
    """What a person wrote under the tables of an earlier run; figures change, this is kept."""
    before = report.read_text() if report.exists() else ""
    _, mark, rest = before.partition(MEANING)
    return mark + rest


COMMANDS = {"critics": critics, "arms": compare}


def _sides(given: argparse.Namespace) -> tuple[list[Excerpt], list[Excerpt], list[Excerpt]]:
    """Excerpts for the critic, for the judge, and of works that nobody learns from."""
    from engine.workshop import train

    given.out.mkdir(parents=True, exist_ok=True)
    sheaf = train.prepare(given.corpus, given.out / "windows.npz", given.seed)
    sides = halves(sheaf.train)
    held_out = [window for name in sorted(sheaf.held_out) for window in sheaf.held_out[name]]
    return excerpts(sides["critic"]), excerpts(sides["judge"]), excerpts(held_out)
