"""What the clerk sends: signed, in order, at least once, and to endpoints that behave however they
like."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from api.clerk.messages import Post
from api.webhooks import outbox, sending
from api.webhooks.addresses import Addresses
from api.webhooks.sealing import Seal
from api.webhooks.sending import Courier
from billing.connections import lent, transaction
from tests.api.conftest import PEPPER, Client, Door
from tests.api.made import asked, carried_out, handed_back, leased, settled
from tests.api.webhooks.conftest import Clerk, registered, tell, types_of
from tests.api.webhooks.receiving import (
    Received,
    dripping,
    each,
    hanging,
    nonsense,
    receiver,
    saying,
    slow_headers,
)


@contextmanager
def _impatient(monkeypatch: pytest.MonkeyPatch, seconds: float = 0.4) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setattr(sending, "ANSWERS_WITHIN_S", seconds)
        yield


async def _delivery(client: Client, event: str) -> dict[str, Any]:
    answer = await client.get(f"/v1/events/{event}")
    assert answer.status_code == 200, answer.text
    (only,) = answer.json()["deliveries"]
    return only


async def test_a_brief_is_told_from_its_candidates_to_its_end(
    door: Door, client: Client, clerk: Clerk
) -> None:
    async with receiver(saying(200)) as here:
        _, secret = await registered(client, here.url)
        brief = await asked(client)
        await carried_out(door.pool)
        await clerk.send_due()
        assert types_of(here.received) == ["candidate.ready", "candidate.ready", "brief.succeeded"]
        told = [one.checked(secret) for one in here.received]
        assert [one["data"].get("number") for one in told] == [1, 2, None]
        assert all(one["data"]["brief"] == brief for one in told)
        assert told[-1]["data"]["status"] == "succeeded"
        assert set(told[0]) == {"type", "timestamp", "data"}
        for one in here.received:
            assert one.id.startswith("evt_")
            assert len(one.body) < 1000
            assert b"friendly" not in one.body, "the client's words are not sent"
        with pytest.raises(WebhookVerificationError):
            Webhook("whsec_" + "A" * 44).verify(here.received[0].body, here.received[0].headers)
        listed = (await client.get("/v1/events")).json()
        assert [one["id"] for one in listed["items"]] == [one.id for one in here.received][::-1]
        assert [one["data"] for one in listed["items"]] == [one["data"] for one in told][::-1]
        assert {one["deliveries"][0]["state"] for one in listed["items"]} == {"delivered"}
        await clerk.send_due()
        assert len(here.received) == 3


async def test_nothing_is_told_of_what_was_undone(door: Door, client: Client) -> None:
    """A message is there if and only if what it tells of is."""
    await asked(client)
    await handed_back(door.pool, await leased(door.pool), 1, 2)
    with pytest.raises(ZeroDivisionError):
        async with transaction(door.pool) as conn:
            await conn.execute("update api.briefs set outcome = 'failed', finished_at = now()")
            assert await conn.fetchval("select count(*) from api.messages") == 1
            raise ZeroDivisionError
    assert await door.pool.fetchval("select count(*) from api.messages") == 0
    await settled(door.pool)
    assert await door.pool.fetchval("select count(*) from api.messages") == 3


async def test_an_endpoint_gets_only_the_types_it_wants(
    door: Door, client: Client, clerk: Clerk
) -> None:
    async with receiver(saying(200)) as some, receiver(saying(204, b"")) as everything:
        await registered(client, some.url, "brief.succeeded", "license.created")
        await registered(client, everything.url)
        stranger = await door.client()
        async with receiver(saying(200)) as theirs:
            await registered(stranger, theirs.url)
            brief = await asked(client)
            await carried_out(door.pool)
            candidate = (await client.get(f"/v1/briefs/{brief}")).json()["candidates"][0]["id"]
            picked = await client.post(
                f"/v1/candidates/{candidate}/pick", headers={"idempotency-key": "pick"}
            )
            assert picked.status_code == 201, picked.text
            await clerk.send_due()
            assert types_of(some.received) == ["brief.succeeded", "license.created"]
            assert some.received[1].told["data"]["license"] == picked.json()["id"]
            assert types_of(everything.received)[2:] == ["brief.succeeded", "license.created"]
            assert theirs.received == []


async def test_money_is_told_as_notices_are(door: Door, client: Client, clerk: Clerk) -> None:
    async with receiver(saying(200)) as here:
        await registered(client, here.url)
        await client.http.put(
            "/v1/budgets", json={"scope": "key", "subject": client.key, "cap": 4},
            headers={"authorization": f"Bearer {client.secret}"},
        )  # fmt: skip
        await asked(client)
        await carried_out(door.pool)
        await clerk.send_due()
        assert types_of(here.received).count("notice.budget_50") == 1
        told = next(one for one in here.received if one.told["type"] == "notice.budget_50").told
        assert told["data"]["facts"]["cap"] == 4


async def test_a_failure_is_tried_again_later_and_later_under_the_same_id(
    door: Door, client: Client, clerk: Clerk
) -> None:
    async with receiver(saying(500, b"no\0\xff!")) as here:
        await registered(client, here.url)
        event = await tell(door.pool, client.account, "brf_1")
        waits: list[float] = []
        for tries in range(1, 10):
            await clerk.send_due()
            delivery = await _delivery(client, event)
            assert (delivery["state"], delivery["tries"]) == ("waiting", tries)
            assert (delivery["status"], delivery["answer"]) == (500, "no\ufffd!")
            wait = datetime.fromisoformat(delivery["next_at"]) - datetime.fromisoformat(
                delivery["tried_at"]
            )
            waits.append(wait.total_seconds())
            await clerk.let_time_pass()
        assert sum(waits) > timedelta(days=3).total_seconds()
        for wait, least in zip(waits, outbox.RETRY_AFTER_S, strict=True):
            assert least <= wait <= least * (1 + outbox.JITTER)
        await clerk.send_due()
        delivery = await _delivery(client, event)
        assert (delivery["state"], delivery["tries"], delivery["next_at"]) == ("given_up", 10, None)
        await clerk.let_time_pass()
        await clerk.send_due()
        assert len(here.received) == 10
        assert {one.id for one in here.received} == {event}
        assert len({one.body for one in here.received}) == 1, "the same bytes each time"
        assert await door.pool.fetchval("select count(*) from api.threads") == 0


async def test_what_came_later_of_a_brief_waits_and_other_briefs_pass(
    door: Door, client: Client, clerk: Clerk
) -> None:
    async def answers(one: Received, writer: asyncio.StreamWriter) -> None:
        refused = one.told["data"]["brief"] == first and not open_now
        await saying(503 if refused else 200)(one, writer)

    open_now = False
    async with receiver(answers) as here:
        await registered(client, here.url)
        first = await asked(client, "first")
        await carried_out(door.pool)
        second = await asked(client, "second")
        await carried_out(door.pool)
        await clerk.send_due()
        await clerk.let_time_pass()
        await clerk.send_due()
        seen = [
            (one.told["data"]["brief"], one.told["data"].get("number")) for one in here.received
        ]
        assert [number for brief, number in seen if brief == first] == [1, 1], "the first, twice"
        assert [number for brief, number in seen if brief == second] == [1, 2, None]
        open_now = True
        await clerk.let_time_pass()
        await clerk.send_due()
        seen = [
            (one.told["data"]["brief"], one.told["data"].get("number")) for one in here.received
        ]
        assert [number for brief, number in seen if brief == first] == [1, 1, 1, 2, None]


async def test_410_ends_an_endpoint_at_once_and_the_others_are_told(
    door: Door, client: Client, clerk: Clerk
) -> None:
    async with receiver(saying(410)) as gone, receiver(saying(200)) as other:
        endpoint, _ = await registered(client, gone.url)
        await registered(client, other.url, "webhook_endpoint.disabled")
        events = [await tell(door.pool, client.account, "brf_1", n) for n in range(2)]
        await clerk.send_due()
        assert len(gone.received) == 1
        view = (await client.get(f"/v1/webhook_endpoints/{endpoint}")).json()
        assert (view["disabled_why"], view["failures"]) == ("gone", 1)
        assert [(await _delivery(client, one))["state"] for one in events] == ["dropped"] * 2
        (told,) = (await client.get("/v1/notices")).json()["items"]
        assert (told["kind"], told["facts"]["why"]) == ("webhook_endpoint_disabled", "gone")
        assert types_of(other.received) == ["webhook_endpoint.disabled"]
        later = await tell(door.pool, client.account, "brf_1", 3)
        await clerk.send_due()
        assert (await client.get(f"/v1/events/{later}")).json()["deliveries"] == []
        assert len(gone.received) == 1


async def test_an_endpoint_at_which_nothing_arrives_for_three_days_is_disabled(
    door: Door, client: Client, clerk: Clerk
) -> None:
    async with receiver(each(saying(500), saying(200), saying(500))) as here:
        endpoint, _ = await registered(client, here.url)
        await tell(door.pool, client.account, "brf_1")
        await clerk.send_due()
        await _fails_since(door.pool, timedelta(days=2, hours=23))
        await clerk.let_time_pass()
        await clerk.send_due()
        view = (await client.get(f"/v1/webhook_endpoints/{endpoint}")).json()
        assert (view["failures"], view["failing_since"]) == (0, None), "one arrival forgives"
        await tell(door.pool, client.account, "brf_2")
        await clerk.send_due()
        await _fails_since(door.pool, timedelta(days=3, seconds=1))
        await clerk.let_time_pass()
        await clerk.send_due()
        view = (await client.get(f"/v1/webhook_endpoints/{endpoint}")).json()
        assert (view["disabled_why"], view["failures"]) == ("failing", 2)


async def _fails_since(pool: asyncpg.Pool, ago: timedelta) -> None:
    await pool.execute("update api.webhook_endpoints set failing_since = now() - $1::interval", ago)


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        (hanging, "no answer within 15 seconds"),
        (slow_headers, "no answer within 15 seconds"),
        (nonsense, "RemoteProtocolError"),
        (saying(302, location="http://127.0.0.1:1/private"), "redirects are not followed"),
        (saying(404), "answered 404"),
    ],
    ids=["hangs", "slow headers", "nonsense", "redirect", "not found"],
)
async def test_bad_answers_do_not_count(
    door: Door, client: Client, clerk: Clerk, monkeypatch: pytest.MonkeyPatch,
    answers: Any, error: str,
) -> None:  # fmt: skip
    async with receiver(answers) as here:
        await registered(client, here.url)
        event = await tell(door.pool, client.account, "brf_1")
        with _impatient(monkeypatch):
            await clerk.send_due()
        delivery = await _delivery(client, event)
        assert (delivery["state"], delivery["tries"]) == ("waiting", 1)
        assert error in delivery["error"]
        assert len(here.received) == 1


async def test_a_redirect_to_a_private_address_leads_nowhere(
    door: Door, client: Client, clerk: Clerk
) -> None:
    async with (
        receiver(saying(200)) as private,
        receiver(each(*(saying(status, location=private.url) for status in (301, 302, 307, 308))))
        as here,
    ):  # fmt: skip
        await registered(client, here.url)
        event = await tell(door.pool, client.account, "brf_1")
        for _ in range(4):
            await clerk.send_due()
            await clerk.let_time_pass()
        assert (await _delivery(client, event))["status"] == 308
        assert len(here.received) == 4
        assert private.received == []


@pytest.mark.parametrize(
    "answers", [dripping, saying(200, b"x" * 10_000_000)], ids=["drip", "10 MB"]
)
async def test_of_an_endless_answer_the_beginning_is_enough(
    door: Door, client: Client, clerk: Clerk, monkeypatch: pytest.MonkeyPatch, answers: Any
) -> None:
    async with receiver(answers) as here:
        await registered(client, here.url)
        event = await tell(door.pool, client.account, "brf_1")
        with _impatient(monkeypatch):
            await clerk.send_due()
        delivery = await _delivery(client, event)
        assert (delivery["state"], delivery["status"]) == ("delivered", 200)
        assert 0 < len(delivery["answer"]) <= sending.KEPT_CHARACTERS
        assert len(here.received) == 1


async def test_nobody_listens_there(door: Door, client: Client, clerk: Clerk) -> None:
    async with receiver(saying(200)) as here:
        url = here.url
    await registered(client, url)
    event = await tell(door.pool, client.account, "brf_1")
    await clerk.send_due()
    assert "ConnectError" in (await _delivery(client, event))["error"]


async def test_a_hanging_endpoint_holds_up_no_other(
    door: Door, client: Client, clerk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with receiver(hanging) as stuck, receiver(saying(200)) as well:
        await registered(client, stuck.url)
        await registered(client, well.url)
        for number in range(30):
            await tell(door.pool, client.account, f"brf_{number}")
        with _impatient(monkeypatch, 3600):
            stop, woken = asyncio.Event(), asyncio.Event()
            serving = asyncio.create_task(clerk.post.serve(stop, woken))
            await well.until(30)
            assert len({one.id for one in well.received}) == 30
            await stuck.until(outbox.SLOTS)
            assert stuck.most_under_way == outbox.SLOTS
            serving.cancel()
            for task in clerk.post._under_way:
                task.cancel()


async def test_an_endpoint_that_keeps_failing_is_asked_one_at_a_time_and_rests(
    door: Door, client: Client, clerk: Clerk
) -> None:
    async with receiver(saying(500)) as here:
        await registered(client, here.url)
        for number in range(60):
            await tell(door.pool, client.account, f"brf_{number}")
        await clerk.send_due()
        assert outbox.DOUBTED_AFTER <= len(here.received) < outbox.DOUBTED_AFTER + outbox.SLOTS
        before = len(here.received)
        await door.pool.execute("update api.webhook_endpoints set paused_until = null")
        await clerk.send_due()
        assert len(here.received) == before + 1


async def test_two_secrets_sign_while_one_is_changed(
    door: Door, client: Client, clerk: Clerk
) -> None:
    async with receiver(saying(200)) as here:
        endpoint, old = await registered(client, here.url)
        rotated = await client.post(f"/v1/webhook_endpoints/{endpoint}/rotate_secret")
        assert rotated.status_code == 200
        new = rotated.json()["secret"]
        await tell(door.pool, client.account, "brf_1")
        await clerk.send_due()
        for secret in (old, new):
            assert here.received[0].checked(secret)["type"] == "candidate.ready"
        await door.pool.execute("update api.webhook_endpoints set old_secret_until = now()")
        await tell(door.pool, client.account, "brf_1")
        await clerk.send_due()
        assert here.received[1].checked(new)
        with pytest.raises(WebhookVerificationError):
            here.received[1].checked(old)


async def test_a_secret_under_another_pepper_is_said_and_not_guessed(
    door: Door, client: Client
) -> None:
    async with receiver(saying(200)) as here:
        await registered(client, here.url)
        event = await tell(door.pool, client.account, "brf_1")
        stranger = Post(door.pool, Courier(Seal(b"another pepper, as long"), _here()))
        await stranger.begin_due()
        await stranger.drained()
        assert "rotate it" in (await _delivery(client, event))["error"]
        assert here.received == []


async def test_a_deployment_that_no_longer_sends_to_this_machine_does_not(
    door: Door, client: Client
) -> None:
    """What was allowed when it was registered is checked again when something is sent."""
    async with receiver(saying(200)) as here:
        await registered(client, here.url)
        event = await tell(door.pool, client.account, "brf_1")
        strict = Post(door.pool, Courier(Seal(PEPPER), Addresses()))
        await strict.begin_due()
        await strict.drained()
        assert "not sent" in (await _delivery(client, event))["error"]
        assert here.received == []


async def test_several_clerks_send_everything_once_and_in_order(door: Door, client: Client) -> None:
    async with receiver(saying(200)) as here:
        await registered(client, here.url)
        for number in range(10):
            for subject in range(10):
                await tell(door.pool, client.account, f"brf_{subject}", number)
        posts = [Post(door.pool, Courier(Seal(PEPPER), _here())) for _ in range(3)]
        stop = asyncio.Event()
        serving = [asyncio.create_task(one.serve(stop, asyncio.Event())) for one in posts]
        await here.until(100)
        stop.set()
        await asyncio.gather(*serving)
        order: dict[str, list[int]] = {}
        by_id = await _subjects(door.pool)
        for one in here.received:
            order.setdefault(by_id[one.id], []).append(one.told["data"]["number"])
        assert len(here.received) == 100
        assert order == {f"brf_{subject}": list(range(10)) for subject in range(10)}


async def _subjects(pool: asyncpg.Pool) -> dict[str, str]:
    return {
        row["id"]: row["subject"]
        for row in await pool.fetch("select id, subject from api.messages")
    }


async def test_what_a_dead_clerk_had_is_sent_when_its_lease_is_over(
    door: Door, client: Client, clerk: Clerk
) -> None:
    async with receiver(saying(200)) as here:
        await registered(client, here.url)
        event = await tell(door.pool, client.account, "brf_1")
        async with transaction(door.pool) as conn:
            (thread,) = await outbox.claim(conn, "dead", 10)
        await clerk.send_due()
        assert here.received == []
        await door.pool.execute("update api.threads set lease_until = now()")
        await clerk.send_due()
        assert [one.id for one in here.received] == [event]
        async with transaction(door.pool) as conn:
            assert await outbox.first(conn, thread, "dead") is None, "it was only thought dead"


async def test_an_event_can_be_sent_again(door: Door, client: Client, clerk: Clerk) -> None:
    async with receiver(saying(200)) as first, receiver(saying(200)) as late:
        endpoint, _ = await registered(client, first.url)
        event = await tell(door.pool, client.account, "brf_1")
        await clerk.send_due()
        second, _ = await registered(client, late.url)
        again = await client.post(f"/v1/events/{event}/redeliver", {})
        assert again.status_code == 202
        assert {one["state"] for one in again.json()["deliveries"]} == {"waiting"}
        await clerk.send_due()
        assert [one.id for one in first.received] == [event, event]
        assert [one.id for one in late.received] == [event]
        await client.post(f"/v1/events/{event}/redeliver", {"endpoint": second})
        await clerk.send_due()
        assert (len(first.received), len(late.received)) == (2, 2)
        await _patched(client, endpoint, {"disabled": True})
        refused = await client.post(f"/v1/events/{event}/redeliver", {"endpoint": endpoint})
        assert (refused.status_code, refused.json()["code"]) == (409, "endpoint_disabled")


async def test_a_test_message_goes_to_its_endpoint_alone(
    door: Door, client: Client, clerk: Clerk
) -> None:
    async with receiver(saying(200)) as here, receiver(saying(200)) as other:
        endpoint, secret = await registered(client, here.url, "brief.failed")
        await registered(client, other.url)
        asked_ = await client.post(f"/v1/webhook_endpoints/{endpoint}/test")
        assert asked_.status_code == 202
        await clerk.send_due()
        assert here.received[0].checked(secret)["type"] == "webhook_endpoint.test"
        assert other.received == []
        done = (await client.get(asked_.headers["location"])).json()
        assert done["deliveries"][0]["state"] == "delivered"


async def test_while_it_is_disabled_nothing_waits_for_an_endpoint(
    door: Door, client: Client, clerk: Clerk
) -> None:
    async with receiver(saying(200)) as here:
        endpoint, _ = await registered(client, here.url)
        before = await tell(door.pool, client.account, "brf_1")
        await _patched(client, endpoint, {"disabled": True})
        await tell(door.pool, client.account, "brf_1")
        refused = await client.post(f"/v1/webhook_endpoints/{endpoint}/test")
        assert refused.json()["code"] == "endpoint_disabled"
        await clerk.send_due()
        assert (await _delivery(client, before))["state"] == "dropped"
        await _patched(client, endpoint, {"disabled": False})
        after = await tell(door.pool, client.account, "brf_1")
        await clerk.send_due()
        assert [one.id for one in here.received] == [after]


async def _patched(client: Client, endpoint: str, change: dict[str, Any]) -> dict[str, Any]:
    answer = await client.http.patch(
        f"/v1/webhook_endpoints/{endpoint}", json=change,
        headers={"authorization": f"Bearer {client.secret}"},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_old_messages_are_forgotten_unless_they_wait(
    door: Door, client: Client, clerk: Clerk
) -> None:
    async with receiver(each(saying(200), saying(500))) as here:
        await registered(client, here.url)
        await tell(door.pool, client.account, "brf_1")
        waiting = await tell(door.pool, client.account, "brf_1")
        await clerk.send_due()
        await door.pool.execute("update api.messages set created_at = now() - interval '15 days'")
        young = await tell(door.pool, client.account, "brf_1")
        async with lent(door.pool) as conn:
            assert await outbox.forget_old(conn) == 1
        left = [one["id"] for one in (await client.get("/v1/events")).json()["items"]]
        assert left == [young, waiting]
        assert here.received


def _here() -> Addresses:
    return Addresses(loopback=True)


def test_now_is_utc() -> None:
    """`sign` of the library takes the digits of a time for UTC."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    secret = "whsec_" + "A" * 44
    assert Webhook(secret).sign("evt_1", at, "{}") == Webhook(secret).sign(
        "evt_1", at.replace(tzinfo=None), "{}"
    )
