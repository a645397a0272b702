"""``cuesmith``: every process of the house, and what an operator does by hand.

Each command imports what it needs and no more: the gateway's process never sees Stripe's library,
and the studio's rooms are only ever started as a process of their own.
"""

import argparse

from api.cli import accounts, keys, licenses, machine, processes, store, till
from api.cli.words import CommandRefused, refused
from api.errors import DoorError
from api.settings import SettingMissing
from billing.errors import BillingError
from billing.settings import BillingSettingMissing


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 when it did what was asked, 2 when it could not."""
    from api.database import GONE, EditedMigration
    from api.postgres import PostgresFailed
    from api.workbench import WorkbenchError

    given = _parser().parse_args(arguments)
    try:
        return given.run(given)
    except KeyboardInterrupt:
        return 130
    except (
        CommandRefused, SettingMissing, BillingSettingMissing, WorkbenchError, PostgresFailed,
        EditedMigration, BillingError, DoorError,
    ) as error:  # fmt: skip
        return refused(str(error))
    except GONE as error:
        return refused(f"{error}; is what the settings name there? `cuesmith dev` needs none")
    except ModuleNotFoundError as missing:
        return refused(
            f"{missing.name} is not installed here: pip install 'cuesmith[clerk]' for the clerk, "
            "'cuesmith[clerk,cpu,local]' for dev and demo"
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cuesmith", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    for part in (machine, processes, accounts, keys, licenses, till, store):
        part.add(commands)
    return parser
