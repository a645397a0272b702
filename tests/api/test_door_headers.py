"""What every answer tells browsers; and what a line about a fault may not say."""

import base64
import hashlib
import re
from pathlib import Path

import asyncpg
import httpx
import msgspec
import pytest
from msgspec import structs

from api import logs
from api.app import ROUTES, create_app
from api.errors import NotFound
from api.licenses.signing import Signer
from api.settings import GatewaySettings
from tests.api.conftest import Client, Door, opened

EVERYWHERE = {
    "x-content-type-options": "nosniff", "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}  # fmt: skip
CALLS = sorted(
    (method, re.sub(r"\{[^}]*\}", "x", path))
    for route in ROUTES
    for path in route.paths
    for method in route.http_methods
)


async def test_every_answer_says_how_it_may_be_used(door: Door) -> None:
    asked = [*CALLS, ("GET", "/nothing"), ("PUT", "/v1/briefs"), ("OPTIONS", "/v1/briefs")]
    assert len(asked) > 50
    for method, path in asked:
        answer = await door.http.request(method, path)
        said = {name: answer.headers.get(name) for name in EVERYWHERE}
        assert said == EVERYWHERE, (method, path)
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "microphone=()" in answer.headers["permissions-policy"]
        assert "strict-transport-security" not in answer.headers
        assert len(answer.headers.get_list("content-security-policy")) == 1


async def test_behind_https_browsers_are_told_never_to_ask_otherwise(
    settings: GatewaySettings, tmp_path: Path
) -> None:
    told = structs.replace(settings, public_url="https://api.example.com")
    app = create_app(told, Signer.create(tmp_path / "own.pem"))
    transport = httpx.ASGITransport(app)
    async with opened(app), httpx.AsyncClient(transport=transport, base_url="http://door") as http:
        for path in ("/healthz", "/docs", "/nothing"):
            answer = await http.get(path)
            assert answer.headers["strict-transport-security"].startswith("max-age=63072000")


@pytest.mark.parametrize("path", ["/docs", "/training-data"])
async def test_a_page_is_dressed_by_the_one_text_it_may_be_dressed_by(
    door: Door, path: str
) -> None:
    page = await door.http.get(path, headers={"accept": "text/html"})
    allowed = re.findall(r"'sha256-([^']+)'", page.headers["content-security-policy"])
    styles = re.findall(r"<style>(.*?)</style>", page.text, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in styles]
    assert allowed == digests and len(styles) == 1
    assert "unsafe-inline" not in page.headers["content-security-policy"]
    assert not re.search(r"<script|<link|<img|\sstyle=|\son[a-z]+=", page.text)


SECRET = "sk_live_0123456789abcdef"


async def _refused_row(client: Client, pool: asyncpg.Pool) -> Exception:
    """Postgres names the row that it refuses, with everything in it."""
    try:
        await pool.execute(
            "insert into api.api_keys (id, account, name, hint, digest, scopes)"
            " values ($1, $2, $3, '', null, '{}')", client.key, client.account, SECRET,
        )  # fmt: skip
    except asyncpg.PostgresError as error:
        return error
    raise AssertionError("it was taken")


async def test_a_line_about_a_fault_says_where_and_what_but_repeats_nothing(
    client: Client, pool: asyncpg.Pool
) -> None:
    row = await _refused_row(client, pool)
    assert SECRET in str(row.detail), "Postgres does repeat it"  # pyright: ignore
    errors: list[Exception] = [row, ValueError(SECRET), KeyError(SECRET), OSError(2, "no", SECRET)]
    try:
        await pool.fetchval("select $1::int", SECRET)
    except asyncpg.DataError as error:
        errors.append(error)
    try:
        msgspec.json.decode(b'{"a": "' + SECRET.encode() + b'"}', type=dict[str, int])
    except msgspec.ValidationError as error:
        errors.append(error)
    assert len(errors) == 6
    for error in errors:
        try:
            raise RuntimeError(SECRET) from error
        except RuntimeError as outer:
            told = logs.without_what_was_given(None, "error", {"event": "x", "exc_info": outer})
        text = str(told["exception"])
        assert SECRET not in text and client.secret not in text
        assert type(error).__name__ in text and "RuntimeError" in text
        assert "test_door_headers.py" in text


def test_our_own_refusals_speak() -> None:
    told = logs.without_what_was_given(None, "error", {"exc_info": NotFound("there is no brief x")})
    assert told["exception"] == "api.errors.NotFound: there is no brief x"
