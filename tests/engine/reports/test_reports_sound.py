"""Strokes in a sound are found where they were put."""

import numpy as np
import pytest

from engine.reports import onsets, waves
from engine.score import Note

RATE = 48_000
_ALONG = np.arange(7_000) / RATE


def stroke(kind: str, rng: np.random.Generator) -> np.ndarray:
    """A click, a snare, a kick or a hat."""
    noise = rng.normal(size=len(_ALONG) + 1)
    return {
        "click": np.eye(1, len(_ALONG))[0],
        "snare": noise[1:] * np.exp(-_ALONG / 0.05),
        "kick": np.sin(2 * np.pi * 55 * _ALONG) * np.exp(-_ALONG / 0.15),
        "hat": np.diff(noise) * np.exp(-_ALONG / 0.02),
    }[kind]


def played(kind: str, times: list[float]) -> np.ndarray:
    """Four seconds with such strokes."""
    rng = np.random.default_rng(5)
    sound = np.zeros(4 * RATE)
    for at in times:
        first = round(at * RATE)
        sound[first : first + len(_ALONG)] += stroke(kind, rng)
    return sound


@pytest.mark.parametrize("kind", ["click", "snare", "kick", "hat"])
def test_strokes_are_found_within_a_millisecond(kind) -> None:
    times = [0.0, *(0.1 + 0.2113 * at for at in range(14))]
    heard = onsets.onsets(played(kind, times), RATE)
    for at in times:
        assert np.abs(heard - at).min() < 0.001, (kind, at)


def test_silence_and_a_steady_tone_have_no_strokes() -> None:
    assert len(onsets.onsets(np.zeros(RATE), RATE)) == 0
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE)
    assert all(at < 0.02 or at > 1.98 for at in onsets.onsets(tone, RATE))


def test_a_soft_stroke_over_a_loud_one_s_tail_is_found() -> None:
    sound = played("kick", [0.5]) + 0.05 * played("hat", [0.62])
    heard = onsets.onsets(sound, RATE)
    assert np.abs(heard - 0.62).min() < 0.001


def test_a_stroke_eleven_milliseconds_off_is_a_miss_and_one_of_nine_is_not() -> None:
    wanted = [(1.0, "kick"), (2.0, "snare"), (3.0, "hat")]
    wave = waves.matched(wanted, np.array([1.009, 1.989, 2.5]), ())
    assert (wave.met, wave.places) == (1, 3)
    assert [one.split()[0] for one in wave.missed] == ["snare", "hat"]
    assert wave.off_ms == (9.0,)
    assert waves.matched(wanted, np.zeros(0), ()).met == 0


def test_places_are_the_grid_s_however_the_player_stands_to_it(desk) -> None:
    early, late = Note(472, 100, 38, 90), Note(968, 100, 36, 100)
    take = desk.take([desk.part("drums", [early, late, Note(960, 100, 42, 60)])], bars=1)
    found = waves.places([one for one in take.players if one.track.drums], take, 2.0)
    assert [at for at, _ in found] == [0.5, 1.0]
    assert "key 36 velocity 100" in found[1][1]
    assert "key 42 velocity 60" in found[1][1]


def test_swing_moves_the_middle_of_a_pair_alone() -> None:
    assert [waves.swing(at, 240, 0.6) for at in (0, 120, 240, 360)] == [0, 144, 240, 384]
    assert waves.swing(240, 480, 2 / 3) == pytest.approx(320)
