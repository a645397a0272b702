"""Hits: a picture's moments fall on the grid, and sections begin on them where they can."""

import random

import pytest
from plan_briefs import METERS, resolved, seconds_of

from engine import styles
from engine.plan import draw
from engine.score import bar_ticks, seconds_per_tick

BRIEFS = 300


def random_hits(dice: random.Random, **fixed):
    """A bed with one to six moments anywhere in it."""
    style, seconds = dice.choice(styles.names()), dice.choice((15.0, 30.0, 60.0, dice.uniform(8, 180)))  # fmt: skip # noqa: E501
    moments = sorted(dice.sample(range(400, round(seconds * 1000) - 300), dice.randrange(1, 7)))
    low, high = styles.facts(style).tempo
    if fixed:
        fixed = {"bpm": round(dice.uniform(low, high), 1)}
    return resolved(style, "bed", seconds, meter=dice.choice(METERS), hits=tuple(moments), **fixed)


def misses_ms(plan, brief) -> list[float]:
    """How far each moment is from the nearest tick that the band accents."""
    ms = seconds_per_tick(plan.tempo, plan.meter) * 1000
    return [min(abs(one - tick * ms) for tick in plan.hits) for one in brief.hits]


def test_with_an_open_tempo_every_hit_is_within_30_ms() -> None:
    dice = random.Random(300)
    worst, fine = 0.0, 0
    for seed in range(BRIEFS):
        brief = random_hits(dice)
        plan = draw(brief, seed, 1)[0]
        low, high = brief.bpm_range
        assert low <= plan.tempo <= high
        assert seconds_of(plan) * 1000 == pytest.approx(brief.duration_ms, abs=3)
        assert list(plan.hits) == sorted(set(plan.hits))
        assert all(tick % 10 == 0 for tick in plan.hits)
        fine += any(tick % 120 for tick in plan.hits)
        worst = max(worst, *misses_ms(plan, brief))
    print(f"worst miss {worst:.1f} ms; {fine} of {BRIEFS} briefs left the sixteenths")
    assert worst <= 30.0
    assert fine <= 0.1 * BRIEFS


def test_with_a_fixed_tempo_every_hit_is_within_half_a_sixteenth() -> None:
    dice = random.Random(301)
    for seed in range(BRIEFS // 3):
        brief = random_hits(dice, fixed=True)
        plan = draw(brief, seed, 1)[0]
        half = 60 * seconds_per_tick(plan.tempo, plan.meter) * 1000
        assert plan.tempo == brief.bpm
        assert all(tick % 120 == 0 for tick in plan.hits)
        assert max(misses_ms(plan, brief)) <= half + 1e-6


def test_a_loop_has_its_hits_on_sixteenths() -> None:
    brief = resolved("synthwave", "loop", bars=16, bpm=100.0, hits=(4_810, 19_190))
    for plan in draw(brief, 4, 4):
        assert plan.hits == (3840, 15360)


def test_downbeats_are_preferred_and_sections_begin_on_them() -> None:
    brief = resolved("orchestral_epic", "bed", 60.0, hits=(20_000, 40_000))
    begun = 0
    for seed in range(12):
        plan = draw(brief, seed, 1)[0]
        bar = bar_ticks(plan.meter)
        assert all(tick % bar == 0 for tick in plan.hits)
        lines = {section.bar * bar for section in plan.sections}
        begun += sum(tick in lines for tick in plan.hits)
    assert begun >= 12


def test_an_asked_section_keeps_its_bars_though_a_hit_is_near() -> None:
    from engine.contracts import SectionBrief

    asked = (SectionBrief(name="A", bars=8), SectionBrief(name="B", bars=8))
    brief = resolved("rock", "bed", 34.0, sections=asked, hits=(14_500,), bpm_range=(100.0, 130.0))
    for plan in draw(brief, 4, 3):
        assert [section.bars for section in plan.sections] == [8, 8]
