"""A desk: one set of the network's slots, and the passages that share its steps row by row.

A desk is a loop of its own thread. Between two steps rows leave that are written, or whose call has
ended, and others come in, of whatever call. A row's result never depends on its neighbours, so what
is written depends neither on how many desks there are nor on who else is seated.
"""

import time
from collections.abc import Callable

import numpy as np

from engine.compose import watching
from engine.compose.call import Manner
from engine.compose.choosing import drawn, surprises
from engine.compose.codes import BITS, CODES, DURATIONS, FEATURES, Step
from engine.compose.floor import Floor, Row
from engine.compose.network import Network
from engine.compose.passage import Passage
from engine.compose.steering import code_bias, code_mask, duration_bias, duration_mask

REACH = 320  # steps of context; training windows were no longer
GOOD_ENOUGH = 0.6  # the rating under which a bar is written again


class Desk:
    """Where passages are written side by side. ``work`` is for one thread."""

    def __init__(self, network: Network, floor: Floor, number: int) -> None:
        self.network = network
        self._floor, self._number = floor, number
        self._rows: list[Row] = []
        self._steps = watching.STEPS.labels(number)
        self._seconds = watching.STEP_SECONDS.labels(number)
        places = max(2, network.slots.rows)
        self._ids = np.zeros((places, 1, len(FEATURES)), np.int64)
        self._bits = np.zeros((places, 1, BITS), np.float32)
        self._codes = np.ones((places, CODES), bool)
        self._durations = np.ones((places, DURATIONS), bool)

    def work(self) -> None:
        """Take turn after turn until the floor is closed."""
        try:
            while self.turn():
                pass
        except Exception as error:  # noqa: BLE001 - nobody must wait for this desk for ever
            self._floor.lose(self._number, self._rows, error)

    def turn(self) -> bool:
        """Let rows leave and come, and step those that are here; False when the floor is closed.

        Waits while there is nothing to write.
        """
        coming = self._floor.seats(self._number, self._rows)
        if coming is None:
            return False
        began = time.perf_counter()
        self._seat(coming)
        self._step()
        self._steps.inc(len(self._rows))
        self._seconds.observe(time.perf_counter() - began)
        self._floor.clear(self._number, self._rows)
        return True

    def _seat(self, coming: list[Row]) -> None:
        """Give everybody a place who has none; those who go on close up where they can."""
        if not self.network.slots.remote:
            self._close_up()
        taken = {row.passage.row for row in self._rows}
        free = [place for place in range(self.network.slots.rows) if place not in taken]
        for row, place in zip(coming, free, strict=False):
            self._rows.append(row)
            with self._floor.blaming(row.call):
                row.passage.begin(place, REACH // 2)

    def _close_up(self) -> None:
        """Move the last rows to where others have left, so that all stand side by side."""
        count = len(self._rows)
        taken = {row.passage.row for row in self._rows}
        holes = [place for place in range(count) if place not in taken]
        beyond = [row.passage for row in self._rows if row.passage.row >= count]
        for passage, hole in zip(beyond, holes, strict=True):
            length = max(0, len(passage.history) - passage.base)
            self.network.slots.copy(passage.row, hole, length)
            passage.row = hole

    def _step(self) -> None:
        """One step of the network, and what every row writes by it."""
        self._refill()
        logits, hidden = self._feed()
        codes = self._choose_codes(logits)
        units = self._choose_units(self._lengths(hidden, codes), codes)
        for row, code, lasting in zip(self._rows, codes.tolist(), units.tolist(), strict=True):
            if row.call.error is not None:
                continue
            with self._floor.blaming(row.call):
                row.passage.put(Step(code, lasting))
                if row.passage.bar_complete:
                    _conclude(row.passage, row.call.manner)
                    _say(row.passage, row.call.manner)

    def _refill(self) -> None:
        """Feed rows their last steps again where the slot is full or no longer holds them."""
        for row in self._rows:
            passage = row.passage
            if not passage.stale and len(passage.history) - passage.base < REACH:
                continue
            passage.base = max(0, len(passage.history) - REACH // 2)
            passage.stale = False
            steps = passage.history[passage.base :]
            if steps:
                ids = np.stack([ids for ids, _ in steps])[None]
                bits = np.stack([bits for _, bits in steps])[None]
                self.network.step(ids, bits, [0], slice(passage.row, passage.row + 1))

    def _feed(self) -> tuple[np.ndarray, np.ndarray]:
        """Logits (rows, codes) of everybody's next step; hidden states (places, width)."""
        places = self.network.slots.stepping(len(self._rows))
        lengths = [0] * places
        for row in self._rows:
            passage = row.passage
            if row.call.error is not None:
                continue
            with self._floor.blaming(row.call):
                ids, bits = passage.features()
                self._ids[passage.row, 0], self._bits[passage.row, 0] = ids, bits
                lengths[passage.row] = len(passage.history) - passage.base
                passage.history.append((ids, bits))
                passage.steps += 1
        logits, hidden = self.network.step(
            self._ids[:places], self._bits[:places], lengths, slice(0, places)
        )
        return logits[self._places(), 0], hidden[:, 0]

    def _lengths(self, hidden: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Logits (rows, durations) of how long the chosen codes last."""
        chosen = np.zeros(len(hidden), np.int64)
        chosen[self._places()] = codes
        return self.network.durations(hidden, chosen)[self._places()]

    def _places(self) -> list[int]:
        return [row.passage.row for row in self._rows]

    def _choose_codes(self, logits: np.ndarray) -> np.ndarray:
        """(rows,) a code for everybody."""
        return self._choose(
            logits,
            self._codes,
            lambda passage, _: code_mask(passage),
            lambda passage, _: code_bias(passage),
            lambda step: step.code,
        )

    def _choose_units(self, logits: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """(rows,) how long everybody's code lasts."""
        chosen = codes.tolist()
        return self._choose(
            logits,
            self._durations,
            lambda passage, at: duration_mask(passage, chosen[at]),
            lambda passage, at: duration_bias(passage, chosen[at]),
            lambda step: step.units,
        )

    def _choose(
        self,
        logits: np.ndarray,
        masks: np.ndarray,
        allow: Callable[[Passage, int], np.ndarray],
        wish: Callable[[Passage, int], np.ndarray],
        told: Callable[[Step], int],
    ) -> np.ndarray:
        """(rows,) what is given, and what the others draw; only they throw their dice."""
        masks, wanted = masks[: len(self._rows)], logits.astype(np.float64)
        given: dict[int, int] = {}
        thrown = [0.0] * len(self._rows)
        for at, row in enumerate(self._rows):
            passage, manner = row.passage, row.call.manner
            if row.call.error is not None:
                continue
            with self._floor.blaming(row.call):
                masks[at] = allow(passage, at)
                if (step := passage.forced_step) is not None:
                    given[at] = told(step)
                    continue
                if manner.pull:
                    wanted[at] += manner.pull * wish(passage, at)
                thrown[at] = passage.rng.random()
        temperature = self._told(lambda manner: manner.temperature)
        least = self._told(lambda manner: manner.least)
        chosen = drawn(wanted, masks, temperature, thrown, least)
        for at, one in given.items():
            chosen[at] = one
        self._count(surprises(logits, masks, chosen))
        return chosen

    def _told(self, told: Callable[[Manner], float]) -> np.ndarray:
        """(rows, 1) what the rows' calls say."""
        return np.array([told(row.call.manner) for row in self._rows])[:, None]

    def _count(self, bits: np.ndarray) -> None:
        """Let every passage count the surprise of its own choice."""
        for row, spent in zip(self._rows, bits.tolist(), strict=True):
            row.passage.spend(spent)


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


def _say(passage: Passage, manner: Manner) -> None:
    """Tell of a bar that stays; one that is written again has been tried."""
    if manner.kept is not None and passage.take is not None and not passage.tries:
        manner.kept(passage.take, passage.index, passage.bars)
