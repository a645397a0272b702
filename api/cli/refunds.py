"""What an operator does when money or tokens go back: refunds, freezes, and their end."""

import argparse
from typing import Any

import asyncpg

from api.cli.database import with_pool
from api.cli.words import CommandRefused, show
from billing.connections import transaction


def add(accounts: Any) -> None:
    """These commands' names and arguments."""
    refund = accounts.add_parser("refund", help="give a top-up's money back, and take its tokens")
    refund.add_argument("account")
    refund.add_argument("payment", help="pi_...; `cuesmith billing payments` lists them")
    refund.add_argument("amount", nargs="?", help="such as 5.00; all that is left without it")
    refund.set_defaults(run=_refund)
    back = accounts.add_parser("return", help="give back the tokens of one candidate")
    back.add_argument("account")
    back.add_argument("candidate", help="as the ledger's lines name it")
    back.add_argument("--license", action="store_true", help="its license's instead")
    back.set_defaults(run=_return)
    freeze = accounts.add_parser("freeze", help="let an account spend nothing")
    freeze.add_argument("account")
    freeze.add_argument("--reason", required=True, help="why; ends only by the same reason")
    freeze.set_defaults(run=_freeze)
    thaw = accounts.add_parser("thaw", help="end a freeze; without a reason, list them")
    thaw.add_argument("account")
    thaw.add_argument("--reason", help="which")
    thaw.set_defaults(run=_thaw)


SELECT_CAPTURE = """
select id, tokens from billing.captures where account = $1 and sku = $2 and reference = $3
"""
SELECT_FREEZES = "select reason, since from billing.freezes where account = $1 order by since"


def _refund(given: argparse.Namespace) -> int:
    from billing.errors import BillingError
    from billing.money import Money
    from billing.processor import errands, store

    async def ask(pool: asyncpg.Pool) -> Any:
        async with transaction(pool) as conn:
            paid = await store.select_payment(conn, given.payment)
            minor = None
            if given.amount is not None and paid is not None:
                minor = Money.parse(given.amount, paid.currency).minor
            return await errands.ask_refund(conn, given.account, given.payment, minor)

    try:
        show(with_pool(ask))
    except BillingError as refused:
        raise CommandRefused(str(refused)) from None
    return 0


def _return(given: argparse.Namespace) -> int:
    from billing.ledger import service as ledger

    sku = "license" if given.license else "audition"

    async def give_back(pool: asyncpg.Pool) -> int | None:
        async with transaction(pool) as conn:
            spent = await conn.fetchrow(SELECT_CAPTURE, given.account, sku, given.candidate)
            if spent is None:
                raise CommandRefused(f"{given.account} paid for no {sku} of {given.candidate}")
            return spent["tokens"] if await ledger.refund(conn, spent["id"]) else None

    tokens = with_pool(give_back)
    if tokens is None:
        raise CommandRefused(f"the {sku} of {given.candidate} was given back before")
    print(f"{tokens} tokens are back, and will be taken off the meter")
    return 0


def _freeze(given: argparse.Namespace) -> int:
    from billing.errors import BillingError
    from billing.ledger import service as ledger

    async def freeze(pool: asyncpg.Pool) -> bool:
        async with transaction(pool) as conn:
            return await ledger.freeze(conn, given.account, given.reason)

    try:
        new = with_pool(freeze)
    except BillingError as refused:
        raise CommandRefused(str(refused)) from None
    print(f"{given.account} is frozen: {given.reason}" + ("" if new else ", as before"))
    return 0


def _thaw(given: argparse.Namespace) -> int:
    from billing.ledger import service as ledger

    async def thaw(pool: asyncpg.Pool) -> tuple[bool, Any]:
        async with transaction(pool) as conn:
            ended = given.reason is not None and await ledger.thaw(
                conn, given.account, given.reason
            )
            return ended, await conn.fetch(SELECT_FREEZES, given.account)

    ended, left = with_pool(thaw)
    if given.reason is not None and not ended:
        raise CommandRefused(f"{given.account} is not frozen for {given.reason!r}")
    for row in left:
        print(f"{row['since']:%Y-%m-%d %H:%M}  {row['reason']}")
    print(f"{given.account} may spend" if not left else f"{len(left)} reasons are left")
    return 0
