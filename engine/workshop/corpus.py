"""The scores we may learn from: archives with a licence row for every file.

Only rows marked ``confidence = high`` are used, but for the corpora named in ``ACCEPTED``, whose
reason is recorded beside them. Whatever is left out is counted and said.
"""

import csv
import hashlib
import io
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

# name → (weight in training, most files taken). Freedoom and Blasphemer are the only modern
# multi-track music that is rights-clear; they are few, so they are heard more often.
CORPORA: dict[str, tuple[int, int]] = {
    "freedoom": (6, 1000),
    "blasphemer": (6, 1000),
    "openewld": (5, 1000),
    "openscore_lieder": (1, 2000),
    "openscore_quartets": (1, 200),
    "openscore_orchestra": (2, 200),
    "polish_scores": (1, 1000),
    "chopin_first_editions": (1, 240),
    "mutopia": (2, 100),
    "groove_midi": (2, 2000),
}
# OpenEWLD's rows are all "medium" because its users typed the chords; the works themselves were
# checked name by name (every author dead by 1955, first performed by 1930 or unknown). We take
# them as the only lead sheets there are.
ACCEPTED: dict[str, frozenset[str]] = {"openewld": frozenset({"high", "medium"})}
# Who is to be named wherever the corpora, or what was learned from them, are passed on.
CREDITS: dict[str, str] = {
    "freedoom": "The Freedoom project and its musicians (CREDITS-MUSIC), "
    "https://github.com/freedoom/freedoom",
    "blasphemer": "The Blasphemer project (CREDITS.md), DMX MUS files converted to MIDI",
    "openewld": "OpenEWLD by Federico Simonetta; works filtered again here, see ACCEPTED in "
    "engine/workshop/corpus.py",
    "openscore_lieder": "OpenScore Lieder Corpus (Mark Gotham, Peter Jonas and others)",
    "openscore_quartets": "OpenScore String Quartets (Mark Gotham, Peter Jonas and others)",
    "openscore_orchestra": "OpenScore orchestral scores by way of Hauptstimme (Mark Gotham and "
    "others)",
    "polish_scores": "Polish Music Heritage in Open Access, The Fryderyk Chopin Institute (NIFC), "
    "https://polishscores.org; converted from Humdrum to MIDI, a subset",
    "chopin_first_editions": "Chopin first editions, The Fryderyk Chopin Institute (NIFC), "
    "https://chopinscores.org; converted from Humdrum to MIDI",
    "groove_midi": "Groove MIDI Dataset by Jon Gillick and others, Google Magenta, "
    "https://magenta.tensorflow.org/datasets/groove",
    "mutopia": "The Mutopia Project and its typesetters, https://www.mutopiaproject.org",
}
HELD_OUT = 20  # one work in twenty is never trained on


class Row(Struct, frozen=True, kw_only=True):
    """One score and the right to learn from it."""

    corpus: str
    path: str
    work: str
    licence: str
    origin: str
    sha256: str
    typesetter: str = ""
    content: bytes

    @property
    def held_out(self) -> bool:
        """Whether this work is kept for measuring; all its editions fall on the same side."""
        return int(hashlib.sha256(self.work.encode()).hexdigest(), 16) % HELD_OUT == 0


def rows(folder: Path, report: Counter[str]) -> Iterator[Row]:
    """Every score we may learn from; ``report`` counts what was taken, left, and why."""
    for corpus, (_, most) in CORPORA.items():
        taken = 0
        members, sources = opened(folder / f"{corpus}.tar.zst", corpus)
        for source in sources:
            reason = refused(corpus, source, members)
            if reason is None and taken >= most:
                reason = "beyond this run's share"
            if reason is not None:
                report[f"{corpus}: {reason}"] += 1
                continue
            taken += 1
            report[f"{corpus}: taken"] += 1
            yield row_of(corpus, source, members[source["path"]])


def opened(archive: Path, corpus: str) -> tuple[dict[str, bytes], list[dict[str, str]]]:
    """An archive's scores by path and its licence rows."""
    import zstandard  # the card is written from this module too, where nothing is unpacked

    members: dict[str, bytes] = {}
    with archive.open("rb") as packed:
        stream = zstandard.ZstdDecompressor().stream_reader(packed)
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            for member in tar:
                name = member.name.removeprefix(f"{corpus}/")
                wanted = name.startswith("midi/") or name == "SOURCES.tsv"
                if member.isfile() and wanted:
                    content = tar.extractfile(member)
                    assert content is not None
                    members[name] = content.read()
    text = io.StringIO(members["SOURCES.tsv"].decode())
    listed = list(csv.DictReader(text, delimiter="\t"))
    # A fixed shuffle, so that a share of a large corpus is not one composer's.
    return members, sorted(listed, key=lambda row: hashlib.sha256(row["path"].encode()).digest())


def refused(corpus: str, source: dict[str, str], members: dict[str, bytes]) -> str | None:
    """Why a row may not be learned from; None when it may."""
    if not (source.get("licence") or "").strip():
        return f"no licence: {source['path']}"
    if source.get("confidence") not in ACCEPTED.get(corpus, frozenset({"high"})):
        return f"confidence {source.get('confidence')}"
    content = members.get(source["path"])
    if content is None:
        return "file missing"
    if hashlib.sha256(content).hexdigest() != source["sha256_midi"]:
        return "digest differs"
    return None


def row_of(corpus: str, source: dict[str, str], content: bytes) -> Row:
    """A row with its work: files of one composer and one title are one work. So are Freedoom's
    revisions of a tune, and editions of Chopin that print the same title; what stands behind a
    title in parentheses does not count. Editions that print another title are not brought together.
    """
    facts = dict(one.split("=", 1) for one in source.get("extra", "").split(";") if "=" in one)
    title = source["title"].split(" (")[0].strip().lower()
    return Row(
        corpus=corpus,
        path=source["path"],
        work=f"{corpus}/{source['composer'].strip().lower()}/{title}",
        licence=source["licence"],
        origin=source["origin"],
        sha256=source["sha256_midi"],
        typesetter=facts.get("typesetter", ""),
        content=content,
    )
