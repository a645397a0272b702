"""Links without a key: who gets one, what it is good for, and for how long."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from msgspec import structs

from api import clerk
from api.app import create_app
from api.errors import LinkExpired, NotFound
from api.licenses.signing import Signer
from api.links import service as links
from api.links import tickets
from api.settings import GatewaySettings
from billing.connections import lent
from engine.contracts import Asset
from engine.queue import service as queue
from engine.studio.shelf import open_shelf
from tests.api.conftest import PEPPER, Client, Door, opened
from tests.api.sold import CHIME, _made, _picked
from tests.suites.stores import Place, in_bucket, s3_server, with_credentials

MASTER, PREVIEW = b"RIFF the clean master", b"the unlicensed preview"
NAMED = {"master": MASTER, "evaluation": b"RIFF unlicensed", "preview": PREVIEW, "midi": b"MThd"}
TYPES = {"preview": "audio/mpeg", "midi": "audio/midi"}


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with s3_server() as endpoint:
        yield endpoint


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    if request.param == "folder":
        return Place(place=str(tmp_path / "store"))
    with_credentials(monkeypatch)
    return in_bucket(request.getfixturevalue("s3"), tmp_path.name)


@pytest.fixture
def settings(postgres: str, place: Place) -> GatewaySettings:
    return GatewaySettings(
        database_url=postgres, store=place.place, bucket=place.bucket, pepper=PEPPER, pool_size=5,
        rate_per_minute=100_000, rate_burst=10_000,
    )  # fmt: skip


async def _candidate(client: Client, door: Door, place: Place) -> str:
    """A brief's one candidate, its files on the shelf; the brief's id."""
    shelf = open_shelf(place.place, place.bucket)
    assets = tuple(
        shelf.put(name, content, TYPES.get(name, "audio/wav")) for name, content in NAMED.items()
    )
    asked = (await client.brief(CHIME)).json()
    async with lent(door.pool) as conn:
        lease = await queue.claim(conn, "studio", timedelta(seconds=60), "candidates")
        assert lease is not None
        await queue.deliver(conn, lease, structs.replace(_made(lease), assets=assets))
        await queue.finish(conn, lease)
    while await clerk.settle_one(door.pool):
        pass
    return asked["id"]


async def _track(client: Client, door: Door, place: Place) -> str:
    return await _picked(client, await _candidate(client, door, place))


async def _fetch(door: Door, url: str, **headers: str) -> httpx.Response:
    """As a browser does: without a key, from wherever the link points to."""
    parts = urlsplit(url)
    if parts.path.startswith("/files/"):
        return await door.http.get(f"{parts.path}?{parts.query}", headers=headers)
    async with httpx.AsyncClient(trust_env=False) as http:
        return await http.get(url, headers=headers)


async def test_a_link_is_followed_without_a_key(client: Client, door: Door, place: Place) -> None:
    track = await _track(client, door, place)
    for path, content, kind in (
        (f"/v1/tracks/{track}/audio", MASTER, "audio/wav"),
        (f"/v1/tracks/{track}/midi", b"MThd", "audio/midi"),
        (f"/v1/tracks/{track}/files/master", MASTER, "audio/wav"),
    ):
        answer = await client.get(path, params={"link": "true"})
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        link = answer.json()
        assert (link["bytes"], link["media_type"]) == (len(content), kind)
        until = datetime.fromisoformat(link["expires_at"])
        assert timedelta(minutes=9) < until - datetime.now(UTC) <= links.LASTING
        there = await _fetch(door, link["url"])
        assert (there.status_code, there.content) == (200, content)
        assert there.headers["content-type"] == kind
        assert there.headers["content-disposition"].startswith('inline; filename="')
        part = await _fetch(door, link["url"], range="bytes=1-3")
        assert (part.status_code, part.content) == (206, content[1:4])


async def test_the_same_call_without_a_link_still_sends_the_file(
    client: Client, door: Door, place: Place
) -> None:
    track = await _track(client, door, place)
    for query in ({}, {"link": "false"}):
        answer = await client.get(f"/v1/tracks/{track}/audio", params=query)
        assert (answer.status_code, answer.content) == (200, MASTER)
    wrong = await client.get(f"/v1/tracks/{track}/audio", params={"link": "perhaps"})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/query/link")


async def test_who_may_not_have_the_file_gets_no_link(
    client: Client, door: Door, place: Place
) -> None:
    track = await _track(client, door, place)
    brief = (await client.get("/v1/briefs")).json()["items"][0]["id"]
    candidate = (await client.get(f"/v1/briefs/{brief}")).json()["candidates"][0]["id"]
    stranger = await door.client()
    for path in (f"/v1/tracks/{track}/audio", f"/v1/candidates/{candidate}/audio"):
        assert (await client.get(path, params={"link": "true"})).status_code == 200
        assert (await stranger.get(path, params={"link": "true"})).status_code == 404
        assert (await door.http.get(path, params={"link": "true"})).status_code == 401


async def test_before_the_pick_only_the_evaluation_copy_is_linked(
    client: Client, door: Door, place: Place
) -> None:
    brief = await _candidate(client, door, place)
    candidate = (await client.get(f"/v1/briefs/{brief}")).json()["candidates"][0]["id"]
    path = f"/v1/candidates/{candidate}/audio"
    link = (await client.get(path, params={"link": "true"})).json()
    assert (await _fetch(door, link["url"])).content == PREVIEW
    await door.pool.execute("update api.candidates set expires_at = now()")
    gone = await client.get(path, params={"link": "true"})
    assert (gone.status_code, gone.json()["code"]) == (410, "candidate_expired")


async def test_nobody_is_sent_to_what_is_not_there(
    client: Client, door: Door, place: Place
) -> None:
    track = await _track(client, door, place)
    await door.pool.execute(
        "update api.candidates set made = replace(made::text, $1, $2)::jsonb",
        hashlib.sha256(MASTER).hexdigest(), "0" * 64,
    )  # fmt: skip
    answer = await client.get(f"/v1/tracks/{track}/audio", params={"link": "true"})
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["retry-after"]


# --- our own tickets ------------------------------------------------------------------------------

ONE = Asset(name="master", sha256="1" * 64, bytes=21, media_type="audio/wav")
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def test_a_ticket_is_good_until_its_time_is_over() -> None:
    ticket = tickets.issue(PEPPER, ONE, "a.wav", NOON)
    before = NOON - timedelta(seconds=1)
    redeemed = tickets.redeem(PEPPER, ticket, "a.wav", before)
    assert redeemed == structs.replace(ONE, name="a.wav")
    for after in (NOON, NOON + timedelta(days=400)):
        with pytest.raises(LinkExpired):
            tickets.redeem(PEPPER, ticket, "a.wav", after)


def test_no_other_file_name_pepper_or_time_makes_a_ticket_good() -> None:
    ticket = tickets.issue(PEPPER, ONE, "a.wav", NOON)
    later = tickets.issue(PEPPER, ONE, "a.wav", NOON + timedelta(days=1))
    text, _, mac = ticket.partition(".")
    forged = [
        (ticket, "b.wav", PEPPER),
        (ticket, "a.wav", b"the pepper of another house"),
        (f"{later.partition('.')[0]}.{mac}", "a.wav", PEPPER),
        (f"{text}.{'A' * 43}", "a.wav", PEPPER),
        (f"{text}=.{mac}", "a.wav", PEPPER),
        (f".{mac}", "a.wav", PEPPER),
    ]
    for wrong, name, pepper in forged:
        with pytest.raises(NotFound):
            tickets.redeem(pepper, wrong, name, NOON - timedelta(hours=1))


def test_no_single_changed_character_is_accepted() -> None:
    ticket = tickets.issue(PEPPER, ONE, "a.wav", NOON)
    for at, was in enumerate(ticket):
        changed = ticket[:at] + ("A" if was != "A" else "B") + ticket[at + 1 :]
        with pytest.raises(NotFound):
            tickets.redeem(PEPPER, changed, "a.wav", NOON - timedelta(hours=1))


@pytest.mark.parametrize("place", ["folder"], indirect=True)
async def test_a_link_over_time_or_tampered_with_is_refused_by_the_door(
    client: Client, door: Door, place: Place, settings: GatewaySettings, tmp_path: Path
) -> None:
    track = await _track(client, door, place)
    url = (await client.get(f"/v1/tracks/{track}/audio", params={"link": "true"})).json()["url"]
    path, ticket = urlsplit(url).path, parse_qs(urlsplit(url).query)["ticket"][0]
    asset = tickets.redeem(PEPPER, ticket, path.rpartition("/")[2], datetime.now(UTC))
    old = tickets.issue(PEPPER, asset, asset.name, datetime.now(UTC) - timedelta(seconds=1))
    torn = ticket[:-1] + ("A" if ticket[-1] != "A" else "E")
    answers = {
        410: await door.http.get(path, params={"ticket": old}),
        404: await door.http.get(path, params={"ticket": torn}),
        422: await door.http.get(path, params={"ticket": "x"}),
    }  # fmt: skip
    assert {status: one.status_code for status, one in answers.items()} == {n: n for n in answers}
    assert answers[410].json()["code"] == "link_expired"
    assert (await door.http.get(path)).status_code == 422
    head = await door.http.head(path, params={"ticket": ticket})
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "21")
    # Another replica, which has never heard of this link, takes it all the same.
    other = create_app(settings, Signer.create(tmp_path / "other.pem"))
    transport = httpx.ASGITransport(other, raise_app_exceptions=False)
    async with opened(other), httpx.AsyncClient(transport=transport, base_url="http://b") as http:
        assert (await http.get(path, params={"ticket": ticket})).content == MASTER


@pytest.mark.parametrize("place", ["folder"], indirect=True)
async def test_tickets_do_not_enter_the_log(
    client: Client, door: Door, place: Place, capfd: pytest.CaptureFixture[str]
) -> None:
    track = await _track(client, door, place)
    url = (await client.get(f"/v1/tracks/{track}/audio", params={"link": "true"})).json()["url"]
    await _fetch(door, url)
    await _fetch(door, f"{url}A")
    said = "".join(capfd.readouterr())
    assert "/files/{file}" in said
    assert parse_qs(urlsplit(url).query)["ticket"][0] not in said
