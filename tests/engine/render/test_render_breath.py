"""The noise of bows and lungs: it follows the part, far under it, to the end of hearing."""

import numpy as np
import pytest

from engine.render import breath
from engine.render.breath import BOWS, FLUTE, add_breath

RATE = 48_000
NAMED = sorted({kind.name: kind for kind in breath.PROGRAMS.values()}.items())


def tone(level: float, seconds: float = 1.0, hertz: float = 440.0) -> np.ndarray:
    """A sine of this RMS on both sides, between half a second of silence on either side."""
    wave = level * 2**0.5 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)
    silence = np.zeros(RATE // 2)
    return np.stack([np.concatenate([silence, wave, silence])] * 2, axis=1).astype(np.float32)


def added(part: np.ndarray, kind: breath.Breath) -> np.ndarray:
    out = part.copy()
    add_breath(out, kind)
    return out - part


def rms_db(sound: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(sound.astype(np.float64) ** 2) + 1e-20))


@pytest.mark.parametrize(("name", "kind"), NAMED)
def test_it_lies_35_to_52_db_under_the_part_and_most_of_it_above_two_kilohertz(
    name: str, kind: breath.Breath
) -> None:
    part = tone(0.1)
    noise = added(part, kind)
    inside = slice(RATE * 6 // 10, RATE * 14 // 10)
    under = rms_db(noise[inside]) - rms_db(part[inside])
    assert -52 < under < -35, name
    power = np.abs(np.fft.rfft(noise[inside, 0])) ** 2
    f = np.fft.rfftfreq(len(noise[inside]), 1 / RATE)
    assert power[f > 2000].sum() > 0.8 * power.sum()
    assert power[f > 11_000].sum() > 0.05 * power.sum()


def test_silence_stays_silent_and_what_is_soft_breathes_a_little_nearer() -> None:
    assert not added(np.zeros((RATE, 2), np.float32), FLUTE).any()
    loud, soft = (rms_db(added(tone(level), FLUTE)) - rms_db(tone(level)) for level in (0.1, 0.01))
    assert 1 < soft - loud < 6
    noise = added(tone(0.1), FLUTE)
    assert rms_db(noise[: RATE // 4]) < -150


def test_it_is_wide_and_the_same_every_time() -> None:
    noise = added(tone(0.1), BOWS)
    assert (noise == added(tone(0.1), BOWS)).all()
    inside = noise[RATE * 6 // 10 : RATE * 14 // 10]
    assert 0.3 < np.corrcoef(inside.T)[0, 1] < 0.7


def test_it_starts_and_ends_without_a_click() -> None:
    noise = added(tone(0.1), BOWS)[:, 0]
    edges = np.abs(noise[RATE // 2 - 480 : RATE // 2 + 240]).max()
    assert edges < 0.7 * np.abs(noise).max()
