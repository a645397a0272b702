"""The audible mark: there where it was asked, nowhere else, no louder than the music, and still
heard after a lossy copy."""

import io

import numpy as np
import pytest
import soundfile

from engine.contracts import AudibleMark
from engine.marks.audible import AROUND_S, TONE_HZ, UNIT_S, frames, marked
from engine.master.files.mp3 import small_mp3
from engine.master.files.ogg import ogg
from engine.sound.loudness import integrated_lufs, momentary_lufs, true_peak_dbtp

RATE = 48_000
MORSE = ".- .."
WINDOW = round(UNIT_S * RATE / 4)


def _music(seconds: float = 12.0, channels: int = 2, rate: int = RATE) -> np.ndarray:
    """Notes of a scale and noise, so that the mark's own pitch is among them; about -17 LUFS."""
    rng, out = np.random.default_rng(4), np.zeros(round(seconds * rate))
    for start in np.arange(0, seconds - 0.5, 0.25):
        t = np.arange(round(0.5 * rate)) / rate
        tone = np.sin(2 * np.pi * 110 * 2 ** (rng.integers(0, 37) / 12) * t) * np.exp(-4 * t)
        out[round(start * rate) :][: len(t)] += 0.3 * tone
    out += rng.normal(0, 0.01, len(out))
    return np.repeat(out[:, None], channels, 1).astype(np.float32)


def _heard(sound: np.ndarray, at: int, rate: int = RATE) -> str:
    """What somebody who listens for the pitch writes down, in dots, dashes and gaps."""
    window = round(UNIT_S * rate / 4)
    part = sound[at : at + frames(rate), :2].mean(1)
    wave = np.hanning(window) * np.exp(-2j * np.pi * TONE_HZ * np.arange(window) / rate)
    level = np.array([abs(wave @ part[i : i + window])
                      for i in range(0, len(part) - window, window)])  # fmt: skip
    on = "".join("1" if one > level.max() / 2 else "0" for one in level)
    found, units = "", lambda run: round(len(run) * window / (UNIT_S * rate))
    for tone in on.strip("0").replace("01", "0 1").replace("10", "1 0").split():
        found += {("1", 1): ".", ("1", 3): "-", ("0", 3): " ", ("0", 1): ""}.get(
            (tone[0], units(tone)), "?"
        )
    return found


def test_it_says_ai_over_the_beginning_and_the_end_and_the_piece_keeps_its_length() -> None:
    music = _music()
    made = marked(music, RATE, "start_end", integrated_lufs(music, RATE), loops=False)
    long = frames(RATE)
    assert (made.shift, made.sound.shape, made.sound.dtype) == (0, music.shape, music.dtype)
    assert _heard(made.sound, 0) == _heard(made.sound, len(music) - long) == MORSE
    assert _heard(music, 0) != MORSE
    assert np.array_equal(made.sound[long:-long], music[long:-long]), "all else is as it was"
    only = marked(music, RATE, "start", -16.0, loops=False).sound
    assert np.array_equal(only[long:], music[long:])
    assert _heard(only, 0) == MORSE


@pytest.mark.parametrize("where", ["start", "start_end"])
def test_what_a_loop_repeats_stays_as_it_was(where: AudibleMark) -> None:
    music, long = _music(), frames(RATE)
    made = marked(music, RATE, where, -16.0, loops=True)
    assert made.shift == long
    assert np.array_equal(made.sound[long : long + len(music)], music)
    assert _heard(made.sound, 0) == MORSE
    behind = len(made.sound) - long - len(music)
    assert behind == (long if where == "start_end" else 0)


def test_it_is_laid_into_a_loop_where_that_was_asked() -> None:
    music = _music()
    made = marked(music, RATE, "in_loop", -16.0, loops=True)
    assert (made.shift, len(made.sound)) == (0, len(music))
    assert _heard(made.sound, 0) == MORSE


def test_a_piece_shorter_than_four_marks_has_it_outside() -> None:
    music = _music(2.0)
    made = marked(music, RATE, "start", -16.0, loops=False)
    assert made.shift == frames(RATE)
    assert np.array_equal(made.sound[made.shift :], music)


@pytest.mark.parametrize("lufs", [-60.0, -36.0, -23.0, -16.0, -8.0])
def test_it_is_as_loud_as_the_music_within_bounds(lufs: float) -> None:
    quiet = np.zeros((6 * RATE, 2), np.float32)
    made = marked(quiet, RATE, "start", lufs, loops=False).sound[: frames(RATE)]
    loudest = momentary_lufs(made)
    expected = min(max(lufs, -30.0), -14.0)
    assert expected - 2.5 < loudest <= expected + 0.5, "its dash is not quite 400 ms long"
    assert true_peak_dbtp(made, RATE) < expected + 6


def test_music_and_mark_together_stay_under_the_musics_peak() -> None:
    music = _music()
    music *= 10 ** (-1 / 20) / np.abs(music).max()
    lufs = integrated_lufs(music, RATE)
    made = marked(music, RATE, "start_end", lufs, loops=False).sound
    assert true_peak_dbtp(made, RATE) <= true_peak_dbtp(music, RATE) + 0.01


@pytest.mark.parametrize("encode", [small_mp3, ogg])
def test_it_is_still_heard_in_a_lossy_copy(encode: object) -> None:
    music = _music(8.0)
    made = marked(music, RATE, "start", integrated_lufs(music, RATE), loops=False).sound
    copy, _ = soundfile.read(io.BytesIO(encode(made, RATE)), always_2d=True)  # type: ignore[operator]
    assert _heard(copy, 0) == MORSE


@pytest.mark.parametrize(("rate", "channels"), [(44_100, 1), (96_000, 2), (48_000, 4), (48_000, 6)])
def test_it_is_in_front_at_any_rate_and_the_same_every_time(rate: int, channels: int) -> None:
    music = _music(7.0, channels, rate)
    made = marked(music, rate, "start", -14.0, loops=False).sound
    assert np.array_equal(made, marked(music, rate, "start", -14.0, loops=False).sound)
    assert _heard(made, 0, rate) == MORSE
    assert np.all(made[: round(AROUND_S * rate / 2), 0] != 0)
    for channel in range(2, channels):
        assert np.abs(made[: frames(rate), channel]).max() <= np.abs(music[:, channel]).max()


@pytest.mark.parametrize("loops", [True, False])
def test_what_is_shorter_than_the_mark_has_it_before_it(loops: bool) -> None:
    for short in (1, 24_000, frames(RATE) - 1):
        music = _music(2.0)[:short]
        made = marked(music, RATE, "in_loop", -20.0, loops=loops)
        assert made.shift == frames(RATE)
        assert np.array_equal(made.sound[made.shift :], music)
        assert _heard(made.sound, 0) == MORSE
    exact = _music(2.0)[: frames(RATE)]
    made = marked(exact, RATE, "in_loop", -20.0, loops=loops)
    assert (made.shift, made.sound.shape) == (0, exact.shape)
