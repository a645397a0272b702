"""What people decided on the way to a license, as its certificate tells it.

Whether music can be protected depends in many countries on what a person did of it. So the
certificate has a log: the brief with what it fixed, the plan that the client gave, what was picked
before and what is picked now, each with its time. The client's words are there as digests, with
which he proves them, unless he asks for them in plain text. Nobody reads words from a digest; but
whoever guesses them, as one can a few common words or a plan's section, sees that he is right: the
digests are plain SHA-256, so that anybody can check them.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from engine.contracts import Brief, FamilyBrief, Outline

ASIDE = frozenset(
    {"prompt", "seed", "candidates", "plan", "quote", "max_tokens", "lane", "deadline_s", "project",
     "customer_ref", "metadata", "rights", "marking", "model", "quality"}
)  # fmt: skip
"""Fields of a brief that decide nothing of the music, or are told on their own."""


class Choice(Struct, frozen=True, kw_only=True):
    """A candidate of the brief that was offered; ``licensed_at`` when it was picked."""

    number: int
    licensed_at: datetime | None


def told(
    request: Brief | FamilyBrief,
    asked_at: datetime,
    choices: Sequence[Choice],
    picked: int,
    now: datetime,
    *,
    plainly: bool,
) -> dict[str, Any]:
    """What the client decided, and the log of it in the order in which it happened."""
    # Whole seconds, as a license's own time has them; so they stay in order.
    began = asked_at.replace(microsecond=0)
    log = [*_asked(request, began, plainly=plainly), *_chosen(choices, picked, now)]
    return {**_words(request), "picked_number": picked, "log": msgspec.to_builtins(log)}


def _words(request: Brief | FamilyBrief) -> dict[str, str]:
    if isinstance(request, Brief):
        return {"words_sha256": hashlib.sha256(request.prompt.encode()).hexdigest()}
    return {"request_sha256": _digest(request)}


def _asked(
    request: Brief | FamilyBrief, at: datetime, *, plainly: bool
) -> Iterator[dict[str, Any]]:
    fixed = _fixed(request)
    brief: dict[str, Any] = {"at": at, "did": "brief", **_words(request), "fixed": sorted(fixed)}
    if plainly:
        words = {"words": request.prompt} if isinstance(request, Brief) else {}
        brief |= words | {"asked": fixed}
    yield brief
    if isinstance(request, Brief) and request.plan is not None:
        yield {"at": at, "did": "plan", **_plan(request.plan, plainly=plainly)}


def _fixed(request: Brief | FamilyBrief) -> dict[str, Any]:
    """What the client did not leave to us, by the names of its fields."""
    usual = type(request)()
    return {
        name: msgspec.to_builtins(getattr(request, name))
        for name in request.__struct_fields__
        if name not in ASIDE and getattr(request, name) != getattr(usual, name)
    }


def _plan(plan: Outline, *, plainly: bool) -> dict[str, Any]:
    """A plan that the client gave. The sections' digests are there so that whoever has the plan
    as we drew it can show which of them were edited."""
    sections = [
        {"name": one.name, "bars": one.bars, "sha256": _digest(one)} for one in plan.sections
    ]
    said = {"plan_sha256": _digest(plan), "take": plan.take, "sections": sections}
    return said | ({"plan": msgspec.to_builtins(plan)} if plainly else {})


def _chosen(choices: Sequence[Choice], picked: int, now: datetime) -> Iterator[dict[str, Any]]:
    offered = len(choices)
    before = [one for one in choices if one.licensed_at is not None and one.number != picked]
    for one in sorted(before, key=lambda one: (one.licensed_at or now, one.number)):
        yield {"at": one.licensed_at, "did": "pick", "number": one.number, "offered": offered}
    yield {"at": now, "did": "pick", "number": picked, "offered": offered}


def _digest(value: Any) -> str:
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()
