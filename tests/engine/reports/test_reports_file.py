"""The reader of MIDI files and what is checked in them."""

import msgspec
import pytest

from engine.arrange.midi import write_midi
from engine.reports import constraints, midi_file
from engine.reports.midi_file import UnreadableFile, read
from engine.score import Note


def failed(take) -> set[str]:
    """Names of the checks that do not hold."""
    return {check.name for check in constraints.checks(take) if not check.passed}


def test_a_file_tells_tempo_meter_sections_programs_and_notes(desk) -> None:
    lead = desk.part("lead", desk.beats(72), program=73)
    drums = desk.part("drums", desk.beats(38))
    file = desk.take(
        [lead, drums], sections=[desk.section("A", 0, 2), desk.section("B", 2, 2)]
    ).file
    assert (file.bpm, file.meter, file.bar, file.end) == (120.0, "4/4", 1920.0, 4 * desk.bar)
    assert file.markers == ((0, "A"), (2 * desk.bar, "B"))
    assert [(one.program, one.drums) for one in file.tracks] == [(73, False), (0, True)]
    assert file.tracks[0].notes == lead.notes


def test_what_is_no_midi_file_is_said_to_be_none(desk) -> None:
    whole = write_midi(desk.take([desk.part("lead", desk.beats(72))]).score)
    for broken in (b"", b"RIFF", whole[:30]):
        with pytest.raises(UnreadableFile):
            read(broken)


def test_a_note_that_never_ends_makes_a_file_unreadable(desk) -> None:
    whole = write_midi(desk.take([desk.part("lead", [Note(0, 480, 72, 80)])]).score)
    off = whole.index(bytes([0x80, 72, 0]))
    with pytest.raises(UnreadableFile, match="never ends"):
        read(whole[:off] + bytes([0xA0, 72, 0]) + whole[off + 3 :])


def test_a_track_that_nobody_planned_is_not_taken_for_another(desk) -> None:
    take = desk.take([desk.part("lead", desk.beats(72))])
    other = msgspec.structs.replace(take.plan, parts=())
    with pytest.raises(UnreadableFile, match="lead 0"):
        midi_file.matched(take.file, other)


def test_a_file_that_is_as_asked_passes_every_check(desk) -> None:
    take = desk.take([desk.part("lead", desk.beats(72)), desk.part("bass", desk.beats(36))])
    assert failed(take) == set()
    assert {"length", "bars", "meter", "tempo"} <= {one.name for one in constraints.checks(take)}


@pytest.mark.parametrize(
    ("asked", "broken"),
    [
        ({"duration_frames": 4 * 96_000 + 480}, "length"),
        ({"asked_bars": 5}, "bars"),
        ({"meter": "3/4"}, "meter"),
        ({"bpm": 121.0}, "tempo"),
        ({"bpm": None, "asked_bars": None, "bpm_range": (60.0, 90.0)}, "tempo"),
        ({"require": ("flute",)}, "required"),
        ({"require": ("drums",)}, "required"),
        ({"require": ("pads",)}, "required"),
        ({"forbid": ("piano",)}, "forbidden"),
        ({"forbid": ("bass",)}, "forbidden"),
    ],
)
def test_each_constraint_is_missed_by_a_file_that_does_not_keep_it(desk, asked, broken) -> None:
    take = desk.take(
        [desk.part("lead", desk.beats(72)), desk.part("bass", desk.beats(36))], **asked
    )
    assert failed(take) == {broken}


def test_a_family_is_told_by_its_program_and_a_group_by_its_role(desk) -> None:
    flute, kit = desk.part("lead", desk.beats(72), program=73), desk.part("drums", desk.beats(38))
    wanted = ("flute", "woodwinds", "lead", "drums")
    assert failed(desk.take([flute, kit], require=wanted, forbid=("piano", "brass"))) == set()


def test_a_last_bar_in_which_nothing_begins_is_a_bar_too_few(desk) -> None:
    take = desk.take([desk.part("lead", desk.beats(72, bars=3))])
    assert failed(take) == {"bars"}


def test_a_note_beyond_the_end_makes_the_file_too_long(desk) -> None:
    notes = [*desk.beats(72), Note(4 * desk.bar - 480, 960, 60, 80)]
    assert "length" in failed(desk.take([desk.part("lead", notes)]))


def test_a_violin_below_its_open_string_is_outside_its_range_and_a_synthesiser_is_not(desk) -> None:
    low = desk.beats(54)
    assert failed(desk.take([desk.part("lead", low, program=40)])) == {"range"}
    assert failed(desk.take([desk.part("lead", low, program=40, patch="lead_saw")])) == set()
    assert failed(desk.take([desk.part("drums", desk.beats(90))])) == {"range"}


def _with_hit(desk, at: int, *, velocity: int = 110, open_tempo: bool = False):
    """Soft quarters in two parts with one accent at a tick; the hit is asked for at 3 s."""
    parts = [
        desk.part(role, [*desk.beats(pitch, velocity=60), Note(at, 200, pitch + 12, velocity)])
        for role, pitch in (("lead", 60), ("bass", 36))
    ]
    tempo = {"bpm": None, "bpm_range": (110.0, 130.0)} if open_tempo else {}
    return desk.take(parts, hits=(3_060,), **tempo)  # three beats and 29 ticks into the second bar


def test_a_hit_is_met_by_two_accented_parts_within_a_sixteenth(desk) -> None:
    at = round(3.060 * 960)
    assert failed(_with_hit(desk, at)) == set()
    assert failed(_with_hit(desk, at + 115)) == set()
    assert failed(_with_hit(desk, at, velocity=30)) == set()  # a beat of usual loudness is near
    late = desk.take([desk.part("lead", desk.beats(72))], hits=(3_060,))
    assert failed(late) == {"hits, fixed tempo"}, "one part alone is no hit"


def test_where_the_tempo_is_open_a_hit_is_met_within_thirty_milliseconds(desk) -> None:
    at = round(3.060 * 960)
    assert failed(_with_hit(desk, at + 28, open_tempo=True)) == set()
    assert failed(_with_hit(desk, at + 40, open_tempo=True)) == {"hits, open tempo"}
    assert failed(_with_hit(desk, at, velocity=30, open_tempo=True)) == {"hits, open tempo"}
