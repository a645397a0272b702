"""Everything happens once, however often and from wherever it is asked; in few round trips; and
what an older ledger holds is carried over."""

import asyncio
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from api.postgres import Embedded
from billing.contracts import Capture, Hold, Tags, Wanted
from billing.errors import BillingError, HoldClosed, InsufficientTokens, Mismatch
from billing.ledger import service as ledger
from billing.statements import service as statements

HOUR = timedelta(hours=1)
SCHEMA = Path(ledger.__file__).resolve().parents[1] / "schema"


async def _open(pool: asyncpg.Pool, tokens: int = 100) -> None:
    async with pool.acquire() as conn:
        await ledger.open_account(conn, "acc_a", "prepaid")
        await ledger.grant(conn, "acc_a", tokens, "welcome")


async def _kept(pool: asyncpg.Pool) -> list[str]:
    async with pool.acquire() as conn:
        return await ledger.violations(conn)


async def test_a_repeat_that_asks_for_something_else_is_refused(pool: asyncpg.Pool) -> None:
    await _open(pool)
    async with pool.acquire() as conn:
        await ledger.open_account(conn, "acc_b", "prepaid")
        held = await ledger.place_hold(conn, "acc_a", "brf_1", 8, HOUR)
        assert await ledger.place_hold(conn, "acc_a", "brf_1", 8, HOUR) == held
        await ledger.capture(conn, held.id, "cand_1", 2)
        await ledger.charge_license(conn, "acc_a", "cand_1", 8)
        for other in (
            ledger.place_hold(conn, "acc_a", "brf_1", 9, HOUR),
            ledger.place_hold(conn, "acc_b", "brf_1", 8, HOUR),
            ledger.capture(conn, held.id, "cand_1", 3),
            ledger.charge_license(conn, "acc_a", "cand_1", 9),
            ledger.charge_license(conn, "acc_b", "cand_1", 8),
            ledger.grant(conn, "acc_a", 99, "welcome"),
            ledger.grant(conn, "acc_b", 100, "welcome"),
        ):
            with pytest.raises(Mismatch):
                await other
        assert (await ledger.balance(conn, "acc_a")).available == 84
    assert await _kept(pool) == []


@pytest.mark.parametrize("tokens", [0, -5, 10**15 + 1, 2**63, 10**30])
async def test_what_cannot_be_counted_is_refused(pool: asyncpg.Pool, tokens: int) -> None:
    await _open(pool)
    async with pool.acquire() as conn:
        await ledger.open_account(conn, "acc_p", "postpaid", 10)
        for asked in (
            ledger.grant(conn, "acc_a", tokens, "more"),
            ledger.credit_topup(conn, "acc_a", "pi_1", tokens),
            ledger.settle_invoice(conn, "acc_p", "in_1", tokens),
            ledger.claw_back(conn, "acc_a", "re_1", tokens or -1),
            ledger.set_credit_limit(conn, "acc_p", tokens or -1),
            ledger.open_account(conn, "acc_q", "postpaid", tokens or -1),
        ):
            with pytest.raises(BillingError, match="cannot be counted"):
                await asked
    assert await _kept(pool) == []


async def test_two_keys_race_for_the_last_token(pool: asyncpg.Pool) -> None:
    await _open(pool, tokens=1)

    async def hold(number: int) -> Hold | BillingError:
        async with pool.acquire() as conn:
            try:
                return await ledger.place_hold(
                    conn, "acc_a", f"brf_{number}", 1, HOUR, tags=Tags(api_key=f"key_{number}")
                )
            except BillingError as refused:
                return refused

    made = await asyncio.gather(hold(1), hold(2))
    assert sorted(type(one).__name__ for one in made) == ["Hold", "InsufficientTokens"]
    assert await _kept(pool) == []


async def test_a_license_asked_for_twice_at_once_takes_the_last_tokens_once(
    pool: asyncpg.Pool,
) -> None:
    """The second finds the wallet empty because of the first, and is no refusal."""
    await _open(pool, tokens=8)

    async def pick() -> Capture:
        async with pool.acquire() as conn:
            return await ledger.charge_license(conn, "acc_a", "cand_1", 8)

    made = await asyncio.gather(*(pick() for _ in range(8)))
    assert sorted(one.replayed for one in made) == [False] + [True] * 7
    assert await _kept(pool) == []


async def test_a_capture_and_the_end_of_its_hold_never_both_have_its_tokens(
    pool: asyncpg.Pool,
) -> None:
    await _open(pool)
    caught = 0
    for number in range(20):
        async with pool.acquire() as conn:
            held = await ledger.place_hold(conn, "acc_a", f"brf_{number}", 4, HOUR)
            past = "update billing.holds set expires_at = now() - interval '1 s' where id = $1"
            await conn.execute(past, held.id)

        async def capture(hold: str = held.id, candidate: str = f"cand_{number}") -> bool:
            async with pool.acquire() as conn:
                try:
                    await ledger.capture(conn, hold, candidate, 2)
                except HoldClosed:
                    return False
                return True

        async def end(hold: str = held.id, expires: bool = bool(number % 2)) -> None:
            async with pool.acquire() as conn:
                if expires:
                    await ledger.expire_holds(conn)
                else:
                    await ledger.release(conn, hold)

        first, _ = await asyncio.gather(capture(), end())
        caught += bool(first)
    async with pool.acquire() as conn:
        await ledger.expire_holds(conn)
        wallet = await ledger.balance(conn, "acc_a")
    assert (wallet.posted, wallet.held) == (100 - 2 * caught, 0)
    assert await _kept(pool) == []


async def test_many_connections_on_one_wallet_neither_wait_for_ever_nor_lose_a_token(
    pool: asyncpg.Pool,
) -> None:
    await _open(pool, tokens=300)

    async def work(number: int) -> None:
        for turn in range(6):
            brief = f"brf_{number}_{turn}"
            async with pool.acquire() as conn:
                held = await ledger.place_hold(conn, "acc_a", brief, 6, HOUR)
                await ledger.capture(conn, held.id, f"{brief}/1", 2)
                await ledger.capture(conn, held.id, f"{brief}/2", 2, release_rest=turn % 2 == 0)
                await ledger.release(conn, held.id)
                await ledger.credit_topup(conn, "acc_a", f"pi_{turn}", 1)
                await ledger.expire_holds(conn)

    await asyncio.gather(*(work(number) for number in range(10)))
    async with pool.acquire() as conn:
        wallet = await ledger.balance(conn, "acc_a")
        assert (wallet.posted, wallet.held) == (300 - 10 * 6 * 4 + 6, 0)
        lines = await statements.history(conn, "acc_a", None, 1000)
    assert [one.created_at for one in lines] == sorted(one.created_at for one in lines)
    assert await _kept(pool) == []


async def test_holds_that_come_together_are_answered_each_for_itself(pool: asyncpg.Pool) -> None:
    await _open(pool, tokens=20)

    def wanted(*briefs: tuple[int, int]) -> list[Wanted]:
        return [
            Wanted(account="acc_a", brief=f"brf_{number}", tokens=tokens, ttl=HOUR)
            for number, tokens in briefs
        ]

    async with pool.acquire() as conn:
        first = await ledger.place_holds(conn, wanted((1, 5), (2, 5)))
        assert [type(one) for one in first] == [Hold, Hold]
        second = await ledger.place_holds(conn, wanted((2, 5), (1, 6), (3, 8), (4, 8), (5, 2)))
        assert second[0] == first[1]
        assert [type(one) for one in second[1:]] == [Mismatch, Hold, InsufficientTokens, Hold]
        assert await ledger.place_holds(conn, []) == ()
    assert await _kept(pool) == []


async def test_a_whole_brief_is_seven_round_trips_of_the_till(pool: asyncpg.Pool) -> None:
    await _open(pool)
    asked: list[str] = []
    async with pool.acquire() as conn:
        with conn.query_logger(lambda record: asked.append(record.query)):
            held = await ledger.place_hold(conn, "acc_a", "brf_1", 8, HOUR)
            for number in range(4):
                await ledger.capture(conn, held.id, f"cand_{number}", 2)
            await ledger.release(conn, held.id)
            await ledger.charge_license(conn, "acc_a", "cand_0", 8)
            await conn.execute("select 'the end'")
            for _ in range(1000):  # the logger is told of each a moment later, in their order
                if any("the end" in query for query in asked):
                    break
                await asyncio.sleep(0.01)
    assert len(asked) == 7 + 1


async def test_the_meters_are_named_the_same_on_both_sides(pool: asyncpg.Pool) -> None:
    for mode, meter in ledger.METERS.items():
        assert await pool.fetchval("select billing.meter_of($1)", mode) == meter


OLDER = """
insert into billing.wallets (account, mode, posted, held, frozen) values
  ('acc_a', 'prepaid', 92, 3, true);
insert into billing.wallets (account, mode, credit_limit) values ('acc_b', 'postpaid', 50);
insert into billing.transfers (kind, ref, account, debit, credit, tokens) values
  ('topup', 'pi_1', 'acc_a', 'stripe', 'wallet:acc_a', 100),
  ('capture', 'cap_1', 'acc_a', 'wallet:acc_a', 'revenue', 8),
  ('capture', 'cap_2', 'acc_b', 'wallet:acc_b', 'revenue', 5),
  ('refund', 'cap_2', 'acc_b', 'revenue', 'wallet:acc_b', 5);
insert into billing.captures (id, account, sku, reference, tokens, transfer) values
  ('cap_1', 'acc_a', 'license', 'cand_1', 8, 2),
  ('cap_2', 'acc_b', 'license', 'cand_3', 5, 3);
insert into billing.outbox (identifier, account, event_name, tokens) values
  ('cap_1', 'acc_a', 'cuesmith_tokens_prepaid', 8), ('cap_2', 'acc_b', 'cuesmith_tokens', 5);
insert into billing.holds (id, account, brief, quoted, expires_at) values
  ('hold_1', 'acc_a', 'brf_1', 3, now() + interval '1 hour');
"""


async def test_what_an_older_ledger_holds_is_carried_over(server: Embedded) -> None:
    owner = await asyncpg.connect(server.dsn)
    await owner.execute("create database older")
    try:
        conn = await asyncpg.connect(server.database("older"))
        await conn.execute((SCHEMA / "0001_ledger.sql").read_text())
        await conn.execute(OLDER)
        for file in sorted(SCHEMA.glob("*.sql"))[1:]:
            await conn.execute(file.read_text())
        assert await ledger.violations(conn) == []
        assert [
            (line.kind, line.tokens, line.balance_after)
            for line in await statements.history(conn, "acc_a", None, 10)
        ] == [("topup", 100, 100), ("license", -8, 92)]
        # What was given back had not been taken off the meter yet.
        assert await conn.fetchval(
            "select (event_name, tokens) from billing.outbox where kind = 'return'"
        ) == ("cuesmith_tokens", -5)
        assert not await ledger.refund(conn, "cap_2")
        assert await ledger.freezes(conn, "acc_a") == ("operator",)
        await ledger.thaw(conn, "acc_a", "operator")
        assert (await ledger.capture(conn, "hold_1", "cand_2", 2)).tokens == 2
        assert await ledger.violations(conn) == []
        await conn.close()
    finally:
        await owner.execute("drop database older with (force)")
        await owner.close()
