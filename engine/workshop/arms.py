"""Ways to spend steps, against each other: what taking bars back is worth, and the model at all.

Every arm writes the same pieces of eight bars, under plans of works that nobody was trained on, and
is heard by the independent judge. Each arm is first tuned: its temperature is the one at which the
judge likes it best on pieces that are not in the table.
"""

import itertools
from collections.abc import Callable, Sequence

import numpy as np
from msgspec import Struct

from engine import styles
from engine.arrange import arrange
from engine.compose.composer import GOOD_ENOUGH, TRIES, BarRater, Composer
from engine.contracts import Brief, Plan
from engine.critique.bars import both, by_likeness, rate, rater
from engine.critique.trained import TrainedCritic
from engine.plan import draw
from engine.score import BarRating, BarView, Line
from engine.words import resolve
from engine.workshop import judge as judging
from engine.workshop.examples import PIECES_AT_ONCE, composed, views_of
from engine.workshop.excerpts import Excerpt
from engine.workshop.judge import Judge
from engine.workshop.rulemade import rule_lines

TEMPERATURES = (0.75, 0.85, 0.95, 1.0)
TUNED_ON = 16  # pieces per temperature
MACHINES = 480  # pieces by the model, and as many by rules, that the judge learns from
GRAM = 4  # moves of a lead that make a phrase to count


class Written(Struct, frozen=True, kw_only=True):
    """A piece and what it cost."""

    plan: Plan
    lines: tuple[Line, ...]
    steps: int


class Row(Struct, frozen=True, kw_only=True):
    """An arm of the table. ``odds`` and ``typical`` (pieces,) are the judge's."""

    name: str
    temperature: float
    odds: np.ndarray
    typical: np.ndarray
    steps: float
    distinct: float
    tuned: dict[float, float]


Arm = Callable[[Sequence[Plan], Sequence[int], float], list[Written]]


def judge_of(excerpts: Sequence[Excerpt], composer: Composer, seed: int) -> Judge:
    """A judge who counted one half of some works and learnt from the other half, the model under
    its plans, and our rules under its plans."""
    counted, people = excerpts[::2], excerpts[1::2]
    model = composed(people, composer, min(MACHINES, len(people)), seed)
    rules = [
        Excerpt(
            plan=one.plan,
            lines=rule_lines(one.plan, seed + at, [line.role for line in one.lines]),
        )
        for at, one in enumerate(people[: len(model)])
    ]
    return judging.fitted(counted, people, [*model, *rules])


def arms_of(composer: Composer, critic: TrainedCritic) -> dict[str, Arm]:
    """The arms by name."""

    def once(rate: BarRater | None, pull: float = 1.0) -> Arm:
        def arm(plans: Sequence[Plan], seeds: Sequence[int], temperature: float) -> list[Written]:
            return _written(composer, plans, seeds, temperature, rate, 2.0, pull=pull)

        return arm

    def best_of(count: int) -> Arm:
        def arm(plans: Sequence[Plan], seeds: Sequence[int], temperature: float) -> list[Written]:
            rounds = [
                _written(composer, plans, [seed + 1_000_003 * n for seed in seeds], temperature,
                         None, 1.0)
                for n in range(count)
            ]  # fmt: skip
            return [_best(critic, tries) for tries in zip(*rounds, strict=True)]

        return arm

    def best_bar_of(count: int) -> Arm:
        def arm(plans: Sequence[Plan], seeds: Sequence[int], temperature: float) -> list[Written]:
            return _written(
                composer, plans, seeds, temperature, _never_enough(critic), count + 1.0, tries=count
            )

        return arm

    return {
        "plain": once(None),
        "best of 2": best_of(2),
        "best bar of 2": best_bar_of(2),
        "retraction by rules": once(rate),
        "retraction by rules and faults": once(both(critic)),
        "retraction by likeness": once(_by_likeness(critic)),
        "plain, no pull": once(None, pull=0.0),
        "retraction by likeness, no pull": once(_by_likeness(critic), pull=0.0),
    }


def compared(
    arms: dict[str, Arm], judge: Judge, tuned_on: Sequence[Plan], plans: Sequence[Plan], seed: int
) -> list[Row]:
    """Tune every arm, then let it write every plan."""
    rows: list[Row] = []
    for name, arm in arms.items():
        tuned: dict[float, float] = {}
        for temperature in TEMPERATURES:
            pieces = arm(tuned_on, [seed + at for at in range(len(tuned_on))], temperature)
            tuned[temperature] = float(_heard(judge, pieces)[0].mean())
        best = max(tuned, key=lambda one: tuned[one])
        pieces = arm(plans, [seed + 10_000 + at for at in range(len(plans))], best)
        rows.append(_row(name, best, tuned, judge, pieces))
        print(f"{name:28s} T {best}  {rows[-1].odds.mean():+.2f}  {rows[-1].steps:.0f}", flush=True)
    return rows


def people(judge: Judge, excerpts: Sequence[Excerpt]) -> Row:
    """What the judge says of the people whose plans the arms were given."""
    pieces = [Written(plan=one.plan, lines=one.lines, steps=0) for one in excerpts]
    return _row("people", 0.0, {}, judge, pieces)


class Pairs(Struct, frozen=True, kw_only=True):
    """The model against rules under the same plans and arranger: the judge's odds for both."""

    styles: tuple[str, ...]
    model: np.ndarray
    rules: np.ndarray
    closer: np.ndarray  # whether the model is nearer to the middle of people's pieces
    leads: np.ndarray  # whether the judge prefers the model's lead, heard alone
    leads_closer: np.ndarray


def against_rules(composer: Composer, judge: Judge, pairs: int, seed: int) -> Pairs:
    """Eight bars of every style by turns, once with the model's lines, once with rule-made ones."""
    names = styles.names()
    chosen_styles = tuple(names[at % len(names)] for at in range(pairs))
    plans = [_plan(style, seed + at) for at, style in enumerate(chosen_styles)]
    model, rules, closer, leads, leads_closer = [], [], [], [], []
    for at in range(0, pairs, PIECES_AT_ONCE):
        chosen = plans[at : at + PIECES_AT_ONCE]
        seeds = [seed + at + n for n in range(len(chosen))]
        made = composer.write(chosen, seeds, rate=rater(chosen[0]))
        for plan, own, written in zip(chosen, seeds, made, strict=True):
            by_model = judging.lines_of(arrange(plan, written.lines, own))
            lead = rule_lines(plan, own, ("lead",))
            by_rule = judging.lines_of(arrange(plan, lead, own))
            model.append(judge.odds(plan, by_model))
            rules.append(judge.odds(plan, by_rule))
            closer.append(judge.typical(plan, by_model) < judge.typical(plan, by_rule))
            one, other = _lead(by_model), _lead(by_rule)
            leads.append(judge.odds(plan, one) > judge.odds(plan, other))
            leads_closer.append(judge.typical(plan, one) < judge.typical(plan, other))
    return Pairs(
        styles=chosen_styles,
        model=np.array(model),
        rules=np.array(rules),
        closer=np.array(closer),
        leads=np.array(leads),
        leads_closer=np.array(leads_closer),
    )


def _lead(lines: Sequence[Line]) -> list[Line]:
    return [line for line in lines if line.role == "lead"]


def _plan(style: str, seed: int) -> Plan:
    return draw(resolve(Brief(style=style, kind="loop", bars=8), seed), seed, 1)[0]


def _written(
    composer: Composer,
    plans: Sequence[Plan],
    seeds: Sequence[int],
    temperature: float,
    rate: BarRater | None,
    budget: float,
    tries: int = TRIES,
    pull: float = 1.0,
) -> list[Written]:
    found: list[Written] = []
    for at in range(0, len(plans), PIECES_AT_ONCE):
        here = plans[at : at + PIECES_AT_ONCE]
        made = composer.write(
            here, seeds[at : at + PIECES_AT_ONCE], rate=rate, temperature=temperature,
            budget=budget, tries=tries, pull=pull,
        )  # fmt: skip
        found += [
            Written(plan=plan, lines=one.lines, steps=one.steps)
            for plan, one in zip(here, made, strict=True)
        ]
    return found


def _best(critic: TrainedCritic, tries: Sequence[Written]) -> Written:
    """The try whose bars the critic likes best; all of them were paid for."""
    chosen = max(tries, key=lambda one: _liked(critic, one))
    return Written(plan=chosen.plan, lines=chosen.lines, steps=sum(one.steps for one in tries))


def _liked(critic: TrainedCritic, piece: Written) -> float:
    odds = [critic.odds(view) for view in views_of(Excerpt(plan=piece.plan, lines=piece.lines))]
    return float(np.mean([one for one in odds if one is not None] or [0.0]))


def _by_likeness(critic: TrainedCritic) -> BarRater:
    return lambda view: BarRating(rating=by_likeness(critic, view))


def _never_enough(critic: TrainedCritic) -> BarRater:
    """Every bar is tried as often as may be; the critic's favourite stays."""

    def rate(view: BarView) -> BarRating:
        odds = critic.odds(view)
        share = 0.5 if odds is None else 1 / (1 + np.exp(-odds))
        return BarRating(rating=0.99 * GOOD_ENOUGH * float(share))

    return rate


def _row(
    name: str, temperature: float, tuned: dict[float, float], judge: Judge, pieces: list[Written]
) -> Row:
    odds, typical = _heard(judge, pieces)
    return Row(
        name=name, temperature=temperature, odds=odds, typical=typical, tuned=tuned,
        steps=float(np.mean([piece.steps for piece in pieces])), distinct=_distinct(pieces),
    )  # fmt: skip


def _heard(judge: Judge, pieces: Sequence[Written]) -> tuple[np.ndarray, np.ndarray]:
    return (
        np.array([judge.odds(piece.plan, piece.lines) for piece in pieces]),
        np.array([judge.typical(piece.plan, piece.lines) for piece in pieces]),
    )


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
