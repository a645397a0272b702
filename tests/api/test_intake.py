"""Briefs that come at the same moment are taken in together, and each for itself all the same."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import httpx
import pytest
import structlog
from msgspec import structs
from prometheus_client import REGISTRY

from api.briefs import intake
from api.briefs.intake import Entrant, Intake
from api.settings import GatewaySettings
from billing.connections import transaction
from billing.ledger import budgets
from billing.ledger import service as ledger
from tests.api.conftest import Client, Door

CHIME = {"kind": "chime", "duration_ms": 1000, "candidates": 1}
PATIENCE_S, MOST_OPEN = 60, 6


@pytest.fixture
def settings(settings: GatewaySettings) -> GatewaySettings:
    return structs.replace(settings, open_briefs=MOST_OPEN, open_briefs_per_key=MOST_OPEN)


class Taken:
    """How many briefs went together each time, and how many of them alone after that."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.together, self.alone, self.came = list[tuple[int, int]](), 0, 0
        all_, one_, way_in = intake.take_in_all, intake.take_in, Intake.take_in

        async def many(
            conn: asyncpg.Connection, settings: GatewaySettings, entrants: list[Entrant]
        ) -> set[str]:
            taken = await all_(conn, settings, entrants)
            self.together.append((len(entrants), len(taken)))
            return taken

        async def one(
            conn: asyncpg.Connection, settings: GatewaySettings, entrant: Entrant
        ) -> bool:
            self.alone += 1
            return await one_(conn, settings, entrant)

        async def come(way: Intake, entrant: Entrant) -> bool:
            self.came += 1
            return await way_in(way, entrant)

        monkeypatch.setattr(Intake, "take_in", come)
        monkeypatch.setattr(intake, "take_in_all", many)
        monkeypatch.setattr(intake, "take_in", one)


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Taken:
    return Taken(monkeypatch)


async def _clients(door: Door, many: int) -> list[Client]:
    return [await door.client() for _ in range(many)]


async def _rush(*sent: tuple[Client, str]) -> list[httpx.Response]:
    return await asyncio.gather(*(client.brief(CHIME, name) for client, name in sent))


@asynccontextmanager
async def _held_up(door: Door, taken: Taken, many: int) -> AsyncIterator[None]:
    """Nothing is written until so many briefs more have come: behind the first of them all wait,
    and go together."""
    async with door.pool.acquire() as conn, conn.transaction():
        await conn.execute("lock table api.briefs in exclusive mode")
        yield
        async with asyncio.timeout(PATIENCE_S):
            while taken.came < many:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def _written(door: Door, account: str) -> tuple[int, int, int, int]:
    """Briefs, jobs, answers and held tokens of an account."""
    row = await door.pool.fetchrow(
        "select (select count(*) from api.briefs where account = $1),"
        " (select count(*) from engine.jobs where account = $1),"
        " (select count(*) from api.idempotency where account = $1 and route = 'create_brief'),"
        " (select held from billing.wallets where account = $1)", account,
    )  # fmt: skip
    assert row is not None
    return tuple(row)


async def _sound(door: Door) -> list[str]:
    async with transaction(door.pool) as conn:
        return await ledger.violations(conn)


async def test_those_that_come_together_are_written_together(door: Door, taken: Taken) -> None:
    clients = await _clients(door, 6)
    answers = await _rush(*((one, f"n-{n}") for one in clients for n in range(3)))
    assert Counter(one.status_code for one in answers) == {202: 18}
    assert len({one.json()["id"] for one in answers}) == 18
    assert (taken.alone, sum(count for count, _ in taken.together)) == (0, 18)
    assert len(taken.together) < 18, "some of them were written with others"
    for one in clients:
        assert await _written(door, one.account) == (3, 3, 3, 3)
    assert await _sound(door) == []


async def test_one_alone_is_taken_in_the_same_way(client: Client, door: Door, taken: Taken) -> None:
    made = await client.brief({**CHIME, "project": "sea", "seed": 7, "lane": "batch"})
    assert taken.together == [(1, 1)]
    row = await door.pool.fetchrow(
        "select hold, project, customer_ref, kind, quoted,"
        " jobs.urgent_at < jobs.deadline_at as soon,"
        " holds.expires_at > briefs.deadline_at as lasts, jobs.resolved = briefs.resolved as same"
        " from api.briefs join engine.jobs using (id) join billing.holds on holds.id = hold"
        " where briefs.id = $1", made.json()["id"],
    )  # fmt: skip
    assert row is not None
    assert (row["project"], row["customer_ref"], row["kind"]) == ("sea", None, "chime")
    assert (row["quoted"], row["soon"], row["lasts"], row["same"]) == (1, True, True, True)
    read = (await client.get(f"/v1/briefs/{made.json()['id']}")).json()
    assert {**read, "queue_position": 0} == {**made.json(), "queue_position": 0}


async def test_a_batch_of_the_account_keeps_no_brief_from_going_with_others(
    client: Client, door: Door, taken: Taken
) -> None:
    def told_alone() -> float:
        return REGISTRY.get_sample_value("gateway_briefs_alone_total") or 0.0

    before = told_alone()
    lines = await _rush(*((client, f"line-{n}") for n in range(MOST_OPEN)))
    await door.pool.execute(
        "insert into api.batches"
        " (id, account, api_key, sha256, again, briefs, last_line, created_at, deadline_at)"
        " values ('bat_1', $1, $2, '', false, $3, $3, now(), now())",
        client.account, client.key, MOST_OPEN,
    )  # fmt: skip
    for number, line in enumerate(lines, 1):
        await door.pool.execute(
            "update api.briefs set batch = 'bat_1', batch_line = $2 where id = $1",
            line.json()["id"], number,
        )  # fmt: skip
    answers = await _rush(*((client, f"n-{n}") for n in range(MOST_OPEN)))
    assert [one.status_code for one in answers] == [202] * MOST_OPEN
    assert (taken.alone, told_alone()) == (0, before)
    over = await client.brief(CHIME, "one-too-many")
    assert (over.status_code, taken.alone, told_alone()) == (429, 1, before + 1)


async def test_who_cannot_pay_is_told_so_and_his_neighbours_are_taken(
    door: Door, taken: Taken
) -> None:
    rich, poor = await door.client(), await door.client(tokens=3)
    sent = [(one, f"n-{n}") for n in range(4) for one in (rich, poor)]
    async with _held_up(door, taken, 1 + len(sent)):
        first = asyncio.create_task(poor.brief(CHIME, "before"))
        async with asyncio.timeout(PATIENCE_S):
            while not taken.came:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        rush = asyncio.create_task(_rush(*sent))
    assert (await first).status_code == 202
    answers = await rush
    assert [one.status_code for one in answers[::2]] == [202] * 4
    assert Counter(one.status_code for one in answers[1::2]) == {202: 2, 402: 2}
    assert (8, 4) in taken.together, "those of the rich one went beside those of the poor one"
    assert await _written(door, poor.account) == (3, 3, 3, 3)
    assert await _sound(door) == []


async def test_budgets_and_frozen_wallets_are_asked_one_by_one(door: Door, taken: Taken) -> None:
    plain, capped, frozen = await _clients(door, 3)
    async with transaction(door.pool) as conn:
        await budgets.set_budget(conn, capped.account, "key", capped.key, 2)
        await ledger.freeze(conn, frozen.account, "operator")
    answers = await _rush(*((c, f"n-{n}") for n in range(3) for c in (plain, capped, frozen)))
    assert [one.status_code for one in answers[::3]] == [202] * 3
    assert Counter(one.json().get("code") for one in answers[1::3])["budget_exceeded"] == 1
    assert {one.json()["code"] for one in answers[2::3]} == {"account_frozen"}
    assert taken.alone == 6
    assert (await _written(door, capped.account))[3] == 2
    assert await _sound(door) == []


async def test_a_wallet_in_other_hands_keeps_only_its_own_briefs_waiting(
    door: Door, taken: Taken, postgres: str
) -> None:
    slow, quick = await _clients(door, 2)
    conn = await asyncpg.connect(postgres)
    async with conn.transaction():
        await conn.execute(
            "select from billing.wallets where account = $1 for update", slow.account
        )
        waiting = asyncio.create_task(slow.brief(CHIME))
        async with asyncio.timeout(PATIENCE_S):
            assert [one.status_code for one in await _rush((quick, "a"), (quick, "b"))] == [202] * 2
            while not taken.alone:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert not waiting.done()
    await conn.close()
    assert (await waiting).status_code == 202
    assert taken.alone == 1


async def test_the_same_request_twice_at_once_happens_once(client: Client, door: Door) -> None:
    answers = await _rush(*((client, "same") for _ in range(6)))
    done = [one for one in answers if one.status_code == 202]
    assert {one.status_code for one in answers} <= {202, 409}
    assert len({one.json()["id"] for one in done}) == 1
    assert (await client.brief(CHIME, "same")).json()["id"] == done[0].json()["id"]
    assert await _written(door, client.account) == (1, 1, 1, 1)


async def test_a_name_that_runs_elsewhere_is_told_to_wait_and_the_others_are_taken(
    client: Client, door: Door, taken: Taken
) -> None:
    async with door.pool.acquire() as conn, conn.transaction():
        name = f"{client.account} create_brief elsewhere"
        await conn.execute("select pg_advisory_xact_lock(hashtextextended($1, 727002))", name)
        early, *others = await _rush((client, "elsewhere"), (client, "a"), (client, "b"))
    assert (early.status_code, early.json()["code"]) == (409, "idempotency_in_progress")
    assert [one.status_code for one in others] == [202, 202]
    assert taken.alone == 1
    assert (await client.brief(CHIME, "elsewhere")).status_code == 202


async def test_one_that_fails_all_is_found_and_the_others_are_taken(
    door: Door, taken: Taken
) -> None:
    """A row that Postgres refuses for a reason nobody has foreseen."""
    clients = await _clients(door, 4)
    await door.pool.execute(
        f"alter table api.briefs add constraint nonsense check (account <> '{clients[1].account}')"
    )
    with structlog.testing.capture_logs() as logs:
        answers = await _rush(*((one, "n") for one in clients))
    assert [one.status_code for one in answers] == [202, 500, 202, 202]
    assert "briefs.one_by_one" in {line["event"] for line in logs}
    assert taken.alone >= 1
    assert await _written(door, clients[1].account) == (0, 0, 0, 0)
    for one in (clients[0], *clients[2:]):
        assert await _written(door, one.account) == (1, 1, 1, 1)
    await door.pool.execute("alter table api.briefs drop constraint nonsense")
    assert (await clients[1].brief(CHIME, "n")).status_code == 202
    assert await _sound(door) == []


async def test_a_database_that_goes_leaves_nothing_half_done_and_the_same_name_goes_on(
    door: Door, postgres: str
) -> None:
    clients = await _clients(door, 3)
    conn = await asyncpg.connect(postgres)
    async with conn.transaction():
        await conn.execute("lock table api.briefs in access exclusive mode")
        waiting = [asyncio.create_task(one.brief(CHIME, "n")) for one in clients]
        ended = 0
        async with asyncio.timeout(PATIENCE_S):
            while not ended:
                await asyncio.sleep(0.02)
                ended = await door.pool.fetchval(
                    "select count(pg_terminate_backend(pid)) from pg_stat_activity"
                    " where datname = current_database() and wait_event_type = 'Lock'"
                    " and query like '%take_in_all%'"
                )
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        first = done.pop().result()
    await conn.close()
    assert (first.status_code, first.json()["code"]) == (503, "unavailable")
    await asyncio.gather(*waiting)
    again = await _rush(*((one, "n") for one in clients))
    assert [one.status_code for one in again] == [202] * 3
    for one in clients:
        assert await _written(door, one.account) == (1, 1, 1, 1)
    assert await _sound(door) == []
