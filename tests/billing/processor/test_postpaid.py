"""A postpaid account from its subscription to an unpaid invoice and back, by Stripe's clock."""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from msgspec import structs

from api import clerk
from billing.connections import lent, transaction
from billing.errors import AccountFrozen
from billing.ledger import service as ledger
from billing.money import Money
from billing.prices import service as prices
from billing.processor import errands, mirror, terms
from billing.processor.contracts import Preview
from tests.billing.processor.conftest import HOUR, World

BAD_CARD = "pm_card_chargeCustomerFail"


async def test_a_postpaid_account_is_subscribed_once_whoever_does_it(world: World) -> None:
    account = await world.account("postpaid", 100)
    await world.account("prepaid")
    await asyncio.gather(*(clerk.subscribe_postpaid(world.desk) for _ in range(3)))
    assert await clerk.subscribe_postpaid(world.desk) == 0
    assert len(world.shop.all("subscription")) == len(world.shop.all("customer")) == 1
    (row,) = await world.pool.fetch("select * from billing.subscriptions")
    assert (row["account"], row["status"], row["currency"]) == (account, "active", "cny")
    (price,) = world.shop.all("price")
    tiers = prices.current_book(datetime.now(UTC).date()).tiers
    assert [one["up_to"] for one in price["tiers"]] == [one.up_to for one in tiers]
    assert price["tiers"][0]["unit_amount_decimal"] == "30"


async def test_a_clerk_killed_between_stripe_and_us_finds_the_subscription_again(
    world: World,
) -> None:
    await world.account("postpaid", 100)
    await clerk.subscribe_postpaid(world.desk)
    await world.pool.execute("delete from billing.subscriptions")
    world.shop.replies.clear()  # Stripe has forgotten the idempotency key
    assert await clerk.subscribe_postpaid(world.desk) == 1
    assert len(world.shop.all("subscription")) == 1


async def test_a_paid_month_settles_what_was_owed_to_the_token_and_the_minor_unit(
    world: World,
) -> None:
    client = await world.postpaid(limit=1000, collection="charge_automatically")
    world.shop.give_card(client.customer)
    await client.use(70, "one")
    assert (await world.balance(client.account)).available == 930
    await client.days_pass(32)
    invoice = await client.invoice()
    assert (invoice["status"], invoice["tokens"]) == ("paid", 70)
    book = prices.current_book(datetime.now(UTC).date())
    cost = sum(one.minor for one in prices.invoice_cost(book, 70, "cny"))
    assert (invoice["total_minor"], invoice["paid_minor"]) == (cost, cost) == (2100, 2100)
    assert (await world.balance(client.account)).available == 1000
    assert await world.notices(client.account) == []


async def test_an_unpaid_invoice_has_its_grace_then_freezes_and_payment_thaws(
    world: World,
) -> None:
    client = await world.postpaid(limit=1000, collection="charge_automatically", grace_days=7)
    world.shop.give_card(client.customer, BAD_CARD)
    await client.use(70, "one")
    await client.days_pass(32)
    invoice = await client.invoice()
    assert invoice["status"] == "open"
    assert invoice["grace_until"] - invoice["failed_at"] == timedelta(days=7)
    assert await clerk.dun(world.desk) == 0
    assert await clerk.dun(world.desk) == 0
    assert await world.notices(client.account) == ["invoice_failed"]
    assert not (await world.balance(client.account)).frozen, "the grace is not over"
    await client.days_pass(8)
    assert await clerk.dun(world.desk) == 1
    assert await clerk.dun(world.desk) == 0
    assert (await world.balance(client.account)).frozen
    with pytest.raises(AccountFrozen):
        async with transaction(world.pool) as conn:
            await ledger.place_hold(conn, client.account, "brf_1", 1, HOUR)
    world.shop.give_card(client.customer)
    world.shop.pay(invoice["id"])
    await world.hear(duplicate=True, shuffle=3)
    wallet = await world.balance(client.account)
    assert (wallet.frozen, wallet.available) == (False, 1000)
    assert await world.notices(client.account) == [
        "invoice_failed", "account_frozen", "account_thawed",
    ]  # fmt: skip


async def test_an_invoice_that_is_sent_is_late_when_it_was_due(world: World) -> None:
    client = await world.postpaid(limit=1000, days_until_due=14, grace_days=3)
    await client.use(10, "one")
    await client.days_pass(32)
    await clerk.dun(world.desk)
    assert await world.notices(client.account) == []
    await client.days_pass(15)
    assert await clerk.dun(world.desk) == 0
    assert await world.notices(client.account) == ["invoice_failed"]
    await client.days_pass(3)
    for days, frozen in ((30, 0), (3, 1)):
        async with transaction(world.pool) as conn:
            now = await terms.terms(conn, client.account)
            await terms.set_terms(conn, structs.replace(now, grace_days=days))
        assert await clerk.dun(world.desk) == frozen, "another grace holds at once"


async def test_a_voided_invoice_gives_its_headroom_back_and_books_no_money(world: World) -> None:
    client = await world.postpaid()
    await world.spend(client.account, 45, "x")
    await clerk.send_usage(world.desk)
    await client.days_pass(32)
    assert (await world.balance(client.account)).posted == -45
    named = await world.pool.fetchval("select id from billing.invoices where status = 'open'")
    assert named is not None
    await world.desk.door.client.v1.invoices.void_invoice_async(named)
    await world.hear(duplicate=True, shuffle=2)
    assert (await world.balance(client.account)).posted == 0
    assert not await world.pool.fetchval(
        "select exists (select from billing.transfers where kind = 'payment')"
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_the_order_and_number_of_events_do_not_matter(world: World, seed: int) -> None:
    client = await world.postpaid(limit=1000, collection="charge_automatically")
    world.shop.give_card(client.customer)
    await client.use(25, "one")
    await client.days_pass(32, tell=False)
    await world.hear(duplicate=True, shuffle=seed)
    invoice = await client.invoice()
    assert (invoice["status"], invoice["tokens"]) == ("paid", 25)
    assert (await world.balance(client.account)).posted == 0


async def test_what_was_paid_is_never_open_again(world: World) -> None:
    client = await world.postpaid(limit=1000, collection="charge_automatically")
    world.shop.give_card(client.customer)
    await client.use(25, "one")
    await client.days_pass(32)
    invoice = await client.invoice()
    old = await world.desk.door.invoice(invoice["id"])
    stale = structs.replace(old, status="open", paid_minor=0)
    async with transaction(world.pool) as conn:
        assert await mirror.keep_invoice(conn, client.account, stale) == "older than what we know"
    assert (await client.invoice())["status"] == "paid"


async def test_a_credit_note_takes_off_what_is_owed_or_gives_back_what_was_paid(
    world: World,
) -> None:
    client = await world.postpaid(limit=1000, collection="charge_automatically")
    world.shop.give_card(client.customer)
    await client.use(100, "one")
    await client.days_pass(32)
    invoice = await client.invoice()
    async with transaction(world.pool) as conn:
        asked = await errands.ask_credit_note(conn, client.account, invoice["id"], 500, "sorry")
        from billing.errors import CreditTooLarge

        with pytest.raises(CreditTooLarge, match=r"25\.00 CNY"):
            await errands.ask_credit_note(conn, client.account, invoice["id"], 2501, "more")
    assert await clerk.do_errands(world.desk) == 1
    await world.hear()
    (refund,) = world.shop.all("refund")
    assert refund["amount"] == 500
    assert (await client.invoice())["credited_minor"] == 500
    async with lent(world.pool) as conn:
        done = await errands.errand(conn, client.account, "credit_note", asked.id)
        assert done is not None and done.state == "done"
        cash = await conn.fetchval(
            "select sum(amount)::bigint from billing.transfers where kind = 'payment_refund'"
        )
    assert Money(cash or 0, "cny").text() == "5.00 CNY"
    assert (await world.balance(client.account)).posted == 0, "no token moved"


@pytest.mark.parametrize(("end", "frozen"), [("won", False), ("lost", True)])
async def test_a_disputed_invoice_freezes_its_account_and_moves_no_token(
    world: World, end: str, *, frozen: bool
) -> None:
    client = await world.postpaid(limit=1000, collection="charge_automatically")
    world.shop.give_card(client.customer)
    await client.use(100, "one")
    await client.days_pass(32)
    (payment,) = [one for one in world.shop.all("payment_intent") if one["amount"] == 3000]
    dispute = world.shop.dispute(payment["id"])
    await world.hear(duplicate=True, shuffle=1)
    wallet = await world.balance(client.account)
    assert (wallet.frozen, wallet.posted, wallet.owed) == (True, 0, 0)
    world.shop.decide(dispute["id"], end)
    await world.hear(duplicate=True, shuffle=2)
    wallet = await world.balance(client.account)
    assert (wallet.frozen, wallet.posted) == (frozen, 0)


async def test_a_preview_is_an_errand_and_says_what_the_invoice_will(world: World) -> None:
    client = await world.postpaid(limit=20_000, collection="charge_automatically")
    world.shop.give_card(client.customer)
    await client.use(12_345, "one")
    async with transaction(world.pool) as conn:
        asked = await errands.ask(conn, client.account, "preview", {})
    assert await clerk.do_errands(world.desk) == 1
    async with lent(world.pool) as conn:
        done = await errands.errand(conn, client.account, "preview", asked.id)
    assert done is not None and done.answer is not None
    preview = msgspec.convert(done.answer, Preview)
    await client.days_pass(32)
    invoice = await client.invoice()
    assert (preview.tokens, preview.total_minor) == (12_345, invoice["total_minor"])
    assert [one.amount_minor for one in preview.lines if one.tokens] == [300_000, 63_315]


async def test_a_canceled_subscription_freezes_its_account(world: World) -> None:
    client = await world.postpaid()
    (subscription,) = world.shop.all("subscription")
    await world.desk.door.client.v1.subscriptions.cancel_async(subscription["id"])
    await world.hear()
    assert (await world.balance(client.account)).frozen
    assert await clerk.subscribe_postpaid(world.desk) == 0, "an operator decides what follows"
    async with transaction(world.pool) as conn:
        assert await mirror.resubscribe(conn, client.account) == subscription["id"]
        assert await mirror.resubscribe(conn, client.account) is None
    assert await clerk.subscribe_postpaid(world.desk) == 1
    assert sorted(one["status"] for one in world.shop.all("subscription")) == [
        "active", "canceled",
    ]  # fmt: skip
    assert not (await world.balance(client.account)).frozen
