"""The model against rules: the same plans and the same arranger, once with what the model wrote,
once with lines that need no model.

Two opponents without a model. ``rule lines``: lead, bass and counter by the rules of
`engine.workshop.rulemade`. ``rule lead``: that lead over the arranger's own bass and counter, which
is what the studio would play if nobody composed. The judge reads lead, bass and counter of the
arranged scores; then the leads alone.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct, structs

from engine import styles
from engine.arrange import arrange
from engine.compose.cast import LINES
from engine.compose.codes import TICKS_PER_UNIT
from engine.compose.composer import Composer
from engine.contracts import Brief, Plan
from engine.critique.bars import rater
from engine.plan import draw
from engine.score import TICKS_PER_QUARTER, Line, Note, Score
from engine.words import resolve
from engine.workshop import judge as judging
from engine.workshop.judge import Judge
from engine.workshop.rulemade import rule_lines

BARS = 8
OPPONENTS: dict[str, tuple[str, ...]] = {
    "rule lines": LINES,
    "rule lead": ("lead",),
}
EVEN = 0.5  # swing of straight pairs
PLACES = (0, 3, 4, 6, 8, 9, 12)  # of a quarter, in units: where the corpora's notes are read
AT_ONCE = 20  # pairs that one call composes


class Voted(Struct, frozen=True, kw_only=True):
    """One pair: the judge's log-odds and second opinions of the model's score and the other's, and
    the same of their leads alone; None where a score has no lead. ``craft`` says whether the
    studio's craft steered the model. ``chains`` are what each of the judge's chains adds to the
    difference."""

    style: str
    opponent: str
    craft: bool
    model: float
    other: float
    chains: list[float]
    closer: bool
    lead: float | None = None
    other_lead: float | None = None
    lead_closer: bool | None = None


class Share(Struct, frozen=True, kw_only=True):
    """Of all pairs against one opponent: how often the model is preferred, with its standard error,
    and the mean log-odds of both. ``by_style`` are shares of each style's pairs, ``by_chain`` what
    each of the judge's chains adds to the mean difference, and how often the model is preferred
    when that chain is not asked."""

    opponent: str
    craft: bool
    pairs: int
    preferred: float
    error: float
    closer: float
    lead_preferred: float
    lead_closer: float
    model: float
    model_error: float
    other: float
    other_error: float
    by_style: dict[str, float]
    by_chain: dict[str, tuple[float, float]]


def asked(pairs: int, seed: int) -> list[tuple[str, int]]:
    """(style, seed) of every pair, all styles by turns."""
    names = styles.names()
    return [(names[at % len(names)], seed + at) for at in range(pairs)]


def voted(pairs: Sequence[tuple[str, int]], composer: Composer, judge: Judge) -> list[Voted]:
    """Compose and arrange every pair, and ask the judge."""
    plans, seeds = [_plan(style, seed) for style, seed in pairs], [seed for _, seed in pairs]
    made = {
        craft: composer.write(plans, seeds, rate=rater(plans[0]), craft=craft)
        for craft in (True, False)
    }
    found: list[Voted] = []
    for at, ((style, seed), plan) in enumerate(zip(pairs, plans, strict=True)):
        own = {craft: _read(arrange(plan, one[at].lines, seed)) for craft, one in made.items()}
        for opponent, roles in OPPONENTS.items():
            other = _read(arrange(plan, rule_lines(plan, seed, roles), seed))
            found += [
                _vote(judge, plan, (style, opponent, craft), lines, other)
                for craft, lines in own.items()
            ]
    return found


def shares(votes: Sequence[Voted]) -> list[Share]:
    """The votes counted, opponent by opponent, with the studio's craft and without it."""
    return [
        _share([vote for vote in votes if (vote.opponent, vote.craft) == (opponent, craft)])
        for craft in (True, False)
        for opponent in OPPONENTS
    ]


def _share(votes: Sequence[Voted]) -> Share:
    model, other = (np.array([getattr(vote, one) for vote in votes]) for one in ("model", "other"))
    leads = [vote for vote in votes if vote.lead is not None and vote.other_lead is not None]
    won = model > other
    by_style = {
        style: round(float(np.mean([vote.model > vote.other for vote in votes
                                    if vote.style == style])), 3)
        for style in dict.fromkeys(vote.style for vote in votes)
    }  # fmt: skip
    return Share(
        opponent=votes[0].opponent,
        craft=votes[0].craft,
        pairs=len(votes),
        preferred=round(float(won.mean()), 4),
        error=round(float((won.mean() * (1 - won.mean()) / len(won)) ** 0.5), 4),
        closer=_mean([vote.closer for vote in votes]),
        lead_preferred=_mean([vote.lead > vote.other_lead for vote in leads]),
        lead_closer=_mean([bool(vote.lead_closer) for vote in leads]),
        model=round(float(model.mean()), 3),
        model_error=_error(model),
        other=round(float(other.mean()), 3),
        other_error=_error(other),
        by_style=by_style,
        by_chain=_by_chain(np.array([vote.chains for vote in votes])),
    )


def _by_chain(added: np.ndarray) -> dict[str, tuple[float, float]]:
    """added (pairs, chains)."""
    left = added.sum(1, keepdims=True) - added
    return {
        chain: (round(float(mean), 3), round(float(won), 4))
        for chain, mean, won in zip(judging.CHAINS, added.mean(0), (left > 0).mean(0), strict=True)
    }


def _vote(
    judge: Judge, plan: Plan, named: tuple[str, str, bool], own: Sequence[Line],
    other: Sequence[Line],
) -> Voted:  # fmt: skip
    style, opponent, craft = named
    leads = [[line for line in lines if line.role == "lead"] for lines in (own, other)]
    both = all(leads)
    odds = [judge.odds(plan, lead) for lead in leads] if both else [None, None]
    return Voted(
        style=style,
        opponent=opponent,
        craft=craft,
        model=judge.odds(plan, own),
        other=judge.odds(plan, other),
        chains=(_added(judge, plan, own) - _added(judge, plan, other)).tolist(),
        closer=judge.typical(plan, own) < judge.typical(plan, other),
        lead=odds[0],
        other_lead=odds[1],
        lead_closer=judge.typical(plan, leads[0]) < judge.typical(plan, leads[1]) if both else None,
    )


def _added(judge: Judge, plan: Plan, lines: Sequence[Line]) -> np.ndarray:
    """(chains,) what each figure and its square add to the log-odds."""
    figures = np.array(judging.figures_of(judge.counts, plan, lines))
    scaled = np.nan_to_num(
        ((figures - np.array(judge.middle)) / np.array(judge.spread)).clip(-4, 4)
    )
    once, squared = np.array(judge.weights[1:]).reshape(2, -1)
    return once * scaled + squared * scaled**2


def _read(score: Score) -> tuple[Line, ...]:
    """Lead, bass and counter on the grid of sixteenths and triplets, as works by people are read:
    what players do to the time is the same on both sides, and is in no work."""
    return tuple(
        structs.replace(line, notes=tuple(_on_grid(score.plan, line.notes)))
        for line in judging.lines_of(score)
    )


def _on_grid(plan: Plan, notes: Sequence[Note]) -> Iterator[Note]:
    """Notes with their swing and their player's hand taken away."""
    written = [even(plan, note.start) for note in notes]
    for note, start, after in zip(notes, written, [*written[1:], None], strict=True):
        if start == after:
            continue  # of two that fall together the later one is heard
        end = max(start + TICKS_PER_UNIT, even(plan, note.start + note.length))
        until = end if after is None else min(end, after)
        yield Note(start, until - start, note.pitch, note.velocity)


def even(plan: Plan, tick: int) -> int:
    """The nearest place of the grid, swing straightened."""
    straight = tick
    if plan.swing != EVEN:
        pair = TICKS_PER_QUARTER // 2 if plan.swing_unit == 16 else TICKS_PER_QUARTER
        whole, inside = divmod(tick, pair)
        middle = pair * plan.swing
        late = inside > middle
        share = (inside - middle) / (pair - middle) if late else inside / middle
        straight = whole * pair + round(pair / 2 * (share + late))
    quarter, inside = divmod(straight, TICKS_PER_QUARTER)
    near = min(PLACES, key=lambda place: abs(place * TICKS_PER_UNIT - inside))
    return quarter * TICKS_PER_QUARTER + near * TICKS_PER_UNIT


def _plan(style: str, seed: int) -> Plan:
    return draw(resolve(Brief(style=style, kind="loop", bars=BARS), seed), seed, 1)[0]


def _mean(votes: Sequence[bool]) -> float:
    return round(float(np.mean(votes)), 4) if votes else 0.0


def _error(values: np.ndarray) -> float:
    return round(float(values.std(ddof=1) / len(values) ** 0.5), 3) if len(values) > 1 else 0.0
