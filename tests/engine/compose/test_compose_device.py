"""The composer on a GPU, where there is one: rows depend on nobody, and it says what a CPU says.

Skipped elsewhere; there the device's slots are tried with the CPU's memory (`signature`, `desks`).
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnxruntime as ort
import pytest

from engine.compose.codes import BITS, FEATURES
from engine.compose.composer import GPU_GRAPH, PACKAGED, Composer
from engine.compose.network import Network
from engine.contracts import Brief, Plan
from engine.critique.bars import rate
from engine.plan import draw
from engine.weights import CUDA
from engine.words import resolve

pytestmark = [
    pytest.mark.xdist_group("music on paper"),
    pytest.mark.skipif(
        CUDA not in ort.get_available_providers(), reason="onnxruntime has no CUDA here"
    ),
]
ROWS = 16


def _features(dice: np.random.Generator, rows: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
    shape = (rows, steps)
    ids = np.stack([dice.integers(0, width, shape) for _, width in FEATURES], -1)
    return ids, dice.integers(0, 2, (*shape, BITS)).astype(np.float32)


def _plans(style: str, count: int) -> list[Plan]:
    brief = Brief(kind="bed", style=style, duration_ms=12_000, seed=5)
    return draw(resolve(brief, 5), 5, count)


def _network() -> Network:
    return Network(PACKAGED, slots=ROWS, provider=CUDA, graph=GPU_GRAPH)


def test_a_row_has_the_same_bits_whoever_stands_beside_it() -> None:
    network, dice = _network(), np.random.default_rng(3)
    ids, bits = _features(dice, ROWS, 40)
    together = [
        network.step(ids[:, at : at + 1], bits[:, at : at + 1], [at] * ROWS, slice(0, ROWS))
        for at in range(40)
    ]
    other, (noise, tint) = _network(), _features(dice, ROWS, 40)
    noise[5], tint[5] = ids[5], bits[5]
    lengths = dice.integers(0, 60, ROWS).tolist()
    for at in range(40):
        lengths[5] = at
        logits, hidden = other.step(
            noise[:, at : at + 1], tint[:, at : at + 1], lengths, slice(0, ROWS)
        )
        assert np.array_equal(logits[5], together[at][0][5]), at
        assert np.array_equal(hidden[5], together[at][1][5]), at


def test_a_device_says_what_the_processor_says_within_half_precision() -> None:
    here, there = Network(PACKAGED, slots=ROWS), _network()
    ids, bits = _features(np.random.default_rng(4), ROWS, 24)
    for at in range(24):
        given = ids[:, at : at + 1], bits[:, at : at + 1], [at] * ROWS, slice(0, ROWS)
        (mine, _), (its, _) = here.step(*given), there.step(*given)
        assert np.abs(mine - its).max() < 0.25, at
        assert np.abs(mine - its).mean() < 0.03, at


def test_many_steps_at_once_are_the_same_steps_one_by_one() -> None:
    once, steps = _network(), _network()
    ids, bits = _features(np.random.default_rng(6), ROWS, 24)
    once.step(ids[:, :23], bits[:, :23], [0] * ROWS, slice(0, ROWS))
    for at in range(23):
        steps.step(ids[:, at : at + 1], bits[:, at : at + 1], [at] * ROWS, slice(0, ROWS))
    last = ids[:, 23:], bits[:, 23:], [23] * ROWS, slice(0, ROWS)
    assert np.abs(once.step(*last)[0] - steps.step(*last)[0]).max() < 0.25


def test_callers_at_once_are_given_what_each_is_given_alone() -> None:
    orders = [(_plans("rock", 2), [1, 2]), (_plans("lofi", 1), [3]), (_plans("solo_piano", 1), [4])]
    alone = Composer(provider=CUDA, rows=ROWS)
    expected = [alone.write(plans, seeds, rate=rate) for plans, seeds in orders]
    together = Composer(provider=CUDA, rows=ROWS)
    with ThreadPoolExecutor(6) as callers:
        found = list(callers.map(lambda at: together.write(*orders[at % 3], rate=rate), range(6)))
    assert found == [*expected, *expected]
    assert all(made.lines for composed in found for made in composed)
