"""The clerk's post, and endpoints on this machine."""

import json
from collections.abc import AsyncIterator

import asyncpg
import pytest
from msgspec import Struct, structs

from api.clerk.messages import Post
from api.settings import GatewaySettings
from api.webhooks.addresses import Addresses
from api.webhooks.sealing import Seal
from api.webhooks.sending import Courier
from tests.api.conftest import PEPPER, Client
from tests.api.webhooks.receiving import Received


@pytest.fixture
def settings(settings: GatewaySettings) -> GatewaySettings:
    return structs.replace(settings, webhooks_loopback=True)


class Clerk(Struct, frozen=True):
    """A clerk that sends what is due when it is told to."""

    pool: asyncpg.Pool
    post: Post

    async def send_due(self) -> None:
        """Send until nothing is due."""
        while await self.post.begin_due():
            await self.post.drained()

    async def let_time_pass(self) -> None:
        """As if every wait were over."""
        await self.pool.execute("update api.threads set due_at = now()")
        await self.pool.execute("update api.webhook_endpoints set paused_until = null")


@pytest.fixture
async def clerk(pool: asyncpg.Pool) -> AsyncIterator[Clerk]:
    yield Clerk(pool, Post(pool, Courier(Seal(PEPPER), Addresses(loopback=True))))


async def registered(client: Client, url: str, *types: str) -> tuple[str, str]:
    """An endpoint's id and secret."""
    answer = await client.post("/v1/webhook_endpoints", {"url": url, "types": types})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    return made["endpoint"]["id"], made["secret"]


TELL = "select api.tell($1, $2, $3, $4::jsonb)"


async def tell(pool: asyncpg.Pool, account: str, subject: str, number: int = 0) -> str:
    """Tell an account of a candidate; the message's id."""
    told = await pool.fetchval(
        TELL, account, "candidate.ready", subject, json.dumps({"number": number})
    )
    assert told is not None
    return told


def types_of(received: list[Received]) -> list[str]:
    return [one.told["type"] for one in received]
