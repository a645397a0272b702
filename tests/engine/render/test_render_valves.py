"""The amplifier's loops against what they stand for: tanh, a resampler's filter, an equaliser."""

import numpy as np
import pytest
import soxr

from engine.render.synth import valves
from engine.render.synth.amps import AMPS
from engine.render.synth.valves import Curve, amplified, half_band
from engine.sound.filters import Band, convolve, impulse

SECOND = 48_000
THROUGH = (Band("peak", 1000.0, 0.0, 0.7),)  # changes nothing


def strings(seconds: float, seed: int = 1) -> np.ndarray:
    """Something like a chord that dies away, with a rest behind it."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(seconds * SECOND)) / SECOND
    chord = sum(np.sin(2 * np.pi * f * time + rng.uniform(0, 6)) / k
                for k, f in enumerate((110, 165, 220, 330, 441, 880, 1320, 2640), 1))  # fmt: skip
    chord *= np.exp(-3 * (time % 2.0))
    chord[time % 4.0 > 3.0] = 0
    return chord.astype(np.float32)


def through(sound: np.ndarray, curve: Curve, over: int, box: tuple[Band, ...]) -> np.ndarray:
    out = np.empty(len(sound), np.float32)
    amplified(sound, curve, over, box, out)
    return out.astype(np.float64)


def decibels(error: np.ndarray, of: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(error**2) / np.mean(of.astype(np.float64) ** 2)))


@pytest.mark.parametrize(("pairs", "passed"), [(valves._SHARP, 20 / 48), (valves._WIDE, 0.25)])
def test_a_half_band_passes_what_is_below_and_rejects_its_mirror(pairs: int, passed: float) -> None:
    side = half_band(pairs, passed).astype(np.float64)
    at = np.arange(1, 2 * pairs, 2)

    def gain(share: float) -> float:  # of the lower rate
        return 0.5 + 2 * float(np.sum(side * np.cos(np.pi * share * at)))

    low = np.linspace(0, passed, 50)
    assert max(abs(gain(one) - 1) for one in low) < 1e-4
    assert max(abs(gain(1 - one)) for one in low) < 1e-4


@pytest.mark.parametrize("over", [2, 4])
def test_what_is_hardly_driven_comes_out_as_it_went_in(over: int) -> None:
    sound = strings(1.0)
    out = through(sound, Curve(1e-3, 0.0, 0.0, 1000.0), over, THROUGH)
    inside = slice(200, -200)  # it begins at once, which no filter lets through
    assert decibels((out - sound)[inside], sound) < -85


@pytest.mark.parametrize("name", ["guitar_heavy", "guitar_lead", "bass_drive"])
def test_valves_and_box_are_the_curve_and_the_equaliser_they_stand_for(name: str) -> None:
    amp, sound = AMPS[name], strings(6.0)
    curve = Curve(amp.drive, amp.asymmetry, amp.clean, 1.0)
    above = soxr.resample(sound.astype(np.float64), 1, amp.over, quality="VHQ")
    driven = np.tanh(above * amp.drive + amp.asymmetry) - np.tanh(amp.asymmetry)
    plain = soxr.resample(driven, amp.over, 1, quality="VHQ")[: len(sound)] + amp.clean * sound
    asked = convolve(plain.astype(np.float32), impulse(amp.box))
    assert decibels(through(sound, curve, amp.over, amp.box) - asked, asked) < -65


def test_a_gain_is_only_a_gain() -> None:
    sound, amp = strings(1.0), AMPS["guitar_clean"]
    one, two = (through(sound, Curve(2.0, 0.1, 0.2, gain), 2, amp.box) for gain in (1.0, 2.0))
    assert np.abs(two - 2 * one).max() < 1e-6


def test_a_long_part_goes_through_the_box_as_a_short_one_does() -> None:
    """Long parts are done at many places at once, each a little while before it is heard."""
    sound, box = strings(14.0), AMPS["bass_drive"].box
    curve = Curve(3.5, 0.15, 0.55, 1.0)
    whole, head = through(sound, curve, 2, box), through(sound[: 2 * SECOND], curve, 2, box)
    inside = slice(0, 2 * SECOND - 100)
    assert decibels(whole[inside] - head[inside], whole[inside]) < -110


def test_a_rest_is_exactly_silent_in_the_end() -> None:
    sound = np.zeros(12 * SECOND, np.float32)
    sound[:4800] = strings(0.1)
    out = through(sound, Curve(10.0, 0.2, 0.0, 1.0), 4, AMPS["guitar_lead"].box)
    assert out[:4800].any()
    assert not out[6 * SECOND :].any()
