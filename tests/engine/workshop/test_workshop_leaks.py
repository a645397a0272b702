"""A work that stands on both sides of the split is found by its notes, whatever it is called."""

import csv
import hashlib
import io
from itertools import count
from pathlib import Path

import pytest

from engine.arrange.midi import write_midi
from engine.workshop import corpus, leaks, own

pytest.importorskip("zstandard", reason="the corpora are packed with it")


def source(title: str, content: bytes) -> dict[str, str]:
    return {
        "path": f"midi/{title}.mid", "title": title, "composer": "Ours", "licence": "CC0-1.0",
        "origin": "made by a test", "confidence": "high",
        "sha256_midi": hashlib.sha256(content).hexdigest(),
    }  # fmt: skip


def titles(*, held_out: bool) -> list[str]:
    """Names whose works fall on one side."""
    return [
        title
        for number in range(200)
        if corpus.row_of("own", source(title := f"Study {number}", b""), b"").held_out == held_out
    ]


def packed(folder: Path, pieces: dict[str, bytes]) -> Path:
    listed = io.StringIO()
    rows = [source(title, content) for title, content in pieces.items()]
    writer = csv.DictWriter(listed, rows[0].keys(), delimiter="\t")
    writer.writeheader()
    writer.writerows(rows)
    members = {f"midi/{title}.mid": content for title, content in pieces.items()}
    (folder / "own.tar.zst").write_bytes(
        own.packed(members | {"SOURCES.tsv": listed.getvalue().encode()})
    )
    return folder


def test_an_edition_under_another_title_is_found_on_both_sides(tmp_path: Path) -> None:
    works = [write_midi(score) for score in own.scores(6, 11)]
    kept, trained = titles(held_out=True), titles(held_out=False)
    pieces = dict(zip(trained, works[:5], strict=False))
    pieces |= {kept[0]: works[1], kept[1]: works[5]}  # one printed again, one of its own
    found = leaks.make(packed(tmp_path, pieces))
    assert found["files"] == found["works"] == 7
    assert found["held_out_files"] == 2
    assert found["leaks"] == [
        {"file": f"own/midi/{kept[0]}.mid", "shared": 1.0, "runs": found["leaks"][0]["runs"]}
    ]
    assert 0 < found["shared"] < 1
    assert [set(pair["works"]) for pair in found["alike"]] == [
        {f"ours/{name.lower()}" for name in (trained[1], kept[0])}
    ]


def test_works_apart_share_little(tmp_path: Path) -> None:
    works = [write_midi(score) for score in own.scores(4, 12)]
    names = zip(count(), works, strict=False)
    kept, trained = titles(held_out=True), titles(held_out=False)
    found = leaks.make(
        packed(tmp_path, {(kept if at == 3 else trained)[at]: one for at, one in names})
    )
    assert found["held_out_files"] == 1
    assert found["leaks"] == found["alike"] == []
    assert found["shared"] < leaks.MUCH
