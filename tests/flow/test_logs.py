"""What three processes write down about a brief: never a key, a word of the client's or a sound."""

import asyncio
import json
import uuid
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from api.workbench import Workbench
from tests.flow.conftest import Customer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("flow")]

WORD = "zyzzogeton"
"""A word that no code of ours has a reason to write; each place of it has an ending of its own."""


def test_no_log_holds_a_key_a_word_of_the_clients_or_a_sound(
    customer: Customer, house: Workbench
) -> None:
    secret = customer.door.headers["authorization"].removeprefix("Bearer ")
    brief = customer.send(
        {"prompt": f"soft chime {WORD}prompt", "kind": "chime", "duration_ms": 600,
         "candidates": 1, "project": f"{WORD}project", "customer_ref": f"{WORD}ref",
         "metadata": {"scene": f"{WORD}meta"}},
        f"{WORD}name",
    )  # fmt: skip
    ended = customer.ended(brief)
    candidate = ended["candidates"][0]["id"]
    assert customer.post(f"/v1/candidates/{candidate}/pick", f"{WORD}pick").status_code == 201
    _ask_wrongly(customer, house)
    _break_rows(customer, house, brief)
    logs = _logs(house)
    assert all(f'"{brief}"' in logs[name] for name in ("gateway", "studio", "clerk"))
    hidden = {
        WORD, secret, secret[:20], house.address.pepper, "sk_test_nobodys",
        *(_file(house, name) for name in ("webhook-secret", "thin-webhook-secret")),
        "BEGIN PRIVATE KEY", "RIFF", "authorization", "Bearer",
    }  # fmt: skip
    for text in logs.values():
        told = [one for one in hidden if one in text]
        where = [line for line in text.splitlines() for one in told if one in line]
        assert told == [], where


def test_a_brief_has_one_trace_in_gateway_studio_and_clerk(
    customer: Customer, house: Workbench
) -> None:
    trace = uuid.uuid4().hex
    answer = customer.door.post(
        "/v1/briefs",
        json={"prompt": "a soft chime", "kind": "chime", "duration_ms": 600, "candidates": 1},
        headers={"idempotency-key": "traced", "traceparent": f"00-{trace}-{'1' * 16}-01"},
    )
    brief = answer.json()["id"]
    customer.ended(brief)
    lines = {name: _lines(text, brief) for name, text in _logs(house).items()}
    taken_in = [one for one in lines["gateway"] if one.get("status") == 202]
    assert [one["trace"] for one in taken_in] == [trace]
    for name in ("studio", "clerk"):
        assert lines[name], f"the {name} says nothing of the brief"
        assert {one.get("trace") for one in lines[name]} == {trace}, name


def _ask_wrongly(customer: Customer, house: Workbench) -> None:
    """Requests that are refused, each for another reason, each with something to hide."""
    url = house.address.url
    headers = {"authorization": "Bearer sk_test_nobodys" + "0" * 50}
    assert httpx.get(f"{url}/v1/balance", headers=headers).status_code == 401
    for content in (f'{{"prompt": "{WORD}', f'{{"{WORD}": 1}}', f'{{"prompt": ["{WORD}"]}}'):
        wrong = customer.door.post(
            "/v1/briefs", content=content.encode(),
            headers={"content-type": "application/json", "idempotency-key": "w"},
        )  # fmt: skip
        assert wrong.status_code in (400, 422), wrong.text
    assert customer.door.get(f"/v1/briefs/{WORD}").status_code == 404
    assert customer.door.get(f"/v1/{WORD}?{WORD}={WORD}").status_code == 404
    assert customer.door.get("/v1/briefs", params={"cursor": WORD}).status_code == 422


def _break_rows(customer: Customer, house: Workbench, brief: str) -> None:
    """A brief that our own program cannot read back: a fault of ours, with the client's words in
    the very row that it fails on."""

    async def write(request: str) -> str:
        conn = await asyncpg.connect(house.address.database_url)
        try:
            kept = await conn.fetchval("select request::text from api.briefs where id = $1", brief)
            await conn.execute(
                "update api.briefs set request = $2::jsonb where id = $1", brief, request
            )
            return kept
        finally:
            await conn.close()

    broken = json.dumps({"prompt": [f"{WORD}row"], "kind": f"{WORD}kind"})
    kept = asyncio.run(write(broken))
    answer = customer.door.get(f"/v1/briefs/{brief}")
    asyncio.run(write(kept))
    assert answer.status_code == 500, "the row was not broken"
    assert WORD not in answer.text


def _logs(house: Workbench) -> dict[str, str]:
    folder = house.home / "logs"
    found = {file.stem: file.read_text(errors="replace") for file in folder.glob("*.log")}
    found.pop("sandbox", None)  # Stripe's side is not ours to keep quiet
    return found


def _lines(text: str, brief: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if brief in line and line[:1] == "{"]


def _file(house: Workbench, name: str) -> str:
    return Path(house.home / name).read_text()
