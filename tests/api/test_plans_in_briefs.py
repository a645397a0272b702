"""A plan that comes back in a brief over HTTP: it binds, or every wrong place in it is named."""

import contextlib
import copy
import random
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.contracts import Brief, Outline
from engine.studio.takes import outlines
from engine.words import resolve
from tests.api.conftest import Client, Door
from tests.api.studio import make_and_settle

ASKED = {"prompt": "warm lo-fi beat", "kind": "bed", "duration_ms": 24_000, "candidates": 1}
Plan = dict[str, Any]


@cache
def _planned() -> bytes:
    resolved = resolve(msgspec.convert(ASKED, Brief), 7)
    return msgspec.json.encode(outlines(resolved, 7)[0])


@pytest.fixture
def plan() -> Plan:
    """A plan as the studio makes it."""
    return msgspec.json.decode(_planned())


def _edited(plan: Plan, path: str, value: Any) -> Plan:
    """The plan with something else at a JSON pointer; `...` takes away what is there."""
    made = copy.deepcopy(plan)
    *steps, last = path.strip("/").split("/")
    place: Any = made
    for step in steps:
        place = place[int(step) if isinstance(place, list) else step]
    key = int(last) if isinstance(place, list) else last
    if value is ...:
        del place[key]
    else:
        place[key] = value
    return made


async def test_a_plan_decides_what_the_brief_leaves_open(client: Client, plan: Plan) -> None:
    quoted = (await client.post("/v1/quotes", {"plan": plan, "candidates": 2})).json()
    assert (quoted["resolved"]["duration_ms"], quoted["audition_tokens"]) == (24_000, 2)
    longer = {**plan, "duration_ms": 24_100}
    assert (await client.post("/v1/quotes", {"plan": longer})).json()["resolved"][
        "duration_ms"
    ] == 24_100
    taken = await client.brief({"plan": plan, "candidates": 1, "quote": None, "seed": 7})
    assert taken.status_code == 202, taken.text
    resolved = taken.json()["resolved"]
    assert (resolved["kind"], resolved["style"]) == (plan["kind"], plan["style"])
    assert (resolved["bpm"], resolved["tonality"]) == (plan["tempo"], plan["tonality"])
    assert resolved["plan"] == taken.json()["request"]["plan"] == plan


# What is changed in a plan, where the answer must point, and with which code.
WRONG: list[tuple[str, str, Any, str, str]] = [
    ("an unknown field", "/sections/0/foo", 1, "/plan/sections/0/foo", "unknown_field"),
    ("an unknown field of the whole", "/mood", "sad", "/plan/mood", "unknown_field"),
    ("a missing field", "/tempo", ..., "/plan/tempo", "missing"),
    ("a wrong type", "/sections/0/bars", "four", "/plan/sections/0/bars", "wrong_type"),
    ("no plan at all", "/sections", {}, "/plan/sections", "wrong_type"),
    ("0 bars", "/sections/0/bars", 0, "/plan/sections/0/bars", "out_of_range"),
    ("no sections", "/sections", [], "/plan/sections", "too_few"),
    ("no players", "/parts", [], "/plan/parts", "too_few"),
    ("a section's unknown name", "/sections/0/name", "chorus", "/plan/sections/0/name",
     "bad_format"),
    ("energy beyond the ladder", "/sections/0/energy", 8, "/plan/sections/0/energy",
     "out_of_range"),
    ("an unknown role", "/sections/0/roles", ["kazoo"], "/plan/sections/0/roles/0", "not_one_of"),
    ("bars that the chords do not have", "/sections/0/bars", 64, "/plan/sections/0/chords",
     "contradiction"),
    ("an unknown chord", "/sections/0/chords", "H | % | % | %", "/plan/sections/0/chords",
     "unknown_chord"),
    ("an unknown suffix", "/sections/0/chords", "Vmaj12", "/plan/sections/0/chords",
     "unknown_chord"),
    ("an unknown instrument", "/parts/0/instrument", "zither-o-tron", "/plan/parts/0/instrument",
     "unknown_instrument"),
    ("a note beyond the keyboard", "/parts/0/high", 128, "/plan/parts/0/high", "out_of_range"),
    ("a third velocity", "/parts/0/velocity", [1, 2, 3], "/plan/parts/0/velocity", "too_many"),
    ("an unknown style", "/style", "polka-core", "/plan/style", "unknown_style"),
    ("an unknown tonality", "/tonality", "H minor", "/plan/tonality", "unknown_tonality"),
    ("an unknown ending", "/ending", "bang", "/plan/ending", "not_one_of"),
    ("a bed with a loop's ending", "/ending", "turnaround", "/plan/ending", "contradiction"),
    ("a hit after the end", "/hits", [{"at_ms": 599_999}], "/plan/hits/0/at_ms", "out_of_range"),
    ("like a later section", "/sections/0/like", 9, "/plan/sections/0/like", "out_of_order"),
    ("a length the bars do not have", "/duration_ms", 300_000, "/plan/duration_ms",
     "contradiction"),
    ("a kind that has no plan", "/kind", "sting", "/plan/kind", "contradiction"),
    ("an unknown pattern", "/sections/0/patterns", ["groove.polka"],
     "/plan/sections/0/patterns/0", "unknown_pattern"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "path", "value", "pointer", "code"), WRONG,
                         ids=[one[0] for one in WRONG])  # fmt: skip
async def test_a_wrong_plan_is_refused_with_its_place_and_what_would_be_accepted(
    client: Client, plan: Plan, what: str, path: str, value: Any, pointer: str, code: str
) -> None:
    body = {**ASKED, "plan": _edited(plan, path, value)}
    for answer in (
        await client.brief(body),
        await client.post("/v1/plans", body),
        await client.post("/v1/quotes", body),
    ):
        assert answer.status_code == 422, what
        found = {(one["pointer"], one["code"]): one for one in answer.json()["errors"]}
        assert (pointer, code) in found, answer.json()["errors"]
        wrong = found[pointer, code]
        assert wrong["detail"]
        assert wrong["limit"] not in (None, [], {}) or code == "missing" or path.endswith("like")
    assert await client.available() == 1000


async def test_every_wrong_place_of_a_plan_is_told_at_once(client: Client, plan: Plan) -> None:
    shaped = _edited(_edited(plan, "/sections/0/foo", 1), "/parts/0/pan", 101)
    refused = await client.brief({**ASKED, "plan": shaped, "bpm": 0})
    pointers = {one["pointer"] for one in refused.json()["errors"]}
    assert pointers == {"/plan/sections/0/foo", "/plan/parts/0/pan", "/bpm"}
    meant = _edited(_edited(plan, "/sections/0/chords", "H"), "/parts/0/instrument", "kazoo-o")
    refused = await client.brief({**ASKED, "plan": meant})
    pointers = {one["pointer"] for one in refused.json()["errors"]}
    assert {"/plan/sections/0/chords", "/plan/parts/0/instrument"} <= pointers


@pytest.mark.parametrize(
    ("fields", "pointers"),
    [
        ({"bpm": 61}, {"/plan/tempo", "/bpm"}),
        ({"style": "rock"}, {"/plan/style", "/style"}),
        ({"kind": "loop"}, {"/plan/kind", "/kind"}),
        ({"duration_ms": 25_000}, {"/plan/duration_ms", "/duration_ms"}),
        ({"bars": 3}, {"/plan/sections", "/bars"}),
        ({"meter": "12/8"}, {"/plan/meter", "/meter"}),
        ({"tonality": "F# locrian"}, {"/tonality"}),
        ({"hits": [{"at_ms": 12_345}]}, {"/plan/hits", "/hits"}),
        ({"sections": [{"name": "A", "bars": 2}]}, {"/plan/sections", "/sections"}),
        ({"energy": [[0, 0.2], [1, 0.9]]}, {"/plan/sections", "/energy"}),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_a_field_that_says_otherwise_than_the_plan_is_refused_with_both_places(
    client: Client, plan: Plan, fields: dict[str, Any], pointers: set[str]
) -> None:
    answer = await client.brief({**ASKED, "plan": plan, **fields})
    assert answer.status_code == 422
    assert pointers <= {one["pointer"] for one in answer.json()["errors"]}
    assert await client.available() == 1000


async def test_a_stem_that_no_part_of_the_plan_plays_is_refused_with_those_there_are(
    client: Client, plan: Plan
) -> None:
    groups = {"lead": "lead", "bass": "bass", "drums": "drums"}
    there = next(group for role, group in groups.items()
                 if any(part["role"] == role for part in plan["parts"]))  # fmt: skip
    asked = {"plan": plan, "stems": [there, "bagpipe", "all"]}
    answer = await client.post("/v1/quotes", asked)
    (reason,) = answer.json()["errors"]
    assert (answer.status_code, reason["pointer"]) == (422, "/stems/1")
    assert {there, "all"} <= set(reason["limit"])
    kept = await client.post("/v1/quotes", {"plan": plan, "stems": [there, "all"]})
    assert kept.status_code == 200, kept.text


async def test_a_plan_full_of_mistakes_gets_a_short_answer(client: Client, plan: Plan) -> None:
    chords = " ".join(f"x{number}" for number in range(1200))
    sections = [{**plan["sections"][0], "chords": chords} for _ in range(20)]
    refused = await client.brief({**ASKED, "plan": {**plan, "sections": sections}})
    assert refused.status_code == 422
    assert len(refused.json()["errors"]) == 20
    assert len(refused.content) < 64_000
    assert "more" in refused.json()["detail"]


async def test_plans_come_from_the_studio_and_go_back_into_a_brief(
    client: Client, door: Door
) -> None:
    asked = {**ASKED, "candidates": 2, "seed": 7}
    made = (await client.post("/v1/plans", asked)).json()["id"]
    await make_and_settle(door.pool, door.store)
    ready = (await client.get(f"/v1/plans/{made}")).json()
    assert (ready["status"], len(ready["plans"])) == ("ready", 2)
    first, second = (msgspec.convert(one, Outline) for one in ready["plans"])
    assert first != second
    for plan in ready["plans"]:
        back = (await client.post("/v1/plans", {"plan": plan, "seed": 7, "prompt": "x"})).json()
        await make_and_settle(door.pool, door.store)
        (kept,) = (await client.get(f"/v1/plans/{back['id']}")).json()["plans"]
        assert {**kept, "planner": plan["planner"]} == plan, "a plan that is given is kept"


async def test_capabilities_list_what_a_plan_is_made_of(client: Client, plan: Plan) -> None:
    may = (await client.get("/v1/capabilities")).json()["accepts"]["plans"]
    for part in plan["parts"]:
        kind = part["role"] if part["role"] in ("drums", "fx") else "pitched"
        assert part["instrument"] in may["instruments"][kind]
        assert part["role"] in may["roles"]
    assert {section["name"].rstrip("'") for section in plan["sections"]} <= set(may["sections"])
    assert {one for section in plan["sections"] for one in section["patterns"]} <= set(
        may["patterns"][plan["style"]]
    )
    assert plan["ending"] in may["endings"]
    assert {"degrees", "suffixes", "basses"} <= set(may["chords"])


async def test_a_candidates_plan_can_be_sent_back(client: Client, door: Door) -> None:
    brief = (await client.brief({**ASKED, "quality": "draft", "seed": 7})).json()["id"]
    await make_and_settle(door.pool, Path(door.store))
    (line,) = (await client.get(f"/v1/briefs/{brief}")).json()["candidates"]
    candidate = (await client.get(f"/v1/candidates/{line['id']}")).json()
    quote = await client.post("/v1/quotes", {"plan": candidate["plan"], "seed": 7})
    assert quote.status_code == 200, quote.text
    picked = await client.post(
        f"/v1/candidates/{line['id']}/pick", headers={"idempotency-key": "pick"}
    )
    track = (await client.get(f"/v1/tracks/{picked.json()['track']}")).json()
    assert track["plan"] == candidate["plan"]
    await door.pool.execute("update api.candidates set made = made - 'outline'")
    old = (await client.get(f"/v1/candidates/{line['id']}")).json()
    assert old["plan"] is None, "a candidate from before plans could be read"


_ODD: tuple[Any, ...] = (
    None, True, -1, 0, 1, 7, 127, 400, 10**6, 2**63, 1e308, 0.5, 3.99, "", " ", "%", "|", "I |",
    "I | %", "bVImaj7/3 V7/p5", "i i i i i i i i i i i i i i i i", "H", "A", "A'", "e", "br",
    "drums", "lead", "Grand piano", "ep_tine", "kit_808", "Jazz kit", "min 5:16", "maj r:4", "3/4",
    "12/8", "loop", "chime", "bed", "C gong", "f♯ minor", "\u2028", "夜", [], {}, [1], ["lead"],
    [1, 127], [127, 1], [{"at_ms": 0}], [{"at_ms": 8000}],
)  # fmt: skip


def _places(value: Any, at: str = "") -> list[str]:
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = [f"{at}/{key}" for key, _ in inner]
    for place, child in list(zip(found, value.values() if isinstance(value, dict) else value,
                                 strict=True)):  # fmt: skip
        if isinstance(child, (dict, list)):
            found += _places(child, place)
    return found


def _other(plan: Plan, place: str, dice: random.Random) -> Any:
    """Something else for a place: half the time near what is there, else anything at all."""
    value: Any = plan
    for step in place.strip("/").split("/"):
        value = value[int(step) if isinstance(value, list) else step]
    if dice.random() < 0.5:
        return dice.choice((*_ODD, ...))
    if place.endswith("/chords"):
        symbols = ("i", "bVImaj7", "V7/3", "ii V7", "%", "IV/p5", "#ivm7b5", "vii")
        return " | ".join(["I", *dice.choices(symbols, k=value.count("|"))])
    if isinstance(value, list):
        return value[: dice.randint(1, len(value))] if value else value
    if isinstance(value, (int, float)):
        return value + dice.choice((-12, -3, -1, 1, 2, 5))
    return dice.choice([one for one in _ODD if isinstance(one, type(value))])


async def test_no_edit_of_a_plan_finds_a_fault_and_what_is_taken_can_be_planned(
    client: Client, plan: Plan
) -> None:
    dice, taken, refused = random.Random(7), 0, 0
    places = _places(plan)
    for _ in range(400):
        edited = plan
        for place in dice.sample(places, dice.choice((1, 1, 2, 3))):
            with contextlib.suppress(KeyError, IndexError, TypeError):  # its parent is gone
                edited = _edited(edited, place, _other(edited, place, dice))
        body = {"plan": edited, "candidates": 1}
        answer = await client.post("/v1/quotes", body)
        if answer.status_code == 200:
            taken += 1
            brief = msgspec.convert(body, Brief)
            (kept,) = outlines(resolve(brief, 7), 7)
            assert msgspec.to_builtins(kept.sections) == msgspec.to_builtins(brief.plan.sections)  # type: ignore[union-attr]
        else:
            refused += 1
            assert answer.status_code == 422, (edited, answer.text)
            assert answer.json()["errors"], (edited, answer.text)
            assert all(one["pointer"] for one in answer.json()["errors"])
    assert taken > 20
    assert refused > 200
