"""Prices of one account: a book of its own for a span of days, else the dated book of the day."""

from datetime import date

import asyncpg
import msgspec

from billing.errors import UnknownAccount
from billing.prices import books, store
from billing.prices.contracts import PriceBook, PriceList
from billing.prices.errors import BookRefused


async def book_for(conn: asyncpg.Connection, account: str, day: date) -> PriceBook:
    """What this account pays on a day."""
    return await store.select_book(conn, account, day) or books.current_book(day)


async def book_named(conn: asyncpg.Connection, account: str, name: str) -> PriceBook:
    """The book that an account was quoted by: a list of its own, or a dated one."""
    if name in books.names():
        return books.book(name)
    own = (one.book for one in await store.select_lists(conn, account) if one.book.name == name)
    found = next(own, None)
    if found is None:
        raise BookRefused(f"{account} has had no list called {name}")
    return found


async def set_list(
    conn: asyncpg.Connection,
    account: str,
    book: PriceBook,
    since: date,
    until: date | None = None,
) -> None:
    """Give an account a book of its own; `BookRefused` where another one holds in that span.

    A list is never edited: end it, and set one of another name. So what was quoted by a list can
    be looked up for ever.
    """
    books.check(book)
    if book.name in books.names():
        raise BookRefused(f"{book.name} is the name of a dated book; give the list another")
    if until is not None and until <= since:
        raise BookRefused("a list must end after it begins")
    try:
        async with conn.transaction():
            await store.insert_list(conn, account, book, since, until)
    except asyncpg.ForeignKeyViolationError:
        raise UnknownAccount(f"{account} has no wallet") from None
    except asyncpg.UniqueViolationError:
        raise BookRefused(f"{account} has had a list called {book.name}") from None
    except asyncpg.ExclusionViolationError:
        raise BookRefused(
            f"another list of {account} holds in that span; end it first, or begin later"
        ) from None


async def end_list(conn: asyncpg.Connection, account: str, day: date) -> str:
    """Let the list that holds end: ``day`` is the first day it no longer does. Returns its name."""
    ended = await store.end_list(conn, account, day)
    if ended is None:
        raise BookRefused(f"no list of {account} holds on the day before {day}")
    return ended


async def lists(conn: asyncpg.Connection, account: str) -> tuple[PriceList, ...]:
    """All lists an account has had, has and will have, in order."""
    return await store.select_lists(conn, account)


def read(content: bytes) -> PriceBook:
    """A book from a file; `BookRefused` says what is wrong with it."""
    try:
        return msgspec.json.decode(content, type=PriceBook)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BookRefused(f"this is no price book: {error}") from None
