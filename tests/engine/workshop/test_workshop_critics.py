"""What critics learn from: excerpts with their own plans, a judge of chains, rules to beat."""

import random
from pathlib import Path

import numpy as np
import pytest
from workshop_pieces import BAR, heard

from engine.score import Line, Note, bar_ticks
from engine.workshop import judge as judging
from engine.workshop.critic_works import SIDES, passages_of, side_of
from engine.workshop.excerpts import BARS, Excerpt, excerpts_of
from engine.workshop.rulemade import rule_lines


@pytest.fixture(scope="module")
def made() -> list[Excerpt]:
    """Excerpts of twelve little pieces."""
    found: list[Excerpt] = []
    for seed in range(12):
        found += excerpts_of(list(passages_of(heard(seed), "own", f"own/{seed}", "critic")))
    return found


def test_an_excerpt_has_the_notes_and_the_chords_of_the_work(made: list[Excerpt]) -> None:
    assert len(made) == 24
    first = made[0]
    written = [
        (note.start, note.length, note.pitch)
        for note in heard(0).tracks[0].notes
        if note.start < BARS * BAR
    ]
    lead = next(line for line in first.lines if line.role == "lead")
    assert [note[:2] for note in written] == [(note.start, note.length) for note in lead.notes]
    assert len({b.pitch - a[2] for a, b in zip(written, lead.notes, strict=True)}) == 1
    roots = [chord.root for chord in first.plan.chords]
    assert (roots[1] - roots[0]) % 12 == 5
    assert first.plan.meter == "4/4"
    assert [section.bars for section in first.plan.sections] == [8]
    assert [section.bars for section in made[1].plan.sections] == [4, 4]


def test_a_work_stands_on_one_side_and_every_side_has_some() -> None:
    sides = [side_of(f"somebody/{number}", held_out=False) for number in range(400)]
    assert sides == [side_of(f"somebody/{number}", held_out=False) for number in range(400)]
    shares = {side: sides.count(side) / len(sides) for side in SIDES}
    assert shares["held out"] == 0
    assert shares["critic"] > 0.6
    assert min(shares["judge"], shares["ranker"]) > 0.05
    assert side_of("somebody/1", held_out=True) == "held out"


def test_rule_made_lines_stay_in_the_plan(made: list[Excerpt]) -> None:
    for excerpt in made[:6]:
        roles = [line.role for line in excerpt.lines]
        lines = rule_lines(excerpt.plan, 3, roles)
        assert [line.role for line in lines] == [part.role for part in excerpt.plan.parts]
        assert all(line.notes for line in lines)
        end = BARS * bar_ticks(excerpt.plan.meter)
        assert all(0 <= n.start < n.start + n.length <= end for x in lines for n in x.notes)
        assert rule_lines(excerpt.plan, 3, roles) == lines


def test_the_judge_tells_works_like_those_it_counted_from_scrambled_ones(
    made: list[Excerpt], tmp_path: Path
) -> None:
    scrambled = [Excerpt(plan=one.plan, lines=_scrambled(one, at)) for at, one in enumerate(made)]
    judge = judging.fitted(made[:8], made[8:16], scrambled[8:16])
    judging.write(judge, tmp_path / "judge.json")
    assert judging.read(tmp_path / "judge.json") == judge
    people = [judge.odds(one.plan, one.lines) for one in made[16:]]
    others = [judge.odds(one.plan, one.lines) for one in scrambled[16:]]
    assert min(people) > max(others)
    assert np.mean([judge.typical(one.plan, one.lines) for one in made[16:]]) < np.mean(
        [judge.typical(one.plan, one.lines) for one in scrambled[16:]]
    )


def _scrambled(excerpt: Excerpt, seed: int) -> tuple[Line, ...]:
    """The same onsets with pitches drawn from everywhere."""
    dice = random.Random(seed)
    return tuple(
        Line(
            role=line.role,
            notes=tuple(Note(n.start, n.length, dice.randint(40, 80), 80) for n in line.notes),
        )
        for line in excerpt.lines
    )
