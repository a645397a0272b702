"""What people on call see of the clerk, from its own gauges and its own address."""

import asyncio
import time
from collections.abc import Iterator

import asyncpg
import httpx
import pytest
from prometheus_client import REGISTRY

from api.clerk import Desk, rounds, watching
from billing.ledger import service as ledger


def _value(metric: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(metric, labels)


async def test_a_row_that_breaks_a_promise_is_counted_until_it_is_mended(
    desk: Desk, postgres: str
) -> None:
    conn = await asyncpg.connect(postgres)
    await ledger.open_account(conn, "acc_a", "prepaid")
    await ledger.grant(conn, "acc_a", 100, "welcome")
    assert await watching.prove_ledger(desk) == 0
    assert _value("clerk_ledger_broken_promises") == 0
    await conn.execute("update billing.wallets set posted = posted + 1")
    assert await watching.prove_ledger(desk) > 0
    assert (_value("clerk_ledger_broken_promises") or 0) > 0
    await conn.execute("update billing.wallets set posted = posted - 1")
    await watching.prove_ledger(desk)
    assert _value("clerk_ledger_broken_promises") == 0
    await conn.close()


async def test_what_waits_is_counted_with_its_age(desk: Desk) -> None:
    await watching.count_waiting(desk)
    assert _value("clerk_work_waiting", work="stripe_event") == 0
    assert _value("clerk_work_oldest_seconds", work="stripe_event") == 0
    await desk.pool.execute(
        "insert into billing.stripe_inbox (event_id, type, body, received_at)"
        " values ('evt_1', 'x', '', now() - interval '1 hour'), ('evt_2', 'x', '', now())"
    )
    assert await watching.count_waiting(desk) == 2
    assert _value("clerk_work_waiting", work="stripe_event") == 2
    assert 3600 <= (_value("clerk_work_oldest_seconds", work="stripe_event") or 0) < 3700
    await desk.pool.execute("update billing.stripe_inbox set done_at = now()")
    assert await watching.count_waiting(desk) == 0
    assert _value("clerk_work_oldest_seconds", work="stripe_event") == 0


async def test_a_round_says_when_it_was_last_done_and_how_often_it_failed(desk: Desk) -> None:
    stop, turns = asyncio.Event(), 0

    async def falter(_: Desk) -> int:
        nonlocal turns
        turns += 1
        if turns == 1:
            rounds.DONE.labels("falter").set(5)
            return 0
        assert (_value("clerk_round_last_seconds", round="falter") or 0) > 5
        rounds.DONE.labels("falter").set(5)
        stop.set()
        raise RuntimeError("a row's own fault")

    before = time.time()
    await rounds.repeat(falter, desk, stop, 0.0)
    assert turns == 2
    assert _value("clerk_round_last_seconds", round="falter") == 5, "a fault is not done"
    assert _value("clerk_round_faults_total", round="falter") == 1
    assert _value("clerk_round_pause_seconds", round="falter") == 0.0
    await rounds.repeat(_done_at_once(stop := asyncio.Event()), desk, stop, 7.0)
    assert (_value("clerk_round_last_seconds", round="step") or 0) >= before


def _done_at_once(stop: asyncio.Event) -> rounds.Callable[[Desk], rounds.Awaitable[int]]:
    async def step(_: Desk) -> int:
        stop.set()
        return 0

    return step


class _Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
def address(clock: _Clock) -> Iterator[str]:
    server = watching.show(0, "127.0.0.1", watching.Pulse(clock))
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_clerk_that_hangs_says_so_beside_its_metrics(address: str, clock: _Clock) -> None:
    assert httpx.get(f"{address}/healthz").status_code == 200
    clock.now += watching.SILENT_S + 1
    assert httpx.get(f"{address}/healthz").status_code == 503
    shown = httpx.get(f"{address}/metrics")
    assert shown.status_code == 200
    assert "clerk_ledger_broken_promises" in shown.text


async def test_a_loop_that_turns_keeps_the_pulse() -> None:
    clock, stop = _Clock(), asyncio.Event()
    pulse = watching.Pulse(clock)
    clock.now += 90
    assert pulse.silent_s() == 90
    beating = asyncio.create_task(pulse.beat(stop))
    await asyncio.sleep(0)
    assert pulse.silent_s() == 0
    beating.cancel()
