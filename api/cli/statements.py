"""An account's statement, as its client sees it: for the eye, for a spreadsheet, for a program."""

import argparse
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import asyncpg

from api.cli.database import with_pool
from api.cli.words import CommandRefused
from billing.connections import lent

ALWAYS = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def add(actions: Any) -> None:
    """This command's name and arguments."""
    shown = actions.add_parser("statement", help="an account's balance and transfers")
    shown.add_argument("account")
    shown.add_argument("--month", type=_month, help="yyyy-mm; everything without it")
    shown.add_argument("--format", choices=["text", "csv", "jsonl"], default="text")
    shown.set_defaults(run=_statement)


def _month(text: str) -> tuple[datetime, datetime]:
    try:
        since = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
        return since, since.replace(year=since.year + since.month // 12, month=since.month % 12 + 1)
    except ValueError:
        raise argparse.ArgumentTypeError("a month is written as 2026-11") from None


def _statement(given: argparse.Namespace) -> int:
    from billing.ledger import service as ledger
    from billing.statements import service as statements

    since, until = given.month or ALWAYS

    async def show(pool: asyncpg.Pool) -> None:
        async with lent(pool) as conn:
            wallet = await ledger.balance(conn, given.account)
            span = await statements.span(conn, given.account, since, until)
        pieces = _text(pool, span) if given.format == "text" else _sheet(pool, span, given.format)
        async for piece in pieces:
            sys.stdout.write(piece)
        if given.format == "text":
            print(
                f"{span.opening} tokens before, {span.closing} after; "
                f"now {wallet.posted} tokens, {wallet.held} held, {wallet.available} available"
            )

    try:
        with_pool(show)
    except BrokenPipeError:
        raise CommandRefused("the reader of the statement has gone") from None
    return 0


async def _text(pool: asyncpg.Pool, span: Any) -> AsyncIterator[str]:
    from billing.statements import service as statements

    async for some in statements.lines(pool, span):
        for line in some:
            yield (
                f"{line.created_at:%Y-%m-%d %H:%M:%S}  {line.kind:<13} {line.tokens:>+8} "
                f"{line.balance_after:>9}  {line.reference}\n"
            )


async def _sheet(pool: asyncpg.Pool, span: Any, form: Any) -> AsyncIterator[str]:
    from api.usage import statements

    async for piece in statements.sheet(pool, span, (), form):
        yield piece.decode()
