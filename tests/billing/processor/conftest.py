"""A clerk's desk on a real Postgres and a sandbox whose customers, banks and clock obey."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from msgspec import Struct

from api import clerk
from api.clerk import Desk
from api.keys import service as keys
from api.usage import store as topups
from billing.connections import lent, transaction
from billing.contracts import Balance, BillingMode, Pack, Tokens
from billing.ledger import service as ledger
from billing.processor import inbox, store
from billing.processor.contracts import Terms
from billing.sandbox.app import create_sandbox
from billing.sandbox.shop import Shop
from billing.settings import BillingSettings

URL = "http://127.0.0.1:1"
SETTINGS = BillingSettings(stripe="sandbox", key="sk_test_x", url=URL)
PACK = Pack(tokens=Tokens(100), amount_minor=3000, currency="cny", months=12)
HOUR = timedelta(hours=1)


class World(Struct, frozen=True, kw_only=True):
    """A desk, the sandbox it talks to, and the database of both."""

    desk: Desk
    shop: Shop
    pool: asyncpg.Pool

    async def account(self, mode: BillingMode = "prepaid", limit: int = 0) -> str:
        """A new account."""
        opened = await keys.open_account(self.pool, "Studio", "test", mode, limit)
        return opened.id

    async def hear(self, *, duplicate: bool = False, shuffle: int | None = None) -> int:
        """Deliver what Stripe has to say and handle it; returns how many events were done."""
        async with lent(self.pool) as conn:
            for one in self.shop.deliver(duplicate=duplicate, shuffle=shuffle):
                await inbox.receive(conn, one.body)
        return await self.handle()

    async def handle(self) -> int:
        """Handle what waits, as often as it has to be."""
        done = 0
        for _ in range(6):
            done += await clerk.handle_stripe(self.desk)
            await self.pool.execute(
                "update billing.stripe_inbox set next_at = now() where done_at is null"
            )
            if not await self.pool.fetchval(
                "select count(*) from billing.stripe_inbox where done_at is null"
            ):
                return done
        return done

    async def buy(self, account: str, name: str, pack: Pack = PACK) -> str:
        """Buy a pack and pay for it; its payment."""
        async with lent(self.pool) as conn:
            await topups.insert_topup(conn, f"top_{name}", account, pack)
        await clerk.start_topups(self.desk)
        session = await self.pool.fetchval(
            "select checkout_session from api.topups where id = $1", f"top_{name}"
        )
        assert session is not None
        return self.shop.pay(session)["payment_intent"]

    async def balance(self, account: str) -> Balance:
        """What the account has; every promise of the ledger holds."""
        async with lent(self.pool) as conn:
            assert await ledger.violations(conn) == []
            return await ledger.balance(conn, account)

    async def spend(self, account: str, tokens: int, name: str) -> None:
        """Spend tokens at once."""
        async with transaction(self.pool) as conn:
            await ledger.charge_license(conn, account, f"cand_{name}", tokens)

    async def notices(self, account: str) -> list[str]:
        """The kinds of notices the account has had, in order."""
        rows = await self.pool.fetch(
            "select kind from billing.notices where account = $1 order by id", account
        )
        return [row["kind"] for row in rows]

    async def postpaid(self, limit: int = 1000, **terms: Any) -> "Postpaid":
        """A postpaid account on a test clock that stands at the present."""
        account = await self.account("postpaid", limit)
        clocks = self.desk.door.client.v1.test_helpers.test_clocks
        clock = await clocks.create_async({"frozen_time": int(datetime.now(UTC).timestamp())})
        async with lent(self.pool) as conn:
            agreed = Terms(account=account, test_clock=clock.id, **terms)
            await store.upsert_terms(conn, agreed)
        assert await clerk.subscribe_postpaid(self.desk) == 1
        async with lent(self.pool) as conn:
            customer = await store.select_customer(conn, account)
        assert customer is not None
        return Postpaid(world=self, account=account, customer=customer, clock=clock.id)


class Postpaid(Struct, frozen=True, kw_only=True):
    """A postpaid account, its customer and the clock it lives by."""

    world: World
    account: str
    customer: str
    clock: str

    async def days_pass(self, days: float, *, tell: bool = True) -> None:
        """Let the clock go on, and hear what happened."""
        clocks = self.world.desk.door.client.v1.test_helpers.test_clocks
        now = await self.world.desk.door.clock_time(self.clock)
        await clocks.advance_async(self.clock, {"frozen_time": now + int(days * 86_400)})
        self.world.shop.tick()
        if tell:
            await self.world.hear()

    async def use(self, tokens: int, name: str) -> None:
        """Spend, and tell Stripe's meter."""
        await self.world.spend(self.account, tokens, name)
        assert await clerk.send_usage(self.world.desk) == 1

    async def invoice(self) -> Any:
        """The one invoice that costs something, as we keep it."""
        rows = await self.world.pool.fetch(
            "select * from billing.invoices where account = $1 and total_minor > 0", self.account
        )
        assert len(rows) == 1
        return rows[0]


@pytest.fixture
async def world(postgres: str, pool: asyncpg.Pool) -> AsyncIterator[World]:
    shop = Shop(url=URL, lag_s=0.0)
    sandbox: Any = create_sandbox(shop)
    desk = await clerk.open_desk(postgres, SETTINGS, "http://door", httpx.ASGITransport(sandbox))
    yield World(desk=desk, shop=shop, pool=pool)
    await desk.pool.close()
