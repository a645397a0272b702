"""The panel understands what the master's own ear measures."""

import numpy as np
import pytest

from engine.critique import panel
from engine.master import hearing

RATE = 48_000


def tone(seconds: float = 5.0) -> np.ndarray:
    """A stereo chord that breathes, as (frames, 2)."""
    t = np.arange(int(seconds * RATE)) / RATE
    wave = sum(np.sin(2 * np.pi * f * t) for f in (220, 277.2, 329.6)) * 0.08
    wave *= (0.7 + 0.3 * np.sin(2 * np.pi * 2 * t)) * np.clip((seconds - t) / 0.1, 0, 1) ** 2
    return np.stack([wave, wave * 0.9], axis=1)


def gap(audio: np.ndarray) -> np.ndarray:
    audio[RATE : 4 * RATE] = 0
    return audio


def clip(audio: np.ndarray) -> np.ndarray:
    return np.clip(audio * 40, -1, 1)


def offset(audio: np.ndarray) -> np.ndarray:
    return audio + 0.05


def one_sided(audio: np.ndarray) -> np.ndarray:
    return audio * np.array([1.0, 0.05])


def out_of_phase(audio: np.ndarray) -> np.ndarray:
    return audio * np.array([1.0, -1.0])


def test_a_clean_master_is_kept(piece) -> None:
    assert panel.hear(piece(), hearing.hear(tone(), RATE)).kept


@pytest.mark.parametrize("spoil", [gap, clip, offset, one_sided, out_of_phase, np.zeros_like])
def test_a_spoilt_master_is_retracted_with_a_reason(piece, spoil) -> None:
    verdict = panel.hear(piece(), hearing.hear(spoil(tone()), RATE))
    assert not verdict.kept
    assert verdict.reasons


def test_a_loop_that_clicks_at_its_joint_is_retracted(piece) -> None:
    t = np.arange(4 * RATE) / RATE
    for cycles, kept in ((880, True), (880.5, False)):
        wave = 0.2 * np.sin(2 * np.pi * cycles / 4 * t)
        audio = np.stack([wave, wave], axis=1)
        heard = hearing.hear(audio, RATE, loop=True)
        assert panel.hear(piece(kind="loop"), heard).kept is kept, heard
