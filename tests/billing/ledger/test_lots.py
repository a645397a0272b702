"""Packs that run out: first expiring first, held tokens kept, nothing taken twice."""

import asyncpg
from hypothesis import given, settings
from hypothesis import strategies as st

from billing import notices
from billing.connections import transaction
from billing.contracts import Tokens
from billing.ledger import lots
from billing.ledger import service as ledger
from billing.ledger.lots import Lot, drawn
from billing.statements import service as statements

ACCOUNT = "acc_1"

a_lot = st.builds(
    lambda tokens, share: Lot(
        id=1, tokens=Tokens(tokens), taken=Tokens(int(tokens * share)), expires_at=None
    ),
    st.integers(1, 1000),
    st.floats(0, 1),
)


@settings(deadline=None, derandomize=True)
@given(st.lists(a_lot, max_size=6), st.integers(0, 4000))
def test_drawing_takes_the_first_lots_first_and_no_more_than_they_have(
    before: list[Lot], tokens: int
) -> None:
    after = drawn(before, tokens)
    left = sum(lot.left for lot in before)
    assert left - sum(lot.left for lot in after) == min(tokens, left)
    touched = [a.taken > b.taken for a, b in zip(after, before, strict=True)]
    for number, lot in enumerate(after):
        assert 0 <= lot.taken <= lot.tokens
        if lot.left:  # nothing behind a lot that still has tokens was touched
            assert not any(touched[number + 1 :])


async def test_what_nobody_spent_goes_on_its_day(pool: asyncpg.Pool) -> None:
    await _account(pool)
    await _topup(pool, "pi_old", 100, "-1 hour")
    await _topup(pool, "pi_new", 50, "30 days")
    await _spend(pool, "cand_1", 30)

    assert await _expire(pool) == 70

    async with transaction(pool) as conn:
        assert (await ledger.balance(conn, ACCOUNT)).posted == 50
        assert [(lot.left, lot.tokens) for lot in await lots.lots_of(conn, ACCOUNT)] == [(50, 50)]
        kinds = [line.kind for line in await statements.history(conn, ACCOUNT, None, 10)]
        assert kinds[-1] == "expiry"
    assert await _expire(pool) == 0
    await _sound(pool)


async def test_the_pack_that_ends_first_is_spent_first(pool: asyncpg.Pool) -> None:
    await _account(pool)
    await _topup(pool, "pi_long", 100, "300 days")
    await _topup(pool, "pi_short", 100, "-1 minute")
    await _spend(pool, "cand_1", 100)
    assert await _expire(pool) == 0  # all of the short one was spent before its end was seen
    async with transaction(pool) as conn:
        assert [lot.left for lot in await lots.lots_of(conn, ACCOUNT)] == [100]
    await _sound(pool)


async def test_held_tokens_outlive_their_pack_and_go_when_they_come_back(
    pool: asyncpg.Pool,
) -> None:
    await _account(pool)
    await _topup(pool, "pi_1", 100, "-1 minute")
    async with transaction(pool) as conn:
        held = await ledger.place_hold(conn, ACCOUNT, "bri_1", 60, lots.WARNED_AHEAD)
    assert await _expire(pool) == 40
    async with transaction(pool) as conn:
        await ledger.capture(conn, held.id, "cand_1", 10)  # what was set aside is still spendable
    assert await _expire(pool) == 0
    async with transaction(pool) as conn:
        await ledger.release(conn, held.id)
    assert await _expire(pool) == 50
    async with transaction(pool) as conn:
        balance = await ledger.balance(conn, ACCOUNT)
    assert (balance.posted, balance.held) == (0, 0)
    await _sound(pool)


async def test_what_is_held_is_of_the_pack_that_ends_first(pool: asyncpg.Pool) -> None:
    await _account(pool)
    await _topup(pool, "pi_short", 50, "-1 minute")
    await _topup(pool, "pi_long", 50, "300 days")
    async with transaction(pool) as conn:
        held = await ledger.place_hold(conn, ACCOUNT, "bri_1", 60, lots.WARNED_AHEAD)
    assert await _expire(pool) == 0
    async with transaction(pool) as conn:
        await ledger.capture(conn, held.id, "cand_1", 60)
        assert (await ledger.balance(conn, ACCOUNT)).available == 40
    assert await _expire(pool) == 0
    await _sound(pool)


async def test_a_refund_of_tokens_whose_pack_ran_out_lasts_a_month(pool: asyncpg.Pool) -> None:
    await _account(pool)
    await _topup(pool, "pi_1", 50, "-1 minute")
    async with transaction(pool) as conn:
        spent = await ledger.charge_license(conn, ACCOUNT, "cand_1", 20)
    assert await _expire(pool) == 30
    async with transaction(pool) as conn:
        assert await ledger.refund(conn, spent.id)
        (lot,) = await lots.lots_of(conn, ACCOUNT)
        ends = await conn.fetchval("select now() + interval '30 days'")
    assert (lot.left, lot.expires_at) == (20, ends)  # the clock of one transaction stands still
    assert await _expire(pool) == 0
    await _sound(pool)


async def test_two_clerks_at_once_let_a_pack_go_once(pool: asyncpg.Pool) -> None:
    await _account(pool)
    await _topup(pool, "pi_1", 100, "-1 minute")
    async with transaction(pool) as first:
        assert await lots.expire_due(first) == 100
        assert await _expire(pool) == 0  # the other one does not wait either
    assert await _expire(pool) == 0
    await _sound(pool)


async def test_an_account_is_told_once_what_it_will_lose(pool: asyncpg.Pool) -> None:
    await _account(pool)
    await _topup(pool, "pi_1", 100, "10 days")
    await _topup(pool, "pi_2", 40, "60 days")
    await _spend(pool, "cand_1", 25)
    for expected in (1, 0):
        async with transaction(pool) as conn:
            assert await lots.warn(conn) == expected
    async with transaction(pool) as conn:
        told = await notices.notices(conn, ACCOUNT, 0, 10)
    assert [(one.kind, one.facts["tokens"]) for one in told] == [("tokens_expiring", 75)]


async def test_a_pack_that_is_used_up_warns_nobody(pool: asyncpg.Pool) -> None:
    await _account(pool)
    await _topup(pool, "pi_1", 100, "10 days")
    await _spend(pool, "cand_1", 100)
    async with transaction(pool) as conn:
        assert await lots.warn(conn) == 0


async def _account(pool: asyncpg.Pool) -> None:
    async with transaction(pool) as conn:
        await ledger.open_account(conn, ACCOUNT, "prepaid")


async def _topup(pool: asyncpg.Pool, payment: str, tokens: int, ends_in: str) -> None:
    async with transaction(pool) as conn:
        await ledger.credit_topup(conn, ACCOUNT, payment, tokens)
        await conn.execute(
            "update billing.lots set expires_at = now() + $2::text::interval where transfer = "
            "(select id from billing.transfers where kind = 'topup' and ref = $1)",
            payment, ends_in,
        )  # fmt: skip


async def _spend(pool: asyncpg.Pool, candidate: str, tokens: int) -> None:
    async with transaction(pool) as conn:
        await ledger.charge_license(conn, ACCOUNT, candidate, tokens)


async def _expire(pool: asyncpg.Pool) -> int:
    async with transaction(pool) as conn:
        return await lots.expire_due(conn)


async def _sound(pool: asyncpg.Pool) -> None:
    async with transaction(pool) as conn:
        assert await ledger.violations(conn) == []


async def test_tokens_of_a_dispute_that_was_won_last_as_long_as_the_others(
    pool: asyncpg.Pool,
) -> None:
    await _account(pool)
    await _topup(pool, "pi_1", 100, "200 days")
    async with transaction(pool) as conn:
        await ledger.claw_back(conn, ACCOUNT, "dp_1", 100)
        assert await ledger.reinstate(conn, ACCOUNT, "dp_1")
        ends = await conn.fetch("select distinct expires_at from billing.lots")
    assert len(ends) == 1
    await _sound(pool)
