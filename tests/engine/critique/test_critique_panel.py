"""The panel keeps what is clean and retracts or rates down what is spoilt."""

import random
from collections.abc import Callable

import msgspec
import pytest

from engine.critique import panel
from engine.score import Note, Part, Score

BAR = 1920


def replaced(score: Score, role: str, change: Callable[[Note], Note | None]) -> Score:
    """The score with every note of a role changed, or dropped for None."""
    parts = tuple(
        part
        if part.plan.role != role
        else msgspec.structs.replace(
            part, notes=tuple(new for note in part.notes if (new := change(note)) is not None)
        )
        for part in score.parts
    )
    return msgspec.structs.replace(score, parts=parts)


def moved(note: Note, semitones: int) -> Note:
    return Note(note.start, note.length, note.pitch + semitones, note.velocity)


def random_lead(score: Score) -> Score:
    dice = random.Random(4)
    return replaced(score, "lead", lambda note: moved(note, dice.randint(-11, 11)))


def lead_up_a_semitone(score: Score) -> Score:
    return replaced(score, "lead", lambda note: moved(note, 1))


def bass_off_by_a_tritone(score: Score) -> Score:
    return replaced(score, "bass", lambda note: moved(note, 6))


def lead_on_one_note(score: Score) -> Score:
    return replaced(score, "lead", lambda note: Note(note.start, note.length, 72, note.velocity))


def shuffled_rhythm(score: Score) -> Score:
    dice = random.Random(9)
    return replaced(
        score,
        "lead",
        lambda note: Note(
            note.start // BAR * BAR + dice.randrange(16) * 120, 120, note.pitch, note.velocity
        ),
    )


def quietest_where_it_should_be_loudest(score: Score) -> Score:
    loud = 8 * BAR
    for role in ("comp", "drums", "lead"):
        score = replaced(
            score,
            role,
            lambda note: (
                Note(note.start, note.length, note.pitch, 8)
                if note.start >= loud
                else Note(note.start, note.length, note.pitch, 120)
            ),
        )
    return score


def lead_as_low_as_the_bass(score: Score) -> Score:
    return replaced(score, "lead", lambda note: moved(note, -31))


def octave_jumps(score: Score) -> Score:
    high = iter(range(10_000))
    return replaced(score, "lead", lambda note: moved(note, 12 if next(high) % 2 else -5))


CORRUPTIONS = (
    random_lead,
    lead_up_a_semitone,
    bass_off_by_a_tritone,
    lead_on_one_note,
    shuffled_rhythm,
    quietest_where_it_should_be_loudest,
    lead_as_low_as_the_bass,
    octave_jumps,
)


def test_a_clean_piece_is_kept_with_a_high_rating(piece) -> None:
    for tonic, mode in ((0, "major"), (9, "minor"), (5, "major")):
        verdict = panel.judge(piece(tonic, mode))
        assert verdict.kept, verdict.reasons
        assert verdict.rating > 0.85


@pytest.mark.parametrize("spoil", CORRUPTIONS)
def test_a_spoilt_piece_rates_lower_than_the_clean_one(piece, spoil) -> None:
    for tonic, mode in ((0, "major"), (4, "minor")):
        clean = piece(tonic, mode)
        before, after = panel.judge(clean), panel.judge(spoil(clean))
        assert after.rating < before.rating - 0.02, (spoil.__name__, after.features)


def test_a_bar_repeated_five_times_is_retracted_and_four_times_is_not(piece) -> None:
    clean = piece()
    for times, kept in ((4, True), (5, False)):
        drums = next(part for part in clean.parts if part.plan.role == "drums")
        bar = [note for note in drums.notes if note.start < BAR]
        copies = tuple(
            Note(note.start + BAR * n, note.length, note.pitch, note.velocity + n)
            for n in range(times)
            for note in bar
        )
        rest = tuple(note for note in drums.notes if note.start >= BAR * 7)  # a fill
        part = msgspec.structs.replace(drums, notes=copies + rest)
        parts = tuple(part if one is drums else one for one in clean.parts)
        verdict = panel.judge(msgspec.structs.replace(clean, parts=parts))
        assert verdict.kept is kept, verdict.reasons
    assert "the same bar 5 times" in verdict.reasons[0]


def test_players_off_the_grid_do_not_hide_a_repeated_bar(piece) -> None:
    dice = random.Random(1)
    clean = piece()
    bar = [note for note in clean.parts[3].notes if note.start < BAR]
    copies = tuple(
        Note(
            max(0, note.start + BAR * n + dice.randint(-12, 12)),
            note.length,
            note.pitch,
            note.velocity,
        )
        for n in range(16)
        for note in bar
    )
    part = msgspec.structs.replace(clean.parts[3], notes=copies)
    verdict = panel.judge(msgspec.structs.replace(clean, parts=(*clean.parts[:3], part)))
    assert not verdict.kept


def test_an_empty_score_is_retracted(piece) -> None:
    clean = piece()
    silent = tuple(Part(plan=part.plan, notes=()) for part in clean.parts)
    verdict = panel.judge(msgspec.structs.replace(clean, parts=silent))
    assert not verdict.kept
    assert "nothing sounds" in verdict.reasons


def test_a_bed_of_two_sounding_parts_is_retracted_and_a_loop_is_not(piece) -> None:
    for kind, kept in (("bed", False), ("loop", True)):
        score = piece(kind=kind)
        score = replaced(replaced(score, "comp", lambda _: None), "drums", lambda _: None)
        assert panel.judge(score).kept is kept


def test_a_lead_that_falls_silent_where_the_plan_asks_for_it_is_retracted(piece) -> None:
    score = replaced(piece(), "lead", lambda note: note if note.start < 8 * BAR else None)
    verdict = panel.judge(score)
    assert not verdict.kept
    assert "section B" in verdict.reasons[0]


def test_three_bars_of_silence_are_retracted(piece) -> None:
    score = piece()
    for role in ("lead", "comp", "bass", "drums"):
        score = replaced(
            score, role, lambda note: None if 4 * BAR <= note.start < 7 * BAR else note
        )
    assert any("nothing sounds in bars 5 to 7" in reason for reason in panel.judge(score).reasons)


def test_notes_after_the_end_are_retracted(piece) -> None:
    score = replaced(piece(), "lead", lambda note: Note(note.start + 2 * BAR, 100, note.pitch, 80))
    assert any("outside the piece" in reason for reason in panel.judge(score).reasons)


def test_judging_is_pure(piece) -> None:
    score = piece(7)
    assert panel.judge(score) == panel.judge(score)


@pytest.mark.parametrize(
    ("heard", "reason"),
    [
        ({"longest_silence_s": 4.0}, "silent"),
        ({"clipped": 3.0}, "clipped"),
        ({"dc": -0.02}, "offset"),
        ({"lufs": float("nan")}, "not a number"),
        ({"lufs": -120.0}, "is silent"),
        ({"head_ms": 2_000.0}, "begins after"),
        ({"mono_loss_lu": 9.0}, "mono"),
        ({"balance_db": -9.0}, "one side"),
    ],
)
def test_a_master_with_a_fault_is_retracted_on_the_second_hearing(piece, heard, reason) -> None:
    clean = {"longest_silence_s": 0.3, "clipped": 0.0, "dc": 0.0001, "lufs": -16.0}
    assert panel.hear(piece(), clean).kept
    verdict = panel.hear(piece(), clean | heard)
    assert not verdict.kept
    assert reason in verdict.reasons[0]


def test_only_a_loop_is_judged_by_its_seam(piece) -> None:
    assert panel.hear(piece(kind="bed"), {"seam_db": 20.0}).kept
    assert not panel.hear(piece(kind="loop"), {"seam_db": 20.0}).kept
