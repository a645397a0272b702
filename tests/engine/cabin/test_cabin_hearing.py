"""Measuring cabin sounds: on signals whose answers are known before."""

import numpy as np
import pytest

from engine.cabin import hearing
from engine.cabin.surroundings import margin, noise_db, noise_dba, threshold_db

RATE = 48_000


def tone(hertz: float, seconds: float, amplitude: float = 1.0) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)


def bursts(hertz: float, count: int, burst_ms: float, step_ms: float, partials: int) -> np.ndarray:
    """Held bursts of a harmonic tone with edges of 3 ms."""
    length, step = round(burst_ms * 48), round(step_ms * 48)
    edge = 3 * 48
    shape = np.ones(length)
    shape[:edge] = 0.5 - 0.5 * np.cos(np.pi * np.arange(edge) / edge)
    shape[-edge:] = shape[:edge][::-1]
    one = sum(tone(hertz * h, length / RATE, 10 ** (-3 * h / 20)) for h in range(1, partials + 1))
    out = np.zeros(step * (count - 1) + length)
    for at in range(count):
        out[at * step : at * step + length] += shape * one
    return out


def test_held_quick_high_and_rich_bursts_are_an_alarm_by_all_four_criteria() -> None:
    found = hearing.urgency(bursts(1200, 8, 95, 120, 5), RATE, 1200)
    assert found.passes == (True, True, True, True)
    assert found.gap_ms == pytest.approx(25, abs=5)
    assert found.harmonics == 5


@pytest.mark.parametrize(
    ("sound", "base", "missing"),
    [
        (bursts(700, 8, 95, 120, 5), 700.0, 3),
        (bursts(1200, 8, 95, 120, 1), 1200.0, 2),
        (bursts(1200, 4, 95, 300, 5), 1200.0, 1),
    ],
)
def test_each_criterion_fails_by_itself(sound: np.ndarray, base: float, missing: int) -> None:
    passes = hearing.urgency(sound, RATE, base).passes
    assert [at for at, met in enumerate(passes) if not met] == [missing]


def test_a_bell_is_no_alarm() -> None:
    t = np.arange(RATE) / RATE
    sound = tone(1200, 1.0) * np.exp(-6.9 * t / 0.5)
    found = hearing.urgency(sound, RATE, 1200)
    assert found.gap_ms is None
    assert found.peak_to_total < 0.3


@pytest.mark.parametrize("attack_ms", [8.0, 20.0, 60.0])
def test_the_attack_of_a_raised_cosine_is_six_tenths_of_it(attack_ms: float) -> None:
    sound = tone(660, 0.6)
    rise = round(attack_ms * 48)
    sound[:rise] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(rise) / rise)
    assert hearing.attack_ms(sound, RATE, 600) == pytest.approx(0.59 * attack_ms, abs=1.5)


@pytest.mark.parametrize("decay_ms", [100.0, 700.0, 1500.0])
def test_the_decay_of_an_exponential_is_found(decay_ms: float) -> None:
    t = np.arange(2 * RATE) / RATE
    sound = tone(660, 2.0) * np.exp(-6.908 * t / (decay_ms / 1000))
    assert hearing.decay_ms(sound, RATE, 0) == pytest.approx(decay_ms, rel=0.05)


def test_a_sound_that_does_not_fall_has_no_decay() -> None:
    assert hearing.decay_ms(tone(660, 0.5), RATE, 0) is None


def test_levels_are_those_of_a_sine() -> None:
    full = tone(1000, 1.0)
    assert hearing.loudest_dba(full, RATE) == pytest.approx(-3.0, abs=0.1)
    assert hearing.loudness(full, RATE) == pytest.approx(-3.0, abs=0.2)  # BS.1770: 997 Hz, -3.01
    short = full[: RATE // 5]
    assert hearing.loudness(short, RATE) == pytest.approx(hearing.loudest_dba(short, RATE))
    long = np.concatenate([full * 0.1, full, full * 0.1, full * 0.1])
    assert hearing.loudness(long, RATE) == pytest.approx(-3.0, abs=0.3)


def test_a_weighting_is_nothing_at_a_kilohertz_and_much_below() -> None:
    weights = 20 * np.log10(hearing.a_weight(np.array([100.0, 1000.0, 8000.0])))
    assert weights == pytest.approx([-19.1, 0.0, -1.1], abs=0.2)


def test_the_noise_model_is_as_loud_as_its_table_says() -> None:
    assert noise_dba(0) == pytest.approx(36.9, abs=0.2)
    assert noise_dba(60) == pytest.approx(62.3, abs=0.2)
    assert noise_dba(120) == pytest.approx(70.6, abs=0.2)
    assert noise_dba(60) < noise_dba(85) < noise_dba(120) < noise_dba(160)


def test_noise_masks_upwards_by_what_it_falls() -> None:
    threshold, noise = threshold_db(60), np.asarray(noise_db(60))
    assert np.all(threshold >= noise)
    assert np.all(np.diff(threshold) >= -2.5 - 1e-9)


def test_the_margin_follows_the_level_and_shrinks_with_speed() -> None:
    sound = tone(1600, 0.4, 0.5)
    quiet, loud = margin(sound, RATE, 60, 60), margin(sound, RATE, 66, 60)
    assert loud.margin_db - quiet.margin_db == pytest.approx(6, abs=0.05)
    assert margin(sound, RATE, 60, 0).margin_db > quiet.margin_db
    # One tone at 60 dB SPL has no A-weighting to speak of at 1.6 kHz: its band says the margin.
    assert quiet.margin_db == pytest.approx(60 - 1.0 - threshold_db(60)[17], abs=1.0)
