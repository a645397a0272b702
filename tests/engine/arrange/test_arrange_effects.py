"""Effects: rises that let go before the downbeat, reverses that peak on it, hits, falls, beds."""

import random

import pytest
from msgspec import structs

from engine import styles
from engine.arrange.effects import effects
from engine.contracts import Brief, PartPlan, Plan, Section
from engine.plan import draw
from engine.score import Note, bar_ticks, seconds_per_tick
from engine.words import resolve


def plan_of(patch: str, *, kind: str = "bed", form: str = "i4 A8 B8 A'8 e2") -> Plan:
    """A plan of one effect that every section names."""
    brief = Brief(kind=kind, style="synthwave", seed=3,
                  duration_ms=60_000 if kind == "bed" else None)  # type: ignore[arg-type]  # fmt: skip
    plan = draw(resolve(brief, 3), 3, 1)[0]
    sections, bar = [], 0
    for at, word in enumerate(form.split()):
        name = word.rstrip("0123456789")
        bars = int(word[len(name) :])
        sections.append(Section(name=name, bar=bar, bars=bars, energy=3 + at % 4, roles=("fx",)))
        bar += bars
    part = PartPlan(role="fx", group="fx", name="Effects", family="synth", program=122, patch=patch,
                    low=48, high=84, velocity=(45, 90))  # fmt: skip
    return structs.replace(plan, sections=tuple(sections), bars=bar, parts=(part,))


def written(plan: Plan) -> list[Note]:
    return effects(plan, plan.parts[0], styles.load(plan.style), [], random.Random(1))


def test_a_riser_lets_go_before_the_downbeat_and_a_reverse_peaks_on_it() -> None:
    for patch, earliest, latest in (("riser", 30, 60), ("rev_swell", 0, 1)):
        plan = plan_of(patch)
        bar = bar_ticks(plan.meter)
        tick_ms = 1000 * seconds_per_tick(plan.tempo, plan.meter)
        lines = {section.bar * bar for section in plan.sections[1:]} | {(plan.bars - 1) * bar}
        for note in written(plan):
            gap = min(line - note.start - note.length for line in lines
                      if line >= note.start + note.length)  # fmt: skip
            assert earliest <= gap * tick_ms <= latest, patch


def test_the_longest_and_loudest_rise_leads_into_the_largest_section() -> None:
    plan = plan_of("riser")
    bar = bar_ticks(plan.meter)
    peak = next(section for section in plan.sections if section.name == "A'")
    into = {(note.start + note.length) // bar + 1: note for note in written(plan)}
    assert into[peak.bar].length > 1.8 * bar
    others = [note for line, note in into.items() if line != peak.bar]
    assert others
    assert all(note.length < bar for note in others)
    assert all(note.velocity < into[peak.bar].velocity for note in others)


def test_an_impact_falls_on_loud_sections_the_largest_loudest_and_on_hits() -> None:
    plan = structs.replace(plan_of("impact"), hits=(1920 * 6,))
    bar = bar_ticks(plan.meter)
    struck = {note.start: note.velocity for note in written(plan)}
    for section in plan.sections:
        if section.energy >= 5:
            assert section.bar * bar in struck
    assert plan.hits[0] in struck
    loop = plan_of("impact", kind="loop", form="A4 A'4 B4 A''4")
    assert all(note.start > 0 for note in written(loop))  # nothing marks the seam


def test_a_fall_begins_on_the_line_and_a_bed_lies_under_the_whole_section() -> None:
    for patch in ("downer", "vinyl"):
        plan = plan_of(patch)
        bar = bar_ticks(plan.meter)
        notes = written(plan)
        assert [note.start for note in notes] == [one.bar * bar for one in plan.sections]
        if patch == "vinyl":
            assert [note.length for note in notes] == [one.bars * bar for one in plan.sections]


@pytest.mark.parametrize("patch", ["riser", "rev_swell", "downer", "impact", "vinyl", "sub_drop"])
@pytest.mark.parametrize("kind", ["bed", "loop"])
def test_an_effect_sounds_in_each_section_that_names_it_and_nowhere_else(patch, kind) -> None:
    plan = plan_of(patch, kind=kind)
    for silent in range(len(plan.sections)):
        sections = tuple(
            structs.replace(one, roles=()) if at == silent else one
            for at, one in enumerate(plan.sections)
        )
        bar = bar_ticks(plan.meter)
        edited = written(structs.replace(plan, sections=sections))
        for at, section in enumerate(plan.sections):
            begin, end = section.bar * bar, (section.bar + section.bars) * bar
            here = [note for note in edited if begin <= note.start < end]
            assert bool(here) == (at != silent), (patch, section.name)
            assert all(note.start + note.length <= end for note in here)
            whole = [note for note in written(plan) if begin <= note.start < end]
            assert not here or here == whole  # the neighbours' silence changes nothing
