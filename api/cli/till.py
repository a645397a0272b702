"""What an operator does with the till."""

import argparse
import os
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

import asyncpg

from api.cli import reconcile, statements, stripe
from api.cli.database import with_pool
from api.cli.words import group, port
from billing.connections import lent


def add(commands: Any) -> None:
    """These commands' names and arguments."""
    billing = group(commands, "billing", "look after the till")
    statements.add(billing)
    check = billing.add_parser("check", help="prove the ledger, count what Stripe is not told yet")
    check.set_defaults(run=_check)
    stripe.add(billing)
    reconcile.add(billing)
    sandbox = billing.add_parser("sandbox", help="serve a Stripe for this machine only")
    sandbox.add_argument("--port", type=port, default=12111)
    sandbox.add_argument("--webhook-url", default="http://127.0.0.1:8000/webhooks/stripe")
    sandbox.set_defaults(run=_sandbox)


SELECT_FROZEN = "select account, reason, since from billing.freezes order by account, since"


def _check(given: argparse.Namespace) -> int:
    from billing.ledger import service as ledger
    from billing.meters import service as meters

    async def look(pool: asyncpg.Pool) -> tuple[list[str], Mapping[str, int], Any]:
        async with lent(pool) as conn:
            frozen = await conn.fetch(SELECT_FROZEN)
            return await ledger.violations(conn), await meters.depth(conn), frozen

    broken, waiting, frozen = with_pool(look)
    for row in frozen:
        print(f"{row['account']} is frozen since {row['since']:%Y-%m-%d %H:%M}: {row['reason']}")
    for line in broken:
        print(line)
    told = ", ".join(f"{lane} {count}" for lane, count in waiting.items()) or "none"
    print(f"{len(broken)} broken promises; {len({row['account'] for row in frozen})} accounts "
          f"frozen; meter events not delivered: {told}")  # fmt: skip
    return 1 if broken else 0


def _sandbox(given: argparse.Namespace) -> NoReturn:
    command = [sys.executable, "-P", "-m", "billing.sandbox", "--port", str(given.port),
               "--webhook-url", given.webhook_url,
               "--thin-webhook-url", f"{given.webhook_url}/thin"]  # fmt: skip
    os.execv(sys.executable, command)  # noqa: S606
