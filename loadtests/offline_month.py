"""A month of the till without a network: ``python -m loadtests.offline_month``

A postpaid and a prepaid customer on a real Postgres and the sandbox's clock: subscription and
top-ups, a thousand briefs (holds, captures as candidates arrive, release, picks), the meters, an
invoice that fails, dunning, the freeze, payment and thaw, a refund, a dispute that is won and one
that is lost. At the end the ledger, the statements, Stripe's sums and the invoice must agree to the
token and to the minor unit; the table says so, and the command exits with 1 where they do not.
Nothing but this machine; the server and its folder are its own.
"""

import argparse
import asyncio
import logging
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import structlog
from msgspec import Struct

from api import clerk
from api.clerk import Desk
from api.database import create_pool, migrate
from api.keys import service as keys
from api.postgres import Embedded
from api.usage import store as topups
from billing.connections import lent, transaction
from billing.contracts import Pack
from billing.errors import AccountFrozen, InsufficientTokens
from billing.ledger import service as ledger
from billing.ledger.service import METERS
from billing.money import Money
from billing.prices import service as prices
from billing.processor import errands, inbox, store
from billing.processor.contracts import Terms
from billing.sandbox.app import create_sandbox
from billing.sandbox.shop import Shop
from billing.settings import BillingSettings
from billing.statements import service as statements

URL = "http://127.0.0.1:1"
TTL = timedelta(hours=1)
CREDIT_LIMIT = 100_000
AT_ONCE = 8
SHARE_POSTPAID = 0.8
PREPAID_PACK = 1_000
DAY = 86_400


class Row(Struct, frozen=True, kw_only=True):
    """One thing that two books say; they must say the same."""

    what: str
    ours: str
    theirs: str

    @property
    def agrees(self) -> bool:
        return self.ours == self.theirs


class Month:
    """The customers, the desk, and everything they do."""

    def __init__(
        self, desk: Desk, shop: Shop, pool: asyncpg.Pool, currency: str, seed: int
    ) -> None:
        self.desk, self.shop, self.pool = desk, shop, pool
        self.currency, self.dice = currency, random.Random(seed)
        self.book = prices.current_book(datetime.now(UTC).date())
        self.postpaid = self.prepaid = self.clock = self.customer = self.invoice = ""
        self.bought: dict[str, str] = {}
        """Payments by top-up."""
        self.story: list[str] = []
        self.rows: list[Row] = []

    async def live(self, briefs: int) -> list[Row]:
        """The whole month; what the books say of it."""
        await self._open_accounts()
        await self._buy_packs()
        await self._make_music(briefs)
        await self._tell_stripe()
        await self._compare_meters()
        await self._fail_the_invoice()
        await self._freeze()
        await self._pay_and_thaw()
        await self._refund()
        await self._dispute()
        await clerk.book_fees(self.desk)
        await self._compare_tokens()
        await self._compare_money()
        return self.rows

    # --- what happens ---

    async def _open_accounts(self) -> None:
        """A prepaid account, and a postpaid one that lives by a test clock and pays with a card
        that will be declined."""
        door = self.desk.door
        self.prepaid = (await keys.open_account(self.pool, "Prepaid", "test", "prepaid", 0)).id
        opened = await keys.open_account(self.pool, "Postpaid", "test", "postpaid", CREDIT_LIMIT)
        self.postpaid = opened.id
        clock = await door.client.v1.test_helpers.test_clocks.create_async(
            {"frozen_time": int(time.time())}
        )
        self.clock = clock.id
        terms = Terms(
            account=self.postpaid, currency=self.currency, collection="charge_automatically",
            grace_days=7, test_clock=clock.id,
        )  # fmt: skip
        async with lent(self.pool) as conn:
            await store.upsert_terms(conn, terms)
        assert await clerk.subscribe_postpaid(self.desk) == 1
        async with lent(self.pool) as conn:
            self.customer = await store.select_customer(conn, self.postpaid) or ""
        self.shop.give_card(self.customer, "pm_card_chargeCustomerFail")
        self.story.append("postpaid: subscribed, with a card that is declined when it is charged")

    async def _buy_packs(self) -> None:
        """Three packs, each paid on Checkout's page; every event is delivered twice."""
        pack = prices.pack_for(self.book, PREPAID_PACK, self.currency)
        assert pack is not None, f"the book sells {PREPAID_PACK} tokens in {self.currency}"
        for name in ("first", "second", "third"):
            self.bought[name] = await self._buy(f"top_{name}", pack)
        await self._hear()
        self.story.append(f"prepaid: bought 3 packs of {PREPAID_PACK} for "
                          f"{prices.price_of(pack).text()} each")  # fmt: skip

    async def _buy(self, topup: str, pack: Pack) -> str:
        async with lent(self.pool) as conn:
            await topups.insert_topup(conn, topup, self.prepaid, pack)
        await clerk.start_topups(self.desk)
        session = await self.pool.fetchval(
            "select checkout_session from api.topups where id = $1", topup
        )
        return self.shop.pay(session)["payment_intent"]

    async def _make_music(self, briefs: int) -> None:
        """Briefs side by side; what cannot be afforded is refused and costs nothing."""
        numbers = iter(range(briefs))
        refused = 0

        async def musician() -> None:
            nonlocal refused
            for number in numbers:
                refused += not await self._brief(number, random.Random(f"brief {number}"))

        await asyncio.gather(*(musician() for _ in range(AT_ONCE)))
        self.story.append(f"{briefs} briefs, {refused} of them refused for want of tokens")

    async def _brief(self, number: int, dice: random.Random) -> bool:
        """Hold, capture what is delivered, release the rest, and perhaps pick."""
        account = self.postpaid if dice.random() < SHARE_POSTPAID else self.prepaid
        each, candidates = dice.randint(1, 12), dice.randint(1, 4)
        delivered = dice.randint(0, candidates)
        try:
            async with transaction(self.pool) as conn:
                hold = await ledger.place_hold(
                    conn, account, f"brf_{number}", each * candidates, TTL
                )
        except InsufficientTokens:
            return False
        for candidate in range(delivered):
            async with transaction(self.pool) as conn:
                await ledger.capture(conn, hold.id, f"cand_{number}_{candidate}", each)
        async with transaction(self.pool) as conn:
            await ledger.release(conn, hold.id)
        if delivered and dice.random() < 0.3:
            await self._pick(account, f"cand_{number}_0", 4 * each)
        return True

    async def _pick(self, account: str, candidate: str, tokens: int) -> None:
        try:
            async with transaction(self.pool) as conn:
                await ledger.charge_license(conn, account, candidate, tokens)
        except InsufficientTokens:
            return

    async def _tell_stripe(self) -> None:
        """Drain the outbox, with replies that are lost on the way."""
        self.shop.faults.set("lose", chance=0.05, path="/v1/billing/meter_events")
        left = "select count(*) from billing.outbox where done_at is null"
        for _ in range(10_000):
            await clerk.send_usage(self.desk)
            if not await self.pool.fetchval(left):
                break
            await self.pool.execute(
                "update billing.outbox set next_at = now() where done_at is null"
            )
        self.shop.faults.clear()
        lost = self.shop.faults.struck.get("lose", 0)
        self.story.append(f"{len(self.shop.meter_events)} meter events told, {lost} replies lost")

    async def _fail_the_invoice(self) -> None:
        foreseen = await self._preview()
        await self._days_pass(32)
        row = await self._invoice()
        self.invoice = row["id"]
        total = Money(row["total_minor"], row["currency"]).text()
        self._must_agree("postpaid: the preview, and the invoice", foreseen, total)
        await clerk.dun(self.desk)
        self.story.append(f"the month ends: invoice {row['number']} over {row['tokens']} tokens "
                          f"is {row['status']}; its payment failed")  # fmt: skip

    async def _freeze(self) -> None:
        """Stripe tries again and again; after the grace the account may not spend."""
        await self._days_pass(8)
        assert await clerk.dun(self.desk) == 1, "the grace is over"
        try:
            async with transaction(self.pool) as conn:
                await ledger.place_hold(conn, self.postpaid, "brf_frozen", 1, TTL)
        except AccountFrozen:
            self.story.append("8 days later: frozen, a brief is refused")
            return
        self._must_agree("a frozen account's brief", "refused", "taken")

    async def _pay_and_thaw(self) -> None:
        self.shop.give_card(self.customer)
        self.shop.pay(self.invoice)
        await self._hear()
        async with transaction(self.pool) as conn:
            hold = await ledger.place_hold(conn, self.postpaid, "brf_thawed", 1, TTL)
            await ledger.release(conn, hold.id)
        self.story.append("paid with another card: settled, thawed, a brief is taken")

    async def _refund(self) -> None:
        """A third of the first pack goes back, and a refund that is too large is refused."""
        payment = self.bought["first"]
        amount = (await self._paid(payment)).minor // 3
        async with transaction(self.pool) as conn:
            await errands.ask_refund(conn, self.prepaid, payment, amount)
        await clerk.do_errands(self.desk)
        await self._hear()
        self.story.append(f"prepaid: {Money(amount, self.currency).text()} refunded")

    async def _dispute(self) -> None:
        """The second pack is disputed and won, the third disputed and lost."""
        for name, end in (("second", "won"), ("third", "lost")):
            dispute = self.shop.dispute(self.bought[name])
            await self._hear()
            self.shop.decide(dispute["id"], end)
            await self._hear()
        self.story.append("prepaid: one dispute won, one lost; the account stays frozen")

    # --- what the books say ---

    async def _compare_meters(self) -> None:
        """Before any money moves: what was spent is what Stripe has counted."""
        now = datetime.now(UTC)
        self.shop.clock.advance(self.shop.clock.now() + 10)
        for account, mode in ((self.postpaid, "postpaid"), (self.prepaid, "prepaid")):
            meter: Any = METERS[mode]  # type: ignore[index]
            counted = await self.desk.door.meter_total(
                account, meter, now - timedelta(days=2), now + timedelta(days=2)
            )
            self._must_agree(f"{mode}: tokens spent, and Stripe's sum",
                             await self._spent(account), counted)  # fmt: skip

    async def _compare_tokens(self) -> None:
        invoice = await self._invoice()
        spent = await self._spent(self.postpaid)
        self._must_agree("postpaid: tokens spent, and on the invoice", spent, invoice["tokens"])
        for account, mode in ((self.postpaid, "postpaid"), (self.prepaid, "prepaid")):
            await self._compare_statement(account, mode)
        async with lent(self.pool) as conn:
            wallet = await ledger.balance(conn, self.postpaid)
            broken = await ledger.violations(conn)
            prepaid = await ledger.balance(conn, self.prepaid)
        bought = len(self.bought) * PREPAID_PACK
        back = await self.pool.fetchval("select sum(taken_tokens)::bigint from billing.payments")
        self._must_agree("prepaid: bought, less what went back and was spent; and the wallet, less "
                         "what is owed", bought - (back or 0) - await self._spent(self.prepaid),
                         prepaid.posted - prepaid.owed)  # fmt: skip
        self._must_agree("postpaid: available after payment, and its limit",
                         wallet.available, CREDIT_LIMIT)  # fmt: skip
        self._must_agree("broken promises of the ledger", len(broken), 0)
        self.story += broken
        taken = await self.pool.fetch("select topup, tokens - taken_tokens as left"
                                      " from billing.payments order by topup")  # fmt: skip
        shares = {row["topup"]: row["left"] for row in taken}
        paid = (await self._paid(self.bought["first"])).minor
        third = PREPAID_PACK - PREPAID_PACK * (paid // 3) // paid
        expected = {"top_first": third, "top_second": PREPAID_PACK, "top_third": 0}
        self._must_agree("prepaid: tokens left of each payment", shares, expected)

    async def _compare_statement(self, account: str, mode: str) -> None:
        since, until = datetime(2020, 1, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(days=1)
        async with lent(self.pool) as conn:
            shown = await statements.span(conn, account, since, until)
            told = await statements.statement(conn, shown)
            used = await statements.spent(conn, shown, ("sku",))
            wallet = await ledger.balance(conn, account)
        closing = shown.opening + sum(one.tokens for one in told.moved)
        self._must_agree(f"{mode}: the statement's closing, and the wallet", closing, wallet.posted)
        self._must_agree(f"{mode}: usage, and what was spent",
                         sum(row.tokens for row in used), await self._spent(account))  # fmt: skip

    async def _compare_money(self) -> None:
        """The invoice by the price book, and cash by what Stripe booked."""
        invoice = await self._invoice()
        costs = prices.invoice_cost(self.book, invoice["tokens"], self.currency)
        cost = Money(sum(one.minor for one in costs), self.currency)
        total = Money(invoice["total_minor"], self.currency)
        self._must_agree("postpaid: the price book, and the invoice", cost.text(), total.text())
        for kind, booked in self._booked().items():
            ours = await self.pool.fetchval(
                "select coalesce(sum(amount), 0)::bigint from billing.transfers"
                " where kind = $1 and unit = $2", kind, self.currency,
            )  # fmt: skip
            self._must_agree(f"{kind.replace('_', ' ')}: ours, and Stripe's balance",
                             Money(ours, self.currency).text(),
                             Money(booked, self.currency).text())  # fmt: skip

    def _booked(self) -> dict[str, int]:
        """What Stripe's balance says of this currency."""
        sums = {"payment": 0, "payment_refund": 0, "dispute": 0, "dispute_won": 0, "fee": 0}
        for one in self.shop.all("balance_transaction"):
            if one["currency"] != self.currency:
                continue
            sums["fee"] += one["fee"]
            if one["type"] == "charge":
                sums["payment"] += one["amount"]
            elif one["type"] == "refund":
                sums["payment_refund"] -= one["amount"]
            elif one["amount"] < 0:
                sums["dispute"] -= one["amount"]
            else:
                sums["dispute_won"] += one["amount"]
        return sums

    # --- how it is done ---

    async def _preview(self) -> str:
        async with lent(self.pool) as conn:
            subscription = await store.select_subscription(conn, self.postpaid)
        assert subscription is not None, "the account was subscribed"
        shown = await self.desk.door.preview(self.customer, subscription)
        return Money(shown.total_minor, shown.currency).text()

    async def _days_pass(self, days: int) -> None:
        now = await self.desk.door.clock_time(self.clock)
        clocks = self.desk.door.client.v1.test_helpers.test_clocks
        await clocks.advance_async(self.clock, {"frozen_time": now + days * DAY})
        self.shop.tick()
        await self._hear()

    async def _hear(self) -> None:
        """Stripe's events come twice and in any order."""
        async with lent(self.pool) as conn:
            for one in self.shop.deliver(duplicate=True, shuffle=self.dice.randrange(1000)):
                await inbox.receive(conn, one.body)
        left = "select count(*) from billing.stripe_inbox where done_at is null"
        for _ in range(100):
            await clerk.handle_stripe(self.desk)
            if not await self.pool.fetchval(left):
                return
            await self.pool.execute("update billing.stripe_inbox set next_at = now()")
        raise RuntimeError("some of Stripe's events are never done")

    async def _invoice(self) -> asyncpg.Record:
        row = await self.pool.fetchrow(
            "select * from billing.invoices where account = $1 and total_minor > 0", self.postpaid
        )
        assert row is not None, "the month has an invoice"
        return row

    async def _paid(self, payment: str) -> Money:
        async with lent(self.pool) as conn:
            found = await store.select_payment(conn, payment)
        assert found is not None, "the payment was credited"
        return Money(found.amount_minor, found.currency)

    async def _spent(self, account: str) -> int:
        return await self.pool.fetchval(
            "select coalesce(sum(tokens), 0)::bigint from billing.captures where account = $1",
            account,
        ) or 0  # fmt: skip

    def _must_agree(self, what: str, ours: Any, theirs: Any) -> None:
        self.rows.append(Row(what=what, ours=str(ours), theirs=str(theirs)))


@asynccontextmanager
async def month(dsn: str, pool: asyncpg.Pool, currency: str, seed: int) -> AsyncIterator[Month]:
    """A month on a migrated database, with a sandbox of its own."""
    shop = Shop(url=URL)
    sandbox: Any = create_sandbox(shop)
    settings = BillingSettings(stripe="sandbox", key="sk_test_month", url=URL)
    desk = await clerk.open_desk(dsn, settings, "http://door", httpx.ASGITransport(sandbox))
    try:
        yield Month(desk, shop, pool, currency, seed)
    finally:
        await desk.pool.close()


def table(rows: list[Row]) -> str:
    """The books side by side."""
    width = max(len(row.what) for row in rows)
    return "\n".join(
        f"{'ok  ' if row.agrees else 'DIFF'} {row.what:<{width}}  {row.ours} | {row.theirs}"
        for row in rows
    )


def _run(folder: Path, given: argparse.Namespace) -> Month:
    folder.chmod(0o755)
    with Embedded(folder / "data") as postgres:
        return asyncio.run(_live(postgres.dsn, given))


async def _live(dsn: str, given: argparse.Namespace) -> Month:
    await migrate(dsn)
    async with (
        await create_pool(dsn, size=AT_ONCE + 2) as pool,
        month(dsn, pool, given.currency, given.seed) as lived,
    ):
        await lived.live(given.briefs)
    return lived


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="A month of the till without a network")
    parser.add_argument("--briefs", type=int, default=1000)
    parser.add_argument("--currency", default="cny")
    parser.add_argument("--seed", type=int, default=1)
    given, began = parser.parse_args(), time.monotonic()
    logging.disable(logging.WARNING)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory(prefix="cue-month-", ignore_cleanup_errors=True) as folder:
        lived = _run(Path(folder), given)
    agree = sum(row.agrees for row in lived.rows)
    print("\n".join(lived.story), table(lived.rows), sep="\n\n")
    print(f"\n{agree} of {len(lived.rows)} agree, {time.monotonic() - began:.0f} s")
    return 0 if agree == len(lived.rows) else 1


if __name__ == "__main__":
    sys.exit(main())
