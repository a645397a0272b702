"""The independent judge: reads a piece as chains of intervals, rhythms and relations.

It is used in reports only, never while writing. It shares nothing with the critic of bars: other
works by people, other features (how likely each step is after the one before, counted over those
works), a whole piece at a time. Its word is the log-odds that people wrote the piece rather than a
machine; the machines it learnt from are our model at several temperatures and our rules.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct

from engine.contracts import Plan
from engine.critique import reading
from engine.score import Line, Note, Score, bar_ticks, beat_ticks
from engine.workshop.excerpts import Excerpt

GRID = 40  # ticks
CHAINS = (
    "lead interval", "lead rhythm", "lead harmony", "bass interval", "bass rhythm", "bass harmony",
    "lead over bass", "counter interval", "counter rhythm", "lead over counter",
)  # fmt: skip
_ADDED = 0.5  # to every count, so that nothing is impossible
_KINDS = 60  # of next steps that a chain may take, about
_RIDGE = 5.0


class Judge(Struct, frozen=True, kw_only=True):
    """Counts of every chain (context → step → times), the scale of its figures and the weights.

    ``middle`` and ``spread`` (figures,) are of people's pieces, ``absent`` (figures,) stands for a
    figure that a piece does not have; ``weights`` (1 + 2 × figures,) are the bias, the figures and
    their squares.
    """

    counts: dict[str, dict[str, dict[str, int]]]
    middle: list[float]
    spread: list[float]
    weights: list[float]

    def odds(self, plan: Plan, lines: Sequence[Line]) -> float:
        """Log-odds that people wrote it."""
        return float((_terms(self._scaled([(plan, lines)])) @ np.array(self.weights))[0])

    def typical(self, plan: Plan, lines: Sequence[Line]) -> float:
        """How far from the middle of people's pieces, in their own spread, squared: 1 is usual."""
        return float(np.mean(self._scaled([(plan, lines)]) ** 2))

    def _scaled(self, pieces: Iterable[tuple[Plan, Sequence[Line]]]) -> np.ndarray:
        figures = np.array([figures_of(self.counts, *piece) for piece in pieces])
        return _scaled(figures, np.array(self.middle), np.array(self.spread))


def fitted(
    counted: Sequence[Excerpt], people: Sequence[Excerpt], machines: Sequence[Excerpt]
) -> Judge:
    """Count the chains of some works, then learn to tell other people's from the machines'."""
    counts = counts_of(counted)
    human = np.array([figures_of(counts, one.plan, one.lines) for one in people])
    made = np.array([figures_of(counts, one.plan, one.lines) for one in machines])
    middle = np.nanmean(human, 0)
    spread = np.nanstd(human, 0) + 1e-3
    terms = _terms(_scaled(np.concatenate([human, made]), middle, spread))
    labels = np.r_[np.ones(len(human)), np.zeros(len(made))]
    each = np.where(labels > 0, 0.5 / len(human), 0.5 / len(made)) * len(labels)
    return Judge(
        counts=counts, middle=middle.round(5).tolist(), spread=spread.round(5).tolist(),
        weights=logistic(terms, labels, each).round(5).tolist(),
    )  # fmt: skip


def write(judge: Judge, file: Path) -> None:
    """Keep the judge as JSON."""
    file.write_bytes(msgspec.json.encode(judge))


def read(file: Path) -> Judge:
    """What `write` wrote."""
    return msgspec.json.decode(file.read_bytes(), type=Judge)


def lines_of(score: Score) -> tuple[Line, ...]:
    """Lead, bass and counter of an arranged score, as the ear follows them."""
    found: list[Line] = []
    for role in ("lead", "bass", "counter"):
        notes = reading.skyline(reading.role_of(score, role))
        if notes:
            found.append(Line(role=role, notes=tuple(notes)))
    return tuple(found)


def counts_of(pieces: Iterable[Excerpt]) -> dict[str, dict[str, dict[str, int]]]:
    """How often each step followed each context, in every chain."""
    counts: dict[str, dict[str, dict[str, int]]] = {chain: {} for chain in CHAINS}
    for piece in pieces:
        for chain, steps in chains_of(piece.plan, piece.lines).items():
            for context, step in steps:
                following = counts[chain].setdefault(context, {})
                following[step] = following.get(step, 0) + 1
    return counts


def figures_of(
    counts: dict[str, dict[str, dict[str, int]]], plan: Plan, lines: Sequence[Line]
) -> list[float]:
    """Mean bits per step of every chain; NaN for one that it does not have."""
    chains = chains_of(plan, lines)
    found: list[float] = []
    for chain in CHAINS:
        steps = chains.get(chain, [])
        bits = [_bits(counts[chain].get(context, {}), step) for context, step in steps]
        found.append(sum(bits) / len(bits) if len(bits) >= 4 else math.nan)
    return found


def _bits(following: dict[str, int], step: str) -> float:
    total = sum(following.values()) + _ADDED * _KINDS
    return -math.log2((following.get(step, 0) + _ADDED) / total)


def chains_of(plan: Plan, lines: Sequence[Line]) -> dict[str, list[tuple[str, str]]]:
    """(context, step) of every chain."""
    by_role = {line.role: _tidy(line.notes) for line in lines if line.notes}
    found: dict[str, list[tuple[str, str]]] = {}
    for role, notes in by_role.items():
        found[f"{role} interval"] = _intervals(notes)
        found[f"{role} rhythm"] = _rhythms(plan, notes)
        if role != "counter":
            found[f"{role} harmony"] = _harmonies(plan, notes)
    for other, name in (("bass", "lead over bass"), ("counter", "lead over counter")):
        if "lead" in by_role and other in by_role:
            found[name] = _pairs(by_role["lead"], by_role[other])
    return found


def _tidy(notes: Sequence[Note]) -> list[Note]:
    """On the grid, each as long as it lasts until the next where only a breath lies between."""
    return [
        Note(round(note.start / GRID) * GRID, max(GRID, round(note.length / GRID) * GRID),
             note.pitch, note.velocity)
        for note in notes
    ]  # fmt: skip


def _intervals(notes: Sequence[Note]) -> list[tuple[str, str]]:
    moves = [str(max(-13, min(13, b.pitch - a.pitch))) for a, b in pairwise(notes)]
    return [(f"{a}", b) for a, b in pairwise(moves)]


def _rhythms(plan: Plan, notes: Sequence[Note]) -> list[tuple[str, str]]:
    """Where in the bar, and the gap before → the gap to the next onset."""
    bar = bar_ticks(plan.meter)
    gaps = [min(bar, b.start - a.start) // GRID for a, b in pairwise(notes)]
    return [
        (f"{plan.meter} {note.start % bar // (3 * GRID)} {before}", str(gap))
        for note, before, gap in zip(notes[1:], gaps, gaps[1:], strict=False)
    ]


def _harmonies(plan: Plan, notes: Sequence[Note]) -> list[tuple[str, str]]:
    """How strong the beat, and the relation to the chord before → the relation to the chord."""
    beat, found, before = beat_ticks(plan.meter), [], "-"
    for note in notes:
        chord = reading.chord_at(plan.chords, note.start)
        place = note.start % bar_ticks(plan.meter)
        strength = "s" if place == 0 else "b" if place % beat == 0 else "w"
        here = "-"
        if chord is not None:
            third = "M" if (chord.root + 4) % 12 in chord.pitches else "m"
            here = f"{third}{(note.pitch - chord.root) % 12}"
        found.append((f"{strength} {before}", here))
        before = here
    return found


def _pairs(upper: Sequence[Note], lower: Sequence[Note]) -> list[tuple[str, str]]:
    """The sonority before and how the upper voice moves → the sonority."""
    found: list[tuple[str, str]] = []
    before, last, at = "-", upper[0].pitch, 0
    for note in upper:
        while at + 1 < len(lower) and lower[at + 1].start <= note.start:
            at += 1
        under = lower[at]
        sounds = under.start <= note.start < under.start + under.length
        here = str((note.pitch - under.pitch) % 12) if sounds else "-"
        way = (note.pitch > last) - (note.pitch < last)
        found.append((f"{before} {way}", here))
        before, last = here, note.pitch
    return found


def _scaled(figures: np.ndarray, middle: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """(pieces, figures) from people's middle in their spread; what is absent stands there."""
    return np.nan_to_num(((figures - middle) / spread).clip(-4, 4))


def _terms(scaled: np.ndarray) -> np.ndarray:
    return np.concatenate([np.ones((len(scaled), 1)), scaled, scaled**2], 1)


def logistic(terms: np.ndarray, labels: np.ndarray, each: np.ndarray) -> np.ndarray:
    """Weights by Newton's method with a ridge."""
    weights = np.zeros(terms.shape[1])
    ridge = _RIDGE * np.eye(len(weights))
    ridge[0, 0] = 1e-6
    for _ in range(30):
        chances = 1 / (1 + np.exp(-(terms @ weights)))
        slope = terms.T @ (each * (labels - chances)) - ridge @ weights
        bend = (terms * (each * chances * (1 - chances))[:, None]).T @ terms + ridge
        step = np.linalg.solve(bend, slope)
        weights = weights + step
        if np.abs(step).max() < 1e-6:
            break
    return weights
