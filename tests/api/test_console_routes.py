"""The console's files over HTTP, and who is given the sandbox's key."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from msgspec import structs

from api.app import create_app
from api.arrival import Gateway
from api.console.files import FOLDER
from api.licenses.signing import Signer
from api.settings import GatewaySettings
from tests.api.conftest import Door, opened

HERE = {"host": "localhost:8000", "cuesmith-console": "1"}
MEDIA_TYPES = {
    "html": "text/html", "js": "text/javascript", "css": "text/css", "svg": "image/svg+xml",
}  # fmt: skip
FILES = sorted(str(file.relative_to(FOLDER)) for file in FOLDER.rglob("*.*"))


async def test_the_console_is_a_page_that_may_run_only_its_own_scripts(door: Door) -> None:
    answer = await door.http.get("/console")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


async def test_every_file_is_served_as_what_it_is(door: Door) -> None:
    for name in FILES:
        answer = await door.http.get(f"/console/{name}")
        assert answer.status_code == 200
        assert answer.content == (FOLDER / name).read_bytes()
        assert answer.headers["content-type"].startswith(MEDIA_TYPES[name.rpartition(".")[2]])


async def test_what_a_browser_has_already_is_not_sent_again(door: Door) -> None:
    first = await door.http.get("/console/main.js")
    again = await door.http.get(
        "/console/main.js", headers={"if-none-match": first.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    other = await door.http.get("/console/main.js", headers={"if-none-match": '"another"'})
    assert other.status_code == 200


async def test_a_file_travels_small(door: Door) -> None:
    async with door.http.stream(
        "GET", "/console/main.js", headers={"accept-encoding": "gzip"}
    ) as sent:
        assert sent.headers["content-encoding"] == "gzip"
        raw = b"".join([part async for part in sent.aiter_raw()])
    assert gzip.decompress(raw) == (FOLDER / "main.js").read_bytes()
    plain = await door.http.get("/console/main.js", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers


async def test_nothing_else_is_served(door: Door) -> None:
    for path in (
        "/console/../settings.py", "/console/%2e%2e/visit.py", "/console/..%2fvisit.py",
        "/console/nothing.js", "/console//etc/passwd", "/console/main.js/x.js", "/console/style",
        "/console/main.js%00.js", "/console/MAIN.JS", "/console/.js",
        "/console/" + "a" * 2000 + ".js",
    ):  # fmt: skip
        # As raw bytes: a client would resolve the dots by itself.
        answer = await door.http.get(door.http.base_url.copy_with(raw_path=path.encode()))
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_page_is_only_read(door: Door) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert (await door.http.request(method, "/console")).status_code == 405


ASKED = [
    {"host": "localhost:8000"},
    {**HERE, "host": "rebound.example:8000"},
    {**HERE, "host": "127.0.0.1.example"},
    {**HERE, "host": "localhost:8000.example"},
    {**HERE, "origin": "http://evil.example"},
    {**HERE, "origin": "http://localhost:9999"},
    {**HERE, "origin": "null"},
    {**HERE, "x-forwarded-for": "203.0.113.9"},
    {**HERE, "forwarded": "for=203.0.113.9"},
    {**HERE, "via": "1.1 proxy"},
    {**HERE, "cuesmith-console": "yes"},
]
"""What pages of others, names that lead here and proxies would send."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "test-key"
    file.write_text("sk_test_of_this_machine\n")
    return file


@pytest.fixture
async def gateway(settings: GatewaySettings, tmp_path: Path, file: Path) -> AsyncIterator[Gateway]:
    told = structs.replace(settings, console_key_file=str(file))
    app = create_app(told, Signer.create(tmp_path / "signing.pem"))
    async with opened(app):
        yield app


async def _ask(app: Gateway, headers: dict[str, str], peer: str = "127.0.0.1") -> httpx.Response:
    transport = httpx.ASGITransport(app, client=(peer, 1234))
    async with httpx.AsyncClient(transport=transport, base_url="http://door") as http:
        return await http.post("/console/visit", headers=headers)


async def test_who_sits_at_the_sandbox_needs_no_account(gateway: Gateway) -> None:
    for host in ("localhost:8000", "127.0.0.1:8000", "[::1]:8000", "localhost", "127.0.0.1"):
        answer = await _ask(gateway, {**HERE, "host": host, "origin": f"http://{host}"})
        assert answer.status_code == 200
        assert answer.json() == {"key": "sk_test_of_this_machine"}
        assert answer.headers["cache-control"] == "no-store"


async def test_nobody_else_is_given_the_sandbox_key(gateway: Gateway, file: Path) -> None:
    for headers in ASKED:
        answer = await _ask(gateway, headers)
        assert answer.status_code == 404, headers
        assert "sk_test" not in answer.text
    for peer in ("203.0.113.9", "10.0.0.2", "::ffff:10.0.0.2", "unix"):
        assert (await _ask(gateway, HERE, peer)).status_code == 404, peer
    assert (await _ask(gateway, HERE)).status_code == 200
    await asyncio.to_thread(file.unlink)
    assert (await _ask(gateway, HERE)).status_code == 404


async def test_a_gateway_that_was_told_of_no_key_gives_none(door: Door) -> None:
    assert (await _ask(door.app, HERE)).status_code == 404
