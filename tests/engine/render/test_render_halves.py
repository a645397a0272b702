"""Half the rate and back, for sounds of any length and for loops of an odd one."""

import numpy as np
import pytest

from engine.render.halves import add_doubled, halved


def tone(frames: int, cycles: int) -> np.ndarray:
    return np.sin(2 * np.pi * cycles * np.arange(frames) / frames).astype(np.float32)


@pytest.mark.parametrize("frames", [9_600, 40_000, 65_538])
def test_what_lies_low_enough_comes_back(frames: int) -> None:
    sound = tone(frames, frames // 80)  # 600 Hz
    back = np.zeros(frames, np.float32)
    add_doubled(back, halved(sound.copy(), loop=True), loop=True)
    assert np.abs(back - sound).max() < 2e-3


@pytest.mark.parametrize("frames", [9_601, 34_909, 65_537])
def test_a_loop_of_an_odd_length_is_halved_over_two_laps(frames: int) -> None:
    sound = tone(frames, frames // 80)
    half = halved(np.concatenate([sound, sound]), loop=True)
    assert len(half) == frames
    back = np.zeros(frames, np.float32)
    add_doubled(back, half, loop=True)
    assert np.abs(back - sound).max() < 2e-3


def test_what_lies_too_high_stays_away() -> None:
    assert np.abs(halved(tone(48_000, 18_000), loop=True)).max() < 2e-3
