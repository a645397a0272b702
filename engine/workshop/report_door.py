"""The commands of the report: ``report`` measures the committed weights and prints the page,
``rolls`` draws candidates from plain sampling and from the panel side by side."""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

MODELS, CRITICS = Path("engine/models/composer"), Path("engine/models/critics")
PAGE = Path("deploy/reports/score-model.md")
MOST_WORKERS = 16


def add(commands: Any, seed: int) -> None:
    """Name the commands and what they need."""
    report = commands.add_parser("report", help="what the committed weights are worth, as a page")
    report.add_argument("--corpus", type=Path, help="folder of the archives; CORPUS otherwise")
    report.add_argument("--only", default="", help="sections, by commas; all otherwise")
    report.add_argument("--again", action="store_true", help="measure what is up to date as well")
    report.add_argument("--quick", action="store_true", help="a few pieces, into another folder")
    report.add_argument("--workers", type=int, default=2, choices=range(1, MOST_WORKERS + 1))
    report.add_argument("--out", type=Path, help=f"the page; {PAGE} otherwise")
    rolls = commands.add_parser("rolls", help="plain sampling and the panel, side by side, as PNG")
    rolls.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    for command in (report, rolls):
        command.add_argument("--seed", type=int, default=seed)
        command.add_argument("--models", type=Path, default=MODELS)
        command.add_argument("--critics", type=Path, default=CRITICS)


def report(given: argparse.Namespace) -> None:
    """Measure what is asked for and print the whole page; leaves with 1 if a section is stale.

    Without a corpus it measures what needs none. A quick report is written to a folder of its own.
    """
    from engine.errors import EngineError
    from engine.workshop import report as reporting
    from engine.workshop.report_sections import QUICK, WHOLE, Bench

    page = given.out or (Path(tempfile.mkdtemp()) / PAGE.name if given.quick else PAGE)
    named = given.corpus or os.environ.get("CORPUS")
    bench = Bench(
        models=given.models, critics=given.critics, corpus=Path(named) if named else None,
        seed=given.seed, workers=given.workers, sizes=QUICK if given.quick else WHOLE,
    )  # fmt: skip
    names = [one.strip() for one in given.only.split(",") if one.strip()]
    try:
        left = reporting.measured(bench, page, names, again=given.again)
    except (EngineError, OSError, LookupError) as error:
        print(f"workshop: {error}", file=sys.stderr)
        sys.exit(2)
    print(page.read_text(), end="")
    if left:
        print(f"not measured on these weights: {', '.join(left)}", file=sys.stderr)
        sys.exit(1)


def rolls(given: argparse.Namespace) -> None:
    """Draw them, and say what was taken back."""
    from engine.errors import EngineError
    from engine.workshop import rolls as drawing

    try:
        drawing.make(given.out, given.seed, given.models, given.critics)
    except (EngineError, OSError) as error:
        print(f"workshop: {error}", file=sys.stderr)
        sys.exit(2)


COMMANDS = {"report": report, "rolls": rolls}
