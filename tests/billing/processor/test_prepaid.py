"""Top-ups that are paid, refunded and disputed: tokens follow the money, once."""

import asyncio
import contextlib
from datetime import datetime, timedelta

import pytest

from api import clerk
from api.clerk.lots import expire_lots
from billing.connections import lent, transaction
from billing.contracts import Pack, Tokens
from billing.errors import AccountFrozen, RefundTooLarge, UnknownPayment
from billing.ledger import service as ledger
from billing.processor import errands, payments, store
from tests.billing.processor.conftest import HOUR, PACK, World


async def _refund(world: World, account: str, payment: str, amount: int | None = None) -> None:
    async with transaction(world.pool) as conn:
        await errands.ask_refund(conn, account, payment, amount)


async def _payment(world: World, payment: str) -> tuple[int, int]:
    row = await world.pool.fetchrow(
        "select refunded_minor, taken_tokens from billing.payments where payment_intent = $1",
        payment,
    )
    assert row is not None
    return tuple(row)


async def test_a_topup_whose_events_come_twice_in_any_order_is_credited_once(
    world: World,
) -> None:
    account = await world.account()
    await world.buy(account, "a")
    (session,) = world.shop.all("checkout.session")
    world.shop.emit("checkout.session.async_payment_succeeded", session)
    await world.hear(duplicate=True, shuffle=5)
    assert (await world.balance(account)).posted == 100
    assert await world.pool.fetchval("select state from api.topups") == "paid"


async def test_two_sessions_of_one_payment_are_credited_once(world: World) -> None:
    account = await world.account()
    payment = await world.buy(account, "a")
    other = await world.desk.door.start_checkout(
        await world.desk.door.ensure_customer(account, "Studio"), account, "top_again", PACK, "http://x"
    )  # fmt: skip
    session = world.shop.objects[other[0]]
    world.shop.change(session, payment_status="paid", status="complete", payment_intent=payment)
    world.shop.emit("checkout.session.completed", session)
    await world.hear()
    assert (await world.balance(account)).posted == 100


async def test_an_account_is_one_customer_and_called_by_its_name_whoever_comes_first(
    world: World,
) -> None:
    account = await world.account()
    door = world.desk.door
    made = await asyncio.gather(
        door.ensure_customer(account), door.ensure_customer(account, "Studio"),
        door.ensure_customer(account),
    )  # fmt: skip
    (customer,) = world.shop.all("customer")
    assert set(made) == {customer["id"]}
    assert customer["name"] == "Studio"
    await world.pool.execute("delete from billing.customers")  # killed before it was written down
    assert await door.ensure_customer(account, "Other") == customer["id"]
    assert customer["name"] == "Other"
    asked = len(world.shop.events)
    assert await door.ensure_customer(account, "Other") == customer["id"]
    assert len(world.shop.events) == asked, "what Stripe knows it is not told again"


async def test_a_customer_is_kept_once_by_all_that_bring_it_at_once(world: World) -> None:
    async with contextlib.AsyncExitStack() as stack:
        lanes = [await stack.enter_async_context(lent(world.pool)) for _ in range(8)]
        for number in range(100):
            account = await world.account()
            kept = await asyncio.gather(
                *(store.insert_customer(conn, account, f"cus_{number}") for conn in lanes)
            )
            assert set(kept) == {f"cus_{number}"}


async def test_a_topups_tokens_last_as_long_as_the_pack_says(world: World) -> None:
    account = await world.account()
    await world.buy(account, "a")
    await world.hear()
    lasts = await world.pool.fetchval(
        "select expires_at - created_at from billing.lots join billing.transfers"
        " on transfers.id = lots.transfer where lots.account = $1", account
    )  # fmt: skip
    assert timedelta(days=364) < lasts < timedelta(days=367)


async def test_a_refund_takes_tokens_back_in_proportion_and_all_of_them_in_the_end(
    world: World,
) -> None:
    account = await world.account()
    payment = await world.buy(account, "a", Pack(tokens=Tokens(100), amount_minor=3333,
                                                currency="cny"))  # fmt: skip
    await world.hear()
    taken = []
    for amount in (1000, 1000, 1, None):
        await _refund(world, account, payment, amount)
        assert await clerk.do_errands(world.desk) == 1
        taken.append(100 - (await world.balance(account)).posted)
    assert taken == [30, 60, 60, 100]
    assert await _payment(world, payment) == (3333, 100)
    await world.hear(duplicate=True, shuffle=1)  # the webhooks say nothing new
    assert (await world.balance(account)).posted == 0
    assert (await world.notices(account)).count("topup_refunded") == 4


async def test_a_refund_larger_than_what_is_left_is_refused_with_what_is_possible(
    world: World,
) -> None:
    account, stranger = await world.account(), await world.account()
    payment = await world.buy(account, "a")
    await world.hear()
    await _refund(world, account, payment, 1000)  # still an errand, and counted
    for amount, possible in ((2001, "20.00 CNY"), (0, "20.00 CNY"), (-5, "20.00 CNY")):
        with pytest.raises(RefundTooLarge, match=possible):
            await _refund(world, account, payment, amount)
    with pytest.raises(UnknownPayment):
        await _refund(world, stranger, payment, 1)
    with pytest.raises(UnknownPayment):
        await _refund(world, account, "pi_nobody", 1)
    await clerk.do_errands(world.desk)
    await _refund(world, account, payment)
    await clerk.do_errands(world.desk)
    with pytest.raises(RefundTooLarge, match=r"at most 0\.00 CNY"):
        await _refund(world, account, payment)
    assert sum(one["amount"] for one in world.shop.all("refund")) == 3000


async def test_a_refund_whose_clerk_was_killed_is_made_once(world: World) -> None:
    account = await world.account()
    payment = await world.buy(account, "a")
    await world.hear()
    await _refund(world, account, payment, 600)
    world.shop.faults.set("lose", count=3, path="/v1/refunds")
    assert await clerk.do_errands(world.desk) == 0
    world.shop.faults.clear()
    world.shop.replies.clear()  # and Stripe has forgotten the idempotency key
    await world.pool.execute("update billing.errands set next_at = now()")
    assert await clerk.do_errands(world.desk) == 1
    await world.hear()
    assert [one["amount"] for one in world.shop.all("refund")] == [600]
    assert (await world.balance(account)).posted == 80


async def test_a_refund_that_fails_at_the_bank_gives_the_tokens_back(world: World) -> None:
    account = await world.account()
    payment = await world.buy(account, "a")
    await world.hear()
    await _refund(world, account, payment)
    await clerk.do_errands(world.desk)
    assert (await world.balance(account)).posted == 0
    (refund,) = world.shop.all("refund")
    world.shop.change(refund, status="failed")
    world.shop.emit("refund.failed", refund)
    await world.hear(duplicate=True)
    assert (await world.balance(account)).posted == 100
    assert await _payment(world, payment) == (0, 0)


async def test_a_refund_in_stripes_dashboard_is_followed_by_the_tokens(world: World) -> None:
    account = await world.account()
    payment = await world.buy(account, "a")
    await world.desk.door.refund("by hand", payment, 1500)
    await world.hear(shuffle=2)  # perhaps before the payment itself
    assert (await world.balance(account)).posted == 50


async def test_a_refund_takes_no_token_that_has_run_out(world: World) -> None:
    """Of a hundred, thirty were spent and seventy ran out; then all the money goes back."""
    account = await world.account()
    payment = await world.buy(account, "a")
    await world.hear()
    await world.spend(account, 30, "x")
    await world.pool.execute("update billing.lots set expires_at = now()")
    await expire_lots(world.desk)
    assert (await world.balance(account)).posted == 0
    await _refund(world, account, payment)
    await clerk.do_errands(world.desk)
    await world.hear(duplicate=True)
    assert await _payment(world, payment) == (3000, 30)
    assert (await world.balance(account)).owed == 30


async def test_a_dispute_on_spent_tokens_freezes_and_leaves_them_owed_until_it_is_won(
    world: World,
) -> None:
    account = await world.account()
    payment = await world.buy(account, "a")
    await world.hear()
    await world.spend(account, 70, "one")
    dispute = world.shop.dispute(payment)
    await world.hear(duplicate=True, shuffle=4)
    wallet = await world.balance(account)
    assert (wallet.frozen, wallet.posted) == (True, 0), "30 were there to take, 70 are owed"
    with pytest.raises(AccountFrozen):
        async with transaction(world.pool) as conn:
            await ledger.place_hold(conn, account, "brf_1", 1, HOUR)
    with pytest.raises(RefundTooLarge):
        await _refund(world, account, payment)
    world.shop.decide(dispute["id"], "won")
    await world.hear(duplicate=True, shuffle=5)
    wallet = await world.balance(account)
    assert (wallet.frozen, wallet.posted) == (False, 30)
    assert "dispute_opened" in await world.notices(account)


async def test_a_lost_dispute_keeps_the_tokens_and_the_freeze(world: World) -> None:
    account = await world.account()
    payment = await world.buy(account, "a")
    await world.hear()
    await world.spend(account, 70, "one")
    dispute = world.shop.dispute(payment)
    world.shop.decide(dispute["id"], "lost")
    await world.hear()  # only now do we hear of any of it
    wallet = await world.balance(account)
    assert (wallet.frozen, wallet.posted) == (True, 0)
    assert await world.pool.fetchval("select status from billing.disputes") == "lost"


async def test_stripes_fees_are_booked_once_and_only_our_own(world: World) -> None:
    account = await world.account()
    payment = await world.buy(account, "a")
    await world.hear()
    world.shop.dispute(payment)
    await world.hear()
    stranger = await world.desk.door.client.v1.customers.create_async({"name": "Stranger"})
    session = await world.desk.door.start_checkout(stranger.id, "?", "top_x", PACK, "http://x")
    world.shop.pay(session[0])
    assert await clerk.book_fees(world.desk) == 2
    assert await clerk.book_fees(world.desk) == 0
    fees = [one["fee"] for one in world.shop.all("balance_transaction") if one["fee"]]
    booked = await world.pool.fetchval(
        "select sum(amount)::bigint from billing.transfers where kind = 'fee'"
    )
    assert (len(fees), booked) == (3, sum(fees) - 117)
    await world.balance(account)


async def test_two_clerks_refund_and_hear_of_it_at_once(world: World) -> None:
    account = await world.account()
    payment = await world.buy(account, "a")
    await world.hear()
    for amount in (300, 600, 900):
        await _refund(world, account, payment, amount)
    await asyncio.gather(*(clerk.do_errands(world.desk) for _ in range(3)), world.hear())
    await world.pool.execute("update billing.errands set next_at = now() where state = 'asked'")
    await clerk.do_errands(world.desk)
    await world.hear()
    assert (await world.balance(account)).posted == 40
    assert sum(one["amount"] for one in world.shop.all("refund")) == 1800


async def test_errands_end_when_stripe_refuses_and_wait_while_it_is_away(world: World) -> None:
    account = await world.account()
    async with transaction(world.pool) as conn:
        first = await errands.ask(conn, account, "portal", {"return_url": "https://x"})
    assert await clerk.do_errands(world.desk) == 1, "it has never paid: there is no customer"
    await world.buy(account, "a")
    async with transaction(world.pool) as conn:
        second = await errands.ask(conn, account, "portal", {"return_url": "https://x"})
    world.shop.faults.set("500", count=9)
    assert await clerk.do_errands(world.desk) == 0
    world.shop.faults.clear()
    await world.pool.execute("update billing.errands set next_at = now()")
    world.shop.replies.clear()
    assert await clerk.do_errands(world.desk) == 1
    async with lent(world.pool) as conn:
        states = [
            (await errands.errand(conn, account, "portal", one.id)) for one in (first, second)
        ]
    assert [one and one.state for one in states] == ["failed", "done"]
    assert states[1] is not None and states[1].answer is not None
    assert states[1].answer["url"].startswith("http://127.0.0.1:1/sandbox/portal/")
    await world.pool.execute("update billing.errands set created_at = now() - interval '2 days'")
    assert await clerk.forget_errands(world.desk) == 2, "a portal's link is not kept"


@pytest.mark.parametrize(
    ("paid", "months", "until"),
    [("2026-01-31", 1, "2026-02-28"), ("2026-11-27", 12, "2027-11-27"),
     ("2028-02-29", 12, "2029-02-28"), ("2026-12-31", 2, "2027-02-28"),
     ("2026-10-31", 1, "2026-11-30")],
)  # fmt: skip
def test_months_end_on_the_same_day_or_the_last(paid: str, months: int, until: str) -> None:
    found = payments._months_after(datetime.fromisoformat(f"{paid}T10:00:00+00:00"), months)
    assert found.isoformat() == f"{until}T10:00:00+00:00"
