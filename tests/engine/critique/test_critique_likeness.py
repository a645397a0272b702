"""Candidates of one brief are kept apart."""

import msgspec

from engine.critique import likeness
from engine.score import Note, Part, Score


def transposed(score: Score, semitones: int) -> Score:
    parts = tuple(
        Part(
            plan=part.plan,
            notes=tuple(
                Note(n.start, n.length, n.pitch + semitones, n.velocity) for n in part.notes
            ),
        )
        for part in score.parts
    )
    plan = msgspec.structs.replace(score.plan, tonic=(score.plan.tonic + semitones) % 12)
    return Score(plan=plan, parts=parts)


def another(score: Score, number: int) -> Score:
    """The same plan with another lead instrument, and a lead that shares few notes."""
    lead = msgspec.structs.replace(score.parts[0].plan, program=73 + number)
    notes = tuple(
        Note(n.start + 120 * (number % 2), n.length, n.pitch + 3 * number, n.velocity)
        for n in score.parts[0].notes
    )
    plan = msgspec.structs.replace(score.plan, parts=(lead, *score.plan.parts[1:]))
    return Score(plan=plan, parts=(Part(plan=lead, notes=notes), *score.parts[1:]))


def test_a_score_is_wholly_like_itself(piece) -> None:
    assert likeness.likeness(piece(), piece()) == 1.0


def test_the_same_tune_in_another_key_is_the_same_tune(piece) -> None:
    assert likeness.likeness(piece(), transposed(piece(), 3)) == 1.0


def test_likeness_is_the_share_of_the_lead_in_common(piece) -> None:
    score = piece()
    notes = score.parts[0].notes
    half = len(notes) // 2
    changed = notes[:half] + tuple(
        Note(n.start, n.length, n.pitch + 5, n.velocity) for n in notes[half:]
    )
    other = Score(plan=score.plan, parts=(Part(plan=score.parts[0].plan, notes=changed),))
    assert abs(likeness.likeness(score, other) - half / len(notes)) < 0.01
    assert likeness.likeness(score, other) == likeness.likeness(other, score)


def test_a_score_without_a_lead_is_compared_by_its_comp(piece) -> None:
    score = piece()
    bare = Score(plan=score.plan, parts=score.parts[1:])
    assert likeness.likeness(bare, bare) == 1.0


def test_the_same_progression_under_the_same_lead_is_too_alike(piece) -> None:
    one = piece()
    other = another(one, 1)
    assert likeness.likeness(one, other) <= likeness.TOO_ALIKE
    assert not likeness.too_alike(one, other)
    same_lead = msgspec.structs.replace(other, plan=one.plan)
    assert likeness.too_alike(one, same_lead)


def test_ranking_offers_the_best_first_and_no_two_that_are_alike(piece) -> None:
    scores = [piece(), piece(), another(piece(), 1), another(piece(), 2)]
    order = likeness.rank(scores, [0.7, 0.9, 0.8, 0.6])
    assert order[0] == 1
    assert 0 not in order, "the copy of a better take is left out"
    assert set(order) == {1, 2, 3}


def test_what_is_like_something_already_kept_is_left_out(piece) -> None:
    scores = [piece(), another(piece(), 1)]
    assert likeness.rank(scores, [0.9, 0.5], beside=[transposed(piece(), 5)], wanted=1) == [1]


def test_ranking_is_the_same_every_time(piece) -> None:
    scores = [another(piece(), n) for n in range(4)]
    assert likeness.rank(scores, [0.5] * 4) == likeness.rank(scores, [0.5] * 4)
