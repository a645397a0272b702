"""What a take shares with the training works is found whatever its key, and nothing else is."""

import random
import time
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs

from engine.critique import originality
from engine.critique.originality import (
    DISTINCT,
    MOST_NOTES,
    NOBODYS,
    WIDEST,
    Finding,
    Index,
    built,
    steps_of,
)
from engine.errors import ModelMissing
from engine.score import Line, Note


def line(pitches: list[int], role: str = "lead", length: int = 240) -> Line:
    notes = (Note(length * at, length, pitch, 80) for at, pitch in enumerate(pitches))
    return Line(role=role, notes=tuple(notes))


def tune(seed: int, notes: int) -> list[int]:
    """A wandering line with many different intervals."""
    dice, at, pitches = random.Random(seed), 66, []
    for _ in range(notes):
        pitches.append(at)
        at += dice.choice([step for step in range(-9, 10) if 40 <= at + step <= 90])
    return pitches


WORKS = {f"ours/{seed}.mid": tune(seed, 120) for seed in range(40)}


@pytest.fixture(scope="module")
def index() -> Index:
    """Forty works of our own."""
    return built((name, [steps_of(line(pitches).notes)]) for name, pitches in WORKS.items())


def quoting(notes: int, shift: int) -> list[int]:
    """A tune with so many notes of another work in its middle, in another key."""
    quote = [pitch + shift for pitch in WORKS["ours/7.mid"][30 : 30 + notes]]
    # The neighbours stand apart, so that the run is no longer than it is meant to be.
    return [*tune(900, 20), quote[0] + 24, *quote, quote[-1] + 23, *tune(901, 20)]


@pytest.mark.parametrize("notes", [9, 11, 12, 13, 20, 60])
@pytest.mark.parametrize("shift", [-5, 0, 7])
def test_a_quotation_is_found_with_its_length_place_and_work(
    index: Index, notes: int, shift: int
) -> None:
    found = index.longest([line(quoting(notes, shift))])
    assert found.longest_run == notes
    assert found.note == 21
    assert found.work == "ours/7.mid"
    assert found.original == (notes < MOST_NOTES)


def played(pitches: list[int], lengths: list[int]) -> Line:
    notes, at = [], 0
    for number, pitch in enumerate(pitches):
        length = lengths[number % len(lengths)]
        notes.append(Note(at, length, pitch, 80))
        at += length
    return Line(role="lead", notes=tuple(notes))


def test_tempo_does_not_hide_a_quotation_and_another_rhythm_makes_another_tune(
    index: Index,
) -> None:
    pitches = quoting(15, 2)
    for length in (60, 110, 960):
        assert index.longest([line(pitches, length=length)]).longest_run == 15
    slightly = played(pitches, [230, 250, 245, 240])
    assert index.longest([slightly]).longest_run == 15
    dotted = played(pitches, [360, 120, 480])
    assert index.longest([dotted]).longest_run < 8


def test_what_went_before_a_quotation_does_not_hide_its_beginning(index: Index) -> None:
    quote = quoting(13, 0)[20:35]
    notes = list(line(quote).notes)
    early = Note(0, 100, quote[0], 80)
    later = [Note(note.start + 4000, note.length, note.pitch, 80) for note in notes[1:]]
    assert index.longest([Line(role="lead", notes=(early, *later))]).longest_run == 13


def test_a_retracted_take_is_told_why(index: Index) -> None:
    found = index.longest([line(tune(950, 30), "counter"), line(quoting(14, 1), "bass")])
    assert found.reason == "its bass quotes 14 notes of a training work (ours/7.mid)"
    assert found.facts() == {
        "longest_run": 14, "distinct_intervals": found.distinct_intervals, "limit": MOST_NOTES,
    }  # fmt: skip
    assert found.distinct_intervals >= DISTINCT
    assert Finding().reason == ""


def test_tunes_of_nobody_share_little(index: Index) -> None:
    longest = [index.longest([line(tune(seed, 200))]).longest_run for seed in range(2000, 2040)]
    assert max(longest) < 8


def test_scales_trills_and_repeated_notes_are_nobodys() -> None:
    scale = [60 + 12 * (at // 7) + (0, 2, 4, 5, 7, 9, 11)[at % 7] for at in range(21)]
    trivial = [scale, scale[::-1], [60, 62] * 20, [60] * 40, [60, 64, 67, 64] * 10]
    tune = [60, 64, 62, 67, 65, 60, 59, 64, 62, 69, 67, 71, 72, 60]
    index = built([("ours/etude.mid", [steps_of(line(one).notes) for one in (*trivial, tune)])])
    assert index.longest([line(tune)]).longest_run == len(tune)
    for one in trivial:
        assert index.longest([line(one)]).longest_run == 0
    assert len(index.keys) < sum(len(one) for one in trivial)  # they are not even kept


def test_nobody_is_known_by_the_voices_of_a_harmony(index: Index) -> None:
    theme = line(quoting(16, 4))
    assert not index.longest([theme]).original
    for role in NOBODYS:
        assert index.longest([structs.replace(theme, role=role)]).longest_run == 0


def test_shared_runs_agree_with_a_plain_search(index: Index) -> None:
    works = [steps_of(line(pitches).notes).tolist() for pitches in WORKS.values()]
    steps = steps_of(line(quoting(11, 3)).notes)
    found, _ = index.matches(steps)
    plain = [max(shared_from(steps[at:].tolist(), work) for work in works)
             for at in range(len(found))]  # fmt: skip
    assert max(plain) == 10
    for told, there in zip(found, plain, strict=True):
        # Runs begin with a hash of 16 bits: up to six intervals it may find by chance.
        assert told == there if there > 6 else told <= 6
        assert told >= there or there < 4


def shared_from(steps: list[int], work: list[int]) -> int:
    best = 0
    for start in range(len(work)):
        length = 0
        while length < min(12, len(steps), len(work) - start) and (
            work[start + length] == steps[length]
        ):
            length += 1
        best = max(best, length)
    return best


def test_of_a_chord_the_outer_note_is_the_line() -> None:
    notes = [Note(0, 10, 60, 80), Note(0, 10, 67, 80), Note(10, 10, 55, 80), Note(10, 10, 72, 80)]
    assert steps_of(notes).tolist() == [3 * (5 + WIDEST) + 1]
    assert steps_of(notes, top=False).tolist() == [3 * (-5 + WIDEST) + 1]


def test_an_index_comes_back_as_it_was_written_always_in_the_same_bytes(
    index: Index, tmp_path: Path
) -> None:
    originality.write(index, tmp_path / "a.npz")
    time.sleep(2.1)  # an archive's clock counts in two seconds
    originality.write(index, tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    back = originality.read(tmp_path / "a.npz")
    assert np.array_equal(back.keys, index.keys)
    assert np.array_equal(back.works, index.works)
    assert back.names == index.names


def test_an_index_that_is_not_the_named_one_is_refused(index: Index, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(ModelMissing, match="names no index"):
        originality.packaged(tmp_path)
    named = '{"originality": {"file": "runs.npz", "sha256": "0"}}'
    (tmp_path / "manifest.json").write_text(named)
    with pytest.raises(ModelMissing, match="missing"):
        originality.packaged(tmp_path)
    originality.write(index, tmp_path / "runs.npz")
    with pytest.raises(ModelMissing, match="not the file"):
        originality.packaged(tmp_path)


def test_the_index_that_is_delivered_is_small() -> None:
    index = originality.packaged()
    file = originality.PACKAGED / "training-runs.npz"
    assert file.stat().st_size <= 20_000_000
    assert len(index.names) > 1000
