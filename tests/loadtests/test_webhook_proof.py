"""The bench of webhooks finds what it is there to find: each fault, planted by hand."""

import json
from typing import Any

from loadtests.bench_webhooks import lost, unordered
from loadtests.endpoints import Came, Endpoint

PLACES = {"evt_1": 1, "evt_2": 2, "evt_3": 3}
DUE = [[("candidate.ready", "cand_1"), ("candidate.ready", "cand_2"), ("brief.succeeded", "brf_1")]]


def _said(message: str, kind: str, *, taken: bool = True, **facts: Any) -> Came:
    told = {"type": kind, "data": {"brief": "brf_1", **facts}}
    return Came(message, json.dumps(told).encode(), taken)


FIRST = _said("evt_1", "candidate.ready", candidate="cand_1", number=1)
SECOND = _said("evt_2", "candidate.ready", candidate="cand_2", number=2)
END = _said("evt_3", "brief.succeeded", status="succeeded")


def _faults(*came: Came) -> list[str]:
    one = Endpoint("acc_1", "good", 1)
    one.came = list(came)
    return [*lost(one, DUE), *unordered(one, PLACES)]


def test_everything_once_or_again_in_order_is_no_fault() -> None:
    assert _faults(FIRST, SECOND, END) == []
    refused = _said("evt_1", "candidate.ready", taken=False, candidate="cand_1", number=1)
    assert _faults(refused, FIRST, FIRST, SECOND, END, END) == []


def test_what_never_came_or_was_never_taken_is_found() -> None:
    assert _faults(FIRST, END) == ["good never got candidate.ready of cand_2"]
    refused = _said("evt_3", "brief.succeeded", taken=False, status="succeeded")
    assert _faults(FIRST, SECOND, refused) == ["good never got brief.succeeded of brf_1"]


def test_another_order_other_bytes_and_another_id_are_found() -> None:
    assert len(_faults(FIRST, END, SECOND)) == 1
    assert len(_faults(FIRST, SECOND, FIRST, END)) == 1
    other = _said("evt_2", "candidate.ready", candidate="cand_2", number=2, rating=1)
    assert "good: evt_2 changed" in _faults(FIRST, SECOND, other, END)
    again = _said("evt_3", "candidate.ready", candidate="cand_2", number=2)
    assert _faults(FIRST, SECOND, again, END) == [
        "good got candidate.ready of cand_2 under 2 ids",
        "good: evt_3 changed",
    ]
