"""What both shelves promise, wherever the files lie: written by a studio, read by a gateway."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx
import obstore
import pytest
from msgspec import structs

from api.candidates import shelf as reading
from engine.contracts import Asset
from engine.stock.places import (
    WRITING,
    Bucket,
    ObjectDamaged,
    ObjectMissing,
    StoreMisnamed,
    StoreUnreachable,
    bucket,
    object_path,
    open_store,
)
from engine.studio import shelf as writing
from tests.suites.stores import Place, in_bucket, s3_server, with_credentials

WAV = "audio/wav"
LARGE = bytes(range(256)) * (12 << 12)  # 12 MiB: more than one part of a multipart upload


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with s3_server() as endpoint:
        yield endpoint


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    if request.param == "folder":
        return Place(place=str(tmp_path / "store"))
    with_credentials(monkeypatch)
    return in_bucket(request.getfixturevalue("s3"), f"deep/{tmp_path.name}")


@pytest.fixture
def studio(place: Place) -> writing.Shelf:
    return writing.open_shelf(place.place, place.bucket, keep_trying_s=0)


@pytest.fixture
def gateway(place: Place) -> reading.Shelf:
    return reading.open_shelf(place.place, place.bucket)


async def test_what_a_studio_puts_away_a_gateway_reads(
    studio: writing.Shelf, gateway: reading.Shelf
) -> None:
    asset = studio.put("master", b"some sound", WAV)
    assert asset.sha256 == hashlib.sha256(b"some sound").hexdigest()
    assert (asset.bytes, asset.media_type) == (10, WAV)
    assert studio.get(asset.sha256) == b"some sound"
    assert await _read(gateway, asset) == b"some sound"


def test_the_same_content_is_one_object(studio: writing.Shelf, place: Place) -> None:
    first = studio.put("master", b"twice", WAV)
    again = studio.put("stem.drums", b"twice", WAV)
    assert first.sha256 == again.sha256
    assert [path for path, _ in _objects(place)] == [object_path(first.sha256)]


def test_many_may_put_the_same_content_at_once(studio: writing.Shelf, place: Place) -> None:
    with ThreadPoolExecutor(8) as threads:
        put = [threads.submit(studio.put, "master", LARGE, WAV) for _ in range(8)]
        assert len({one.result().sha256 for one in put}) == 1
    assert [size for _, size in _objects(place)] == [len(LARGE)]
    assert studio.get(put[0].result().sha256) == LARGE


@pytest.mark.parametrize(("start", "end"), [(0, 1), (7, 4099), (1, (3 << 20) + 5), (12 << 20, -1)])
async def test_a_range_is_those_bytes(
    studio: writing.Shelf, gateway: reading.Shelf, tmp_path: Path, start: int, end: int
) -> None:
    content = LARGE + b"the end"
    (tmp_path / "large").write_bytes(content)
    asset = studio.put_file("package.zip", tmp_path / "large", "application/zip")
    end = len(content) if end < 0 else end
    assert await _read(gateway, asset, start, end) == content[start:end]


async def test_what_is_not_there_is_said_to_be_missing(
    studio: writing.Shelf, gateway: reading.Shelf
) -> None:
    absent = Asset(name="master", sha256="0" * 64, bytes=10, media_type=WAV)
    with pytest.raises(ObjectMissing):
        studio.get(absent.sha256)
    with pytest.raises(ObjectMissing):
        await _read(gateway, absent)
    with pytest.raises(ObjectMissing):
        await _linked(gateway, absent)


async def test_half_a_file_is_noticed_and_never_sent(
    studio: writing.Shelf, gateway: reading.Shelf, place: Place
) -> None:
    asset = studio.put("master", b"all of it", WAV)
    obstore.put(_store(place), object_path(asset.sha256), b"all o")
    with pytest.raises(ObjectDamaged):
        studio.get(asset.sha256)
    with pytest.raises(ObjectDamaged):
        await gateway.open(asset, 0, 4)


def test_bytes_that_were_changed_are_noticed_when_they_are_read_back(
    studio: writing.Shelf, place: Place
) -> None:
    asset = studio.put("score", b"do re mi", "application/json")
    obstore.put(_store(place), object_path(asset.sha256), b"do re fa")
    with pytest.raises(ObjectDamaged):
        studio.get(asset.sha256)


def test_putting_a_damaged_file_again_mends_it(studio: writing.Shelf, place: Place) -> None:
    asset = studio.put("master", b"whole", WAV)
    obstore.put(_store(place), object_path(asset.sha256), b"")
    studio.put("master", b"whole", WAV)
    assert studio.get(asset.sha256) == b"whole"


def test_every_object_is_announced_before_it_is_there(place: Place) -> None:
    told: list[tuple[str, int, list[tuple[str, int]]]] = []

    def announce(sha256: str, size: int) -> None:
        told.append((sha256, size, list(_objects(place))))

    shelf = writing.open_shelf(place.place, place.bucket, announce=announce, keep_trying_s=0)
    asset = shelf.put("master", b"soon", WAV)
    assert told == [(asset.sha256, 4, [])]


def test_what_may_not_be_announced_is_not_put(place: Place) -> None:
    def announce(sha256: str, size: int) -> None:
        raise StoreUnreachable("it is being cleared away")

    shelf = writing.open_shelf(place.place, place.bucket, announce=announce, keep_trying_s=0)
    with pytest.raises(StoreUnreachable):
        shelf.put("master", b"not now", WAV)
    assert _objects(place) == []


async def test_only_a_bucket_signs_links_and_they_say_what_is_behind_them(
    studio: writing.Shelf, gateway: reading.Shelf, place: Place
) -> None:
    asset = studio.put("stem.drums", LARGE, WAV)
    link = await _linked(gateway, asset)
    if not place.place.startswith("s3://"):
        assert link is None
        return
    assert link is not None
    async with httpx.AsyncClient(trust_env=False) as http:
        part = await http.get(link, headers={"range": "bytes=5-8"})
        assert (part.status_code, part.content) == (206, LARGE[5:9])
        assert part.headers["content-type"] == WAV
        assert part.headers["content-disposition"] == 'inline; filename="stem.drums.wav"'
        assert "X-Amz-Expires=600" in link  # moto believes every signature; Amazon does not


async def test_a_bucket_that_clients_cannot_reach_signs_no_links(
    studio: writing.Shelf, place: Place
) -> None:
    asset = studio.put("master", b"private", WAV)
    private = structs.replace(place.bucket, public_endpoint=None)
    assert await _linked(reading.open_shelf(place.place, private), asset) is None


@pytest.mark.parametrize(
    "environ",
    [
        {"CUESMITH_STORE_ENDPOINT": "http://minio:9000"},
        {"CUESMITH_STORE_ENDPOINT": "minio"},
        {"CUESMITH_STORE_PUBLIC_ENDPOINT": "http://audio.example"},
    ],
)
def test_an_address_that_would_send_keys_in_the_clear_is_refused(environ: dict[str, str]) -> None:
    with pytest.raises(StoreMisnamed, match="https://"):
        bucket(environ)


@pytest.mark.parametrize("named", ["s3://", "gs://music/x", "http://127.0.0.1/x"])
def test_an_address_that_is_no_store_is_refused(named: str) -> None:
    with pytest.raises(StoreMisnamed):
        open_store(named, Bucket(), WRITING)


def test_this_machine_may_be_spoken_to_in_the_clear() -> None:
    for endpoint in ("http://127.0.0.1:9000", "http://[::1]:9000", "http://localhost:9000"):
        assert bucket({"CUESMITH_STORE_ENDPOINT": endpoint}).endpoint == endpoint


async def _read(
    shelf: reading.Shelf, asset: Asset, start: int = 0, end: int | None = None
) -> bytes:
    chunks = await shelf.open(asset, start, asset.bytes if end is None else end)
    return b"".join([chunk async for chunk in chunks])


async def _linked(shelf: reading.Shelf, asset: Asset) -> str | None:
    return await shelf.link(asset, timedelta(minutes=10))


def _store(place: Place):
    return open_store(place.place, place.bucket, WRITING)


def _objects(place: Place) -> list[tuple[str, int]]:
    found = [one for page in obstore.list(_store(place)) for one in page]
    return [(one["path"], one["size"]) for one in found]
