"""The workshop's door. ``recipe`` makes weights of a folder of corpora, all steps in turn; it,
``data``, ``train`` and ``export`` need torch, ``grooves``, ``index`` and ``leaks`` the corpora;
``bits``, ``originality`` and ``card`` need the committed weights alone."""

import argparse
import re
import sys
from pathlib import Path
from typing import Any

from engine.workshop import panel_door, recipe, report_door

SEED = 20261124
MODELS = Path("engine/models/composer")
PLANNER = Path("engine/models/planner")


def main() -> None:
    """Run one step of the workshop."""
    parser = argparse.ArgumentParser(prog="python -m engine.workshop", description=__doc__)
    commands = parser.add_subparsers(required=True, dest="command", metavar="command")
    for name, what in (
        ("data", "read the corpora and say what was taken and what was left"),
        ("train", "train a network for a budget; resumes what was stopped"),
        ("export", "write the composer as ONNX with its manifest"),
    ):
        command = commands.add_parser(name, help=what)
        if name == "train":
            command.add_argument("what", choices=("planner", "composer", "critics"))
            _add_training(command)
        command.add_argument("--corpus", type=Path, required=True, help="folder of the archives")
        command.add_argument("--out", type=Path, required=True, help="folder for the run")
        command.add_argument("--seed", type=int, default=SEED)
        command.add_argument("--models", type=Path, default=MODELS)
    command = commands.add_parser("compare", help="what the score's features are worth, in bits")
    command.add_argument("--corpus", type=Path, required=True, help="folder of the archives")
    command.add_argument("--out", type=Path, required=True, help="folder for the runs")
    command.add_argument("--seed", type=int, default=SEED)
    command.add_argument("--models", type=Path, default=MODELS)
    _add_training(command, budget="20m")
    command = commands.add_parser("grooves", help="measure drummers for the arranger")
    command.add_argument("--corpus", type=Path, required=True, help="folder of the archives")
    command.add_argument("--out", type=Path, default=Path("engine/arrange/feel/grooves.json"))
    _add_measures(commands)
    panel_door.add(commands, seconds, SEED)
    report_door.add(commands, SEED)
    recipe.add(commands, seconds, SEED)
    given = parser.parse_args()
    if given.command in _MEASURES:
        sys.exit(_measured(given))
    if given.command in panel_door.COMMANDS:
        panel_door.COMMANDS[given.command](given)
        return
    if given.command in recipe.COMMANDS:
        recipe.COMMANDS[given.command](given)
        return
    if given.command in report_door.COMMANDS:
        report_door.COMMANDS[given.command](given)
        return
    if given.command == "grooves":
        from engine.workshop import grooves

        grooves.make(given.corpus, given.out)
        return
    _worked(given)


def _add_training(command: Any, budget: str = "40m") -> None:
    command.add_argument("--budget", type=seconds, default=seconds(budget))
    command.add_argument("--threads", type=int, default=2)
    command.add_argument("--device", choices=("cpu", "cuda"), help="a GPU where there is one")
    command.add_argument("--large", action="store_true", help="the larger network")


def _worked(given: argparse.Namespace) -> None:
    """The commands that need torch and the corpora."""
    if given.command == "train" and given.what != "composer":
        _TRAININGS[given.what](given)
        return
    given.out.mkdir(parents=True, exist_ok=True)
    from engine.workshop import comparison, export, sheaf, train

    prepared = sheaf.prepare(given.corpus, given.out / "windows.npz", given.seed)
    if given.command == "data":
        for line, count in sorted(prepared.report.items()):
            print(f"{count:6d}  {line}")
        steps = sum(len(window.codes) for window in prepared.train)
        print(f"{len(prepared.train)} windows, {steps} steps to train on")
    elif given.command == "train":
        device = train.device_of(given.device)
        train.train(
            prepared, given.out, given.budget, given.seed, device=device, threads=given.threads,
            config=train.config_of(device, large=given.large),
        )  # fmt: skip
    elif given.command == "compare":
        comparison.compare(prepared, given.out, given.models, given.budget, given.seed,
                           device=train.device_of(given.device), threads=given.threads)  # fmt: skip
    else:
        export.export(prepared, given.out, given.models, seed=given.seed)


def _train_planner(given: argparse.Namespace) -> None:
    from engine.workshop import planner

    print(planner.train(given.corpus, PLANNER, given.seed))


_TRAININGS = {"planner": _train_planner, "critics": panel_door.critics}


def _add_measures(commands: Any) -> None:
    bits = commands.add_parser("bits", help="bits per note of a folder of MIDI files, as JSON")
    bits.add_argument("folder", type=Path)
    bits.add_argument("--out", type=Path, help="a file for the JSON; stdout otherwise")
    index = commands.add_parser("index", help="index what the weights were trained on")
    index.add_argument("--corpus", type=Path, required=True, help="folder of the archives")
    originality = commands.add_parser("originality", help="what composed pieces quote")
    originality.add_argument("--pieces", type=int, default=500)
    originality.add_argument("--seed", type=int, default=SEED)
    card = commands.add_parser("card", help="write the model card from the manifest")
    for command in (bits, index, originality, card):
        command.add_argument("--models", type=Path, default=MODELS)


def _bits(given: argparse.Namespace) -> Any:
    from engine.workshop import bits

    return bits.measure(given.folder, given.models)


def _index(given: argparse.Namespace) -> Any:
    from engine.workshop import index

    return index.make(given.corpus, given.models)


def _originality(given: argparse.Namespace) -> Any:
    from engine.workshop import originality

    return originality.make(given.pieces, given.seed, given.models)


def _card(given: argparse.Namespace) -> Any:
    from engine.workshop import card

    return {"card": str(card.make(given.models))}


_MEASURES = {"bits": _bits, "index": _index, "originality": _originality, "card": _card}


def _measured(given: argparse.Namespace) -> int:
    """Run one of the commands that answer in JSON; 2 when it was refused."""
    import msgspec

    from engine.errors import EngineError

    try:
        found = _MEASURES[given.command](given)
    except (EngineError, OSError, LookupError) as error:
        print(f"workshop: {error}", file=sys.stderr)
        return 2
    body = msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n"
    out = getattr(given, "out", None)
    if out is None:
        sys.stdout.buffer.write(body)
    else:
        out.write_bytes(body)
        print(f"written to {out}")
    return 0


def seconds(text: str) -> float:
    """ "95m", "2h", "30s" → seconds."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if found is None:
        raise argparse.ArgumentTypeError("a budget reads like 95m, 2h or 30s")
    return float(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2]]


if __name__ == "__main__":
    main()
