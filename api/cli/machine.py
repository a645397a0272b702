"""Everything on one machine: a demonstration, or a house to work in."""

import argparse
import signal
from pathlib import Path
from typing import Any, NoReturn

from api.cli.database import home
from api.cli.words import port


def add(commands: Any) -> None:
    """These commands' names and arguments."""
    demo = commands.add_parser("demo", help="one brief from key to license, into out/demo/")
    demo.add_argument("--out", type=Path, default=Path("out/demo"), help="where its files go")
    demo.add_argument("--brief", type=Path, help="another brief than the README's, as JSON")
    demo.set_defaults(run=_demo)
    dev = commands.add_parser("dev", help="everything on this machine, until Ctrl-C")
    dev.add_argument("--port", type=port, help="the gateway's; 8000 or the next free one")
    dev.set_defaults(run=_dev)


def _demo(given: argparse.Namespace) -> int:
    from api import demo

    _interrupt_on_signals()
    return demo.show(home() / "demo", given.out, given.brief or demo.BRIEF)


def _dev(given: argparse.Namespace) -> int:
    from api import dev

    _interrupt_on_signals()
    return dev.serve(home(), given.port)


def _interrupt_on_signals() -> None:
    def interrupt(number: int, frame: object) -> NoReturn:
        raise KeyboardInterrupt

    # SIGINT too: a shell starts what it puts in the background deaf to it.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, interrupt)
