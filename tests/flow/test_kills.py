"""kill -9 of every process while a brief is made: nothing is lost, nothing comes or costs twice."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from api.ports import any_port
from api.workbench import Workbench
from billing.ledger import service as ledger

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("flow")]

BRIEF = {"prompt": "calm piano", "kind": "bed", "duration_ms": 9_000, "candidates": 3, "seed": 3}
AUDITION_TOKENS = 1
Eventually = Callable[[Callable[[], Any], float], Any]


@pytest.fixture(autouse=True)
def everything_runs(house: Workbench) -> Iterator[None]:
    """Whatever a test killed is started for the next one."""
    yield
    for part in house.parts.values():
        if not part.alive:
            part.start()
            part.wait_until_ready()


def _charged_once(customer: Any, brief: dict[str, Any]) -> None:
    """Each candidate appears once and cost its token once, in the ledger and at Stripe."""
    assert brief["status"] == "succeeded"
    numbers = [line["number"] for line in brief["candidates"]]
    assert numbers == list(range(1, BRIEF["candidates"] + 1))  # type: ignore[operator]
    usage = customer.get("/v1/usage")
    (spent,) = usage["spent"]
    assert (spent["sku"], spent["count"], spent["tokens"]) == ("audition", 3, 3 * AUDITION_TOKENS)
    balance = customer.get("/v1/balance")["balance"]
    assert (balance["posted"], balance["held"]) == (97, 0)
    assert customer.metered(3) == 3


def test_another_studio_finishes_what_a_killed_one_began(customer: Any, house: Workbench) -> None:
    brief, studio = customer.send(BRIEF), house.parts["studio"]
    before = customer.ready(brief, 1)
    assert before["finished_at"] is None, "the studio dies in the middle"
    studio.kill()
    heard = {line["id"] for line in customer.get(f"/v1/briefs/{brief}")["candidates"]}
    studio.start()
    ended = customer.ended(brief)
    assert ended["attempt"] >= 2
    assert heard <= {line["id"] for line in ended["candidates"]}, "what was heard stays"
    _charged_once(customer, ended)


def test_a_killed_gateway_takes_a_repeated_brief_for_the_same(
    customer: Any, house: Workbench, eventually: Eventually
) -> None:
    gateway = house.parts["gateway"]
    lost: list[Exception] = []

    def send() -> None:
        try:
            customer.post("/v1/briefs", "once", BRIEF, prefer="wait=60")
        except httpx.HTTPError as error:
            lost.append(error)

    waiting = threading.Thread(target=send)
    waiting.start()
    eventually(lambda: customer.get("/v1/briefs")["items"], 60)
    gateway.kill()
    waiting.join(60)
    assert lost, "the answer never came"
    gateway.start()
    gateway.wait_until_ready()
    again = customer.post("/v1/briefs", "once", BRIEF)
    assert again.status_code == 202
    (listed,) = customer.get("/v1/briefs")["items"]
    assert listed["id"] == again.json()["id"]
    _charged_once(customer, customer.ended(listed["id"]))


def test_a_killed_clerk_settles_the_rest_when_it_is_back(
    customer: Any, house: Workbench, eventually: Eventually
) -> None:
    brief, clerk = customer.send(BRIEF), house.parts["clerk"]
    customer.ready(brief, 1)
    clerk.kill()
    time.sleep(2)  # the studio goes on, and what it delivers waits
    assert customer.get(f"/v1/briefs/{brief}")["finished_at"] is None
    clerk.start()
    _charged_once(customer, customer.ended(brief))


async def test_after_all_of_this_the_ledger_still_adds_up(house: Workbench) -> None:
    conn = await asyncpg.connect(house.address.database_url)
    try:
        assert await ledger.violations(conn) == []
    finally:
        await conn.close()


def test_what_dies_is_started_again(house: Workbench, eventually: Eventually) -> None:
    clerk = house.parts["clerk"]
    before = clerk.pid
    clerk.kill()

    def back() -> bool:
        clerk.start_again_if_dead()
        return clerk.alive

    eventually(back, 30)
    assert clerk.pid != before
    clerk.wait_until_ready()


def test_a_second_owner_of_the_same_folder_is_refused(
    house: Workbench, surroundings: dict[str, str]
) -> None:
    refused = _cuesmith("dev", surroundings | {"CUESMITH_HOME": str(house.home)}).communicate()
    assert "is in use by process" in refused[1].decode()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_stopped_or_killed_owner_leaves_no_process(
    number: signal.Signals,
    folder: Path,
    surroundings: dict[str, str],
    eventually: Eventually,
    processes_of: Callable[[Path], list[int]],
) -> None:
    home = folder / f"owner-{number.name}"
    environ = surroundings | {"CUESMITH_HOME": str(home)}
    owner = _cuesmith("dev", environ, "--port", str(any_port()))
    eventually((home / "address.json").exists, 120)
    assert len(processes_of(home)) > 5, "the owner, Postgres and four parts"
    owner.send_signal(number)
    owner.wait(90)
    eventually(lambda: not processes_of(home), 60)
    if number == signal.SIGTERM:
        assert owner.returncode == 0
        assert not (home / "address.json").exists()


def _cuesmith(command: str, environ: dict[str, str], *arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "api.cli", command, *arguments], env=environ,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
