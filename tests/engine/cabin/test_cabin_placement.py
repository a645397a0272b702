"""Where sounds stand in a cabin: powers, silence, order, folding."""

import numpy as np
import pytest

from engine.cabin.hearing import loudness
from engine.cabin.placement import MOVING, ORDERS, folded, gains, placed
from engine.words.functions import AMBIENCES, SOUNDS

RATE = 48_000
STILL = [one for one in SOUNDS if one not in MOVING]


def sound() -> np.ndarray:
    t = np.arange(2 * RATE) / RATE
    return np.sin(2 * np.pi * 700 * t) * np.exp(-3 * t)


@pytest.mark.parametrize("channels", [1, 2, 4, 6])
@pytest.mark.parametrize("function", [*STILL, *AMBIENCES])
def test_powers_add_up_to_the_mono_file(function, channels: int) -> None:
    level = gains(function, channels)
    assert len(level) == channels == len(ORDERS[channels])
    assert np.sum(level**2) == pytest.approx(1)


@pytest.mark.parametrize("channels", [2, 4, 6])
@pytest.mark.parametrize("function", SOUNDS)
def test_folded_to_mono_a_sound_is_as_loud(function, channels: int) -> None:
    mono = sound()
    wide = placed(function, mono, channels, RATE)
    assert wide.shape == (len(mono), channels)
    assert abs(loudness(folded(wide, function, channels), RATE) - loudness(mono, RATE)) <= 1.5
    assert np.allclose((wide**2).sum(axis=1), mono**2)


def test_a_warning_is_ahead_and_silent_behind() -> None:
    wide = placed("warn", sound(), 6, RATE)
    order = ORDERS[6]
    for name in ("RL", "RR", "LFE"):
        assert not wide[:, order.index(name)].any()
    centre, left = order.index("C"), order.index("FL")
    assert np.abs(wide[:, centre]).max() > np.abs(wide[:, left]).max() > 0


def test_a_welcome_moves_to_the_back_and_a_farewell_comes_from_there() -> None:
    mono = np.ones(2 * RATE)
    for function, begins_in_front in (("welcome", True), ("farewell", False)):
        wide = placed(function, mono, 4, RATE)  # type: ignore[arg-type]
        front, rear = wide[:, 0] ** 2, wide[:, 2] ** 2
        first, last = (front > rear)[[10, -10]]
        assert (first, last) == (begins_in_front, not begins_in_front)
        assert np.abs(np.diff(wide, axis=0)).max() < 1e-3
