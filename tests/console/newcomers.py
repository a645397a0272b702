"""Accounts of a test's own in the console's house, over HTTP and in the browser."""

import asyncio
import contextlib
import secrets
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import asyncpg
import httpx
from msgspec import Struct, structs
from playwright.sync_api import Page, expect

from api.keys import service as keys
from api.keys.contracts import SCOPES, Scope
from billing.connections import transaction
from billing.contracts import BillingMode
from billing.prices import service as prices
from tests.api.invoiced import mirrored
from tests.console.conftest import Bench, until

T = TypeVar("T")
PATIENCE_MS = 60_000
"""A machine may be slow; what never comes fails all the same."""
CHIME = {"kind": "chime", "duration_ms": 800}


class Newcomer(Struct, frozen=True, kw_only=True):
    """One paying company: its key, and its way in by HTTP."""

    account: str
    key: str
    secret: str
    door: httpx.Client

    def get(self, path: str, **params: Any) -> Any:
        """A read that must succeed."""
        answer = self.door.get(path, params=params)
        assert answer.is_success, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """A call that must succeed."""
        named = {"idempotency-key": secrets.token_hex(8), **headers}
        answer = self.door.post(path, json=body, headers=named)
        assert answer.is_success, answer.text
        return answer.json()

    def buy(self) -> None:
        """A hundred tokens, paid on the checkout's page."""
        topup = self.post("/v1/topups", {"tokens": 100}, prefer="wait=20")
        pay(topup["checkout_url"])
        until(lambda: self.get(f"/v1/topups/{topup['id']}")["status"] == "paid")

    def heard(self, candidates: int, **brief: Any) -> Any:
        """A brief of chimes, once all of them can be heard; each costs a token."""
        made = self.post("/v1/briefs", CHIME | {"candidates": candidates} | brief)
        return until(lambda: self._over(made["id"]))

    def _over(self, brief: str) -> Any:
        view = self.get(f"/v1/briefs/{brief}")
        return view if view["finished_at"] else None


@contextlib.contextmanager
def newcomer(
    bench: Bench, scopes: Sequence[Scope] = SCOPES, billing: BillingMode = "prepaid"
) -> Iterator[Newcomer]:
    """A new test account with nothing in its wallet."""
    account, key, secret = _aside(_open(bench, scopes, billing))
    with httpx.Client(
        base_url=bench.url, headers={"authorization": f"Bearer {secret}"}, timeout=60
    ) as door:
        yield Newcomer(account=account, key=key, secret=secret, door=door)


def pay(checkout_url: str) -> None:
    """Pay as somebody does who was sent to the checkout's page."""
    httpx.post(f"{checkout_url}/pay").raise_for_status()


def enter(page: Page, secret: str, address: str) -> Page:
    """Go to a page of the console with this key."""
    expect.set_options(timeout=PATIENCE_MS)
    page.evaluate("secret => sessionStorage.setItem('cuesmith.key', secret)", secret)
    page.goto(f"{page.url.partition('#')[0]}#/{address}")
    page.reload()
    settled(page)
    return page


def settled(page: Page) -> None:
    """Wait until nothing of the page is being fetched any more."""
    page.wait_for_selector("main:not([aria-busy]) h1")
    expect(page.locator("main [aria-busy=true]")).to_have_count(0)


def sell_exclusive(bench: Bench, account: str, times: int) -> None:
    """A price list of the account's own, by which an exclusive license costs so many others."""
    _aside(_sell_exclusive(bench, account, times))


async def _sell_exclusive(bench: Bench, account: str, times: int) -> None:
    today, url = datetime.now(UTC).date(), bench.workbench.address.database_url
    own = structs.replace(prices.current_book(today), name="alone", exclusive_times=times)
    async with (
        asyncpg.create_pool(url, min_size=1, max_size=1) as pool, transaction(pool) as conn
    ):  # fmt: skip
        await prices.set_list(conn, account, own, today - timedelta(days=1))


def invoiced(bench: Bench, account: str, named: str) -> None:
    """An open invoice over 70 tokens, as it is kept once Stripe has told of it."""
    _aside(_invoiced(bench, account, named))


async def _invoiced(bench: Bench, account: str, named: str) -> None:
    conn = await asyncpg.connect(bench.workbench.address.database_url)
    try:
        await mirrored(conn, account, named)
    finally:
        await conn.close()


def _aside(work: Coroutine[Any, Any, T]) -> T:
    """What it gives, awaited in a thread of its own: Playwright's loop runs in this one."""
    with ThreadPoolExecutor(1) as aside:
        return aside.submit(asyncio.run, work).result()


async def _open(
    bench: Bench, scopes: Sequence[Scope], billing: BillingMode
) -> tuple[str, str, str]:
    address = bench.workbench.address
    async with asyncpg.create_pool(address.database_url, min_size=1, max_size=1) as pool:
        account = await keys.open_account(pool, "Newcomer", "test", billing)
        pepper = address.pepper.encode()
        key, secret = await keys.create_key(pool, account.id, "first", scopes, pepper=pepper)
        return account.id, key, secret
