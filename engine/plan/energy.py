"""Energy: how full each section is, 1 to 7, by the brief's curve or by an arc with one climax."""

import itertools
import random
from collections.abc import Sequence

from engine.contracts import Resolved
from engine.plan.form import Block

CLIMAX = (0.6, 0.75)  # where a piece is fullest
# What moods add to an arc that nobody asked for.
_LIFTS = frozenset({"energetic", "epic", "upbeat"})
_CALMS = frozenset({"calm", "chill", "sad", "minimal"})
_LOOPS = ((0, 1, 0, 1), (0, 1, -1, 1), (0, 0, 1, 1), (0, 1, 1, 0))


def energies(
    resolved: Resolved, letters: Sequence[Block], most: int, dice: random.Random
) -> list[int]:
    """A rung of the ladder for each section. What is asked binds; ``most`` is as far as the style
    goes unasked."""
    if resolved.kind == "loop":
        arc = _flat(resolved, letters, most, dice)
    else:
        arc = _arc(resolved, letters, most, dice)
    return [
        _rung(block.energy)
        if block.energy is not None
        else _rung(along(resolved.energy, middle(letters, at)))
        if resolved.energy
        else arc[at]
        for at, block in enumerate(letters)
    ]


def along(curve: Sequence[tuple[float, float]], place: float) -> float:
    """The curve's height at a place of the piece, both 0-1."""
    points = sorted(curve)
    if place <= points[0][0]:
        return points[0][1]
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        if x0 <= place <= x1:
            return y0 + (y1 - y0) * ((place - x0) / (x1 - x0) if x1 > x0 else 1.0)
    return points[-1][1]


def middle(letters: Sequence[Block], at: int) -> float:
    """Where the middle of a section lies in the piece, 0-1."""
    total = sum(one.bars for one in letters)
    return (sum(one.bars for one in letters[:at]) + letters[at].bars / 2) / total


def _rung(share: float) -> int:
    return min(7, max(1, round(1 + 6 * share)))


def _lift(resolved: Resolved) -> int:
    moods = set(resolved.moods)
    return bool(moods & _LIFTS) - bool(moods & _CALMS)


def _flat(
    resolved: Resolved, letters: Sequence[Block], most: int, dice: random.Random
) -> list[int]:
    """A loop may be entered anywhere, so its energy stays within one rung of the middle."""
    base = min(most, 4 + _lift(resolved))
    turns = dice.choice(_LOOPS)
    rungs = [base + turns[at % len(turns)] for at in range(len(letters))]
    for at, block in enumerate(letters):
        if block.name.startswith("br"):
            rungs[at] = base - 1
    return [min(most, max(2, rung)) for rung in rungs]


def _arc(resolved: Resolved, letters: Sequence[Block], most: int, dice: random.Random) -> list[int]:
    """Rising to the climax, a breath where the form has one, home a little lower."""
    body = [at for at, one in enumerate(letters) if one.name[0] in "ABCD"]
    if not body:
        return [min(most, 3) for _ in letters]
    goal = dice.uniform(*CLIMAX)
    peak = min(body, key=lambda at: abs(middle(letters, at) - goal))
    top = min(most, dice.choice((5, 6, 6)) + max(0, _lift(resolved)))
    start = min(top - 1, dice.choice((3, 4)) + min(0, _lift(resolved)))
    rungs = [0] * len(letters)
    for at in body:
        if at <= peak:
            share = body.index(at) / max(1, body.index(peak))
            rungs[at] = round(start + (top - start) * (share if body[0] != peak else 1.0))
        else:
            rungs[at] = max(start, top - 1)
    last_a, first_a = (pick((at for at in body if letters[at].name[0] == "A"), default=-1)
                       for pick in (max, min))  # fmt: skip
    if last_a not in (first_a, -1):  # the last A is never the plainest
        rungs[last_a] = max(rungs[last_a], min(most, rungs[first_a] + 1))
    for at, block in enumerate(letters):
        before = rungs[at - 1] if at else start
        if block.name.startswith("i"):
            rungs[at] = max(1, start - dice.choice((1, 2)))
        elif block.name == "br":
            rungs[at] = max(1, before - 2)
        elif block.name.startswith("br"):
            rungs[at] = min(most, max(3, before))
        elif block.name[0] == "e":
            # Not so low that the melody could not say the last word.
            rungs[at] = max(min(3, before), before - dice.choice((1, 2)))
    return [min(7, max(1, rung)) for rung in rungs]
