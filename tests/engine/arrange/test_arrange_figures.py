"""A figure that the composer wrote, as the comping hand plays it."""

from statistics import mean

from msgspec import structs

from engine import styles
from engine.arrange import arrange, comping
from engine.arrange.passage import Passage, passages
from engine.contracts import Brief, PartPlan, Plan
from engine.plan import draw
from engine.score import Line, Note, Part, bar_ticks, beat_ticks
from engine.styles.broken import BROKEN, breaks
from engine.words import resolve

EIGHTH = 240


def plan_of(style: str) -> Plan:
    """A plan that breaks its chords in six bars or more."""
    for seed in range(1, 80):
        brief = Brief(kind="bed", style=style, duration_ms=40_000, seed=seed)
        plan = draw(resolve(brief, seed), seed, 1)[0]
        if sum(one.bars for one in plan.sections if _broken(plan, one)) >= 6:
            return plan
    raise AssertionError(style)


def _broken(plan: Plan, section) -> bool:
    return "comp" in section.roles and breaks(plan.style, section.patterns)


def figure_for(plan: Plan) -> Line:
    """Eighths up the chord and down again, everywhere."""
    part = comp_of(plan)
    notes = []
    for tick in range(0, plan.bars * bar_ticks(plan.meter), EIGHTH):
        chord = next(one for one in plan.chords if one.at <= tick < one.at + one.length)
        tones = [p for p in range(part.low, part.high + 1) if p % 12 in chord.pitches][:4]
        place = (0, 1, 2, 3, 2, 1)[tick // EIGHTH % 6]
        notes.append(Note(tick, EIGHTH, tones[min(place, len(tones) - 1)], 80))
    return Line(role="figure", notes=tuple(notes))


def comp_of(plan: Plan) -> PartPlan:
    return next(one for one in plan.parts if one.role == "comp")


def hands(plan: Plan, lines: list[Line]) -> list[tuple[Passage, list[Note]]]:
    """What the comping hand writes in each section, before anybody plays it."""
    style = styles.load(plan.style)
    return [
        (passage, comping.comp(passage, comp_of(plan), style))
        for passage in passages(plan, lines, 1)
        if "comp" in passage.section.roles
    ]


def test_the_hand_plays_every_tone_of_the_figure_where_its_section_breaks_chords() -> None:
    for style in BROKEN:
        plan = plan_of(style)
        figure = figure_for(plan)
        for passage, notes in hands(plan, [figure]):
            told = [(one.start, one.pitch) for one in passage.notes("figure")]
            played = [(one.start, one.pitch) for one in notes]
            if _broken(plan, passage.section):
                assert played == told
            else:
                assert played != told


def test_without_a_figure_the_cell_is_played_and_the_part_is_the_arrangers() -> None:
    for style in BROKEN:
        plan = plan_of(style)
        cells = hands(plan, [])
        assert all(notes for _, notes in cells)
        assert written(plan, []).writer == "arranger"
        assert written(plan, [figure_for(plan)]).writer == "model"


def test_a_figure_under_a_struck_cell_is_nobodys() -> None:
    """An underscore's comping is sparser than the bed's: the figure of the bed is not played."""
    plan = plan_of("solo_piano")
    struck = structs.replace(
        plan,
        sections=tuple(
            structs.replace(one, patterns=("comp.3",) if _broken(plan, one) else one.patterns)
            for one in plan.sections
        ),
    )
    assert written(struck, [figure_for(struck)]).writer == "arranger"
    assert hands(struck, [figure_for(struck)])[0][1] == hands(struck, [])[0][1]


def test_the_beat_weighs_more_than_what_lies_between_and_energy_more_than_calm() -> None:
    plan = plan_of("orchestral_tender")
    calm, wild = (
        structs.replace(
            plan, sections=tuple(structs.replace(one, energy=energy) for one in plan.sections)
        )
        for energy in (2, 6)
    )
    loud = {}
    for one in (calm, wild):
        notes = [
            note for passage, notes in hands(one, [figure_for(one)])
            if _broken(one, passage.section) for note in notes
        ]  # fmt: skip
        beat = beat_ticks(one.meter)
        on, off = ([n.velocity for n in notes if (n.start % beat == 0) == is_on]
                   for is_on in (True, False))  # fmt: skip
        assert mean(on) > mean(off)
        loud[one.sections[0].energy] = mean(on + off)
        low, high = comp_of(one).velocity
        assert all(low <= note.velocity <= high for note in notes)
    assert loud[6] > loud[2] + 5


def test_a_pianists_figure_rings_with_the_pedal_and_a_guitars_does_not() -> None:
    for style, rings in (("solo_piano", True), ("acoustic_folk", False)):
        plan = plan_of(style)
        lengths = [
            note.length for passage, notes in hands(plan, [figure_for(plan)])
            if _broken(plan, passage.section) for note in notes
        ]  # fmt: skip
        assert (max(lengths) > 2 * EIGHTH) == rings
        assert (mean(lengths) > EIGHTH) == rings


def test_what_is_played_stays_inside_the_instrument() -> None:
    plan = plan_of("acoustic_folk")
    low = structs.replace(
        figure_for(plan),
        notes=tuple(structs.replace(n, pitch=n.pitch - 24) for n in figure_for(plan).notes),
    )
    part = written(plan, [low])
    assert all(part.plan.low <= note.pitch <= part.plan.high for note in part.notes)


def written(plan: Plan, lines: list[Line]) -> Part:
    return next(one for one in arrange(plan, lines, 3).parts if one.plan.role == "comp")
