"""A studio's certificate ends while it works, or can sign nothing from the start."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from msgspec import structs

from engine.contracts import Brief
from engine.marks import credentials as who
from engine.marks.content import CredentialsOver, Origin, signed, tried
from engine.marks.credentials import BadCredentials, Credentials
from engine.queue.contracts import Job
from engine.queue.postgres import PostgresQueue
from engine.studio.lanes import briefs
from engine.studio.lanes.lane import Studio, claim, follow
from engine.studio.shelf import open_shelf
from engine.words import resolve
from loadtests.light import Light

CHIME = resolve(Brief(kind="chime", duration_ms=1000, candidates=1), 3)


@pytest.fixture
def good(tmp_path: Path) -> Credentials:
    return who.create(tmp_path / "good.pem")


@pytest.fixture
def ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Credentials:
    monkeypatch.setattr(who, "LIFE", timedelta(0))
    return who.create(tmp_path / "ended.pem")


@pytest.fixture
async def there(pool: asyncpg.Pool, tmp_path: Path) -> Studio:
    """A studio that signs nothing yet, and a brief that waits for it."""
    studio = Studio(
        pool=pool, queue=PostgresQueue(pool), backend=Light(0.0), worker="w1",
        shelf=open_shelf(str(tmp_path / "shelf")), lease_for=timedelta(seconds=30),
    )  # fmt: skip
    deadline = datetime.now(UTC) + timedelta(minutes=10)
    await studio.queue.enqueue(
        Job(id="brf_a", account="acc_1", resolved=CHIME, seed=3, deadline_at=deadline)
    )
    return studio


async def _state(pool: asyncpg.Pool) -> tuple[str, int]:
    return tuple(await pool.fetchrow("select state, attempt from engine.jobs"))


async def test_a_certificate_that_ends_costs_no_attempt_and_another_studio_signs(
    pool: asyncpg.Pool, there: Studio, good: Credentials, ended: Credentials,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    lease = await claim(structs.replace(there, credentials=good), "candidates")
    assert lease is not None
    over = structs.replace(there, credentials=ended)
    await briefs.make(over, lease)
    assert "has ended" in capfd.readouterr().out, "it did not come as far as signing"
    assert await _state(pool) == ("queued", 0)
    await follow(over, "candidates", briefs.make)  # returns: it drains
    assert over.stop.is_set()
    assert await _state(pool) == ("queued", 0)
    whole = structs.replace(there, credentials=good)
    lease = await claim(whole, "candidates")
    assert lease is not None
    await briefs.make(whole, lease)
    assert await _state(pool) == ("done", 1)


def test_what_has_ended_signs_nothing(good: Credentials, ended: Credentials) -> None:
    assert ended.over()
    assert not good.over()
    assert good.over(datetime.now(UTC) + timedelta(days=900))
    with pytest.raises(CredentialsOver):
        signed(b"", "audio/wav", Origin(title="", version="", facts={}), ended)


def test_a_chain_that_can_sign_nothing_is_found_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tried(_created(tmp_path / "good.pem")).name
    monkeypatch.setattr(who, "EMAIL", ExtendedKeyUsageOID.SERVER_AUTH)  # a web server's certificate
    with pytest.raises(BadCredentials, match="nothing can be signed"):
        tried(_created(tmp_path / "server.pem"))


def _created(file: Path) -> Path:
    who.create(file)
    return file
