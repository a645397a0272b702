"""The store is away: files are unavailable for a while, everything else goes on."""

from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from api.settings import GatewaySettings
from tests.api.conftest import PEPPER, Client, Door
from tests.api.links.test_links_routes import MASTER, _track
from tests.suites.stores import Place, in_bucket, make_bucket, s3_server, with_credentials


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Place:
    with_credentials(monkeypatch)
    with s3_server() as endpoint:  # its port is free again afterwards
        return in_bucket(endpoint, tmp_path.name)


@pytest.fixture
def settings(postgres: str, place: Place) -> GatewaySettings:
    return GatewaySettings(
        database_url=postgres, store=place.place, bucket=place.bucket, pepper=PEPPER, pool_size=5,
        rate_per_minute=100_000, rate_burst=10_000,
    )  # fmt: skip


async def test_files_are_unavailable_while_the_store_is_and_all_else_goes_on(
    client: Client, door: Door, place: Place
) -> None:
    endpoint = place.bucket.endpoint or ""
    server = ThreadedMotoServer(
        ip_address="127.0.0.1", port=int(endpoint.rpartition(":")[2]), verbose=False
    )
    server.start()
    make_bucket(endpoint)
    track = await _track(client, door, place)
    audio = f"/v1/tracks/{track}/audio"
    assert (await client.get(audio)).content == MASTER
    server.stop()
    for query in ({}, {"link": "true"}):
        away = await client.get(audio, params=query)
        assert (away.status_code, away.json()["code"]) == (503, "unavailable")
        assert away.json()["retryable"] is True
        assert int(away.headers["retry-after"]) >= 1
    assert (await client.get(f"/v1/tracks/{track}")).status_code == 200
    asked = await client.brief({"prompt": "chime", "kind": "chime"}, "away")
    assert asked.status_code == 202
    assert (await door.http.get("/readyz")).status_code == 200
