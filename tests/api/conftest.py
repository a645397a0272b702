"""A gateway on a real Postgres, and accounts with tokens to spend."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from msgspec import Struct, structs

from api import clerk
from api.app import create_app
from api.arrival import Gateway
from api.clerk import Desk
from api.keys import service as keys
from api.keys.contracts import SCOPES, Mode, Scope
from api.licenses.signing import Signer
from api.settings import GatewaySettings
from billing.connections import transaction
from billing.contracts import BillingMode
from billing.ledger import service as ledger
from billing.sandbox.app import create_sandbox
from billing.sandbox.shop import Shop as Stripe
from billing.settings import BillingSettings

PEPPER = b"a pepper for tests only"
WEBHOOK_SECRET = "whsec_test"
SANDBOX = BillingSettings(stripe="sandbox", key="sk_test_x", url="http://127.0.0.1:1")


class Client(Struct, frozen=True, kw_only=True):
    """An account, one of its keys, and a connection that sends it."""

    http: httpx.AsyncClient
    account: str
    key: str
    secret: str

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self.http.get(path, **self._with_key(more))

    async def post(self, path: str, body: Any = None, **more: Any) -> httpx.Response:
        if body is not None:
            more["json"] = body
        return await self.http.post(path, **self._with_key(more))

    async def brief(self, body: Any, name: str = "first") -> httpx.Response:
        return await self.post("/v1/briefs", body, headers={"idempotency-key": name})

    async def available(self) -> int:
        return (await self.get("/v1/balance")).json()["balance"]["available"]

    def _with_key(self, more: dict[str, Any]) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {self.secret}", **more.pop("headers", {})}
        return {"headers": headers, **more}


class Door(Struct, frozen=True, kw_only=True):
    """A running gateway that opens accounts for tests."""

    app: Gateway
    http: httpx.AsyncClient
    pool: asyncpg.Pool
    store: Path

    async def client(
        self,
        *,
        tokens: int = 1000,
        mode: Mode = "test",
        billing: BillingMode = "prepaid",
        scopes: tuple[Scope, ...] = SCOPES,
    ) -> Client:
        """A new account with a key and so many tokens."""
        opened = await keys.open_account(self.pool, "Studio", mode, billing)
        if tokens:
            async with transaction(self.pool) as conn:
                await ledger.grant(conn, opened.id, tokens, f"test {opened.id}")
        return await self.another_key(opened.id, scopes)

    async def another_key(self, account: str, scopes: tuple[Scope, ...]) -> Client:
        """One more key of an account."""
        made, secret = await keys.create_key(self.pool, account, "test", scopes, pepper=PEPPER)
        return Client(http=self.http, account=account, key=made, secret=secret)


@pytest.fixture
def settings(postgres: str, tmp_path: Path) -> GatewaySettings:
    return GatewaySettings(
        database_url=postgres, store=str(tmp_path / "store"), pepper=PEPPER, pool_size=5,
        stripe_webhook_secrets=(WEBHOOK_SECRET,), rate_per_minute=100_000, rate_burst=10_000,
        plans_per_minute=100_000, plans_burst=10_000,
    )  # fmt: skip


@pytest.fixture
async def door(
    settings: GatewaySettings, pool: asyncpg.Pool, tmp_path: Path
) -> AsyncIterator[Door]:
    app = create_app(settings, Signer.create(tmp_path / "signing.pem"))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with opened(app), httpx.AsyncClient(transport=transport, base_url="http://door") as http:
        yield Door(app=app, http=http, pool=pool, store=tmp_path / "store")


@asynccontextmanager
async def opened(app: Gateway) -> AsyncIterator[None]:
    """The application between startup and shutdown, both in a task of their own: fixtures are
    left in another task than they were entered in."""
    ready, done = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with app.lifespan():
            ready.set()
            await done.wait()

    life = asyncio.create_task(live())
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({life, waiting}, return_when=asyncio.FIRST_COMPLETED)
    try:
        yield
    finally:
        waiting.cancel()
        done.set()
        await life


@pytest.fixture
async def client(door: Door) -> Client:
    return await door.client()


def with_rate(settings: GatewaySettings, per_minute: int, burst: int) -> GatewaySettings:
    """The same gateway, less patient."""
    return structs.replace(settings, rate_per_minute=per_minute, rate_burst=burst)


@pytest.fixture
def stripe() -> Stripe:
    """What the clerk takes for Stripe; it tells at once."""
    return Stripe(url=SANDBOX.url, lag_s=0.0)


@pytest.fixture
async def desk(postgres: str, stripe: Stripe) -> AsyncIterator[Desk]:
    """A clerk's desk beside the gateway's."""
    transport = httpx.ASGITransport(create_sandbox(stripe))
    opened = await clerk.open_desk(postgres, SANDBOX, "http://door", transport)
    yield opened
    await opened.pool.close()
