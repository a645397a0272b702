"""The studio's own door, without HTTP or money.

``python -m engine compose`` writes candidates into a folder, with no database and no key;
``python -m engine plan`` prints the plans of a brief, to be edited and put into its "plan";
``python -m engine family`` writes the sounds of a car into a folder;
``python -m engine studio`` serves the queue; ``python -m engine sounds`` finds or fetches a bank;
``python -m engine warm`` compiles the loops that play and master, once for a machine;
``python -m engine marks`` makes and reads content credentials;
``python -m engine report`` measures what is promised.
"""

import argparse
import asyncio
import os
import sys
import time
from pathlib import Path
from typing import get_args

import msgspec

from engine.contracts import (
    Brief,
    RenditionOrder,
    Resolved,
    RetractedTake,
    SoundFormat,
    Version,
)
from engine.errors import BriefRefused, EngineError
from engine.studio.family_shell import add_family


def main(arguments: list[str] | None = None) -> int:
    """Run one of the studio's commands; 0 when it did what was asked, 2 when it was refused."""
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        return given.run(given)
    except BriefRefused as refused:
        for reason in refused.reasons:
            print(f"{reason.pointer}: {reason.detail}", file=sys.stderr)
        return 2
    except (EngineError, msgspec.ValidationError, msgspec.DecodeError, OSError) as error:
        print(f"cuesmith: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m engine", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    _add_compose(commands)
    plan = commands.add_parser("plan", help="print the plans that a brief would be composed from")
    plan.add_argument("--brief", type=Path, required=True, help=_BRIEF)
    plan.add_argument("--out", type=Path, help="a file for the plans; stdout otherwise")
    plan.set_defaults(run=_plan)
    add_family(commands)
    studio = commands.add_parser("studio", help="serve the queue named by DATABASE_URL")
    studio.set_defaults(run=_studio)
    sounds = commands.add_parser("sounds", help="which instrument bank plays; the sounds of ours")
    sounds.add_argument("action", choices=["status", "fetch", "list"])
    sounds.set_defaults(run=_sounds)
    warm = commands.add_parser("warm", help="compile the loops of render and master beforehand")
    warm.set_defaults(run=_warm)
    marks = commands.add_parser("marks", help="content credentials: who signs, what a file says")
    marks.add_argument("action", choices=["create", "read"])
    marks.add_argument("file", type=Path, help="a PEM file to make, or a sound to read")
    marks.add_argument("--roots", type=Path, help="PEM certificates of those you trust")
    marks.set_defaults(run=_marks)
    _add_report(commands)
    return parser


_BRIEF = "a brief as JSON; - for stdin"


def _add_compose(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    compose = commands.add_parser(
        "compose",
        help="make the candidates of one brief",
        description="Writes candidate-1.wav, .mid and .json, and so on. A brief with a plan keeps "
        "to it; the seed that is printed makes the same music again.",
    )
    compose.add_argument("--brief", type=Path, required=True, help=_BRIEF)
    compose.add_argument("--out", type=Path, required=True, help="a folder for the candidates")
    compose.add_argument("--bank", help="a sound font, or 'builtin'; found by itself otherwise")
    compose.add_argument("--pictures", action="store_true", help="draw rolls and spectrograms")
    compose.add_argument(
        "--layers",
        action="store_true",
        help="the intensities of a game too: candidate-1.layer-1.wav and .mid (calmest) upward",
    )
    compose.add_argument(
        "--cuts",
        type=_lengths,
        default=(),
        metavar="SECONDS",
        help="cut-downs of a bed too: 30,15 writes candidate-1.cut-30s.wav, …cut-15s.wav, MIDI",
    )
    compose.add_argument(
        "--versions",
        type=_names,
        default=(),
        metavar="NAMES",
        help=f"other versions too, with commas between: {', '.join(get_args(Version))}",
    )
    compose.add_argument(
        "--format",
        choices=get_args(SoundFormat),
        default="wav",
        help="of the versions; the candidate itself is a WAV",
    )
    compose.set_defaults(run=_compose)


def _lengths(text: str) -> tuple[int, ...]:
    """``30,15`` in milliseconds."""
    return tuple(round(float(one) * 1000) for one in text.split(","))


def _names(text: str) -> tuple[str, ...]:
    """``sting,layers``; refuses a version that there is not."""
    names = tuple(text.split(","))
    if unknown := [name for name in names if name not in get_args(Version)]:
        raise argparse.ArgumentTypeError(
            f"no version {', '.join(unknown)}; there are {', '.join(get_args(Version))}"
        )
    return names


def _asked(given: argparse.Namespace) -> tuple[Resolved, int]:
    """The brief that was given, resolved, and its seed."""
    from engine.words import resolve

    text = sys.stdin.buffer.read() if str(given.brief) == "-" else given.brief.read_bytes()
    brief = msgspec.json.decode(text, type=Brief)
    seed = brief.seed if brief.seed is not None else int.from_bytes(os.urandom(6), "big")
    return resolve(brief, seed), seed


def _plan(given: argparse.Namespace) -> int:
    from engine.studio.session import outlines

    resolved, seed = _asked(given)
    plans = {"seed": seed, "plans": outlines(resolved, seed)}
    body = msgspec.json.format(msgspec.json.encode(plans), indent=1) + b"\n"
    if given.out is None:
        sys.stdout.buffer.write(body)
        return 0
    given.out.write_bytes(body)
    print(f"{len(plans['plans'])} plans in {given.out}, seed {seed}")
    return 0


def _compose(given: argparse.Namespace) -> int:
    from engine.compose.composer import Composer
    from engine.critique.originality import packaged
    from engine.queue.contracts import Progress
    from engine.queue.events import Told
    from engine.render.banks import find
    from engine.studio.rooms import Rooms
    from engine.studio.session import perform

    resolved, seed = _asked(given)
    given.out.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    models = os.environ.get("CUESMITH_MODELS")
    rooms = Rooms(
        composer=Composer(Path(models) if models else None),
        bank=find(given.bank or os.environ.get("CUESMITH_BANK")),
        training=packaged(Path(models)) if models else packaged(),
    )
    print(f"{resolved.kind} in {resolved.style}, {resolved.duration_ms / 1000:g} s, seed {seed}, "
          f"played by {rooms.bank.name}")  # fmt: skip
    if resolved.ignored:
        print(f"not understood: {', '.join(resolved.ignored)}")
    written = 0

    def tell(said: Progress | Told) -> None:
        if isinstance(said, Progress):
            at = f"{said.step} {said.done}/{said.total}"
            print(f"\r{time.perf_counter() - began:6.1f} s  {at}   ", end="", flush=True)

    for outcome in perform(
        resolved, seed, rooms,
        label=lambda number: f"candidate-{number}", tell=tell,
    ):  # fmt: skip
        if isinstance(outcome, RetractedTake):
            print(f"\rtake {outcome.take} retracted: {outcome.reason}")
            continue
        written += 1
        _write_candidate(given.out, outcome, pictures=given.pictures)
        _write_versions(given, resolved, outcome, rooms)
        made = outcome.made
        print(f"\rcandidate {made.number}: rating {made.rating:.2f}, {made.plan.texture}, "
              f"{_checks(made.measured)}")  # fmt: skip
    print(f"{written} of {resolved.candidates} candidates in {given.out} "
          f"after {time.perf_counter() - began:.1f} s")  # fmt: skip
    return 0 if written == resolved.candidates else 1


def _write_versions(given: argparse.Namespace, resolved: Resolved, offered, rooms) -> None:
    """Versions beside their candidate; one that cannot be is said and left out."""
    from engine.studio import renditions
    from engine.studio.manuscript import manuscript

    stem = given.out / f"candidate-{offered.made.number}"
    for order in _orders(given):
        try:
            for piece in renditions.played(manuscript(offered.take), resolved, order, rooms):
                for name, content in piece.named():
                    Path(f"{stem}.{name}").write_bytes(content)
        except EngineError as refused:
            number = offered.made.number
            print(f"\rno {order.version} of candidate {number}: {refused}", file=sys.stderr)


def _orders(given: argparse.Namespace) -> list[RenditionOrder]:
    """The versions that were asked for beside the master."""
    names = [*(["layers"] if given.layers else []), *given.versions]
    cuts = [RenditionOrder(version="cut", duration_ms=ms, format=given.format) for ms in given.cuts]
    wanted = [msgspec.convert({"version": one, "format": given.format}, RenditionOrder)
              for one in names]  # fmt: skip
    return [*wanted, *cuts]


def _write_candidate(folder: Path, offered, *, pictures: bool) -> None:
    stem = folder / f"candidate-{offered.made.number}"
    stem.with_suffix(".wav").write_bytes(offered.master)
    stem.with_suffix(".mid").write_bytes(offered.midi)
    body = msgspec.json.format(msgspec.json.encode(offered.made), indent=1)
    stem.with_suffix(".json").write_bytes(body)
    if offered.stems:
        stems = folder / f"{stem.name}.stems"
        stems.mkdir(exist_ok=True)
        for name, content in offered.stems.items():
            (stems / f"{name}.wav").write_bytes(content)
    if pictures:
        from engine.studio.pictures import draw

        draw(offered, stem.with_suffix(".png"))


def _checks(measured) -> str:
    broken = [one.name for one in measured if not one.passed]
    return f"not met: {', '.join(broken)}" if broken else "every constraint met"


def _studio(given: argparse.Namespace) -> int:
    from engine.settings import SettingMissing, read
    from engine.studio.watching import log_as_json
    from engine.studio.worker import serve

    log_as_json()
    try:
        code = asyncio.run(serve(read()))
    except SettingMissing as missing:
        print(f"cuesmith: {missing}", file=sys.stderr)
        return 2
    if code:
        # What held a device that is gone may never let go of it, or bring the process down in its
        # own way while it tries; whoever keeps this process must see the code.
        sys.stdout.flush()
        os._exit(code)
    return 0


def _warm(_: argparse.Namespace) -> int:
    import engine.studio.worker  # noqa: F401 - it imports every room that has loops
    from engine.sound import compiled

    print(f"{compiled.ready()} loops are ready")
    return 0


def _marks(given: argparse.Namespace) -> int:
    from engine.marks import content, credentials

    if given.action == "create":
        made = credentials.create(given.file)
        root = given.file.with_suffix(".root.pem")
        root.write_bytes(made.root)
        print(f"{given.file} signs as {made.name}; whoever checks trusts {root}")
        return 0
    roots = given.roots.read_bytes() if given.roots else b""
    kind = content.TYPES.get(given.file.suffix.lower())
    if kind is None:
        print(f"read one of {', '.join(content.TYPES)}", file=sys.stderr)
        return 2
    sidecar = given.file.with_suffix(f".{content.SIDECAR}")
    beside = sidecar.read_bytes() if kind in content.BESIDE and sidecar.is_file() else None
    found = content.read(given.file, kind, roots=roots, beside=beside)
    print(msgspec.json.format(msgspec.json.encode(found), indent=1).decode())
    return 0 if found.state != "Invalid" else 1


def _sounds(given: argparse.Namespace) -> int:
    from engine.render.banks import fetch, find

    if given.action == "list":
        _list_sounds()
    if given.action == "fetch":
        bank = fetch(lambda line: print(line, flush=True))
    else:
        bank = find(os.environ.get("CUESMITH_BANK"))
    print(f"{bank.name} ({bank.kind}, {bank.licence}) {bank.digest[:12]}")
    return 0


def _list_sounds() -> None:
    """Every patch and kit of ours with its licence, one a line; the bank's line follows."""
    from engine.render.sounds import rows

    for one in rows():
        print(f"{one.name:16} {one.kind:6} {one.called:26} {one.source}, {one.licence}: {one.made}")


def _add_report(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    report = commands.add_parser("report", help="measure what is promised, on what is written")
    report.add_argument("what", choices=["arrangement", "briefs"])
    report.add_argument("--briefs", type=int, default=200, help="how many random briefs")
    report.add_argument("--seed", type=int, default=1, help="of the random briefs")
    report.add_argument("--waves", type=int, default=12, help="how many of them are listened to")
    report.add_argument("--out", type=Path, help="a page for arrangement, a folder for briefs")
    report.set_defaults(run=_report)


def _report(given: argparse.Namespace) -> int:
    if given.what == "briefs":
        from engine.reports import gallery

        return gallery.write(given.out or Path("out/briefs"))
    from engine.reports import arrangement

    out = given.out or Path("deploy/reports/arrangement.md")
    return arrangement.write(given.briefs, given.seed, given.waves, out)


if __name__ == "__main__":
    sys.exit(main())
