"""Money that goes back: clawbacks, what is owed, disputes won, freezes by reason, invoices paid."""

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from billing.errors import AccountFrozen, BillingError, InsufficientTokens, UnknownAccount
from billing.ledger import service as ledger
from billing.money import Money
from billing.statements import service as statements

HOUR = timedelta(hours=1)


@pytest.fixture
async def conn(postgres: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to a till with one account that paid for 100 tokens."""
    opened = await asyncpg.connect(postgres)
    await ledger.open_account(opened, "acc_a", "prepaid")
    paid = Money(3000, "cny")
    await ledger.credit_topup(opened, "acc_a", "pi_1", 100, paid=paid)
    yield opened
    await opened.close()


async def _state(conn: asyncpg.Connection) -> tuple[int, int, bool]:
    assert await ledger.violations(conn) == []
    wallet = await ledger.balance(conn, "acc_a")
    return wallet.posted, wallet.owed, wallet.frozen


async def test_a_payment_that_goes_back_takes_its_tokens_along_once(
    conn: asyncpg.Connection,
) -> None:
    for _ in range(2):
        done = await ledger.claw_back(conn, "acc_a", "re_1", 40)
        assert (done.taken, done.owed) == (40, 0)
    assert await _state(conn) == (60, 0, False)


async def test_what_was_spent_or_is_held_is_owed_and_freezes_until_it_is_paid(
    conn: asyncpg.Connection,
) -> None:
    held = await ledger.place_hold(conn, "acc_a", "brf_1", 30, HOUR)
    await ledger.charge_license(conn, "acc_a", "cand_1", 50)
    done = await ledger.claw_back(conn, "acc_a", "dp_1", 100)
    assert (done.taken, done.owed) == (20, 80)
    assert await _state(conn) == (30, 80, True)
    await ledger.capture(conn, held.id, "cand_2", 10)  # what was promised is kept
    with pytest.raises(AccountFrozen):
        await ledger.place_hold(conn, "acc_a", "brf_2", 1, HOUR)
    with pytest.raises(BillingError, match="credit it"):
        await ledger.thaw(conn, "acc_a", "owed")
    await ledger.credit_topup(conn, "acc_a", "pi_2", 50)
    assert await _state(conn) == (20, 30, True)
    await ledger.credit_topup(conn, "acc_a", "pi_3", 50)
    assert await _state(conn) == (40, 0, False)
    kinds = [line.kind for line in await statements.history(conn, "acc_a", None, 20)]
    assert kinds == [
        "topup", "license", "clawback", "audition", "topup", "repayment", "topup", "repayment",
    ]  # fmt: skip


async def test_a_dispute_that_is_won_gives_back_what_it_took(conn: asyncpg.Connection) -> None:
    await ledger.charge_license(conn, "acc_a", "cand_1", 50)
    await ledger.freeze(conn, "acc_a", "dispute:dp_1")
    await ledger.claw_back(conn, "acc_a", "dp_1", 100)
    assert await _state(conn) == (0, 50, True)
    assert await ledger.reinstate(conn, "acc_a", "dp_1")
    assert not await ledger.reinstate(conn, "acc_a", "dp_1")
    assert await _state(conn) == (50, 0, True), "the dispute's own reason is still there"
    await ledger.thaw(conn, "acc_a", "dispute:dp_1")
    assert await _state(conn) == (50, 0, False)
    with pytest.raises(BillingError, match="nothing was taken"):
        await ledger.reinstate(conn, "acc_a", "dp_2")


async def test_a_debt_that_was_paid_meanwhile_comes_back_as_tokens(
    conn: asyncpg.Connection,
) -> None:
    await ledger.charge_license(conn, "acc_a", "cand_1", 100)
    await ledger.claw_back(conn, "acc_a", "dp_1", 100)
    await ledger.credit_topup(conn, "acc_a", "pi_2", 60)
    assert await _state(conn) == (0, 40, True)
    assert await ledger.reinstate(conn, "acc_a", "dp_1")
    assert await _state(conn) == (60, 0, False)


async def test_an_account_thaws_with_its_last_reason(conn: asyncpg.Connection) -> None:
    assert await ledger.freeze(conn, "acc_a", "invoice:1")
    assert not await ledger.freeze(conn, "acc_a", "invoice:1")
    assert await ledger.freeze(conn, "acc_a", "dispute:1")
    assert await ledger.freezes(conn, "acc_a") == ("invoice:1", "dispute:1")
    assert await ledger.thaw(conn, "acc_a", "invoice:1")
    assert not await ledger.thaw(conn, "acc_a", "invoice:1")
    assert await _state(conn) == (100, 0, True)
    assert await ledger.thaw(conn, "acc_a", "dispute:1")
    assert await _state(conn) == (100, 0, False)


async def test_a_paid_invoice_gives_a_postpaid_account_its_headroom_back(
    conn: asyncpg.Connection,
) -> None:
    await ledger.open_account(conn, "acc_p", "postpaid", 50)
    await ledger.charge_license(conn, "acc_p", "cand_p", 50)
    with pytest.raises(InsufficientTokens):
        await ledger.place_hold(conn, "acc_p", "brf_p", 1, HOUR)
    with pytest.raises(BillingError, match="used 50 tokens already"):
        await ledger.set_credit_limit(conn, "acc_p", 40)
    assert await ledger.settle_invoice(conn, "acc_p", "in_1", 50)
    assert not await ledger.settle_invoice(conn, "acc_p", "in_1", 50)
    await ledger.set_credit_limit(conn, "acc_p", 40)
    assert (await ledger.balance(conn, "acc_p")).available == 40
    with pytest.raises(BillingError, match="prepaid"):
        await ledger.set_credit_limit(conn, "acc_a", 10)
    assert await ledger.violations(conn) == []


async def test_money_is_written_beside_tokens_and_shows_on_no_token_statement(
    conn: asyncpg.Connection,
) -> None:
    back = Money(3000, "cny")
    assert await ledger.record_cash(conn, "payment_refund", "re_1", "acc_a", back)
    assert not await ledger.record_cash(conn, "payment_refund", "re_1", "acc_a", back)
    assert [line.kind for line in await statements.history(conn, "acc_a", None, 10)] == ["topup"]
    cash = await conn.fetchval(
        "select sum(case when debit = 'cash' then amount else -amount end)"
        " from billing.transfers where unit = 'cny'"
    )
    assert cash == 0


async def test_nothing_happens_to_an_account_nobody_opened(conn: asyncpg.Connection) -> None:
    for asked in (
        ledger.place_hold(conn, "acc_x", "brf_x", 1, HOUR),
        ledger.charge_license(conn, "acc_x", "cand_x", 1),
        ledger.credit_topup(conn, "acc_x", "pi_x", 1),
        ledger.claw_back(conn, "acc_x", "re_x", 1),
        ledger.freeze(conn, "acc_x", "invoice:x"),
        ledger.settle_invoice(conn, "acc_x", "in_x", 1),
    ):
        with pytest.raises(UnknownAccount):
            await asked
    assert await conn.fetchval("select count(*) from billing.holds where account = 'acc_x'") == 0


@pytest.mark.parametrize(
    "line",
    [
        "('topup', 'x', 'acc_a', 'promo', 'wallet:acc_a', 5, 'tok', 105)",
        "('topup', 'x', 'acc_a', 'issued', 'wallet:acc_b', 5, 'tok', null)",
        "('capture', 'x', 'acc_a', 'wallet:acc_a', 'revenue', 0, 'tok', 100)",
        "('capture', 'x', 'acc_a', 'wallet:acc_a', 'revenue', 5, 'tok', null)",
        "('payment', 'x', 'acc_a', 'cash', 'sales', 5, 'tok', null)",
        "('payment', 'x', 'acc_a', 'cash', 'sales', 5, 'CNY', null)",
        "('present', 'x', 'acc_a', 'issued', 'wallet:acc_a', 5, 'tok', 105)",
    ],
)
async def test_the_chart_knows_no_other_movements(conn: asyncpg.Connection, line: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="the chart has no"):
        await conn.execute(
            "insert into billing.transfers"
            f" (kind, ref, account, debit, credit, amount, unit, balance_after) values {line}"
        )
