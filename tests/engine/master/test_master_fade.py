"""A fade that was asked for: smooth, to silence, through every stem, and no fade otherwise."""

import numpy as np

from engine.master import master
from engine.sound.loudness import integrated_lufs
from tests.engine.master.test_master_limits import RATE, Given, music

FADE_S = 3.0


def _levels(audio: np.ndarray) -> np.ndarray:
    """Decibels of each half second."""
    half = RATE // 2
    power = (audio[: len(audio) // half * half] ** 2).mean(axis=1).reshape(-1, half).mean(axis=1)
    return 10 * np.log10(power + 1e-12)


def _mastered(fade_s: float):
    return master(
        Given(groups=music(10)), lufs=-16.0, true_peak_dbtp=-1.0, loop=False, seed=1, fade_s=fade_s
    )


def test_a_fade_falls_all_the_way_and_only_at_the_end() -> None:
    done = _mastered(FADE_S)
    levels = _levels(done.audio)
    last = levels[-round(2 * FADE_S) :]
    assert (np.diff(last) < 0).all()
    assert last[-1] < levels[0] - 25
    assert np.ptp(levels[: -round(2 * FADE_S)]) < 3
    assert np.abs(done.audio[-RATE // 100 :]).max() < 1e-3


def test_a_fade_keeps_the_loudness_that_was_asked() -> None:
    done = _mastered(FADE_S)
    assert done.passed, done.detail
    assert abs(integrated_lufs(done.audio) + 16.0) <= 0.3


def test_stems_fade_with_the_master_and_still_add_up() -> None:
    done = _mastered(FADE_S)
    assert np.allclose(sum(done.stems.values()), done.audio, atol=1e-5)
    for stem in done.stems.values():
        assert _levels(stem)[-1] < _levels(stem)[:-6].max() - 20


def test_nothing_fades_unasked() -> None:
    levels = _levels(_mastered(0.0).audio)
    assert np.ptp(levels[:-1]) < 3
