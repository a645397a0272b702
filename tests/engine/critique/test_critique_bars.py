"""The bar critic lets a clean bar pass and names the fault of a spoilt one."""

import msgspec
import pytest

from engine.critique import bars
from engine.score import BarView, Line, Note, Score

BAR = 1920


def view(score: Score, bar: int, bits: float = 0.0, **lines: tuple[Note, ...]) -> BarView:
    """A bar as the composer shows it: lead and bass up to and including this bar."""
    written = {
        part.plan.role: part.notes for part in score.parts if part.plan.role in ("lead", "bass")
    } | lines
    until = (bar + 1) * BAR
    return BarView(
        plan=score.plan,
        bar=bar,
        bits=bits,
        lines=tuple(
            Line(role=role, notes=tuple(note for note in notes if note.start < until))
            for role, notes in written.items()
        ),
    )


def with_bar(score: Score, role: str, bar: int, notes: list[Note]) -> dict[str, tuple[Note, ...]]:
    """A role's line with one bar replaced."""
    line = next(part.notes for part in score.parts if part.plan.role == role)
    kept = [note for note in line if not bar * BAR <= note.start < (bar + 1) * BAR]
    return {role: tuple(sorted([*kept, *notes], key=lambda note: note.start))}


def test_every_bar_of_a_clean_piece_is_good_enough(piece) -> None:
    for tonic, mode in ((0, "major"), (2, "minor"), (10, "major")):
        score = piece(tonic, mode)
        rate = bars.rater(score.plan)
        ratings = [rate(view(score, bar)).rating for bar in range(score.plan.bars)]
        assert min(ratings) >= bars.ENOUGH, ratings


@pytest.mark.parametrize(
    ("reason", "notes"),
    [
        ("dissonance", [(0, 960, 73), (960, 960, 73)]),
        ("outside", [(240, 200, 73), (480, 200, 75), (720, 200, 78), (1200, 200, 80)]),
        ("leaps", [(240, 240, 62), (720, 240, 84), (1200, 240, 62), (1680, 240, 86)]),
        ("range", [(0, 480, 36), (480, 480, 40), (960, 480, 43), (1440, 480, 48)]),
        ("stuck", [(n * 160, 100, 67) for n in range(12)]),
    ],
)
def test_a_spoilt_bar_is_not_good_enough_and_the_fault_has_a_name(piece, reason, notes) -> None:
    score = piece()
    bar = 4
    spoilt = with_bar(score, "lead", bar, [Note(bar * BAR + at, n, p, 80) for at, n, p in notes])
    rating = bars.rate(view(score, bar, **spoilt))
    faults = bars.faults_of(view(score, bar, **spoilt))
    assert faults[reason] > 0
    assert rating.rating < bars.rate(view(score, bar)).rating
    assert rating.rating < bars.ENOUGH
    assert rating.reason


def test_lead_and_bass_in_parallel_octaves_are_marked_down(piece) -> None:
    score = piece()
    bar = 5
    bass = [Note(bar * BAR + n * 480, 440, 36 + step, 80) for n, step in enumerate((0, 2, 4, 5))]
    lead = [Note(note.start, 440, note.pitch + 36, 80) for note in bass]
    spoilt = with_bar(score, "lead", bar, lead) | with_bar(score, "bass", bar, bass)
    assert bars.faults_of(view(score, bar, **spoilt))["parallels"] >= 1


def test_a_bar_its_own_model_finds_absurd_is_marked_down(piece) -> None:
    score = piece()
    notes = sum(len(line.notes) for line in view(score, 0).lines)
    assert bars.rate(view(score, 0, bits=4.0 * notes)).rating == bars.rate(view(score, 0)).rating
    assert bars.rate(view(score, 0, bits=18.0 * notes)).rating < bars.ENOUGH


def test_a_lead_that_is_asked_for_and_silent_is_marked_down_after_three_bars(piece) -> None:
    score = piece()
    silent = tuple(note for note in score.parts[0].notes if note.start < 4 * BAR)
    assert bars.faults_of(view(score, 5, lead=silent))["silence"] == 0
    assert bars.rate(view(score, 6, lead=silent)).rating < bars.ENOUGH


def test_a_section_is_judged_without_what_came_before_it(piece) -> None:
    score = piece()
    wild = [Note(7 * BAR + n * 240, 200, 60 + 30 * (n % 2), 80) for n in range(8)]
    before = with_bar(score, "lead", 7, wild)["lead"]
    silent = tuple(note for note in score.parts[0].notes if note.start < 6 * BAR)
    assert bars.rate(view(score, 7, lead=before)).rating < bars.ENOUGH
    assert bars.faults_of(view(score, 8, lead=before)) == bars.faults_of(view(score, 8))
    assert bars.faults_of(view(score, 9, lead=silent))["silence"] == 0
    assert bars.faults_of(view(score, 10, lead=silent))["silence"] == 1


def test_an_unplanned_lead_may_be_silent(piece) -> None:
    score = piece()
    quiet = tuple(
        msgspec.structs.replace(section, roles=("comp", "bass")) for section in score.plan.sections
    )
    score = msgspec.structs.replace(score, plan=msgspec.structs.replace(score.plan, sections=quiet))
    assert bars.faults_of(view(score, 6, lead=()))["silence"] == 0
