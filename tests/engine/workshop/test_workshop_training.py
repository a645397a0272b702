"""The workshop learns from archives, can be interrupted, and exports what it trained."""

import csv
import io
import random
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from mido import Message, MidiFile, MidiTrack

ROOT = Path(__file__).resolve().parents[3]
pytestmark = [pytest.mark.workshop, pytest.mark.slow]

ENOUGH = 12  # batches, of which a free machine makes more in the given seconds
HEADS = ("path", "title", "composer", "licence", "origin", "sha256_midi", "confidence")


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Archives of little pieces of our own, shaped like the real ones."""
    from engine.workshop.corpus import CORPORA

    folder = tmp_path_factory.mktemp("corpora")
    for number, name in enumerate(CORPORA):
        _archive(folder / f"{name}.tar.zst", name, number)
    return folder


@pytest.fixture(scope="module")
def run(corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was trained, stopped, and trained on."""
    out = tmp_path_factory.mktemp("run")
    first = _workshop("train composer", corpora, out, "--budget", "8s")
    second = _workshop("train composer", corpora, out, "--budget", "24s")
    assert "resumed" not in first
    assert "resumed at" in second
    for budget in ("60s", "120s", "240s"):  # a busy machine needs longer for as many batches
        if _batches(out) >= ENOUGH:
            break
        _workshop("train composer", corpora, out, "--budget", budget)
    return out


def _batches(out: Path) -> int:
    import torch

    return torch.load(out / "checkpoint.pt", weights_only=True)["batches"]


def test_what_is_left_out_is_counted_and_said(corpora: Path, tmp_path: Path) -> None:
    said = _workshop("data", corpora, tmp_path)
    assert "1  freedoom: confidence low" in said
    assert "freedoom: taken" in said


def test_a_trained_network_is_exported_with_its_manifest_and_composes(
    run: Path, corpora: Path, tmp_path: Path
) -> None:
    import msgspec

    from engine.compose.composer import Composer
    from engine.contracts import Brief
    from engine.plan import draw
    from engine.words import resolve

    _workshop("export", corpora, run, "--models", str(tmp_path / "models"))
    manifest = msgspec.json.decode((tmp_path / "models" / "manifest.json").read_bytes())
    assert manifest["parity_max_abs"] < 1e-3
    assert manifest["corpora"]["freedoom"]["licences"] == ["CC0-1.0"]
    resolved = resolve(Brief(prompt="solo piano", duration_ms=10_000), 1)
    plans = draw(resolved, 1, 1)
    composed = Composer(tmp_path / "models").write(plans, [1])
    assert sum(len(line.notes) for line in composed[0].lines) > 5


def test_training_lowers_the_bits_it_needs(run: Path, corpora: Path) -> None:
    import torch
    from msgspec import structs

    from engine.workshop import sheaf, train
    from engine.workshop.model import Composer, Config

    prepared = sheaf.prepare(corpora, run / "windows.npz", 20261124)
    held = prepared.held_out or {"train": prepared.train[:8]}
    prepared = structs.replace(prepared, held_out=held)
    torch.manual_seed(0)
    untrained = train.held_out_bits(Composer(Config()).eval(), prepared)
    trained = train.held_out_bits(train.load(run)[0], prepared)
    for corpus, bits in trained.items():
        # A dozen batches are few; what counts is that they lead the right way.
        assert bits["bits_per_note"] < untrained[corpus]["bits_per_note"] - 0.2


def _workshop(command: str, corpora: Path, out: Path, *more: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "engine.workshop", *command.split(), "--corpus", str(corpora),
         "--out", str(out), *more],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def _archive(file: Path, name: str, number: int) -> None:
    import hashlib

    import zstandard

    rows, members = [], []
    for piece in range(3):
        content = _piece(random.Random(number * 100 + piece))
        path = f"midi/{name}_{piece}.mid"
        low = name == "freedoom" and piece == 2
        rows.append(
            {"path": path, "title": f"Study {piece}", "composer": "Ours", "licence": "CC0-1.0",
             "origin": "made by a test", "sha256_midi": hashlib.sha256(content).hexdigest(),
             "confidence": "low" if low else "high"}
        )  # fmt: skip
        members.append((path, content))
    listed = io.StringIO()
    writer = csv.DictWriter(listed, HEADS, delimiter="\t")
    writer.writeheader()
    writer.writerows(rows)
    members.append(("SOURCES.tsv", listed.getvalue().encode()))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for path, content in members:
            member = tarfile.TarInfo(f"{name}/{path}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    file.write_bytes(zstandard.ZstdCompressor().compress(packed.getvalue()))


def _piece(chance: random.Random) -> bytes:
    """Sixteen bars of a walking melody over a bass of roots."""
    file = MidiFile(ticks_per_beat=480)
    scale = [0, 2, 4, 5, 7, 9, 11]
    for low, length in ((72, 240), (48, 960)):
        track = MidiTrack()
        degree = 0
        for _ in range(16 * 1920 // length):
            degree = max(-5, min(9, degree + chance.choice([-2, -1, -1, 0, 1, 1, 2])))
            pitch = low + 12 * (degree // 7) + scale[degree % 7]
            track.append(Message("note_on", note=pitch, velocity=80, time=0))
            track.append(Message("note_off", note=pitch, velocity=0, time=length))
        file.tracks.append(track)
    saved = io.BytesIO()
    file.save(file=saved)
    return saved.getvalue()


def test_the_plain_network_of_a_comparison_does_not_hear_the_score(
    run: Path, corpora: Path
) -> None:
    import torch
    from msgspec import structs

    from engine.workshop import sheaf, train
    from engine.workshop.deck import Deck, without
    from engine.workshop.model import Composer, Config

    prepared = sheaf.prepare(corpora, run / "windows.npz", 20261124)
    batch = Deck(prepared.train[:4], torch.device("cpu")).batch([0, 1, 2, 3])
    deaf = without(batch, "harmony", "reference", "lead to come", "density", "school", "end")
    torch.manual_seed(0)
    score, plain = (Composer(structs.replace(Config(), plain=one)).eval() for one in (False, True))
    with torch.no_grad():
        heard = [net(one.ids, one.bits, one.codes.clamp(min=0))[0]
                 for net in (score, plain) for one in (batch, deaf)]  # fmt: skip
    assert not torch.equal(heard[0], heard[1])
    assert torch.equal(heard[2], heard[3])
    assert train.measured(plain, prepared.train[:4])[:, 1].sum() > 0
