"""What each process may do in the database, by its role of deploy/roles.sql."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from api.cli import main
from billing.ledger import service as ledger
from engine.queue import service as queue

FILE = Path(__file__).resolve().parents[2] / "deploy" / "roles.sql"
ROLES = FILE.read_text()
HOUR = timedelta(hours=1)
FORBIDDEN = asyncpg.InsufficientPrivilegeError
As = Callable[[str], Awaitable[None]]


@pytest.fixture
async def conn(postgres: str) -> AsyncIterator[asyncpg.Connection]:
    """An owner's connection to a database whose roles are made, twice, as after two releases."""
    opened = await asyncpg.connect(postgres)
    await opened.execute(ROLES)
    await opened.execute(ROLES)
    yield opened
    await opened.close()


@asynccontextmanager
async def _acting(conn: asyncpg.Connection, role: str) -> AsyncIterator[None]:
    await conn.execute(f"set role {role}")
    try:
        yield
    finally:
        await conn.execute("reset role")


async def test_the_studio_takes_jobs_and_cannot_read_the_till(conn: asyncpg.Connection) -> None:
    tables = await conn.fetch(
        "select schemaname || '.' || tablename as name from pg_tables"
        " where schemaname in ('api', 'billing')"
    )
    assert len(tables) > 20
    async with _acting(conn, "cuesmith_studio"):
        assert await queue.claim(conn, "studio", HOUR) is None
        for table in tables:
            with pytest.raises(FORBIDDEN):
                await conn.execute(f"select from {table['name']}")
        with pytest.raises(FORBIDDEN):
            await ledger.expire_holds(conn)


async def test_the_gateway_spends_by_the_tills_functions_only(conn: asyncpg.Connection) -> None:
    await ledger.open_account(conn, "acc_a", "prepaid")
    await ledger.grant(conn, "acc_a", 100, "welcome")
    async with _acting(conn, "cuesmith_gateway"):
        held = await ledger.place_hold(conn, "acc_a", "brf_1", 8, HOUR)
        await ledger.charge_license(conn, "acc_a", "cand_1", 8)
        assert (await ledger.balance(conn, "acc_a")).available == 84
        for statement in (
            "update billing.wallets set posted = 1000000",
            "update billing.holds set captured = 0",
            "insert into billing.freezes (account, reason) values ('acc_a', 'x')",
            "delete from billing.freezes",
            "insert into billing.transfers (kind, ref, account, debit, credit, amount)"
            " values ('topup', 'mine', 'acc_a', 'issued', 'wallet:acc_a', 1000000)",
            "delete from billing.outbox",
        ):
            with pytest.raises(FORBIDDEN):
                await conn.execute(statement)
        for forbidden in (
            ledger.credit_topup(conn, "acc_a", "pi_1", 1000),
            ledger.grant(conn, "acc_a", 1000, "mine"),
            ledger.refund(conn, held.id),
            ledger.thaw(conn, "acc_a", "dispute"),
        ):
            with pytest.raises(FORBIDDEN):
                await forbidden
    assert await ledger.violations(conn) == []


async def test_the_clerk_writes_lines_and_changes_none(conn: asyncpg.Connection) -> None:
    await ledger.open_account(conn, "acc_a", "prepaid")
    async with _acting(conn, "cuesmith_clerk"):
        await ledger.credit_topup(conn, "acc_a", "pi_1", 100)
        held = await ledger.place_hold(conn, "acc_a", "brf_1", 8, HOUR)
        spent = await ledger.capture(conn, held.id, "cand_1", 2)
        await ledger.release(conn, held.id)
        await ledger.refund(conn, spent.id)
        await ledger.claw_back(conn, "acc_a", "re_1", 200)
        for statement in (
            "update billing.transfers set amount = 1",
            "delete from billing.transfers",
            "truncate billing.transfers cascade",
            "update billing.captures set tokens = 1",
            "delete from billing.captures",
            "delete from billing.wallets",
        ):
            with pytest.raises(FORBIDDEN):
                await conn.execute(statement)
    assert await ledger.violations(conn) == []


def test_whoever_migrates_says_who_may_do_what(
    postgres: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DATABASE_URL", postgres)
    assert main(["migrate", "--roles", str(FILE)]) == 0
    assert "roles as" in capsys.readouterr().out
    assert asyncio.run(_may(postgres, "cuesmith_gateway", "billing.wallets", "select"))
    assert not asyncio.run(_may(postgres, "cuesmith_gateway", "billing.wallets", "update"))
    broken = tmp_path / "roles.sql"
    broken.write_text(
        "grant update on billing.wallets to cuesmith_gateway; grant select on nothing to public"
    )
    assert main(["migrate", "--roles", str(broken)]) == 2
    assert not asyncio.run(_may(postgres, "cuesmith_gateway", "billing.wallets", "update"))
    assert main(["migrate", "--roles", str(tmp_path / "none.sql")]) == 2


async def _may(postgres: str, role: str, table: str, right: str) -> bool:
    conn = await asyncpg.connect(postgres)
    try:
        return await conn.fetchval("select has_table_privilege($1, $2, $3)", role, table, right)
    finally:
        await conn.close()
