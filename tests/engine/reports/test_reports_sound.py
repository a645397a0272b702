"""Strokes in a sound are found where they were put."""

import numpy as np
import pytest
from msgspec import structs

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


def strokes(*times: float, velocity: int = 80) -> list[waves.Stroke]:
    """One snare at each of these seconds."""
    return [waves.Stroke(at=at, velocity=velocity, keys=(38,)) for at in times]


def test_a_stroke_eleven_milliseconds_off_is_a_miss_and_one_of_nine_is_not() -> None:
    heard = np.array([1.009, 1.989, 2.5])
    wave = waves.matched(strokes(1.0, 2.0, 3.0), heard)
    assert (wave.met, wave.heard, wave.places, wave.soft) == (1, 2, 3, 0)
    assert [one.split("at ")[1] for one in wave.missed] == ["2.000 s", "3.000 s"]
    assert waves.matched(strokes(1.0), np.zeros(0)).met == 0


def test_ghost_notes_are_counted_apart_and_chance_is_told() -> None:
    heard = np.array([1.0, 1.055])
    wave = waves.matched([*strokes(1.0), *strokes(1.055, 2.0, velocity=20)], heard)
    assert (wave.met, wave.places, wave.soft_met, wave.soft) == (1, 1, 1, 2)
    # 37 ms later an onset is 18 ms off, 47 ms later 8; 41 and 53 ms earlier none is heard.
    assert wave.by_chance == 0.5


def test_places_are_the_grid_s_however_the_player_stands_to_it(desk) -> None:
    early, late = Note(472, 100, 38, 90), Note(968, 100, 36, 100)
    take = desk.take([desk.part("drums", [early, late, Note(960, 100, 42, 60)])], bars=1)
    found = waves.places([one for one in take.players if one.track.drums], take, 2.0)
    assert [(one.at, one.velocity) for one in found] == [(0.5, 90), (1.0, 100)]
    assert sorted(found[1].keys) == [36, 42]


def test_swing_moves_the_middle_of_a_pair_alone() -> None:
    assert [waves.swing(at, 240, 0.6) for at in (0, 120, 240, 360)] == [0, 144, 240, 384]
    assert waves.swing(240, 480, 2 / 3) == pytest.approx(320)


def test_beats_of_three_are_not_swung_and_others_are(desk) -> None:
    plan = structs.replace(desk.take([desk.part("lead", desk.beats(60))]).plan, swing=2 / 3,
                           swing_unit=8)  # fmt: skip
    assert 240.0 in waves.grid_ticks(structs.replace(plan, meter="12/8"), 2880.0, 480)
    assert 240.0 not in waves.grid_ticks(plan, 1920.0, 480)
    assert pytest.approx(320.0) in waves.grid_ticks(plan, 1920.0, 480)
