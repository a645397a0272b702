"""A plan fetched, edited and sent back over HTTP through a real studio: one section changes."""

import io
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import mido
import pytest

from api.workbench import Workbench
from tests.flow.conftest import Customer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("flow")]

ASKED = {
    "prompt": "calm synthwave", "kind": "bed", "duration_ms": 24_000, "candidates": 1,
    "quality": "draft",
}  # fmt: skip
SEEDS = range(5, 11)
EARLY = 60
"""Ticks (480 to the quarter): a human hand may be so much before the bar line."""
Plan = dict[str, Any]
Notes = Counter[tuple[int, ...]]


def test_an_edited_section_changes_itself_alone(customer: Customer) -> None:
    tried = (_as_it_came_and_edited(customer, seed) for seed in SEEDS)
    found = next(filter(None, tried), None)
    assert found, "of none of these seeds all three were delivered"
    plan, before, after = found
    at = _one_that_stands_alone(plan)
    changed = [index for index, notes in enumerate(before) if after[index] != notes]
    assert changed == sorted(_followers(plan, at))
    assert len(changed) < len(before), "other sections are as they were"
    assert all(before), "and something plays in each of them"
    assert _pitch_classes(after[at]) != _pitch_classes(before[at]), "another harmony"
    assert after[at].total() != before[at].total(), "another density"


def _as_it_came_and_edited(
    customer: Customer, seed: int
) -> tuple[Plan, list[Notes], list[Notes]] | None:
    """A plan, its notes, and those of the same plan with one section edited; None where the music
    was no good, so that another take has its place. Which music is depends on the processor."""
    brief = {**ASKED, "seed": seed}
    asked = customer.door.post("/v1/plans", json=brief, headers={"prefer": "wait=60"})
    assert asked.status_code == 200, asked.text
    (plan,) = asked.json()["plans"]
    edited = _edited(plan, _one_that_stands_alone(plan))
    sent = {
        "as-it-came": brief,
        "sent-back": {**brief, "plan": plan},
        "edited": {**brief, "plan": edited},
    }
    made = {name: customer.send(body, f"{seed}-{name}") for name, body in sent.items()}
    candidates = {name: _only_candidate(customer, one) for name, one in made.items()}
    if any(one["plan"]["take"] != plan["take"] for one in candidates.values()):
        return None
    assert candidates["as-it-came"]["plan"] == plan, "what was shown is what is composed"
    before, again, after = (_notes(customer, one, plan) for one in candidates.values())
    assert again == before, "the same plan and seed are the same notes"
    return plan, before, after


def test_another_studio_plans_what_a_killed_one_had_begun(
    customer: Customer, house: Workbench, eventually: Callable[[Callable[[], Any], float], Any]
) -> None:
    studio = house.parts["studio"]
    asked = {**ASKED, "duration_ms": 600_000, "candidates": 10, "kind": "bed"}
    made = [customer.door.post("/v1/plans", json=asked).json()["id"] for _ in range(6)]
    eventually(lambda: any(_status(customer, one) == "running" for one in made), 60)
    studio.kill()
    orphans = [one for one in made if _status(customer, one) == "running"]
    assert orphans, "the studio died in the middle of a plan"
    studio.start()
    studio.wait_until_ready()
    for one in made:
        ended = customer.get(f"/v1/plans/{one}", wait=60)
        assert ended["status"] == "ready"
        assert ended["plans"]


def _status(customer: Customer, plans: str) -> str:
    return customer.get(f"/v1/plans/{plans}")["status"]


def _only_candidate(customer: Customer, brief: str) -> dict[str, Any]:
    ended = customer.ended(brief)
    assert ended["status"] == "succeeded", ended
    (line,) = ended["candidates"]
    return customer.get(f"/v1/candidates/{line['id']}")


def _notes(customer: Customer, candidate: dict[str, Any], plan: Plan) -> list[Notes]:
    """What every section of a candidate has on paper, after the pick."""
    named = candidate["id"]
    track = customer.post(f"/v1/candidates/{named}/pick", named).json()["track"]
    midi = customer.door.get(f"/v1/tracks/{track}/midi")
    return _by_section(mido.MidiFile(file=io.BytesIO(midi.content)), plan)


def _by_section(file: mido.MidiFile, plan: Plan) -> list[Notes]:
    """(track, channel, onset in its section, length, pitch, velocity) of each section's notes."""
    beats = {"4/4": 4, "3/4": 3, "6/8": 3, "12/8": 6}[plan["meter"]]
    bar = beats * file.ticks_per_beat
    starts = [0]
    for section in plan["sections"]:
        starts.append(starts[-1] + section["bars"] * bar)
    found: list[Notes] = [Counter() for _ in plan["sections"]]
    for number, onset, *rest in _played(file):
        inside = [index for index, start in enumerate(starts[:-1]) if onset + EARLY >= start]
        at = inside[-1]
        found[at][(number, onset - starts[at], *rest)] += 1
    return found


def _played(file: mido.MidiFile) -> Iterator[tuple[int, ...]]:
    for number, track in enumerate(file.tracks):
        now, open_notes = 0, dict[tuple[int, int], list[tuple[int, int]]]()
        for message in track:
            now += message.time
            if message.type == "note_on" and message.velocity:
                key = (message.channel, message.note)
                open_notes.setdefault(key, []).append((now, message.velocity))
            elif message.type in ("note_on", "note_off"):
                onset, velocity = open_notes[message.channel, message.note].pop(0)
                yield number, onset, now - onset, message.channel, message.note, velocity


def _one_that_stands_alone(plan: Plan) -> int:
    """A section that repeats no other, so that it may have chords of its own."""
    alone = [index for index, one in enumerate(plan["sections"]) if one["like"] is None]
    return alone[len(alone) // 2]


def _followers(plan: Plan, at: int) -> set[int]:
    found = {at}
    for index, section in enumerate(plan["sections"]):
        if section["like"] in found:
            found.add(index)
    return found


def _edited(plan: Plan, at: int) -> Plan:
    """The plan with other chords and another energy in one section."""
    section = plan["sections"][at]
    bars = " | ".join(("bII", "bV")[bar % 2] for bar in range(section["bars"]))
    energy = 6 if section["energy"] < 4 else 2
    other = {**section, "chords": bars, "energy": energy}
    return {**plan, "sections": [*plan["sections"][:at], other, *plan["sections"][at + 1 :]]}


def _pitch_classes(notes: Notes) -> Counter[int]:
    return Counter(pitch % 12 for *_, pitch, _ in notes)
