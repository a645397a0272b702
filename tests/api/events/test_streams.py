"""What a client hears of a brief: everything, once, in order, from whatever number it goes on."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from billing.connections import lent
from engine.contracts import Failed
from engine.queue import events
from engine.queue import service as queue
from engine.queue.events import Told
from tests.api.conftest import Client, Door
from tests.api.made import asked, carried_out, settled


def heard(text: str) -> list[tuple[str | None, str, dict[str, Any]]]:
    """The events of a stream as (id, kind, facts)."""
    found = []
    for block in text.split("\n\n")[:-1]:
        lines = dict(line.partition(": ")[::2] for line in block.splitlines() if ": " in line)
        if "event" in lines:
            found.append((lines.get("id"), lines["event"], json.loads(lines["data"])))
    return found


async def test_a_stream_tells_a_brief_from_its_beginning_to_its_end(
    door: Door, client: Client
) -> None:
    brief = await asked(client)
    listening = asyncio.create_task(client.get(f"/v1/briefs/{brief}/events"))
    await carried_out(door.pool)
    answer = await listening
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["x-accel-buffering"] == "no"
    told = heard(answer.text)
    kinds = [kind for _, kind, _ in told]
    assert kinds[:2] == ["brief.queued", "brief.started"]
    assert kinds[-1] == "brief.ended"
    assert kinds.count("candidate.ready") == 2
    for _, kind, facts in told:
        if kind == "candidate.ready":
            made = "select (made ->> 'take')::int from api.candidates where id = $1"
            assert facts["take"] == await door.pool.fetchval(made, facts["candidate"])
    assert [int(number or -1) for number, _, _ in told] == list(range(len(told)))
    assert told[0][2]["expected_s"] > 0
    assert told[-1][2] | {"at": ""} == {
        "at": "", "brief": brief, "status": "succeeded", "candidates": 2, "failure": None,
        "retracted_takes": told[-1][2]["retracted_takes"],
    }  # fmt: skip
    assert "friendly" not in answer.text, "the client's words are not told again"


async def test_a_stream_goes_on_behind_the_last_event_id(door: Door, client: Client) -> None:
    brief = await asked(client)
    await carried_out(door.pool)
    whole = heard((await client.get(f"/v1/briefs/{brief}/events")).text)
    middle = len(whole) // 2
    rest = await client.get(
        f"/v1/briefs/{brief}/events", headers={"last-event-id": str(whole[middle][0])}
    )
    assert heard(rest.text) == whole[middle + 1 :]
    over = await client.get(
        f"/v1/briefs/{brief}/events", headers={"last-event-id": str(whole[-1][0])}
    )
    assert (over.status_code, over.text) == (204, "")


async def test_a_forgotten_brief_still_tells_its_end(door: Door, client: Client) -> None:
    brief = await asked(client)
    await carried_out(door.pool)
    await door.pool.execute("update engine.streams set begun_at = now() - interval '4 days 1 hour'")
    async with lent(door.pool) as conn:
        assert await events.forget_old(conn) == 1
        assert await events.forget_old(conn) == 0
    assert await door.pool.fetchval("select count(*) from engine.events") == 0
    told = heard((await client.get(f"/v1/briefs/{brief}/events")).text)
    assert [(number, kind) for number, kind, _ in told] == [
        ("0", "brief.queued"), (None, "brief.ended"),
    ]  # fmt: skip
    assert told[-1][2]["status"] == "succeeded"


async def test_a_canceled_brief_ends_its_stream(door: Door, client: Client) -> None:
    brief = await asked(client)
    listening = asyncio.create_task(client.get(f"/v1/briefs/{brief}/events"))
    await client.post(f"/v1/briefs/{brief}/cancel")
    await settled(door.pool)
    told = heard((await listening).text)
    assert [kind for _, kind, _ in told] == ["brief.queued", "brief.ended"]
    assert told[-1][2]["status"] == "canceled"


async def test_a_family_is_told_under_its_own_name(door: Door, client: Client) -> None:
    family = (await client.post(
        "/v1/families", {"functions": ["lock"], "candidates": 1},
        headers={"idempotency-key": "family"},
    )).json()["id"]  # fmt: skip
    async with lent(door.pool) as conn:
        lease = await queue.claim(conn, "studio", timedelta(seconds=60), "families")
        assert lease is not None
        await queue.give_back(conn, lease)
        lease = await queue.claim(conn, "studio", timedelta(seconds=60), "families")
        assert lease is not None
        await queue.finish(conn, lease, failure=Failed(code="fewer_candidates", detail="none"))
    await settled(door.pool)
    told = heard((await client.get(f"/v1/families/{family}/events")).text)
    assert [kind for _, kind, _ in told] == [
        "family.queued", "family.started", "family.requeued", "family.started", "family.ended",
    ]  # fmt: skip
    assert (told[-1][2]["family"], told[-1][2]["failure"]) == (family, "fewer_candidates")
    assert (await client.get(f"/v1/briefs/{family}/events")).status_code == 404


async def test_nobody_hears_of_anothers_brief(door: Door, client: Client) -> None:
    brief = await asked(client)
    other = await door.client()
    for path in (f"/v1/briefs/{brief}/events", f"/v1/briefs/brf_{'0' * 24}/events"):
        answer = await other.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    may_not = await door.another_key(client.account, ("billing",))
    assert (await may_not.get(f"/v1/briefs/{brief}/events")).status_code == 403


@pytest.mark.parametrize("sent", ["x", "-1", "1.5", "9" * 10, "1 2"])
async def test_an_id_we_never_gave_is_refused(client: Client, sent: str) -> None:
    brief = await asked(client)
    answer = await client.get(f"/v1/briefs/{brief}/events", headers={"last-event-id": sent})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/header/last-event-id"


async def test_head_gets_headers_and_no_stream(client: Client) -> None:
    brief = await asked(client)
    answer = await client.http.head(
        f"/v1/briefs/{brief}/events", headers={"authorization": f"Bearer {client.secret}"}
    )
    assert (answer.status_code, answer.content) == (200, b"")


async def test_very_much_is_not_told_but_the_end_always_is(pool: asyncpg.Pool) -> None:
    async with lent(pool) as conn:
        for begin in range(0, 600, 100):
            said = [Told(kind="progress", facts={"done": begin + n}) for n in range(100)]
            await events.tell(conn, "brf_much", said)
        await conn.execute("select engine.tell('brf_much', 'brief.ended', '{}', true)")
        told: list[events.Event] = []
        while more := await events.since(conn, {"brf_much": told[-1].number if told else 0}):
            assert len(more) <= events.MOST_AT_ONCE
            told += more
    assert [one.number for one in told] == list(range(1, 502))
    assert told[-1].kind == "brief.ended"


async def test_who_has_seen_a_number_never_finds_one_before_it(pool: asyncpg.Pool) -> None:
    """Two who tell of one job at the same time: the second waits until the first is seen."""
    async with lent(pool) as first, lent(pool) as second:
        transaction = first.transaction()
        await transaction.start()
        await events.tell(first, "brf_1", [Told(kind="progress", facts={})])
        late = asyncio.create_task(events.tell(second, "brf_1", [Told(kind="late", facts={})]))
        await asyncio.sleep(0.2)
        assert not late.done()
        assert await pool.fetchval("select count(*) from engine.events") == 0
        await transaction.commit()
        await late
        told = await events.since(first, {"brf_1": 0})
    assert [(one.number, one.kind) for one in told] == [(1, "progress"), (2, "late")]


async def test_as_many_streams_as_allowed_may_be_open(door: Door, client: Client) -> None:
    audience = door.app.shop.audience
    brief = await asked(client)
    with audience.seated(_seat(client, brief)), audience.seated(_seat(client, brief)):
        audience._most_per_account = 2
        refused = await client.get(f"/v1/briefs/{brief}/events")
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_streams")
        assert int(refused.headers["retry-after"]) > 0
        other = await door.client()
        audience._most = 2
        theirs = await asked(other)
        assert (await other.get(f"/v1/briefs/{theirs}/events")).status_code == 429


async def test_a_revoked_key_hears_nothing_more(door: Door, client: Client) -> None:
    brief = await asked(client)
    other = await door.another_key(client.account, ("read",))
    listening = asyncio.create_task(other.get(f"/v1/briefs/{brief}/events"))
    await asyncio.sleep(0.3)
    assert not listening.done()
    assert (await client.http.delete(
        f"/v1/api_keys/{other.key}", headers={"authorization": f"Bearer {client.secret}"}
    )).is_success  # fmt: skip
    answer = await asyncio.wait_for(listening, 10)
    assert [kind for _, kind, _ in heard(answer.text)] == ["brief.queued"]


async def test_a_secret_that_was_taken_back_hears_nothing_more(door: Door, client: Client) -> None:
    """Streams go on while the secret before still opens the door, and end with it."""
    brief = await asked(client)
    other = await door.another_key(client.account, ("read",))
    listening = asyncio.create_task(other.get(f"/v1/briefs/{brief}/events"))
    await asyncio.sleep(0.3)
    path = f"/v1/api_keys/{other.key}/rotate"
    assert (await client.post(path, {"overlap_s": 3600})).status_code == 200
    await asyncio.sleep(2.5)
    assert not listening.done()
    assert (await client.post(path, {"overlap_s": 0})).status_code == 200
    answer = await asyncio.wait_for(listening, 20)
    assert [kind for _, kind, _ in heard(answer.text)] == ["brief.queued"]


async def test_a_lost_notice_costs_a_moment_only(door: Door, client: Client) -> None:
    brief = await asked(client)
    door.app.shop.audience.hear = _deaf
    listening = asyncio.create_task(client.get(f"/v1/briefs/{brief}/events"))
    await carried_out(door.pool)
    told = heard((await asyncio.wait_for(listening, 20)).text)
    assert told[-1][1] == "brief.ended"


def _deaf(job: str) -> None:
    """A notice that never arrives."""


def _seat(client: Client, brief: str) -> Any:
    from api.events.audience import Seat

    return Seat(client.account, b"", brief)


async def test_many_who_listen_to_one_brief_hear_the_same(door: Door, client: Client) -> None:
    brief = await asked(client)
    all_of_them = [asyncio.create_task(client.get(f"/v1/briefs/{brief}/events")) for _ in range(40)]
    await carried_out(door.pool)
    answers: list[httpx.Response] = await asyncio.gather(*all_of_them)
    first, *rest = (heard(answer.text) for answer in answers)
    assert first[-1][1] == "brief.ended"
    assert all(one == first for one in rest)
