"""The accompaniment's figure: its pace, its tones, its pattern, and where it is written at all."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from statistics import mean

import pytest
from msgspec import structs

from engine.compose.cast import sounds_in
from engine.compose.codes import TICKS_PER_UNIT
from engine.compose.composer import Composer
from engine.compose.doors import inpaint
from engine.compose.following import MOST_A_BAR, pace_of
from engine.contracts import Brief, Chord, Hit, Meter, Plan, Section
from engine.plan import draw
from engine.score import Line, Note, bar_ticks, beat_ticks
from engine.styles.broken import BROKEN, breaks
from engine.words import resolve

pytestmark = pytest.mark.xdist_group("music on paper")
FIGURE = "figure"


def plan_of(style: str, wanted: Callable[[Plan], bool] | None = None, **more) -> Plan:
    """The first plan of some seeds that breaks its chords in six bars or more, and as wanted."""
    for seed in range(1, 120):
        brief = Brief(kind="bed", style=style, duration_ms=40_000, seed=seed, **more)
        plan = draw(resolve(brief, seed), seed, 1)[0]
        bars = sum(section.bars for section in broken(plan))
        if bars >= 6 and (wanted is None or wanted(plan)):
            return plan
    raise AssertionError(f"no such plan of {style} in 120 seeds")


def broken(plan: Plan) -> list[Section]:
    return [section for section in plan.sections if sounds_in(plan, section, FIGURE)]


@pytest.fixture(scope="module")
def composer() -> Composer:
    return Composer(desks=1)


@pytest.fixture(scope="module")
def pieces(composer) -> list[tuple[Plan, tuple[Line, ...]]]:
    plans = [plan_of(style) for style in sorted(BROKEN)]
    plans.append(plan_of("solo_piano", hits=(Hit(at_ms=7_300), Hit(at_ms=15_900))))
    return [
        (plan, one.lines)
        for plan, one in zip(plans, composer.write(plans, range(len(plans))), strict=True)
    ]


def figure_of(lines: tuple[Line, ...]) -> tuple[Note, ...]:
    return next(line.notes for line in lines if line.role == FIGURE)


def bars_of(plan: Plan, section: Section, notes: tuple[Note, ...]) -> Iterator[list[Note]]:
    bar = bar_ticks(plan.meter)
    for at in range(section.bar, section.bar + section.bars):
        yield [note for note in notes if at * bar <= note.start < (at + 1) * bar]


def rests(plan: Plan, at: int) -> bool:
    """Whether a bar is the last one of a piece that comes to rest."""
    return at == plan.bars - 1 and plan.ending != "turnaround"


def chord_at(plan: Plan, tick: int) -> Chord:
    return next(one for one in plan.chords if one.at <= tick < one.at + one.length)


def test_a_figure_fills_its_sections_at_one_pace_and_is_written_nowhere_else(pieces) -> None:
    for plan, lines in pieces:
        notes = figure_of(lines)
        for section in broken(plan):
            pace = pace_of(plan, section) * TICKS_PER_UNIT
            for at, bar in enumerate(bars_of(plan, section, notes), section.bar):
                begin, end = at * bar_ticks(plan.meter), (at + 1) * bar_ticks(plan.meter)
                if rests(plan, at):
                    assert len(bar) == 1
                    assert bar[0].start == begin
                    continue
                assert bar[0].start == begin
                assert bar[-1].start + bar[-1].length == end
                assert all(a.start + a.length == b.start for a, b in pairwise(bar))
                met = [hit for hit in plan.hits if begin <= hit < end]
                if not met:
                    assert {note.length for note in bar} == {pace}
        inside = sum(len(bar) for one in broken(plan) for bar in bars_of(plan, one, notes))
        assert inside == len(notes)


def test_a_figure_begins_a_tone_on_every_hit_that_falls_into_it(pieces) -> None:
    plan, lines = pieces[-1]
    starts = {note.start for note in figure_of(lines)}
    bar = bar_ticks(plan.meter)
    met = [
        hit for hit in plan.hits for section in broken(plan)
        if section.bar * bar <= hit < (section.bar + section.bars) * bar
    ]  # fmt: skip
    assert met
    assert all(min(abs(hit - start) for start in starts) <= TICKS_PER_UNIT // 2 for hit in met)


def test_its_tones_are_the_chords_on_the_beats_and_nearly_all_between(pieces) -> None:
    for plan, lines in pieces:
        part = next(one for one in plan.parts if one.role == "comp")
        notes, beat = figure_of(lines), beat_ticks(plan.meter)
        fits = [note.pitch % 12 in chord_at(plan, note.start).pitches for note in notes]
        on_beat = [fit for fit, note in zip(fits, notes, strict=True) if note.start % beat == 0]
        print(f"\n{plan.style}: {mean(fits):.1%} of {len(notes)} tones are the chord's")
        assert all(on_beat)
        assert mean(fits) >= 0.85
        assert all(part.low <= note.pitch <= part.high for note in notes)


def test_a_figure_is_broken_and_wide_and_no_trill(pieces) -> None:
    for plan, lines in pieces:
        bars = [
            [note.pitch for note in bar]
            for section in broken(plan)
            for at, bar in enumerate(bars_of(plan, section, figure_of(lines)), section.bar)
            if not rests(plan, at)
        ]
        moves = [abs(b - a) for bar in bars for a, b in pairwise(bar)]
        print(f"\n{plan.style}: {mean(moves):.1f} semitones from tone to tone")
        assert mean(moves) >= 2.2
        assert mean(max(bar) - min(bar) for bar in bars) >= 7
        assert mean(len(set(bar)) >= 3 for bar in bars) >= 0.8
        assert mean(move == 0 for move in moves) <= 0.05


def contour(bar: list[Note]) -> tuple[int, ...]:
    return tuple((b.pitch > a.pitch) - (b.pitch < a.pitch) for a, b in pairwise(bar))


def test_the_third_bar_of_a_phrase_goes_as_its_first_though_the_harmony_moved(pieces) -> None:
    """Compared with bars of the other pieces, which go their own ways at the same pace."""
    alike, strange = [], []
    shapes: list[tuple[int, tuple[int, ...]]] = []
    for number, (plan, lines) in enumerate(pieces):
        for section in broken(plan):
            bars = [contour(bar) for bar in bars_of(plan, section, figure_of(lines))]
            last = section.bars - rests(plan, section.bar + section.bars - 1)
            shapes += [(number, bar) for bar in bars[:last]]
            alike += [
                mean(a == b for a, b in zip(bars[at - 2], bars[at], strict=True))
                for at in range(2, last, 4)
                if len(bars[at]) == len(bars[at - 2])
            ]
    for one, (number, bar) in enumerate(shapes):
        strange += [
            mean(a == b for a, b in zip(bar, other, strict=True))
            for whose, other in shapes[one + 1 :]
            if whose != number and len(other) == len(bar)
        ]
    print(f"\nlike its first: {mean(alike):.1%} of the moves, like another piece's: "
          f"{mean(strange):.1%}")  # fmt: skip
    assert len(alike) >= 4
    assert mean(alike) >= 0.85
    assert mean(alike) >= mean(strange) + 0.2


def returning(plan: Plan) -> list[tuple[Section, Section]]:
    """Sections and those they are like, both with a figure of one pace."""
    pairs = [(plan.sections[one.like], one) for one in broken(plan) if one.like is not None]
    return [
        (one, other) for one, other in pairs
        if sounds_in(plan, one, FIGURE) and pace_of(plan, one) == pace_of(plan, other)
    ]  # fmt: skip


def test_a_returning_section_breaks_its_chords_as_it_did(composer) -> None:
    plan = plan_of("solo_piano", lambda one: bool(returning(one)))
    (made,) = composer.write([plan], [4])
    notes = figure_of(made.lines)
    for source, section in returning(plan):
        pairs = zip(bars_of(plan, source, notes), bars_of(plan, section, notes), strict=False)
        same = [
            mean(a == b for a, b in zip(contour(one), contour(other), strict=True))
            for one, other in pairs
            if len(one) == len(other) > 1
        ]
        print(f"\n{section.name}: {mean(same):.0%} of the moves of {source.name}")
        assert mean(same) >= 0.7


def test_energy_and_tempo_set_the_pace() -> None:
    plan = plan_of("solo_piano", meter="4/4")
    calm = structs.replace(broken(plan)[0], energy=1)
    wild = structs.replace(calm, energy=7)
    slow, fast = structs.replace(plan, tempo=60.0), structs.replace(plan, tempo=180.0)
    assert pace_of(slow, calm) == 12
    assert pace_of(slow, structs.replace(calm, energy=3)) == 6
    assert pace_of(slow, wild) == 3
    assert pace_of(fast, wild) == 6
    meters: tuple[Meter, ...] = ("4/4", "3/4", "6/8", "12/8")
    for meter in meters:
        other = structs.replace(slow, meter=meter)
        assert bar_ticks(meter) // TICKS_PER_UNIT <= MOST_A_BAR * pace_of(other, wild)


def test_struck_and_strummed_cells_are_left_to_the_arranger(composer) -> None:
    plan = plan_of("solo_piano")
    struck = structs.replace(
        plan, sections=tuple(structs.replace(one, patterns=("comp.3",)) for one in plan.sections)
    )
    assert not broken(struck)
    (made,) = composer.write([struck], [4])
    assert all(line.role != FIGURE for line in made.lines)
    assert not breaks("synthwave", ("comp.3",))
    assert not breaks("solo_piano", ("comp.2", "harmony:comp.2", "comp.3"))
    assert breaks("solo_piano", ("bass.low", "comp.2"))


def test_a_figure_that_is_given_is_kept_note_for_note(composer) -> None:
    plan = plan_of("orchestral_tender")
    (made,) = composer.write([plan], [4])
    first = broken(plan)[0]
    bars = range(first.bar + first.bars, plan.bars) or [plan.bars - 1]
    (again,) = composer.write([plan], [9], given=[inpaint(plan, made.lines, bars)])
    until = bars[0] * bar_ticks(plan.meter)

    def kept(lines: tuple[Line, ...]) -> list[Note]:
        return [note for note in figure_of(lines) if note.start < until]

    assert kept(again.lines) == kept(made.lines)
