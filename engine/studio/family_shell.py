"""``python -m engine family``: a brief of a cabin's sounds in, a folder for each candidate out."""

import argparse
import os
import sys
import time
from pathlib import Path

import msgspec

from engine.contracts import FamilyBrief, ResolvedFamily, RetractedTake

HELP = "a family's brief as JSON; - for stdin"


def add_family(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command and what it takes."""
    family = commands.add_parser(
        "family",
        help="make the sounds of a car: one motif, one character, many functions",
        description="Writes candidate-1/welcome.wav and so on, a mono file beside each that has "
        "more channels, and candidate-1/family.json with everything that was measured.",
    )
    family.add_argument("--brief", type=Path, required=True, help=HELP)
    family.add_argument("--out", type=Path, required=True, help="a folder for the candidates")
    family.add_argument("--pictures", action="store_true", help="draw every sound on one sheet")
    family.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """0 when as many candidates were written as asked for, 1 when there are fewer."""
    from engine.studio.family import perform_family

    resolved = _asked(given)
    began = time.perf_counter()
    given.out.mkdir(parents=True, exist_ok=True)
    print(f"{len(resolved.functions)} sounds in {resolved.tonic}, "
          f"{resolved.duration_ms / 1000:g} s, seed {resolved.seed}")  # fmt: skip
    written = 0
    for outcome in perform_family(resolved, tell=lambda _: None):
        if isinstance(outcome, RetractedTake):
            print(f"take {outcome.take} retracted: {outcome.reason}", flush=True)
            continue
        written += 1
        _write(given.out, outcome, pictures=given.pictures)
        made = outcome.made
        print(f"candidate {made.number}: rating {made.rating:.2f}, "
              f"{made.character['table_name']}, {_checks(made)}", flush=True)  # fmt: skip
    print(f"{written} of {resolved.candidates} candidates in {given.out} "
          f"after {time.perf_counter() - began:.1f} s")  # fmt: skip
    return 0 if written == resolved.candidates else 1


def _asked(given: argparse.Namespace) -> ResolvedFamily:
    from engine.words.family import resolve_family

    text = sys.stdin.buffer.read() if str(given.brief) == "-" else given.brief.read_bytes()
    brief = msgspec.json.decode(text, type=FamilyBrief)
    seed = brief.seed if brief.seed is not None else int.from_bytes(os.urandom(6), "big")
    return resolve_family(brief, seed)


def _write(out: Path, offered, *, pictures: bool) -> None:
    folder = out / f"candidate-{offered.made.number}"
    folder.mkdir(exist_ok=True)
    for name, content in offered.sounds.items():
        (folder / f"{name}.wav").write_bytes(content)
    body = msgspec.json.format(msgspec.json.encode(offered.made), indent=1)
    (folder / "family.json").write_bytes(body + b"\n")
    if pictures:
        from engine.studio.family_pictures import draw_family

        draw_family(offered, folder / "family.png")


def _checks(made) -> str:
    broken = [
        f"{one.name} {found.name}"
        for one in made.members
        for found in one.measured
        if not found.passed
    ]
    broken += [found.name for found in made.measured if not found.passed]
    return f"not met: {', '.join(broken)}" if broken else "every constraint met"
