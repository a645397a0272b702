"""Moments of decoding: what the rows have behind them and are given next."""

import numpy as np
from msgspec import Struct

from engine.compose.codes import BITS, FEATURES
from engine.compose.composer import Composer
from engine.compose.network import Network
from engine.compose.slots import HostSlots
from engine.contracts import Brief
from engine.critique.bars import rate
from engine.plan import draw
from engine.words import resolve

FAR = -1e9  # nats: what is masked


class Moment(Struct, frozen=True, kw_only=True):
    """One step of some rows. ``past`` k0, v0, … (rows, 1, longest, head), padded on the left,
    ``mask`` (rows, 1, 1, longest + 1) says where; ``lengths`` and ``position`` are the same."""

    lengths: list[int]
    ids: np.ndarray
    bits: np.ndarray
    position: np.ndarray
    mask: np.ndarray
    past: dict[str, np.ndarray]


def arrays(network: Network) -> dict[str, np.ndarray]:
    """What the network keeps in this process's memory; on a device nobody looks into it."""
    assert isinstance(network.slots, HostSlots)
    return network.slots.arrays


def filled(network: Network, rows: int, length: int, seed: int) -> None:
    """Let the first rows hold ``length`` steps of seeded features."""
    ids, bits = _features(rows, length, seed)
    network.step(ids, bits, [0] * rows, slice(0, rows))


def moment(network: Network, lengths: list[int], seed: int) -> Moment:
    """A step behind so much of what the network's slots hold."""
    rows, longest = len(lengths), max(lengths)
    ids, bits = _features(rows, 1, seed)
    mask = np.zeros((rows, 1, 1, longest + 1), np.float32)
    slots = arrays(network)
    past = {name: np.zeros_like(slot[:rows, :, :longest]) for name, slot in slots.items()}
    for row, length in enumerate(lengths):
        mask[row, :, :, : longest - length] = FAR
        for name, slot in slots.items():
            past[name][row, :, longest - length :] = slot[row, :, :length]
    position = np.array(lengths, np.int64)[:, None]
    return Moment(lengths=lengths, ids=ids, bits=bits, position=position, mask=mask, past=past)


def composed(composer: Composer, styles: list[str], candidates: int) -> list[list[int]]:
    """The lengths of all rows at every step of composing some candidates of a minute."""
    desk, found = composer.desks[0], []
    listening = _Listening(desk.network, found)
    desk.network, network = listening, desk.network  # type: ignore[assignment]
    for style in styles:
        brief = Brief(kind="bed", style=style, duration_ms=60_000, seed=3)
        plans = draw(resolve(brief, 3), 3, candidates)
        composer.write(plans, range(len(plans)), rate=rate)
    desk.network = network
    return found


class _Listening:
    """A network that is stepped as ever, and a note of how long its rows were."""

    def __init__(self, network: Network, found: list[list[int]]) -> None:
        self._network, self._found = network, found
        self.durations, self.slots = network.durations, network.slots

    def step(
        self, ids: np.ndarray, bits: np.ndarray, lengths: list[int], rows: slice
    ) -> tuple[np.ndarray, np.ndarray]:
        if ids.shape[1] == 1 and rows.start == 0:
            self._found.append(list(lengths))
        return self._network.step(ids, bits, lengths, rows)


def _features(rows: int, steps: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    dice = np.random.default_rng([rows, steps, seed])
    shape = (rows, steps)
    ids = np.stack([dice.integers(0, width, shape) for _, width in FEATURES], -1)
    return ids, dice.integers(0, 2, (*shape, BITS)).astype(np.float32)
