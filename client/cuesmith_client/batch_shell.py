"""``cuesmith-client batch …``: a catalogue from the command line."""

import argparse
import sys
from pathlib import Path

import msgspec

from cuesmith_client.catalogue import BatchView
from cuesmith_client.client import Batch, Cuesmith

BAR = 24


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Put the commands beside the others."""
    batch = commands.add_parser("batch", help="a whole catalogue: up to 10,000 briefs at once")
    steps = batch.add_subparsers(required=True, metavar="step")
    quote = steps.add_parser("quote", help="look at every line and say what they would cost")
    quote.add_argument("file", type=Path, help="JSON lines: a brief each, and your `reference`")
    quote.set_defaults(run=_quote)
    send = steps.add_parser("send", help="have all of them made, or none")
    send.add_argument("file", type=Path)
    send.add_argument("--name", help="what the run is called")
    send.add_argument("--max-tokens", type=int, help="the most all auditions together may cost")
    send.add_argument(
        "--again", action="store_true", help="even if the same lines were sent before"
    )
    send.add_argument("--wait", action="store_true", help="stay until all of it has ended")
    send.set_defaults(run=_send)
    for name, run, about in (
        ("watch", _watch, "stay until all of it has ended"),
        ("results", _results, "what has become of every line, as JSON lines"),
        ("cancel", _cancel, "stop it; what was not made is given back"),
        ("pick", _pick, "license the best candidate of every line"),
        ("statement", _statement, "what it has cost, line by line, as CSV"),
        ("package", _package, "all that is licensed, in one archive"),
    ):
        step = steps.add_parser(name, help=about)
        step.add_argument("batch")
        step.set_defaults(run=run)
        if name == "pick":
            step.add_argument("--rating-min", type=float, default=0.0)
        elif name in ("statement", "package"):
            step.add_argument("--out", type=Path, help="a file; named by the batch otherwise")
        if name == "package":
            step.add_argument("--files", choices=["masters", "all", "manifest"], default="masters")


def _quote(cuesmith: Cuesmith, given: argparse.Namespace) -> int:
    quote = cuesmith.quote_batch(given.file)
    print(f"{quote.briefs} briefs: {quote.tokens} tokens for their auditions, "
          f"{quote.license_tokens} to license one of each; "
          f"{quote.available_tokens} are there")  # fmt: skip
    return 0


def _send(cuesmith: Cuesmith, given: argparse.Namespace) -> int:
    batch = cuesmith.send_batch(
        given.file, name=given.name, max_tokens=given.max_tokens, again=given.again
    )
    view = batch.view
    print(f"{batch.id}: {view.briefs} briefs, {view.tokens.held} tokens set aside")
    return _until_ended(batch) if given.wait else 0


def _watch(cuesmith: Cuesmith, given: argparse.Namespace) -> int:
    return _until_ended(cuesmith.batch(given.batch))


def _until_ended(batch: Batch) -> int:
    for view in batch.progress():
        print(f"\r{_bar(view)}".ljust(78), end="", flush=True)
    view = batch.view
    ends = ", ".join(f"{number} {status}" for status, number in view.counts.items() if number)
    print(f"\r{ends}: {view.tokens.captured} tokens spent, {view.tokens.released} given back"
          .ljust(78))  # fmt: skip
    return 0 if view.counts.get("succeeded") == view.briefs else 1


def _bar(view: BatchView) -> str:
    full = round(BAR * view.done / view.briefs)
    ends = view.expected_end_at
    until = "" if ends is None else f", about {ends.astimezone():%a %H:%M}"
    return f"{'█' * full}{'░' * (BAR - full)} {view.done}/{view.briefs}{until}"


def _results(cuesmith: Cuesmith, given: argparse.Namespace) -> int:
    for one in cuesmith.batch(given.batch).results():
        sys.stdout.write(msgspec.json.encode(one).decode() + "\n")
    return 0


def _cancel(cuesmith: Cuesmith, given: argparse.Namespace) -> int:
    view = cuesmith.batch(given.batch).cancel().view
    print(f"{view.status}: {view.done} of {view.briefs} briefs had ended")
    return 0


def _pick(cuesmith: Cuesmith, given: argparse.Namespace) -> int:
    tokens = 0
    for one in cuesmith.batch(given.batch).pick_best(rating_min=given.rating_min):
        tokens += one.tokens
        print(f"{one.line} {one.reference or one.brief}: {one.license}, rating {one.rating:.2f}")
    print(f"{tokens} tokens")
    return 0


def _statement(cuesmith: Cuesmith, given: argparse.Namespace) -> int:
    print(cuesmith.batch(given.batch).statement(given.out or Path(f"{given.batch}.csv")))
    return 0


def _package(cuesmith: Cuesmith, given: argparse.Namespace) -> int:
    to = given.out or Path(f"{given.batch}.zip")
    print(cuesmith.batch(given.batch).package(to, files=given.files))
    return 0
