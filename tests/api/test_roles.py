"""Gateway, studio and clerk do all their work in the roles that deploy/roles.sql gives them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest
from msgspec import structs

from api import clerk
from api.clerk.rounds import ROUNDS
from api.settings import GatewaySettings
from billing.sandbox.app import create_sandbox
from billing.sandbox.shop import Shop
from tests.api.conftest import SANDBOX, Client, Door
from tests.api.furnished import CHIME, FAMILY, posts_of
from tests.api.studio import make_and_settle
from tests.api.test_tenants import CALLS, LISTS, OWNED, send

ROLES = Path(__file__).resolve().parents[2] / "deploy" / "roles.sql"


def _as(dsn: str, process: str) -> str:
    """The same database, for a login that may only what the process's role may."""
    return f"{dsn}{'&' if '?' in dsn else '?'}role=cuesmith_{process}"


@pytest.fixture
async def roles(postgres: str) -> None:
    conn = await asyncpg.connect(postgres)
    await conn.execute(ROLES.read_text())
    await conn.close()


@pytest.fixture
def settings(settings: GatewaySettings, roles: None) -> GatewaySettings:
    return structs.replace(settings, database_url=_as(settings.database_url, "gateway"))


@asynccontextmanager
async def _pool(postgres: str, process: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(_as(postgres, process), min_size=1, max_size=4) as pool:
        assert await pool.fetchval("select current_user") == f"cuesmith_{process}"
        yield pool


async def test_a_brief_goes_all_its_way_with_everybody_in_his_own_role(
    postgres: str, door: Door, client: Client
) -> None:
    post = posts_of(client, 1)
    things = {
        "plan": (await post("/v1/plans", CHIME | {"kind": "bed", "duration_ms": 5000}))["id"],
        "brief": (await post("/v1/briefs", CHIME))["id"],
        "family": (await post("/v1/families", FAMILY))["id"],
        "topup": (await post("/v1/topups", {"tokens": 100}))["id"],
        "key": (await client.post("/v1/api_keys", {"name": "spare"})).json()["key"]["id"],
    }
    async with _pool(postgres, "studio") as studio, _pool(postgres, "clerk") as till:
        await make_and_settle(studio, door.store, till)
        view = (await client.get(f"/v1/briefs/{things['brief']}")).json()
        assert view["status"] == "succeeded"
        things["candidate"] = view["candidates"][0]["id"]
        license_ = await post(f"/v1/candidates/{things['candidate']}/pick")
        things |= {"license": license_["id"], "track": license_["track"]}
        order = f"/v1/tracks/{things['track']}/renditions"
        things["rendition"] = (await post(order, {"format": "flac"}))["id"]
        await make_and_settle(studio, door.store, till)
    rendition = (await client.get(f"/v1/renditions/{things['rendition']}")).json()
    assert rendition["status"] == "succeeded"
    await _ask_for_everything(client, things | {"month": "2026-01"})


async def _ask_for_everything(client: Client, things: dict[str, str]) -> None:
    """No address of the gateway meets a row that its role may not touch."""
    asked = 0
    for call in CALLS:
        answerable = set(call.parameters) <= things.keys() and not call.path.endswith("/events")
        if answerable and call in (*LISTS, *OWNED):
            answer = await send(client, call, call.at(things))
            assert answer.status_code < 500, f"{call.name}: {answer.text}"
            asked += 1
    assert asked > 30


async def test_every_round_of_the_clerk_is_allowed_what_it_does(postgres: str, roles: None) -> None:
    transport = httpx.ASGITransport(create_sandbox(Shop(url="http://127.0.0.1:1", lag_s=0.0)))
    desk = await clerk.open_desk(_as(postgres, "clerk"), SANDBOX, "http://door", transport)
    for one in ROUNDS:
        await one.step(desk)
    await desk.pool.close()
    assert len(ROUNDS) > 15


async def test_a_trigger_on_a_studios_table_needs_no_right_that_a_studio_lacks(
    postgres: str, roles: None
) -> None:
    conn = await asyncpg.connect(postgres)
    found = await conn.fetch(
        "select tgrelid::regclass::text as on_table, proname, prosrc from pg_trigger"
        " join pg_proc on pg_proc.oid = tgfoid"
        " join pg_class on pg_class.oid = tgrelid"
        " join pg_namespace on pg_namespace.oid = relnamespace"
        " where not tgisinternal and nspname = 'engine' and not prosecdef"
    )
    await conn.close()
    assert found
    for row in found:
        assert "api." not in row["prosrc"], f"{row['on_table']}: {row['proname']}"
        assert "billing." not in row["prosrc"], f"{row['on_table']}: {row['proname']}"
