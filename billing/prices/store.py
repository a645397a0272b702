"""Price lists of accounts in SQL."""

from datetime import date

import asyncpg
import msgspec

from billing.prices.contracts import PriceBook, PriceList

SELECT_BOOK = """
select book from billing.price_lists
where account = $1 and since <= $2 and (until is null or until > $2)
"""


async def select_book(conn: asyncpg.Connection, account: str, day: date) -> PriceBook | None:
    book = await conn.fetchval(SELECT_BOOK, account, day)
    return None if book is None else msgspec.json.decode(book, type=PriceBook)


INSERT_LIST = """
insert into billing.price_lists (account, name, book, since, until)
values ($1, $2, $3::jsonb, $4, $5)
"""


async def insert_list(
    conn: asyncpg.Connection, account: str, book: PriceBook, since: date, until: date | None
) -> None:
    text = msgspec.json.encode(book).decode()
    await conn.execute(INSERT_LIST, account, book.name, text, since, until)


END_LIST = """
update billing.price_lists set until = $2
where account = $1 and since < $2 and (until is null or until > $2)
returning name
"""


async def end_list(conn: asyncpg.Connection, account: str, day: date) -> str | None:
    return await conn.fetchval(END_LIST, account, day)


SELECT_LISTS = """
select name, since::text as since, until::text as until, book from billing.price_lists
where account = $1 order by since
"""


async def select_lists(conn: asyncpg.Connection, account: str) -> tuple[PriceList, ...]:
    return tuple(
        PriceList(
            name=row["name"], since=row["since"], until=row["until"],
            book=msgspec.json.decode(row["book"], type=PriceBook),
        )
        for row in await conn.fetch(SELECT_LISTS, account)
    )  # fmt: skip
