"""The report: it belongs to the committed weights, and says so of every section that does not."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs, to_builtins
from workshop_pieces import BAR, heard

from engine import styles
from engine.arrange import arrange
from engine.arrange.playing import swung
from engine.compose.composer import PACKAGED as COMPOSER
from engine.compose.composer import Composer
from engine.contracts import Brief, Plan
from engine.critique.bars import both
from engine.critique.trained import PACKAGED as CRITICS
from engine.critique.trained import TrainedCritic
from engine.plan import draw
from engine.score import Line, Note
from engine.words import resolve
from engine.workshop import arms as ways
from engine.workshop import judge as judging
from engine.workshop import report, report_page, report_shares, report_store, report_works, rolls
from engine.workshop.examples import views_of
from engine.workshop.excerpts import BARS, Excerpt
from engine.workshop.report_distances import distances, divergence
from engine.workshop.report_rules import even
from engine.workshop.report_sections import QUICK, Bench
from engine.workshop.report_works import Work
from engine.workshop.rulemade import rule_lines

PAGE = Path(__file__).resolve().parents[3] / "deploy/reports/score-model.md"


@pytest.fixture(scope="module")
def works() -> tuple[Work, ...]:
    """Eight little pieces, as if they were held out."""
    found = []
    for seed in range(8):
        name, rng = f"own/{seed}", np.random.default_rng(seed)
        found.append(report_works.work_of(heard(seed), name, name, rng))
    return tuple(found)


@pytest.fixture(scope="module")
def bench(works: tuple[Work, ...]) -> Bench:
    return Bench(models=COMPOSER, critics=CRITICS, corpus=None, seed=3, sizes=QUICK, works=works)


def test_every_section_is_measured_and_the_page_says_what_was_asked(
    bench: Bench, tmp_path: Path
) -> None:
    page = tmp_path / "page.md"
    assert report.measured(bench, page) == []
    kept = report_store.read(page.with_suffix(".json"))
    assert list(kept.sections) == list(report.KINDS)
    assert all(section.quick for section in kept.sections.values())
    text = page.read_text()
    for title in ("Bits per note", "Ways to spend steps", "Distance from people"):
        assert f"\n## {title}\n" in text
    for arm in QUICK.arms:
        assert f"| {arm} | " in text
    assert "| what | asked | measured | |" in text
    page.write_text(text + report_page.MEANING + "My words.\n")
    assert report.measured(bench, page) == []
    assert page.read_text() == text + report_page.MEANING + "My words.\n"


def test_a_section_of_other_weights_is_named_and_shown_as_such(
    bench: Bench, tmp_path: Path
) -> None:
    page = tmp_path / "page.md"
    report.measured(bench, page, ["bits", "critics"])
    kept = report_store.read(page.with_suffix(".json"))
    old = structs.replace(kept.sections["bits"], weights={"composer": "0123456789abcdef"})
    report_store.write(kept.having("bits", old), page.with_suffix(".json"))
    now = report_store.weights(COMPOSER, CRITICS)
    kept = report_store.read(page.with_suffix(".json"))
    stale = report_store.stale(kept, report.NEEDS, now)
    assert "bits" in stale
    assert "critics" not in stale
    report.write_page(kept, page, now)
    assert "Measured on other weights: composer `0123456789abcdef`" in page.read_text()
    assert "bits" not in report.measured(bench, page, ["bits"])


def test_a_section_that_does_not_exist_is_refused_with_those_that_do(
    bench: Bench, tmp_path: Path
) -> None:
    with pytest.raises(LookupError, match="no section is called bots; there are bits, critics"):
        report.measured(bench, tmp_path / "page.md", ["bots"])


def test_a_section_that_asks_for_works_is_left_without_a_corpus(tmp_path: Path) -> None:
    bare = Bench(models=COMPOSER, critics=CRITICS, corpus=None, seed=3, sizes=QUICK)
    assert "distances" in report.measured(bare, tmp_path / "page.md", ["bits", "distances"])


def test_the_same_seed_measures_the_same(bench: Bench, tmp_path: Path) -> None:
    pages = [tmp_path / f"{number}.md" for number in range(2)]
    for page in pages:
        report.measured(bench, page, ["rules", "distances"])
    one, other = (report_store.read(page.with_suffix(".json")) for page in pages)
    assert [s.figures for s in one.sections.values()] == [
        s.figures for s in other.sections.values()
    ]


def test_people_are_as_far_from_people_as_people_are(works: tuple[Work, ...]) -> None:
    used, of = report_works.spread(_excerpts(works), 16, 1)
    people = [(one.plan, one.lines) for one in used]
    for one in distances(people, people, of, 1):
        assert one.ratio == 1.0
    leaping = [(one.plan, _leaping(one)) for one in used]
    found = {one.histogram: one for one in distances(leaping, people, of, 1) if one.role == "all"}
    assert found["interval"].low > 2.0
    assert found["duration"].ratio == found["density"].ratio == 1.0


def _excerpts(works: tuple[Work, ...]) -> list[tuple[Excerpt, ...]]:
    assert all(work.excerpts and work.composed and work.lines for work in works)
    return [work.excerpts for work in works]


def _leaping(excerpt: Excerpt) -> tuple[Line, ...]:
    """Every second note an octave higher."""
    return tuple(
        Line(
            role=line.role,
            notes=tuple(
                Note(n.start, n.length, n.pitch + 12 * (at % 2), 80)
                for at, n in enumerate(line.notes)
            ),
        )
        for line in excerpt.lines
    )


def test_a_divergence_is_nothing_between_likes_and_one_between_strangers() -> None:
    one, other = np.array([3.0, 1.0, 0.0]), np.array([0.0, 0.0, 5.0])
    assert divergence(one, 2 * one) == 0.0
    assert divergence(one, other) == pytest.approx(1.0)
    assert divergence(one, one + other) == divergence(one + other, one)


def test_works_that_tune_are_not_in_the_table(works: tuple[Work, ...]) -> None:
    cut = _excerpts(works)
    used, of = report_works.spread(cut, 9, 5)
    assert len(used) == len(of) == 9
    counts = np.bincount(of, minlength=len(works))
    assert counts.max() - counts.min() <= 1
    assert [one.plan for one in used] == [one.plan for one in report_works.spread(cut, 9, 5)[0]]


def test_every_arm_writes_all_plans_and_counts_what_it_spent(works: tuple[Work, ...]) -> None:
    tools = ways.Tools(
        composer=Composer(), critic=TrainedCritic(), judge=judging.read(CRITICS / "judge.json")
    )
    plans = [work.excerpts[0].plan for work in works[:2]]
    by_name = {arm.name: ways.write(arm, tools, plans, [1, 2], 0.9) for arm in ways.ARMS}
    spent = {name: [piece.steps for piece in pieces] for name, pieces in by_name.items()}
    for arm in ways.ARMS:
        pieces = by_name[arm.name]
        assert [piece.plan for piece in pieces] == plans
        assert all(any(line.notes for line in piece.lines) for piece in pieces)
        plain = spent["plain" if arm.craft else "plain, alone"]
        for steps, once in zip(spent[arm.name], plain, strict=True):
            assert steps >= once * (1 if arm.versions == 1 else 0.75 * arm.versions)
            assert steps <= once * 1.5 * max(arm.versions, arm.budget + 1)
    assert by_name["plain, alone"] != by_name["plain"]


def test_the_best_of_several_is_what_the_critic_likes_best(works: tuple[Work, ...]) -> None:
    critic = TrainedCritic()
    tries = [
        ways.Written(plan=work.excerpts[0].plan, lines=work.excerpts[0].lines, steps=5)
        for work in works[:4]
    ]
    odds = [
        np.mean([critic.odds(view) or 0.0 for view in views_of(work.excerpts[0])])
        for work in works[:4]
    ]
    best = ways.best(critic, tries)
    assert (best.lines, best.steps) == (tries[int(np.argmax(odds))].lines, 20)
    assert ways.best(critic, tries[::-1]).lines == best.lines


def test_swing_and_hands_are_taken_away_before_the_judge_reads() -> None:
    style = styles.load("lofi")
    plan = structs.replace(_plan("lofi"), swing=0.62, swing_unit=16)
    for tick in range(0, 1920, 120):
        assert even(plan, swung(plan, style, tick)) == tick
        assert even(plan, swung(plan, style, tick) + 15) == tick
    straight = structs.replace(plan, swing=0.5)
    assert [even(straight, tick) for tick in (0, 155, 165, 470)] == [0, 160, 160, 480]


def test_a_note_is_the_models_where_it_wrote_it_and_the_arrangers_elsewhere() -> None:
    plan = _plan("solo_piano")
    (made,) = Composer(desks=1).write([plan], [3])
    ours = report_shares.counted(arrange(plan, made.lines, 3), made.lines, 3)
    assert ours["lead"].share == 1.0
    assert (ours["bass"].share or 0) > 0.8
    assert (ours["comp"].share or 0) > 0.5
    rules = rule_lines(plan, 3, ("lead",))
    theirs = report_shares.counted(arrange(plan, rules, 3), rules, 3)
    assert theirs["lead"].share == 1.0
    assert theirs["bass"].share == theirs["comp"].share == 0.0
    assert ours["lead"].plus(theirs["bass"]).notes == ours["lead"].notes + theirs["bass"].notes


def _plan(style: str) -> Plan:
    return draw(resolve(Brief(style=style, kind="bed", duration_ms=20_000), 3), 3, 1)[0]


def test_both_sides_of_a_roll_have_one_plan_and_what_was_taken_back_is_counted(
    tmp_path: Path,
) -> None:
    pairs = rolls.pairs("waltz_ballroom", 5, Composer(desks=1), both(TrainedCritic()))
    assert len(pairs) == rolls.CANDIDATES
    assert all(pair.plain.score.plan == pair.judged.score.plan for pair in pairs)
    assert not any(pair.plain.rewrites for pair in pairs)
    taken = rolls.taken(pairs)
    rewrites = [one for pair in pairs for one in pair.judged.rewrites]
    assert sum(taken.by_reason.values()) == sum(taken.tries.values()) == len(rewrites)
    assert rewrites
    assert taken.steps_judged > taken.steps_plain
    rolls.draw_page(pairs[:1], tmp_path / "page.png")
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")


def test_a_work_is_read_as_the_composer_reads_it_in_training(works: tuple[Work, ...]) -> None:
    for seed, work in enumerate(works):
        written = [note for note in heard(seed).tracks[0].notes if note.start < BARS * BAR]
        lead = next(line for line in work.composed[0].lines if line.role == "lead")
        assert [(n.start, n.length) for n in lead.notes] == [(n.start, n.length) for n in written]
        assert len({a.pitch - b.pitch for a, b in zip(lead.notes, written, strict=True)}) == 1
        plan = work.composed[0].plan
        assert plan.chords[0].at == 0
        assert all(a.at + a.length == b.at for a, b in itertools.pairwise(plan.chords))
        assert {part.role for part in plan.parts} == {line.role for line in work.composed[0].lines}


def test_the_committed_report_belongs_to_the_committed_weights() -> None:
    kept = report_store.read(PAGE.with_suffix(".json"))
    now = report_store.weights(COMPOSER, CRITICS)
    assert report_store.stale(kept, report.NEEDS, now) == []
    assert not any(section.quick for section in kept.sections.values())
    text, words = PAGE.read_text(), report_page.words_of(PAGE.read_text())
    assert text == report_page.page(kept, now, []) + words
    assert now["composer"] in words
    bare = Bench(models=COMPOSER, critics=CRITICS, corpus=None, seed=0, sizes=QUICK)
    for name, kind in report.KINDS.items():
        if kind.copied:
            assert kept.sections[name].figures == to_builtins(kind.measure(bare))
