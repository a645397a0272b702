"""Drums: sections that stand alone, bars that are never copied, fills that differ."""

import random
from itertools import pairwise

import pytest
from msgspec import structs

from engine import styles
from engine.arrange import drumming
from engine.arrange.fills import HALF, HEAVY, PICKUP, fills
from engine.arrange.places import crash_bars, peak, places
from engine.arrange.playing import play
from engine.contracts import Brief, PartPlan, Plan, Section
from engine.plan import draw
from engine.score import Note, bar_ticks
from engine.words import resolve

SEED = 7
CRASHES = (49, 52, 55, 57)


def plan_of(style: str, *, kind: str = "bed", meter: str = "4/4", form: str = "") -> Plan:
    """A drawn plan with drums in every section; ``form`` such as "i2 A8 B8 A'8 e2" replaces it."""
    brief = Brief(
        kind=kind, style=style, meter=meter, seed=SEED,
        duration_ms=60_000 if kind == "bed" else None,
    )  # type: ignore[arg-type]  # fmt: skip
    plan = draw(resolve(brief, SEED), SEED, 1)[0]
    if all(part.role != "drums" for part in plan.parts):
        sheet = styles.load(style).roles["drums"]
        drummer = PartPlan(role="drums", group="drums", name="Drums", family="drums", low=27,
                           high=87, program=0, velocity=sheet.velocity)  # fmt: skip
        plan = structs.replace(plan, parts=(*plan.parts, drummer))
    sections, bar = [], 0
    for at, one in enumerate(plan.sections if not form else form.split()):
        name, bars = (one.name, one.bars) if isinstance(one, Section) else _read(one)
        energy = one.energy if isinstance(one, Section) else (3, 5, 6, 4, 5)[at % 5]
        groove = f"groove.{('low', 'mid', 'high')[min(2, max(0, energy - 3))]}"
        sections.append(
            Section(name=name, bar=bar, bars=bars, energy=energy, roles=("drums", "fx", "bass"),
                    patterns=(groove,))
        )  # fmt: skip
        bar += bars
    return structs.replace(plan, sections=tuple(sections), bars=bar)


def _read(word: str) -> tuple[str, int]:
    name = word.rstrip("0123456789")
    return name, int(word[len(name) :])


def drummer(plan: Plan) -> PartPlan:
    return next(part for part in plan.parts if part.role == "drums")


def written(plan: Plan, seed: int = SEED) -> list[Note]:
    style = styles.load(plan.style)
    return drumming.drums(plan, drummer(plan), style, [], random.Random(f"{seed}/drums"))


def by_bar(plan: Plan, notes: list[Note]) -> list[list[Note]]:
    bar = bar_ticks(plan.meter)
    return [[one for one in notes if one.start // bar == at] for at in range(plan.bars)]


def shape(plan: Plan, notes: list[Note]) -> set[tuple[int, int]]:
    return {(one.start % bar_ticks(plan.meter), one.pitch) for one in notes}


def bars_inside(plan: Plan, section: Section, notes: list[Note]) -> list[Note]:
    bar = bar_ticks(plan.meter)
    begin, end = section.bar * bar, (section.bar + section.bars) * bar
    return [one for one in notes if begin <= one.start < end]


@pytest.mark.parametrize("style", styles.names())
def test_a_section_whose_energy_changes_leaves_the_drums_of_all_others_alone(style) -> None:
    plan = plan_of(style, form="i4 A8 B8 A'8 e4")
    sheet, part = styles.load(style), drummer(plan)
    before = written(plan)
    for at, section in enumerate(plan.sections):
        other = structs.replace(section, energy=1 + section.energy % 7, patterns=("groove.high",))
        sections = (*plan.sections[:at], other, *plan.sections[at + 1 :])
        edited = structs.replace(plan, sections=sections)
        after = written(edited)
        assert bars_inside(plan, section, after) != bars_inside(plan, section, before)
        for number, one in enumerate(plan.sections):
            if number == at:
                continue
            own = bars_inside(plan, one, before)
            assert bars_inside(plan, one, after) == own, (section.name, one.name)
            assert play(edited, part, sheet, own, SEED) == play(plan, part, sheet, own, SEED)


def test_a_section_without_drums_leaves_those_of_its_neighbours_alone() -> None:
    plan = plan_of("rock", form="i4 A8 B8 A'8 e4")
    silent = structs.replace(plan.sections[1], roles=("bass",))
    edited = structs.replace(plan, sections=(plan.sections[0], silent, *plan.sections[2:]))
    before, after = written(plan), written(edited)
    assert not bars_inside(plan, silent, after)
    for one in (plan.sections[0], *plan.sections[2:]):
        assert bars_inside(plan, one, after) == bars_inside(plan, one, before)


def test_the_same_seed_writes_the_same_drums_and_another_one_others() -> None:
    plan = plan_of("funk_corporate")
    assert written(plan) == written(plan)
    assert written(plan) != written(plan, SEED + 1)


@pytest.mark.parametrize("style", styles.names())
@pytest.mark.parametrize("meter", ["4/4", "3/4", "6/8", "12/8"])
def test_no_bar_is_played_more_than_four_times_in_a_row(style, meter) -> None:
    plan = plan_of(style, meter=meter, form="i4 A16 B8 A'8 e8")
    shapes = [shape(plan, bar) for bar in by_bar(plan, written(plan))]
    run = 1
    for before, here in pairwise(shapes):
        run = run + 1 if here and here == before else 1
        assert run <= 4


def test_fills_of_one_section_are_never_twice_the_same_and_never_heavy_when_calm() -> None:
    for seed in range(40):
        for form in ("i4 A16 B32 A'16 e4", "A8 A'8 B4 A''8 e2"):
            plan = plan_of("rock", form=form)
            for place in places(plan):
                chosen = fills(plan, place, styles.load(plan.style), random.Random(seed), {})
                names = [one.name for one in chosen.values()]
                assert all(one != two for one, two in pairwise(names))
                if place.section.energy <= 3:
                    assert all(one.span != HEAVY for one in chosen.values())
                if place.before_peak and place.section.energy >= 4:
                    assert chosen[place.section.bars - 1].span == HEAVY


def test_a_loop_ends_on_a_short_soft_fill_and_begins_without_a_crash() -> None:
    for style in ("rock", "metal", "funk_corporate", "chinese_traditional"):
        plan = plan_of(style, kind="loop", form="A4 A'4 B4 A''4")
        last = places(plan)[-1]
        assert fills(plan, last, styles.load(style), random.Random(1), {})[3].span in (HALF, PICKUP)
        bars = by_bar(plan, written(plan))
        assert not [one for one in bars[0] if one.pitch in CRASHES]
        assert not [one for one in bars[-1] if one.pitch in CRASHES]


@pytest.mark.parametrize("style", ["rock", "metal", "orchestral_epic", "waltz_ballroom"])
def test_crashes_are_at_least_eight_bars_apart(style) -> None:
    plan = plan_of(style, form="i4 A8 B4 A'8 B'8 A''4 e2")
    bar = bar_ticks(plan.meter)
    crashes = [one.start // bar for one in written(plan) if one.pitch in CRASHES]
    assert all(two - one >= 8 for one, two in pairwise(crashes[:-1]))  # the last one ends it all
    assert plan.sections[peak(plan) or 0].bar in crash_bars(plan)
