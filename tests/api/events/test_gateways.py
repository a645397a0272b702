"""Streams at real gateways: taken up at another one, ended in order, and never waited for."""

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx
import pytest
from msgspec import Struct

from api.keys import service as keys
from api.ports import any_port
from billing.connections import lent, transaction
from billing.ledger import service as ledger
from engine.queue import events
from engine.queue.events import Told
from tests.api.conftest import PEPPER, Client
from tests.api.events.test_streams import heard
from tests.api.made import asked, handed_back, leased, settled
from tests.api.test_serving import _ready, _start

CROWD, MANY = 200, 300
BIG = {"padding": "x" * 8000}


class House(Struct, frozen=True):
    """Two gateways on one database, and a client of both."""

    gateways: tuple[subprocess.Popen[bytes], ...]
    ports: tuple[int, ...]
    metrics: int
    pool: asyncpg.Pool
    clients: tuple[Client, ...]


@pytest.fixture
async def house(postgres: str, pool: asyncpg.Pool, tmp_path: Path) -> AsyncIterator[House]:
    account = await keys.open_account(pool, "Studio", "test", "prepaid")
    async with transaction(pool) as conn:
        await ledger.grant(conn, account.id, 100, "test")
    made, secret = await keys.create_key(pool, account.id, "test", pepper=PEPPER)
    ports = (any_port(), any_port())
    with _generous():
        watched = (any_port(), any_port())
        gateways = tuple(
            _start(tmp_path, postgres, *both) for both in zip(ports, watched, strict=True)
        )
    try:
        async with (
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{ports[0]}", timeout=60) as first,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{ports[1]}", timeout=60) as second,
        ):
            for http in (first, second):
                await _ready(http)
            assert all(one.poll() is None for one in gateways), "each listens at its own port"
            clients = tuple(
                Client(http=http, account=account.id, key=made, secret=secret)
                for http in (first, second)
            )
            yield House(gateways, ports, watched[0], pool, clients)
    finally:
        for one in gateways:
            one.kill()
            one.wait(20)


class _generous:  # noqa: N801 - reads as a clause
    """A gateway lets a crowd in."""

    NAMES = ("CUESMITH_RATE_PER_MINUTE", "CUESMITH_RATE_BURST")

    def __enter__(self) -> None:
        self._before = {name: os.environ.get(name) for name in self.NAMES}
        os.environ.update(dict.fromkeys(self.NAMES, "100000"))

    def __exit__(self, *_: object) -> None:
        for name, value in self._before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


class Listener:
    """Reads a stream as it comes, as a browser does."""

    def __init__(self, client: Client, brief: str, after: str | None = None) -> None:
        self.text = ""
        self.ended = asyncio.create_task(self._read(client, brief, after))

    async def _read(self, client: Client, brief: str, after: str | None) -> None:
        headers = {"authorization": f"Bearer {client.secret}"}
        headers |= {} if after is None else {"last-event-id": after}
        async with client.http.stream("GET", f"/v1/briefs/{brief}/events", headers=headers) as said:
            assert said.status_code == 200
            async for some in said.aiter_text():
                self.text += some

    async def hears(self, kind: str, count: int = 1) -> None:
        async with asyncio.timeout(300):
            while self.text.count(f"event: {kind}\n") < count or not self.text.endswith("\n\n"):
                assert not self.ended.done(), self.text
                await asyncio.sleep(0.02)


async def _tell(pool: asyncpg.Pool, brief: str, kind: str, **facts: object) -> None:
    async with lent(pool) as conn:
        await events.tell(conn, brief, [Told(kind=kind, facts=facts)])


async def test_a_stream_goes_on_at_another_gateway_when_its_own_is_killed(house: House) -> None:
    first, second = house.clients
    brief = await asked(first)
    listening = Listener(first, brief)
    lease = await leased(house.pool)
    await _tell(house.pool, brief, "takes.ranked", takes=[2, 1])
    await listening.hears("takes.ranked")
    house.gateways[0].kill()
    with pytest.raises(httpx.HTTPError):
        await listening.ended
    await _tell(house.pool, brief, "take.retracted", take=1, reason="too quiet")
    before = heard(listening.text)
    again = Listener(second, brief, before[-1][0])
    await again.hears("take.retracted")
    await handed_back(house.pool, lease, 1, 2)
    await settled(house.pool)
    await asyncio.wait_for(again.ended, 20)
    told = before + heard(again.text)
    assert [number for number, _, _ in told] == [str(number) for number in range(len(told))]
    assert [kind for _, kind, _ in told] == [
        "brief.queued", "brief.started", "takes.ranked", "take.retracted", "candidate.ready",
        "candidate.ready", "brief.ended",
    ]  # fmt: skip


async def test_a_stopping_gateway_ends_its_streams_in_order(house: House) -> None:
    first, second = house.clients
    brief = await asked(first)
    listeners = [Listener(first, brief) for _ in range(20)]
    for one in listeners:
        await one.hears("brief.queued")
    house.gateways[0].send_signal(signal.SIGTERM)
    await asyncio.wait_for(asyncio.gather(*(one.ended for one in listeners)), 20)
    assert await asyncio.to_thread(house.gateways[0].wait, 20) == 0
    again = Listener(second, brief, "0")
    await leased(house.pool)
    await again.hears("brief.started")
    again.ended.cancel()


async def test_who_leaves_leaves_nothing_behind(house: House) -> None:
    first, _ = house.clients
    brief = await asked(first)
    for _ in range(3):
        listeners = [Listener(first, brief) for _ in range(10)]
        for one in listeners:
            await one.hears("brief.queued")
        for one in listeners:
            one.ended.cancel()
    async with asyncio.timeout(20):
        while await _open_streams(house) > 0:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)


async def test_a_crowd_that_never_reads_costs_no_memory_and_keeps_nobody_waiting(
    house: House,
) -> None:
    """Each of them is told 2 MB of events it does not take; were they kept for it, so much would
    the gateway grow."""
    first, _ = house.clients
    brief = await asked(first)
    crowd = [_deaf(house.ports[0], brief, first.secret) for _ in range(CROWD)]
    async with asyncio.timeout(30):
        while await _open_streams(house) < CROWD:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)
    before = _resident(house.gateways[0].pid)
    for begin in range(0, MANY, 20):
        async with lent(house.pool) as conn:
            said = [Told(kind="progress", facts={**BIG, "done": begin + n}) for n in range(20)]
            await events.tell(conn, brief, said)
    listening = Listener(first, brief)
    await listening.hears("progress", MANY)
    listening.ended.cancel()
    grown = _resident(house.gateways[0].pid) - before
    told = MANY * len(BIG["padding"]) * CROWD
    assert grown < told / 10, f"{grown} bytes for {told} that nobody took"
    assert (await first.get(f"/v1/briefs/{brief}")).status_code == 200
    for one in crowd:
        one.close()


def _deaf(port: int, brief: str, secret: str) -> socket.socket:
    """Asks for a stream and never reads; its own side takes next to nothing."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", port))
    asked = f"GET /v1/briefs/{brief}/events HTTP/1.1\r\nhost: x\r\n"
    sock.sendall(f"{asked}authorization: Bearer {secret}\r\n\r\n".encode())
    return sock


async def _open_streams(house: House) -> int:
    """As the first gateway counts them."""
    async with httpx.AsyncClient() as operator:
        said = (await operator.get(f"http://127.0.0.1:{house.metrics}/metrics")).text
    (line,) = (one for one in said.splitlines() if one.startswith("gateway_event_streams "))
    return int(float(line.split()[1]))


def _resident(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("the gateway runs")
