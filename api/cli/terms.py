"""What an account pays and how far it may go: its price list, its credit limit, how it stands."""

import argparse
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import asyncpg

from api.cli.database import with_pool
from api.cli.words import CommandRefused, show, whole
from billing.connections import lent, transaction


def add(accounts: Any) -> None:
    """These commands' names and arguments."""
    shown = accounts.add_parser("show", help="an account: what it has, pays and is frozen for")
    shown.add_argument("account")
    shown.set_defaults(run=_show)
    limit = accounts.add_parser("limit", help="a postpaid account's credit limit")
    limit.add_argument("account")
    limit.add_argument("tokens", type=whole)
    limit.set_defaults(run=_limit)
    prices = accounts.add_parser("prices", help="show an account's price lists, set or end one")
    prices.add_argument("account")
    change = prices.add_mutually_exclusive_group()
    change.add_argument("--set", type=Path, metavar="FILE", help="a price book as JSON")
    change.add_argument("--end", type=_day, metavar="DAY", help="the first day without the list")
    prices.add_argument("--since", type=_day, metavar="DAY", help="of --set; today without it")
    prices.add_argument("--until", type=_day, metavar="DAY", help="of --set; the first day after")
    prices.set_defaults(run=_prices)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("a day is written as 2026-11-27") from None


def _show(given: argparse.Namespace) -> int:
    from api.keys import store as keys
    from billing.ledger import budgets
    from billing.ledger import service as ledger
    from billing.prices import service as prices

    async def look(pool: asyncpg.Pool) -> dict[str, Any]:
        async with lent(pool) as conn:
            return {
                "account": await keys.select_account(conn, given.account),
                "balance": await ledger.balance(conn, given.account),
                "freezes": await ledger.freezes(conn, given.account),
                "prices": (await prices.book_for(conn, given.account, _today())).name,
                "budgets": await budgets.budgets(conn, given.account),
            }

    show(with_pool(look))
    return 0


def _limit(given: argparse.Namespace) -> int:
    from billing.ledger import service as ledger

    async def change(pool: asyncpg.Pool) -> Any:
        async with transaction(pool) as conn:
            await ledger.set_credit_limit(conn, given.account, given.tokens)
            return await ledger.balance(conn, given.account)

    show(with_pool(change))
    return 0


def _prices(given: argparse.Namespace) -> int:
    from billing.prices import service as prices

    if given.set is None and (given.since or given.until):
        raise CommandRefused("--since and --until belong to --set FILE")
    book = None if given.set is None else _book(given.set)

    async def change(pool: asyncpg.Pool) -> Any:
        async with transaction(pool) as conn:
            if book is not None:
                since = given.since or _today()
                await prices.set_list(conn, given.account, book, since, given.until)
            elif given.end is not None:
                await prices.end_list(conn, given.account, given.end)
            now = await prices.book_for(conn, given.account, _today())
            return await prices.lists(conn, given.account), now

    lists, now = with_pool(change)
    for one in lists:
        print(f"{one.name}: from {one.since} to {one.until or 'its end is set'}")
    print(f"today: {now.name}")
    return 0


def _book(file: Path) -> Any:
    from typing import get_args

    from billing.prices import service as prices
    from engine.contracts import Kind

    book = prices.read(file.read_bytes())
    known = {*get_args(Kind), prices.FAMILY_SOUND}
    if unknown := sorted(set(book.kinds) - known):
        raise CommandRefused(f"{file}: {unknown[0]} is none of {', '.join(sorted(known))}")
    return book


def _today() -> date:
    return datetime.now(UTC).date()
