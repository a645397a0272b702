"""How alike two scores are to the ear, and the order in which takes are offered."""

from collections.abc import Sequence
from math import inf

from engine.contracts import Plan
from engine.critique import reading
from engine.score import Score

TOO_ALIKE = 0.5
"""Two candidates of a brief share at most this much of their leads."""

FEWEST_NOTES = 6
"""A lead of fewer notes is no tune: there another instrument makes it another one."""

FEWEST_CHORDS = 4
"""Fewer chords than these are not a progression to be known by."""

CLOSE_COST = 0.25
"""Rating a take must have over another to be preferred although it is closer to the chosen."""


def likeness(one: Score, other: Score) -> float:
    """Share of the leads' (onset, pitch) pairs in common, of the shorter lead; 1 with itself.

    Pitches are taken as written and also relative to the tonic, whichever is more alike: the same
    tune in another key is the same tune. Without a lead in both, the comp is compared instead.
    """
    pairs = [(_pairs(score, absolute=absolute) for score in (one, other)) for absolute in (1, 0)]
    return max(_overlap(*both) for both in pairs)


def _pairs(score: Score, *, absolute: int) -> set[tuple[int, int]]:
    line = reading.role_of(score, "lead") or reading.role_of(score, "comp")
    line = line or reading.sorted_by_start([n for part in score.parts for n in part.notes])
    shift = 0 if absolute else score.plan.tonic
    return {(round(note.start / reading.GRAIN), note.pitch - shift) for note in line}


def _overlap(one: set[tuple[int, int]], other: set[tuple[int, int]]) -> float:
    fewer = min(len(one), len(other))
    if fewer == 0:
        return 1.0 if not one and not other else 0.0
    return len(one & other) / fewer


def same_frame(one: Plan, other: Plan) -> bool:
    """Whether two plans have the same progression under the same lead instrument.

    A few seconds hold two or three chords; those make no progression that could be told again,
    and there the notes of the lead decide alone.
    """
    if min(len(one.chords), len(other.chords)) < FEWEST_CHORDS:
        return False
    return _progression(one) == _progression(other) and _lead(one) == _lead(other)


def _progression(plan: Plan) -> tuple[tuple[int, int, str], ...]:
    # Degrees, not letters: transposing a progression does not make another one.
    return tuple((chord.at, (chord.root - plan.tonic) % 12, chord.symbol) for chord in plan.chords)


def _lead(plan: Plan) -> tuple[int, str | None] | None:
    return next(((part.program, part.patch) for part in plan.parts if part.role == "lead"), None)


def too_alike(one: Score, other: Score) -> bool:
    """Whether a client would say: that is the same one again."""
    if one.plan.kind == "chime":
        return likeness(one, other) > 0.9
    if one.plan.kind == "ambience":
        return one.plan.contour == other.plan.contour and one.plan.parts == other.plan.parts
    alike = likeness(one, other) > TOO_ALIKE
    if _few_notes(one) and _few_notes(other):
        return alike and _lead(one.plan) == _lead(other.plan)
    return alike or same_frame(one.plan, other.plan)


def _few_notes(score: Score) -> bool:
    return len(_pairs(score, absolute=1)) < FEWEST_NOTES


def rank(
    scores: Sequence[Score],
    ratings: Sequence[float],
    *,
    beside: Sequence[Score] = (),
    wanted: int | None = None,
) -> list[int]:
    """Indices of the takes in the order they are offered, best and most different first.

    A take too alike one ranked before it, or one of ``beside``, is left out. After ``wanted``
    places the rest, the reserve, follows by rating and distance in the same way.
    """
    order: list[int] = []
    chosen = list(beside)
    left = [at for at in range(len(scores)) if not _repeats(scores[at], chosen)]
    while left:
        reserve = wanted is not None and len(order) >= wanted
        best = max(left, key=lambda at: (_worth(scores[at], ratings[at], chosen, reserve), -at))
        order.append(best)
        chosen.append(scores[best])
        left = [at for at in left if at != best and not _repeats(scores[at], [scores[best]])]
    return order


def _repeats(score: Score, chosen: Sequence[Score]) -> bool:
    return any(too_alike(score, other) for other in chosen)


def _worth(score: Score, rating: float, chosen: Sequence[Score], reserve: bool) -> float:
    if reserve or not chosen:
        return rating
    closest = max((likeness(score, other) for other in chosen), default=-inf)
    return rating - CLOSE_COST * closest
