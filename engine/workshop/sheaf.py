"""What is trained on: the corpora read once into windows, and kept for the next run."""

from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import msgspec
import numpy as np

from engine.compose.codes import FEATURES, SCHOOLS
from engine.midi.reading import UnreadableMidi, read
from engine.workshop import corpus
from engine.workshop.extract import WINDOW_BARS, Window, rng_of, windows

# What the music of a corpus is like; others are not told.
SCHOOL_OF: dict[str, str] = {
    "freedoom": "game", "blasphemer": "game", "openewld": "song", "openscore_lieder": "lied",
    "openscore_quartets": "quartet", "openscore_orchestra": "orchestra", "polish_scores": "piano",
    "chopin_first_editions": "piano", "mutopia": "piano", "groove_midi": "kit",
}  # fmt: skip
_ARRAYS = ("ids", "chroma", "codes", "units")


class Sheaf(msgspec.Struct, frozen=True, kw_only=True):
    """Prepared windows of both sides of the split, and what they were made of.

    ``weights`` (train windows,) how often each is heard; ``held_out`` by corpus.
    """

    train: list[Window]
    weights: np.ndarray
    held_out: dict[str, list[Window]]
    files: list[dict[str, str]]
    report: dict[str, int]


def prepare(folder: Path, cache: Path, seed: int) -> Sheaf:
    """Read the corpora, or what an earlier run prepared from them."""
    if cache.exists():
        return load(cache)
    report: Counter[str] = Counter()
    rows = list(corpus.rows(folder, report))
    train, weights, held_out, files = [], [], {}, []
    with ProcessPoolExecutor(2) as workers:
        jobs = ((row.content, seed, row.sha256, school_of(row.corpus), _hop(row)) for row in rows)
        for row, found in zip(rows, workers.map(_read, *zip(*jobs, strict=True), chunksize=8),
                              strict=True):  # fmt: skip
            if not found:
                report[f"{row.corpus}: no lines found"] += 1
                continue
            files.append(
                {"corpus": row.corpus, "path": row.path, "licence": row.licence,
                 "origin": row.origin, "sha256": row.sha256,
                 "side": "held out" if row.held_out else "train"}
            )  # fmt: skip
            if row.held_out:
                held_out.setdefault(row.corpus, []).extend(found)
            else:
                train.extend(found)
                weights.extend([corpus.CORPORA[row.corpus][0]] * len(found))
    sheaf = Sheaf(
        train=train, weights=np.array(weights, np.float64), held_out=held_out, files=files,
        report=dict(report),
    )  # fmt: skip
    save(sheaf, cache)
    return sheaf


def _hop(row: corpus.Row) -> int:
    """Corpora that are heard more often than others are cut in more places."""
    often = corpus.CORPORA[row.corpus][0] > 1 and not row.held_out
    return WINDOW_BARS // 2 if often else WINDOW_BARS


def school_of(name: str) -> int:
    """The school of a corpus, as a feature; 0 where none is known."""
    return SCHOOLS.index(SCHOOL_OF.get(name, ""))


def save(sheaf: Sheaf, cache: Path) -> None:
    """Keep the windows; feature by feature, which packs better than step by step."""
    cache.parent.mkdir(parents=True, exist_ok=True)
    every = [("train", window) for window in sheaf.train]
    for name, held in sheaf.held_out.items():
        every += [(name, window) for window in held]
    arrays = {
        key: np.ascontiguousarray(np.concatenate([getattr(window, key) for _, window in every]).T)
        for key in _ARRAYS
    }
    facts = {"files": sheaf.files, "report": sheaf.report, "sides": [side for side, _ in every]}
    partial = cache.with_suffix(".partial.npz")
    np.savez_compressed(
        partial, lengths=np.array([len(window.codes) for _, window in every]),
        weights=sheaf.weights, facts=np.frombuffer(msgspec.json.encode(facts), np.uint8), **arrays,
    )  # fmt: skip
    partial.rename(cache)


def load(cache: Path) -> Sheaf:
    """What `save` kept; `ValueError` when it was made for other features."""
    with np.load(cache, allow_pickle=False) as kept:
        facts = msgspec.json.decode(kept["facts"].tobytes())
        arrays = {key: np.ascontiguousarray(kept[key].T) for key in _ARRAYS}
        lengths, weights = kept["lengths"], kept["weights"]
    if arrays["ids"].shape[1] != len(FEATURES):
        raise ValueError(f"{cache} was made for other features: delete it, then run this again")
    ends = np.cumsum(lengths)
    train: list[Window] = []
    held_out: dict[str, list[Window]] = {}
    for side, begin, end in zip(facts["sides"], ends - lengths, ends, strict=True):
        window = Window(**{key: array[begin:end] for key, array in arrays.items()})
        (train if side == "train" else held_out.setdefault(side, [])).append(window)
    return Sheaf(
        train=train, weights=weights, held_out=held_out, files=facts["files"],
        report=facts["report"],
    )  # fmt: skip


def _read(content: bytes, seed: int, sha256: str, school: int, hop: int) -> list[Window]:
    try:
        return list(windows(read(content), rng_of(seed, sha256), school, hop))
    except UnreadableMidi as error:
        print(f"left out {sha256[:12]}: {error}", flush=True)
        return []
