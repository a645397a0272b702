"""What critics learn from: excerpts with their own plans, faults of one bar, a judge of chains."""

import itertools
import random
from pathlib import Path

import numpy as np
import pytest
from workshop_pieces import BAR, heard

from engine.score import Line, Note, bar_ticks
from engine.workshop import judge as judging
from engine.workshop.excerpts import BARS, Excerpt, excerpts
from engine.workshop.extract import windows
from engine.workshop.rulemade import rule_lines
from engine.workshop.spoiling import FAULTS, spoilt


@pytest.fixture(scope="module")
def made() -> list[Excerpt]:
    """Excerpts of twelve little pieces."""
    found: list[Excerpt] = []
    for seed in range(12):
        found += excerpts(list(windows(heard(seed), np.random.default_rng(seed))))
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


@pytest.mark.parametrize("fault", list(FAULTS))
def test_a_fault_touches_its_own_bar_alone(made: list[Excerpt], fault: str) -> None:
    rng = np.random.default_rng(1)
    found = 0
    for excerpt in made:
        bar = int(rng.integers(1, BARS))
        lines = spoilt(excerpt, fault, bar, rng)
        if lines is None:
            continue
        found += 1
        start, length = bar * bar_ticks(excerpt.plan.meter), bar_ticks(excerpt.plan.meter)
        changed = False
        for line, own in zip(lines, excerpt.lines, strict=True):
            before = [(n.start, n.pitch) for n in own.notes if n.start < start]
            assert [(n.start, n.pitch) for n in line.notes if n.start < start] == before
            here = [n for n in line.notes if n.start >= start]
            assert all(n.start < start + length and n.length > 0 for n in here)
            assert all(a.start + a.length <= b.start for a, b in itertools.pairwise(here))
            changed |= here != [n for n in own.notes if start <= n.start < start + length]
        assert changed
    assert found >= len(made) // 3


def test_faults_are_the_same_for_the_same_randomness(made: list[Excerpt]) -> None:
    for fault in FAULTS:
        one, other = (spoilt(made[2], fault, 3, np.random.default_rng(5)) for _ in range(2))
        assert one == other


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
