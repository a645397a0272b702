"""How far music is from people's, in histograms: Jensen-Shannon divergences, beside people's own.

Two sets of works by people differ too. So the works are parted at random again and again: what the
model wrote under the plans of one half is compared with people's other half, and so is people's
first half, which is as large. 1 is what people have among themselves.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
from msgspec import Struct

from engine.compose.cast import LINES
from engine.compose.codes import GRID, TICKS_PER_UNIT
from engine.contracts import Plan
from engine.critique import reading
from engine.score import Line, Note, bar_ticks, beat_ticks
from engine.workshop.excerpts import BARS

WIDEST = 13  # semitones
LONGEST = 4 * GRID  # units; longer notes count as these
ROUNDS = 200
_LEAST = 1e-9  # bits, so that nobody is divided by nothing

Piece = tuple[Plan, Sequence[Line]]
_Bins = Counter[object]


class Distance(Struct, frozen=True, kw_only=True):
    """One histogram of one role, or of ``all``: divergences in bits, and the model's share of
    people's with its 5th and 95th percentile over the partings."""

    histogram: str
    role: str
    model: float
    people: float
    ratio: float
    low: float
    high: float


def distances(
    model: Sequence[Piece], people: Sequence[Piece], works: Sequence[int], seed: int
) -> list[Distance]:
    """Every histogram, of lead, bass and counter together and of each alone.

    People's inner voices are left out: a plan that describes an excerpt asks for none.
    ``model`` was written under the plans of ``people``, one by one; ``works`` says which excerpts
    are of one work, so that none stands on both sides.
    """
    halves = list(_partings(works, seed))
    found = []
    for name, bins_of in HISTOGRAMS.items():
        roles = ("all",) if name == "vertical" else ("all", *LINES)
        for role in roles:
            asked = LINES if role == "all" else (role,)
            both = _table([bins_of(*piece, asked) for piece in (*model, *people)])
            one = _compared(both[: len(model)], both[len(model) :], halves)
            if one is not None:
                found.append(_distance(name, role, *one))
    return found


def _distance(name: str, role: str, model: np.ndarray, people: np.ndarray) -> Distance:
    ratio = (model + _LEAST) / (people + _LEAST)
    low, high = np.percentile(ratio, (5, 95))
    return Distance(
        histogram=name, role=role,
        model=round(float(model.mean()), 5), people=round(float(people.mean()), 5),
        ratio=round(float((model.mean() + _LEAST) / (people.mean() + _LEAST)), 3),
        low=round(float(low), 3), high=round(float(high), 3),
    )  # fmt: skip


def _compared(
    model: np.ndarray, people: np.ndarray, halves: Sequence[tuple[np.ndarray, np.ndarray]]
) -> tuple[np.ndarray, np.ndarray] | None:
    """(rounds,) divergences of the model and of people from people's other half."""
    if not model.sum() or not people.sum():
        return None
    found = [
        (divergence(model[here].sum(0), people[there].sum(0)),
         divergence(people[here].sum(0), people[there].sum(0)))
        for here, there in halves
    ]  # fmt: skip
    own, others = np.array(found).T
    return own, others


def _partings(works: Sequence[int], seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng([seed, 6])
    names, of = np.unique(np.array(works), return_inverse=True)
    if len(names) < 2:
        raise ValueError("people's works can be parted only where there are two")
    for _ in range(ROUNDS):
        side = np.zeros(len(names), bool)
        side[rng.permutation(len(names))[: len(names) // 2]] = True
        yield side[of].nonzero()[0], (~side[of]).nonzero()[0]


def divergence(one: np.ndarray, other: np.ndarray) -> float:
    """Jensen-Shannon divergence of two histograms of counts, in bits: 0 alike, 1 apart."""
    p, q = one / max(1, one.sum()), other / max(1, other.sum())
    middle = (p + q) / 2

    def towards(part: np.ndarray) -> float:
        here = part > 0
        return float((part[here] * np.log2(part[here] / middle[here])).sum())

    return (towards(p) + towards(q)) / 2


def _table(counted: Sequence[_Bins]) -> np.ndarray:
    """(pieces, bins) counts."""
    places: dict[object, int] = {}
    for one in counted:
        for key in one:
            places.setdefault(key, len(places))
    table = np.zeros((len(counted), max(1, len(places))), np.float32)
    for row, one in enumerate(counted):
        for key, count in one.items():
            table[row, places[key]] = count
    return table


# --- what is counted ------------------------------------------------------------------------------


def _lines(lines: Sequence[Line], roles: Sequence[str], plan: Plan) -> list[list[Note]]:
    """The asked lines up to the excerpt's last bar line."""
    end = BARS * bar_ticks(plan.meter)
    return [
        [note for note in line.notes if note.start < end] for line in lines if line.role in roles
    ]


def _intervals(plan: Plan, lines: Sequence[Line], roles: Sequence[str]) -> _Bins:
    return Counter(
        max(-WIDEST, min(WIDEST, after.pitch - note.pitch))
        for notes in _lines(lines, roles, plan)
        for note, after in pairwise(notes)
    )


def _durations(plan: Plan, lines: Sequence[Line], roles: Sequence[str]) -> _Bins:
    return Counter(
        min(LONGEST, round(note.length / TICKS_PER_UNIT))
        for notes in _lines(lines, roles, plan)
        for note in notes
    )


def _onsets(plan: Plan, lines: Sequence[Line], roles: Sequence[str]) -> _Bins:
    """Where in its bar a note begins, in units, meter by meter."""
    bar = bar_ticks(plan.meter)
    return Counter(
        (plan.meter, round(note.start % bar / TICKS_PER_UNIT))
        for notes in _lines(lines, roles, plan)
        for note in notes
    )


def _density(plan: Plan, lines: Sequence[Line], roles: Sequence[str]) -> _Bins:
    """How many notes a line begins in a bar, silent bars included."""
    bar, found = bar_ticks(plan.meter), Counter()
    for notes in _lines(lines, roles, plan):
        begun = Counter(note.start // bar for note in notes)
        found.update(begun.get(at, 0) for at in range(BARS))
    return found


def _verticals(plan: Plan, lines: Sequence[Line], roles: Sequence[str]) -> _Bins:
    """What sounds on every beat, as pitch classes above the lowest; one voice alone is left out."""
    found: _Bins = Counter()
    voices = _lines(lines, roles, plan)
    for tick in range(0, BARS * bar_ticks(plan.meter), beat_ticks(plan.meter)):
        pitches = [note.pitch for notes in voices for note in reading.sounding(notes, tick)]
        if len(pitches) > 1:
            lowest = min(pitches)
            found[frozenset((pitch - lowest) % 12 for pitch in pitches)] += 1
    return found


HISTOGRAMS: dict[str, Callable[[Plan, Sequence[Line], Sequence[str]], _Bins]] = {
    "interval": _intervals,
    "duration": _durations,
    "onset in the bar": _onsets,
    "vertical": _verticals,
    "density": _density,
}
