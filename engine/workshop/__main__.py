"""The workshop's door: ``data``, ``train``, ``export`` need torch, ``grooves`` does not; nothing
that serves needs any of them."""

import argparse
import re
from pathlib import Path

SEED = 20261124


def main() -> None:
    """Run one step of the workshop."""
    parser = argparse.ArgumentParser(prog="python -m engine.workshop", description=__doc__)
    commands = parser.add_subparsers(required=True, dest="command", metavar="command")
    for name, what in (
        ("data", "read the corpora and say what was taken and what was left"),
        ("train", "train the composer for a budget; resumes what was stopped"),
        ("export", "write the network as ONNX with its manifest"),
    ):
        command = commands.add_parser(name, help=what)
        command.add_argument("--corpus", type=Path, required=True, help="folder of the archives")
        command.add_argument("--out", type=Path, required=True, help="folder for the run")
        command.add_argument("--seed", type=int, default=SEED)
        command.add_argument("--budget", type=seconds, default=seconds("40m"))
        command.add_argument("--threads", type=int, default=2)
        command.add_argument("--models", type=Path, default=Path("engine/models/composer"))
    command = commands.add_parser("grooves", help="measure drummers for the arranger")
    command.add_argument("--corpus", type=Path, required=True, help="folder of the archives")
    command.add_argument("--out", type=Path, default=Path("engine/arrange/feel/grooves.json"))
    given = parser.parse_args()
    if given.command == "grooves":
        from engine.workshop import grooves

        grooves.make(given.corpus, given.out)
        return
    given.out.mkdir(parents=True, exist_ok=True)
    from engine.workshop import export, train

    sheaf = train.prepare(given.corpus, given.out / "windows.npz", given.seed)
    if given.command == "data":
        for line, count in sorted(sheaf.report.items()):
            print(f"{count:6d}  {line}")
        steps = sum(len(window.codes) for window in sheaf.train)
        print(f"{len(sheaf.train)} windows, {steps} steps to train on")
    elif given.command == "train":
        train.train(sheaf, given.out, given.budget, given.seed, given.threads)
    else:
        export.export(sheaf, given.out, given.models, budget_s=given.budget, seed=given.seed)


def seconds(text: str) -> float:
    """ "95m", "2h", "30s" → seconds."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if found is None:
        raise argparse.ArgumentTypeError("a budget reads like 95m, 2h or 30s")
    return float(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2]]


if __name__ == "__main__":
    main()
