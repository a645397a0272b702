"""How well the shipped composer foretells some MIDI files: bits per note, beside a baseline.

The files are read into the windows that training uses and fed through the exported network, every
step with what was really written before it. Nothing here needs torch or the corpora.
"""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import structs

from engine.compose.codes import FIRST_PITCH, ROLES
from engine.compose.composer import PACKAGED
from engine.compose.network import Network
from engine.errors import ModelMissing
from engine.midi.reading import MOST_BYTES, Heard, UnreadableMidi, read
from engine.score import TICKS_PER_QUARTER, Note
from engine.weights import manifest_of, verified
from engine.workshop.extract import WINDOW_BARS, Window, padded, rng_of, windows
from engine.workshop.frequencies import Frequencies
from engine.workshop.index import training_files

MOST_FILES = 20_000
MOST_WINDOWS = 256  # of one file: 4,096 bars
_ROWS = 8
_ROLE = 2  # place of the role among the features


class Meter:
    """The network and the baseline, ready to measure."""

    def __init__(self, models: Path = PACKAGED) -> None:
        self.manifest = manifest_of(models, "composer", told=("files", "seed"))
        named = self.manifest.get("frequencies")
        if named is None:
            raise ModelMissing(
                f"the manifest in {models} names no counts for the baseline; "
                f"python -m engine.workshop index makes them"
            )
        for name, sha256 in (self.manifest["files"] | {named["file"]: named["sha256"]}).items():
            verified(models / name, sha256)
        self._network = Network(models, slots=_ROWS)
        self._frequencies = Frequencies.read(models / named["file"])

    def windows(self, content: bytes, school: int = 0) -> tuple[list[Window], bool]:
        """The windows that training would have made of a file's first 4,096 bars, and whether
        there is more of it."""
        rng = rng_of(self.manifest["seed"], hashlib.sha256(content).hexdigest())
        # One bar more, so that the last window is not taken for the piece's end.
        whole = read(content)
        heard = beginning(whole, MOST_WINDOWS * WINDOW_BARS + 1)
        return list(islice(windows(heard, rng, school), MOST_WINDOWS)), heard is not whole

    def measure(self, chosen: Sequence[Window]) -> np.ndarray:
        """(roles, 3) bits under the network, under the baseline, and notes."""
        sums = np.zeros((len(ROLES), 3))
        for at in range(0, len(chosen), _ROWS):
            some = chosen[at : at + _ROWS]
            for window, own in zip(some, self._surprise(some), strict=True):
                plain = self._frequencies.bits(window)
                sounds = window.codes >= FIRST_PITCH
                for role in range(len(ROLES)):
                    here = window.ids[:, _ROLE] == role
                    sums[role] += own[here].sum(), plain[here].sum(), (sounds & here).sum()
        return sums

    def _surprise(self, some: Sequence[Window]) -> Iterator[np.ndarray]:
        """(steps,) bits of every window's steps, code and duration together."""
        given = padded(some)
        rows, steps = given.codes.shape
        # A batch of one takes another path through the matrix kernels and rounds differently.
        ids, bits = (np.repeat(one, 2, 0) if rows == 1 else one for one in (given.ids, given.bits))
        held = slice(0, len(ids))
        logits, hidden = self._network.step(ids, bits, [0] * len(ids), held)
        codes = np.maximum(given.codes, 0)
        lasting = self._network.durations(hidden[:rows].reshape(rows * steps, -1), codes.ravel())
        spent = _bits(logits[:rows], codes) + _bits(
            lasting.reshape(rows, steps, -1), np.maximum(given.units, 0)
        )
        for row, window in enumerate(some):
            yield spent[row, : len(window.codes)]


def measure(folder: Path, models: Path = PACKAGED) -> dict[str, Any]:
    """Measure every MIDI file below a folder.

    A file is known by its digest if the weights were trained on it or measured by it; then it
    counts for its corpus, and ``side`` says which. Others count for their first folder.
    """
    meter = Meter(models)
    known = {row["sha256"]: row for row in training_files(models)}
    by_corpus: dict[str, np.ndarray] = {}
    total, per_file, unreadable = np.zeros((len(ROLES), 3)), [], []
    for file in _files(folder):
        name = file.relative_to(folder).as_posix()
        try:
            content = _content(file)
            found, cut = meter.windows(content)
        except (UnreadableMidi, OSError) as error:
            unreadable.append({"file": name, "reason": str(error)})
            continue
        if not found:
            unreadable.append({"file": name, "reason": "no melody that the composer could read"})
            continue
        sums = meter.measure(found)
        row = known.get(hashlib.sha256(content).hexdigest())
        corpus = row["corpus"] if row else name.split("/")[0] if "/" in name else "."
        total = total + sums
        by_corpus[corpus] = by_corpus.get(corpus, 0) + sums
        per_file.append(
            {"file": name, "corpus": corpus, "side": row["side"] if row else "unknown to training"}
            | _figures(sums.sum(0))
            | ({"measured_bars": MOST_WINDOWS * WINDOW_BARS} if cut else {})
        )
    return {
        "model": meter.manifest["name"],
        "model_files": meter.manifest["files"],
        **_figures(total.sum(0)),
        "per_role": {role: _figures(row) for role, row in zip(ROLES, total, strict=True)},
        "per_corpus": {
            name: _figures(sums.sum(0))
            | {"per_role": {role: _figures(row) for role, row in zip(ROLES, sums, strict=True)}}
            for name, sums in sorted(by_corpus.items())
        },
        "per_file": per_file,
        "unreadable": unreadable,
    }


def beginning(heard: Heard, bars: int) -> Heard:
    """A piece's first bars; all of it when it has no more. What comes after costs nothing, whatever
    a file has there."""
    end, current = 0, 0
    for _ in range(bars):
        while current + 1 < len(heard.meters) and heard.meters[current + 1][0] <= end:
            current += 1
        _, over, under = heard.meters[current]
        end += over * 4 * TICKS_PER_QUARTER // under
        if end >= heard.length:
            return heard
    tracks = (
        structs.replace(track, notes=tuple(_until(end, track.notes))) for track in heard.tracks
    )
    return structs.replace(heard, tracks=tuple(tracks), length=end)


def _until(end: int, notes: Sequence[Note]) -> Iterator[Note]:
    for note in notes:
        if note.start < end:
            yield Note(note.start, min(note.length, end - note.start), note.pitch, note.velocity)


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder")
    every = folder.rglob("*")
    found = (one for one in every if one.suffix.lower() in (".mid", ".midi") and one.is_file())
    files = sorted(islice(found, MOST_FILES + 1))
    if len(files) > MOST_FILES:
        raise OSError(f"more than {MOST_FILES} MIDI files below {folder}")
    return files


def _content(file: Path) -> bytes:
    size = file.stat().st_size
    if size > MOST_BYTES:
        raise UnreadableMidi(f"{size} bytes; at most {MOST_BYTES} are read")
    return file.read_bytes()


def _figures(sums: np.ndarray) -> dict[str, Any]:
    own, plain, notes = sums
    if not notes:
        return {"bits_per_note": None, "baseline_bits_per_note": None, "notes": 0}
    return {
        "bits_per_note": round(float(own / notes), 3),
        "baseline_bits_per_note": round(float(plain / notes), 3),
        "notes": int(notes),
    }


def _bits(logits: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """(rows, steps) negative log2 likelihood of what was chosen."""
    wanted = logits.astype(np.float64)
    top = wanted.max(-1, keepdims=True)
    total = np.log(np.exp(wanted - top).sum(-1)) + top[..., 0]
    picked = np.take_along_axis(wanted, chosen[..., None], -1)[..., 0]
    return (total - picked) / np.log(2)
