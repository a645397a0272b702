"""The ranker: how much a whole piece is like one that people wrote, for choosing among candidates.

It hears lead, bass and counter of a score, as plain figures of a whole piece and the bar critic's
word on its bars, and weighs them by what works of its own taught it. The bar critic was taught by
other works, and the judge of the reports by others again and with other figures, so a choice made
here can be judged there.
"""

import itertools
import json
import math
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from msgspec import Struct

from engine.contracts import Plan
from engine.critique import reading, trained
from engine.critique.trained import OUTER, TrainedCritic
from engine.errors import ModelMissing
from engine.score import BarView, Line, Note, Score, bar_ticks, beat_ticks

GRAIN = 40  # ticks of the grid
FIGURES: tuple[str, ...] = (
    "faultless, mean", "faultless, worst bar", "faultless, lower fifth", "human, mean",
    "human, worst bar", "steps", "same pitch", "leaps", "move", "range", "distinct runs",
    "distinct rhythms", "rhythms that return", "bars that return", "notes a bar", "evenness",
    "on the beat", "lengths", "silence", "outside the scale", "strange strong beats",
    "bass on roots", "bass steps", "bass notes a bar", "bass rhythms", "rough with the bass",
    "parallels", "contrary motion",
)  # fmt: skip


class Ranker(Struct, frozen=True, kw_only=True):
    """``middle`` and ``spread`` (FIGURES,) of people's pieces; ``weights`` (1 + 2 × FIGURES,) of
    the bias, the figures and their squares."""

    middle: list[float]
    spread: list[float]
    weights: list[float]

    def odds(self, figures: np.ndarray) -> np.ndarray:
        """Figures (pieces, FIGURES) → (pieces,) log-odds that people wrote them."""
        return self.terms(figures) @ np.array(self.weights)

    def terms(self, figures: np.ndarray) -> np.ndarray:
        """(pieces, 1 + 2 × FIGURES) what the weights are for; a figure that is absent is usual."""
        scaled = (figures - np.array(self.middle)) / np.array(self.spread)
        scaled = np.nan_to_num(scaled.clip(-3, 3))
        return np.concatenate([np.ones((len(scaled), 1)), scaled, scaled**2], 1)


def ranking(score: Score) -> float:
    """Log-odds that people wrote a piece: the higher of two candidates is the one to offer."""
    return float(packaged().odds(np.array([figures_of(score.plan, outer_lines(score))]))[0])


@cache
def packaged() -> Ranker:
    """The ranker that ships; `ModelMissing` when it is not there or counts other figures."""
    return read(trained.PACKAGED / "ranker.json")


def read(file: Path) -> Ranker:
    """A ranker from its file."""
    if not file.exists():
        raise ModelMissing(f"{file} is missing")
    kept = json.loads(file.read_text())
    if kept.pop("figures") != list(FIGURES):
        raise ModelMissing(f"{file} weighs other figures than this build counts")
    return Ranker(**kept)


def outer_lines(score: Score) -> tuple[Line, ...]:
    """Lead, bass and counter of an arranged score as the ear follows them, on the grid."""
    found: list[Line] = []
    for role in OUTER:
        notes = [_tidy(note) for note in reading.skyline(reading.role_of(score, role))]
        if notes:
            found.append(Line(role=role, notes=tuple(notes)))
    return tuple(found)


def _tidy(note: Note) -> Note:
    start = max(0, round(note.start / GRAIN) * GRAIN)
    return Note(start, max(GRAIN, round(note.length / GRAIN) * GRAIN), note.pitch, note.velocity)


def figures_of(
    plan: Plan, lines: Sequence[Line], critic: TrainedCritic | None = None
) -> list[float]:
    """The figures of a piece, in the order of ``FIGURES``; NaN where there is nothing to count."""
    by_role = {line.role: line.notes for line in lines if line.role in OUTER and line.notes}
    lead = by_role.get("lead") or by_role.get("counter") or ()
    bass = by_role.get("bass", ())
    return [
        *_bars_heard(plan, lines, critic or trained.packaged()),
        *_line(lead),
        *_form(plan, lead),
        *_time(plan, lead),
        *_harmony(plan, lead),
        *_low(plan, bass),
        *_together(lead, bass),
    ]


def _bars_heard(plan: Plan, lines: Sequence[Line], critic: TrainedCritic) -> list[float]:
    faultless, human = [], []
    for bar in range(_last_bar(plan, lines) + 1):
        said = critic.answers(_view(plan, lines, bar))
        if said is not None:
            faultless.append(float(said[0] - said[1]))
            human.append(float(said[0] - said[2]))
    if not faultless:
        return [math.nan] * 5
    return [
        float(np.mean(faultless)), min(faultless), float(np.quantile(faultless, 0.2)),
        float(np.mean(human)), min(human),
    ]  # fmt: skip


def _last_bar(plan: Plan, lines: Sequence[Line]) -> int:
    ends = [line.notes[-1].start for line in lines if line.notes]
    return min(plan.bars - 1, max(ends, default=0) // bar_ticks(plan.meter))


def _view(plan: Plan, lines: Sequence[Line], bar: int) -> BarView:
    until = (bar + 1) * bar_ticks(plan.meter)
    outer = [line for line in lines if line.role in OUTER]
    return BarView(
        plan=plan, bar=bar,
        lines=tuple(
            Line(role=line.role, notes=tuple(reading.within(line.notes, 0, until)))
            for line in outer
        ),
    )  # fmt: skip


def _line(notes: Sequence[Note]) -> list[float]:
    """Steps, same pitch, leaps, move, range, distinct runs of four moves."""
    moves = [b.pitch - a.pitch for a, b in itertools.pairwise(notes)]
    if len(moves) < 8:
        return [math.nan] * 6
    pitches = [note.pitch for note in notes]
    runs = [tuple(moves[at : at + 4]) for at in range(len(moves) - 3)]
    return [
        _share(0 < abs(move) <= 2 for move in moves), _share(move == 0 for move in moves),
        _share(abs(move) > 7 for move in moves), float(np.mean(np.abs(moves))),
        float(np.quantile(pitches, 0.95) - np.quantile(pitches, 0.05)),
        len(set(runs)) / len(runs),
    ]  # fmt: skip


def _share(marks) -> float:
    found = list(marks)
    return sum(found) / len(found) if found else math.nan


def _by_bar(plan: Plan, notes: Sequence[Note]) -> list[tuple[tuple[int, int], ...]]:
    """Bars that sound, as (place, pitch) of every onset."""
    length = bar_ticks(plan.meter)
    bars: dict[int, list[tuple[int, int]]] = {}
    for note in notes:
        bars.setdefault(note.start // length, []).append((note.start % length, note.pitch))
    return [tuple(bars[at]) for at in sorted(bars)]


def _form(plan: Plan, notes: Sequence[Note]) -> list[float]:
    """Distinct rhythms of bars, rhythms and whole bars that return."""
    bars = _by_bar(plan, notes)
    if len(bars) < 4:
        return [math.nan] * 3
    rhythms = [tuple(place for place, _ in bar) for bar in bars]
    return [
        len(set(rhythms)) / len(rhythms),
        _share(rhythm in rhythms[:at] for at, rhythm in enumerate(rhythms) if at),
        _share(bar in bars[:at] for at, bar in enumerate(bars) if at),
    ]


def _time(plan: Plan, notes: Sequence[Note]) -> list[float]:
    """Notes a bar, evenness from bar to bar, on the beat, variety of lengths, silence."""
    bars = _by_bar(plan, notes)
    if len(bars) < 4:
        return [math.nan] * 5
    counts = [len(bar) for bar in bars]
    beat, lengths = beat_ticks(plan.meter), Counter(note.length for note in notes)
    chances = np.array(list(lengths.values())) / len(notes)
    span = notes[-1].start + notes[-1].length - notes[0].start
    return [
        math.log2(float(np.mean(counts))), float(np.std(counts) / np.mean(counts)),
        _share(note.start % beat == 0 for note in notes),
        float(-(chances * np.log2(chances)).sum()),
        1 - min(1.0, sum(note.length for note in notes) / max(1, span)),
    ]  # fmt: skip


def _harmony(plan: Plan, notes: Sequence[Note]) -> list[float]:
    """Notes outside the scale; strangers to the chord on strong beats."""
    scale, beat = reading.scale_of(plan), 2 * beat_ticks(plan.meter)
    chords = [(note, reading.chord_at(plan.chords, note.start)) for note in notes]
    return [
        _share(note.pitch % 12 not in scale for note in notes),
        _share(note.pitch % 12 not in chord.pitches
               for note, chord in chords if chord and note.start % beat == 0),
    ]  # fmt: skip


def _low(plan: Plan, notes: Sequence[Note]) -> list[float]:
    """Bass on roots, its steps, notes a bar and distinct rhythms."""
    bars = _by_bar(plan, notes)
    if len(bars) < 4:
        return [math.nan] * 4
    chords = [(note, reading.chord_at(plan.chords, note.start)) for note in notes]
    moves = [abs(b.pitch - a.pitch) for a, b in itertools.pairwise(notes)]
    rhythms = [tuple(place for place, _ in bar) for bar in bars]
    return [
        _share(note.pitch % 12 == chord.root for note, chord in chords if chord),
        _share(0 < move <= 2 for move in moves),
        math.log2(float(np.mean([len(bar) for bar in bars]))),
        len(set(rhythms)) / len(rhythms),
    ]


def _together(lead: Sequence[Note], bass: Sequence[Note]) -> list[float]:
    """Lead against bass: seconds, sevenths and tritones; parallels; contrary motion."""
    pairs = [
        (note.pitch, under[0].pitch)
        for note in lead
        if (under := reading.sounding(bass, note.start))
    ]
    if len(pairs) < 8:
        return [math.nan] * 3
    moves = [(b[0] - a[0], b[1] - a[1]) for a, b in itertools.pairwise(pairs)]
    both = [(up, down) for up, down in moves if up and down]
    wrong, count = reading.parallels(lead, bass)
    return [
        _share((one - other) % 12 in (1, 2, 6, 10, 11) for one, other in pairs),
        wrong / max(1, count),
        _share(up * down < 0 for up, down in both) if both else math.nan,
    ]
