"""Layers, cut-downs and beds under speech are the same music."""

from functools import cache
from itertools import pairwise

import pytest

from engine import styles
from engine.contracts import Brief, Plan
from engine.plan import draw
from engine.plan.relatives import Cut, TooShort, carried, cut_down, layers, underscore, without
from engine.score import Line, Note, bar_ticks, seconds_per_tick
from engine.words import resolve

SEED = 8
LENGTHS = (30_000, 15_000)


@cache
def _plans(style: str, kind: str = "bed", duration_ms: int | None = 60_000) -> tuple[Plan, ...]:
    brief = Brief(kind=kind, style=style, duration_ms=duration_ms, candidates=3)  # type: ignore[arg-type]
    return tuple(draw(resolve(brief, SEED), SEED, 3))


def _seconds(plan: Plan) -> float:
    ticks = plan.bars * bar_ticks(plan.meter) + plan.ring_ticks
    return ticks * seconds_per_tick(plan.tempo, plan.meter)


@pytest.mark.parametrize("style", styles.names())
def test_a_cut_down_has_its_exact_length_at_its_own_tempo(style: str) -> None:
    for plan in _plans(style):
        for duration_ms in LENGTHS:
            cut = cut_down(plan, duration_ms).plan
            assert abs(_seconds(cut) - duration_ms / 1000) < 0.002
            assert abs(cut.tempo / plan.tempo - 1) <= 0.0101
            assert cut.bars == sum(section.bars for section in cut.sections)
            assert cut.sections[0].bar == 0


@pytest.mark.parametrize("style", styles.names())
def test_a_cut_down_keeps_the_ending_and_the_best_statement(style: str) -> None:
    for plan in _plans(style):
        for duration_ms in LENGTHS:
            cut = cut_down(plan, duration_ms)
            assert cut.bars[-1] == plan.bars - 1
            assert list(cut.bars) == sorted(set(cut.bars))
            stated = [one for one in plan.sections if one.name[0] == "A"]
            top = max(one.energy for one in stated)
            kept = set(cut.bars)
            assert any(one.energy == top and one.bar in kept for one in stated)


@pytest.mark.parametrize("style", styles.names())
def test_no_bass_stumbles_where_bars_were_taken_out(style: str) -> None:
    for plan in _plans(style):
        cut = cut_down(plan, 30_000)
        bar = bar_ticks(plan.meter)
        for place, (before, after) in enumerate(pairwise(cut.bars), 1):
            if after == before + 1:
                continue
            motion = _bass(cut.plan, place * bar) - _bass(cut.plan, place * bar - 1)
            assert motion % 12 != 6


def _bass(plan: Plan, tick: int) -> int:
    return next(one.bass for one in plan.chords if one.at <= tick < one.at + one.length)


def test_chords_of_a_cut_down_are_those_of_its_bars() -> None:
    for plan in _plans("jazz_trio"):
        cut = cut_down(plan, 30_000)
        bar = bar_ticks(plan.meter)
        assert sum(one.length for one in cut.plan.chords) == cut.plan.bars * bar + (
            cut.plan.ring_ticks
        )
        for place, source in enumerate(cut.bars):
            for inside in (0, bar // 2, bar - 1):
                here = _symbol(cut.plan, place * bar + inside)
                assert here == _symbol(plan, source * bar + inside)


def _symbol(plan: Plan, tick: int) -> str:
    return next(one.symbol for one in plan.chords if one.at <= tick < one.at + one.length)


def test_lines_are_carried_bar_by_bar() -> None:
    plan = _plans("rock")[0]
    bar = bar_ticks(plan.meter)
    line = Line(role="lead", bits=400.0, notes=tuple(
        Note(number * bar + place * bar // 4, bar // 4, 60 + number % 12, 80)
        for number in range(plan.bars) for place in range(4)
    ))  # fmt: skip
    cut = cut_down(plan, 30_000)
    (short,) = carried([line], cut)
    assert len(short.notes) == 4 * cut.plan.bars
    for note in short.notes:
        place, inside = divmod(note.start, bar)
        source = cut.bars[place] * bar + inside
        assert note.pitch == next(one.pitch for one in line.notes if one.start == source)
    assert short.bits / len(short.notes) == pytest.approx(line.bits / len(line.notes))


def test_a_note_ends_where_its_bars_are_parted() -> None:
    plan = _plans("rock")[0]
    bar = bar_ticks(plan.meter)
    cut = Cut(plan=plan, bars=(0, 3, 4))
    held = Line(role="lead", notes=(Note(0, 3 * bar, 60, 80), Note(3 * bar, 2 * bar, 62, 80)))
    (short,) = carried([held], cut)
    assert short.notes == (Note(0, bar, 60, 80), Note(bar, 2 * bar, 62, 80))


def test_fifteen_seconds_do_not_begin_from_nothing() -> None:
    for style in styles.names():
        for plan in _plans(style):
            assert cut_down(plan, 15_000).plan.sections[0].energy >= 3


@pytest.mark.parametrize("duration_ms", [300, 60_000, 90_000])
def test_what_is_no_cut_down_is_refused(duration_ms: int) -> None:
    with pytest.raises(TooShort):
        cut_down(_plans("rock")[0], duration_ms)


def test_a_button_leaves_no_hole_behind_it() -> None:
    for style in styles.names():
        for plan in _plans(style):
            for duration_ms in LENGTHS:
                cut = cut_down(plan, duration_ms).plan
                tail = cut.ring_ticks * seconds_per_tick(cut.tempo, cut.meter)
                assert cut.ending in (plan.ending, "ring")
                assert cut.ending != "button" or tail <= 1.2


def test_a_loop_is_not_cut_down() -> None:
    with pytest.raises(TooShort):
        cut_down(_plans("rock", "loop", None)[0], 15_000)


@pytest.mark.parametrize("style", styles.names())
def test_layers_add_players_and_change_nothing_else(style: str) -> None:
    for plan in (*_plans(style), *_plans(style, "loop", None)):
        steps = layers(plan)
        assert 2 <= len(steps) <= 4
        assert steps[-1].parts == plan.parts
        for fewer, more in pairwise(steps):
            assert {one.role for one in fewer.parts} < {one.role for one in more.parts}
        for step in steps:
            assert (step.bars, step.tempo, step.chords, step.sections) == (
                plan.bars, plan.tempo, plan.chords, plan.sections,
            )  # fmt: skip
            playing = {one.role for one in step.parts}
            assert all(playing & set(section.roles) for section in step.sections)


@pytest.mark.parametrize("style", styles.names())
def test_a_bed_under_speech_has_no_voice_of_its_own(style: str) -> None:
    for plan in _plans(style):
        bed = underscore(plan)
        assert not {"lead", "counter"} & {one.role for one in bed.parts}
        assert all(section.roles for section in bed.sections)
        assert not any({"lead", "counter"} & set(section.roles) for section in bed.sections)
        assert bed.bars == plan.bars


def test_without_drums_nobody_drums() -> None:
    for plan in _plans("rock"):
        quiet = without(plan, "drums")
        assert "drums" not in {one.group for one in quiet.parts}
        assert all("drums" not in section.roles and section.roles for section in quiet.sections)
        assert quiet.chords == plan.chords


def test_music_without_its_only_player_is_refused() -> None:
    plan = without(without(_plans("solo_piano")[0], "bass"), "counter")
    plan = without(plan, "chords")
    with pytest.raises(TooShort):
        without(plan, "lead")
