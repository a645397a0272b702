"""What an operator does with the till."""

import argparse
import os
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

import asyncpg

from api.cli import reconcile, stripe
from api.cli.database import with_pool
from api.cli.words import group, port
from billing.connections import lent


def add(commands: Any) -> None:
    """These commands' names and arguments."""
    billing = group(commands, "billing", "look after the till")
    statement = billing.add_parser("statement", help="an account's balance and transfers")
    statement.add_argument("account")
    statement.set_defaults(run=_statement)
    check = billing.add_parser("check", help="prove the ledger, count what Stripe is not told yet")
    check.set_defaults(run=_check)
    stripe.add(billing)
    reconcile.add(billing)
    sandbox = billing.add_parser("sandbox", help="serve a Stripe for this machine only")
    sandbox.add_argument("--port", type=port, default=12111)
    sandbox.add_argument("--webhook-url", default="http://127.0.0.1:8000/webhooks/stripe")
    sandbox.set_defaults(run=_sandbox)


def _statement(given: argparse.Namespace) -> int:
    from billing.ledger import service as ledger

    async def read(pool: asyncpg.Pool) -> Any:
        async with lent(pool) as conn:
            return (
                await ledger.balance(conn, given.account),
                await ledger.ledger(conn, given.account, None, 1_000_000),
            )

    balance, lines = with_pool(read)
    for line in lines:
        print(f"{line.created_at:%Y-%m-%d %H:%M:%S}  {line.kind:<10} {line.tokens:>+8} "
              f"{line.balance_after:>9}  {line.reference}")  # fmt: skip
    print(f"{balance.posted} tokens, {balance.held} held, {balance.available} available")
    return 0


def _check(given: argparse.Namespace) -> int:
    from billing.ledger import service as ledger
    from billing.meters import service as meters

    async def look(pool: asyncpg.Pool) -> tuple[list[str], Mapping[str, int]]:
        async with lent(pool) as conn:
            return await ledger.violations(conn), await meters.depth(conn)

    broken, waiting = with_pool(look)
    for line in broken:
        print(line)
    told = ", ".join(f"{lane} {count}" for lane, count in waiting.items()) or "none"
    print(f"{len(broken)} broken promises; meter events not delivered: {told}")
    return 1 if broken else 0


def _sandbox(given: argparse.Namespace) -> NoReturn:
    command = [sys.executable, "-P", "-m", "billing.sandbox", "--port", str(given.port),
               "--webhook-url", given.webhook_url,
               "--thin-webhook-url", f"{given.webhook_url}/thin"]  # fmt: skip
    os.execv(sys.executable, command)  # noqa: S606
