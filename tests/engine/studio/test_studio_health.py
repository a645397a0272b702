"""Whether a studio moves, and how its cluster asks."""

import asyncio
import time

import httpx
import pytest
from msgspec import structs

from api.ports import any_port
from engine.settings import StudioSettings
from engine.studio.health import Health
from engine.studio.watching import watched

LONG_AGO, NEVER = -1.0, 1e9  # seconds without a move after which work is stuck


def _settings(**ports: int) -> StudioSettings:
    return structs.replace(StudioSettings(database_url="", store=""), **ports)


def test_work_is_stuck_until_it_moves_or_ends() -> None:
    health = Health(LONG_AGO)
    health.moved("brf_a")
    assert health.stuck() == ["the event loop", "brf_a"]
    health.ended("brf_a")
    health.ended("brf_a")
    assert health.stuck() == ["the event loop"]


def test_work_that_says_nothing_may_take_longer() -> None:
    health = Health(LONG_AGO)
    health.moved("brf_a")
    health.moved("rnd_a", NEVER)
    assert health.stuck() == ["the event loop", "brf_a"]


def test_a_studio_that_moves_or_waits_is_healthy() -> None:
    health = Health(NEVER)
    assert health.stuck() == []
    health.moved("brf_a")
    assert health.stuck() == []


async def test_a_turning_event_loop_is_seen() -> None:
    health = Health(60)
    before = health._ticked
    ticking = asyncio.create_task(health.tick())
    await asyncio.sleep(0.01)
    ticking.cancel()
    assert before < health._ticked <= time.monotonic()


@pytest.mark.parametrize(
    ("health", "ready", "answers"),
    [
        (Health(NEVER), False, {"/healthz": 200, "/readyz": 503}),
        (Health(NEVER), True, {"/healthz": 200, "/readyz": 200}),
        (Health(LONG_AGO), True, {"/healthz": 503, "/readyz": 200}),
    ],
)
def test_probes_are_answered_on_every_named_port(
    health: Health, ready: bool, answers: dict[str, int]
) -> None:
    metrics, probes = any_port(), any_port()
    health.ready = ready
    with watched(_settings(metrics_port=metrics, health_port=probes), health):
        for port in (metrics, probes):
            door = f"http://127.0.0.1:{port}"
            assert {path: httpx.get(door + path).status_code for path in answers} == answers
            assert "studio_sessions" in httpx.get(door + "/metrics").text
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{probes}/healthz")


async def test_probes_are_answered_while_the_event_loop_hangs() -> None:
    port = any_port()
    with watched(_settings(metrics_port=port), Health(LONG_AGO)):
        answer = httpx.get(f"http://127.0.0.1:{port}/healthz")  # noqa: ASYNC210 - it is to hang
    assert answer.json() == {"stuck": ["the event loop"]}


def test_without_a_port_nobody_listens() -> None:
    with watched(_settings(), Health()):
        pass
