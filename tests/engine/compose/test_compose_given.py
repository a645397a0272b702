"""Given music: what does not fit the plan is refused in words, what is read is read as it was."""

import time

import pytest
from msgspec import structs

from engine.compose.codes import PITCH_SPAN, fold_tonic
from engine.compose.doors import accompany, extend, inpaint, vary
from engine.compose.given import MOST_A_BAR, GivenMusicRefused, fixed
from engine.contracts import Brief, Plan
from engine.plan import draw
from engine.score import Line, Note, bar_ticks
from engine.words import resolve


@pytest.fixture(scope="module")
def plan() -> Plan:
    resolved = resolve(Brief(kind="bed", style="lofi", duration_ms=60_000, seed=3), 3)
    return draw(resolved, 3, 1)[0]


def line(*notes: tuple[int, int, int], role: str = "lead") -> Line:
    return Line(role=role, notes=tuple(Note(*note, 80) for note in notes))


TUNE = ((0, 480, 60), (480, 480, 62), (960, 960, 64))


@pytest.mark.parametrize(
    ("notes", "said"),
    [
        (((0, 480, 60), (240, 480, 62)), "two notes at once"),
        (((0, 480, 60), (0, 480, 64)), "two notes at once"),
        (((0, 0, 60),), "no length"),
        (((0, -480, 60),), "no length"),
        (((-480, 480, 60),), "outside the plan"),
        (((10**9, 480, 60),), "outside the plan"),
        (((0, 10**9, 60),), "outside the plan"),
        (((0, 480, 127),), "out of reach"),
        (((0, 480, 0),), "out of reach"),
        (((0, 480, 10**12),), "out of reach"),
    ],
)
def test_a_melody_that_does_not_fit_the_plan_is_refused_with_what_is_wrong(
    plan, notes, said
) -> None:
    with pytest.raises(GivenMusicRefused, match=said):
        accompany(plan, line(*notes).notes)


def test_a_melody_longer_than_the_plan_is_refused(plan) -> None:
    bar = bar_ticks(plan.meter)
    tune = line(*((at * bar, bar, 60) for at in range(plan.bars + 1)))
    with pytest.raises(GivenMusicRefused, match=f"{plan.bars} bars"):
        accompany(plan, tune.notes)


def test_a_million_notes_are_refused_at_once(plan) -> None:
    notes = [Note(at, 1, 60, 80) for at in range(1_000_000)]
    began = time.process_time()
    with pytest.raises(GivenMusicRefused, match=f"at most {MOST_A_BAR * plan.bars}"):
        accompany(plan, notes)
    assert time.process_time() - began < 10  # written out, they would take minutes


def test_every_pitch_of_the_reach_is_read_and_none_beyond_it(plan) -> None:
    lowest = fold_tonic(plan.tonic) - PITCH_SPAN // 2
    for pitch in (lowest, lowest + PITCH_SPAN - 1):
        assert accompany(plan, line((0, 480, pitch)).notes).lines["lead"].notes[0].pitch == pitch
    for pitch in (lowest - 1, lowest + PITCH_SPAN):
        with pytest.raises(GivenMusicRefused, match=f"{lowest} to {lowest + PITCH_SPAN - 1}"):
            accompany(plan, line((0, 480, pitch)).notes)


def test_lines_must_be_of_roles_that_the_plan_has_and_one_for_each(plan) -> None:
    with pytest.raises(GivenMusicRefused, match="no drums"):
        extend(plan, [line(*TUNE, role="drums")], 2)
    with pytest.raises(GivenMusicRefused, match="two lines"):
        extend(plan, [line(*TUNE), line(*TUNE)], 2)
    alone = structs.replace(plan, parts=tuple(one for one in plan.parts if one.role != "lead"))
    with pytest.raises(GivenMusicRefused, match="no lead"):
        accompany(alone, line(*TUNE).notes)


def test_silence_is_not_continued_mended_accompanied_or_varied(plan) -> None:
    silence = [line()]
    for door in (
        lambda: extend(plan, silence, 2),
        lambda: inpaint(plan, silence, [1]),
        lambda: accompany(plan, ()),
        lambda: vary(plan, silence, 0, 1),
        lambda: vary(plan, [line(*TUNE)], len(plan.sections) - 1, 1),
    ):
        with pytest.raises(GivenMusicRefused, match=r"no note"):
            door()


def test_bars_sections_and_strengths_that_do_not_exist_are_refused(plan) -> None:
    tune = [line(*TUNE)]
    for door in (
        lambda: extend(plan, tune, 0),
        lambda: extend(plan, tune, plan.bars),
        lambda: extend(plan, [line((4 * bar_ticks(plan.meter), 480, 60))], 4),
        lambda: inpaint(plan, tune, []),
        lambda: inpaint(plan, tune, [plan.bars]),
        lambda: inpaint(plan, tune, [-1]),
        lambda: vary(plan, tune, len(plan.sections), 1),
        lambda: vary(plan, tune, -1, 1),
        lambda: vary(plan, tune, 0, 4),
    ):
        with pytest.raises(GivenMusicRefused):
            door()


def test_a_note_tied_over_an_edge_ends_there_and_begins_again_behind_it(plan) -> None:
    bar = bar_ticks(plan.meter)
    tied = line((bar // 2, 3 * bar, 60))  # from the middle of bar 0 to the middle of bar 3
    given = fixed(plan, [tied], [1])
    assert given.lines["lead"].notes == (
        Note(bar // 2, bar // 2, 60, 80),
        Note(2 * bar, bar + bar // 2, 60, 80),
    )
    assert fixed(plan, [tied]).lines["lead"].notes == tied.notes


def test_a_note_that_comes_in_a_little_early_belongs_to_the_bar_it_is_early_for(plan) -> None:
    bar = bar_ticks(plan.meter)
    early = line((bar - 9, 480, 60))
    assert fixed(plan, [early], [0]).lines["lead"].notes == early.notes
    assert fixed(plan, [early], [1]).lines["lead"].notes == ()
