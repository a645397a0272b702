"""What an operator does with accounts."""

import argparse
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from api.cli import refunds, statements, terms
from api.cli.database import with_pool
from api.cli.words import CommandRefused, group, show, whole
from billing.connections import transaction

DAYS_AT_MOST = 36_500


def add(commands: Any) -> None:
    """These commands' names and arguments."""
    accounts = group(commands, "accounts", "open accounts, give them tokens")
    opened = accounts.add_parser("open", aliases=["create"], help="a new account with its wallet")
    opened.add_argument("name")
    opened.add_argument("--mode", choices=["test", "live"], default="test")
    opened.add_argument("--billing", choices=["prepaid", "postpaid"], default="prepaid")
    opened.add_argument("--credit-limit", type=whole, default=0, help="tokens, postpaid only")
    opened.set_defaults(run=_open_account)
    accounts.add_parser("list", help="every account").set_defaults(run=_list_accounts)
    granted = accounts.add_parser(
        "grant", aliases=["credit"], help="give tokens that nobody paid for"
    )
    granted.add_argument("account")
    granted.add_argument("tokens", type=whole)
    granted.add_argument("--reference", required=True, help="why; each reference counts once")
    granted.add_argument("--days", type=whole, help="how long they last; for ever without it")
    granted.set_defaults(run=_grant)
    refunds.add(accounts)
    statements.add(accounts)
    terms.add(accounts)


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

    if given.tokens == 0 or given.days == 0 or (given.days or 0) > DAYS_AT_MOST:
        raise CommandRefused(f"give 1 token or more, for 1 to {DAYS_AT_MOST} days")
    ends = None if given.days is None else datetime.now(UTC) + timedelta(days=given.days)

    async def grant(pool: asyncpg.Pool) -> bool:
        async with transaction(pool) as conn:
            return await ledger.grant(
                conn, given.account, given.tokens, given.reference, expires_at=ends
            )

    if not with_pool(grant):
        raise CommandRefused(f"{given.reference} has been granted before; nothing was added")
    print(f"{given.tokens} tokens for {given.account}")
    return 0
