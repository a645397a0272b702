"""Any folder of MIDI files is measured; what cannot be read is named; neighbours do not count."""

import io
import json
import random
from pathlib import Path

import pytest
from mido import Message, MidiFile, MidiTrack

from engine.midi.reading import Heard, Track
from engine.score import Note
from engine.workshop import bits
from engine.workshop.__main__ import main

SCALE = (0, 2, 4, 5, 7, 9, 11)


def piece(seed: int, *, bars: int = 16, tuneful: bool = True) -> bytes:
    """A melody over a bass in C: by step on the scale, or any pitches at all."""
    dice, file = random.Random(seed), MidiFile(ticks_per_beat=480)
    for low, length in ((72, 240), (48, 960)):
        track, degree = MidiTrack(), 0
        for _ in range(bars * 1920 // length):
            degree = max(-5, min(9, degree + dice.choice([-2, -1, -1, 0, 1, 1, 2])))
            stepwise = low + 12 * (degree // 7) + SCALE[degree % 7]
            pitch = stepwise if tuneful else low + dice.randrange(-9, 10)
            track.append(Message("note_on", note=pitch, velocity=80, time=0))
            track.append(Message("note_off", note=pitch, velocity=0, time=length))
        file.tracks.append(track)
    saved = io.BytesIO()
    file.save(file=saved)
    return saved.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tunes, chance, and files that cannot be read."""
    folder = tmp_path_factory.mktemp("songs")
    for name in ("tunes/deep", "chance", "broken"):
        (folder / name).mkdir(parents=True)
    for number in range(3):
        (folder / f"tunes/deep/{number}.mid").write_bytes(piece(number))
        (folder / f"chance/{number}.MID").write_bytes(piece(number, tuneful=False))
    (folder / "broken/empty.mid").write_bytes(b"")
    (folder / "broken/cut.midi").write_bytes(piece(1)[:300])
    (folder / "broken/short.mid").write_bytes(piece(1, bars=1))
    (folder / "broken/huge.mid").write_bytes(bytes(5_000_000))
    (folder / "readme.txt").write_text("not music")
    return folder


@pytest.fixture(scope="module")
def found(folder: Path) -> dict:
    return bits.measure(folder)


def test_tunes_cost_less_than_chance_and_less_than_the_baseline_says(found: dict) -> None:
    tunes, chance = found["per_corpus"]["tunes"], found["per_corpus"]["chance"]
    assert tunes["bits_per_note"] < chance["bits_per_note"] - 0.5
    assert tunes["bits_per_note"] < tunes["baseline_bits_per_note"]
    assert found["notes"] == tunes["notes"] + chance["notes"]
    assert found["notes"] == sum(one["notes"] for one in found["per_file"])
    roles = found["per_role"]
    assert roles["lead"]["notes"] > roles["bass"]["notes"] > 0
    assert found["notes"] == sum(one["notes"] for one in roles.values())


def test_what_cannot_be_read_is_named_with_its_reason(found: dict) -> None:
    reasons = {one["file"]: one["reason"] for one in found["unreadable"]}
    assert set(reasons) == {
        "broken/empty.mid", "broken/cut.midi", "broken/short.mid", "broken/huge.mid",
    }  # fmt: skip
    assert "header" in reasons["broken/empty.mid"]
    assert "cut off" in reasons["broken/cut.midi"]
    assert "no melody" in reasons["broken/short.mid"]
    assert "at most 4000000" in reasons["broken/huge.mid"]


def test_a_file_costs_the_same_alone(found: dict, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "0.mid").write_bytes((folder / "tunes/deep/0.mid").read_bytes())
    alone = bits.measure(tmp_path)
    inside = next(one for one in found["per_file"] if one["file"] == "tunes/deep/0.mid")
    for figure in ("bits_per_note", "baseline_bits_per_note", "notes"):
        assert alone[figure] == inside[figure]


def test_a_file_of_the_training_works_is_told_from_others(found: dict) -> None:
    assert {one["side"] for one in found["per_file"]} == {"unknown to training"}


def test_an_endless_piece_is_measured_in_part_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bits, "MOST_WINDOWS", 2)
    (tmp_path / "long.mid").write_bytes(piece(5, bars=80))
    cut = bits.measure(tmp_path)
    assert cut["per_file"][0]["measured_bars"] == 32
    (tmp_path / "long.mid").write_bytes(piece(5, bars=32))
    assert "measured_bars" not in bits.measure(tmp_path)["per_file"][0]


def test_the_beginning_of_a_piece_counts_its_own_bars() -> None:
    notes = tuple(Note(at * 480, 480, 60, 80) for at in range(40))
    heard = Heard(
        tempos=((0, 500_000),), meters=((0, 3, 4), (2880, 4, 4)), length=40 * 480,
        tracks=(Track(name="", channel=0, program=0, notes=(*notes, Note(0, 9600, 40, 80))),),
    )  # fmt: skip
    start = bits.beginning(heard, 4)  # two bars of three quarters, two of four
    assert start.length == 2 * 1440 + 2 * 1920
    assert [note.start for note in start.tracks[0].notes] == [*range(0, 6720, 480), 0]
    assert start.tracks[0].notes[-1].length == 6720
    assert bits.beginning(heard, 11) is heard


def test_the_door_writes_json_and_refuses_what_is_no_folder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    out = tmp_path / "bits.json"
    arguments = ["workshop", "bits", str(folder / "tunes"), "--out", str(out)]
    monkeypatch.setattr("sys.argv", arguments)
    with pytest.raises(SystemExit) as done:
        main()
    assert done.value.code == 0
    assert {"bits_per_note", "baseline_bits_per_note", "notes", "per_file"} <= set(
        json.loads(out.read_bytes())
    )
    monkeypatch.setattr("sys.argv", ["workshop", "bits", str(tmp_path / "nowhere")])
    with pytest.raises(SystemExit) as done:
        main()
    assert done.value.code == 2
    assert "not a folder" in capsys.readouterr().err
