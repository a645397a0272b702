"""The ledger's promises, on a real Postgres."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from billing.errors import (
    AccountFrozen,
    BillingError,
    HoldClosed,
    InsufficientTokens,
    OverQuote,
    WrongStripeMode,
)
from billing.ledger import service as ledger
from billing.statements import service as statements

HOUR = timedelta(hours=1)


async def _open(pool: asyncpg.Pool, account: str = "acc_a", tokens: int = 100) -> None:
    async with pool.acquire() as conn, conn.transaction():
        await ledger.open_account(conn, account, "prepaid")
        await ledger.grant(conn, account, tokens, f"welcome/{account}")


async def _kept(pool: asyncpg.Pool) -> list[str]:
    async with pool.acquire() as conn:
        return await ledger.violations(conn)


async def test_a_hold_is_captured_in_parts_and_the_rest_is_released(pool: asyncpg.Pool) -> None:
    await _open(pool)
    async with pool.acquire() as conn, conn.transaction():
        hold = await ledger.place_hold(conn, "acc_a", "brf_1", 8, HOUR)
        assert (await ledger.balance(conn, "acc_a")).available == 92
        await ledger.capture(conn, hold.id, "cand_1", 2)
        again = await ledger.capture(conn, hold.id, "cand_1", 2)
        assert again.replayed
        await ledger.capture(conn, hold.id, "cand_2", 2)
        closed = await ledger.release(conn, hold.id)
        assert (closed.captured, closed.released, closed.state) == (4, 4, "closed")
        assert await ledger.release(conn, hold.id) == closed
        balance = await ledger.balance(conn, "acc_a")
        assert (balance.posted, balance.held, balance.available) == (96, 0, 96)
        with pytest.raises(HoldClosed):
            await ledger.capture(conn, hold.id, "cand_3", 2)
    assert await _kept(pool) == []


async def test_more_than_was_quoted_is_never_captured(pool: asyncpg.Pool) -> None:
    await _open(pool)
    async with pool.acquire() as conn, conn.transaction():
        hold = await ledger.place_hold(conn, "acc_a", "brf_1", 3, HOUR)
        await ledger.capture(conn, hold.id, "cand_1", 2)
        with pytest.raises(OverQuote):
            await ledger.capture(conn, hold.id, "cand_2", 2)


async def test_a_hold_beyond_the_balance_names_what_is_needed_and_what_is_there(
    pool: asyncpg.Pool,
) -> None:
    await _open(pool, tokens=5)
    with pytest.raises(InsufficientTokens) as refused:
        async with pool.acquire() as conn, conn.transaction():
            await ledger.place_hold(conn, "acc_a", "brf_1", 8, HOUR)
    assert (refused.value.needed, refused.value.available) == (8, 5)
    assert await _kept(pool) == []


async def test_many_holds_at_once_never_overdraw_a_wallet(pool: asyncpg.Pool) -> None:
    await _open(pool, tokens=20)

    async def hold(number: int) -> bool:
        try:
            async with pool.acquire() as conn, conn.transaction():
                await ledger.place_hold(conn, "acc_a", f"brf_{number}", 3, HOUR)
        except InsufficientTokens:
            return False
        return True

    placed = await asyncio.gather(*(hold(number) for number in range(20)))
    assert sum(placed) == 6
    assert await _kept(pool) == []


async def test_a_license_is_charged_once_however_often_it_is_asked_for(pool: asyncpg.Pool) -> None:
    await _open(pool)

    async def pick() -> bool:
        async with pool.acquire() as conn, conn.transaction():
            return (await ledger.charge_license(conn, "acc_a", "cand_1", 8)).replayed

    replayed = await asyncio.gather(*(pick() for _ in range(5)))
    assert replayed.count(False) == 1
    async with pool.acquire() as conn:
        assert (await ledger.balance(conn, "acc_a")).posted == 92
    assert await _kept(pool) == []


async def test_a_payment_is_credited_once(pool: asyncpg.Pool) -> None:
    await _open(pool, tokens=1)
    for expected in (True, False, False):
        async with pool.acquire() as conn, conn.transaction():
            assert await ledger.credit_topup(conn, "acc_a", "pi_1", 100) is expected
    async with pool.acquire() as conn:
        assert (await ledger.balance(conn, "acc_a")).posted == 101


async def test_a_hold_that_outlives_its_brief_is_given_back(pool: asyncpg.Pool) -> None:
    await _open(pool)
    async with pool.acquire() as conn:
        hold = await ledger.place_hold(conn, "acc_a", "brf_1", 8, timedelta(seconds=-1))
        async with conn.transaction():
            assert await ledger.expire_holds(conn) == 1
            assert await ledger.expire_holds(conn) == 0
        found = await ledger.hold(conn, hold.id)
        assert found is not None
        assert found.state == "expired"
        assert (await ledger.balance(conn, "acc_a")).available == 100
    assert await _kept(pool) == []


async def test_a_refund_is_a_new_line_and_happens_once(pool: asyncpg.Pool) -> None:
    await _open(pool)
    async with pool.acquire() as conn:
        spent = await ledger.charge_license(conn, "acc_a", "cand_1", 8)
        assert await ledger.refund(conn, spent.id)
        assert not await ledger.refund(conn, spent.id)
        kinds = [line.kind for line in await statements.history(conn, "acc_a", None, 10)]
        assert kinds == ["grant", "license", "refund"]
        with pytest.raises(BillingError):
            await ledger.refund(conn, "cap_unknown")
    assert await _kept(pool) == []


async def test_nobody_can_change_a_line_of_the_ledger(pool: asyncpg.Pool) -> None:
    await _open(pool)
    async with pool.acquire() as conn:
        for statement in (
            "update billing.transfers set amount = 1",
            "delete from billing.transfers",
            "truncate billing.transfers cascade",
        ):
            with pytest.raises(asyncpg.RaiseError, match="append-only"):
                await conn.execute(statement)


async def test_a_statement_proves_itself(pool: asyncpg.Pool) -> None:
    await _open(pool)
    async with pool.acquire() as conn:
        await ledger.charge_license(conn, "acc_a", "cand_1", 8)
        now = datetime.now(UTC)
        shown = await statements.span(conn, "acc_a", now - HOUR, now + HOUR)
        assert (shown.opening, shown.closing) == (0, 92)
        lines = await statements.page(conn, shown, None, 10)
        assert [line.balance_after for line in lines] == [100, 92]
        later = await statements.span(conn, "acc_a", now + HOUR, now + 2 * HOUR)
        assert (later.opening, later.closing) == (92, 92)
        assert await statements.page(conn, later, None, 10) == ()
        (row,) = await statements.spent(conn, shown, ("sku",))
        assert (row.sku, row.tokens, row.count) == ("license", 8, 1)


async def test_a_postpaid_account_spends_up_to_its_limit(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn:
        await ledger.open_account(conn, "acc_p", "postpaid", 10)
        await ledger.charge_license(conn, "acc_p", "cand_1", 8)
        with pytest.raises(InsufficientTokens):
            await ledger.charge_license(conn, "acc_p", "cand_2", 8)


async def test_a_frozen_account_spends_nothing(pool: asyncpg.Pool) -> None:
    await _open(pool)
    async with pool.acquire() as conn:
        await conn.execute("update billing.wallets set frozen = true")
        with pytest.raises(AccountFrozen):
            async with conn.transaction():
                await ledger.place_hold(conn, "acc_a", "brf_1", 8, HOUR)


async def test_a_ledger_remembers_its_stripe_mode(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn:
        await ledger.bind_stripe_mode(conn, "sandbox")
        await ledger.bind_stripe_mode(conn, "sandbox")
        with pytest.raises(WrongStripeMode):
            await ledger.bind_stripe_mode(conn, "live")


async def test_the_invariants_survive_a_crowd_that_repeats_and_crashes(
    pool: asyncpg.Pool,
) -> None:
    for name in ("acc_a", "acc_b"):
        await _open(pool, name, 200)
    dice = random.Random(7)

    class Crash(Exception):
        """A process that dies before its commit."""

    async def once(work: Callable[[asyncpg.Connection], Awaitable[object]]) -> None:
        try:
            async with pool.acquire() as conn, conn.transaction():
                await work(conn)
                if dice.random() < 0.2:
                    raise Crash
        except (Crash, BillingError, asyncpg.UniqueViolationError, asyncpg.DeadlockDetectedError):
            return

    async def worker(number: int) -> None:
        for turn in range(30):
            account = dice.choice(["acc_a", "acc_b"])
            brief = f"brf_{dice.randrange(40)}"

            async def work(
                conn: asyncpg.Connection, account: str = account, brief: str = brief
            ) -> None:
                hold = await ledger.place_hold(conn, account, brief, 6, timedelta(seconds=0.2))
                for candidate in range(dice.randrange(4)):
                    await ledger.capture(conn, hold.id, f"{brief}/{candidate}", 2)
                if dice.random() < 0.5:
                    await ledger.release(conn, hold.id)

            await once(work)
            await once(ledger.expire_holds)
            await once(lambda conn, a=account, t=turn: ledger.credit_topup(conn, a, f"pi_{t}", 3))

    await asyncio.gather(*(worker(number) for number in range(6)))
    assert await _kept(pool) == []
    async with pool.acquire() as conn:
        assert await conn.fetchval("select count(*) from billing.captures") > 20
