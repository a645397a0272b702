"""Drum fills as the network writes them: where they stand, what is struck, and for whom alone."""

from collections.abc import Iterator

import numpy as np
import pytest
from msgspec import structs

from engine.compose import groove
from engine.compose.codes import CODES, DRUMS, FIRST_STROKE, REST, STROKES, TICKS_PER_UNIT
from engine.compose.composer import Composer, Composition
from engine.compose.doors import inpaint
from engine.compose.drumming import code_mask, duration_mask
from engine.compose.given import GivenMusicRefused
from engine.compose.take import Take
from engine.contracts import Brief, Plan, Section
from engine.critique.bars import rater
from engine.plan import draw
from engine.score import BarView, Line, Note, bar_ticks, beat_ticks
from engine.styles.kits import PLAYED, begin, fills_in
from engine.words import resolve

pytestmark = pytest.mark.xdist_group("music on paper")
KEYS = {36, 38, 42, 46, 51, 50, 47, 45, 41}


@pytest.fixture(scope="module")
def composer() -> Composer:
    return Composer()


def plan_of(style: str, meter: str = "4/4", seed: int = 3) -> Plan:
    brief = Brief(kind="bed", style=style, duration_ms=40_000, seed=seed, meter=meter)  # type: ignore[arg-type]
    return draw(resolve(brief, seed), seed, 1)[0]


def fills_of(made: Composition) -> tuple[Note, ...]:
    return next((line.notes for line in made.lines if line.role == "drums"), ())


def section_at(plan: Plan, tick: int) -> tuple[Section, int]:
    bar = tick // bar_ticks(plan.meter)
    here = next(one for one in plan.sections if one.bar <= bar < one.bar + one.bars)
    return here, bar - here.bar


@pytest.fixture(scope="module")
def written(composer: Composer) -> list[tuple[Plan, Composition]]:
    plans = [plan_of(style) for style in sorted(PLAYED)] + [plan_of("jazz_trio", "3/4")]
    return list(zip(plans, composer.write(plans, [5] * len(plans)), strict=True))


def drummed(written: list[tuple[Plan, Composition]]) -> Iterator[tuple[Plan, tuple[Note, ...]]]:
    for plan, made in written:
        if any(fills_in(plan, one, one.bars - 1) for one in plan.sections if "drums" in one.roles):
            yield plan, fills_of(made)


def test_every_played_kit_has_fills_and_they_stand_only_where_a_phrase_ends(written) -> None:
    found = list(drummed(written))
    assert {plan.style for plan, _ in found} >= {"rock", "jazz_trio", "funk_corporate"}
    for plan, fills in found:
        assert fills, plan.style
        for note in fills:
            section, inside = section_at(plan, note.start)
            assert "drums" in section.roles
            assert fills_in(plan, section, inside)
            assert note.start % bar_ticks(plan.meter) >= begin(plan, section, inside)


def test_a_fill_keeps_to_the_grid_and_the_kit_and_leads_on(written) -> None:
    for plan, fills in drummed(written):
        step = groove.pace_of(plan.style) * TICKS_PER_UNIT
        assert {note.pitch for note in fills} <= KEYS, "a crash's places are the form's"
        bar, beat = bar_ticks(plan.meter), beat_ticks(plan.meter)
        lasts: dict[int, int] = {}
        for note in fills:
            assert note.start % bar % step == 0
            lasts[note.start // bar] = note.start % bar
        assert all(last >= bar - beat for last in lasts.values()), plan.style


def test_no_more_is_struck_at_once_than_a_person_can(written) -> None:
    for _, fills in drummed(written):
        for start in {note.start for note in fills}:
            struck = [note.pitch for note in fills if note.start == start]
            assert len(struck) == len(set(struck))
            assert sum(key != 36 for key in struck) <= 2


def test_more_is_struck_where_there_is_more_energy(composer) -> None:
    plan = plan_of("rock")
    counts = []
    for energy in (2, 7):
        sections = tuple(structs.replace(one, energy=energy) for one in plan.sections)
        moved = structs.replace(plan, sections=sections)
        made = composer.write([moved] * 4, [1, 2, 3, 4])
        bar = bar_ticks(plan.meter)
        starts = [note.start % bar for one in made for note in fills_of(one)]
        counts.append(sum(start >= bar // 2 for start in starts))
    assert counts[1] > 1.2 * counts[0]


@pytest.mark.parametrize("style", ["lofi", "house_edm", "fantasy_tavern"])
def test_machines_and_percussion_keep_to_their_patterns(composer, style) -> None:
    (made,) = composer.write([plan_of(style)], [5])
    assert "drums" not in {line.role for line in made.lines}


def test_a_bar_of_two_slow_beats_has_no_fill_of_the_network(composer) -> None:
    (made,) = composer.write([plan_of("rock", "6/8")], [5])
    assert not fills_of(made)


def test_fills_follow_their_own_section_and_its_likes_alone(composer) -> None:
    plan = plan_of("rock")
    index = next(at for at, one in enumerate(plan.sections) if one.name == "B")
    livelier = structs.replace(plan.sections[index], energy=plan.sections[index].energy % 7 + 1)
    sections = (*plan.sections[:index], livelier, *plan.sections[index + 1 :])
    one, other = (
        fills_of(made)
        for made in composer.write([plan, structs.replace(plan, sections=sections)], [5, 5])
    )
    inside = [
        {note for note in fills if section_at(plan, note.start)[0].name != "B"}
        for fills in (one, other)
    ]
    assert inside[0]
    assert inside[0] == inside[1]


def test_fills_do_not_depend_on_what_is_written_beside_them(composer) -> None:
    plan = plan_of("funk_corporate")
    (alone,) = composer.write([plan], [5])
    beside = composer.write([plan_of("rock"), plan, plan_of("jazz_trio")], [1, 5, 2])[1]
    assert fills_of(alone)
    assert fills_of(alone) == fills_of(beside)


def test_the_panel_hears_no_drums(composer) -> None:
    plan, heard = plan_of("rock"), set[str]()
    judge = rater(plan)

    def listening(view: BarView):
        heard.update(line.role for line in view.lines)
        return judge(view)

    (made,) = composer.write([plan], [5], rate=listening)
    assert fills_of(made)
    assert "lead" in heard
    assert "drums" not in heard


def test_given_fills_are_kept_but_where_bars_are_mended(composer) -> None:
    plan = plan_of("rock")
    (made,) = composer.write([plan], [5])
    bar, last = bar_ticks(plan.meter), fills_of(made)[-1].start // bar_ticks(plan.meter)
    (mended,) = composer.write([plan], [6], given=[inpaint(plan, made.lines, [last])])
    assert {note.start // bar for note in fills_of(made)} != {last}
    before, after = (
        [note for note in fills_of(one) if note.start // bar != last] for one in (made, mended)
    )
    assert before == after
    assert [note for note in fills_of(mended) if note.start // bar == last]
    with pytest.raises(GivenMusicRefused, match="outside the"):
        late = Line(role="drums", notes=(Note(plan.bars * bar, 100, 38, 80),))
        inpaint(plan, [*made.lines[:1], late], [last])


def test_the_bar_begins_as_its_groove_does() -> None:
    plan = plan_of("rock")
    take = Take(plan, 1)
    for passage in take.passages:
        if not any(slot.role == DRUMS for slot in passage.slots):
            continue
        begun = groove.groove(plan, passage.section)
        assert sum(step.units for step in begun) == passage.sheet.bars[0].units
        assert begun[0].code == FIRST_STROKE + STROKES.index("KH")


def test_a_kick_alone_is_not_followed_by_another() -> None:
    plan = plan_of("rock")
    passage = next(
        one for one in Take(plan, 1).passages if any(slot.role == DRUMS for slot in one.slots)
    )
    passage.begin(0, 0)
    while passage.role != "drums":
        passage.put(structs.replace(passage.before, code=REST, units=passage.bar.units))
        if passage.bar_complete:
            passage.keep("")
    kick = FIRST_STROKE + STROKES.index("K")
    while passage.forced_step is not None:
        passage.put(passage.forced_step)
    assert code_mask(passage)[kick] == (passage.before.code != kick)
    passage.before = structs.replace(passage.before, code=kick)
    mask = code_mask(passage)
    assert not mask[kick]
    assert mask[FIRST_STROKE:CODES].any()
    assert not mask[:FIRST_STROKE].any()
    lengths = np.flatnonzero(duration_mask(passage))
    assert lengths.size
    assert lengths.max() <= passage.bar.units - passage.position
