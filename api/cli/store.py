"""``cuesmith store``: whether all files are there, and clearing away what nobody refers to."""

import argparse
import os
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

from api.cli.database import home, with_pool
from api.cli.words import CommandRefused, group

SHOWN = 20


def add(commands: Any) -> None:
    """These commands' names and arguments."""
    actions = group(commands, "store", "the files: whether all are there, and what may go")
    check = actions.add_parser(
        "check", help="every file that a row refers to is there with its size; 1 where not"
    )
    check.set_defaults(run=_check)
    sweep = actions.add_parser(
        "sweep", help="what the clerk does in a day: condemn, and delete a day later"
    )
    sweep.add_argument("--dry-run", action="store_true", help="only say what would be done")
    sweep.set_defaults(run=_sweep)


def _check(given: argparse.Namespace) -> int:
    from api.stock import service as stock

    survey = _with_warehouse(stock.survey)
    for one in survey.wrong:
        found = "is missing" if one.found is None else f"has {one.found} bytes"
        print(f"{one.sha256} {found}, rows say {one.bytes} bytes")
    for one in survey.orphans[:SHOWN]:
        since = f"{one.modified_at:%Y-%m-%d %H:%M}"
        print(f"{one.sha256} belongs to nobody, {one.bytes} bytes, since {since}")
    if len(survey.orphans) > SHOWN:
        print(f"and {len(survey.orphans) - SHOWN} more that belong to nobody")
    print(f"{survey.referenced} objects referred to, {survey.listed} in the store, "
          f"{survey.arriving} of them on their way; {len(survey.wrong)} wrong, "
          f"{len(survey.orphans)} that belong to nobody")  # fmt: skip
    return 1 if survey.wrong else 0


def _sweep(given: argparse.Namespace) -> int:
    from api.stock import service as stock

    swept = _with_warehouse(stock.rehearse if given.dry_run else stock.sweep)
    would = "would be " if given.dry_run else ""
    print(f"{swept.adopted} objects {would}taken in, {swept.condemned} {would}condemned, "
          f"{swept.reprieved} {would}reprieved, {swept.deleted} {would}deleted")  # fmt: skip
    return 0


def _with_warehouse(step: Callable[[asyncpg.Pool, Any], Awaitable[Any]]) -> Any:
    from api.stock.warehouse import open_warehouse
    from engine.stock.places import StoreMisnamed, StoreUnreachable, bucket

    try:
        warehouse = open_warehouse(_place(), bucket())
        return with_pool(lambda pool: step(pool, warehouse))
    except (StoreMisnamed, StoreUnreachable) as error:
        raise CommandRefused(str(error)) from None


def _place() -> str:
    """The store that was named, else that of the ``cuesmith dev`` of this folder."""
    from api import workbench

    if named := os.environ.get("CUESMITH_STORE"):
        return named
    if workbench.running(home()) is None:
        raise CommandRefused("set CUESMITH_STORE, or start `cuesmith dev` in this folder")
    return str(home() / "store")
