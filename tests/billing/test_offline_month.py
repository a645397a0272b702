"""A small month of the till; ``python -m loadtests.offline_month`` lives a whole one."""

import asyncpg
import pytest

from loadtests import offline_month


@pytest.mark.parametrize("currency", ["cny", "usd", "jpy"])
async def test_after_a_month_all_books_say_the_same(
    postgres: str, pool: asyncpg.Pool, currency: str
) -> None:
    async with offline_month.month(postgres, pool, currency, seed=3) as lived:
        rows = await lived.live(24)
    assert [row for row in rows if not row.agrees] == []
    assert len(rows) >= 17
    assert any("frozen, a brief is refused" in line for line in lived.story)


async def test_a_token_too_few_at_stripe_is_seen(postgres: str, pool: asyncpg.Pool) -> None:
    async with offline_month.month(postgres, pool, "cny", seed=3) as lived:
        tell = lived._tell_stripe

        async def lose_one() -> None:
            await pool.execute(
                "delete from billing.outbox where identifier ="
                " (select identifier from billing.outbox order by tokens desc limit 1)"
            )
            await tell()

        lived._tell_stripe = lose_one
        rows = await lived.live(24)
    differing = {row.what for row in rows if not row.agrees}
    assert any("Stripe's sum" in what for what in differing)
