"""Two hundred random briefs: whatever a brief binds is in every plan, exactly."""

import random

import pytest
from plan_briefs import random_brief, seconds_of

from engine.contracts import Plan, Resolved
from engine.plan import draw
from engine.plan.diversity import face
from engine.score import bar_ticks
from engine.styles import harmony
from engine.words.instruments import answers_to
from engine.words.tonality import parse

pytestmark = pytest.mark.xdist_group("plan constraints")
BRIEFS = 200


@pytest.fixture(scope="module")
def drawn() -> list[tuple[Resolved, list[Plan]]]:
    dice = random.Random(200)
    briefs = [random_brief(dice) for _ in range(BRIEFS)]
    return [(brief, draw(brief, brief.seed, 4)) for brief in briefs]


def test_length_bars_meter_and_tempo_are_the_asked_ones(drawn) -> None:
    for brief, plans in drawn:
        seconds = brief.duration_frames / brief.delivery.sample_rate
        for plan in plans:
            assert seconds_of(plan) == pytest.approx(seconds, abs=0.003)
            assert plan.meter == brief.meter
            assert brief.bars in (None, plan.bars)
            assert brief.bpm is None or plan.tempo == pytest.approx(brief.bpm, abs=0.01)
            low, high = brief.bpm_range
            assert low - 0.01 <= plan.tempo <= high + 0.01 or brief.kind == "loop"
            assert brief.kind == "bed" or plan.ring_ticks == 0


def test_required_players_sound_and_forbidden_ones_have_no_seat(drawn) -> None:
    for brief, plans in drawn:
        for plan in plans:
            sounding = {role for section in plan.sections for role in section.roles}
            for name in brief.require:
                assert any(
                    part.role in sounding and _is(part, name) for part in plan.parts
                ), (brief.style, name)  # fmt: skip
            for name in brief.forbid:
                assert not any(_is(part, name) for part in plan.parts), (brief.style, name)


def _is(part, name: str) -> bool:
    return name in (part.group, part.role) or answers_to(part, name)


def test_an_asked_tonality_is_kept(drawn) -> None:
    asked = [(brief, plan) for brief, plans in drawn if brief.tonality for plan in plans]
    assert len(asked) >= 100
    for brief, plan in asked:
        named = parse(brief.tonality or "")
        assert named is not None
        assert (plan.tonic, plan.mode) == (named.tonic, named.mode)


def test_an_asked_curve_is_followed_as_far_as_rungs_go(drawn) -> None:
    asked = [(brief, plan) for brief, plans in drawn if brief.energy for plan in plans]
    assert len(asked) >= 40
    for brief, plan in asked:
        assert brief.energy is not None
        for section in plan.sections:
            at = (section.bar + section.bars / 2) / plan.bars
            (x0, y0), (x1, y1) = brief.energy[:2] if at <= 0.5 else brief.energy[1:]
            wished = y0 + (y1 - y0) * (at - x0) / (x1 - x0)
            assert abs((section.energy - 1) / 6 - wished) <= 1 / 12 + 1e-9


def test_sections_and_chords_tile_the_piece(drawn) -> None:
    for _, plans in drawn:
        for plan in plans:
            _whole(plan)


def _whole(plan: Plan) -> None:
    bar, length, at = 0, bar_ticks(plan.meter), 0
    lines = set()
    for index, section in enumerate(plan.sections):
        assert section.bar == bar
        assert section.bars >= 1
        assert section.roles
        assert set(section.roles) <= {part.role for part in plan.parts}
        assert section.like is None or section.like < index
        bar += section.bars
        lines.add(bar * length)
    assert bar == plan.bars
    for chord in plan.chords:
        read = harmony.read(chord.symbol)
        assert chord.at == at
        assert chord.root == (read.root + plan.tonic) % 12
        assert chord.bass == (read.bass + plan.tonic) % 12
        at += chord.length
        # A section's chords are its own: none is held over the line into the next one.
        end = min(at, plan.bars * length)
        assert not any(chord.at < line < end for line in lines)
    assert at == plan.bars * length + plan.ring_ticks


def test_the_planner_is_named_and_a_template_is_the_exception(drawn) -> None:
    planners = [plan.planner for _, plans in drawn for plan in plans]
    assert set(planners) <= {"sampled", "template"}
    share = planners.count("sampled") / len(planners)
    print(f"sampled plans: {share:.1%} of {len(planners)}")
    assert share >= 0.98


def test_every_plan_has_a_face_that_can_be_compared(drawn) -> None:
    assert all(face(plan).lead[0] for _, plans in drawn for plan in plans)
