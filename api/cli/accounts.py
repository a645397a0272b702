"""What an operator does with accounts."""

import argparse
from typing import Any

import asyncpg

from api.cli import refunds
from api.cli.database import with_pool
from api.cli.words import CommandRefused, group, show, whole
from billing.connections import transaction


def add(commands: Any) -> None:
    """These commands' names and arguments."""
    accounts = group(commands, "accounts", "open accounts, give them tokens")
    opened = accounts.add_parser("open", help="a new account with its wallet")
    opened.add_argument("name")
    opened.add_argument("--mode", choices=["test", "live"], default="test")
    opened.add_argument("--billing", choices=["prepaid", "postpaid"], default="prepaid")
    opened.add_argument("--credit-limit", type=whole, default=0, help="tokens, postpaid only")
    opened.set_defaults(run=_open_account)
    accounts.add_parser("list", help="every account").set_defaults(run=_list_accounts)
    granted = accounts.add_parser("grant", help="give tokens that nobody paid for")
    granted.add_argument("account")
    granted.add_argument("tokens", type=whole)
    granted.add_argument("--reference", required=True, help="why; each reference counts once")
    granted.set_defaults(run=_grant)
    refunds.add(accounts)


def _open_account(given: argparse.Namespace) -> int:
    from api.keys import service

    account = with_pool(
        lambda pool: service.open_account(
            pool, given.name, given.mode, given.billing, given.credit_limit
        )
    )
    show(account)
    return 0


def _list_accounts(given: argparse.Namespace) -> int:
    from api.keys import service

    for account in with_pool(service.accounts):
        show(account)
    return 0


def _grant(given: argparse.Namespace) -> int:
    from billing.ledger import service as ledger

    async def grant(pool: asyncpg.Pool) -> bool:
        async with transaction(pool) as conn:
            return await ledger.grant(conn, given.account, given.tokens, given.reference)

    if not with_pool(grant):
        raise CommandRefused(f"{given.reference} has been granted before; nothing was added")
    print(f"{given.tokens} tokens for {given.account}")
    return 0
