"""Music for the console's tests, made once for all of them: short, few, of every kind."""

import os
from functools import cache
from typing import Any

from playwright.sync_api import expect

from tests.console.conftest import Bench, until

# Five seconds, Playwright's own patience, would make these tests of how busy the machine is.
expect.set_options(timeout=60_000)

Piece = dict[str, Any]


@cache
def bed(bench: Bench) -> Piece:
    """Two beds of six seconds, for which nobody asked for stems."""
    return _candidates(bench, "/v1/briefs", prompt="calm piano", kind="bed", duration_ms=6000,
                       candidates=2, seed=5)  # fmt: skip


@cache
def loop(bench: Bench) -> Piece:
    """Two loops of eight bars with their stems; the first is licensed."""
    made = _candidates(bench, "/v1/briefs", prompt="retro synths", kind="loop", bars=4, bpm=160,
                       candidates=2, seed=7, stems=["all"])  # fmt: skip
    return {**made, "license": pick(bench, made["candidates"][0]["id"])}


@cache
def family(bench: Bench) -> Piece:
    """Two candidates of three cabin sounds, one of which is a loop."""
    return _candidates(bench, "/v1/families", brand={"warm": 0.6}, tonic="D", candidates=2, seed=3,
                       functions=["door_open", "door_close", "charging"],
                       limits={"charging": {"duration_ms": 6000}})  # fmt: skip


def fresh(bench: Bench) -> Piece:
    """Two stings that only the test that asks for them picks from."""
    return _candidates(bench, "/v1/briefs", prompt="bright sting", kind="sting", duration_ms=2000,
                       candidates=2)  # fmt: skip


def pick(bench: Bench, candidate: str) -> str:
    """The license of a candidate."""
    headers = {"idempotency-key": os.urandom(8).hex()}
    answer = bench.door.post(f"/v1/candidates/{candidate}/pick", headers=headers)
    assert answer.is_success, answer.text
    return answer.json()["id"]


def _candidates(bench: Bench, where: str, **asked: Any) -> Piece:
    headers = {"idempotency-key": os.urandom(8).hex()}
    answer = bench.door.post(where, json=asked, headers=headers)
    assert answer.status_code == 202, answer.text
    here = f"{where}/{answer.json()['id']}"
    view = until(lambda: _over(bench, here))
    assert len(view["candidates"]) == asked["candidates"], view
    candidates = [bench.get(f"/v1/candidates/{one['id']}") for one in view["candidates"]]
    return {"id": view["id"], "view": view, "candidates": candidates}


def _over(bench: Bench, here: str) -> Any:
    view = bench.get(here)
    return view if view["finished_at"] else None
