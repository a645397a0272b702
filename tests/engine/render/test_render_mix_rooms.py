"""Rooms, by what the book asks of their impulse responses."""

import numpy as np
import pytest

from engine import styles
from engine.render.desk import desk_for
from engine.render.halves import HALF_RATE, add_doubled, halved
from engine.render.space import Space, echoes, response, reverberated
from engine.render.tape import wobbled

OCTAVES = (125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0)


def octave(sound: np.ndarray, hertz: float) -> np.ndarray:
    """The octave around ``hertz``, steep."""
    size = 1 << (len(sound) - 1).bit_length()
    f = np.fft.rfftfreq(size, 1 / HALF_RATE)
    place = np.abs(np.log2(np.maximum(f, 1) / hertz))
    bins = np.fft.rfft(sound, n=size, axis=0) * np.exp(-((place / 0.4) ** 4))[:, None]
    return np.fft.irfft(bins, n=size, axis=0)[: len(sound)]


def decay_s(sound: np.ndarray) -> float:
    """Seconds to -60 dB, from the slope of the energy still to come between -5 and -25 dB."""
    left = np.cumsum((sound**2).sum(axis=1)[::-1])[::-1]
    level = 10 * np.log10(left / left[0] + 1e-12)
    first, last = np.argmax(level < -5), np.argmax(level < -25)
    return 60 / 20 * (last - first) / HALF_RATE


@pytest.mark.parametrize("name", styles.names())
def test_a_room_rings_as_long_as_its_preset_says(name: str) -> None:
    space = desk_for(name, "bed").space
    bare = Space(times_s=space.times_s, early_db=-60, low_hz=20, high_hz=11_900, seed=space.seed)
    sound = response(bare).astype(np.float64)
    asked = np.interp(np.log2(OCTAVES), np.log2([125, 500, 2000, 8000]), space.times_s)
    for hertz, seconds in zip(OCTAVES, asked, strict=True):
        assert decay_s(octave(sound, hertz)) == pytest.approx(seconds, rel=0.12), hertz


def echo_density(sound: np.ndarray, at_s: float) -> float:
    """Share of samples beyond one standard deviation, over what noise has; 20 ms around."""
    at, half = int(at_s * HALF_RATE), HALF_RATE // 100
    piece = sound[max(at - half, 0) : at + half]
    return float((np.abs(piece) > piece.std()).mean() / 0.3173)


@pytest.mark.parametrize("name", ["lofi", "orchestral_epic", "synthwave", "rock", "meditation"])
def test_a_room_is_dense_and_wide_above_and_narrow_below(name: str) -> None:
    sound = response(desk_for(name, "bed").space).astype(np.float64)
    for side in sound.T:
        assert echo_density(side, 0.06) >= 0.6
        assert echo_density(side, 0.15) >= 0.9
    f = np.fft.rfftfreq(len(sound), 1 / HALF_RATE)
    left, right = np.fft.rfft(sound, axis=0).T

    def alike(low: float, high: float) -> float:
        inside = (f >= low) & (f < high)
        both = (left[inside] * right[inside].conj()).real.sum()
        one, two = (np.abs(left[inside]) ** 2).sum(), (np.abs(right[inside]) ** 2).sum()
        return float(both / np.sqrt(one * two))

    assert abs(alike(300, 9000)) <= 0.15
    assert alike(40, 150) >= 0.9


def test_a_room_answers_as_loud_as_its_send() -> None:
    send = np.random.default_rng(1).standard_normal(4 * HALF_RATE).astype(np.float32)
    heard = reverberated(send, desk_for("country", "bed").space, loop=True)
    assert abs(10 * np.log10((heard**2).mean() / (send**2).mean())) < 1


def test_a_room_goes_round_with_a_loop() -> None:
    space = desk_for("horror", "bed").space  # rings longer than the loop lasts
    send = np.random.default_rng(2).standard_normal(30_000).astype(np.float32)
    once = reverberated(send, space, loop=True)
    endless = reverberated(np.tile(send, 6), space, loop=False)
    assert np.abs(endless[:, -30_000:] - once).max() < 1e-4 * np.abs(once).max()


@pytest.mark.parametrize("hertz", [100.0, 3000.0, 8500.0])
def test_half_the_rate_and_back_changes_nothing_a_room_says(hertz: float) -> None:
    wave = np.sin(2 * np.pi * hertz * np.arange(9600) / 48_000).astype(np.float32)
    back = np.zeros(9600, np.float32)
    add_doubled(back, halved(wave, loop=True), loop=True)
    assert np.abs(back - wave).max() < 0.01


def test_what_is_too_high_for_half_the_rate_is_not_heard_as_something_low() -> None:
    wave = np.sin(2 * np.pi * 16_000 * np.arange(9600) / 48_000).astype(np.float32)
    assert np.abs(halved(wave, loop=True)).max() < 10 ** (-50 / 20)


def test_echoes_go_round_with_a_loop_from_side_to_side() -> None:
    sound = np.zeros(24_000, np.float32)
    sound[20_000] = 1
    once = echoes(sound, 6000, 0.3, -6, loop=True)
    endless = echoes(np.tile(sound, 6), 6000, 0.3, -6, loop=False)
    assert np.abs(endless[:, -24_000:] - once).max() < 1e-5
    first, second = once[:, 2000:2200], once[:, 8000:8200]
    loud = [np.abs(piece).max(axis=1) for piece in (first, second)]
    assert loud[0][1] > 3 * loud[0][0]
    assert loud[1][0] > 3 * loud[1][1]


def test_a_tape_sways_by_its_cents_and_joins_where_a_loop_does() -> None:
    frames = 96_000
    wave = np.sin(2 * np.pi * 1000 * np.arange(frames) / 48_000).astype(np.float32)
    tape = np.stack([wave, wave]).T.copy()
    wobbled(tape, 6, 3, loop=True)
    bins = np.fft.fft(tape[:, 0].astype(float)) * (np.arange(frames) < frames // 2)
    turns = np.unwrap(np.angle(np.fft.ifft(bins)))[960:-960:480]
    pitch = 1200 * np.log2(np.diff(turns) / (2 * np.pi * 10))
    assert 3 < np.abs(pitch).max() < 8
    step = abs(float(tape[0, 0] - tape[-1, 0]))
    assert step < 1.3 * float(np.abs(np.diff(tape[:, 0])).max())
