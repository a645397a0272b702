"""What critics learn from: excerpts with their own plans, faults of one bar, a judge of chains."""

import hashlib
import itertools
import json
import random
from pathlib import Path

import numpy as np
import pytest

from engine.compose.composer import Composer
from engine.critique.trained import PACKAGED, packaged
from engine.midi.reading import Heard, Track
from engine.score import Line, Note, bar_ticks
from engine.workshop import arms
from engine.workshop import judge as judging
from engine.workshop.excerpts import BARS, Excerpt, excerpts
from engine.workshop.extract import windows
from engine.workshop.rulemade import rule_lines
from engine.workshop.spoiling import FAULTS, spoilt

ROOT = Path(__file__).resolve().parents[3]
BAR = 1920
ROOTS = (0, 5, 7, 0, 9, 2, 7, 0)
SCALE = (0, 2, 4, 5, 7, 9, 11)


def heard(seed: int) -> Heard:
    """Sixteen bars of our own in C: a tune in steps, a bass, a middle voice."""
    dice = random.Random(seed)
    lead, bass, middle, place = [], [], [], 7
    for bar in range(16):
        start, root = bar * BAR, ROOTS[bar % 8]
        tick = 0
        while tick < BAR:
            length = dice.choice((240, 480, 480, 960))
            length = min(length, BAR - tick)
            octave, degree = divmod(place, 7)
            lead.append(Note(start + tick, length, 60 + 12 * octave + SCALE[degree], 80))
            place = min(13, max(2, place + dice.choice((-2, -1, 1, 1, 2, -1))))
            tick += length
        bass += [Note(start, 960, 36 + root, 80), Note(start + 960, 960, 36 + root % 12, 80)]
        middle += [Note(start + n * 960, 960, 52 + root % 5, 80) for n in range(2)]
    tracks = tuple(
        Track(name=name, channel=at, program=0, notes=tuple(notes))
        for at, (name, notes) in enumerate((("a", lead), ("b", middle), ("c", bass)))
    )
    return Heard(tempos=((0, 500_000),), meters=((0, 4, 4),), tracks=tracks, length=16 * BAR)


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


def test_every_arm_writes_all_plans_and_counts_what_it_spent(made: list[Excerpt]) -> None:
    plans, seeds = [one.plan for one in made[:2]], [1, 2]
    by_name = {
        name: arm(plans, seeds, 0.9) for name, arm in arms.arms_of(Composer(), packaged()).items()
    }
    spent = {name: [piece.steps for piece in pieces] for name, pieces in by_name.items()}
    for name, pieces in by_name.items():
        assert [piece.plan for piece in pieces] == plans
        assert all(any(line.notes for line in piece.lines) for piece in pieces)
        assert all(a >= b for a, b in zip(spent[name], spent["plain"], strict=True)) or (
            "no pull" in name
        )
    assert all(a > 1.5 * b for a, b in zip(spent["best of 2"], spent["plain"], strict=True))
    assert by_name["plain, no pull"] != by_name["plain"]


def test_the_committed_report_belongs_to_the_committed_weights() -> None:
    page = (ROOT / "deploy/reports/panel.md").read_text()
    critic = hashlib.sha256((PACKAGED / "critic.onnx").read_bytes()).hexdigest()
    assert critic[:16] in page
    manifest = json.loads((PACKAGED / "manifest.json").read_text())
    assert manifest["composer"][:16] in page
    assert set(manifest["auc"]) == {*FAULTS, "model"}
    for name, found in manifest["auc"].items():
        assert f"| {name} | {found['rating']:.3f} | {found['own']:.3f} |" in page
