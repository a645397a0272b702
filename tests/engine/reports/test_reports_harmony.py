"""Tonality and chords as they are measured: a known wrong note costs what it should."""

import pytest

from engine.reports import harmony
from engine.score import Note


def held(*pitches: int, bar: int = 0) -> list[Note]:
    """A chord held for a whole bar."""
    return [Note(bar * 1920, 1900, pitch, 80) for pitch in pitches]


def share(desk, notes, *chords) -> tuple[float, float]:
    """Share of fitting and of strict notes."""
    take = desk.take([desk.part("comp", notes)], bars=len(chords), harmony=desk.chords(*chords))
    fit = harmony.chord_fit(take)
    return fit.fitting / fit.beats, fit.strict / fit.beats


def test_a_chord_as_planned_fits_wholly(desk) -> None:
    assert share(desk, held(48, 52, 55), desk.c_major) == (1.0, 1.0)


def test_one_wrong_note_of_four_costs_a_quarter(desk) -> None:
    assert share(desk, held(48, 52, 55, 61), desk.c_major) == (0.75, 0.75)


def test_a_ninth_is_allowed_and_yet_no_chord_tone(desk) -> None:
    assert share(desk, held(48, 52, 55, 62), desk.c_major) == (1.0, 0.75)


def test_a_fourth_over_a_major_third_is_not_allowed(desk) -> None:
    assert share(desk, held(48, 52, 55, 65), desk.c_major) == (0.75, 0.75)


def test_a_chord_held_over_the_next_bar_is_wrong_there(desk) -> None:
    over = [Note(0, 3800, pitch, 80) for pitch in (48, 52, 55)]
    fitting, strict = share(desk, over, desk.c_major, (6, 10, 1))
    assert fitting == strict == 0.5


def test_drums_and_silent_beats_are_no_harmony(desk) -> None:
    kit = desk.part("drums", desk.beats(38))
    take = desk.take([kit, desk.part("comp", [Note(0, 480, 48, 80)])])
    assert harmony.chord_fit(take).beats == 1
    assert harmony.misfits(take) == {}


def test_the_role_that_does_not_fit_is_named(desk) -> None:
    parts = [desk.part("comp", held(48, 52, 55)), desk.part("lead", held(61))]
    assert harmony.misfits(desk.take(parts, bars=1)) == {"lead": 4}


@pytest.mark.parametrize(("asked", "same"), [("C major", True), ("D major", False), (None, True),
                                             ("C minor", False), ("A minor", False)])  # fmt: skip
def test_a_scale_over_its_cadence_is_heard_in_its_own_tonality(desk, asked, same) -> None:
    scale = [Note(at * 240, 240, pitch, 80) for at, pitch in enumerate(
        (60, 62, 64, 65, 67, 69, 71, 72, 72, 71, 69, 67, 65, 64, 62, 60))]  # fmt: skip
    roots = [Note(0, 1900, 36, 80), Note(1920, 960, 43, 80), Note(2880, 960, 36, 80)]
    take = desk.take([desk.part("lead", scale), desk.part("bass", roots)], bars=2, tonality=asked)
    heard = harmony.tonality_of(take)
    assert heard.heard == "C major"
    assert heard.same is same
    assert heard.relative is (asked == "A minor")
