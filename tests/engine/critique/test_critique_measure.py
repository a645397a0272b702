"""Every constraint comes back measured, and the tonality is estimated from the notes alone."""

import random

import msgspec
import pytest

from engine.contracts import Brief, Delivery, Instruments
from engine.critique import measure, profile
from engine.score import Note, Part, Score
from engine.words import resolve
from engine.words.tonality import Tonality

HEARD = {
    "lufs": -16.1,
    "true_peak_dbtp": -1.02,
    "seam_db": 0.5,
    "sample_rate": 48000,
    "channels": 2,
}


def wandering(score: Score, seed: int) -> Score:
    """The lead replaced by a random walk in the scale, so that no two pieces share a tune."""
    dice = random.Random(seed)
    scale = sorted(Tonality(tonic=score.plan.tonic, mode=score.plan.mode).scale)
    ladder = [12 * octave + step for octave in (5, 6) for step in scale]
    at, notes = dice.randrange(len(ladder)), []
    for beat in range(score.plan.bars * 4):
        at = min(len(ladder) - 1, max(0, at + dice.randint(-2, 2)))
        notes.append(Note(beat * 480, 450, ladder[at], 80))
    return msgspec.structs.replace(
        score, parts=(Part(plan=score.parts[0].plan, notes=tuple(notes)), *score.parts[1:])
    )


def test_the_tonality_of_diatonic_scores_is_found_in_all_24_keys(piece) -> None:
    right = total = 0
    for mode in ("major", "minor"):
        for tonic in range(12):
            for seed in range(3):
                found = profile.estimate(wandering(piece(tonic, mode), seed))
                assert found is not None
                asked = Tonality(tonic=tonic, mode=mode)
                right += measure.same_tonality(asked, found.tonality)
                total += 1
    assert right / total >= 0.95, f"{right} of {total}"


@pytest.mark.parametrize("mode", ["dorian", "phrygian", "lydian", "mixolydian"])
def test_a_church_mode_that_was_asked_for_is_found_around_its_own_tonic(piece, mode) -> None:
    right = 0
    for tonic in range(12):
        asked = Tonality(tonic=tonic, mode=mode)
        found = profile.estimate(wandering(piece(tonic, mode), tonic), asked)
        right += found is not None and measure.same_tonality(asked, found.tonality)
    assert right >= 11


def test_the_relative_key_is_not_taken_for_the_one_that_was_asked(piece) -> None:
    resolved = resolve(Brief(tonality="A minor", duration_ms=41_000), 1)
    for seed in range(6):
        score = wandering(piece(0, "major"), seed)
        named = {m.name: m for m in measure.constraints(resolved, score, {}, 1)}
        assert not named["tonality"].passed, named["tonality"]


def test_a_score_in_another_key_fails_its_tonality(piece) -> None:
    resolved = resolve(Brief(tonality="F minor", duration_ms=41_000), 1)
    named = {m.name: m for m in measure.constraints(resolved, piece(0, "major"), {}, 1)}
    assert not named["tonality"].passed
    assert named["tonality"].measured == "C major"
    named = {m.name: m for m in measure.constraints(resolved, piece(5, "minor"), {}, 1)}
    assert named["tonality"].passed


def test_drums_do_not_decide_the_tonality(piece) -> None:
    score = piece(2, "major")
    found = profile.estimate(score)
    without = profile.estimate(msgspec.structs.replace(score, parts=score.parts[:3]))
    assert found == without


def test_every_constraint_of_a_brief_comes_back(piece) -> None:
    brief = Brief(
        kind="bed",
        duration_ms=42_000,
        bars=16,
        bpm=96,
        tonality="C major",
        instruments=Instruments(require=("piano", "drums"), forbid=("choir", "strings")),
        energy=((0, 0.3), (1, 0.9)),
        delivery=Delivery(lufs=-16),
    )
    resolved = resolve(brief, 1)
    measured = measure.constraints(resolved, piece(), HEARD, resolved.duration_frames)
    assert [one.name for one in measured] == [
        "duration_ms", "bars", "bpm", "meter", "tonality", "require", "require", "forbid", "forbid",
        "lufs", "true_peak_dbtp", "sample_rate", "channels", "energy",
    ]  # fmt: skip
    assert all(one.passed for one in measured), [one for one in measured if not one.passed]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("duration_ms", {"frames": 1}),
        ("lufs", {"lufs": -15.4}),
        ("true_peak_dbtp", {"true_peak_dbtp": -0.5}),
        ("sample_rate", {"sample_rate": 44100}),
        ("channels", {"channels": 1}),
    ],
)
def test_what_misses_its_constraint_does_not_pass(piece, name, change) -> None:
    resolved = resolve(Brief(duration_ms=42_000, delivery=Delivery(lufs=-16)), 1)
    frames = resolved.duration_frames + change.pop("frames", 0)
    measured = measure.constraints(resolved, piece(), HEARD | change, frames)
    assert [one.name for one in measured if not one.passed] == [name]
    assert name in measure.HARD


def test_instruments_are_looked_for_in_what_sounds_not_in_what_was_planned(piece) -> None:
    brief = Brief(instruments=Instruments(require=("flute",), forbid=("drums",)))
    resolved = resolve(brief, 1)
    score = piece()
    silent = msgspec.structs.replace(
        score, parts=(Part(plan=score.parts[0].plan, notes=()), *score.parts[1:])
    )
    named = {m.name: m.passed for m in measure.constraints(resolved, silent, {}, 1)}
    assert named["require"] is False
    assert named["forbid"] is False


def test_the_tempo_of_a_loop_is_read_off_its_length(piece) -> None:
    resolved = resolve(Brief(kind="loop", bars=16, bpm=96), 1)
    good = measure.constraints(resolved, piece(kind="loop"), {}, resolved.duration_frames)
    assert all(one.passed for one in good)
    bad = measure.constraints(resolved, piece(kind="loop"), {}, resolved.duration_frames + 480)
    assert {one.name for one in bad if not one.passed} == {"duration_ms", "bpm"}


def test_a_seam_that_jumps_is_told(piece) -> None:
    resolved = resolve(Brief(kind="loop", bars=16, bpm=96), 1)
    heard = {"seam_db": 9.0}
    measured = measure.constraints(resolved, piece(kind="loop"), heard, resolved.duration_frames)
    assert [one.name for one in measured if not one.passed] == ["seam_db"]


def test_energy_is_measured_against_what_was_asked_not_what_was_planned(piece) -> None:
    for curve, passed in ((((0, 0.2), (1, 0.9)), True), (((0, 0.9), (1, 0.1)), False)):
        resolved = resolve(Brief(energy=curve, duration_ms=42_000), 1)
        named = {m.name: m for m in measure.constraints(resolved, piece(), {}, 1)}
        assert named["energy"].passed is passed, named["energy"]
