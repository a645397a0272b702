"""What the door says while the database hangs, recovers or is short of connections; nothing is
carried out twice, or half."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest
import structlog
from msgspec import structs

from api.app import create_app
from api.database import Pool
from api.licenses.signing import Signer
from api.problems import kind_of
from api.settings import GatewaySettings
from tests.api.conftest import Client, Door, opened

BRIEF = {"prompt": "calm piano", "duration_ms": 8000}


@asynccontextmanager
async def _client(
    settings: GatewaySettings, pool: asyncpg.Pool, folder: Path
) -> AsyncIterator[Client]:
    app = create_app(settings, Signer.create(folder / "own.pem"))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    # Without this each fault would be told in colour, with all that stood around it: for seconds.
    with structlog.testing.capture_logs():
        async with (
            opened(app),
            httpx.AsyncClient(transport=transport, base_url="http://door", timeout=120) as http,
        ):
            yield await Door(app=app, http=http, pool=pool, store=folder).client()


def _refused_for_now(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), answer.text
    assert answer.json()["retryable"] is True and int(answer.headers["retry-after"]) >= 1


async def _held(client: Client, pool: asyncpg.Pool) -> tuple[int, int, int]:
    """Briefs, jobs and open holds of the account."""
    return await pool.fetchrow(  # pyright: ignore
        "select (select count(*) from api.briefs where account = $1),"
        " (select count(*) from engine.jobs where account = $1),"
        " (select count(*) from billing.holds where account = $1)", client.account,
    )  # fmt: skip


async def test_while_it_only_reads_briefs_are_refused_and_later_taken_once(
    settings: GatewaySettings, pool: asyncpg.Pool, postgres: str, tmp_path: Path
) -> None:
    name = await pool.fetchval("select current_database()")
    async with _client(settings, pool, tmp_path) as client:
        await pool.execute(f"alter database {name} set default_transaction_read_only = on")
        await _let_go_of_all(pool)
        await _answers_again(client)  # it reads as before
        _refused_for_now(await client.brief(BRIEF))
        assert tuple(await _held(client, pool)) == (0, 0, 0)
        admin = await asyncpg.connect(postgres)
        await admin.execute("set default_transaction_read_only = off")
        await admin.execute(f"alter database {name} reset default_transaction_read_only")
        await admin.close()
        await _let_go_of_all(pool)
        await _answers_again(client)
        assert (await client.brief(BRIEF)).status_code == 202
        assert (await client.brief(BRIEF)).headers["idempotent-replayed"] == "true"
        assert tuple(await _held(client, pool)) == (1, 1, 1)


async def _let_go_of_all(pool: asyncpg.Pool) -> None:
    """End every connection to this database, as a server does that changes its role."""
    await pool.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
    )
    await pool.expire_connections()


async def test_a_statement_that_hangs_is_given_up_in_time(
    settings: GatewaySettings, pool: asyncpg.Pool, postgres: str, tmp_path: Path
) -> None:
    async with _client(structs.replace(settings, database_s=1), pool, tmp_path) as client:
        conn = await asyncpg.connect(postgres)
        async with conn.transaction():
            await conn.execute("lock table billing.wallets in access exclusive mode")
            answers = [
                *await asyncio.gather(*(client.get("/v1/balance") for _ in range(3))),
                await client.brief(BRIEF),
            ]
        await conn.close()
        for answer in answers:
            _refused_for_now(answer)
        assert tuple(await _held(client, pool)) == (0, 0, 0)
        assert (await client.brief(BRIEF)).status_code == 202
        assert tuple(await _held(client, pool)) == (1, 1, 1)


async def test_who_finds_no_connection_free_is_told_so_in_time(
    settings: GatewaySettings, pool: asyncpg.Pool, postgres: str, tmp_path: Path
) -> None:
    few = structs.replace(settings, pool_size=2, database_s=20)
    async with _client(few, pool, tmp_path) as client:
        conn = await asyncpg.connect(postgres)
        async with conn.transaction():
            await conn.execute("lock table api.briefs in access exclusive mode")
            slow = [
                asyncio.create_task(one) for one in (client.brief(BRIEF), client.get("/v1/briefs"))
            ]
            while await pool.fetchval(WAITING) < 2:
                assert not any(one.done() for one in slow)
                await asyncio.sleep(0.02)
            client_pool(client)._lent_within_s = 0.5
            _refused_for_now(await client.get("/v1/notices"))
        assert [one.status_code for one in await asyncio.gather(*slow)] == [202, 200]
        await conn.close()
        assert (await client.get("/v1/notices")).status_code == 200


def client_pool(client: Client) -> Pool:
    """The pool of the gateway that this client speaks to."""
    transport = client.http._transport
    assert isinstance(transport, httpx.ASGITransport)
    return transport.app.shop.pool  # pyright: ignore


WAITING = """
select count(*) from pg_stat_activity
where datname = current_database() and wait_event_type = 'Lock'
"""


async def _answers_again(client: Client) -> None:
    for _ in range(200):
        if (await client.get("/v1/balance")).status_code == 200:
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the gateway does not find back to its database")


@pytest.mark.parametrize(
    "error",
    [asyncpg.ReadOnlySQLTransactionError, asyncpg.TooManyConnectionsError, asyncpg.DiskFullError,
     asyncpg.CannotConnectNowError, asyncpg.AdminShutdownError, asyncpg.CrashShutdownError,
     asyncpg.QueryCanceledError, asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError,
     asyncpg.ConnectionDoesNotExistError, asyncpg.InternalClientError, TimeoutError, OSError],
)  # fmt: skip
def test_what_passes_by_itself_is_told_as_something_to_try_again(error: type[Exception]) -> None:
    kind = kind_of(error)
    assert (kind.status, kind.code, kind.retryable) == (503, "unavailable", True)
