"""The store is full, away or mute: jobs are given back uncounted, and made when it is well."""

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from moto.server import ThreadedMotoServer
from msgspec import Struct

from api.ports import any_port
from engine.contracts import Brief
from engine.queue import service as queue
from engine.queue.contracts import Job, Lease
from engine.queue.postgres import PostgresQueue
from engine.repertoire import service as repertoire
from engine.stock.places import Bucket, Patience, StoreUnreachable
from engine.stock.service import announcer
from engine.studio.lanes import briefs
from engine.studio.lanes.lane import Studio, claim
from engine.studio.shelf import Shelf, open_shelf
from engine.words import resolve
from loadtests.light import Light
from tests.suites.stores import BUCKET, make_bucket, with_credentials

IMPATIENT = Patience(try_s=0.3, retries=1, retry_s=0.3)
CHIME = resolve(Brief(kind="chime", duration_ms=1000, candidates=1), 3)
OUTAGES = 5  # more often than a job may fail


class Outage(Struct, frozen=True, kw_only=True):
    """A place that can be put out of order and mended, and the words that it says so with."""

    place: str
    bucket: Bucket = Bucket()
    strike: Callable[[], None]
    mend: Callable[[], None]
    says: str


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Outage]:
    """A disk of two megabytes that can be filled but for a few bytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], check=False)
    if mounted.returncode:
        pytest.skip("only root may mount a disk that is small enough to fill")
    filler = disk / "filler"

    def fill() -> None:
        with filler.open("wb") as file, pytest.raises(OSError, match="No space left"):
            while True:
                file.write(bytes(1 << 16))
                file.flush()
        with filler.open("rb+") as file:
            file.truncate(filler.stat().st_size - 16_384)

    try:
        yield Outage(
            place=str(disk), strike=fill, mend=filler.unlink, says="No space left on device"
        )
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.fixture
def store_down(monkeypatch: pytest.MonkeyPatch) -> Iterator[Outage]:
    """A bucket whose server can be stopped."""
    with_credentials(monkeypatch)
    port = any_port()
    bucket = Bucket(endpoint=f"http://127.0.0.1:{port}", region="us-east-1")
    up: list[ThreadedMotoServer] = []

    def start() -> None:
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
        server.start()
        up.append(server)

    start()
    make_bucket(f"http://127.0.0.1:{port}")
    yield Outage(
        place=f"s3://{BUCKET}/down", bucket=bucket, strike=lambda: up.pop().stop(), mend=start,
        says="error sending request",
    )  # fmt: skip
    for server in up:
        server.stop()


@pytest.fixture(params=["full_disk", "store_down"])
def outage(request: pytest.FixtureRequest) -> Outage:
    return request.getfixturevalue(request.param)


async def test_an_outage_uses_no_attempt_up_and_what_was_accepted_is_made_after_it(
    pool: asyncpg.Pool, outage: Outage, capfd: pytest.CaptureFixture[str]
) -> None:
    studio, idle = _studio(pool, outage, 1), _studio(pool, outage, 2)
    await _ask(pool)
    for number in range(1, OUTAGES + 1):
        lease = await _claimed(studio)
        assert lease.attempt == 1
        outage.strike()
        await briefs.make(studio, lease)
        assert await _state(pool) == ("queued", 0)
        assert await claim(studio, "candidates") is None, "it took what it could not put away"
        assert capfd.readouterr().out.count(outage.says) >= 1, f"nothing failed in outage {number}"
        outage.mend()
    lease = await _claimed(idle)
    await briefs.make(idle, lease)
    assert await _state(pool) == ("done", 1)
    made = await pool.fetchval("select body -> 'made' from engine.deliveries where number = 1")
    rows = await pool.fetch(
        "select one ->> 'sha256' as sha256 from jsonb_array_elements($1::jsonb -> 'assets') as one",
        made,
    )
    assert len(rows) >= 4
    for row in rows:  # get compares the digest
        assert await asyncio.to_thread(idle.shelf.get, row["sha256"])
        assert await pool.fetchval("select 1 from engine.objects where sha256 = $1", row["sha256"])


async def test_an_idle_studio_notices_an_outage_before_it_takes_a_job(
    pool: asyncpg.Pool, store_down: Outage
) -> None:
    studio = _studio(pool, store_down, 1)
    store_down.strike()
    await _ask(pool)
    assert await claim(studio, "candidates") is None
    assert await _state(pool) == ("queued", 0)
    store_down.mend()
    assert (await _claimed(studio)).attempt == 1


def test_a_full_disk_keeps_no_half_of_a_file(full_disk: Outage) -> None:
    shelf = open_shelf(full_disk.place, keep_trying_s=0)
    full_disk.strike()
    with pytest.raises(StoreUnreachable, match="No space left"):
        shelf.put("master", b"x" * (1 << 20), "audio/wav")
    left = [file for file in Path(full_disk.place).rglob("*") if file.is_file()]
    assert [file.name for file in left] == ["filler"]


def test_a_short_outage_is_waited_for_with_the_file_in_hand(full_disk: Outage) -> None:
    shelf = open_shelf(full_disk.place, keep_trying_s=60)
    full_disk.strike()
    seen = threading.Event()
    write = shelf._write

    def told(asset, content) -> None:
        try:
            write(asset, content)
        except StoreUnreachable:
            seen.set()
            raise

    shelf._write = told
    mending = threading.Thread(target=lambda: seen.wait(60) and full_disk.mend())
    mending.start()
    asset = shelf.put("master", b"x" * (1 << 20), "audio/wav")
    mending.join()
    assert seen.is_set(), "the disk was not full"
    assert len(shelf.get(asset.sha256)) == 1 << 20
    assert shelf.ready()


async def test_a_mute_store_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with_credentials(monkeypatch)
    with _mute() as (endpoint, heard):
        shelf = open_shelf(
            f"s3://{BUCKET}/mute", Bucket(endpoint=endpoint, region="us-east-1"),
            patience=IMPATIENT, keep_trying_s=0,
        )  # fmt: skip
        for call in (
            lambda: shelf.put("master", b"sound", "audio/wav"),
            lambda: shelf.put("master", bytes(6 << 20), "audio/wav"),
            lambda: shelf.get("0" * 64),
        ):
            with pytest.raises(StoreUnreachable):
                await asyncio.wait_for(asyncio.to_thread(call), 60)
        assert len(heard) >= 3, "nobody asked it"


def test_a_killed_writer_leaves_nothing_under_a_digest(tmp_path: Path) -> None:
    code = (
        "import os, sys\n"
        "from engine.studio import shelf\n"
        "def killed(number):\n"
        "    os.kill(os.getpid(), 9)\n"
        "os.fsync = killed\n"
        "shelf.open_shelf(sys.argv[1]).put('master', b'x' * 100_000, 'audio/wav')\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, tmp_path], check=False)
    assert ended.returncode == -9
    assert [file.parent.name for file in tmp_path.rglob("*") if file.is_file()] == ["arriving"]


def _studio(pool: asyncpg.Pool, outage: Outage, number: int) -> Studio:
    announce = announcer(pool, asyncio.get_running_loop())
    shelf: Shelf = open_shelf(
        outage.place, outage.bucket, announce=announce, patience=IMPATIENT, keep_trying_s=0
    )
    return Studio(
        pool=pool, queue=PostgresQueue(pool, repertoire.offer),
        backend=Light(), shelf=shelf, worker=f"w{number}",
        lease_for=timedelta(seconds=60),
    )  # fmt: skip


async def _claimed(studio: Studio) -> Lease:
    """As a lane does: asked again and again."""
    while True:
        if (lease := await claim(studio, "candidates")) is not None:
            return lease
        await asyncio.sleep(0.05)


async def _ask(pool: asyncpg.Pool) -> None:
    job = Job(
        id="brf_a", account="acc_1", resolved=CHIME, seed=3,
        deadline_at=datetime.now(UTC) + timedelta(minutes=10),
    )  # fmt: skip
    async with pool.acquire() as conn:
        await queue.enqueue(conn, job)


async def _state(pool: asyncpg.Pool) -> tuple[str, int]:
    row = await pool.fetchrow("select state, attempt from engine.jobs where id = 'brf_a'")
    assert row is not None
    return row["state"], row["attempt"]


@contextmanager
def _mute() -> Iterator[tuple[str, list[socket.socket]]]:
    """A server that takes every connection and never says a word; who has connected."""
    heard: list[socket.socket] = []
    server = socket.create_server(("127.0.0.1", 0))

    def listen() -> None:
        while True:
            try:
                heard.append(server.accept()[0])
            except OSError:
                return

    listening = threading.Thread(target=listen, daemon=True)
    listening.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}", heard
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        listening.join()
        for one in heard:
            one.close()
