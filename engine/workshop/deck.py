"""Windows on the machine that trains: flat, drawn into batches, with some of what they tell hidden.

A control that is sometimes hidden while learning may be left out while writing.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from engine.compose.codes import BITS, DENSITIES, FEATURES, LEVELS, NOTHING
from engine.workshop.extract import Window

NAMES = [name for name, _ in FEATURES]
PLACE = {name: at for at, name in enumerate(NAMES)}
DRAWN_AT_ONCE = 16  # batches whose windows are drawn together and sorted by length

# What is hidden together, how often, and what stands in its place.
HIDDEN: dict[str, tuple[float, dict[str, int]]] = {
    "density": (0.2, {"density": DENSITIES - 1}),
    "reference": (
        0.1,
        {"referenced code": NOTHING, "referenced onset": 0, "variation": LEVELS - 1},
    ),
    "harmony": (0.08, {"chord root": 12, "next root": 12, "until next chord": 8}),
    "school": (0.15, {"school": 0}),
    "end": (0.1, {"bars left": 9}),
    "lead to come": (0.1, {"lead to come": NOTHING}),
}


class Batch:
    """Windows side by side: ``ids`` (rows, steps, features), ``bits`` (rows, steps, 36), ``codes``
    and ``units`` (rows, steps), -1 behind a window's end."""

    def __init__(self, ids: Tensor, bits: Tensor, codes: Tensor, units: Tensor) -> None:
        self.ids, self.bits, self.codes, self.units = ids, bits, codes, units

    @property
    def steps(self) -> int:
        """Steps that are there."""
        return int((self.codes >= 0).sum())


class Deck:
    """All windows as flat tensors on one device."""

    def __init__(self, windows: Sequence[Window], device: torch.device) -> None:
        self.lengths = np.array([len(window.codes) for window in windows])
        self._starts = torch.tensor(np.cumsum(self.lengths) - self.lengths, device=device)
        self._lengths = torch.tensor(self.lengths, device=device)
        self._ids = _flat([window.ids for window in windows], device)
        self._codes = _flat([window.codes for window in windows], device)
        self._units = _flat([window.units for window in windows], device)
        chroma = np.concatenate([window.chroma for window in windows]).astype(np.int16)
        self._chroma = torch.from_numpy(chroma).to(device)
        self._places = torch.arange(12, device=device, dtype=torch.int16)
        self._device = device

    def batch(self, chosen: Sequence[int] | np.ndarray) -> Batch:
        """Some windows, padded to the longest."""
        rows = torch.as_tensor(np.asarray(chosen), device=self._device)
        steps = torch.arange(int(self.lengths[np.asarray(chosen)].max()), device=self._device)
        live = steps < self._lengths[rows, None]
        at = torch.where(live, self._starts[rows, None] + steps, 0)
        chroma = (self._chroma[at][..., None] >> self._places) & 1
        return Batch(
            ids=self._ids[at].long(),
            bits=chroma.flatten(2).float(),
            codes=torch.where(live, self._codes[at].long(), -1),
            units=torch.where(live, self._units[at].long(), -1),
        )

    def drawn(self, weights: np.ndarray, steps: int, rng: np.random.Generator) -> Iterator[Batch]:
        """Endless batches of about ``steps`` steps, of windows of like length, the heavier ones
        more often."""
        chances = weights / weights.sum()
        at_once = max(64, round(DRAWN_AT_ONCE * steps / self.lengths.mean()))
        while True:
            chosen = rng.choice(len(self.lengths), size=at_once, p=chances)
            chosen = chosen[np.argsort(self.lengths[chosen], kind="stable")]
            rows = np.cumsum(self.lengths[chosen]) // steps
            groups = [chosen[rows == group] for group in np.unique(rows)]
            for order in rng.permutation(len(groups)):
                yield self.batch(groups[order])


def hide(batch: Batch, generator: torch.Generator) -> Batch:
    """Hide controls from some rows, each by its own chance."""
    ids, bits = batch.ids.clone(), batch.bits.clone()
    rows = len(ids)
    for name, (share, told) in HIDDEN.items():
        dice = torch.rand(rows, generator=generator, device=ids.device) < share
        ids, bits = _hidden(ids, bits, dice, name, told)
    return Batch(ids, bits, batch.codes, batch.units)


def without(batch: Batch, *names: str) -> Batch:
    """Hide some controls from every row, for measuring what they are worth."""
    ids, bits = batch.ids.clone(), batch.bits.clone()
    every = torch.ones(len(ids), dtype=torch.bool, device=ids.device)
    for name in names:
        ids, bits = _hidden(ids, bits, every, name, HIDDEN[name][1])
    return Batch(ids, bits, batch.codes, batch.units)


def _hidden(
    ids: Tensor, bits: Tensor, rows: Tensor, name: str, told: dict[str, int]
) -> tuple[Tensor, Tensor]:
    for feature, value in told.items():
        ids[rows, :, PLACE[feature]] = value
    if name == "harmony":
        bits[rows, :, : BITS // 3] = 0.0
    return ids, bits


def _flat(arrays: list[np.ndarray], device: torch.device) -> Tensor:
    return torch.from_numpy(np.concatenate(arrays)).to(device)
