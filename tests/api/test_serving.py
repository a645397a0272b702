"""The gateway as a process: it starts whole or not at all, and leaves nobody waiting."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from msgspec import Struct

from api.keys import service as keys
from api.licenses.signing import Signer
from api.ports import any_port
from billing.connections import transaction
from billing.ledger import service as ledger
from tests.api.conftest import PEPPER


class Served(Struct, frozen=True, kw_only=True):
    """A running gateway, its log and a funded key."""

    process: subprocess.Popen[bytes]
    http: httpx.AsyncClient
    metrics: str
    log: Path
    secret: str


def _start(folder: Path, dsn: str, port: int, metrics: int) -> subprocess.Popen[bytes]:
    if not (folder / "signing.pem").exists():
        Signer.create(folder / "signing.pem")
    environ = {
        **os.environ, "DATABASE_URL": dsn, "CUESMITH_STORE": str(folder / "store"),
        "CUESMITH_PEPPER": PEPPER.decode(), "CUESMITH_SIGNING_KEY": str(folder / "signing.pem"),
        "CUESMITH_METRICS_PORT": str(metrics),
    }  # fmt: skip
    command = [
        sys.executable,
        "-c",
        "import sys; from api.cli import main; sys.exit(main())",
        "gateway",
    ]
    with (folder / "gateway.log").open("wb") as log:
        return subprocess.Popen(
            [*command, "--port", str(port)], env=environ, stdout=log, stderr=log
        )


@pytest.fixture
async def served(postgres: str, pool: asyncpg.Pool, tmp_path: Path) -> AsyncIterator[Served]:
    account = await keys.open_account(pool, "Studio", "test", "prepaid")
    async with transaction(pool) as conn:
        await ledger.grant(conn, account.id, 100, "test")
    _, secret = await keys.create_key(pool, account.id, "test", pepper=PEPPER)
    port, metrics = any_port(), any_port()
    process = _start(tmp_path, postgres, port, metrics)
    headers = {"authorization": f"Bearer {secret}"}
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=90
        ) as http:
            await _ready(http)
            yield Served(
                process=process, http=http, metrics=f"http://127.0.0.1:{metrics}/metrics",
                log=tmp_path / "gateway.log", secret=secret,
            )  # fmt: skip
    finally:
        process.kill()
        process.wait(20)


async def test_a_stopping_gateway_answers_those_who_wait_and_ends_well(served: Served) -> None:
    brief = await _brief(served.http)
    waiting = asyncio.create_task(served.http.get(f"/v1/briefs/{brief}", params={"wait": "60"}))
    await asyncio.sleep(1)
    assert not waiting.done()
    began = time.monotonic()
    served.process.send_signal(signal.SIGTERM)
    answer = await waiting
    assert (answer.status_code, answer.json()["status"]) == (200, "queued")
    assert await asyncio.to_thread(served.process.wait, 20) == 0
    assert time.monotonic() - began < 15


async def test_a_stopping_gateway_finishes_what_is_under_way(served: Served, postgres: str) -> None:
    brief = await _brief(served.http)
    conn = await asyncpg.connect(postgres)
    async with conn.transaction():
        await conn.execute("lock table api.briefs in access exclusive mode")
        slow = asyncio.create_task(served.http.get(f"/v1/briefs/{brief}"))
        await asyncio.sleep(0.5)
        served.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.5)
        assert not slow.done()
    await conn.close()
    assert (await slow).status_code == 200
    assert await asyncio.to_thread(served.process.wait, 20) == 0


async def test_every_request_leaves_one_line_of_json_without_its_key(served: Served) -> None:
    brief = await _brief(served.http)
    await served.http.get(f"/v1/briefs/{brief}")
    await served.http.get("/v1/nowhere")
    served.process.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(served.process.wait, 20) == 0
    text = served.log.read_text()
    lines: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    routes = [line["route"] for line in requests if line["route"] != "/readyz"]
    assert routes == ["/v1/briefs", "/v1/briefs/{brief}", "(none)"]
    assert all(line["request_id"] for line in requests)
    assert all(line["brief"] == brief for line in requests if "briefs" in line["route"])
    assert all(line["account"] for line in requests if "briefs" in line["route"])
    assert served.secret not in text
    assert "lo-fi" not in text, "the client's words stay out of the log"
    assert [line["event"] for line in lines if line["event"].startswith("gateway.")] == [
        "gateway.starting", "gateway.ready", "gateway.stopped",
    ]  # fmt: skip


async def test_metrics_are_at_a_port_of_their_own(served: Served) -> None:
    await _brief(served.http)
    assert (await served.http.get("/metrics")).status_code == 404
    async with httpx.AsyncClient() as operator:
        said = (await operator.get(served.metrics)).text
    assert 'gateway_briefs_taken_total{kind="bed",mode="test"} 1.0' in said
    assert 'gateway_tokens_held_total{mode="test"} 8.0' in said
    assert 'route="/v1/briefs",status="202"' in said
    assert "gateway_waiting_requests" in said


async def test_a_gateway_without_a_database_does_not_start(tmp_path: Path) -> None:
    dsn = f"postgresql://nobody@127.0.0.1:{any_port()}/nothing"
    process = _start(tmp_path, dsn, any_port(), any_port())
    assert await asyncio.to_thread(process.wait, 30) != 0
    last = (tmp_path / "gateway.log").read_text().splitlines()[-1]
    assert last.startswith("cuesmith: "), "one line says what is missing"


async def test_two_gateways_do_not_share_a_port(served: Served, tmp_path: Path) -> None:
    folder = tmp_path / "second"
    folder.mkdir()
    port = served.http.base_url.port
    assert port is not None
    second = _start(folder, "postgresql://nobody@127.0.0.1:1/nothing", port, any_port())
    assert await asyncio.to_thread(second.wait, 30) != 0
    assert "in use" in (folder / "gateway.log").read_text()
    assert (await served.http.get("/readyz")).status_code == 200


async def _brief(http: httpx.AsyncClient) -> str:
    body = {"prompt": "warm lo-fi beat", "kind": "bed", "duration_ms": 60_000, "candidates": 4}
    answer = await http.post("/v1/briefs", json=body, headers={"idempotency-key": "one"})
    return answer.json()["id"]


async def _ready(http: httpx.AsyncClient) -> None:
    for _ in range(300):
        try:
            if (await http.get("/readyz")).status_code == 200:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.1)
    raise AssertionError("the gateway did not become ready")
