"""Fitting the ranker on works of its own, people's pieces against the model's and spoilt ones; and
what its first choice is worth to the judge."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
import torch

from engine.compose.composer import Composer
from engine.contracts import Plan
from engine.critique.panel import judge as by_rules
from engine.critique.ranking import FIGURES, Ranker, figures_of
from engine.critique.trained import TrainedCritic
from engine.score import Line, Part, Score
from engine.workshop.critic_faults import FAULTS, Dice, Pages, spoilt
from engine.workshop.critic_held import notes_of, page_of
from engine.workshop.critic_sampling import Sample
from engine.workshop.critic_training import auc
from engine.workshop.critic_works import Passage
from engine.workshop.excerpts import Excerpt, excerpts_of
from engine.workshop.judge import Judge, logistic

PEOPLE, SPOILT = 240, 120  # pieces
DAMAGED = 0.4  # of the bars of a spoilt piece
CANDIDATES, PLANS = 5, 30
TEMPERATURE = 0.9
Piece = TypeVar("Piece")


def fitted(
    works: Sequence[Passage], samples: Sequence[Sample], critic: TrainedCritic, seed: int
) -> Ranker:
    """Weights for the figures of whole pieces: half of the others' weight is the model's, half
    that of pieces with faults in many bars."""
    people = _figures(_spread(excerpts_of(works), PEOPLE), critic)
    worse = _figures(_spread(excerpts_of(damaged(_spread(works, SPOILT), seed)),
                             SPOILT), critic)  # fmt: skip
    ours = _figures([one.model for one in samples], critic)
    middle, spread = np.nanmean(people, 0), np.nanstd(people, 0) + 1e-3
    plain = Ranker(middle=middle.round(5).tolist(), spread=spread.round(5).tolist(), weights=[])
    labels = np.r_[np.ones(len(people)), np.zeros(len(worse) + len(ours))]
    each = np.r_[
        np.full(len(people), 0.5 / len(people)), np.full(len(worse), 0.25 / max(1, len(worse))),
        np.full(len(ours), 0.25 / max(1, len(ours))),
    ] * len(labels)  # fmt: skip
    terms = plain.terms(np.concatenate([people, worse, ours]))
    weights = logistic(terms, labels, each)
    return msgspec.structs.replace(plain, weights=weights.round(5).tolist())


def write(ranker: Ranker, file: Path) -> None:
    """Keep the ranker, with the names of what it weighs."""
    kept = {"figures": list(FIGURES), **msgspec.to_builtins(ranker)}
    file.write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n")


def damaged(works: Sequence[Passage], seed: int) -> list[Passage]:
    """Passages with faults in many of their bars."""
    dice, found = Dice(torch.device("cpu"), seed), []
    for passage in works:
        page = page_of(passage)
        for bar in range(passage.bars):
            if float(dice.shares(1)) < DAMAGED:
                page = _with_fault(page, bar, int(dice.below(len(FAULTS), 1)), dice)
        notes = notes_of(page.pitch[0].numpy(), page.onset[0].numpy(), 0)
        found.append(msgspec.structs.replace(passage, notes=notes))
    return found


def _with_fault(page: Pages, bar: int, fault: int, dice: Dice) -> Pages:
    row = torch.zeros(1, dtype=torch.long)
    made = spoilt(page, row, torch.tensor([bar]), fault, dice, sharp=True)
    if not bool(made.done[0]):
        return page
    own = slice(bar * page.size, (bar + 1) * page.size)
    pitch, onset = page.pitch.clone(), page.onset.clone()
    pitch[0, :, own], onset[0, :, own] = made.pitch[0].to(pitch.dtype), made.onset[0]
    return page._replace(pitch=pitch, onset=onset)


def _figures(pieces: Sequence[Excerpt], critic: TrainedCritic) -> np.ndarray:
    return np.array([figures_of(one.plan, one.lines, critic) for one in pieces])


def _spread(pieces: Sequence[Piece], most: int) -> list[Piece]:
    """So many of them, from all over the list."""
    return [pieces[at * len(pieces) // most] for at in range(most)] if pieces else []


def worth(
    ranker: Ranker, critic: TrainedCritic, judged: Judge, samples: Sequence[Sample], seed: int
) -> dict[str, Any]:
    """Of several pieces under one plan: how often the judge likes the ranker's first choice better
    than another one picked at random, and the same of the panel's rules and the judge's own; AUC of
    people's pieces against the model's."""
    people = ranker.odds(_figures([one.people for one in samples], critic))
    ours = ranker.odds(_figures([one.model for one in samples], critic))
    plans = [one.people.plan for one in _spread(samples, PLANS)]
    composer, wins = Composer(), {"ranker": [], "rules": [], "human bars": []}
    for number, plan in enumerate(plans):
        seeds = [seed + 100 * number + at for at in range(CANDIDATES)]
        made = composer.write([plan] * CANDIDATES, seeds, temperature=TEMPERATURE)
        heard = np.array([judged.odds(plan, one.lines) for one in made])
        figures = np.array([figures_of(plan, one.lines, critic) for one in made])
        chosen = {
            "ranker": int(ranker.odds(figures).argmax()),
            "rules": int(np.argmax([by_rules(_score(plan, one.lines)).rating for one in made])),
            "human bars": int(np.nan_to_num(figures[:, FIGURES.index("human, mean")]).argmax()),
        }
        for name, first in chosen.items():
            others = np.delete(heard, first)
            better = (heard[first] > others) + 0.5 * (heard[first] == others)
            wins[name].append(float(better.mean()))
    told = {
        name: [round(float(np.mean(won)), 3), round(float(np.std(won) / len(won) ** 0.5), 3)]
        for name, won in wins.items()
    }
    return {"auc": round(auc(people, ours), 3), "pieces": len(samples), "plans": len(plans),
            "candidates": CANDIDATES, "first choice preferred by the judge": told}  # fmt: skip


def _score(plan: Plan, lines: Sequence[Line]) -> Score:
    by_role = {part.role: part for part in plan.parts}
    return Score(
        plan=plan,
        parts=tuple(
            Part(plan=by_role[line.role], notes=line.notes, writer="model")
            for line in lines
            if line.role in by_role and line.notes
        ),
    )
