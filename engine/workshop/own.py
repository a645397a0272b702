"""Scores that our own code makes, packed like any corpus: the recipe can be tried without a note
by anybody else.

Plans of every style in turn, lines by rule alone, arranged as the studio arranges. No weights have
a hand in it, so what is trained on it owes nothing to other corpora; nor is it worth more than a
try, for it has no ideas.
"""

import csv
import hashlib
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

from engine import styles
from engine.arrange.arranging import arrange
from engine.arrange.midi import write_midi
from engine.contracts import Brief, Plan
from engine.plan import draw
from engine.provenance.origin import derive_seed
from engine.score import Score
from engine.words import resolve
from engine.workshop.corpus import OWN
from engine.workshop.rulemade import rule_lines

PIECES = 120
LENGTH_MS = 45_000
HEADS = (
    "path", "title", "composer", "licence", "origin", "sha256_midi", "confidence", "extra",
)  # fmt: skip
_ROLES = ("lead", "bass", "counter")  # whose lines there are rules for
_LICENCE = """\
These scores were made by engine/workshop/own.py, a program, from a seed. As far as they can be
anybody's they are dedicated to the public domain: CC0 1.0 Universal,
https://creativecommons.org/publicdomain/zero/1.0/
"""


def make(folder: Path, pieces: int, seed: int) -> Path:
    """Write the archive into a folder of corpora; the same pieces and seed give the same bytes."""
    if pieces < 1:
        raise ValueError(f"{pieces} pieces; at least 1 can be packed")
    members = {"LICENSE": _LICENCE.encode()}
    rows = []
    for number, score in enumerate(scores(pieces, seed), 1):
        path, content = f"midi/{number:04d}_{score.plan.style}.mid", write_midi(score)
        members[path] = content
        rows.append(_row(path, number, score.plan, content, seed))
    members["SOURCES.tsv"] = _listed(rows)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{OWN}.tar.zst"
    partial = file.with_suffix(".partial")
    partial.write_bytes(packed(members))
    partial.rename(file)
    return file


def scores(pieces: int, seed: int) -> Iterator[Score]:
    """One piece after the other, of every style in turn."""
    names = styles.names()
    for number in range(pieces):
        own = derive_seed(seed, number)
        brief = Brief(style=names[number % len(names)], kind="bed", duration_ms=LENGTH_MS)
        plan = draw(resolve(brief, own), own, 1)[0]
        roles = [part.role for part in plan.parts if part.role in _ROLES]
        yield arrange(plan, rule_lines(plan, own, roles), own)


def _row(path: str, number: int, plan: Plan, content: bytes, seed: int) -> dict[str, str]:
    return {
        "path": path,
        "title": f"Piece {number} ({plan.style})",
        "composer": "Cuesmith",
        "licence": "CC0-1.0",
        "origin": f"engine/workshop/own.py, seed {seed}, piece {number}",
        "sha256_midi": hashlib.sha256(content).hexdigest(),
        "confidence": "high",
        "extra": f"style={plan.style};meter={plan.meter};bars={plan.bars}",
    }


def _listed(rows: list[dict[str, str]]) -> bytes:
    listed = io.StringIO()
    writer = csv.DictWriter(listed, HEADS, delimiter="\t", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return listed.getvalue().encode()


def packed(members: dict[str, bytes]) -> bytes:
    """An archive as the corpora are packed, always the same bytes."""
    import zstandard  # scores can be had without it

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(f"{OWN}/{name}")  # without time or owner
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return zstandard.ZstdCompressor(level=10).compress(packed.getvalue())
