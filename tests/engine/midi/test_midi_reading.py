"""Any bytes are read as music or refused with a reason, in bounded time and memory."""

import random
import re
import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from midi_faults import REFUSED, file, number, track

from engine.arrange.midi import write_midi
from engine.contracts import Chord, PartPlan, Plan, Section
from engine.midi import reading
from engine.midi.reading import UnreadableMidi, read
from engine.score import Note, Part, Score


def on(pitch: int, wait: int = 0, channel: int = 0) -> bytes:
    return number(wait) + bytes([0x90 | channel, pitch, 80])


def off(pitch: int, wait: int = 480, channel: int = 0) -> bytes:
    return number(wait) + bytes([0x80 | channel, pitch, 0])


SCALE = file(track(*(on(pitch) + off(pitch) for pitch in (60, 62, 64, 65, 67, 69, 71, 72))))


def test_what_our_own_writer_wrote_comes_back_note_for_note() -> None:
    plan = Plan(
        kind="bed", style="plain", tempo=100.0, meter="3/4", bars=4, tonic=0, mode="major",
        sections=(Section(name="A", bar=0, bars=4, energy=4, roles=("lead", "drums")),),
        chords=(Chord(at=0, length=5760, symbol="I", root=0, bass=0, pitches=(0, 4, 7)),),
        parts=(),
    )  # fmt: skip
    lead = PartPlan(role="lead", group="lead", name="flute", family="flute", program=73)
    kit = PartPlan(role="drums", group="drums", name="kit", family="drums", program=0)
    melody = tuple(Note(480 * at, 400, 60 + at % 7, 90) for at in range(12))
    strokes = tuple(Note(240 * at, 60, 42, 70) for at in range(24))
    score = Score(plan=plan, parts=(Part(plan=lead, notes=melody), Part(plan=kit, notes=strokes)))
    heard = read(write_midi(score))
    flute, drums = heard.tracks
    assert flute.notes == melody
    assert (flute.name, flute.program, flute.drums) == ("flute", 73, False)
    assert drums.notes == strokes
    assert drums.drums
    assert heard.meters == ((0, 3, 4),)
    assert heard.tempos == ((0, 600_000),)
    assert heard.seconds == pytest.approx(12 * 0.6, abs=0.01)


def test_ticks_come_back_at_480_to_the_quarter() -> None:
    heard = read(file(track(on(60, 96), off(60, 48)), division=96))
    assert heard.tracks[0].notes == (Note(480, 240, 60, 80),)


def test_a_silent_file_has_the_standards_tempo_and_meter() -> None:
    heard = read(file(track()))
    assert heard.tempos == ((0, 500_000),)
    assert heard.meters == ((0, 4, 4),)
    assert heard.tracks == ()


def test_running_status_carries_over_text_and_system_messages() -> None:
    notes = (
        b"\x00\x90\x3c\x50" + b"\x00\xff\x01\x02hi" + b"\x83\x60\x3c\x00"
        + b"\x00\xf0\x02\x01\xf7" + b"\x00\x40\x50" + b"\x83\x60\x40\x00"
    )  # fmt: skip
    heard = read(file(track(notes)))
    assert heard.tracks[0].notes == (Note(0, 480, 60, 80), Note(480, 480, 64, 80))


def test_a_track_that_changes_its_instrument_is_told_apart() -> None:
    body = b"\x00\xc0\x05" + on(60) + off(60) + b"\x00\xc0\x20" + on(40) + off(40)
    assert [one.program for one in read(file(track(body))).tracks] == [5, 32]


@pytest.mark.parametrize("name", REFUSED)
def test_bad_files_are_refused_with_a_reason_in_bounded_time(name: str) -> None:
    fault, reason = REFUSED[name]
    content = fault()
    began = time.process_time()
    with pytest.raises(UnreadableMidi, match=re.escape(reason)):
        read(content)
    assert time.process_time() - began < 10.0  # a second on a machine of its own


def test_a_tenth_of_the_events_that_are_read_takes_a_tenth_of_the_memory() -> None:
    pairs = b"".join(
        b"\x01" + bytes([pitch, 80]) + b"\x01" + bytes([pitch, 0]) for pitch in range(20, 100)
    )
    content = file(track(b"\x00\x90\x14\x00", pairs * (reading.MOST_EVENTS // 1600)))
    tracemalloc.start()
    heard = read(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(len(one.notes) for one in heard.tracks) > 19_000
    assert peak < 20_000_000


def test_notes_struck_again_and_again_do_not_pile_up_time() -> None:
    struck = b"\x00\x90\x3c\x50" + b"\x00\x3c\x50" * 190_000
    content = file(track(struck, b"\x01\x3c\x00" * 190_000))
    began = time.process_time()
    assert len(read(content).tracks[0].notes) > 180_000
    assert time.process_time() - began < 10.0  # piled up, it would take hours


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32), changes=st.integers(1, 12))
def test_changed_bytes_are_read_or_refused_and_nothing_else(seed: int, changes: int) -> None:
    dice = random.Random(seed)
    content = bytearray(SCALE)
    for _ in range(changes):
        at = dice.randrange(len(content))
        match dice.randrange(3):
            case 0:
                content[at] = dice.randrange(256)
            case 1:
                del content[at : at + dice.randrange(1, 5)]
            case _:
                content[at:at] = dice.randbytes(dice.randrange(1, 5))
    try:
        heard = read(bytes(content))
    except UnreadableMidi as refused:
        assert str(refused)
        return
    for one in heard.tracks:
        assert all(note.length >= 0 and 0 <= note.pitch < 128 for note in one.notes)
        assert list(one.notes) == sorted(one.notes, key=lambda note: note.start)


@settings(max_examples=150, deadline=None)
@given(content=st.binary(max_size=300))
def test_any_bytes_behind_a_header_are_read_or_refused(content: bytes) -> None:
    for whole in (content, file(track(content)), file() + content):
        try:
            read(whole)
        except UnreadableMidi as refused:
            assert str(refused)
