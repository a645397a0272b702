"""The index holds the works the weights were trained on, whole or not at all, always the same."""

import csv
import hashlib
import io
import json
import random
import shutil
import tarfile
from pathlib import Path

import pytest
from mido import Message, MidiFile, MidiTrack

from engine.compose.composer import PACKAGED
from engine.critique import originality
from engine.midi.reading import read
from engine.workshop import index
from engine.workshop.corpus import CORPORA

zstandard = pytest.importorskip("zstandard", reason="the corpora are packed with it")
HEADS = ("path", "title", "composer", "licence", "origin", "sha256_midi", "confidence")


def piece(seed: int) -> bytes:
    """Twelve bars of any eighth notes over any halves, so that every piece is its own."""
    dice, file = random.Random(seed), MidiFile(ticks_per_beat=480)
    for low, length in ((74, 240), (45, 960)):
        track = MidiTrack()
        for _ in range(12 * 1920 // length):
            pitch = low + dice.randrange(-8, 9)
            track.append(Message("note_on", note=pitch, velocity=80, time=0))
            track.append(Message("note_off", note=pitch, velocity=0, time=length))
        file.tracks.append(track)
    saved = io.BytesIO()
    file.save(file=saved)
    return saved.getvalue()


def archive(folder: Path, corpus: str, pieces: dict[str, bytes]) -> list[dict[str, str]]:
    """Pack pieces as a corpus; returns its rows."""
    listed = io.StringIO()
    writer = csv.DictWriter(listed, HEADS, delimiter="\t")
    writer.writeheader()
    rows = [
        {"path": path, "title": path, "composer": "Ours", "licence": "CC0-1.0",
         "origin": "made by a test", "sha256_midi": hashlib.sha256(content).hexdigest(),
         "confidence": "high"}
        for path, content in pieces.items()
    ]  # fmt: skip
    writer.writerows(rows)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for path, content in {**pieces, "SOURCES.tsv": listed.getvalue().encode()}.items():
            member = tarfile.TarInfo(f"{corpus}/{path}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    (folder / f"{corpus}.tar.zst").write_bytes(
        zstandard.ZstdCompressor().compress(packed.getvalue())
    )
    return rows


@pytest.fixture
def corpora(tmp_path: Path) -> Path:
    """One corpus of eight pieces, the others empty."""
    folder = tmp_path / "corpora"
    folder.mkdir()
    for corpus in CORPORA:
        archive(folder, corpus, {})
    archive(folder, "mutopia", {f"midi/{seed}.mid": piece(seed) for seed in range(8)})
    return folder


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A manifest and a list of files that say six pieces were trained on and two held out."""
    folder = tmp_path / "models"
    folder.mkdir()
    shutil.copy(PACKAGED / "manifest.json", folder)
    lines = ["corpus\tpath\tside\tlicence\torigin\tsha256"]
    for seed in range(8):
        sha256 = hashlib.sha256(piece(seed)).hexdigest()
        side = "train" if seed < 6 else "held out"
        lines.append(f"mutopia\tmidi/{seed}.mid\t{side}\tCC0-1.0\tours\t{sha256}")
    (folder / "training-files.tsv").write_text("\n".join(lines) + "\n")
    return folder


def test_the_index_finds_what_was_trained_on_and_only_that(corpora: Path, models: Path) -> None:
    said = index.make(corpora, models)
    assert said["works"] == 6
    assert said["human_held_out"]["pieces"] == 2
    made = originality.packaged(models)
    for seed in range(8):
        own = index.shared(made, index.lines_of(read(piece(seed))))
        assert own == 96 if seed < 6 else own < 8
    assert json.loads((models / "manifest.json").read_text())["originality"] == said


def test_the_same_corpora_make_the_same_bytes(corpora: Path, models: Path) -> None:
    index.make(corpora, models)
    names = (index.INDEX, index.FREQUENCIES, "manifest.json")
    before = {name: (models / name).read_bytes() for name in names}
    index.make(corpora, models)
    assert {name: (models / name).read_bytes() for name in names} == before


def test_a_file_that_is_missing_or_another_one_now_is_an_error(corpora: Path, models: Path) -> None:
    pieces = {f"midi/{seed}.mid": piece(seed) for seed in range(8)}
    archive(corpora, "mutopia", pieces | {"midi/3.mid": piece(99)})
    with pytest.raises(LookupError, match=r"1 files .* mutopia/midi/3.mid"):
        index.make(corpora, models)
