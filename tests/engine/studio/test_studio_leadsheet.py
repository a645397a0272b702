"""A candidate's sheet says what its score and its master say, in seconds of the file."""

import io

import msgspec
import numpy as np
import pytest
import soundfile

from engine.contracts import Brief, Kind, Resolved, Sheet
from engine.score import Score, bar_ticks, beat_ticks
from engine.studio.leadsheet import PER_S, waveform
from engine.studio.manuscript import read
from engine.studio.rooms import Rooms
from engine.studio.session import Candidate, perform
from engine.words import resolve

SEED = 11


def _made(rooms: Rooms, **asked) -> tuple[Resolved, Candidate]:
    resolved = resolve(Brief(candidates=1, quality="draft", **asked), SEED)
    outcomes = perform(resolved, SEED, rooms, label=str, tell=lambda _: None)
    return resolved, next(one for one in outcomes if isinstance(one, Candidate))


def _sheet(made: Candidate) -> Sheet:
    return msgspec.json.decode(made.sheet, type=Sheet)


@pytest.fixture(scope="module")
def loop(rooms: Rooms) -> tuple[Resolved, Candidate]:
    return _made(rooms, kind="loop", bars=4, bpm=97, style="lofi", stems=["bass"])


def test_every_note_of_the_score_stands_where_it_sounds(loop: tuple[Resolved, Candidate]) -> None:
    _, made = loop
    score: Score = read(made.manuscript).score
    sheet, pace = _sheet(made), 60 / (score.plan.tempo * beat_ticks(score.plan.meter))
    assert [part.name for part in sheet.parts] == [part.plan.name for part in score.parts]
    for part, shown in zip(score.parts, sheet.parts, strict=True):
        heard = [one for one in part.notes if 0 <= one.start * pace < sheet.duration_s - 0.001]
        assert len(shown.notes) >= len(heard) > 0
        for note, (start, length, pitch) in zip(part.notes, shown.notes, strict=False):
            assert start == pytest.approx(max(0, note.start * pace), abs=0.0006)
            assert pitch == note.pitch
            assert start + length <= sheet.duration_s + 1e-9
        assert shown.drums == (part.plan.role == "drums")


def test_bars_sections_and_chords_follow_the_tempo_without_gaps(
    loop: tuple[Resolved, Candidate],
) -> None:
    _, made = loop
    sheet, plan = _sheet(made), made.made.plan
    bar_s = 4 * 60 / 97
    assert sheet.bars_s == tuple(round(at * bar_s, 3) for at in range(5))
    assert (sheet.bpm, sheet.meter, sheet.beats_per_bar) == (97, plan.meter, 4)
    assert (sheet.sections[0].start_s, sheet.sections[-1].end_s) == (0.0, sheet.bars_s[-1])
    assert [one.name for one in sheet.sections] == [one.name for one in plan.sections]
    for before, after in zip(sheet.chords, sheet.chords[1:], strict=False):
        assert before.end_s == after.start_s
    assert [one.degree for one in sheet.chords] == [one.symbol for one in plan.chords]
    for one, shown in zip(plan.chords, sheet.chords, strict=True):
        assert shown.start_s == round(one.at / bar_ticks(plan.meter) * bar_s, 3)


def test_a_loop_says_where_it_goes_round_and_the_file_is_as_long(
    loop: tuple[Resolved, Candidate],
) -> None:
    _, made = loop
    sheet, file = _sheet(made), soundfile.info(io.BytesIO(made.master))
    assert sheet.duration_s == pytest.approx(file.frames / file.samplerate, abs=0.0006)
    assert sheet.loop is not None
    assert (sheet.loop.start_s, sheet.loop.end_s) == (0.0, sheet.duration_s)
    measured = {one.name: one.measured for one in made.made.measured}
    assert sheet.loudness_lufs == pytest.approx(measured["lufs"], abs=0.1)
    assert sheet.true_peak_dbtp == pytest.approx(measured["true_peak_dbtp"], abs=0.1)


def test_the_waveform_holds_every_sample_and_no_more(loop: tuple[Resolved, Candidate]) -> None:
    _, made = loop
    sound, rate = soundfile.read(io.BytesIO(made.master))
    values = _sheet(made).peaks.values
    assert _sheet(made).peaks.per_s == PER_S
    assert len(values) == -(-len(sound) * PER_S // rate)
    for at, (low, high) in enumerate(values):
        window = sound[at * rate // PER_S : (at + 1) * rate // PER_S]
        assert low == pytest.approx(window.min(), abs=0.001)
        assert high == pytest.approx(window.max(), abs=0.001)


@pytest.mark.parametrize(
    ("kind", "asked"),
    [("chime", {"duration_ms": 700}), ("sting", {"duration_ms": 2500}),
     ("ambience", {"duration_ms": 5000}), ("bed", {"duration_ms": 5000, "meter": "6/8"})],
)  # fmt: skip
def test_every_kind_has_a_sheet_that_ends_with_its_file(
    rooms: Rooms, kind: Kind, asked: dict
) -> None:
    _, made = _made(rooms, kind=kind, **asked)
    sheet = _sheet(made)
    assert sheet.kind == kind
    assert sheet.duration_s == asked["duration_ms"] / 1000
    assert (sheet.loop is not None) == (kind == "ambience")
    assert list(sheet.bars_s) == sorted(set(sheet.bars_s))
    assert all(start + length <= sheet.duration_s + 1e-9
               for part in sheet.parts for start, length, _ in part.notes)  # fmt: skip
    assert any(part.notes for part in sheet.parts)


def test_one_window_of_less_than_its_length_and_no_sound_at_all() -> None:
    assert waveform(np.array([0.5, -0.25]), 48_000) == ((-0.25, 0.5),)
    assert waveform(np.zeros((0, 2)), 48_000) == ()
    assert waveform(np.full((4801, 2), 3.0), 48_000) == ((1.0, 1.0),) * 3
