"""How one call is told to write: so many tries of a bar, so much of the craft's pull."""

import pytest

from engine.compose.composer import Composer, Composition
from engine.contracts import Brief, Plan
from engine.plan import draw
from engine.score import BarRating, BarView, bar_ticks
from engine.words import resolve

pytestmark = pytest.mark.xdist_group("music on paper")


@pytest.fixture(scope="module")
def composer() -> Composer:
    return Composer()


@pytest.fixture(scope="module")
def plans() -> list[Plan]:
    brief = Brief(kind="bed", style="solo_piano", duration_ms=60_000, seed=3)
    return draw(resolve(brief, 3), 3, 3)


def never_enough(view: BarView) -> BarRating:
    return BarRating(rating=0.1 + 0.001 * (view.bar % 7), reason="not enough")


def recalled(plans: list[Plan], made: list[Composition]) -> float:
    """Share of the lead's notes in sections that return which stand where they stood."""
    again: list[bool] = []
    for plan, one in zip(plans, made, strict=True):
        lead, bar = one.lines[0].notes, bar_ticks(plan.meter)
        for section in plan.sections:
            if section.like is None or "lead" not in section.roles:
                continue
            source = plan.sections[section.like]
            there = {(note.start - source.bar * bar, note.pitch) for note in lead}
            begin, end = section.bar * bar, (section.bar + section.bars) * bar
            here = [note for note in lead if begin <= note.start < end]
            again += [(note.start - begin, note.pitch) in there for note in here]
    return sum(again) / len(again)


@pytest.mark.parametrize("tries", [1, 2, 3])
def test_a_bar_that_never_pleases_is_written_as_often_as_may_be(composer, plans, tries) -> None:
    made = composer.write(plans, [1, 2, 3], rate=never_enough, budget=20.0, tries=tries)
    for plan, one in zip(plans, made, strict=True):
        rewritten = {rewrite.bar: rewrite.tries for rewrite in one.rewrites}
        assert rewritten == (dict.fromkeys(range(plan.bars), tries) if tries > 1 else {})


def test_the_less_the_craft_pulls_the_less_is_a_section_as_it_was(composer, plans) -> None:
    pulled, half, free = (
        recalled(plans * 3, composer.write(plans * 3, range(9), pull=pull))
        for pull in (1.0, 0.5, 0.0)
    )
    print(f"\nrecalled: {pulled:.2f}, with half the pull {half:.2f}, without {free:.2f}")
    assert pulled > half > free


def test_the_whole_pull_is_what_is_written_when_nothing_is_said(composer, plans) -> None:
    assert composer.write(plans, [1, 2, 3], pull=1.0) == composer.write(plans, [1, 2, 3])
