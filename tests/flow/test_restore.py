"""The drill: a house is lost and put back to the minute, as the runbook says.

A base backup, an archive of the write-ahead log, and a copy of the files that was made after them.
"""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from api import postgres as embedded
from api.cli import main
from api.database import create_pool, migrate
from api.postgres import Embedded
from billing.connections import transaction
from billing.ledger import service as ledger
from tests.api.stock.houses import ACCOUNTS, House, named

LICENSED, OFFERED, AFTER = b"licensed before", b"offered before", b"made after"
ARCHIVED = "select coalesce(last_archived_wal, '') >= $1 from pg_stat_archiver"


class Site:
    """Where everything lies: the cluster, its backup and archive, the files and their copy."""

    def __init__(self, folder: Path) -> None:
        self.data, self.backup, self.archive = (folder / one for one in ("pg", "base", "wal"))
        self.store, self.copy = folder / "store", folder / "store-copy"
        self.archive.mkdir()
        self._owned(self.archive)
        self.server = Embedded(self.data)

    @property
    def dsn(self) -> str:
        return self.server.dsn

    def keep_log(self) -> None:
        """The server hands each finished piece of its log to the archive."""
        self._set(f"archive_mode = on\narchive_command = 'cp %p {self.archive}/%f'\n")
        self.server.stop()
        self.server.start()

    def back_up(self) -> None:
        """A base backup, as an operator takes one every night."""
        socket = self.dsn.rpartition("=")[2]
        self._run("pg_basebackup", "-h", socket, "-U", "postgres", "-D", self.backup, "-c", "fast")

    def lose(self) -> None:
        """The machine is gone, with everything that was on it."""
        self.server.kill()
        shutil.rmtree(self.data)

    def put_back(self, until: datetime) -> None:
        """The backup, and from the archive all that happened up to that moment."""
        shutil.copytree(self.backup, self.data)
        self._owned(self.data)
        self._set(
            f"restore_command = 'cp {self.archive}/%f %p'\n"
            f"recovery_target_time = '{until.isoformat()}'\nrecovery_target_action = promote\n"
        )
        (self.data / "recovery.signal").touch()
        self._owned(self.data / "recovery.signal")
        self.server = Embedded(self.data).start()
        asyncio.run(_opened(self.dsn))

    def _set(self, lines: str) -> None:
        with (self.data / "postgresql.auto.conf").open("a") as settings:
            settings.write(lines)

    def _owned(self, place: Path) -> None:
        user = embedded._server_user()
        for one in (place, *place.rglob("*")) if user.id is not None else ():
            os.chown(one, user.id, user.id)
        if place.is_dir():
            place.chmod(0o700)

    def _run(self, program: str, *arguments: Any) -> None:
        user = embedded._server_user()
        subprocess.run(
            [embedded._binaries() / program, *arguments], check=True, cwd="/",
            user=user.id, group=user.id, extra_groups=user.extra_groups,
        )  # fmt: skip


@pytest.fixture
def site(folder: Path) -> Iterator[Site]:
    place = folder / "restore"
    place.mkdir()
    place.chmod(0o777)
    made = Site(place)
    made.server.start()
    try:
        yield made
    finally:
        made.server.stop()


def test_a_lost_house_is_put_back_to_the_minute(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", site.dsn)
    monkeypatch.setenv("CUESMITH_STORE", str(site.store))
    site.keep_log()
    asyncio.run(migrate(site.dsn))
    site.back_up()
    _do(site, _before)
    until = _do(site, _now)
    _do(site, _after)
    shutil.copytree(site.store, site.copy)  # after what it must hold, like every copy of the files
    _do(site, _archived)

    site.lose()
    site.put_back(until)

    assert _do(site, _balances) == {"acc_1": 100, "acc_2": 0}
    assert _do(site, _contents) == {named(LICENSED), named(OFFERED)}
    assert main(["billing", "check"]) == 0
    capsys.readouterr()
    assert main(["store", "check"]) == 0
    # What was made after that moment belongs to nobody now; a sweep would take it in, no more.
    assert "2 objects referred to, 3 in the store, 1 of them on their way; 0 wrong" in (
        capsys.readouterr().out
    )
    _grow_older(site.store, timedelta(days=2))
    assert main(["store", "check"]) == 0
    assert f"{named(AFTER)} belongs to nobody" in capsys.readouterr().out
    assert main(["store", "sweep", "--dry-run"]) == 0
    assert "1 objects would be taken in, 1 would be condemned" in capsys.readouterr().out

    # The files are lost as well, and come back from their copy.
    (site.store / "sha256" / named(LICENSED)[:2] / named(LICENSED)).unlink()
    assert main(["store", "check"]) == 1
    assert f"{named(LICENSED)} is missing" in capsys.readouterr().out
    shutil.rmtree(site.store)
    shutil.copytree(site.copy, site.store)
    assert main(["store", "check"]) == 0
    # The house goes on: what is written now is not confused with what was lost.
    _do(site, _after)
    assert _do(site, _balances) == {"acc_1": 100, "acc_2": 7}
    assert main(["billing", "check"]) == 0
    assert main(["store", "check"]) == 0


def _do(site: Site, step: Callable[[asyncpg.Pool, Site], Awaitable[Any]]) -> Any:
    """One step of the drill, with connections of its own."""

    async def done() -> Any:
        pool = await create_pool(site.dsn, size=2)
        try:
            return await step(pool, site)
        finally:
            await pool.close()

    return asyncio.run(done())


async def _opened(dsn: str) -> None:
    """All of the log is replayed: until then the server may be read, and shows an earlier time."""
    conn = await asyncpg.connect(dsn)
    while await conn.fetchval("select pg_is_in_recovery()"):  # noqa: ASYNC110 - nobody would tell us
        await asyncio.sleep(0.05)
    await conn.close()


async def _before(pool: asyncpg.Pool, site: Site) -> None:
    """A licensed candidate, and one that is offered."""
    house = House(pool, site.store)
    await house.open_accounts()
    async with transaction(pool) as conn:
        for account in ACCOUNTS:
            await ledger.open_account(conn, account, "prepaid", 0)
        await ledger.grant(conn, "acc_1", 100, "before")
    assert await house.pick(await _candidate(house, "acc_1", LICENSED))
    await _candidate(house, "acc_2", OFFERED)


async def _after(pool: asyncpg.Pool, site: Site) -> None:
    async with transaction(pool) as conn:
        await ledger.grant(conn, "acc_2", 7, "after")
    await _candidate(House(pool, site.store), "acc_2", AFTER)


async def _candidate(house: House, account: str, content: bytes) -> str:
    await house.announce(content)
    house.put(content)
    job = await house.deliver(account, [content])
    await house.settle(job)
    return job


async def _now(pool: asyncpg.Pool, site: Site) -> datetime:
    """A moment that everything so far was before, and all that follows is after."""
    return await pool.fetchval("select clock_timestamp()")


async def _archived(pool: asyncpg.Pool, site: Site) -> None:
    """The last piece of the log is in the archive; at work ``archive_timeout`` sees to that."""
    last = await pool.fetchval("select pg_walfile_name(pg_switch_wal())")
    while not await pool.fetchval(ARCHIVED, last):  # noqa: ASYNC110 - nobody would tell us
        await asyncio.sleep(0.05)


async def _balances(pool: asyncpg.Pool, site: Site) -> dict[str, int]:
    rows = await pool.fetch("select account, posted from billing.wallets order by account")
    return {row["account"]: row["posted"] for row in rows}


async def _contents(pool: asyncpg.Pool, site: Site) -> set[str]:
    """What candidates refer to."""
    rows = await pool.fetch("select made -> 'assets' -> 0 ->> 'sha256' as name from api.candidates")
    return {row["name"] for row in rows}


def _grow_older(folder: Path, time: timedelta) -> None:
    for file in folder.rglob("*"):
        if file.is_file():
            then = file.stat().st_mtime - time.total_seconds()
            os.utime(file, (then, then))
