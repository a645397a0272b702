"""No account sees, changes or finds out about another's things, at any address there is.

The addresses come from the document, so a new route is tested from the day it is written; a new
kind of id fails here until `tests.api.furnished` makes one.
"""

import json
from typing import Any

import asyncpg
import pytest
from msgspec import Struct

from api.app import ROUTES
from api.keys.contracts import COVERS, SCOPES, Scope
from api.operations import IDS, Operation
from tests.api.conftest import Client, Door
from tests.api.furnished import CHIME, FAMILY, furnish

NO_ONES = {"account", "month", "stem", "file", "page", "quickstart"}
"""Parameters that name nothing of an account's by themselves."""

OPEN = {
    "receive_stripe_event", "receive_thin_stripe_event", "read_health", "read_readiness",
    "list_signing_keys", "read_marks_root", "read_training_data", "read_openapi", "read_docs",
    "read_docs_page", "read_quickstart", "read_chinese_docs", "read_chinese_quickstart",
    "fetch_file",
}  # fmt: skip
"""What anybody may call; all else needs a key. A file is fetched by whoever has its link, which is
as hard to guess as a key and ends by itself."""

BODIES: dict[str, Any] = {
    "create_rendition": {"format": "flac", "bit_depth": 16},
    "create_brief": CHIME, "create_quote": CHIME, "create_plans": CHIME, "create_family": FAMILY,
    "create_family_quote": FAMILY, "pick_batch": {"first_line": 1, "last_line": 1},
}  # fmt: skip
UNKNOWN = "0" * 24


class Call(Struct, frozen=True, kw_only=True):
    """One operation at its address."""

    method: str
    path: str
    promise: Operation
    parameters: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.promise.name

    def at(self, things: dict[str, str]) -> str:
        """The address with its parameters filled in."""
        path = self.path.replace(":str", "").format(**things)
        return path + ("?profile=unity" if self.name == "download_package" else "")


def _calls() -> list[Call]:
    found = []
    for route in ROUTES:
        for path in route.paths:
            names = tuple(
                part[1:-1].removesuffix(":str") for part in path.split("/") if part.startswith("{")
            )
            (method,) = set(route.http_methods) - {"HEAD", "OPTIONS"}
            promise = route.opt["operation"]
            found.append(Call(method=method, path=path, promise=promise, parameters=names))
    return found


CALLS = _calls()
OWNED = [call for call in CALLS if set(call.parameters) - NO_ONES]
LISTS = [call for call in CALLS if call.method == "GET" and call not in OWNED]


async def send(client: Client, call: Call, address: str, **headers: str) -> Any:
    """The call, with a body that it would take."""
    named = {"authorization": f"Bearer {client.secret}", "idempotency-key": "x", **headers}
    body = {"json": BODIES.get(call.name, {})} if call.promise.body is not None else {}
    if call.promise.lines:
        named["content-type"] = "application/jsonl"
    return await client.http.request(call.method, address, headers=named, **body)


def test_every_address_belongs_to_somebody_or_is_known_to_be_for_all() -> None:
    without = {call.name for call in CALLS if call.promise.scope is None}
    assert without == OPEN
    kinds = {name for call in CALLS for name in call.parameters}
    assert kinds <= set(IDS), "an address with a parameter that nothing checks"


@pytest.mark.slow
async def test_anothers_thing_is_answered_like_one_that_does_not_exist(door: Door) -> None:
    owner, stranger = await door.client(), await door.client()
    things = await furnish(door, owner)
    kinds = {name for call in OWNED for name in call.parameters} - NO_ONES
    assert kinds <= set(things), f"furnish makes no {kinds - set(things)}"
    before = await _owned(door.pool, owner.account)
    nothing = {name: _unknown(name) for name in kinds} | {
        name: things[name] for name in things if name in NO_ONES
    }
    for call in OWNED:
        seen = await send(stranger, call, call.at(things))
        missing = await send(stranger, call, call.at(nothing))
        assert seen.status_code == 404, f"{call.name}: {seen.status_code} {seen.text}"
        assert _told(seen, things) == _told(missing, nothing), call.name
    assert await _owned(door.pool, owner.account) == before, "a stranger changed something"


@pytest.mark.slow
async def test_what_is_refused_to_a_stranger_is_there_for_its_owner(door: Door) -> None:
    owner = await door.client()
    things = await furnish(door, owner)
    last = {"DELETE": 2, "POST": 1}
    for call in sorted(OWNED, key=lambda call: last.get(call.method, 0)):
        own = {**things, "file": "master"} if call.path.startswith("/v1/tracks") else things
        answer = await send(owner, call, call.at(own))
        assert answer.status_code not in (403, 404), f"{call.name}: {answer.text}"


@pytest.mark.slow
async def test_no_list_and_no_cursor_shows_what_is_anothers(door: Door) -> None:
    owner, stranger = await door.client(), await door.client()
    things = await furnish(door, owner)
    await furnish(door, owner, 2)
    secret = {owner.account, owner.key, *things.values()} - {
        things[one] for one in NO_ONES & {*things}
    }
    for call in LISTS:
        texts = [(await send(stranger, call, call.at(things))).text]
        if call.promise.query is not None and "cursor" in call.promise.query.__struct_fields__:
            first = await send(owner, call, f"{call.at(things)}?limit=1")
            cursor = first.json()["next_cursor"]
            assert cursor, f"{call.name}: furnish makes one of it only"
            theirs = f"{call.at(things)}?limit=100&cursor={cursor}"
            texts.append((await send(stranger, call, theirs)).text)
        for text in texts:
            assert not [one for one in secret if one in text], call.name


async def test_an_id_of_anothers_in_a_body_is_refused(door: Door) -> None:
    owner, stranger = await door.client(), await door.client()
    quote = (await owner.post("/v1/quotes", CHIME)).json()["id"]
    used = await stranger.brief({**CHIME, "quote": quote})
    assert (used.status_code, used.json()["errors"][0]["pointer"]) == (422, "/quote")
    cap = {"scope": "key", "subject": owner.key, "cap": 1}
    headers = {"authorization": f"Bearer {stranger.secret}"}
    capped = await stranger.http.put("/v1/budgets", json=cap, headers=headers)
    assert capped.status_code in (404, 422), capped.text
    assert (await owner.brief(CHIME)).status_code == 202, "another's cap does not bind"


@pytest.mark.parametrize("granted", SCOPES)
async def test_a_key_may_do_what_its_scope_covers_and_nothing_else(
    door: Door, granted: Scope
) -> None:
    client = await door.client(scopes=(granted,))
    nothing = {name: _unknown(name) for name in IDS} | {"month": "2026-10"}
    for call in CALLS:
        if call.promise.scope is None:
            continue
        answer = await send(client, call, call.at(nothing))
        refused = answer.status_code == 403 and answer.json()["code"] == "scope_missing"
        assert refused == (call.promise.scope not in COVERS[granted]), f"{call.name}: {answer.text}"


async def test_without_a_key_nothing_is_told_but_what_is_for_all(door: Door) -> None:
    nothing = {name: _unknown(name) for name in IDS} | {"month": "2026-10"}
    for call in CALLS:
        if call.name in OPEN:
            continue
        for headers in ({}, {"authorization": "Bearer sk_test_" + "0" * 64}):
            answer = await door.http.request(call.method, call.at(nothing), headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "invalid_api_key"), (
                call.name
            )


def _unknown(name: str) -> str:
    """An id of the right shape that nobody has."""
    prefix = IDS[name].partition("_")[0] if "_" in IDS[name] else ""
    return {"invoice": "in_Nobody", "stem": "lead", "file": "master", "month": "2026-10"}.get(
        name, f"{prefix}_{UNKNOWN}"
    )


def _told(answer: Any, things: dict[str, str]) -> Any:
    """What an answer tells, without the id that was asked for and its own name."""
    told = {name: value for name, value in answer.json().items() if name != "request_id"}
    text = json.dumps([answer.status_code, told])
    for thing in sorted(things.values(), key=len, reverse=True):
        text = text.replace(thing, "…")
    return text


async def _owned(pool: asyncpg.Pool, account: str) -> dict[str, list[str]]:
    """Every row in any table that names the account; but for when a key was used last, which each
    gateway writes down now and then of requests made before."""
    tables = await pool.fetch(
        "select table_schema || '.' || table_name as name from information_schema.columns "
        "where column_name = 'account' and table_schema in ('api', 'billing', 'engine') "
        "and (table_schema, table_name) in (select schemaname, tablename from pg_tables) order by 1"
    )
    return {
        row["name"]: sorted(
            one["row"] for one in await pool.fetch(
                f"select (to_jsonb(t) - 'last_used_at')::text as row from {row['name']} t "
                "where account = $1", account
            )
        )
        for row in tables
    }  # fmt: skip
