"""Gateways on a Postgres of their own, and clients that listen at them: for what streams cost."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import httpx
from msgspec import Struct

from api.database import create_pool, migrate
from api.keys import service as keys
from api.licenses.signing import Signer
from api.ports import any_port
from api.postgres import Embedded
from api.tether import tied
from billing.connections import transaction
from billing.ledger import service as ledger

PEPPER = "a pepper for benches only"
BRIEF = {"prompt": "calm piano", "duration_ms": 30_000, "candidates": 2, "deadline_s": 3600}
HOST = "127.0.0.1"


class Hall(Struct, frozen=True):
    """Running gateways and keys of funded accounts."""

    dsn: str
    ports: list[int]
    pids: list[int]
    pool: asyncpg.Pool
    secrets: list[str]

    def resident(self, which: int = 0) -> float:
        """Megabytes of a gateway's memory."""
        for line in Path(f"/proc/{self.pids[which]}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise ProcessLookupError(self.pids[which])

    def worked_s(self, which: int = 0) -> float:
        """CPU seconds of a gateway so far."""
        parts = Path(f"/proc/{self.pids[which]}/stat").read_text().rpartition(")")[2].split()
        return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")

    async def brief(self, secret: str, name: str) -> str:
        """A brief that waits in the queue for as long as nobody makes it."""
        headers = {"authorization": f"Bearer {secret}", "idempotency-key": name}
        async with httpx.AsyncClient(base_url=f"http://{HOST}:{self.ports[0]}") as http:
            answer = await http.post("/v1/briefs", json=BRIEF, headers=headers, timeout=60)
        answer.raise_for_status()
        return answer.json()["id"]

    def opened(self, which: int, brief: str, secret: str, receive: int = 0) -> socket.socket:
        """A raw connection that has asked for a brief's events and has read nothing yet."""
        sock = socket.socket()
        if receive:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        sock.connect((HOST, self.ports[which]))
        asked = f"GET /v1/briefs/{brief}/events HTTP/1.1\r\nhost: x\r\n"
        sock.sendall(f"{asked}authorization: Bearer {secret}\r\n\r\n".encode())
        return sock


@asynccontextmanager
async def hall(folder: Path, gateways: int, accounts: int) -> AsyncIterator[Hall]:
    """So many gateways and funded accounts; everything ends with the block."""
    folder.chmod(0o755)  # noqa: ASYNC240 - nothing else runs yet
    with contextlib.ExitStack() as stack:
        dsn = stack.enter_context(Embedded(folder / "data")).dsn
        await migrate(dsn)
        pool = await create_pool(dsn, size=4)
        secrets = [await _account(pool) for _ in range(accounts)]
        Signer.create(folder / "signing.pem")
        ports, children = [any_port() for _ in range(gateways)], list[subprocess.Popen[bytes]]()
        for port in ports:
            children.append(_gateway(dsn, folder, port))
            stack.callback(_ended, children[-1])
        for port in ports:
            await _ready(port)
        yield Hall(dsn, ports, [one.pid for one in children], pool, secrets)
        await pool.close()


async def _account(pool: asyncpg.Pool) -> str:
    made = await keys.open_account(pool, "Bench", "test", "prepaid")
    async with transaction(pool) as conn:
        await ledger.grant(conn, made.id, 10**6, f"bench {made.id}")
    expires = datetime.now(UTC) + timedelta(days=1)
    _, secret = await keys.create_key(
        pool, made.id, "bench", pepper=PEPPER.encode(), expires_at=expires
    )
    return secret


def _gateway(dsn: str, folder: Path, port: int) -> subprocess.Popen[bytes]:
    environ = {
        **os.environ, "DATABASE_URL": dsn, "CUESMITH_STORE": str(folder / "store"),
        "CUESMITH_PEPPER": PEPPER, "CUESMITH_SIGNING_KEY": str(folder / "signing.pem"),
        "CUESMITH_RATE_PER_MINUTE": "10000000", "CUESMITH_RATE_BURST": "1000000",
        "CUESMITH_EVENT_STREAMS": "100000", "CUESMITH_EVENT_STREAMS_PER_ACCOUNT": "100000",
        "CUESMITH_OPEN_BRIEFS": "100000",
    }  # fmt: skip
    command = [sys.executable, "-m", "api.cli", "gateway", "--host", HOST, "--port", str(port)]
    with (folder / f"gateway-{port}.log").open("wb") as log:
        return subprocess.Popen(
            command, env=environ, stdout=log, stderr=log, preexec_fn=tied(signal.SIGKILL)
        )


def _ended(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(20)
    except subprocess.TimeoutExpired:
        child.kill()


async def _ready(port: int) -> None:
    until = time.monotonic() + 60
    async with httpx.AsyncClient() as http:
        while time.monotonic() < until:
            with contextlib.suppress(httpx.HTTPError):
                if (await http.get(f"http://{HOST}:{port}/readyz")).is_success:
                    return
            await asyncio.sleep(0.1)
    raise TimeoutError(f"no gateway at {port}")
