"""The clerk on a real Postgres and a real sandbox: what is delivered is charged once and revealed
once, whoever settles it, however often it is interrupted."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from api import clerk
from api.clerk import Desk, forgetting
from api.licenses import service as licenses
from api.shop import Shop as Gateway
from billing.connections import lent, transaction
from billing.contracts import Balance
from billing.ledger import service as ledger
from billing.sandbox.app import create_sandbox
from billing.sandbox.shop import Shop
from engine.contracts import Asset, Failed, Made, Plan
from engine.queue import service as queue
from engine.queue.contracts import Lease
from tests.api.conftest import SANDBOX, Client, Door

BED = {"prompt": "calm piano", "kind": "bed", "duration_ms": 60_000, "candidates": 4}
LEASE = timedelta(seconds=60)
HOUR = timedelta(hours=1)


async def _ask(client: Client, name: str = "first") -> str:
    answer = await client.brief(BED, name=name)
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


async def _lease(pool: asyncpg.Pool) -> Lease:
    async with lent(pool) as conn:
        taken = await queue.claim(conn, "studio", LEASE, "candidates")
    assert taken is not None
    return taken


async def _deliver(pool: asyncpg.Pool, lease: Lease, *numbers: int) -> None:
    for number in numbers:
        async with lent(pool) as conn:
            await queue.deliver(conn, lease, _made(lease, number))


async def _finish(pool: asyncpg.Pool, lease: Lease, failure: Failed | None = None) -> None:
    async with lent(pool) as conn:
        await queue.finish(conn, lease, failure=failure)


def _made(lease: Lease, number: int) -> Made:
    plan = Plan(
        style="lofi", kind="bed", tempo=80, meter="4/4", bars=2, tonic=0, mode="major",
        sections=(), chords=(), parts=(),
    )  # fmt: skip
    master = Asset(name="master", sha256="0" * 64, bytes=44, media_type="audio/wav")
    return Made(
        number=number, take=number, seed=1, rating=0.5, resolved=lease.job.resolved, plan=plan,
        measured=(), assets=(master,),
    )  # fmt: skip


async def _view(client: Client, brief: str) -> dict[str, Any]:
    return (await client.get(f"/v1/briefs/{brief}")).json()


async def _wallet(pool: asyncpg.Pool, account: str) -> Balance:
    async with lent(pool) as conn:
        assert await ledger.violations(conn) == []
        return await ledger.balance(conn, account)


async def test_two_clerks_charge_and_reveal_every_candidate_once(
    client: Client, door: Door, desk: Desk
) -> None:
    briefs = [await _ask(client, f"brief-{number}") for number in range(5)]
    for _ in briefs:
        lease = await _lease(door.pool)
        await _deliver(door.pool, lease, 1, 2, 3, 4)
        await _finish(door.pool, lease)
    settled = await asyncio.gather(*(clerk.settle_due(desk) for _ in range(4)))
    settled.append(await clerk.settle_due(desk))  # what one clerk left to another
    assert sum(settled) == 25
    for brief in briefs:
        view = await _view(client, brief)
        assert view["status"] == "succeeded"
        assert [one["number"] for one in view["candidates"]] == [1, 2, 3, 4]
        assert (view["tokens"]["captured"], view["tokens"]["released"]) == (8, 0)
    wallet = await _wallet(door.pool, client.account)
    assert (wallet.posted, wallet.held) == (1000 - 5 * 8, 0)


async def test_a_brief_is_not_closed_while_another_clerk_charges_its_last_candidate(
    client: Client, door: Door, desk: Desk
) -> None:
    brief, lease = await _ask(client), await _lease(door.pool)
    await _deliver(door.pool, lease, 1, 2, 3)
    await _finish(door.pool, lease, Failed(code="too_few", detail="one take was not good enough"))
    async with transaction(door.pool) as conn:
        (first,) = await queue.unsettled(conn, 1)  # the other clerk has just taken it
        assert first.number == 1
        assert await clerk.settle_due(desk) == 2
        assert (await _view(client, brief))["status"] == "running"
    assert await clerk.settle_due(desk) == 2
    view = await _view(client, brief)
    assert view["status"] == "partially_succeeded"
    assert len(view["candidates"]) == 3
    assert (view["tokens"]["captured"], view["tokens"]["released"]) == (6, 2)
    assert (await _wallet(door.pool, client.account)).posted == 994


async def test_a_killed_clerk_loses_nothing_and_doubles_nothing(
    client: Client, door: Door, desk: Desk
) -> None:
    briefs = [await _ask(client, f"brief-{number}") for number in range(8)]
    for _ in briefs:
        lease = await _lease(door.pool)
        await _deliver(door.pool, lease, 1, 2, 3, 4)
        await _finish(door.pool, lease)
    killed = 0
    waiting = "select count(*) from engine.deliveries where settled_at is null"
    kill = """
        select count(pg_terminate_backend(pid)) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()
          and application_name = 'clerk' and state <> 'idle'
    """
    transport = httpx.ASGITransport(create_sandbox(Shop(url="http://127.0.0.1:1")))
    separator = "&" if "?" in door.app.shop.settings.database_url else "?"
    named = f"{door.app.shop.settings.database_url}{separator}application_name=clerk"
    mortal = await clerk.open_desk(named, SANDBOX, "http://door", transport)

    async def work() -> None:
        while await door.pool.fetchval(waiting):
            try:
                await clerk.settle_due(mortal)
            except Exception:  # what a killed connection says has many names; so has a deadlock
                await asyncio.sleep(0.01)

    workers = [asyncio.create_task(work()) for _ in range(3)]
    while killed < 50 and not all(one.done() for one in workers):
        await asyncio.sleep(0.02)
        killed += await door.pool.fetchval(kill) or 0
    await asyncio.gather(*workers)
    mortal.pool.terminate()
    assert killed > 0
    for brief in briefs:
        view = await _view(client, brief)
        assert (view["status"], len(view["candidates"])) == ("succeeded", 4)
    wallet = await _wallet(door.pool, client.account)
    assert (wallet.posted, wallet.held) == (1000 - 8 * 8, 0)
    captured = "select count(*), count(distinct reference) from billing.captures"
    assert tuple(await door.pool.fetchrow(captured) or ()) == (32, 32)


async def test_a_failed_brief_costs_nothing(client: Client, door: Door, desk: Desk) -> None:
    brief, lease = await _ask(client), await _lease(door.pool)
    assert (await _wallet(door.pool, client.account)).held == 8
    await _finish(door.pool, lease, Failed(code="no_take_was_kept", detail="none was good enough"))
    assert await clerk.settle_due(desk) == 1
    view = await _view(client, brief)
    assert (view["status"], view["failure"]["code"]) == ("failed", "no_take_was_kept")
    wallet = await _wallet(door.pool, client.account)
    assert (wallet.posted, wallet.held) == (1000, 0)


async def test_one_row_that_cannot_be_settled_does_not_hold_up_the_others(
    client: Client, door: Door, desk: Desk
) -> None:
    broken = await _ask(client, "broken")
    broken_lease = await _lease(door.pool)
    await _deliver(door.pool, broken_lease, 1)
    await _finish(door.pool, broken_lease, Failed(code="x", detail="x"))
    other = await _ask(client, "other")
    other_lease = await _lease(door.pool)
    await _deliver(door.pool, other_lease, 1, 2, 3, 4)
    await _finish(door.pool, other_lease)
    price = "update api.briefs set audition_tokens = $2 where id = $1"
    await door.pool.execute(price, broken, -1)  # the ledger takes no negative capture
    assert await clerk.settle_due(desk) == 5
    assert (await _view(client, other))["status"] == "succeeded"
    assert (await _view(client, broken))["status"] == "running"
    await door.pool.execute(price, broken, 2)
    await _let_put_off_pass(door.pool)
    assert await clerk.settle_due(desk) == 2
    assert (await _view(client, broken))["status"] == "partially_succeeded"
    await _wallet(door.pool, client.account)


async def _let_put_off_pass(pool: asyncpg.Pool) -> None:
    await pool.execute("update engine.deliveries set due_at = now() where settled_at is null")


async def test_what_cannot_be_settled_is_tried_later_and_later_within_bounds(
    client: Client, door: Door, desk: Desk
) -> None:
    brief, lease = await _ask(client), await _lease(door.pool)
    await _deliver(door.pool, lease, 1)
    await door.pool.execute("update api.briefs set audition_tokens = -1 where id = $1", brief)
    again = "update engine.deliveries set due_at = now(), tries = $1 returning now()"
    for tries, pause_s in ((0, 1), (1, 2), (2, 4), (8, 256), (9, 300), (1000, 300)):
        since = await door.pool.fetchval(again, tries)
        assert await clerk.settle_due(desk) == 0
        now, due = await door.pool.fetchrow("select now(), due_at from engine.deliveries") or ()
        assert since <= due - timedelta(seconds=pause_s) <= now


async def test_a_delivery_that_nobody_can_read_stops_nobody_else(
    client: Client, door: Door, desk: Desk
) -> None:
    strange = await _ask(client, "strange")
    await _deliver(door.pool, await _lease(door.pool), 1)
    await door.pool.execute("""update engine.deliveries set body = '{"type": "hologram"}'""")
    other = await _ask(client, "other")
    lease = await _lease(door.pool)
    await _deliver(door.pool, lease, 1, 2, 3, 4)
    await _finish(door.pool, lease)
    assert await clerk.settle_due(desk) == 5
    assert (await _view(client, other))["status"] == "succeeded"
    assert (await _view(client, strange))["candidates"] == []
    wallet = await _wallet(door.pool, client.account)
    assert (wallet.posted, wallet.held) == (992, 8), "what cannot be read is not charged"


async def test_plans_are_nothing_for_the_clerk_until_their_day_is_over(
    client: Client, door: Door, desk: Desk
) -> None:
    made = [(await client.post("/v1/plans", BED)).json()["id"] for _ in range(3)]
    async with lent(door.pool) as conn:
        taken = await queue.claim(conn, "studio", LEASE, "plans")
        assert taken is not None
        await queue.hand_over(conn, taken, ())
        await conn.execute("update engine.jobs set deadline_at = now() where state = 'queued'")
    brief, lease = await _ask(client), await _lease(door.pool)
    await _deliver(door.pool, lease, 1, 2, 3, 4)
    await _finish(door.pool, lease)
    assert await clerk.keep_holds(desk) == 2, "two plans came too late"
    assert await clerk.settle_due(desk) == 5, "the brief's four candidates and its end"
    assert (await _view(client, brief))["status"] == "succeeded"
    answers = [(await client.get(f"/v1/plans/{one}")).json() for one in made]
    assert [one["status"] for one in answers] == ["ready", "failed", "failed"]
    assert answers[1]["failure"]["code"] == "deadline_exceeded"

    assert await clerk.forget_plans(desk) == 0
    await door.pool.execute("update api.plans set expires_at = now() where id <> $1", made[2])
    assert (await client.get(f"/v1/plans/{made[0]}")).status_code == 404
    assert await clerk.forget_plans(desk) == 2
    left = await door.pool.fetch("select id from engine.jobs order by wants")
    assert [row["id"] for row in left] == [brief, made[2]], "briefs stay"
    assert (await client.get(f"/v1/plans/{made[2]}")).status_code == 200
    assert (await _wallet(door.pool, client.account)).posted == 992


async def test_what_was_handed_back_is_forgotten_when_nobody_needs_it_any_more(
    client: Client, door: Door, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "FORGOTTEN_AT_ONCE", 2)
    names = ("old", "unsettled", "young", "unfinished")
    asked = {}
    for name in names:
        asked[name] = await _ask(client, name)
        lease = await _lease(door.pool)
        await _deliver(door.pool, lease, 1, 2, 3, 4)
        if name != "unfinished":
            await _finish(door.pool, lease)
    planned = (await client.post("/v1/plans", BED)).json()["id"]
    async with lent(door.pool) as conn:
        taken = await queue.claim(conn, "studio", LEASE, "plans")
        assert taken is not None
        await queue.hand_over(conn, taken, ())
    await clerk.settle_due(desk)
    before = {name: await _view(client, one) for name, one in asked.items()}
    assert await clerk.forget_deliveries(desk) == 0
    month = "now() - interval '31 days'"
    old = f"update engine.deliveries set settled_at = {month} where job <> $1"
    await door.pool.execute(old, asked["young"])
    await door.pool.execute(
        f"update engine.jobs set finished_at = {month} where finished_at is not null and id <> $1",
        asked["young"],
    )
    await door.pool.execute(
        "update engine.deliveries set settled_at = null where job = $1 and number = 2",
        asked["unsettled"],
    )
    assert await clerk.forget_deliveries(desk) == 5 + 4
    left = await door.pool.fetch("select job, number from engine.deliveries")
    assert sorted(tuple(row) for row in left) == sorted([
        (asked["unsettled"], 2), (planned, 0), *((asked["young"], number) for number in range(5)),
        *((asked["unfinished"], number) for number in range(1, 5)),
    ])  # fmt: skip
    assert (await client.get(f"/v1/plans/{planned}")).json()["status"] == "ready"
    assert before == {name: await _view(client, one) for name, one in asked.items()}
    assert before["old"]["status"] == "succeeded"


async def test_the_hold_of_an_unfinished_brief_does_not_expire_while_the_clerk_was_away(
    client: Client, door: Door, desk: Desk
) -> None:
    running, lease = await _ask(client, "running"), await _lease(door.pool)
    delivered = await _ask(client, "delivered")
    second = await _lease(door.pool)
    await _deliver(door.pool, second, 1, 2, 3, 4)
    await _finish(door.pool, second)
    past = "update billing.holds set expires_at = now() - interval '1 s'"
    await door.pool.execute(past)
    await asyncio.gather(*(clerk.keep_holds(desk) for _ in range(3)))
    states = await door.pool.fetch("select state, expires_at from billing.holds")
    assert {row["state"] for row in states} == {"open"}
    assert all(row["expires_at"] > datetime.now(UTC) + timedelta(minutes=5) for row in states)
    await clerk.settle_due(desk)
    assert (await _view(client, delivered))["status"] == "succeeded"
    await _deliver(door.pool, lease, 1)
    await clerk.settle_due(desk)
    assert len((await _view(client, running))["candidates"]) == 1


async def test_a_hold_that_outlives_its_brief_is_given_back_once(
    client: Client, door: Door, desk: Desk
) -> None:
    await _ask(client)
    await door.pool.execute("update billing.holds set expires_at = now() - interval '1 s'")
    for table in ("api.briefs", "engine.jobs"):
        await door.pool.execute(f"update {table} set deadline_at = now() - interval '2 days'")
    await asyncio.gather(*(clerk.keep_holds(desk) for _ in range(3)))
    wallet = await _wallet(door.pool, client.account)
    assert (wallet.held, wallet.available) == (0, 1000)
    assert await clerk.settle_due(desk) == 1  # the job was too late as well: its brief ends
    assert (await _view(client, (await _briefs(client))[0]))["status"] == "expired"


async def _briefs(client: Client) -> list[str]:
    return [one["id"] for one in (await client.get("/v1/briefs")).json()["items"]]


async def test_auditions_and_license_are_what_the_statement_and_the_meter_say(
    client: Client, door: Door, desk: Desk
) -> None:
    brief, lease = await _ask(client), await _lease(door.pool)
    await _deliver(door.pool, lease, 1, 2, 3, 4)
    await _finish(door.pool, lease)
    await clerk.settle_due(desk)
    first = (await _view(client, brief))["candidates"][0]["id"]
    gateway: Gateway = door.app.shop
    picked = await asyncio.gather(
        *(
            licenses.pick(door.pool, client.account, client.key, first, gateway.signer)
            for _ in range(3)
        )
    )
    assert len({one.id for one, _ in picked}) == 1
    assert sorted(repeated for _, repeated in picked) == [False, True, True]
    assert await clerk.send_usage(desk) == 5
    assert await clerk.send_usage(desk) == 0
    now = datetime.now(UTC)
    counted = await desk.door.meter_total(
        client.account, "cuesmith_tokens_prepaid", now - HOUR, now + HOUR
    )
    usage = (await client.get("/v1/usage")).json()
    by_sku = {row["sku"]: (row["tokens"], row["count"]) for row in usage["spent"]}
    assert by_sku == {"audition": (8, 4), "license": (8, 1)}
    assert counted == usage["spent_tokens"] == 16
    assert usage["opening"] + sum(line["tokens"] for line in usage["lines"]) == usage["closing"]
    assert usage["closing"] == (await _wallet(door.pool, client.account)).posted == 984
    assert [line["kind"] for line in usage["lines"]] == ["grant", *["audition"] * 4, "license"]
    assert usage["lines"][-1]["reference"] == first


async def test_a_clerk_works_until_it_is_stopped(client: Client, door: Door, desk: Desk) -> None:
    brief, lease = await _ask(client), await _lease(door.pool)
    stop = asyncio.Event()
    woken = asyncio.Event()
    listening = asyncio.create_task(clerk.listen(desk.pool, {clerk.DELIVERIES: woken}, stop))
    working = asyncio.create_task(clerk.repeat(clerk.settle_due, desk, stop, 30.0, woken))
    await asyncio.sleep(0.3)
    await _deliver(door.pool, lease, 1, 2, 3, 4)
    await _finish(door.pool, lease)
    view = await client.get(f"/v1/briefs/{brief}", params={"wait": "10"})
    assert view.json()["status"] == "succeeded", "a notice wakes the clerk long before its pause"
    stop.set()
    woken.set()
    await asyncio.gather(listening, working)
