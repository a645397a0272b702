"""From half the rate to the whole one, from any frame on."""

import numpy as np
import pytest

from engine.render.halves import HALF_RATE, add_doubled


def doubled(sound: np.ndarray) -> np.ndarray:
    out = np.zeros(2 * len(sound), np.float32)
    add_doubled(out, sound)
    return out


@pytest.mark.parametrize("hertz", [100.0, 3000.0, 8500.0])
def test_doubling_changes_nothing_that_a_room_says(hertz: float) -> None:
    half = np.sin(2 * np.pi * hertz * np.arange(4801) / HALF_RATE).astype(np.float32)
    whole = np.sin(np.pi * hertz * np.arange(9602) / HALF_RATE)
    assert np.abs(doubled(half) - whole)[20:-20].max() < 0.01


@pytest.mark.parametrize("first", [0, 1, 4095, 4096, 19_997, 19_999, 25_000])
@pytest.mark.parametrize("frames", [1, 2, 5, 8191, 9000])
def test_any_stretch_is_the_same_as_in_the_whole(first: int, frames: int) -> None:
    half = np.random.default_rng(1).standard_normal(10_000).astype(np.float32)
    out, expected = np.zeros(frames, np.float32), np.zeros(frames, np.float32)
    add_doubled(out, half, first)
    piece = doubled(half)[first : first + frames]
    expected[: len(piece)] = piece
    np.testing.assert_array_equal(out, expected)
