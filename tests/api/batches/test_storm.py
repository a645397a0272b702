"""Briefs, batches, caps, freezes and cancellations in each other's way, by two gateways and two
clerks on one database: whatever comes of each, the till adds up afterwards."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest
from msgspec import structs

from api import clerk
from api.app import create_app
from api.clerk.batches import end_batches, stop_batches
from api.clerk.desk import Desk
from api.licenses.signing import Signer
from api.settings import GatewaySettings
from billing.connections import lent, transaction
from billing.ledger import service as ledger
from engine.queue import service as queue
from tests.api.batches.uploads import CHIME, chimes, upload
from tests.api.conftest import Client, Door, opened

ACTORS, STEPS = 6, 12
_LEASE = timedelta(minutes=1)
ODD = """
select holds.id from billing.holds
left join api.briefs on hold = holds.id left join engine.jobs on jobs.id = briefs.id
where jobs.id is null or (outcome is null) <> (holds.state = 'open')
"""
HELD = """
select account, held, (
  select coalesce(sum(quoted - captured - released), 0)::bigint from billing.holds
  where holds.account = wallets.account and state = 'open') as open
from billing.wallets
"""
CAPPED = """
select subject, held, (
  select coalesce(sum(quoted - captured - released), 0)::bigint from billing.holds
  where holds.account = months.account and state = 'open'
    and (project = subject or api_key = subject)) as open
from billing.budget_months as months
"""


class Storm:
    """What strikes accounts at random, and what came of it."""

    def __init__(self, pool: asyncpg.Pool, clients: list[Client], seed: int) -> None:
        self._pool, self._clients, self._dice = pool, clients, random.Random(seed)
        self.said = Counter[int]()
        self.briefs = dict[tuple[str, str], set[str]]()

    async def strike(self) -> None:
        """One of everything that there is."""
        client, other = self._dice.choice(self._clients), self._dice.choice(self._clients)
        blow = self._dice.choice((
            self._briefs, self._briefs, self._upload, self._cap, self._stop, self._freeze,
            self._studio,
        ))  # fmt: skip
        await blow(client, other)

    async def _note(self, sent: Awaitable[httpx.Response]) -> httpx.Response:
        answer = await sent
        self.said[answer.status_code] += 1
        return answer

    async def _briefs(self, client: Client, other: Client) -> None:
        name, project = f"n-{self._dice.randrange(40)}", self._dice.choice(("a", "b"))
        body = {**CHIME, "seed": self._dice.randrange(2), "project": project}

        async def one(who: Client) -> None:
            answer = await self._note(who.brief(body, name))
            if answer.status_code == 202:
                named = self.briefs.setdefault((who.account, name), set())
                named.add(answer.json()["id"])

        await asyncio.gather(*map(one, (client, client, other, *self._clients)))

    async def _upload(self, client: Client, _: Client) -> None:
        content = chimes(self._dice.randrange(1, 9), project="a") + chimes(2, project="b")
        name = f"u-{self._dice.randrange(9)}"
        await self._note(upload(client, content, name, query=self._dice.choice(("", "?again=1"))))

    async def _cap(self, client: Client, _: Client) -> None:
        body = {"scope": "project", "subject": self._dice.choice(("a", "b")), "cap": 60}
        if self._dice.random() < 0.3:
            body |= {"scope": "key", "subject": client.key}
        headers = {"authorization": f"Bearer {client.secret}"}
        await self._note(client.http.put("/v1/budgets", json=body, headers=headers))

    async def _stop(self, client: Client, other: Client) -> None:
        for who, what in ((client, "batches"), (other, "briefs")):
            items = (await who.get(f"/v1/{what}")).json()["items"]
            if items:
                await self._note(who.post(f"/v1/{what}/{self._dice.choice(items)['id']}/cancel"))

    async def _freeze(self, client: Client, other: Client) -> None:
        async with transaction(self._pool) as conn:
            await ledger.freeze(conn, client.account, "operator")
        await self._briefs(client, other)
        async with transaction(self._pool) as conn:
            await ledger.thaw(conn, client.account, "operator")

    async def _studio(self, *_: Client) -> None:
        async with lent(self._pool) as conn:
            lease = await queue.claim(conn, "studio", _LEASE)
        if lease is not None:
            async with transaction(self._pool) as conn:
                await self._dice.choice((queue.give_back, queue.finish))(conn, lease)


async def _clerk(desk: Desk, stop: asyncio.Event) -> None:
    while True:
        last = stop.is_set()
        await stop_batches(desk)
        await clerk.settle_due(desk)
        await end_batches(desk)
        if last:
            return
        await asyncio.sleep(0.02)


@pytest.mark.slow
async def test_whatever_comes_at_once_the_till_adds_up(
    door: Door, settings: GatewaySettings, pool: asyncpg.Pool, desk: Desk, tmp_path: Path
) -> None:
    beside = create_app(settings, Signer.create(tmp_path / "beside.pem"))
    wire = httpx.ASGITransport(beside, raise_app_exceptions=False)
    async with opened(beside), httpx.AsyncClient(transport=wire, base_url="http://door") as http:
        here = [await door.client(tokens=150) for _ in range(2)]
        storm = Storm(pool, [*here, *(structs.replace(one, http=http) for one in here)], seed=1)

        async def act() -> None:
            for _ in range(STEPS):
                await storm.strike()

        stop = asyncio.Event()
        clerks = [asyncio.create_task(_clerk(desk, stop)) for _ in range(2)]
        await asyncio.gather(*(act() for _ in range(ACTORS)))
        stop.set()
        await asyncio.gather(*clerks)
    assert storm.said.keys() <= {200, 202, 402, 409, 422, 429, 503}, storm.said
    assert storm.said[202], "some were taken in"
    assert all(len(made) == 1 for made in storm.briefs.values()), "no name happened twice"
    assert await pool.fetch(ODD) == []
    for held in (*await pool.fetch(HELD), *await pool.fetch(CAPPED)):
        assert held["held"] == held["open"], dict(held)
    async with lent(pool) as conn:
        assert await ledger.violations(conn) == []
