"""Guitars are heard through amplifiers: chords distort as one, in the band of a loudspeaker."""

import numpy as np
import pytest

from engine.render.strokes import Stroke
from engine.render.synth import amps
from engine.sound.loudness import momentary_lufs

SECOND = 48_000
FIFTH = (40, 47)  # 82.4 and 123.6 Hz: the second and third multiples of 41.2 Hz


def chord(name: str, pitches: tuple[int, ...], seconds: float = 1.5, onset: int = 0) -> np.ndarray:
    frames = int(seconds * SECOND)
    strokes = [Stroke(onset, frames, pitch, 100) for pitch in pitches]
    return amps.play_amplified(name, strokes, onset + frames + 24_000)


def power(sound: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    one = sound.astype(np.float64) * np.hanning(len(sound))
    return np.fft.rfftfreq(len(one), 1 / SECOND), np.abs(np.fft.rfft(one)) ** 2


def share_db(sound: np.ndarray, low: float, high: float) -> float:
    hertz, strength = power(sound)
    inside = strength[(hertz >= low) & (hertz < high)].sum()
    return float(10 * np.log10(inside / strength.sum() + 1e-15))


@pytest.mark.parametrize("name", sorted(amps.AMPS))
def test_an_amplifier_plays_a_chord_near_minus_twenty_without_clicks_or_offset(name: str) -> None:
    sound = chord(name, FIFTH)
    assert abs(momentary_lufs(sound) + 20) < 3
    assert np.abs(sound[0]).max() < 2e-3
    assert np.abs(sound.mean(axis=0)).max() < 2e-3
    assert not sound[-480:].any() or np.abs(sound[-480:]).max() < 1e-4


@pytest.mark.parametrize("name", ["guitar_heavy", "guitar_drive", "guitar_lead"])
def test_a_loudspeaker_passes_eighty_hertz_to_five_kilohertz(name: str) -> None:
    left = chord(name, (*FIFTH, 52))[:, 0]
    assert share_db(left, 80, 5500) > -0.6
    assert share_db(left, 8000, 24_000) < -28
    assert share_db(left, 0, 60) < -18


def test_strings_of_a_chord_distort_together() -> None:
    def between(sound: np.ndarray) -> float:
        # Five times 41.2 Hz is a harmonic of neither string, only of both together.
        hertz, strength = power(sound[12_000:60_000, 0])
        near = (hertz > 203) & (hertz < 209)
        return float(10 * np.log10(strength[near].max() / strength.max()))

    together = between(chord("guitar_heavy", FIFTH))
    low, high = (chord("guitar_heavy", (pitch,)) for pitch in FIFTH)
    apart = between(low + high)
    assert together > -20
    assert together > apart + 15


def test_a_rhythm_guitar_is_two_takes_that_do_not_cancel_in_mono() -> None:
    strokes = [Stroke(i * 12_000, 11_000, pitch, 105) for i in range(8) for pitch in FIFTH]
    sound = amps.play_amplified("guitar_heavy", strokes, 3 * SECOND)
    left, right = sound.T
    assert abs((left * right).mean()) < 0.6 * (left.std() * right.std())
    mono = (sound[:, 0] + sound[:, 1]) / 2
    lost = 10 * np.log10(np.mean(sound**2) / np.mean(mono**2))
    assert lost < 4.5
    lead = amps.play_amplified("guitar_lead", strokes, 3 * SECOND)
    assert np.array_equal(lead[:, 0], lead[:, 1])


def test_short_notes_are_muted_with_the_palm() -> None:
    def left(seconds: float) -> np.ndarray:
        stroke = Stroke(0, int(seconds * SECOND), 40, 100)
        return amps.play_amplified("guitar_heavy", [stroke], SECOND)[:, 0]

    palm, ringing = left(0.09), left(0.12)
    head = slice(960, 3360)
    assert share_db(palm[head], 1500, 6000) < share_db(ringing[head], 1500, 6000) - 2


def test_what_is_driven_high_does_not_fold_back() -> None:
    hertz, strength = power(chord("guitar_lead", (85,))[9600:75_136, 0])
    base = 440 * 2 ** ((85 - 69) / 12)
    away = np.abs(hertz / base - np.round(hertz / base)) * base
    stray = (away > 60) & (hertz > 200) & (hertz < 6000)
    assert 10 * np.log10(strength[stray].sum() / strength.sum()) < -45


def test_a_part_is_driven_without_a_seam_between_its_blocks() -> None:
    first, second = 9600, (1 << 17) - 20_000  # the second one lies across two blocks
    early = chord("guitar_drive", FIFTH, 1.0, onset=first)[first:]
    late = chord("guitar_drive", FIFTH, 1.0, onset=second)[second:]
    assert np.abs(late - early).max() < 3e-4 * np.abs(early).max()


def test_an_amplifier_that_nobody_plays_is_silent() -> None:
    assert not amps.play_amplified("guitar_heavy", [], SECOND).any()
