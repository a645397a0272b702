"""``cuesmith billing reconcile``: what Stripe has counted beside what the ledger spent."""

import argparse
from datetime import UTC, datetime
from typing import Any

import asyncpg

from api.cli.database import with_pool
from api.cli.words import CommandRefused

SINCE = "%Y-%m-%d"


def add(billing: Any) -> None:
    """This command's name and arguments."""
    command = billing.add_parser(
        "reconcile",
        help="compare the ledger with Stripe's meters and invoices; repair what differs",
    )
    command.add_argument("--explain", action="store_true", help="only look, and say what differs")
    command.add_argument("--since", type=_day, help="from that day on, as 2026-11-30; three days")
    command.add_argument("--account", help="only this one")
    command.add_argument("--approve", type=int, metavar="ID", help="let a proposed correction go")
    command.add_argument(
        "--after-restore", action="store_true",
        help="find out what Stripe was told in the time a restore has lost; then senders go on",
    )  # fmt: skip
    command.set_defaults(run=_reconcile)


def _reconcile(given: argparse.Namespace) -> int:
    if given.approve is not None:
        return _approve(given.approve)
    report = with_pool(lambda pool: _run(pool, given))
    if report is None:
        raise CommandRefused("another run is at work; it finds the same, look again in a minute")
    print(f"{report.hours} hours compared, {report.since:%Y-%m-%d %H:%M} to "
          f"{report.until:%Y-%m-%d %H:%M} UTC")  # fmt: skip
    for one in report.differences:
        number = f"{one.id}  " if one.id else ""
        print(f"{number}{one.account}  {one.event_name}  {one.hour:%Y-%m-%d %H:%M}  "
              f"{one.state}\n    {one.explained}")  # fmt: skip
    print(f"{len(report.differences)} differences")
    if any(one.state == "proposed" and one.id for one in report.differences):
        print("what is proposed waits for `cuesmith billing reconcile --approve ID`")
    return 0


async def _run(pool: asyncpg.Pool, given: argparse.Namespace) -> Any:
    from billing import settings
    from billing.processor.door import StripeDoor
    from billing.reconcile import service as reconciliation

    door = StripeDoor.open(settings.read(), pool)
    if given.after_restore:
        return await reconciliation.after_restore(pool, door)
    if given.explain:
        return await reconciliation.look(pool, door, since=given.since, account=given.account)
    return await reconciliation.reconcile(
        pool, door, "by_hand", since=given.since, account=given.account
    )


def _approve(number: int) -> int:
    from billing.reconcile import service as reconciliation

    approved = with_pool(lambda pool: reconciliation.approve(pool, number))
    print(
        f"{approved.identifier}: {approved.tokens:+d} tokens will be told to {approved.event_name}"
    )
    return 0


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, SINCE).replace(tzinfo=UTC)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day such as 2026-11-30") from None
