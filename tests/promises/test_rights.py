"""No sound, score, weight or fixture without a licence row."""

import csv
import hashlib
import json
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOUNDS = {".wav", ".mp3", ".ogg", ".flac", ".mid", ".midi", ".sf2", ".sf3", ".xml", ".mxl", ".krn"}
WEIGHTS = {".onnx", ".pt", ".npz", ".safetensors"}
MODELS = ROOT / "engine" / "models" / "composer"
ALLOWED = ("CC0", "CC-BY-", "BSD", "MIT", "Public", "public domain", "Creative Commons Attribution")


def test_no_sound_and_no_score_is_kept_here() -> None:
    assert [file for file in _tracked() if Path(file).suffix.lower() in SOUNDS] == []


def test_every_weight_is_named_by_a_manifest_and_is_the_file_it_names() -> None:
    weights = [ROOT / file for file in _tracked() if Path(file).suffix in WEIGHTS]
    assert weights
    for file in weights:
        manifest = json.loads((file.parent / "manifest.json").read_text())
        beside = [one for one in manifest.values() if isinstance(one, dict) and "file" in one]
        named = manifest["files"] | {one["file"]: one["sha256"] for one in beside}
        assert hashlib.sha256(file.read_bytes()).hexdigest() == named[file.name]


def test_every_score_a_model_has_seen_has_a_licence_that_allows_it() -> None:
    with (MODELS / "training-files.tsv").open() as listed:
        rows = list(csv.DictReader(listed, delimiter="\t"))
    assert len(rows) > 1000
    for row in rows:
        licence = row["licence"]
        assert any(word in licence for word in ALLOWED), row
        assert not any(word in licence for word in ("NC", "ND", "SA", "ShareAlike")), row
        assert row["origin"]
        assert len(row["sha256"]) == 64


def test_the_manifest_counts_the_files_that_the_list_names() -> None:
    manifest = json.loads((MODELS / "manifest.json").read_text())
    with (MODELS / "training-files.tsv").open() as listed:
        rows = list(csv.DictReader(listed, delimiter="\t"))
    for corpus, counted in manifest["corpora"].items():
        for side in ("train", "held out"):
            found = sum(row["corpus"] == corpus and row["side"] == side for row in rows)
            assert found == counted[side]


def _tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [name for name in listed.stdout.split("\0") if name]
