"""Energy, sections, repeats and registers as they are measured, on scores of known answer."""

import pytest

from engine.reports import form
from engine.score import Note


def test_rank_correlation_is_one_minus_one_and_shares_ranks() -> None:
    assert form.spearman([1, 2, 3], [10, 20, 90]) == pytest.approx(1.0)
    assert form.spearman([1, 2, 3], [9, 4, 2]) == pytest.approx(-1.0)
    assert form.spearman([1, 2, 2, 3], [5, 7, 6, 9]) == pytest.approx(0.9487, abs=1e-4)
    assert form.spearman([1, 1, 1], [1, 2, 3]) == 0.0


def test_auc_is_one_where_all_pairs_of_a_letter_are_more_alike() -> None:
    assert form.auc([0.9, 0.8], [0.1, 0.2]) == 1.0
    assert form.auc([0.1, 0.2], [0.9, 0.8]) == 0.0
    assert form.auc([0.5, 0.5], [0.5]) == 0.5
    assert form.auc([0.9, 0.3], [0.5, 0.1]) == 0.75


def test_more_and_louder_notes_are_more_energy(desk) -> None:
    sections = [desk.section("A", 0, 1, 2), desk.section("B", 1, 1, 4), desk.section("C", 2, 1, 6)]
    sparse = [Note(0, 400, 60, 60)]
    louder = [Note(1920, 400, 60, 120)]
    dense = [Note(3840 + at * 240, 200, 60, 120) for at in range(8)]
    take = desk.take([desk.part("lead", sparse + louder + dense)], bars=3, sections=sections)
    found = form.energies(take)
    assert [one.asked for one in found] == [2, 4, 6]
    low, middle, high = (one.played for one in found)
    assert middle == pytest.approx(4 * low)
    assert high == pytest.approx(8 * middle)
    assert form.differing(found)


def test_a_chord_is_one_onset(desk) -> None:
    one = form.energies(desk.take([desk.part("comp", [Note(0, 400, 60, 80)])], bars=1))[0]
    chord = [Note(at, 400, 60 + at, 80) for at in (0, 4, 7)]
    three = form.energies(desk.take([desk.part("comp", chord)], bars=1))[0]
    assert one.played == three.played


def test_the_brief_s_own_curve_is_what_was_asked(desk) -> None:
    sections = [desk.section("A", 0, 2, 7), desk.section("B", 2, 2, 7)]
    take = desk.take([desk.part("lead", desk.beats(60))], sections=sections,
                     energy=((0.0, 0.0), (0.5, 0.0), (0.51, 1.0), (1.0, 1.0)))  # fmt: skip
    assert [one.asked for one in form.energies(take)] == [1.0, 7.0]


def _tune(desk, bar: int, pitches) -> list[Note]:
    return [Note(bar * desk.bar + at * 480, 400, pitch, 80) for at, pitch in enumerate(pitches)]


def test_a_section_that_returns_is_more_alike_than_another(desk) -> None:
    sections = [desk.section("A", 0, 1), desk.section("B", 1, 1), desk.section("A'", 2, 1)]
    theme, other = (60, 64, 67, 64), (61, 61, 66, 68)
    notes = _tune(desk, 0, theme) + _tune(desk, 1, other) + _tune(desk, 2, theme)
    found = form.likeness(desk.take([desk.part("lead", notes)], bars=3, sections=sections))
    assert found.same == (pytest.approx(1.0),)
    assert len(found.other) == 2
    assert max(found.other) == pytest.approx(0.5)  # the same rhythm, no pitch class in common
    assert form.auc(found.same, found.other) == 1.0


def test_a_part_that_joins_in_does_not_make_it_another_section(desk) -> None:
    sections = [desk.section("A", 0, 1), desk.section("A'", 1, 1)]
    theme = (60, 64, 67, 64)
    lead = desk.part("lead", _tune(desk, 0, theme) + _tune(desk, 1, theme))
    bass = desk.part("bass", _tune(desk, 1, (36, 36, 36, 36)))
    found = form.likeness(desk.take([lead, bass], bars=2, sections=sections))
    assert found.same == (pytest.approx(1.0),)


def test_the_fifth_bar_that_is_the_same_is_counted_and_the_fourth_is_not(desk) -> None:
    four = desk.part("comp", desk.beats(60, bars=4))
    assert form.repeats(desk.take([four])) == []
    six = desk.part("comp", desk.beats(60, bars=6))
    assert form.repeats(desk.take([six], bars=6)) == ["comp bar 5", "comp bar 6"]


def test_a_player_s_small_timing_does_not_hide_a_repeat_and_another_note_ends_it(desk) -> None:
    late = [Note(max(0, n.start + (n.start // 1920 % 3 - 1) * 12), n.length, n.pitch, n.velocity)
            for n in desk.beats(60, bars=6)]  # fmt: skip
    assert len(form.repeats(desk.take([desk.part("comp", late)], bars=6))) == 2
    changed = [n if n.start != 4 * 1920 + 480 else Note(n.start, 400, 62, 80) for n in late]
    assert form.repeats(desk.take([desk.part("comp", changed)], bars=6)) == []


def test_two_busy_parts_in_one_place_are_crowded_and_apart_they_are_not(desk) -> None:
    lead = desk.part("lead", desk.beats(72))
    near, far = (desk.part("comp", desk.beats(pitch)) for pitch in (67, 60))
    slow = desk.part("comp", [Note(bar * 1920, 1900, 70, 80) for bar in range(4)])
    crowded = form.registers(desk.take([lead, near]))
    assert (crowded.bars, crowded.crowded, crowded.pairs) == (4, 4, {"lead/comp": 4})
    assert form.registers(desk.take([lead, far])).crowded == 0
    assert form.registers(desk.take([lead, slow])).crowded == 0
