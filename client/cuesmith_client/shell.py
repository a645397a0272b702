"""``cuesmith-client``: a brief from the command line, with a bar that moves.

``CUESMITH_URL`` and ``CUESMITH_KEY`` say where and who.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

import msgspec

from cuesmith_client import batch_shell
from cuesmith_client.client import Cuesmith
from cuesmith_client.errors import CuesmithError
from cuesmith_client.events import Event
from cuesmith_client.things import CandidateLine

BAR = 24


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 when it did what was asked, 1 when less came, 2 when it was refused."""
    given = _parser().parse_args(arguments)
    if not given.url or not given.key:
        print("set CUESMITH_URL and CUESMITH_KEY, or give --url and --key", file=sys.stderr)
        return 2
    try:
        with Cuesmith(given.url, given.key) as cuesmith:
            return given.run(cuesmith, given)
    except (CuesmithError, OSError, msgspec.DecodeError) as error:
        print(f"cuesmith-client: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cuesmith-client", description=__doc__)
    parser.add_argument("--url", default=os.environ.get("CUESMITH_URL"))
    parser.add_argument("--key", default=os.environ.get("CUESMITH_KEY"))
    commands = parser.add_subparsers(required=True, metavar="command")
    brief = commands.add_parser("brief", help="have music made, and fetch what can be heard of it")
    _add_brief(brief)
    brief.add_argument("--out", type=Path, default=Path("out"), help="a folder; `out` otherwise")
    brief.set_defaults(run=_brief)
    quote = commands.add_parser("quote", help="what a brief would cost; charges nothing")
    _add_brief(quote)
    quote.set_defaults(run=_quote)
    pick = commands.add_parser("pick", help="license a candidate and download its master")
    pick.add_argument("candidate")
    pick.add_argument("--out", type=Path, default=Path("out"))
    pick.add_argument("--profile", help="an archive for unity, godot, wwise, fmod, … as well")
    pick.set_defaults(run=_pick)
    batch_shell.add(commands)
    balance = commands.add_parser("balance", help="how many tokens there are")
    balance.set_defaults(run=_balance)
    return parser


def _add_brief(command: argparse.ArgumentParser) -> None:
    command.add_argument("prompt", nargs="?", help="what the music is for, in words")
    command.add_argument("--file", type=Path, help="a brief as JSON; words given here win")


def _fields(given: argparse.Namespace) -> dict[str, Any]:
    fields = msgspec.json.decode(given.file.read_bytes(), type=dict) if given.file else {}
    return fields | ({"prompt": given.prompt} if given.prompt else {})


def _brief(cuesmith: Cuesmith, given: argparse.Namespace) -> int:
    brief = cuesmith.send(**_fields(given))
    print(f"{brief.id}: {brief.view.resolved['kind']} in {brief.view.resolved['style']}, "
          f"{brief.view.tokens.quoted} tokens set aside")  # fmt: skip
    for event in brief.events():
        _show(event)
    brief.read()
    print(f"\r{brief.view.status}: {brief.view.tokens.captured} tokens spent, "
          f"{brief.view.tokens.released} given back".ljust(72))  # fmt: skip
    given.out.mkdir(parents=True, exist_ok=True)
    for line in brief.candidates:
        file = given.out / f"candidate-{line.number}.mp3"
        print(_told(line, cuesmith.audition(line.id, file)))
    if brief.view.failure is not None:
        print(brief.view.failure.detail, file=sys.stderr)
    return 0 if brief.view.status == "succeeded" else 1


def _show(event: Event) -> None:
    """The bar as it stands, or a line for what it cannot show."""
    facts = event.facts
    if event.type == "progress":
        step, done, total = facts.get("step", ""), facts.get("done", 0), facts.get("total", 0)
        full = round(BAR * done / total) if total else 0
        print(f"\r{'█' * full}{'░' * (BAR - full)} {step} {done}/{total}".ljust(72), end="",
              flush=True)  # fmt: skip
    elif event.type == "bars.written":
        takes = facts.get("takes", [])
        print("\r" + " ".join(_share(one) for one in takes)[:72].ljust(72), end="", flush=True)
    elif event.type == "take.retracted":
        print(f"\rtake {facts.get('take')} retracted: {facts.get('reason')}".ljust(72))


def _share(take: dict[str, Any]) -> str:
    return f"take {take.get('take')}: {take.get('bars')}/{take.get('of')} bars"


def _told(line: CandidateLine, file: Path) -> str:
    met = "every constraint met" if line.passed else "not every constraint met"
    return f"{line.id}: rating {line.rating:.2f}, {met}, {file}"


def _quote(cuesmith: Cuesmith, given: argparse.Namespace) -> int:
    quote = cuesmith.quote(**_fields(given))
    print(f"{quote.audition_tokens} tokens for {quote.candidates} candidates, "
          f"{quote.license_tokens} for a license, about {quote.expected_s:.0f} s; "
          f"{quote.available_tokens} are there")  # fmt: skip
    return 0


def _pick(cuesmith: Cuesmith, given: argparse.Namespace) -> int:
    license_ = cuesmith.pick(given.candidate)
    given.out.mkdir(parents=True, exist_ok=True)
    files = [
        cuesmith.download(license_.track, "master", given.out / f"{license_.track}.wav"),
        cuesmith.certificate(license_.id, given.out / f"{license_.id}.json"),
    ]
    if given.profile:
        archive = given.out / f"{license_.track}-{given.profile}.zip"
        files.append(cuesmith.package(license_.track, given.profile, archive))
    print(f"{license_.id}: {license_.notice}")
    for file in files:
        print(file)
    return 0


def _balance(cuesmith: Cuesmith, given: argparse.Namespace) -> int:
    balance = cuesmith.balance()
    print(f"{balance.available} tokens, {balance.held} more set aside")
    return 0


if __name__ == "__main__":
    sys.exit(main())
