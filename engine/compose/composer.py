"""The composer: plans in, lines out, bar by bar, with the panel reading along.

Every note is sampled from the network. What the plan and the craft want (chord tones on strong
beats, the motif again, a breath at a phrase's end, no leap beyond an octave) is added to its logits
as a bias; what cannot be (outside the range, beyond the bar line) is masked. The sections of all
takes share each step of the network as rows of a batch, a section that is like another one as soon
as that one is written; a row's result never depends on its neighbours.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from msgspec import Struct

from engine.compose.cast import LINES
from engine.compose.codes import BITS, FEATURES, Step
from engine.compose.given import Given, fixed
from engine.compose.network import Network
from engine.compose.passage import Passage
from engine.compose.steering import code_bias, code_mask, duration_bias, duration_mask
from engine.compose.take import Take
from engine.contracts import Plan, Rewrite
from engine.errors import ModelMissing
from engine.score import BarRating, BarView, Line

PACKAGED = Path(__file__).resolve().parent.parent / "models" / "composer"
ROWS = 24  # sections that share a step
REACH = 320  # steps of context; training windows were no longer
TRIES = 4  # of one bar
GOOD_ENOUGH = 0.6  # the rating under which a bar is written again
TEMPERATURE = 0.9
"""Measured on 40 takes of 8 styles: colder, tunes get poorer; warmer, only dearer.

| temperature | bits per note, nothing masked | distinct 4-grams | bars repeated | mean bar rating |
|---|---|---|---|---|
| 0.75 | 2.25 | 0.840 | 0.123 | 0.969 |
| 0.80 | 2.31 | 0.845 | 0.114 | 0.970 |
| 0.85 | 2.35 | 0.849 | 0.118 | 0.969 |
| 0.90 | 2.39 | 0.849 | 0.120 | 0.970 |
| 0.95 | 2.45 | 0.852 | 0.123 | 0.970 |
| 1.00 | 2.45 | 0.851 | 0.119 | 0.971 |
| 1.05 | 2.46 | 0.861 | 0.112 | 0.969 |
"""
MIN_P = 0.04  # codes less likely than this share of the likeliest are never drawn

BarRater = Callable[[BarView], BarRating]


class Composition(Struct, frozen=True, kw_only=True):
    """What was written for one plan. ``steps`` counts the network's, rewrites included."""

    lines: tuple[Line, ...]
    rewrites: tuple[Rewrite, ...]
    steps: int


class Composer:
    """The trained weights, ready to write. Not safe for two threads at once."""

    def __init__(
        self,
        models: Path | None = None,
        *,
        threads: int = 1,
        provider: str = "CPUExecutionProvider",
    ) -> None:
        folder = models or PACKAGED
        manifest = _checked_manifest(folder)
        self.name: str = manifest["name"]
        self.digest: str = hashlib.sha256(
            "".join(sorted(manifest["files"].values())).encode()
        ).hexdigest()
        self._network = Network(folder, slots=ROWS, threads=threads, provider=provider)

    def write(
        self,
        plans: Sequence[Plan],
        seeds: Sequence[int],
        *,
        given: Sequence[Given | None] | None = None,
        rate: BarRater | None = None,
        temperature: float = TEMPERATURE,
        budget: float = 2.0,
        tries: int = TRIES,
        pull: float = 1.0,
    ) -> list[Composition]:
        """One composition per plan. ``budget`` bounds the steps: times what one pass would take.

        What is ``given``, by `engine.compose.doors`, is read; the rest is written around it.
        ``tries`` bounds the versions of one bar. ``pull`` scales what the craft adds to the
        network's opinion of codes and of durations: at 0 only the grammar's masks are left.
        """
        manner = _Manner(rate=rate, temperature=temperature, budget=budget, tries=tries, pull=pull)
        takes = [
            Take(plan, seed, kept)
            for plan, seed, kept in zip(plans, seeds, given or [None] * len(plans), strict=True)
        ]
        self._run(takes, manner)
        return [
            Composition(lines=take.lines(), rewrites=take.rewrites(), steps=take.steps)
            for take in takes
        ]

    def bits(self, plan: Plan, lines: Sequence[Line]) -> float:
        """Bits per note of given lines under this model, teacher-forced, at temperature 1."""
        silent = {part.role for part in plan.parts} - {line.role for line in lines}
        rests = [Line(role=role, notes=()) for role in LINES if role in silent]
        take = Take(plan, 0, fixed(plan, [*lines, *rests]))
        self._run([take], _Manner(rate=None, temperature=1.0, budget=1.0))
        notes = sum(len(line.notes) for line in lines)
        return sum(line.bits for line in take.lines() if line.role in LINES) / max(1, notes)

    def _run(self, takes: list[Take], manner: "_Manner") -> None:
        """Step all passages together until each has written its last bar."""
        waiting = _in_turn(takes)
        active = self._seated([], waiting)
        while active:
            self._refill(active)
            logits, hidden = self._feed(active)
            codes = [
                self._choose_code(passage, logits[row], manner)
                for row, passage in enumerate(active)
            ]
            durations = self._durations(hidden, codes)
            for row, passage in enumerate(active):
                units = self._choose_units(passage, codes[row], durations[row], manner)
                passage.put(Step(codes[row], units))
                if passage.bar_complete:
                    _conclude(passage, manner)
            active = self._seated(active, waiting)

    def _seated(self, active: list[Passage], waiting: list[Passage]) -> list[Passage]:
        """The passages that go on, side by side, and behind them those whose turn has come."""
        going = list(active)
        for row in reversed(range(len(going))):
            if not going[row].done:
                continue
            last = going.pop()
            if last is not active[row]:
                self._network.copy(last.row, row)
                last.row, going[row] = row, last
        for passage in [one for one in waiting if one.ready][: ROWS - len(going)]:
            waiting.remove(passage)
            passage.begin(len(going), REACH // 2)
            going.append(passage)
        return going

    def _refill(self, active: list[Passage]) -> None:
        """Feed rows their last steps again where the slot is full or no longer holds them."""
        for passage in active:
            if not passage.stale and len(passage.history) - passage.base < REACH:
                continue
            passage.base = max(0, len(passage.history) - REACH // 2)
            passage.stale = False
            steps = passage.history[passage.base :]
            if steps:
                ids = np.stack([ids for ids, _ in steps])[None]
                bits = np.stack([bits for _, bits in steps])[None]
                self._logits(ids, bits, [0], slice(passage.row, passage.row + 1))

    def _feed(self, active: list[Passage]) -> tuple[np.ndarray, np.ndarray]:
        # A batch of one takes another path through the matrix kernels and rounds differently, so
        # the last row never steps alone: it keeps an idle neighbour.
        rows = max(2, len(active))
        ids = np.zeros((rows, 1, len(FEATURES)), np.int64)
        bits = np.zeros((rows, 1, BITS), np.float32)
        for row, passage in enumerate(active):
            ids[row, 0], bits[row, 0] = passage.features()
        lengths = [len(one.history) - one.base for one in active] + [0] * (rows - len(active))
        for row, passage in enumerate(active):
            passage.history.append((ids[row, 0], bits[row, 0]))
            passage.steps += 1
        logits, hidden = self._logits(ids, bits, lengths, slice(0, rows))
        return logits[: len(active), 0], hidden[: len(active), 0]

    def _logits(
        self, ids: np.ndarray, bits: np.ndarray, lengths: list[int], rows: slice
    ) -> tuple[np.ndarray, np.ndarray]:
        return self._network.step(ids, bits, lengths, rows)

    def _durations(self, hidden: np.ndarray, codes: list[int]) -> np.ndarray:
        if len(codes) == 1:
            hidden, codes = np.repeat(hidden, 2, 0), codes * 2
        return self._network.durations(hidden, np.array(codes))

    def _choose_code(self, passage: Passage, logits: np.ndarray, manner: "_Manner") -> int:
        mask = code_mask(passage)
        chosen = passage.forced_step
        if chosen is not None:
            passage.spend(_surprise(logits, mask, chosen.code))
            return chosen.code
        wanted = logits + manner.pull * code_bias(passage) if manner.pull else logits
        code = _draw(wanted, mask, manner.temperature, passage.rng)
        passage.spend(_surprise(logits, mask, code))
        return code

    def _choose_units(
        self, passage: Passage, code: int, logits: np.ndarray, manner: "_Manner"
    ) -> int:
        mask = duration_mask(passage, code)
        chosen = passage.forced_step
        if chosen is not None:
            passage.spend(_surprise(logits, mask, chosen.units))
            return chosen.units
        wanted = logits + manner.pull * duration_bias(passage, code) if manner.pull else logits
        units = _draw(wanted, mask, manner.temperature, passage.rng)
        passage.spend(_surprise(logits, mask, units))
        return units


class _Manner(Struct, frozen=True, kw_only=True):
    """How one call writes; see `Composer.write`."""

    rate: BarRater | None
    temperature: float
    budget: float
    tries: int = TRIES
    pull: float = 1.0


def _conclude(passage: Passage, manner: _Manner) -> None:
    """Ask the panel about a finished bar: keep it, or take it back and try again."""
    if manner.rate is None or passage.replaying or passage.bar_given:
        passage.keep("")
        return
    rating = manner.rate(passage.view())
    passage.judge(rating)
    spent = passage.steps - passage.read >= manner.budget * passage.expected_steps
    if rating.rating >= GOOD_ENOUGH or (spent and passage.tries == 1):
        passage.keep(rating.reason)
    elif passage.tries < manner.tries and not spent:
        passage.take_back()
    else:
        passage.settle_for_best()


def _draw(
    logits: np.ndarray, mask: np.ndarray, temperature: float, rng: np.random.Generator
) -> int:
    """Sample an index where ``mask`` is true, by temperature and min-p."""
    allowed = mask.nonzero()[0]
    wanted = logits[allowed].astype(np.float64) / temperature
    chances = np.exp(wanted - wanted.max())
    chances[chances < MIN_P] = 0.0
    edges = chances.cumsum()
    return int(allowed[edges.searchsorted(rng.random() * edges[-1], side="right")])


def _surprise(logits: np.ndarray, mask: np.ndarray, chosen: int) -> float:
    """Bits of a choice under the network alone, among what the grammar allowed."""
    allowed = logits[mask].astype(np.float64)
    if not mask[chosen]:
        allowed = np.append(allowed, logits[chosen])
    top = allowed.max()
    return float((np.log(np.exp(allowed - top).sum()) + top - logits[chosen]) / np.log(2))


def _in_turn(takes: list[Take]) -> list[Passage]:
    """All passages that have something to write, those first that most work waits for."""
    behind: dict[int, int] = {}
    passages = [passage for take in takes for passage in (*take.sources, *take.passages)]
    for passage in reversed(passages):
        behind[id(passage)] = behind.get(id(passage), 0) + len(passage.slots)
        for earlier in passage.awaited:
            before = behind.get(id(earlier), 0)
            behind[id(earlier)] = max(before, behind[id(passage)])
    passages.sort(key=lambda passage: -behind[id(passage)])
    return [passage for passage in passages if not passage.done]


def _checked_manifest(folder: Path) -> dict:
    file = folder / "manifest.json"
    if not file.exists():
        raise ModelMissing(f"no composer in {folder}: its manifest.json is missing")
    manifest = json.loads(file.read_text())
    for name, sha256 in manifest["files"].items():
        weights = folder / name
        if not weights.exists():
            raise ModelMissing(f"{weights} is missing")
        if hashlib.sha256(weights.read_bytes()).hexdigest() != sha256:
            raise ModelMissing(f"{weights} is not the file its manifest names")
    return manifest
