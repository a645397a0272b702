"""A take that quotes a training work, or what another account has, is never offered, and every
candidate says what it shares."""

import pytest
from msgspec import structs

from engine.contracts import Brief, Resolved, RetractedTake
from engine.critique.originality import MOST_NOTES, Index, Runs, among, built, runs_of, steps_of
from engine.studio.rooms import Rooms
from engine.studio.session import Candidate, perform
from engine.studio.takes import Take, beside, compared, sheets, tunes, written
from engine.words import resolve

SEED = 11


def test_a_take_that_stands_in_a_training_work_is_retracted_with_the_reason(rooms: Rooms) -> None:
    brief = Brief(kind="bed", style="orchestral_tender", duration_ms=30_000, candidates=1)
    planned = sheets(resolve(brief, SEED), SEED, 0, 1, 1)
    (take,) = written(planned, SEED, rooms)
    assert take.quoted.original
    known = built([("ours/own.mid", [steps_of(line.notes) for line in take.lines])])
    (again,) = written(planned, SEED, structs.replace(rooms, training=known))
    assert again.lines == take.lines
    assert not again.verdict.kept
    assert again.quoted.longest_run >= MOST_NOTES
    assert any("of a training work (ours/own.mid)" in one for one in again.verdict.reasons)


def test_a_candidate_says_how_much_it_shares(rooms: Rooms, short: Resolved) -> None:
    offered = next(
        one for one in perform(short, SEED, rooms, label=str, tell=lambda _: None)
        if hasattr(one, "made")
    )  # fmt: skip
    said = dict(offered.made.provenance["originality"])
    elsewhere, alike = said.pop("delivered"), said.pop("brief")
    assert said == offered.take.quoted.facts()
    assert said["longest_run"] < said["limit"] == MOST_NOTES
    assert elsewhere == {"longest_run": 0, "distinct_intervals": 0, "limit": MOST_NOTES}
    assert alike == {"longest_run": 0, "distinct_intervals": 0}, "it is the first of its brief"


@pytest.fixture(scope="module")
def tuneful() -> Resolved:
    """A brief whose takes have leads of more than 12 notes."""
    brief = Brief(kind="bed", style="chiptune", duration_ms=12_000, candidates=2)
    return resolve(structs.replace(brief, quality="draft"), SEED)


@pytest.fixture(scope="module")
def takes(tuneful: Resolved, rooms: Rooms) -> list[Take]:
    """The first lap's takes, compared with nobody's."""
    return written(sheets(tuneful, SEED, 0, 1, 2), SEED, rooms)


def holding(*takes: Take):
    """What answers as if another account had licensed these takes; remembers that it was asked."""

    def others(asked: Runs) -> Index:
        others.asked.append(asked)
        return among(runs_of(line for take in takes for line in tunes(take)).keys)

    others.asked = []
    return others


def test_a_take_that_another_account_has_licensed_is_retracted_and_the_other_is_not(
    takes: list[Take],
) -> None:
    others = holding(takes[0])
    first, second = compared(takes, others, ())
    assert len(others.asked) == 1, "one question for the lap"
    assert not first.verdict.kept
    notes = len(steps_of(tunes(first)[0].notes)) + 1
    reason = f"its lead shares {notes} notes with a piece delivered earlier"
    assert first.verdict.reasons[-1] == reason
    assert second.verdict == takes[1].verdict
    assert second.shared.longest_run < MOST_NOTES
    assert (first.lines, first.seed) == (takes[0].lines, takes[0].seed)


def test_what_a_client_has_already_heard_is_not_taken_back(takes: list[Take]) -> None:
    first, _ = compared(takes, holding(takes[0]), {takes[0].number})
    assert first.verdict == takes[0].verdict
    assert first.shared.longest_run >= MOST_NOTES, "and its figure is told all the same"


def test_basses_and_drums_belong_to_nobody(takes: list[Take]) -> None:
    assert {line.role for take in takes for line in tunes(take)} <= {"lead", "counter"}
    bass = next(line for line in takes[0].lines if line.role == "bass")
    (again,) = compared(takes[:1], lambda _: among(runs_of([bass]).keys), ())
    assert again.shared.longest_run < MOST_NOTES
    assert again.verdict == takes[0].verdict


def test_the_next_take_comes_instead_of_one_that_is_held(
    tuneful: Resolved, rooms: Rooms, takes: list[Take]
) -> None:
    made = list(
        perform(tuneful, SEED, rooms, label=str, tell=lambda _: None, others=holding(takes[0]))
    )
    offered = [one for one in made if isinstance(one, Candidate)]
    assert [one.made.number for one in offered] == [1, 2]
    assert takes[0].number not in {one.made.take for one in offered}
    said = {one.take: one.reason for one in made if isinstance(one, RetractedTake)}
    assert "delivered earlier" in said[takes[0].number]
    alike = beside(offered[1].take, [offered[0].take])
    assert offered[1].made.provenance["originality"]["brief"] == alike.facts(limited=False)


def test_a_brief_whose_candidates_were_all_delivered_gets_no_further_one(
    tuneful: Resolved, rooms: Rooms, takes: list[Take]
) -> None:
    """As when what was held while they were made is not held any more."""
    before = list(
        perform(tuneful, SEED, rooms, label=str, tell=lambda _: None, others=holding(takes[0]))
    )
    done = {one.made.number: one.made.take for one in before if isinstance(one, Candidate)}
    again = perform(tuneful, SEED, rooms, label=str, tell=lambda _: None, done=done)
    assert not [one for one in again if isinstance(one, Candidate)]
