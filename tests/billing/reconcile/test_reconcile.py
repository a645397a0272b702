"""Reconciliation with a real ledger and a sandbox that was told otherwise."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx
import pytest
from msgspec import Struct

from api.database import create_pool
from api.postgres import Embedded
from billing.connections import lent, transaction
from billing.ledger import service as ledger
from billing.meters import service as meters
from billing.processor.door import StripeDoor
from billing.reconcile import service as reconciliation
from billing.reconcile.contracts import Difference, Hour
from billing.reconcile.judging import judge
from billing.sandbox.app import create_sandbox
from billing.sandbox.shop import Shop
from billing.settings import BillingSettings

URL = "http://127.0.0.1:1"
SETTINGS = BillingSettings(stripe="sandbox", key="sk_test_x", url=URL)
ACCOUNT = "acc_a"
METER = "cuesmith_tokens_prepaid"
LONG_TOLD = """
update billing.outbox set done_at = done_at - interval '1 hour'
where done_at > now() - interval '1 hour'
"""


class Till(Struct, frozen=True, kw_only=True):
    """A ledger, the sandbox it tells, and time that is moved back in both."""

    pool: asyncpg.Pool
    shop: Shop
    door: StripeDoor

    async def spend(self, name: str, tokens: int, hours_ago: float) -> str:
        """One capture that happened so long ago; its identifier."""
        async with transaction(self.pool) as conn:
            made = await ledger.charge_license(conn, ACCOUNT, name, tokens)
            await conn.execute(
                "update billing.outbox set occurred_at = now() - $2 * interval '1 hour'"
                " where identifier = $1",
                made.id, hours_ago,
            )  # fmt: skip
        return made.id

    async def send(self) -> None:
        """Tell the meter all that is due."""
        await self.pool.execute("update billing.meter_pace set next_at = now(), per_s = 1000")
        await self.pool.execute("update billing.outbox set next_at = now() where done_at is null")
        await meters.send_due(self.pool, self.door)

    async def tell_beside(self, identifier: str, tokens: int, hours_ago: float) -> None:
        """Something that the ledger does not write down reaches Stripe."""
        customer = await self.door.ensure_customer(ACCOUNT, ACCOUNT)
        await self.door.client.v1.billing.meter_events.create_async(
            {
                "event_name": METER, "identifier": identifier,
                "timestamp": int((datetime.now(UTC) - timedelta(hours=hours_ago)).timestamp()),
                "payload": {"stripe_customer_id": customer, "value": str(tokens)},
            }
        )  # fmt: skip

    async def doubt(self, identifier: str, sent_hours_ago: float) -> None:
        """A row whose reply was lost so long ago."""
        await self.pool.execute(
            "update billing.outbox set lane = 'reconcile', done_at = null, attempts = 1,"
            " first_sent_at = now() - $2 * interval '1 hour' where identifier = $1",
            identifier, sent_hours_ago,
        )  # fmt: skip

    async def reconcile(self, approval_tokens: int = 1000) -> tuple[Difference, ...]:
        """One run by hand, a while after what was told, and what it found."""
        await self.pool.execute(LONG_TOLD)
        report = await reconciliation.reconcile(
            self.pool, self.door, "by_hand", approval_tokens=approval_tokens
        )
        assert report is not None
        return report.differences

    async def agree(self) -> None:
        """Stripe has exactly what the ledger spent, and another run finds nothing."""
        await self.send()
        assert await self.reconcile() == ()
        spent = await self.pool.fetchval(
            "select sum(tokens) from billing.outbox where kind <> 'correction'"
        )
        counted = sum(int(event["payload"]["value"]) for event in self.shop.meter_events)
        assert counted == spent
        async with lent(self.pool) as conn:
            assert await ledger.violations(conn) == []
            assert await meters.depth(conn) == {}


async def _opened(pool: asyncpg.Pool, shop: Shop) -> Till:
    door = StripeDoor.open(SETTINGS, pool, httpx.ASGITransport(create_sandbox(shop)))
    await door.ensure_setup()
    return Till(pool=pool, shop=shop, door=door)


@pytest.fixture
async def till(pool: asyncpg.Pool) -> AsyncIterator[Till]:
    async with transaction(pool) as conn:
        await ledger.bind_stripe_mode(conn, "sandbox")
        await ledger.open_account(conn, ACCOUNT, "prepaid")
        await ledger.grant(conn, ACCOUNT, 100_000, "hello")
        await meters.watch_for_restore(conn)
    yield await _opened(pool, Shop(url=URL, lag_s=0.0))


async def test_what_agrees_is_no_difference(till: Till) -> None:
    await till.spend("cand_1", 8, 5)
    await till.spend("cand_2", 8, 30)
    await till.agree()


async def test_an_event_of_somebody_else_is_taken_off_once(till: Till) -> None:
    await till.spend("cand_1", 8, 5)
    await till.send()
    await till.tell_beside("not_ours", 7, 5)
    found = await till.reconcile()
    assert [(one.kind, one.tokens, one.state) for one in found] == [("foreign", -7, "corrected")]
    assert "Stripe has more" in found[0].explained
    assert await till.reconcile() == ()  # its correction waits, and is not found missing
    await till.agree()


async def test_what_stripe_has_lost_is_told_again_as_a_correction(till: Till) -> None:
    lost = await till.spend("cand_1", 8, 5)
    await till.pool.execute("update billing.outbox set done_at = now() where identifier = $1", lost)
    found = await till.reconcile()
    assert [(one.kind, one.tokens) for one in found] == [("missing", 8)]
    await till.agree()


async def test_a_lost_reply_that_was_counted_is_done(till: Till) -> None:
    seen = await till.spend("cand_1", 8, 30)
    await till.tell_beside(seen, 8, 30)
    await till.doubt(seen, 30)
    found = await till.reconcile()
    assert [(one.kind, one.state) for one in found] == [("was_counted", "settled")]
    await till.agree()


async def test_a_lost_reply_that_was_not_counted_is_corrected(till: Till) -> None:
    kept = await till.spend("cand_1", 8, 30)
    gone = await till.spend("cand_2", 5, 30)
    await till.tell_beside(kept, 8, 30)
    for one in (kept, gone):
        await till.doubt(one, 30)
    found = await till.reconcile()
    assert [(one.kind, one.tokens) for one in found] == [("never_counted", 5)]
    await till.agree()


async def test_a_fresh_doubt_is_said_again_with_its_own_name(till: Till) -> None:
    seen = await till.spend("cand_1", 8, 5)
    await till.tell_beside(seen, 8, 5)
    await till.doubt(seen, 4)
    found = await till.reconcile()
    assert [(one.kind, one.tokens) for one in found] == [("sent_again", 0)]
    await till.agree()  # Stripe knew it, so it counts once


async def test_a_large_correction_waits_for_a_person(till: Till) -> None:
    await till.tell_beside("not_ours", 7, 5)
    for _ in range(2):  # a second run is about the same difference
        found = await till.reconcile(approval_tokens=5)
        assert [(one.id, one.state) for one in found] == [(found[0].id, "proposed")]
    await till.send()
    assert len(list(till.shop.meter_events)) == 1
    approved = await reconciliation.approve(till.pool, found[0].id)
    assert (approved.state, approved.tokens) == ("corrected", -7)
    with pytest.raises(reconciliation.NotProposed):
        await reconciliation.approve(till.pool, found[0].id)
    await till.send()
    assert sum(int(one["payload"]["value"]) for one in till.shop.meter_events) == 0
    assert await till.reconcile() == ()


async def test_a_second_difference_of_an_hour_gets_its_own_correction(till: Till) -> None:
    for name, tokens in (("first", 7), ("second", 4)):
        await till.tell_beside(name, tokens, 5)
        found = await till.reconcile()
        assert [one.tokens for one in found] == [-tokens]
        await till.send()
    assert await till.reconcile() == ()
    names = await till.pool.fetch("select identifier from billing.reconcile_differences order by 1")
    assert [row["identifier"][-2:] for row in names] == ["_1", "_2"]


async def test_what_is_still_to_be_sent_is_no_difference(till: Till) -> None:
    await till.spend("cand_1", 8, 5)
    assert await till.reconcile() == ()
    await till.agree()


async def test_what_is_told_while_hours_are_compared_is_no_difference(till: Till) -> None:
    await till.spend("cand_1", 8, 5)
    found = await reconciliation.reconcile(till.pool, _Late(till), "by_hand")
    assert found is not None and found.differences == ()
    await till.agree()


async def test_what_was_told_a_moment_ago_may_not_be_counted_yet(till: Till) -> None:
    lost = await till.spend("cand_1", 8, 5)
    await till.pool.execute("update billing.outbox set done_at = now() where identifier = $1", lost)
    found = await reconciliation.reconcile(till.pool, till.door, "by_hand")
    assert found is not None and found.differences == ()
    assert [one.kind for one in await till.reconcile()] == ["missing"]


async def test_a_spending_and_its_return_that_wait_are_still_to_be_sent(till: Till) -> None:
    spent = await till.spend("cand_1", 5, 5)
    async with transaction(till.pool) as conn:
        assert await ledger.refund(conn, spent)
        await conn.execute("update billing.outbox set occurred_at = now() - interval '5 hours'")
    await till.tell_beside(spent, 5, 5)  # one of them is under way
    assert await till.reconcile() == ()
    await till.agree()


async def test_a_proposal_that_is_no_more_cannot_be_approved(till: Till) -> None:
    lost = await till.spend("cand_1", 8, 5)
    await till.pool.execute("update billing.outbox set done_at = now() where identifier = $1", lost)
    (proposed,) = await till.reconcile(approval_tokens=5)
    assert proposed.state == "proposed"
    await till.tell_beside(lost, 8, 5)  # Stripe counted it late
    assert await till.reconcile(approval_tokens=5) == ()
    with pytest.raises(reconciliation.NotProposed):
        await reconciliation.approve(till.pool, proposed.id)
    async with lent(till.pool) as conn:
        assert await reconciliation.open_differences(conn) == ()
    await till.agree()


async def test_nothing_is_approved_while_a_run_is_at_work(till: Till) -> None:
    await till.tell_beside("not_ours", 7, 5)
    (proposed,) = await till.reconcile(approval_tokens=5)
    async with lent(till.pool) as conn:
        await conn.execute("select pg_advisory_lock(727002)")
        with pytest.raises(reconciliation.NotProposed, match="at work"):
            await reconciliation.approve(till.pool, proposed.id)
        await conn.execute("select pg_advisory_unlock(727002)")
    assert (await reconciliation.approve(till.pool, proposed.id)).state == "corrected"


async def test_a_correction_is_never_of_the_future(till: Till) -> None:
    """After a restore the hour that has just begun is compared too."""
    await till.tell_beside("not_ours", 7, 5)
    (proposed,) = await till.reconcile(approval_tokens=5)
    await till.pool.execute("update billing.reconcile_differences set hour = now()")
    await reconciliation.approve(till.pool, proposed.id)
    assert await till.pool.fetchval("select occurred_at <= now() from billing.outbox")


class _Late:
    """A meter that is told everything just before it says what it has counted."""

    def __init__(self, till: Till) -> None:
        self._till = till

    async def hours(
        self, account: str, event_name: str, since: datetime, until: datetime
    ) -> dict[datetime, int]:
        await self._till.send()
        return await self._till.door.hours(account, event_name, since, until)


async def test_two_runs_at_once_correct_once(till: Till) -> None:
    await till.tell_beside("not_ours", 7, 5)
    runs = await asyncio.gather(
        *(reconciliation.reconcile(till.pool, till.door, "by_hand") for _ in range(3))
    )
    assert sum(len(run.differences) for run in runs if run is not None) == 1
    assert await till.pool.fetchval("select count(*) from billing.outbox") == 1


async def test_looking_changes_nothing(till: Till) -> None:
    await till.tell_beside("not_ours", 7, 5)
    report = await reconciliation.look(till.pool, till.door)
    assert [one.tokens for one in report.differences] == [-7]
    assert await till.pool.fetchval("select count(*) from billing.reconcile_differences") == 0


async def test_an_open_hour_is_left_alone(till: Till) -> None:
    await till.tell_beside("not_ours", 7, 0.01)
    assert await till.reconcile() == ()


async def test_a_database_put_back_to_yesterday_bills_nothing_twice(
    till: Till, server: Embedded, postgres: str
) -> None:
    """Yesterday: three captures wait. Then two of them, and one that is made later, are told; then
    yesterday's database is put in place."""
    first = await till.spend("cand_1", 8, 30)
    await till.spend("cand_2", 5, 30)
    await till.spend("cand_3", 3, 4)
    yesterday = await _copy(server, postgres)
    await till.tell_beside(first, 8, 30)
    await till.tell_beside("cap_that_will_be_lost", 11, 27)

    pool = await create_pool(yesterday)
    try:
        await _same_customer(till.pool, pool)
        async with transaction(pool) as conn:
            await conn.execute("update billing.settings set timeline = timeline - 1")
            assert await meters.watch_for_restore(conn)
        restored = await _opened(pool, till.shop)
        await restored.send()
        assert len(list(till.shop.meter_events)) == 2  # nothing leaves before it is known

        report = await reconciliation.after_restore(pool, restored.door)
        assert report is not None
        assert sorted((one.kind, one.tokens, one.state) for one in report.differences) == [
            ("foreign", -11, "proposed"),
            ("never_counted", 5, "proposed"),
            ("sent_again", 0, "settled"),
        ]
        for one in report.differences:
            if one.state == "proposed":
                await reconciliation.approve(pool, one.id)
        await restored.agree()
    finally:
        await pool.close()


async def _copy(server: Embedded, dsn: str) -> str:
    """Another database with the same rows; nobody may be connected while they are copied."""
    name = dsn.rpartition("?")[0].rpartition("/")[2]
    conn = await asyncpg.connect(server.dsn)
    try:
        for _ in range(100):
            await conn.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name
            )
            with contextlib.suppress(asyncpg.ObjectInUseError):
                await conn.execute(f"create database {name}_back template {name}")
                break
            await asyncio.sleep(0.05)
    finally:
        await conn.close()
    return server.database(f"{name}_back")


async def _same_customer(old: asyncpg.Pool, new: asyncpg.Pool) -> None:
    customer = await old.fetchval("select stripe_customer from billing.customers")
    await new.execute(
        "insert into billing.customers (account, stripe_customer) values ($1, $2)"
        " on conflict do nothing", ACCOUNT, customer,
    )  # fmt: skip


def _hour(**given: int) -> Hour:
    return Hour(account=ACCOUNT, event_name=METER, hour=datetime(2026, 11, 27, tzinfo=UTC), **given)


@pytest.mark.parametrize(
    ("hour", "counted", "kind", "correction"),
    [
        (_hour(told=8), 8, None, 0),
        (_hour(told=8, moving_rows=1), 8, None, 0),
        (_hour(told=8, moving_rows=1), 11, None, 0),
        (_hour(told=8, moving_rows=1, stale=4, stale_rows=1), 12, None, 0),
        (_hour(told=8), 9, "foreign", -1),
        (_hour(told=8), 7, "missing", 1),
        (_hour(told=8, corrected=-1), 7, None, 0),
        (_hour(told=8, stale=4, stale_rows=2), 12, "was_counted", 0),
        (_hour(told=8, stale=4, stale_rows=2), 8, "never_counted", 4),
        (_hour(told=8, stale=4, stale_rows=2), 14, "never_counted", -2),
        (_hour(told=8, stale=0, stale_rows=2), 8, "was_counted", 0),
        (_hour(told=8, fresh=4, fresh_rows=2, stale=4, stale_rows=1), 8, "sent_again", 0),
        (_hour(told=8, refused=2), 8, "refused", 0),
    ],
)
def test_judging_an_hour(hour: Hour, counted: int, kind: str | None, correction: int) -> None:
    found = judge(hour, counted)
    assert (found and found.kind) == kind
    if found is not None:
        assert found.correction == correction
