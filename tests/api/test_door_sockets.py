"""Clients that do not behave: they open and say nothing, begin and do not end, send without end."""

import hashlib
import os
import select
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from api.keys import service as keys
from api.links import tickets
from engine.contracts import Asset
from engine.stock.places import object_path
from tests.api.conftest import PEPPER, WEBHOOK_SECRET
from tests.api.served import Served, closed, serving, wait_until

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
BEGUN = b"GET /v1/balance HTTP/1.1\r\nHost: a\r\nAuthorization: Bea"
HEAD = (
    b"POST /v1/briefs HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n"
    b"Idempotency-Key: one\r\nContent-Type: application/json\r\n"
)
HUNDRED_MB = 100 * 1024 * 1024


@pytest.fixture
def served(postgres: str, tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path, postgres, header_s="3", body_s="1") as gateway:
        yield gateway


@pytest.fixture
async def secret(pool: asyncpg.Pool) -> bytes:
    account = await keys.open_account(pool, "Studio", "test", "prepaid")
    return (await keys.create_key(pool, account.id, "test", pepper=PEPPER))[1].encode()


def test_half_open_connections_keep_nobody_out_and_are_closed(served: Served) -> None:
    before = served.sockets
    idle = [served.connect() for _ in range(250)]
    begun = [served.connect(BEGUN) for _ in range(250)]
    wait_until(lambda: served.sockets >= before + 500, "all are open at the gateway")
    assert all(b" 200 " in served.ask(HEALTH) for _ in range(20))
    wait_until(lambda: all(closed(line) for line in (*idle, *begun)), "all are closed")
    assert b" 200 " in served.ask(HEALTH)


def test_a_connection_that_asks_nothing_more_is_closed(served: Served) -> None:
    line = served.connect(HEALTH)
    assert b" 200 " in line.recv(65_536)
    line.sendall(HEALTH)
    assert b" 200 " in line.recv(65_536), "it is kept for the next request"
    wait_until(lambda: closed(line), "the idle connection is closed")


def test_what_is_announced_as_too_large_is_refused_before_it_is_sent(
    served: Served, secret: bytes
) -> None:
    said = served.ask(HEAD % secret + b"Content-Length: %d\r\n\r\n" % HUNDRED_MB)
    assert b" 413 " in said and b"payload_too_large" in said


def test_what_grows_too_large_is_cut_off_and_never_kept(served: Served, secret: bytes) -> None:
    before, part, sent = served.resident_bytes, os.urandom(32_768).hex().encode(), 0
    line = served.connect(HEAD % secret + b"Transfer-Encoding: chunked\r\n\r\n")
    try:
        while sent < HUNDRED_MB:
            line.sendall(b"%x\r\n%s\r\n" % (len(part), part))
            sent += len(part)
    except ConnectionError:
        pass
    assert sent < HUNDRED_MB / 4, "it was cut off"
    assert served.resident_bytes - before < HUNDRED_MB / 2
    assert b" 200 " in served.ask(HEALTH)


def test_a_body_that_does_not_come_is_waited_for_only_so_long(
    served: Served, secret: bytes
) -> None:
    said = served.connect(HEAD % secret + b'Content-Length: 90\r\n\r\n{"prompt": "ca')
    answer = said.recv(65_536)
    assert b" 408 " in answer and b"request_timeout" in answer
    wait_until(lambda: closed(said), "the connection is closed")


def test_a_client_that_sends_a_byte_now_and_then_is_not_waited_for_either(
    served: Served, secret: bytes
) -> None:
    line = served.connect(HEAD % secret + b"Content-Length: 9000\r\n\r\n{")
    line.setblocking(False)
    wait_until(lambda: _dripped(line), "it is cut off while it still sends")


def _dripped(line: socket.socket) -> bool:
    """Send one more byte; whether nobody is there any more to take it."""
    try:
        line.send(b" ")
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    return closed(line)


SLOW_STRANGER = b"POST /webhooks/stripe HTTP/1.1\r\nHost: a\r\nContent-Length: 90\r\n\r\n{"
READ = b"GET /v1/balance HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n\r\n"


def test_bodies_that_do_not_come_keep_nobody_out(
    postgres: str, tmp_path: Path, secret: bytes
) -> None:
    """Neither a stranger's nor a customer's, however many they are."""
    told = {"open_requests": "4", "waits_per_key": "3", "body_s": "20", "header_s": "60"}
    with serving(tmp_path, postgres, stripe_webhook_secrets=WEBHOOK_SECRET, **told) as gateway:
        _dally(gateway, SLOW_STRANGER, secret)
        _dally(gateway, HEAD % secret + b"Content-Length: 90\r\n\r\n{", secret)


def _dally(gateway: Served, begun: bytes, secret: bytes) -> None:
    """Begin twice as many bodies as there may be requests, and ask for something meanwhile."""
    lines = [gateway.connect(begun) for _ in range(8)]
    wait_until(lambda: len(_answered(lines)) == 5, "three of them may take their time")
    assert b" 200 " in gateway.ask(READ % secret)
    assert len(_answered(lines)) == 5, "the three are still waited for"
    assert all(b" 408 " in line.recv(65_536) for line in _answered(lines))


def _answered(lines: list[socket.socket]) -> list[socket.socket]:
    return select.select(lines, [], [], 0)[0]


def test_files_that_nobody_reads_keep_nobody_out(postgres: str, tmp_path: Path) -> None:
    content = os.urandom(16 * 1024 * 1024)
    digest = hashlib.sha256(content).hexdigest()
    kept = tmp_path / "store" / object_path(digest)
    kept.parent.mkdir(parents=True)
    kept.write_bytes(content)
    asset = Asset(name="master", sha256=digest, bytes=len(content), media_type="audio/wav")
    over = datetime.now(UTC) + timedelta(minutes=5)
    addresses = [
        f"/files/{name}.wav?ticket={tickets.issue(PEPPER, asset, f'{name}.wav', over)}"
        for name in "abcdef"
    ]
    with serving(tmp_path, postgres, open_requests="8") as gateway:
        asked = [f"GET {one} HTTP/1.1\r\nHost: a\r\n\r\n".encode() for one in addresses]
        lines: list[socket.socket] = []
        answers = [[_begun(gateway, one, lines) for _ in range(3)] for one in asked]
        sent = [sum(b" 200 " in one for one in row) for row in answers]
        assert max(sent) == 2 and sum(sent) == 8, "two of a link, eight of all"
        refused = [one for row in answers for one in row if b" 200 " not in one]
        assert all(b" 503 " in one and b"overloaded" in one for one in refused)
        assert b" 401 " in gateway.ask(READ % b"nobodys")
        for line in lines:
            line.close()
        wait_until(lambda: b" 200 " in gateway.ask(asked[-1]), "who has gone makes room")


def _begun(gateway: Served, asked: bytes, lines: list[socket.socket]) -> bytes:
    """How the answer begins; the rest of it is left unread, on a line that stays open."""
    lines.append(gateway.connect(asked, buffered=4096))
    return lines[-1].recv(1000)
