"""How commands take their arguments, and how they answer."""

import argparse
import sys
from typing import Any

import msgspec


class CommandRefused(Exception):
    """The command cannot do this; the message says what to do next."""


def group(commands: Any, name: str, help_: str) -> Any:
    """A command that has actions."""
    return commands.add_parser(name, help=help_).add_subparsers(required=True, metavar="action")


def port(text: str) -> int:
    """A port, as an argument."""
    if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
        return int(text)
    raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")


def whole(text: str) -> int:
    """A whole number that is not negative, as an argument."""
    if text.isascii() and text.isdigit():
        return int(text)
    raise argparse.ArgumentTypeError("a whole number is needed")


def show(value: Any) -> None:
    """One thing, as a line of JSON."""
    print(msgspec.json.encode(value).decode())


def refused(message: str) -> int:
    """Say in one line why not; returns the exit status."""
    print(f"cuesmith: {message}", file=sys.stderr)
    return 2
