"""The index of the training works for serving, and what people share with each other by it.

Only files that the weights' own list names as trained on go in; one that is missing from the
corpora, or is another file now, is an error and not a gap.
"""

import csv
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from engine.critique import originality
from engine.midi.reading import Heard, read
from engine.workshop import corpus
from engine.workshop.extract import Window, rng_of, windows
from engine.workshop.frequencies import Frequencies
from engine.workshop.sheaf import school_of

INDEX, FREQUENCIES = "training-runs.npz", "frequencies.npz"
FEWEST_NOTES = 8  # of a part that is a part


def make(folder: Path, models: Path) -> dict[str, Any]:
    """Write the index and the baseline's counts beside the weights, and name both in their
    manifest; returns what the manifest says of the index."""
    manifest = manifest_of(models)
    rows = list(_rows(folder, models))
    with ProcessPoolExecutor(2) as workers:
        lines = workers.map(_lines, [row.content for row in rows], chunksize=8)
        parts = dict(zip([f"{row.corpus}/{row.path}" for row in rows], lines, strict=True))
    sides = {f"{row['corpus']}/{row['path']}": row["side"] for row in training_files(models)}
    trained = sorted(name for name in parts if sides[name] == "train")
    index = originality.built((name, parts[name]) for name in trained)
    originality.write(index, models / INDEX)
    _count(rows, sides, manifest["seed"], models / FREQUENCIES)
    held = [shared(index, parts[name]) for name in sorted(parts) if sides[name] == "held out"]
    said = {
        "file": INDEX,
        "sha256": _digest(models / INDEX),
        "bytes": (models / INDEX).stat().st_size,
        "works": len(index.names),
        "places": len(index.keys),
        "limit_notes": originality.MOST_NOTES,
        "limit_distinct_intervals": originality.DISTINCT,
        "human_held_out": spread(held),
    }
    manifest["originality"] = said
    manifest["frequencies"] = {"file": FREQUENCIES, "sha256": _digest(models / FREQUENCIES)}
    manifest["typesetters"] = sorted({row.typesetter for row in rows if row.typesetter})
    keep(models, manifest)
    return said


def manifest_of(models: Path) -> dict[str, Any]:
    """The weights' manifest."""
    return msgspec.json.decode((models / "manifest.json").read_bytes())


def keep(models: Path, manifest: dict[str, Any]) -> None:
    """Write the manifest as `export` does."""
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"
    (models / "manifest.json").write_bytes(text)


def training_files(models: Path) -> list[dict[str, str]]:
    """Every file that the weights were trained on or measured by, and its side."""
    with (models / "training-files.tsv").open(newline="") as listed:
        return list(csv.DictReader(listed, delimiter="\t"))


def spread(longest: Sequence[int]) -> dict[str, Any]:
    """How long the longest shared runs of some pieces are, in notes."""
    at = {name: float(np.percentile(longest, share)) for name, share in
          (("median", 50), ("p90", 90), ("p95", 95), ("p99", 99))}  # fmt: skip
    over = sum(one >= originality.MOST_NOTES for one in longest)
    return {"pieces": len(longest), **{name: round(value, 1) for name, value in at.items()},
            "longest": int(max(longest)), "at_or_over_limit": over}  # fmt: skip


def shared(index: originality.Index, lines: Sequence[np.ndarray]) -> int:
    """Notes of the longest run that some lines share with the index."""
    return max((index.longest_of(line).longest_run for line in lines), default=0)


def _rows(folder: Path, models: Path) -> Iterator[corpus.Row]:
    listed = {(row["corpus"], row["path"]): row["sha256"] for row in training_files(models)}
    for row in corpus.rows(folder, Counter()):
        if listed.get((row.corpus, row.path)) == row.sha256:
            del listed[row.corpus, row.path]
            yield row
    if listed:
        one = "/".join(min(listed))
        raise LookupError(f"{len(listed)} files of the weights are not in {folder}, as {one}")


def _lines(content: bytes) -> list[np.ndarray]:
    return lines_of(read(content))


def lines_of(heard: Heard) -> list[np.ndarray]:
    """The steps of every part's outer lines."""
    found = []
    for track in heard.tracks:
        if track.drums or len(track.notes) < FEWEST_NOTES:
            continue
        upper = originality.steps_of(track.notes)
        lower = originality.steps_of(track.notes, top=False)
        found += [upper] if np.array_equal(upper, lower) else [upper, lower]
    return found


def _count(rows: list[corpus.Row], sides: dict[str, str], seed: int, file: Path) -> None:
    trained = [row for row in rows if sides[f"{row.corpus}/{row.path}"] == "train"]
    jobs = [(row.content, seed, row.sha256, school_of(row.corpus)) for row in trained]
    with ProcessPoolExecutor(2) as workers:
        found = workers.map(_windows, *zip(*jobs, strict=True), chunksize=8)
        Frequencies.counted(window for some in found for window in some).write(file)


def _windows(content: bytes, seed: int, sha256: str, school: int) -> list[Window]:
    return list(windows(read(content), rng_of(seed, sha256), school))


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
