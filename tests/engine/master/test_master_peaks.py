import numpy as np
import pyebur128
import pytest
from master_sounds import RATE, pink

from engine.sound.loudness import (
    integrated_lufs,
    k_powers,
    lufs_of_powers,
    programme_lufs,
    true_peak_dbtp,
)
from engine.sound.peaks import points


def heard_whole(sound: np.ndarray) -> float:
    """True peak by libebur128 over every frame."""
    state = pyebur128.R128State(sound.shape[1], RATE, pyebur128.MeasurementMode.MODE_TRUE_PEAK)
    state.add_frames(np.ascontiguousarray(sound, np.float32).ravel(), len(sound))
    return 20 * np.log10(max(pyebur128.get_true_peak(state, side) for side in (0, 1)))


def squares(frames: int) -> np.ndarray:
    wave = np.sign(np.sin(2 * np.pi * 997 * np.arange(frames) / RATE)) * 0.4
    return np.stack([wave, -wave], axis=1).astype(np.float32)


def bursts(frames: int) -> np.ndarray:
    rng = np.random.default_rng(4)
    noise = rng.standard_normal((frames, 2)) * (rng.random((frames, 1)) < 0.01)
    return (noise * 0.2).astype(np.float32)


@pytest.mark.parametrize(
    "sound",
    [pink(RATE, 1), np.tanh(8 * pink(RATE, 2)), np.clip(9 * pink(RATE, 3), -0.5, 0.5),
     squares(RATE), bursts(RATE)],
    ids=["pink", "driven", "clipped", "squares", "bursts"],
)  # fmt: skip
def test_looking_only_where_it_can_be_finds_the_same_true_peak(sound: np.ndarray) -> None:
    assert abs(true_peak_dbtp(sound) - heard_whole(sound)) < 0.005


def test_a_peak_between_two_samples_is_found_and_placed() -> None:
    sine = np.sin(np.pi / 2 * np.arange(2000) + np.pi / 4)[:, None].astype(np.float32)
    sine[:500] *= 0.1
    sine[520:] *= 0.1
    found = points(sine, 0.8)
    assert len(found.at) and (found.at >= 498).all() and (found.at < 522).all()
    assert found.level.max() == pytest.approx(1.0, abs=0.1)


def test_nothing_is_found_below_the_floor() -> None:
    found = points(pink(RATE, 1), 2.0)
    assert not len(found.at) and not len(found.level)


@pytest.mark.parametrize("seconds", [0.2, 0.9, 2.9, 3.0, 8.25])
def test_loudness_of_powers_is_that_of_the_meter(seconds: float) -> None:
    sound = pink(int(seconds * RATE), 6)
    sound[len(sound) // 3 :] *= 0.05  # for the gate
    left, right = np.ascontiguousarray(sound.T, np.float32)
    powers = k_powers(left, loop=False) + k_powers(right, loop=False)
    assert lufs_of_powers(powers) == pytest.approx(programme_lufs(sound), abs=0.02)


@pytest.mark.parametrize("frames", [300, 4801, 40_000])
def test_a_loop_is_weighed_as_if_it_had_come_round_before(frames: int) -> None:
    lap = pink(frames, 7)[:, 0].astype(np.float32)
    laps = 2 + 9000 // frames * 48  # whole milliseconds before the last lap
    endless = k_powers(np.tile(lap, laps * 48 + 1), loop=False)
    once = k_powers(lap, loop=True)
    whole = frames // 48
    np.testing.assert_allclose(once[:whole], endless[laps * frames :][:whole], rtol=1e-5)


def test_silence_has_no_loudness() -> None:
    assert lufs_of_powers(np.zeros(5000)) == -np.inf
    assert integrated_lufs(np.zeros((5 * RATE, 2), np.float32)) == -np.inf
