"""Rooms, by what the book asks of their impulse responses."""

import numpy as np
import pytest

from engine import styles
from engine.render.desk import desk_for
from engine.render.halves import HALF_RATE
from engine.render.space import Space, add_echoes, last_echo, response, reverberated
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
    heard = reverberated(send, desk_for("country", "bed").space, 8 * HALF_RATE)
    assert abs(10 * np.log10((heard**2).sum(axis=1).mean() / (send**2).sum())) < 1


@pytest.mark.parametrize("frames", [2000, 61_000])
def test_a_room_is_what_its_answer_to_a_click_makes_of_every_frame(frames: int) -> None:
    space = desk_for("lofi", "bed").space
    send = np.random.default_rng(2).standard_normal(50_000).astype(np.float32)
    send[10_000:30_000] = 0
    heard = reverberated(send, space, frames)
    size = 1 << 18
    for side, answer in zip(heard, response(space).T, strict=True):
        bins = np.fft.rfft(send.astype(float), n=size) * np.fft.rfft(answer.astype(float), n=size)
        slow = np.fft.irfft(bins, n=size)[:frames]
        assert np.abs(side - slow).max() < 1e-5 * np.abs(slow).max()


def test_echoes_go_from_side_to_side_and_die() -> None:
    sound = np.zeros(1000, np.float32)
    sound[10] = 1
    out = np.zeros((2, last_echo(600, 0.3) + 1000), np.float32)
    add_echoes(out, sound, 600, 0.3, -6)
    left, right = out[:, 10::600]
    assert right[1] == pytest.approx(10 ** (-6 / 20)) and left[1] == pytest.approx(right[1] / 4)
    assert left[2] == pytest.approx(0.3 * right[1]) and right[2] == pytest.approx(left[2] / 4)
    assert np.count_nonzero(out) == 2 * 4  # the last of them at -40 dB
    cut = np.zeros((2, 700), np.float32)
    add_echoes(cut, sound, 600, 0.3, -6)
    np.testing.assert_array_equal(cut, out[:, :700])


def test_a_tape_sways_by_its_cents_and_joins_where_a_loop_does() -> None:
    frames = 96_000
    wave = np.sin(2 * np.pi * 1000 * np.arange(frames) / 48_000).astype(np.float32)
    tape = np.stack([wave, wave]).T
    wobbled(tape, 6, 3, loop=True)
    bins = np.fft.fft(tape[:, 0].astype(float)) * (np.arange(frames) < frames // 2)
    turns = np.unwrap(np.angle(np.fft.ifft(bins)))[960:-960:480]
    pitch = 1200 * np.log2(np.diff(turns) / (2 * np.pi * 10))
    assert 3 < np.abs(pitch).max() < 8
    step = abs(float(tape[0, 0] - tape[-1, 0]))
    assert step < 1.3 * float(np.abs(np.diff(tape[:, 0])).max())
