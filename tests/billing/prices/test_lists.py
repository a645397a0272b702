"""Price lists of accounts: whose, when, and never two at once."""

import asyncio
from datetime import date

import asyncpg
import msgspec
import pytest

from billing.errors import UnknownAccount
from billing.ledger import service as ledger
from billing.prices import books
from billing.prices import service as prices
from billing.prices.errors import BookRefused

DATED = books.book(books.names()[-1])
MAY, JUNE, JULY, AUGUST = (date(2027, month, 1) for month in (5, 6, 7, 8))


def _list(name: str, seconds: int = 60) -> prices.PriceBook:
    return msgspec.structs.replace(DATED, name=name, seconds_per_token=seconds)


@pytest.fixture
async def conn(pool: asyncpg.Pool) -> asyncpg.Connection:  # pyright: ignore
    async with pool.acquire() as conn:
        await ledger.open_account(conn, "acc_a", "prepaid")
        await ledger.open_account(conn, "acc_b", "prepaid")
        yield conn  # pyright: ignore


async def test_a_list_holds_for_its_account_and_its_days(conn: asyncpg.Connection) -> None:
    await prices.set_list(conn, "acc_a", _list("acme"), JUNE, JULY)
    for account, day, name in (
        ("acc_a", MAY, DATED.name),
        ("acc_a", JUNE, "acme"),
        ("acc_a", date(2027, 6, 30), "acme"),
        ("acc_a", JULY, DATED.name),
        ("acc_b", JUNE, DATED.name),
        ("acc_none", JUNE, DATED.name),
    ):
        assert (await prices.book_for(conn, account, day)).name == name
    assert (await prices.book_for(conn, "acc_a", JUNE)).seconds_per_token == 60


async def test_two_lists_never_hold_for_the_same_day(conn: asyncpg.Connection) -> None:
    await prices.set_list(conn, "acc_a", _list("june"), JUNE, JULY)
    for since, until in ((MAY, None), (date(2027, 6, 30), AUGUST), (JUNE, JULY)):
        with pytest.raises(BookRefused, match="another list"):
            await prices.set_list(conn, "acc_a", _list("other"), since, until)
    await prices.set_list(conn, "acc_a", _list("later"), JULY)
    await prices.set_list(conn, "acc_b", _list("june"), JUNE, JULY)
    found = await prices.lists(conn, "acc_a")
    assert [(one.name, one.since, one.until) for one in found] == [
        ("june", "2027-06-01", "2027-07-01"), ("later", "2027-07-01", None),
    ]  # fmt: skip


async def test_of_two_operators_at_the_same_moment_one_is_refused(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn:
        await ledger.open_account(conn, "acc_a", "prepaid")

    async def set_one(name: str) -> str:
        async with pool.acquire() as conn:
            try:
                await prices.set_list(conn, "acc_a", _list(name), JUNE)
            except BookRefused:
                return "refused"
            return "set"

    outcomes = await asyncio.gather(*(set_one(f"list{number}") for number in range(4)))
    assert sorted(outcomes) == ["refused", "refused", "refused", "set"]


async def test_a_list_ends_and_is_kept(conn: asyncpg.Connection) -> None:
    await prices.set_list(conn, "acc_a", _list("acme"), JUNE)
    with pytest.raises(BookRefused):
        await prices.end_list(conn, "acc_a", JUNE)
    assert await prices.end_list(conn, "acc_a", JULY) == "acme"
    assert (await prices.book_for(conn, "acc_a", JULY)).name == DATED.name
    with pytest.raises(BookRefused):
        await prices.end_list(conn, "acc_a", AUGUST)
    await prices.set_list(conn, "acc_a", _list("acme-2"), JULY)
    with pytest.raises(BookRefused, match="has had a list called acme"):
        await prices.set_list(conn, "acc_a", _list("acme"), date(2028, 1, 1))


async def test_what_is_no_list_is_refused(conn: asyncpg.Connection) -> None:
    with pytest.raises(BookRefused, match="dated book"):
        await prices.set_list(conn, "acc_a", DATED, JUNE)
    with pytest.raises(BookRefused, match="end after"):
        await prices.set_list(conn, "acc_a", _list("acme"), JUNE, JUNE)
    with pytest.raises(BookRefused, match="batch_share"):
        wrong = msgspec.structs.replace(_list("acme"), batch_share=(3, 2))
        await prices.set_list(conn, "acc_a", wrong, JUNE)
    with pytest.raises(UnknownAccount):
        await prices.set_list(conn, "acc_none", _list("acme"), JUNE)
    assert await prices.lists(conn, "acc_a") == ()
