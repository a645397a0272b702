"""The composer's drum fills in the arranger's hands: when, how much of them, and how loud."""

import random

import pytest
from msgspec import structs

from engine import styles
from engine.arrange import arrange, drumlines, drumming
from engine.arrange.fills import HALF, HEAVY, fills
from engine.arrange.places import places
from engine.contracts import Brief, Kind, PartPlan, Plan, Section
from engine.plan import draw
from engine.score import Line, Note, bar_ticks
from engine.words import resolve

BAR = 1920
SNARE, HIGH, LOW, FLOOR, HAT = 38, 50, 45, 41, 42


def plan_of(form: str, *, style: str = "rock", energy: int = 5, kind: Kind = "bed") -> Plan:
    """A plan of drums alone; ``form`` such as "A8 B8 e2"."""
    long = 60_000 if kind == "bed" else None
    brief = Brief(kind=kind, style=style, meter="4/4", seed=3, duration_ms=long)
    plan = draw(resolve(brief, 3), 3, 1)[0]
    sections, bar = [], 0
    for word in form.split():
        name = word.rstrip("0123456789")
        bars = int(word[len(name) :])
        sections.append(Section(name=name, bar=bar, bars=bars, energy=energy, roles=("drums",),
                                patterns=("groove.mid",)))  # fmt: skip
        bar += bars
    drummer = PartPlan(role="drums", group="drums", name="Drums", family="drums", low=27, high=87,
                       program=0, velocity=styles.load(style).roles["drums"].velocity)  # fmt: skip
    chords = tuple(one for one in plan.chords if one.at < bar * bar_ticks(plan.meter))
    return structs.replace(
        plan, sections=tuple(sections), bars=bar, parts=(drummer,), chords=chords, ending="ring"
    )


def line(*strokes: tuple[int, int, int]) -> Line:
    """(bar, sixteenth, key) → the composer's line."""
    return Line(
        role="drums",
        notes=tuple(Note(bar * BAR + step * 120, 100, key, 80) for bar, step, key in strokes),
    )


def written(plan: Plan, told: Line, seed: int = 1) -> list[Note]:
    style = styles.load(plan.style)
    return drumming.drums(plan, plan.parts[0], style, [told], random.Random(seed))


ROLL = line(*((7, step, key) for step, key in zip(
    range(8, 16), (SNARE, SNARE, SNARE, HIGH, HIGH, LOW, LOW, FLOOR), strict=True)))  # fmt: skip


def test_the_last_bar_of_a_section_is_filled_as_the_composer_wrote() -> None:
    plan = plan_of("A8 B8 e2")
    notes = written(plan, ROLL)
    here = [(note.start, note.pitch) for note in notes if 7 * BAR + 960 <= note.start < 8 * BAR]
    assert here == [(note.start, note.pitch) for note in ROLL.notes], "and the groove is silent"


def test_a_bar_that_is_no_place_for_a_fill_stays_with_the_groove() -> None:
    plan = plan_of("A8 B8 e2")
    strays = line(*((5, step, FLOOR) for step in range(8, 16)))
    notes = written(plan, strays)
    assert not any(note.pitch == FLOOR and note.start // BAR == 5 for note in notes)


@pytest.mark.parametrize("seed", range(4))
def test_a_pickup_plays_only_the_last_beat_of_a_written_fill(seed) -> None:
    plan = plan_of("A8 B8 e2")
    told = line(*((3, step, FLOOR) for step in range(8, 16)))
    played = [
        note.start % BAR // 120
        for note in written(plan, told, seed)
        if note.pitch == FLOOR and note.start // BAR == 3
    ]
    assert played in ([], [12, 13, 14, 15])


def test_a_whole_bar_is_played_before_the_largest_section_alone() -> None:
    told = line(*((7, step, FLOOR) for step in range(4, 16)))
    plan = plan_of("A8 B8 e2")
    before_peak, after_peak = (places(plan_of(form))[0] for form in ("A8 B8 e2", "B8 A8 e2"))
    style = styles.load("rock")
    strokes = drumlines.strokes(plan, plan.sections[0], style, told.notes)
    large = fills(plan, before_peak, style, random.Random(1), strokes)[7]
    small = fills(plan, after_peak, style, random.Random(1), strokes)[7]
    assert large.span == HEAVY
    assert len(large.strokes) == 12
    assert small.span != HEAVY
    assert len(small.strokes) <= 8


def test_a_fill_of_kicks_alone_is_none() -> None:
    plan = plan_of("A8 B8 e2")
    told = line(*((7, step, 36) for step in range(8, 16)))
    style = styles.load("rock")
    strokes = drumlines.strokes(plan, plan.sections[0], style, told.notes)
    chosen = fills(plan, places(plan)[0], style, random.Random(1), strokes)[7]
    assert not chosen.strokes
    assert chosen.voices


def test_a_fill_rises_into_the_next_bar_and_accents_what_is_on_the_eighths() -> None:
    plan = plan_of("A8 B8 e2")
    told = line(*((7, step, SNARE) for step in range(8, 16)))
    strokes = drumlines.strokes(plan, plan.sections[0], styles.load("rock"), told.notes)[7]
    digits = {one.at: one.digit for one in strokes}
    assert all(digits[at] > digits[at + 1] for at in (8, 10, 12, 14))
    assert digits[12] > digits[8]
    assert all(one.key == SNARE and one.voice == "S" for one in strokes)


def test_a_hat_in_a_fill_is_softer_than_the_drums_about_it() -> None:
    plan = plan_of("A8 B8 e2")
    told = line((7, 8, HAT), (7, 10, SNARE), (7, 12, HIGH), (7, 14, FLOOR))
    strokes = drumlines.strokes(plan, plan.sections[0], styles.load("rock"), told.notes)[7]
    digits = {one.at: one.digit for one in strokes}
    assert digits[8] < digits[10]


def test_a_loop_is_filled_softly_at_its_seam() -> None:
    told = line(*((7, step, SNARE) for step in range(8, 16)))
    loop, bed = plan_of("A8", kind="loop"), plan_of("A8 B8 e2")
    loudest = [
        max(
            note.velocity
            for note in written(plan, told)
            if note.pitch == SNARE and 7 * BAR + 1440 <= note.start < 8 * BAR
        )
        for plan in (structs.replace(loop, kind="loop", ending="turnaround"), bed)
    ]
    assert loudest[0] < loudest[1]


def test_triplets_of_a_swung_style_fall_on_its_steps() -> None:
    plan = plan_of("A8 B8 e2", style="jazz_trio")
    told = Line(role="drums", notes=tuple(
        Note(7 * BAR + at * 160, 100, SNARE, 80) for at in range(6, 12)))  # fmt: skip
    strokes = drumlines.strokes(plan, plan.sections[0], styles.load("jazz_trio"), told.notes)[7]
    assert [one.at for one in strokes] == list(range(6, 12))


def test_a_kit_whose_fills_alone_are_composed_is_still_the_arrangers() -> None:
    plan = plan_of("A8 B8 e2")
    score = arrange(plan, [ROLL], 1)
    part = next(one for one in score.parts if one.plan.role == "drums")
    assert part.writer == "arranger"


def test_the_half_bar_before_a_written_fill_keeps_its_groove() -> None:
    plan = plan_of("A8 B8 e2")
    notes = written(plan, ROLL)
    first = [note for note in notes if 7 * BAR <= note.start < 7 * BAR + 960]
    assert {note.pitch for note in first} >= {36, SNARE}
    style = styles.load("rock")
    chosen = fills(
        plan, places(plan)[0], style, random.Random(1),
        drumlines.strokes(plan, plan.sections[0], style, ROLL.notes),
    )[7]  # fmt: skip
    assert chosen.span in (HALF, HEAVY)
    assert min(one.at for one in chosen.strokes) == 8
