"""Monthly caps: checked in the hold, exact under races, told of at half, four fifths and all."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from billing.contracts import Hold, Tags, Wanted
from billing.errors import BudgetExceeded
from billing.ledger import budgets
from billing.ledger import service as ledger
from billing.notices import notices

HOUR = timedelta(hours=1)
TAGS = Tags(api_key="key_1", project="night")


@pytest.fixture
async def conn(postgres: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to a till with one account of 1000 tokens."""
    opened = await asyncpg.connect(postgres)
    await ledger.open_account(opened, "acc_a", "prepaid")
    await ledger.grant(opened, "acc_a", 1000, "welcome")
    yield opened
    await opened.close()


async def test_a_cap_counts_what_is_held_and_what_is_spent(conn: asyncpg.Connection) -> None:
    await budgets.set_budget(conn, "acc_a", "key", "key_1", 20)
    held = await ledger.place_hold(conn, "acc_a", "brf_1", 8, HOUR, tags=TAGS)
    await ledger.capture(conn, held.id, "cand_1", 2)
    await ledger.charge_license(conn, "acc_a", "cand_1", 8, tags=TAGS)
    with pytest.raises(BudgetExceeded) as refused:
        await ledger.place_hold(conn, "acc_a", "brf_2", 5, HOUR, tags=TAGS)
    said = refused.value
    assert (said.needed, said.available, said.scope, said.subject, said.cap) == (
        5, 4, "key", "key_1", 20,
    )  # fmt: skip
    with pytest.raises(BudgetExceeded):
        await ledger.charge_license(conn, "acc_a", "cand_2", 5, tags=TAGS)
    await ledger.place_hold(conn, "acc_a", "brf_3", 900, HOUR, tags=Tags(api_key="key_2"))
    await ledger.release(conn, held.id)
    (budget,) = await budgets.budgets(conn, "acc_a")
    assert (budget.spent, budget.held, budget.left) == (10, 0, 10)
    assert await ledger.violations(conn) == []


async def test_the_narrower_of_two_caps_holds_and_the_other_counts_nothing(
    conn: asyncpg.Connection,
) -> None:
    await budgets.set_budget(conn, "acc_a", "key", "key_1", 100)
    await budgets.set_budget(conn, "acc_a", "project", "night", 5)
    with pytest.raises(BudgetExceeded, match="project night"):
        await ledger.place_hold(conn, "acc_a", "brf_1", 8, HOUR, tags=TAGS)
    assert [one.left for one in await budgets.budgets(conn, "acc_a")] == [100, 5]
    assert (await ledger.balance(conn, "acc_a")).held == 0


async def test_a_cap_set_in_the_middle_of_a_month_counts_the_whole_of_it(
    conn: asyncpg.Connection,
) -> None:
    held = await ledger.place_hold(conn, "acc_a", "brf_1", 8, HOUR, tags=TAGS)
    await ledger.capture(conn, held.id, "cand_1", 2)
    await ledger.charge_license(conn, "acc_a", "cand_1", 8, tags=TAGS)
    budget = await budgets.set_budget(conn, "acc_a", "key", "key_1", 20)
    assert (budget.spent, budget.held, budget.left) == (10, 6, 4)
    await ledger.release(conn, held.id)
    assert await budgets.drop_budget(conn, "acc_a", "key", "key_1")
    assert not await budgets.drop_budget(conn, "acc_a", "key", "key_1")
    await ledger.charge_license(conn, "acc_a", "cand_2", 50, tags=TAGS)
    again = await budgets.set_budget(conn, "acc_a", "key", "key_1", 100)
    assert (again.spent, again.held, again.left) == (60, 0, 40)
    assert await ledger.violations(conn) == []


async def test_half_four_fifths_and_all_of_a_cap_are_told_once(conn: asyncpg.Connection) -> None:
    await budgets.set_budget(conn, "acc_a", "key", "key_1", 10)
    for number, told in enumerate(([], [], ["50"], ["50"], ["50", "80"], ["50", "80", "100"])):
        if number:
            await ledger.charge_license(
                conn, "acc_a", f"cand_{number}", (0, 4, 1, 1, 2, 2)[number], tags=TAGS
            )
        kinds = [one.kind for one in await notices(conn, "acc_a", 0, 10)]
        assert kinds == [f"budget_{share}" for share in told]
    (last,) = (await notices(conn, "acc_a", 0, 10))[2:]
    assert last.facts == {"scope": "key", "subject": "key_1", "cap": 10, "spent": 10}


async def test_one_hold_may_pass_several_marks_and_a_refund_tells_nothing_again(
    conn: asyncpg.Connection,
) -> None:
    await budgets.set_budget(conn, "acc_a", "key", "key_1", 10)
    held = await ledger.place_hold(conn, "acc_a", "brf_1", 10, HOUR, tags=TAGS)
    assert await notices(conn, "acc_a", 0, 10) == (), "what is held is not spent yet"
    spent = await ledger.capture(conn, held.id, "cand_1", 9)
    await ledger.refund(conn, spent.id)
    await ledger.capture(conn, held.id, "cand_2", 1)
    kinds = [one.kind for one in await notices(conn, "acc_a", 0, 10)]
    assert kinds == ["budget_50", "budget_80", "budget_100"]


async def test_a_crowd_cannot_overrun_a_cap(conn: asyncpg.Connection, pool: asyncpg.Pool) -> None:
    await budgets.set_budget(conn, "acc_a", "key", "key_1", 20)
    await budgets.set_budget(conn, "acc_a", "project", "night", 26)

    async def hold(number: int) -> Hold | None:
        tags = TAGS if number % 2 else Tags(project="night")
        async with pool.acquire() as mine:
            try:
                return await ledger.place_hold(mine, "acc_a", f"brf_{number}", 3, HOUR, tags=tags)
            except BudgetExceeded:
                return None

    placed = [one for one in await asyncio.gather(*(hold(n) for n in range(24))) if one]
    assert len(placed) == 8, "eight times three is all that fits into 26"
    used = {one.subject: one.held for one in await budgets.budgets(conn, "acc_a")}
    assert used["night"] == 24
    assert used["key_1"] <= 20
    assert await ledger.violations(conn) == []


async def test_holds_that_come_together_are_capped_one_by_one(conn: asyncpg.Connection) -> None:
    await budgets.set_budget(conn, "acc_a", "key", "key_1", 10)
    wanted = [
        Wanted(account="acc_a", brief=f"brf_{n}", tokens=4, ttl=HOUR, tags=TAGS) for n in range(4)
    ]
    made = await ledger.place_holds(conn, wanted)
    assert [type(one) for one in made] == [Hold, Hold, BudgetExceeded, BudgetExceeded]
    assert await ledger.violations(conn) == []


async def test_a_cap_that_came_later_is_locked_in_the_order_of_all(
    conn: asyncpg.Connection, postgres: str
) -> None:
    """Whoever sets aside locks the key's row and then the project's; so must whoever captures."""
    await budgets.set_budget(conn, "acc_a", "project", "night", 500)
    held = await ledger.place_hold(conn, "acc_a", "brf_1", 10, HOUR, tags=TAGS)
    await budgets.set_budget(conn, "acc_a", "key", "key_1", 500)
    other = await asyncpg.connect(postgres)
    try:
        async with other.transaction():
            await other.execute("select from billing.budget_months where scope = 'key' for update")
            made = asyncio.create_task(ledger.capture(conn, held.id, "cand_1", 5))
            for _ in range(1000):
                if await other.fetchval("select exists (select from pg_locks where not granted)"):
                    break
                await asyncio.sleep(0.01)
            else:
                pytest.fail("the capture never waited for the key's row")
            await other.execute(
                "select from billing.budget_months where scope = 'project' for update nowait"
            )
        assert (await made).tokens == 5
    finally:
        await other.close()
    assert {one.spent for one in await budgets.budgets(conn, "acc_a")} == {5}


async def test_a_changed_cap_leaves_the_last_month_alone(conn: asyncpg.Connection) -> None:
    """What was held last month counts against that month, also when it is captured in this one."""
    await budgets.set_budget(conn, "acc_a", "key", "key_1", 100)
    held = await ledger.place_hold(conn, "acc_a", "brf_1", 10, HOUR, tags=TAGS)
    month = "date_trunc('month', now(), 'UTC') - interval '1 day'"
    await conn.execute(f"update billing.holds set created_at = {month}")
    await conn.execute(f"update billing.budget_months set month = billing.month_of({month})")
    await ledger.capture(conn, held.id, "cand_1", 4)
    changed = await budgets.set_budget(conn, "acc_a", "key", "key_1", 200)
    assert (changed.spent, changed.held) == (0, 0)
    assert await ledger.violations(conn) == []
