"""The clerk's rounds over the store, what they count, and what happens when it is away."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from msgspec import structs
from prometheus_client import REGISTRY

from api.clerk import retention
from api.clerk.desk import Desk
from api.clerk.rounds import ROUNDS
from api.cli import main
from api.settings import SettingMissing, read
from api.stock.warehouse import open_warehouse
from engine.stock.places import Bucket
from tests.api.stock.houses import House, named
from tests.suites.stores import BUCKET, with_credentials

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SOUND, LICENSED = b"a sound", b"a licensed sound"
STEPS = (retention.review_objects, retention.clear_objects, retention.count_objects)
ALL = (*STEPS, retention.look_through_store)


@pytest.fixture
async def house(pool: asyncpg.Pool, tmp_path: Path) -> House:
    made = House(pool, tmp_path / "store")
    await made.open_accounts()
    return made


def _told(metric: str) -> float:
    return REGISTRY.get_sample_value(metric) or 0.0


async def test_the_rounds_clear_away_what_nobody_refers_to_and_say_so(
    house: House, desk: Desk
) -> None:
    desk = structs.replace(desk, warehouse=house.warehouse)
    for sound in (SOUND, LICENSED):
        await house.announce(sound)
        house.put(sound)
    job = await house.deliver("acc_1", [LICENSED])
    await house.settle(job)
    assert await house.pick(job)
    await _rounds(desk)
    assert _told("clerk_store_objects") == 2
    assert _told("clerk_store_bytes") == len(SOUND) + len(LICENSED)
    before = _told("clerk_objects_deleted_total")
    await house.let_pass(DAY + HOUR)
    await _rounds(desk)
    assert _told("clerk_objects_condemned") == 1
    await house.let_pass(DAY + HOUR)
    await _rounds(desk)
    assert house.there() == {named(LICENSED)}
    assert _told("clerk_objects_deleted_total") == before + 1
    assert _told("clerk_objects_condemned") == 0
    assert _told("clerk_store_bytes") == len(LICENSED)


async def test_each_part_of_the_store_has_its_turn_within_a_day() -> None:
    began = datetime(2026, 11, 27, tzinfo=UTC)
    parts = {retention.part_of(began + timedelta(seconds=at)) for at in range(0, 86_400, 300)}
    assert parts == set(range(256))


async def test_what_is_missing_is_counted_and_what_has_no_row_taken_in(
    house: House, desk: Desk
) -> None:
    desk = structs.replace(desk, warehouse=house.warehouse)
    await house.announce(LICENSED)
    house.put(LICENSED)
    await house.settle(await house.deliver("acc_1", [LICENSED]))
    house.put(SOUND)
    await house.let_pass(DAY + HOUR)
    await house.warehouse.delete([named(LICENSED)])
    assert await retention.look_through_store(desk, _turn_of(SOUND)) == 1
    assert _told("clerk_objects_missing") == 0
    await retention.look_through_store(desk, _turn_of(LICENSED))
    assert _told("clerk_objects_missing") == 1
    house.put(LICENSED)
    await retention.look_through_store(desk, _turn_of(LICENSED))
    assert _told("clerk_objects_missing") == 0


async def test_a_clerk_without_a_store_or_with_one_that_is_away_goes_on(
    house: House, desk: Desk, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with_credentials(monkeypatch)
    away = open_warehouse(
        f"s3://{BUCKET}/x", Bucket(endpoint="http://127.0.0.1:9", region="us-east-1")
    )
    await house.announce(SOUND)
    house.put(SOUND)
    await house.let_pass(DAY + HOUR)
    for warehouse in (away, None):
        for step in ALL:
            await step(structs.replace(desk, warehouse=warehouse))
        await house.let_pass(DAY + HOUR)
    assert capfd.readouterr().out.count("store.unreachable") >= 1
    assert house.there() == {named(SOUND)}
    assert await house.pool.fetchval("select count(*) from engine.objects") == 1


def test_all_rounds_are_on_the_clerks_list() -> None:
    assert set(ALL) <= {one.step for one in ROUNDS}


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({}, "set CUESMITH_STORE"),
        ({"CUESMITH_STORE": "s3://"}, "names no bucket"),
        ({"CUESMITH_STORE": "s3://b", "CUESMITH_STORE_ENDPOINT": "http://minio"}, "https://"),
    ],
)
def test_the_command_says_what_it_needs(
    environ: dict[str, str], why: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("CUESMITH_HOME", str(tmp_path))
    for name in ("CUESMITH_STORE", "CUESMITH_STORE_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    for action in ("check", "sweep"):
        assert main(["store", action]) == 2
        assert why in capsys.readouterr().err


def test_a_gateway_refuses_an_endpoint_in_the_clear() -> None:
    environ = {
        "DATABASE_URL": "postgresql:///x", "CUESMITH_STORE": "s3://b",
        "CUESMITH_PEPPER": "sixteen characters", "CUESMITH_STORE_ENDPOINT": "http://minio:9000",
    }  # fmt: skip
    with pytest.raises(SettingMissing, match="https://"):
        read(environ)


async def _rounds(desk: Desk) -> None:
    for step in STEPS:
        await step(desk)


def _turn_of(content: bytes) -> datetime:
    number = int(named(content)[:2], 16)
    return datetime.fromtimestamp(number * retention.LOOK_EVERY_S, UTC)
