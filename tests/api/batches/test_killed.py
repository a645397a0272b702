"""Uploads to a gateway of its own process, which is killed, or whose client goes away."""

import socket
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from api.keys import service as keys
from billing.connections import lent, transaction
from billing.ledger import service as ledger
from tests.api.batches.uploads import chimes
from tests.api.conftest import PEPPER
from tests.api.served import Served, serving, wait_until

MEGABYTE = 1024 * 1024
WAITING = """
select count(*) from pg_stat_activity
where wait_event_type = 'Lock' and query like '%place_batch%'
"""
KEPT = """
select (select count(*) from api.batches), (select count(*) from api.briefs),
  (select count(*) from engine.jobs), (select count(*) from billing.holds),
  (select sum(held) from billing.wallets)
"""


@pytest.fixture
async def account(pool: asyncpg.Pool) -> tuple[str, str]:
    """An account with tokens, and its key."""
    made = await keys.open_account(pool, "Catalogue", "test", "prepaid")
    async with transaction(pool) as conn:
        await ledger.grant(conn, made.id, 1000, "test")
    return made.id, (await keys.create_key(pool, made.id, "test", pepper=PEPPER))[1]


@pytest.fixture
def served(postgres: str, tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path, postgres, body_s="2") as gateway:
        yield gateway


def head(secret: str, length: int) -> bytes:
    return (
        f"POST /v1/batches HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {secret}\r\n"
        f"Idempotency-Key: one\r\nContent-Type: application/jsonl\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


async def kept(pool: asyncpg.Pool) -> tuple[int, ...]:
    row = await pool.fetchrow(KEPT)
    assert row is not None
    return tuple(int(one) for one in row)


@pytest.mark.slow
async def test_a_gateway_killed_in_the_middle_leaves_nothing_and_a_repeat_happens_once(
    account: tuple[str, str], postgres: str, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    content = chimes(60)
    with serving(tmp_path, postgres) as gateway:
        async with transaction(pool) as conn:
            await conn.execute("select from billing.wallets for update")
            line = gateway.connect(head(account[1], len(content)) + content)
            while not await pool.fetchval(WAITING):
                pass
            gateway.process.kill()
            gateway.process.wait()
            line.close()
    while await pool.fetchval(WAITING):
        pass  # the database hears that nobody is there any more
    assert await kept(pool) == (0, 0, 0, 0, 0)
    (tmp_path / "again").mkdir()
    with serving(tmp_path / "again", postgres) as gateway:
        for _ in range(2):
            assert b" 202 " in gateway.ask(head(account[1], len(content)) + content)
    assert await kept(pool) == (1, 60, 60, 60, 60)
    async with lent(pool) as conn:
        assert await ledger.violations(conn) == []


async def test_an_upload_that_is_cut_off_or_stops_is_none(
    served: Served, account: tuple[str, str], pool: asyncpg.Pool
) -> None:
    content = chimes(50)
    half = content[: len(content) // 2]
    served.connect(head(account[1], len(content)) + half).close()
    gone = served.connect(head(account[1], len(content)) + half)
    gone.shutdown(socket.SHUT_WR)
    gone.close()
    stopped = _answered(served, head(account[1], len(content)) + half)
    assert b" 408 " in stopped and b"request_timeout" in stopped
    assert await kept(pool) == (0, 0, 0, 0, 0)
    whole = served.ask(head(account[1], len(content)) + content)
    assert b" 202 " in whole, "no place is kept for those that went away"
    assert await kept(pool) == (1, 50, 50, 50, 50)


def _answered(served: Served, sent: bytes) -> bytes:
    """The answer once there is a place for it: those that went away have theirs for a moment."""
    while b" 503 " in (said := served.ask(sent)):
        pass
    return said


def test_what_is_too_much_is_refused_and_never_kept(
    served: Served, account: tuple[str, str]
) -> None:
    said = served.ask(head(account[1], 33 * MEGABYTE))
    assert b" 413 " in said and b"payload_too_large" in said
    before = served.resident_bytes
    endless = b'{"prompt": "' + b"a" * (31 * MEGABYTE)
    line = served.connect(head(account[1], len(endless)))
    try:
        line.sendall(endless)
        assert b" 413 " in line.recv(65_536)
    except ConnectionError:
        pass  # refused while it was still sending
    assert served.resident_bytes - before < 20 * MEGABYTE
    wait_until(lambda: b" 200 " in served.ask(b"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n"), "well")
