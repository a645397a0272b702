"""Ways to spend steps, against each other: what taking bars back is worth.

Every arm writes the same pieces of eight bars, under plans of works that nobody was trained on, and
is heard by the independent judge. Each arm is first tuned: its temperature is the one at which the
judge likes it best on pieces that are not in the table.
"""

import itertools
from collections.abc import Sequence
from typing import Literal

import numpy as np
from msgspec import Struct

from engine.compose.composer import GOOD_ENOUGH, TRIES, BarRater, Composer
from engine.contracts import Plan
from engine.critique.bars import both, by_likeness, rate
from engine.critique.trained import TrainedCritic
from engine.score import BarRating, BarView, Line
from engine.workshop.examples import PIECES_AT_ONCE, views_of
from engine.workshop.excerpts import Excerpt
from engine.workshop.judge import Judge

TEMPERATURES = (0.8, 0.9, 1.0, 1.1)
GRAM = 4  # moves of a lead that make a phrase to count
_ANOTHER = 1_000_003  # between the seeds of versions of one piece

Rater = Literal["nobody", "rules", "rules and faults", "likeness", "favourite"]


class Arm(Struct, frozen=True, kw_only=True):
    """A way to spend steps.

    ``rater`` has bars written again; ``favourite`` always asks for all ``tries`` and keeps what the
    critic likes best. Of ``versions`` of the whole piece the critic's favourite stays. ``budget``
    is in steps of one pass. Without ``craft`` the network is steered by its grammar alone.
    """

    name: str
    rater: Rater = "nobody"
    versions: int = 1
    tries: int = TRIES
    budget: float = 2.0
    craft: bool = True


ARMS: tuple[Arm, ...] = (
    Arm(name="plain"),
    Arm(name="best of 2", versions=2),
    Arm(name="best of 4", versions=4),
    Arm(name="best bar of 2", rater="favourite", tries=2, budget=3.0),
    Arm(name="best bar of 4", rater="favourite", tries=4, budget=5.0),
    Arm(name="retraction by rules", rater="rules"),
    Arm(name="retraction by rules and faults", rater="rules and faults"),
    Arm(name="retraction by likeness", rater="likeness"),
    Arm(name="plain, alone", craft=False),
    Arm(name="best of 2, alone", versions=2, craft=False),
    Arm(name="retraction by rules and faults, alone", rater="rules and faults", craft=False),
    Arm(name="retraction by likeness, alone", rater="likeness", craft=False),
)


class Written(Struct, frozen=True, kw_only=True):
    """A piece and what it cost."""

    plan: Plan
    lines: tuple[Line, ...]
    steps: int


class Tools(Struct, frozen=True, kw_only=True):
    """Who writes, who chooses, and who is asked afterwards."""

    composer: Composer
    critic: TrainedCritic
    judge: Judge


class Heard(Struct, frozen=True, kw_only=True):
    """An arm as the judge heard it: log-odds and second opinion of every piece in their order,
    steps a piece, the share of distinct runs of moves, and the means of the tuning."""

    name: str
    temperature: float
    odds: list[float]
    typical: list[float]
    steps: float
    distinct: float
    tuned: dict[str, float] = {}


def tuned(arm: Arm, tools: Tools, plans: Sequence[Plan], seed: int) -> dict[float, float]:
    """The judge's mean at every temperature."""
    seeds = [seed + at for at in range(len(plans))]
    return {
        temperature: float(_odds(tools.judge, write(arm, tools, plans, seeds, temperature)).mean())
        for temperature in TEMPERATURES
    }


def write(
    arm: Arm, tools: Tools, plans: Sequence[Plan], seeds: Sequence[int], temperature: float
) -> list[Written]:
    """One piece per plan, and all the steps it took."""
    versions = [
        _once(arm, tools, plans, [seed + _ANOTHER * n for seed in seeds], temperature)
        for n in range(arm.versions)
    ]
    if len(versions) == 1:
        return versions[0]
    return [best(tools.critic, tries) for tries in zip(*versions, strict=True)]


def heard(
    name: str,
    temperature: float,
    judge: Judge,
    pieces: Sequence[Written],
    means: dict[float, float],
) -> Heard:
    """What the judge says of some pieces."""
    return Heard(
        name=name,
        temperature=temperature,
        odds=[round(float(one), 3) for one in _odds(judge, pieces)],
        typical=[round(judge.typical(piece.plan, piece.lines), 3) for piece in pieces],
        steps=round(float(np.mean([piece.steps for piece in pieces])), 1),
        distinct=round(_distinct(pieces), 4),
        tuned={f"{at:g}": round(mean, 3) for at, mean in means.items()},
    )


def people(judge: Judge, excerpts: Sequence[Excerpt]) -> Heard:
    """What the judge says of the people whose plans the arms were given."""
    pieces = [Written(plan=one.plan, lines=one.lines, steps=0) for one in excerpts]
    return heard("people", 0.0, judge, pieces, {})


def _odds(judge: Judge, pieces: Sequence[Written]) -> np.ndarray:
    return np.array([judge.odds(piece.plan, piece.lines) for piece in pieces])


def _once(
    arm: Arm, tools: Tools, plans: Sequence[Plan], seeds: Sequence[int], temperature: float
) -> list[Written]:
    found: list[Written] = []
    for at in range(0, len(plans), PIECES_AT_ONCE):
        here = plans[at : at + PIECES_AT_ONCE]
        made = tools.composer.write(
            here, seeds[at : at + PIECES_AT_ONCE], rate=_rater(arm.rater, tools.critic),
            temperature=temperature, budget=arm.budget, tries=arm.tries, craft=arm.craft,
        )  # fmt: skip
        found += [
            Written(plan=plan, lines=one.lines, steps=one.steps)
            for plan, one in zip(here, made, strict=True)
        ]
    return found


def _rater(name: Rater, critic: TrainedCritic) -> BarRater | None:
    raters: dict[Rater, BarRater | None] = {
        "nobody": None,
        "rules": rate,
        "rules and faults": both(critic),
        "likeness": lambda view: BarRating(rating=by_likeness(critic, view)),
        "favourite": _never_enough(critic),
    }
    return raters[name]


def _never_enough(critic: TrainedCritic) -> BarRater:
    """Every bar is tried as often as may be; the critic's favourite stays."""

    def rated(view: BarView) -> BarRating:
        odds = critic.odds(view)
        share = 0.5 if odds is None else 1 / (1 + np.exp(-odds))
        return BarRating(rating=0.99 * GOOD_ENOUGH * float(share))

    return rated


def best(critic: TrainedCritic, tries: Sequence[Written]) -> Written:
    """The try whose bars the critic likes best; all of them were paid for."""
    chosen = max(tries, key=lambda one: _liked(critic, one))
    return Written(plan=chosen.plan, lines=chosen.lines, steps=sum(one.steps for one in tries))


def _liked(critic: TrainedCritic, piece: Written) -> float:
    odds = [critic.odds(view) for view in views_of(Excerpt(plan=piece.plan, lines=piece.lines))]
    return float(np.mean([one for one in odds if one is not None] or [0.0]))


def _distinct(pieces: Sequence[Written]) -> float:
    """Share of the leads' runs of four moves that are heard only once or for the first time."""
    grams: list[tuple[int, ...]] = []
    for piece in pieces:
        for line in piece.lines:
            if line.role == "lead":
                pitches = [note.pitch for note in line.notes]
                moves = [b - a for a, b in itertools.pairwise(pitches)]
                grams += [tuple(moves[at : at + GRAM]) for at in range(len(moves) - GRAM + 1)]
    return len(set(grams)) / max(1, len(grams))
