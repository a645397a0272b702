"""What crosses a batch: studios that give back, keys and caps that change, others' licenses."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from api.clerk.batches import stop_batches
from api.clerk.desk import Desk
from api.entrance import number_cursor
from billing.connections import lent, transaction
from billing.ledger import batches as holds
from billing.ledger import service as ledger
from engine.queue import service as queue
from tests.api.batches.uploads import CHIME, chimes, lines, results, taken, upload, waiting
from tests.api.conftest import Client, Door
from tests.api.studio import make_and_settle

_LEASE = timedelta(minutes=1)


async def test_what_a_studio_gave_back_may_have_delivered(
    client: Client, pool: asyncpg.Pool, desk: Desk
) -> None:
    batch = await taken(client, chimes(2))
    async with lent(pool) as conn:
        lease = await queue.claim(conn, "studio", _LEASE)
        assert lease is not None
        await conn.execute(
            "insert into engine.deliveries (job, number, attempt, body) values ($1, 1, 1, '{}')",
            lease.job.id,
        )  # fmt: skip
        await queue.give_back(conn, lease)
        assert (
            await conn.fetchval("select attempt from engine.jobs where id = $1", lease.job.id) == 0
        )
    await client.post(f"/v1/batches/{batch}/cancel")
    assert await stop_batches(desk) == 2
    said = await pool.fetchrow(
        "select body ->> 'delivered' as delivered, settled_at is null as waits, outcome"
        " from engine.deliveries join api.briefs on briefs.id = job where job = $1 and number = 0",
        lease.job.id,
    )  # fmt: skip
    assert said is not None
    assert tuple(said) == ("1", True, None), "its candidate is charged before the rest goes back"


async def test_who_waits_for_a_budget_has_no_wallet_in_hand(
    client: Client, pool: asyncpg.Pool
) -> None:
    headers = {"authorization": f"Bearer {client.secret}"}
    for project in ("autumn", "spring"):
        body = {"scope": "project", "subject": project, "cap": 500}
        assert (await client.http.put("/v1/budgets", json=body, headers=headers)).is_success
    await taken(client, chimes(1, project="autumn") + chimes(1, project="spring"))
    held = await pool.fetch("select id, project from billing.holds order by id")

    async def give_back() -> int:
        async with transaction(pool) as conn:
            return await holds.release_all(conn, [row["id"] for row in held])

    async with transaction(pool) as conn:
        await conn.execute(
            "select from billing.budget_months where subject = $1 for update", held[1]["project"]
        )
        giving = asyncio.create_task(give_back())
        await waiting(pool, "billing.")
        await conn.execute(
            "select from billing.wallets where account = $1 for no key update nowait",
            client.account,
        )  # fmt: skip
    assert await giving == 2
    async with lent(pool) as conn:
        assert await ledger.violations(conn) == []


async def test_a_cap_that_is_set_while_a_batch_is_written_counts_it(
    client: Client, pool: asyncpg.Pool
) -> None:
    headers = {"authorization": f"Bearer {client.secret}"}
    body = {"scope": "key", "subject": client.key, "cap": 3}
    async with transaction(pool) as conn:
        await conn.execute(
            "select from billing.wallets where account = $1 for no key update", client.account
        )
        sending = asyncio.create_task(upload(client, chimes(3)))
        await waiting(pool)
        setting = asyncio.create_task(client.http.put("/v1/budgets", json=body, headers=headers))
        await waiting(pool, "pg_advisory_xact_lock")
    assert (await sending).status_code == 202
    assert (await setting).json()["held"] == 3
    over = await upload(client, chimes(1), "over")
    assert (over.status_code, over.json()["code"]) == (402, "budget_exceeded")


async def test_a_cap_that_is_set_while_a_brief_is_written_counts_it(
    client: Client, pool: asyncpg.Pool
) -> None:
    headers = {"authorization": f"Bearer {client.secret}"}
    body = {"scope": "key", "subject": client.key, "cap": 3}
    async with transaction(pool) as conn:
        await conn.execute("lock table engine.jobs in share mode")
        sending = asyncio.create_task(client.brief(CHIME))
        await waiting(pool, "take_in_all")
        setting = asyncio.create_task(client.http.put("/v1/budgets", json=body, headers=headers))
        await waiting(pool, "pg_advisory_xact_lock")
    assert (await sending).status_code == 202
    assert (await setting).json()["held"] == 1


async def test_a_key_that_is_revoked_while_an_upload_is_read_holds_nothing(
    door: Door, client: Client, pool: asyncpg.Pool
) -> None:
    uploads = door.app.shop.uploads
    async with uploads.reading(), uploads.reading():
        sending = asyncio.create_task(upload(client, chimes(3)))
        while True:
            if uploads.open:
                break
            await asyncio.sleep(0.01)
        await pool.execute("update api.api_keys set revoked_at = now() where id = $1", client.key)
    refused = await sending
    assert (refused.status_code, refused.json()["code"]) == (401, "key_revoked")
    assert await pool.fetchval("select count(*) from api.batches") == 0
    held = "select held from billing.wallets where account = $1"
    assert await pool.fetchval(held, client.account) == 0


async def test_who_was_told_of_the_same_lines_is_told_so_again(client: Client) -> None:
    content = chimes(2)
    batch = await taken(client, content)
    assert (await upload(client, content, "other")).status_code == 200
    await client.post(f"/v1/batches/{batch}/cancel")
    repeat = await upload(client, content, "other")
    assert (repeat.status_code, repeat.json()["id"]) == (200, batch)
    assert repeat.headers["idempotent-replayed"] == "true"
    mismatch = await upload(client, chimes(3), "other")
    assert (mismatch.status_code, mismatch.json()["code"]) == (422, "idempotency_mismatch")
    assert await taken(client, content, "anew") != batch


async def test_beyond_the_last_line_there_is_nothing(client: Client) -> None:
    where = f"/v1/batches/{await taken(client, chimes(2))}"
    cursor = number_cursor(2**62)
    for path in ("results?", "results?limit=5&"):
        answer = await client.get(f"{where}/{path}cursor={cursor}")
        assert (answer.status_code, answer.content) == (200, b"")
    said = (await client.get(f"{where}/statement?cursor={cursor}")).json()
    assert (said["lines"], said["next_cursor"]) == ([], None)


@pytest.mark.slow
async def test_what_somebody_else_holds_alone_is_passed_over(
    door: Door, client: Client, pool: asyncpg.Pool
) -> None:
    other = await door.client()
    two = {**CHIME, "candidates": 2, "kind": "sting", "duration_ms": 1500}
    batch, theirs = await taken(client, lines(two) + chimes(1)), await taken(other, chimes(1))
    await make_and_settle(door.pool, door.store)
    asked = {"first_line": 1, "last_line": 2}
    license_ = (await other.post(f"/v1/batches/{theirs}/picks", asked)).json()["picks"][0]
    first, _ = await results(client, batch)
    best, second = sorted(
        first["candidates"], key=lambda one: (-one["passed"], -one["rating"], one["number"])
    )
    await pool.execute("delete from engine.offered_runs where candidate = $1", best["id"])
    await pool.execute(
        "insert into engine.offered_runs (candidate, keys) values ($1, '{42}')", best["id"]
    )
    await pool.execute(
        "insert into api.exclusive_runs (key, license, account) values (42, $1, $2)",
        license_["license"], other.account,
    )  # fmt: skip
    alone = await client.post(
        f"/v1/candidates/{best['id']}/pick", headers={"idempotency-key": "alone"}
    )
    assert (alone.status_code, alone.json()["code"]) == (409, "licensed_elsewhere")
    said = (await client.post(f"/v1/batches/{batch}/picks", asked)).json()
    assert [one["line"] for one in said["picks"]] == [1, 2]
    assert said["picks"][0]["candidate"] == second["id"]
    assert (said["skipped"], said["stopped"]) == ([], None)
