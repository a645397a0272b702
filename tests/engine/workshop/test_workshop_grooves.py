"""The workshop finds in a take what its drummer did: swing, latency, lateness, accents, ghosts."""

import csv
import io
import json
import random
import tarfile
from pathlib import Path

import numpy as np
import pytest
from mido import Message, MetaMessage, MidiFile, MidiTrack

pytestmark = [pytest.mark.workshop]
HEADS = ("path", "licence", "origin", "sha256_midi", "confidence", "extra")
BPM = 120.0
LATE_MS = {"K": 0.0, "S": 6.0, "H": -4.0}
KEYS = {"K": 36, "S": 38, "H": 42}


def take(seed: int, *, swing: float = 0.5, bars: int = 16, spread_ms: float = 4.0) -> bytes:
    """A drummer with a latency of 20 ms whose snare is late, whose hats are early, and who plays
    a ghost on the eighth sixteenth of every other bar."""
    dice = random.Random(seed)
    hits: list[tuple[float, str, int]] = []
    for bar in range(bars):
        for beat in range(4):
            start = 4.0 * bar + beat
            hits.append((start, "K" if beat % 2 == 0 else "S", 100))
            hits += [(start, "H", 90), (start + swing, "H", 60)]
        if bar % 2:
            hits.append((4.0 * bar + 1.75, "S", 30))
    moved = sorted(
        (beat + (20 + LATE_MS[voice] + dice.gauss(0, spread_ms)) * BPM / 60_000, voice, loud)
        for beat, voice, loud in hits
    )
    track, at = MidiTrack(), 0
    track.append(MetaMessage("set_tempo", tempo=500_000))
    for beat, voice, loud in moved:
        tick = max(at, round(beat * 480))
        track.append(Message("note_on", note=KEYS[voice], velocity=loud, time=tick - at, channel=9))
        at = tick
    file, stream = MidiFile(ticks_per_beat=480), io.BytesIO()
    file.tracks.append(track)
    file.save(file=stream)
    return stream.getvalue()


def row(style: str = "rock", kind: str = "beat") -> dict[str, str]:
    return {"extra": f"style={style};bpm=120;type={kind};ts=4-4;split=train"}


def test_latency_is_taken_off_and_what_is_left_is_the_players_feel() -> None:
    from engine.workshop import grooves

    read = grooves.read(row(), take(1))
    assert read is not None
    means = {
        voice: np.mean([one.late_ms for one in read.strokes if one.voice == voice])
        for voice in "KSH"
    }
    assert means["S"] - means["K"] == pytest.approx(6.0, abs=2.0)
    assert means["H"] - means["K"] == pytest.approx(-4.0, abs=2.0)
    assert abs(np.mean([one.late_ms for one in read.strokes])) < 2.0


def test_swing_is_heard_and_decides_the_steps_of_the_bar() -> None:
    from engine.workshop import grooves

    straight, swung = grooves.read(row(), take(2)), grooves.read(row("jazz"), take(2, swing=0.66))
    assert straight is not None
    assert straight.steps == 16
    assert swung is not None
    assert swung.steps == 12
    assert swung.swing == pytest.approx(0.66, abs=0.02)
    assert {one.step for one in swung.strokes if one.voice == "H"} == {0, 2, 3, 5, 6, 8, 9, 11}


def test_a_family_knows_its_accents_ghosts_and_spread() -> None:
    from engine.workshop import grooves

    takes = [one for seed in range(6) if (one := grooves.read(row(), take(seed))) is not None]
    family = grooves.measured(takes)["rock"]
    hats = family["voices"]["H"]
    assert hats["odds"][0] == pytest.approx(1.0, abs=0.01)
    assert hats["velocity"][0] > hats["velocity"][2] + 20
    assert family["ghosts"][7] == pytest.approx(0.5, abs=0.05)
    assert sum(family["ghosts"]) == pytest.approx(0.5, abs=0.05)
    assert 3.0 < hats["spread_ms"][0] < 5.5


def test_bars_and_fills_are_kept_as_digits_once() -> None:
    from engine.workshop import grooves

    takes = [one for seed in range(3) if (one := grooves.read(row(), take(seed))) is not None]
    kept = grooves.bars(takes)["rock"]
    assert len(kept) <= 2 * len(takes)
    assert any(bar["K"] == "7000000070000000" for bar in kept)
    assert len({json.dumps(bar, sort_keys=True) for bar in kept}) == len(kept)


def test_the_door_writes_a_table_that_the_arranger_reads(tmp_path: Path, capsys) -> None:
    import msgspec
    import zstandard

    from engine.arrange.grooves import Grooves
    from engine.workshop import grooves

    listed = io.StringIO()
    writer = csv.DictWriter(listed, HEADS, delimiter="\t")
    writer.writeheader()
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for seed in range(4):
            path = f"midi/{seed}.mid"
            _member(tar, path, take(seed))
            writer.writerow({"path": path, "licence": "CC-BY-4.0", "origin": "our own via here",
                             "sha256_midi": "", "confidence": "high", **row()})  # fmt: skip
        _member(tar, "SOURCES.tsv", listed.getvalue().encode())
    packed = zstandard.ZstdCompressor().compress(archive.getvalue())
    (tmp_path / "groove_midi.tar.zst").write_bytes(packed)
    grooves.make(tmp_path, tmp_path / "out" / "grooves.json")
    table = msgspec.json.decode((tmp_path / "out" / "grooves.json").read_bytes(), type=Grooves)
    assert table.files == 4
    assert table.licence == "CC-BY-4.0"
    assert table.families["rock"].bars == 64
    assert "rock" in capsys.readouterr().out


def _member(tar: tarfile.TarFile, path: str, content: bytes) -> None:
    entry = tarfile.TarInfo(f"groove_midi/{path}")
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))
