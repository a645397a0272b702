"""The door itself: keys, rates, names of requests, problems, health, and its own document."""

import inspect
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest

from api import errors as door_errors
from api.app import ROUTES, create_app
from api.licenses.signing import Signer
from api.problems import INTERNAL, TABLE, kind_of
from api.settings import GatewaySettings
from billing import errors as billing_errors
from engine import errors as engine_errors
from tests.api.conftest import Client, Door, opened, with_rate


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer sk_test_nothing", "Basic abc", "Bearer  "]
)
async def test_without_a_known_key_nothing_is_answered(door: Door, header: str | None) -> None:
    headers = {} if header is None else {"authorization": header}
    answer = await door.http.get("/v1/balance", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_api_key")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_revoked_and_an_expired_key_open_nothing(client: Client, door: Door) -> None:
    made = (await client.post("/v1/api_keys", {"name": "temporary"})).json()
    headers = {"authorization": f"Bearer {made['secret']}"}
    assert (await door.http.get("/v1/balance", headers=headers)).status_code == 200
    revoked = await client.http.delete(
        f"/v1/api_keys/{made['key']['id']}", headers={"authorization": f"Bearer {client.secret}"}
    )
    assert revoked.json()["revoked_at"] is not None
    answer = await door.http.get("/v1/balance", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "key_revoked")
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    late = (await client.post("/v1/api_keys", {"name": "late", "expires_at": past})).json()
    headers = {"authorization": f"Bearer {late['secret']}"}
    assert (await door.http.get("/v1/balance", headers=headers)).json()["code"] == "key_revoked"


@pytest.mark.parametrize(
    ("path", "pointer"),
    [("/v1/briefs?status=null", "/query/status"), ("/v1/usage?until=null", "/query/until"),
     ("/v1/briefs?cursor=null", "/query/cursor"), ("/v1/briefs?limit=null", "/query/limit")],
)  # fmt: skip
async def test_the_word_null_is_a_word_in_a_query(client: Client, path: str, pointer: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert (await client.get("/v1/briefs?project=null")).json()["items"] == []


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00"])
async def test_a_moment_that_utc_has_no_name_for_is_refused(client: Client, moment: str) -> None:
    plain = moment.replace("%2B", "+")
    made = await client.post("/v1/api_keys", {"name": "odd", "expires_at": plain})
    asked = await client.get(f"/v1/usage?since={moment}")
    for answer, pointer in ((made, "/expires_at"), (asked, "/query/since")):
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == pointer


async def test_a_key_does_only_what_its_scopes_say(client: Client, door: Door) -> None:
    reader = await door.another_key(client.account, ("read",))
    assert (await reader.get("/v1/briefs")).status_code == 200
    refused = await reader.brief({"prompt": "x"})
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    listed = (await client.get("/v1/api_keys")).json()["items"]
    assert all("secret" not in one for one in listed)


async def test_a_key_that_asks_too_often_is_told_when_to_come_back(
    settings: GatewaySettings, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    app = create_app(with_rate(settings, 60, 2), Signer.create(tmp_path / "own.pem"))
    async with (
        opened(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://door") as http,
    ):
        client = await Door(app=app, http=http, pool=pool, store=tmp_path).client()
        answers = [await client.get("/v1/balance") for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert answers[-1].json()["retryable"] is True
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert answers[0].headers["ratelimit"] == '"req";r=1;t=1'


async def test_a_request_keeps_its_name_or_gets_one(door: Door) -> None:
    named = await door.http.get("/healthz", headers={"x-request-id": "my-request-17"})
    assert named.headers["x-request-id"] == "my-request-17"
    odd = await door.http.get("/nothing", headers={"x-request-id": "<script>"})
    assert re.fullmatch(r"req_[0-9a-f]{24}", odd.headers["x-request-id"])
    assert odd.json()["request_id"] == odd.headers["x-request-id"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/songs", 404, "not_found"),
        ("GET", "/consoles", 404, "not_found"),
        ("POST", "/v1/uploads", 404, "not_found"),
        ("PUT", "/v1/briefs", 405, "method_not_allowed"),
    ],
)
async def test_what_is_not_in_the_document_is_not_there(
    door: Door, method: str, path: str, status: int, code: str
) -> None:
    answer = await door.http.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert path not in json.loads(door.app.state.openapi)["paths"] or status == 405


async def test_an_address_that_was_found_before_leads_where_it_led(client: Client) -> None:
    for _ in range(2):
        for path, status in (
            ("/v1/balance", 200), ("/v1/balance/", 200), ("/v1//balance", 200),
            ("/v1/briefs", 200), ("/v1/briefs/{brief}", 404),
            ("/v1/balances", 404), ("/v1/balance/x", 404), ("/V1/balance", 404),
        ):  # fmt: skip
            assert (await client.get(path)).status_code == status, path
        headers = {"authorization": f"Bearer {client.secret}"}
        assert (await client.http.head("/v1/balance", headers=headers)).status_code == 200
        for method in ("POST", "DELETE", "BREW"):
            refused = await client.http.request(method, "/v1/balance", headers=headers)
            assert refused.status_code == 405, method


async def test_an_address_in_the_words_of_its_pattern_is_no_fault(
    client: Client, door: Door
) -> None:
    spelled = [path for path in json.loads(door.app.state.openapi)["paths"] if "{" in path]
    assert len(spelled) > 30
    for path in spelled * 2:
        assert 400 <= (await client.get(path)).status_code < 500, path


async def test_health_and_readiness_tell_apart_process_and_database(door: Door) -> None:
    assert (await door.http.get("/healthz")).json() == {"status": "ok"}
    assert (await door.http.get("/readyz")).json() == {"status": "ok"}
    await door.app.shop.pool.close()
    unready = await door.http.get("/readyz")
    assert (unready.status_code, unready.json()["code"]) == (503, "unavailable")
    assert (await door.http.get("/healthz")).status_code == 200


async def test_every_problem_leads_to_its_place_in_the_docs(door: Door) -> None:
    docs = (await door.http.get("/docs/errors")).text
    fetched = re.findall(r"""(?:src|href)\s*=\s*["']?\s*(?:https?:)?//|url\(|@import""", docs)
    assert fetched == [], "the page must render without a network"
    for kind in TABLE.values():
        assert f"id='{kind.code}'" in docs
    problem = (await door.http.get("/v1/balance")).json()
    anchor = problem["type"].partition("#")[2]
    assert f"id='{anchor}'" in docs


def test_every_refusal_has_its_line_in_the_table() -> None:
    for module in (door_errors, billing_errors, engine_errors):
        for _, error in inspect.getmembers(module, inspect.isclass):
            refusal = issubclass(error, Exception) and error.__module__ == module.__name__
            if not refusal or error.__subclasses__():
                continue
            assert error in TABLE, error
            assert kind_of(error) is not INTERNAL or TABLE[error] is INTERNAL


def test_every_call_says_what_it_promises() -> None:
    names = [handler.opt["operation"].name for handler in ROUTES]
    assert len(names) == len(set(names)) >= 30


async def test_the_training_data_names_every_corpus_and_its_licence(door: Door) -> None:
    said = (await door.http.get("/training-data")).json()
    assert all(row["licences"] for row in said["corpora"].values())
    assert any("CC-BY" in credit for credit in said["credits"])
