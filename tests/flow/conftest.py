"""A whole house for the flow's tests: real processes, a real Postgres, our own instruments."""

import asyncio
import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from api.keys import service as keys
from api.ports import any_port
from api.workbench import Address, Workbench

PACE_S = 0.1
SELECT_CUSTOMER = "select stripe_customer from billing.customers where account = $1"


@pytest.fixture(scope="session")
def surroundings() -> dict[str, str]:
    """An environment that says nothing about Cuesmith but which instruments play."""
    clean = {
        name: value for name, value in os.environ.items()
        if not name.startswith("CUESMITH_") and name != "DATABASE_URL"
    }  # fmt: skip
    return clean | {"CUESMITH_BANK": "builtin", "CUESMITH_LEASE_S": "3"}


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A folder with a short name, which "nobody" may enter."""
    with tempfile.TemporaryDirectory(prefix="cue-flow-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="session")
def house(folder: Path, surroundings: dict[str, str]) -> Iterator[Workbench]:
    """Postgres, sandbox, gateway, studio and clerk; nobody starts them again when they die."""
    with Workbench(folder / "house", port=any_port(), environ=surroundings) as bench:
        yield bench


class Customer:
    """One paying company, over HTTP."""

    def __init__(self, address: Address, account: str, secret: str) -> None:
        self.account, self._address = account, address
        self.door = httpx.Client(
            base_url=address.url, headers={"authorization": f"Bearer {secret}"}, timeout=60
        )

    def get(self, path: str, **params: Any) -> Any:
        """A read that must succeed."""
        answer = self.door.get(path, params=params)
        assert answer.is_success, answer.text
        return answer.json()

    def post(self, path: str, name: str, body: Any = None, *, prefer: str = "") -> httpx.Response:
        """A call that may cost, under an idempotency key."""
        headers = {"idempotency-key": name} | ({"prefer": prefer} if prefer else {})
        return self.door.post(path, json=body, headers=headers)

    def buy(self, name: str = "buy") -> None:
        """A hundred tokens, paid on the checkout's page."""
        asked = self.post("/v1/topups", name, {"tokens": 100}, prefer="wait=20")
        assert asked.is_success, asked.text
        topup = asked.json()
        httpx.post(f"{topup['checkout_url']}/pay").raise_for_status()
        until(lambda: self.get(f"/v1/topups/{topup['id']}")["status"] == "paid", 60)

    def send(self, brief: dict[str, Any], name: str = "brief") -> str:
        """A brief that must be taken in; its id."""
        answer = self.post("/v1/briefs", name, brief)
        assert answer.status_code == 202, answer.text
        return answer.json()["id"]

    def ready(self, brief: str, count: int, wait_s: float = 120) -> dict[str, Any]:
        """The brief once so many candidates can be heard."""
        return until(lambda: self._ready(brief, count), wait_s)

    def ended(self, brief: str, wait_s: float = 240) -> dict[str, Any]:
        """The brief once it has ended."""
        return until(lambda: self._ended(brief), wait_s)

    def metered(self, expected: int, wait_s: float = 60) -> int:
        """What the sandbox's meter summary says, once it has counted so much."""
        until(lambda: self._counted() >= expected, wait_s)
        return self._counted()

    def _ready(self, brief: str, count: int) -> dict[str, Any] | None:
        view = self.get(f"/v1/briefs/{brief}")
        return view if len(view["candidates"]) >= count else None

    def _ended(self, brief: str) -> dict[str, Any] | None:
        view = self.get(f"/v1/briefs/{brief}")
        return view if view["finished_at"] is not None else None

    def _counted(self) -> int:
        with httpx.Client(
            base_url=self._address.sandbox_url, headers={"authorization": "Bearer sk_test_sandbox"}
        ) as stripe:
            meters = stripe.get("/v1/billing/meters").json()["data"]
            prepaid = [one for one in meters if one["event_name"] == "cuesmith_tokens_prepaid"]
            if not prepaid:  # the clerk makes the meters when it first has something to tell
                return 0
            (meter,) = prepaid
            now = int(datetime.now(UTC).timestamp()) // 60 * 60
            summary = stripe.get(
                f"/v1/billing/meters/{meter['id']}/event_summaries",
                params={"customer": asyncio.run(self._stripe_customer()), "start_time": now - 3600,
                        "end_time": now + 3600},
            )  # fmt: skip
            return int(sum(one["aggregated_value"] for one in summary.json()["data"]))

    async def _stripe_customer(self) -> str:
        conn = await asyncpg.connect(self._address.database_url)
        try:
            return await conn.fetchval(SELECT_CUSTOMER, self.account)
        finally:
            await conn.close()


@pytest.fixture
def customer(house: Workbench) -> Iterator[Customer]:
    """A new prepaid test account that has just paid for a hundred tokens."""
    account, secret = asyncio.run(open_account(house.address))
    made = Customer(house.address, account, secret)
    with made.door:
        made.buy()
        yield made


async def open_account(address: Address) -> tuple[str, str]:
    """A new prepaid test account and its key."""
    async with asyncpg.create_pool(address.database_url, min_size=1, max_size=1) as pool:
        account = await keys.open_account(pool, "Flow", "test", "prepaid")
        pepper = address.pepper.encode()
        _, secret = await keys.create_key(pool, account.id, "flow", pepper=pepper)
        return account.id, secret


def until(seen: Callable[[], Any], wait_s: float) -> Any:
    """What ``seen`` gives once it is true; fails when that takes too long."""
    deadline = time.monotonic() + wait_s
    while not (found := seen()):
        assert time.monotonic() < deadline, f"not within {wait_s:g} s"
        time.sleep(PACE_S)
    return found


@pytest.fixture
def eventually() -> Callable[[Callable[[], Any], float], Any]:
    """`until`, for tests."""
    return until


@pytest.fixture
def processes_of() -> Callable[[Path], list[int]]:
    """Every living process that was started for a folder."""
    return _processes_of


def _processes_of(home: Path) -> list[int]:
    mark, found = f"CUESMITH_HOME={home}".encode(), []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            with contextlib.suppress(OSError):
                if mark in (process / "environ").read_bytes().split(b"\0"):
                    found.append(int(process.name))
    return found
