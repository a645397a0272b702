"""A desk: one set of the network's slots, and the passages that share its steps row by row.

A row's result never depends on its neighbours, so what is written does not depend on how many
desks there are or who sits at which.
"""

from collections.abc import Callable, Sequence

import numpy as np
from msgspec import Struct

from engine.compose.choosing import MIN_P, drawn, surprises
from engine.compose.codes import BITS, CODES, DURATIONS, FEATURES, Step
from engine.compose.network import Network
from engine.compose.passage import Passage
from engine.compose.steering import code_bias, code_mask, duration_bias, duration_mask
from engine.compose.take import Take
from engine.score import BarRating, BarView

ROWS = 24  # sections that share a step
REACH = 320  # steps of context; training windows were no longer
GOOD_ENOUGH = 0.6  # the rating under which a bar is written again

BarRater = Callable[[BarView], BarRating]


class Manner(Struct, frozen=True, kw_only=True):
    """How one call writes; see `engine.compose.composer.Composer.write`."""

    rate: BarRater | None = None
    temperature: float = 1.0
    budget: float = 1.0
    tries: int = 1
    pull: float = 1.0
    least: float = MIN_P


class Desk:
    """Where passages are written side by side. Not for two threads at once."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self._codes = np.zeros((ROWS, CODES), bool)
        self._durations = np.zeros((ROWS, DURATIONS), bool)

    def write(self, takes: Sequence[Take], manner: Manner) -> None:
        """Step all passages together until each has written its last bar."""
        waiting = _in_turn(takes)
        active = self._seated([], waiting)
        while active:
            self._refill(active)
            logits, hidden = self._feed(active)
            codes = self._choose_codes(active, logits, manner)
            units = self._choose_units(active, self._lengths(hidden, codes), codes, manner)
            for passage, code, lasting in zip(active, codes.tolist(), units.tolist(), strict=True):
                passage.put(Step(code, lasting))
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
                self.network.copy(last.row, row, max(0, len(last.history) - last.base))
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
                self.network.step(ids, bits, [0], slice(passage.row, passage.row + 1))

    def _feed(self, active: list[Passage]) -> tuple[np.ndarray, np.ndarray]:
        """Logits (rows, codes) and hidden states (rows, width) of everybody's next step."""
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
        logits, hidden = self.network.step(ids, bits, lengths, slice(0, rows))
        return logits[: len(active), 0], hidden[: len(active), 0]

    def _lengths(self, hidden: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Logits (rows, durations) of how long the chosen codes last."""
        if len(codes) == 1:
            return self.network.durations(np.repeat(hidden, 2, 0), np.repeat(codes, 2))[:1]
        return self.network.durations(hidden, codes)

    def _choose_codes(
        self, active: list[Passage], logits: np.ndarray, manner: Manner
    ) -> np.ndarray:
        masks, wanted = self._codes[: len(active)], logits.astype(np.float64)
        given = [None if (step := one.forced_step) is None else step.code for one in active]
        for row, passage in enumerate(active):
            masks[row] = code_mask(passage)
            if given[row] is None and manner.pull:
                wanted[row] += manner.pull * code_bias(passage)
        chosen = _chosen(active, wanted, masks, given, manner)
        _count(active, surprises(logits, masks, chosen))
        return chosen

    def _choose_units(
        self, active: list[Passage], logits: np.ndarray, codes: np.ndarray, manner: Manner
    ) -> np.ndarray:
        masks, wanted = self._durations[: len(active)], logits.astype(np.float64)
        given = [None if (step := one.forced_step) is None else step.units for one in active]
        for row, (passage, code) in enumerate(zip(active, codes.tolist(), strict=True)):
            masks[row] = duration_mask(passage, code)
            if given[row] is None and manner.pull:
                wanted[row] += manner.pull * duration_bias(passage, code)
        chosen = _chosen(active, wanted, masks, given, manner)
        _count(active, surprises(logits, masks, chosen))
        return chosen


def _chosen(
    active: list[Passage],
    wanted: np.ndarray,
    masks: np.ndarray,
    given: Sequence[int | None],
    manner: Manner,
) -> np.ndarray:
    """(rows,) what is given, and what the others draw; only they throw their dice."""
    thrown = [
        passage.rng.random() if told is None else 0.0
        for passage, told in zip(active, given, strict=True)
    ]
    chosen = drawn(wanted, masks, manner.temperature, thrown, manner.least)
    for row, told in enumerate(given):
        if told is not None:
            chosen[row] = told
    return chosen


def _count(active: list[Passage], bits: np.ndarray) -> None:
    """Let every passage count the surprise of its own choice."""
    for passage, spent in zip(active, bits.tolist(), strict=True):
        passage.spend(spent)


def _conclude(passage: Passage, manner: Manner) -> None:
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


def _in_turn(takes: Sequence[Take]) -> list[Passage]:
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
