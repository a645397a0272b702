"""A take that quotes a training work is never offered, and every candidate says what it shares."""

from msgspec import structs

from engine.contracts import Brief, Resolved
from engine.critique.originality import MOST_NOTES, built, steps_of
from engine.studio.rooms import Rooms
from engine.studio.session import perform
from engine.studio.takes import sheets, written
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
    said = offered.made.provenance["originality"]
    assert said == offered.take.quoted.facts()
    assert said["longest_run"] < said["limit"] == MOST_NOTES
