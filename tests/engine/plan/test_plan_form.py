"""Form: templates fill any number of bars exactly, the client's sections bind, one climax."""

import random

import pytest
from plan_briefs import METERS, resolved, seconds_of

from engine import styles
from engine.contracts import SectionBrief
from engine.errors import BriefRefused
from engine.plan import draw, form
from engine.plan.frame import BUTTON_S
from engine.score import bar_ticks, seconds_per_tick


@pytest.mark.parametrize("bars", [4, 5, 7, 8, 13, 16, 28, 31, 40, 48, 90, 96, 240, 700])
def test_every_template_fills_the_bars_exactly(bars: int) -> None:
    for kind in ("bed", "loop"):
        for tempo in (54.0, 110.0, 178.0):
            brief = resolved("rock", kind, 60.0, bars=bars, bpm=tempo)
            for template in form.templates(brief, styles.load("rock").forms, bars, tempo):
                stretched = form.stretched(template, bars)
                assert sum(size for _, size in stretched) == bars
                assert all(size >= 1 for _, size in stretched)
                assert len(stretched) <= 64
                assert all(name.count("'") <= 3 for name, _ in stretched)


def test_sections_keep_whole_phrases_and_the_last_a_is_never_cut() -> None:
    template = (("i", 4), ("A", 8), ("B", 8), ("A'", 8), ("e", 4))
    for bars in (28, 29, 30, 31, 32):
        sizes = dict(form.stretched(template, bars))
        assert sizes["A'"] == 8
        assert sizes["A"] == 8
    assert dict(form.stretched(template, 16))["A'"] >= 4


def test_a_styles_own_form_is_used_where_its_length_fits() -> None:
    own = styles.load("funk_corporate").forms
    brief = resolved("funk_corporate", "bed", 110.0, bpm=110.0)
    fitting = form.templates(brief, own, 50, 110.0)
    assert own[0].sections in fitting
    assert own[0].sections not in form.templates(brief, own, 16, 110.0)
    dice, used = random.Random(1), 0
    for _ in range(40):
        blocks = form.blocks(brief, own, 50, 110.0, dice)
        used += tuple((one.name, one.bars) for one in blocks) == own[0].sections
    assert used >= 12


def test_slow_bars_make_short_sections_and_fast_ones_long() -> None:
    slow = form.templates(resolved("lofi", "bed", 60.0), (), 15, 60.0)
    assert ("A", 4) in slow[0]
    fast = form.templates(resolved("waltz_ballroom", "bed", 60.0, meter="3/4"), (), 56, 180.0)
    assert ("A", 16) in fast[0]


SECTIONS = (
    SectionBrief(name="i", bars=2),
    SectionBrief(name="A", energy=0.3),
    SectionBrief(name="B", bars=8, energy=1.0),
    SectionBrief(name="A'"),
    SectionBrief(name="e", bars=3, energy=0.0),
)


@pytest.mark.parametrize("style", ["lofi", "rock", "waltz_ballroom", "dark_ambient"])
@pytest.mark.parametrize("meter", METERS)
def test_the_clients_sections_bind(style: str, meter) -> None:
    curve = ((0.0, 0.5), (1.0, 0.5))
    brief = resolved(style, "bed", 90.0, sections=SECTIONS, meter=meter, energy=curve)
    for plan in draw(brief, 3, 4):
        assert [section.name for section in plan.sections] == ["i", "A", "B", "A'", "e"]
        assert [plan.sections[at].bars for at in (0, 2, 4)] == [2, 8, 3]
        assert [section.energy for section in plan.sections] == [4, 3, 7, 4, 1]
        assert sum(section.bars for section in plan.sections) == plan.bars
        assert seconds_of(plan) == pytest.approx(90.0, abs=0.003)


def test_sections_with_all_their_bars_decide_the_tempo() -> None:
    asked = (SectionBrief(name="A", bars=8), SectionBrief(name="B", bars=8))
    brief = resolved("rock", "bed", 34.0, sections=asked, bpm_range=(80.0, 160.0))
    for plan in draw(brief, 3, 4):
        assert plan.bars == 16
        assert seconds_of(plan) == pytest.approx(34.0, abs=0.003)


def test_sections_that_cannot_fit_are_refused_with_what_would() -> None:
    asked = (SectionBrief(name="A", bars=32), SectionBrief(name="B", bars=32))
    with pytest.raises(BriefRefused) as refused:
        draw(resolved("rock", "bed", 30.0, sections=asked, bpm=120.0), 3, 1)
    reason = refused.value.reasons[0]
    assert reason.pointer == "/sections"
    assert reason.limit == {"bars": 15}
    both = resolved("rock", "loop", bars=16, bpm=120.0, sections=asked[:1])
    with pytest.raises(BriefRefused, match="32 bars"):
        draw(both, 3, 1)


def test_a_piece_has_its_climax_late_and_no_plain_last_a() -> None:
    late = total = 0
    for style in styles.names():
        for plan in draw(resolved(style, "bed", 90.0), 5, 4):
            top = max(section.energy for section in plan.sections)
            fullest = [section for section in plan.sections if section.energy == top]
            late += any(
                one.bar / plan.bars <= 0.75 and (one.bar + one.bars) / plan.bars >= 0.6
                for one in fullest
            )
            total += 1
            statements = [one for one in plan.sections if one.name[0] == "A"]
            cap = styles.load(style).energy_cap
            assert len(statements) < 2 or statements[-1].energy >= min(
                cap, statements[0].energy + 1
            ), (style, plan.texture)
    print(f"climax at 60-75 %: {late} of {total}")
    assert late >= 0.95 * total


def test_the_lead_is_heard_in_two_sections_at_least() -> None:
    for style in styles.names():
        for seconds in (15.0, 30.0, 60.0):
            for plan in draw(resolved(style, "bed", seconds), 6, 3):
                led = [one for one in plan.sections if "lead" in one.roles]
                heard = sum(one.bars for one in led)
                assert len(led) >= 2 or heard >= min(4, plan.bars - 1), (style, seconds)


@pytest.mark.parametrize("ending", ["ring", "button", "open", "fade", "turnaround"])
def test_an_asked_ending_is_the_plans(ending) -> None:
    for style in ("lofi", "funk_corporate", "orchestral_epic", "metal"):
        for plan in draw(resolved(style, "bed", 60.0, ending=ending), 2, 3):
            assert plan.ending == ending
            assert seconds_of(plan) == pytest.approx(60.0, abs=0.003)
            tail = plan.ring_ticks * seconds_per_tick(plan.tempo, plan.meter)
            if ending == "button":
                assert tail <= BUTTON_S + 0.01
            if ending in ("ring", "button"):
                assert plan.chords[-1].root == plan.tonic
            if ending == "turnaround":
                assert plan.chords[-1].root != plan.tonic


def test_only_styles_that_know_buttons_choose_one_and_nobody_fades_unasked() -> None:
    for style in styles.names():
        chosen = {plan.ending for plan in draw(resolved(style, "bed", 60.0), 9, 10)}
        assert chosen <= {"ring", "button"}
        assert "button" not in chosen or "button" in styles.load(style).endings
        loops = {plan.ending for plan in draw(resolved(style, "loop"), 9, 3)}
        assert loops == {"turnaround"}


def test_a_button_is_pushed_by_a_chord_that_wants_home() -> None:
    for plan in draw(resolved("funk_corporate", "bed", 30.0, ending="button"), 4, 4):
        last = (plan.bars - 1) * bar_ticks(plan.meter)
        assert plan.chords[-1].at == last
        assert plan.chords[-2].root != plan.tonic
