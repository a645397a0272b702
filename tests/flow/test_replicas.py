"""Two gateways, three studios and two clerks on one Postgres: one of each dies in the middle."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest

from api.licenses import certificate as certificates
from api.licenses.signing import KeySet
from api.parts import Part
from api.ports import any_port
from api.workbench import Workbench, WorkbenchError
from billing.ledger import service as ledger
from tests.flow.conftest import Customer, open_account

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("flow")]

REPLICAS = {"gateway": 2, "studio": 3, "clerk": 2}
BRIEF = {"prompt": "bright synthwave loop", "kind": "loop", "bars": 4, "bpm": 120, "candidates": 2,
         "seed": 7}  # fmt: skip
CHIME = {"kind": "chime", "candidates": 2, "seed": 3}
PATIENCE_S, PACE_S = 240, 0.02
WORKER = "select worker from engine.jobs where id = $1 and state = 'leased'"
BLOCKED = """
select application_name from pg_stat_activity
where $1 = any (pg_blocking_pids(pid)) and application_name like 'clerk%'
"""
REVEALED = "select count(*) from api.candidates where brief = $1"
Eventually = Callable[[Callable[[], Any], float], Any]


@pytest.fixture(scope="module")
def replicas(folder: Path, surroundings: dict[str, str]) -> Iterator[Workbench]:
    """The house with several of everything; only `Workbench.tend` starts the dead again."""
    with Workbench(
        folder / "replicas", port=any_port(), replicas=REPLICAS,
        environ=surroundings | {"CUESMITH_LEASE_S": "6"},
    ) as bench:  # fmt: skip
        yield bench


@pytest.fixture
def both_doors(replicas: Workbench) -> Iterator[tuple[Customer, Customer]]:
    """One prepaid account with a hundred tokens, at the first gateway and at the second."""
    account, secret = asyncio.run(open_account(replicas.address))
    first, second = (
        Customer(msgspec.structs.replace(replicas.address, url=url), account, secret)
        for url in replicas.address.urls
    )
    with first.door, second.door:
        first.buy()
        yield first, second


def test_the_demos_flow_survives_the_death_of_one_of_each(
    replicas: Workbench, both_doors: tuple[Customer, Customer], eventually: Eventually
) -> None:
    first, second = both_doors
    quote = second.door.post("/v1/quotes", json=BRIEF).json()
    brief = _gateway_dies_under_a_waiting_client(replicas, first, second, eventually)
    killed = asyncio.run(_studio_and_clerk_die_over(replicas, brief, second))
    assert len(killed) == 2
    assert not any(replicas.parts[name].alive for name in ("gateway", *killed))

    ended = second.ended(brief)
    assert ended["status"] == "succeeded"
    assert ended["attempt"] >= 2, "another studio finished it"
    assert [line["number"] for line in ended["candidates"]] == [1, 2]
    for line in ended["candidates"]:
        audio = second.door.get(line["url"].replace(replicas.address.url, "") + "/audio")
        assert audio.is_success
        assert len(audio.content) > 10_000
    _pick_and_verify(replicas, both_doors, ended, quote, eventually)


def _gateway_dies_under_a_waiting_client(
    house: Workbench, first: Customer, second: Customer, eventually: Eventually
) -> str:
    """The brief's id, from the other gateway under the same idempotency key."""
    lost: list[Exception] = []

    def send() -> None:
        try:
            first.post("/v1/briefs", "once", BRIEF, prefer="wait=60")
        except httpx.HTTPError as error:
            lost.append(error)

    waiting = threading.Thread(target=send)
    waiting.start()
    (taken,) = eventually(lambda: second.get("/v1/briefs")["items"], 60)
    house.parts["gateway"].kill()
    waiting.join(60)
    assert lost, "the gateway died before it had answered"
    again = second.post("/v1/briefs", "once", BRIEF)
    assert again.status_code == 202
    assert again.json()["id"] == taken["id"]
    return taken["id"]


async def _studio_and_clerk_die_over(
    house: Workbench, brief: str, customer: Customer
) -> tuple[str, str]:
    """Kill the studio that makes the brief, then the clerk that settles it; their names."""
    async with _locked(house, brief) as (conn, held_by):
        studio = _part_of(house, await _shown(conn, WORKER, brief))
        studio.kill()
        worker = await conn.fetchval(WORKER, brief)
        assert worker is not None, "the brief was in its studio's hands"
        assert worker.endswith(f"/{studio.pid}")
        assert customer.get(f"/v1/briefs/{brief}")["finished_at"] is None
        # What the next studio delivers cannot be settled while the brief's row is ours.
        clerk = house.parts[await _shown(conn, BLOCKED, held_by)]
        clerk.kill()
        assert not await conn.fetchval(REVEALED, brief), "nothing was settled"
    return studio.name, clerk.name


@asynccontextmanager
async def _locked(house: Workbench, brief: str) -> AsyncIterator[tuple[asyncpg.Connection, int]]:
    """A connection to look with, and the process that holds the brief's row."""
    holder = await asyncpg.connect(house.address.database_url)
    conn = await asyncpg.connect(house.address.database_url)
    try:
        async with holder.transaction():
            await holder.execute("select from api.briefs where id = $1 for update", brief)
            yield conn, holder.get_server_pid()
    finally:
        await holder.close()
        await conn.close()


async def _shown(conn: asyncpg.Connection, query: str, argument: object) -> str:
    """What a query finds as soon as it finds something."""
    for _ in range(round(PATIENCE_S / PACE_S)):
        if (found := await conn.fetchval(query, argument)) is not None:
            return found
        await asyncio.sleep(PACE_S)
    raise AssertionError(f"not within {PATIENCE_S} s: {query}")


def _part_of(house: Workbench, worker: str) -> Part:
    number = int(worker.rpartition("/")[2])
    return next(part for part in house.parts.values() if part.pid == number)


def _pick_and_verify(
    house: Workbench,
    doors: tuple[Customer, Customer],
    ended: dict[str, Any],
    quote: dict[str, Any],
    eventually: Eventually,
) -> None:
    """The license is one and genuine, and everything was charged once; the dead come back."""
    first, second = doors
    best = ended["candidates"][0]["id"]
    picked = second.post(f"/v1/candidates/{best}/pick", "pick")
    assert picked.status_code == 201
    license_ = picked.json()
    _all_are_back(house, eventually)
    again = first.post(f"/v1/candidates/{best}/pick", "pick")
    assert (again.status_code, again.json()["id"]) == (200, license_["id"])
    document = first.door.get(f"/v1/licenses/{license_['id']}/certificate").content
    published = second.door.get("/.well-known/jwks.json").content
    track = first.door.get(f"/v1/tracks/{license_['track']}/audio").content
    certificate = certificates.verify(document, msgspec.json.decode(published, type=KeySet))
    assert certificates.names_audio(certificate, track)
    assert json.loads(document) == license_["certificate"]
    spent = quote["audition_tokens"] + quote["license_tokens"]
    usage = first.get("/v1/usage")
    assert {row["sku"]: row["count"] for row in usage["spent"]} == {"audition": 2, "license": 1}
    assert usage["spent_tokens"] == spent
    balance = second.get("/v1/balance")["balance"]
    assert (balance["available"], balance["held"]) == (100 - spent, 0)
    assert second.metered(spent) == spent
    assert asyncio.run(_violations(house)) == []


def _all_are_back(house: Workbench, eventually: Eventually) -> None:
    """Everything that was killed is started again, and works."""

    def back() -> bool:
        house.tend()
        return all(part.alive for part in house.parts.values())

    eventually(back, 60)
    for part in house.parts.values():
        part.wait_until_ready()


async def _violations(house: Workbench) -> list[str]:
    conn = await asyncpg.connect(house.address.database_url)
    try:
        return await ledger.violations(conn)
    finally:
        await conn.close()


def test_a_killed_postgres_comes_back_and_what_was_accepted_ends(
    replicas: Workbench, both_doors: tuple[Customer, Customer], eventually: Eventually
) -> None:
    first, second = both_doors
    server = replicas.postgres
    assert server is not None
    brief, before = first.send(CHIME), server.pid
    server.kill()
    assert second.door.get(f"/v1/briefs/{brief}").status_code == 503

    def back() -> bool:
        replicas.tend()
        return server.running

    eventually(back, 60)
    assert server.pid != before
    ended = eventually(lambda: _ended(second, brief), 60)
    assert ended["status"] == "succeeded"
    assert len(ended["candidates"]) == CHIME["candidates"]
    assert asyncio.run(_violations(replicas)) == []


def _ended(customer: Customer, brief: str) -> dict[str, Any] | None:
    answer = customer.door.get(f"/v1/briefs/{brief}")
    if answer.status_code == 503:  # the pool finds out one connection after the other
        return None
    assert answer.is_success, answer.text
    return answer.json() if answer.json()["finished_at"] else None


def test_only_what_may_be_there_several_times_is(folder: Path) -> None:
    with pytest.raises(WorkbenchError, match="sandbox"):
        Workbench(folder / "wrong", replicas={"sandbox": 2})
    with pytest.raises(WorkbenchError, match="at least once"):
        Workbench(folder / "wrong", replicas={"studio": 0})
