"""A database server that stands still: every request is answered in bounded time, and afterwards
the gateway finds back by itself."""

import asyncio
import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import structs

from api.database import create_pool, migrate
from api.postgres import Embedded
from api.settings import GatewaySettings
from tests.api.test_door_database import BRIEF, _answers_again, _client, _refused_for_now


@contextmanager
def _server() -> Iterator[Embedded]:
    """A server of this test's own, to be treated badly."""
    with tempfile.TemporaryDirectory(prefix="cue-pg-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with Embedded(Path(folder) / "data") as postgres:
            yield postgres


@contextmanager
def _stopped(postgres: Embedded) -> Iterator[None]:
    """The server and all its processes stand still: connections stay open, nobody answers."""
    assert postgres._server is not None
    parent = postgres._server.pid
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    stopped = [parent, *map(int, children)]
    for one in stopped:
        os.kill(one, signal.SIGSTOP)
    try:
        yield
    finally:
        for one in stopped:
            os.kill(one, signal.SIGCONT)


async def test_a_server_that_stands_still_keeps_nobody_waiting_for_ever(
    settings: GatewaySettings, tmp_path: Path
) -> None:
    with _server() as postgres:
        await migrate(postgres.dsn)
        pool = await create_pool(postgres.dsn)
        told = structs.replace(settings, database_url=postgres.dsn, database_s=1)
        async with _client(told, pool, tmp_path) as client:
            await _answers_again(client)
            with _stopped(postgres):
                asked = [
                    *(client.get("/v1/balance") for _ in range(8)),
                    *(client.brief(BRIEF, f"brief-{n}") for n in range(4)),
                ]
                for answer in await asyncio.gather(*asked):
                    _refused_for_now(answer)
                assert (await client.get("/healthz")).status_code == 200
                _refused_for_now(await client.get("/readyz"))
            await _answers_again(client)
        pool.terminate()
