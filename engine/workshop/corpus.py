"""The scores we may learn from: archives with a licence row for every file.

Only rows marked ``confidence = high`` are used, but for the corpora named in ``ACCEPTED``, whose
reason is recorded beside them. Whatever is left out is counted and said.
"""

import csv
import hashlib
import io
import re
import tarfile
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

OWN = "own"  # what our own code makes, for trying the recipe: engine.workshop.own
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
    OWN: (1, 1000),
}
# OpenEWLD's rows are all "medium" because its users typed the chords; the works themselves were
# checked name by name (every author dead by 1955, first performed by 1930 or unknown). We take
# them as the only lead sheets there are.
# The Billboard charts are "medium" because the songs are not free, though their annotation is CC0:
# the planner learns from all of them how usual chords are, no song's chart is kept or played.
ACCEPTED: dict[str, frozenset[str]] = {
    "openewld": frozenset({"high", "medium"}),
    "mcgill_billboard": frozenset({"high", "medium"}),
}
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
    OWN: "scores made by this program (engine/workshop/own.py)",
    "mcgill_billboard": "The McGill Billboard annotations (John Ashley Burgoyne, Jonathan Wild, "
    "Ichiro Fujinaga: An Expert Ground Truth Set for Audio Chord Recognition and Music Analysis, "
    "ISMIR 2011)",
    "free_midi_chords": "free-midi-chords by Ludovic Drolez, MIT licence",
}
_NEEDED = ("path", "origin", "sha256_midi")  # of every row, beside its licence
HELD_OUT = 20  # one work in twenty is never trained on
# Works that stand in the corpora under two names: found where two files shared more than 30 % of
# their runs of twelve notes (engine.workshop.leaks), for no title tells it.
SAME: dict[str, str] = {
    "beethoven/symphony no 5 opus 67": "beethoven/symphony no 5 op 67",
    "chopin/etude as dur": "chopin/op 25 no 1",
    "chopin/op 7 no 5": "chopin/op 6 no 5",
    "game/ambiguity": "game/mus e3m4",
    "game/mists over the mire": "game/mus e3m8",
    "game/mus e2m7": "game/mus e2m4",
    "game/mus e3m3": "game/mus e2m6",
    "game/the deepest secrets": "game/mus e3m9",
    "kosciuszko/polonaise": "kosciuszko/waltz",
    "monfreulle/polonez": "elsner/polonez",
    "munktell/dans le lointain des bois": "munktell/fjerran pa enslig stig",
    "reichardt/wenn ich ihn nur habe": "reichardt/geistliches lied",
    "schumann/nun hast du mir den ersten schmerz getan": "schumann/seit ich ihn gesehen",
    "shelf/pl-kozmzk--mzk-m-31--001": "shelf/pl-wnifc--3119-n--001",
    "shelf/pl-sa--67-a-ii-7--001": "haydn/string quartet in e flat major hob iii2 op 1 no 2",
    "shelf/pl-sa--9-a-i-9--001": "haydn/string quartet in g major hob iii4 op 1 no 4",
    "shelf/pl-wtm--r-1421--001": "stefani/polka",
    "smietanski/caprise sur un theme cracovien": "smietanski/fantaisie sur le krakowiak",
    "smietanski/mazurek a dur": "smietanski/mazurka",
    "somervell/loveliest of trees the cherry now": "somervell/into my heart an air that kills",
    "stefani/bartek mazur na zadanie": "stefani/mazur",
    "stefani/mazur nr 5": "stefani/mazur",
    "stefani/mazur rok 1869": "stefani/mazur",
    "stefani/polka z baletu korsarz": "stefani/szalona marychna",
    "stefani/polonez ze spiewem": "stefani/polonez",
}
# Chopin's opuses of several movements, and 41 and 72, whose editions count the pieces differently:
# all their files are one work. Elsewhere an opus has one work for every number.
_WHOLE_OPUSES = frozenset({4, 8, 11, 21, 35, 41, 58, 65, 72})


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
    """Every score we may learn from; ``report`` counts what was taken, left, and why.

    An archive that is not there is reported; `LookupError` when none is.
    """
    for corpus in _there(folder, report):
        taken, most = 0, CORPORA[corpus][1]
        members, sources = opened(folder / f"{corpus}.tar.zst", corpus)
        for source in sources:
            reason = refused(corpus, source, members) or _nameless(source)
            if reason is None and taken >= most:
                reason = "beyond this run's share"
            if reason is not None:
                report[f"{corpus}: {reason}"] += 1
                continue
            taken += 1
            report[f"{corpus}: taken"] += 1
            yield row_of(corpus, source, members[source["path"]])


def _there(folder: Path, report: Counter[str]) -> list[str]:
    there = [corpus for corpus in CORPORA if (folder / f"{corpus}.tar.zst").is_file()]
    if not there:
        named = ", ".join(f"{corpus}.tar.zst" for corpus in CORPORA)
        raise LookupError(
            f"no corpus in {folder}; known are {named}. "
            f"`python -m engine.workshop own --out {folder}` makes one of our own scores"
        )
    report.update({f"{corpus}: no archive": 1 for corpus in CORPORA if corpus not in (*there, OWN)})
    return there


def opened(archive: Path, corpus: str) -> tuple[dict[str, bytes], list[dict[str, str]]]:
    """An archive's scores by path and its licence rows; `LookupError` when it is no archive of
    scores with a row for each."""
    members = _unpacked(archive, corpus)
    listed = csv.DictReader(
        io.StringIO(members.pop("SOURCES.tsv", b"").decode("utf-8", "replace")), delimiter="\t"
    )
    missing = [name for name in _NEEDED if name not in (listed.fieldnames or ())]
    if missing:
        raise LookupError(f"{archive}: its SOURCES.tsv is missing or has no {', '.join(missing)}")
    # A fixed shuffle, so that a share of a large corpus is not one composer's.
    return members, sorted(listed, key=lambda row: hashlib.sha256(row["path"].encode()).digest())


def _unpacked(archive: Path, corpus: str) -> dict[str, bytes]:
    import zstandard  # the card is written from this module too, where nothing is unpacked

    members: dict[str, bytes] = {}
    try:
        with archive.open("rb") as packed:
            stream = zstandard.ZstdDecompressor().stream_reader(packed)
            with tarfile.open(fileobj=stream, mode="r|") as tar:
                for member in tar:
                    name = member.name.removeprefix(f"{corpus}/")
                    wanted = name.startswith("midi/") or name == "SOURCES.tsv"
                    content = tar.extractfile(member) if wanted and member.isfile() else None
                    if content is not None:
                        members[name] = content.read()
    except (zstandard.ZstdError, tarfile.TarError) as wrong:
        raise LookupError(f"{archive} cannot be unpacked: {wrong}") from None
    return members


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


def _nameless(source: dict[str, str]) -> str | None:
    """Why a row cannot be told from other works; None when it can."""
    lacking = [name for name in ("title", "composer") if source.get(name) is None]
    return f"no {' and '.join(lacking)}: {source['path']}" if lacking else None


def row_of(corpus: str, source: dict[str, str], content: bytes) -> Row:
    """A row with its work."""
    facts = dict(one.split("=", 1) for one in source.get("extra", "").split(";") if "=" in one)
    return Row(
        corpus=corpus,
        path=source["path"],
        work=work_of(corpus, source),
        licence=source["licence"],
        origin=source["origin"],
        sha256=source["sha256_midi"],
        typesetter=facts.get("typesetter", ""),
        content=content,
    )


def work_of(corpus: str, source: dict[str, str]) -> str:
    """The work that a file is an edition, a revision, a movement or a part of.

    Too few works do no harm here, too many let the same notes stand on both sides of the split.
    """
    named = _NAMED.get(corpus, _by_composer)(source)
    return SAME.get(named, named)


def _by_composer(source: dict[str, str]) -> str:
    """Surname and title: of a movement the whole's (" / 3"), of a song without its number in the
    set ("3b "), and without what stands in parentheses."""
    title = re.sub(r"^\d+[a-z]? ", "", source["title"].split(" / ")[0].split(" (")[0])
    return f"{_surname(source['composer'])}/{_plain(title)}"


def _chopin(source: dict[str, str]) -> str:
    """Opus and number, as the file's name says: 025_1_6_1d_BH_003 is op. 25 no. 3, and 034_1_1_BH
    is op. 34 no. 1; what has no opus goes by its first word."""
    first, *parts = Path(source["path"]).stem.split("_")
    found = re.match(r"\d+", first)
    if found is None:
        return f"chopin/{first.lower()}"
    opus = int(found[0])
    if opus in _WHOLE_OPUSES:
        return f"chopin/op {opus}"
    several = parts[0] if parts[1][0].isdigit() else "1"
    number = next((one for one in parts if re.fullmatch(r"\d{3}", one)), several)
    return f"chopin/op {opus} no {int(number)}"


def _polish(source: dict[str, str]) -> str:
    """By library, shelf and piece where a file is one of a set (…--001-003_…), else by title."""
    found = re.search(r"/([^/]+--\d{3})-\d{3}[-_][^/]*$", source["origin"])
    title = re.sub(r"(?<=.) \[(post correcturam|dublet)\]$", "", source["title"])
    return f"shelf/{found[1]}" if found else _by_composer(source | {"title": title})


def _game(source: dict[str, str]) -> str:
    """The title, or that of the tune it is a remix of; people sign themselves in many ways."""
    older = re.search(r"(?:remix of|based on) (?:\"([^\"]+)\"|(\S+))", source["composer"])
    title = (older[1] or older[2]) if older else source["title"].split(" (")[0]
    plain = re.sub(r"\.mi?[du]s?$", "", title.strip(), flags=re.IGNORECASE)
    return f"game/{_plain(plain) or Path(source['path']).stem.split('_')[0]}"


def _lead_sheet(source: dict[str, str]) -> str:
    """The title; composers and poets are named in many ways."""
    return f"song/{_plain(source['title'].split(' (')[0])}"


_NAMED = {
    "freedoom": _game,
    "blasphemer": _game,
    "openewld": _lead_sheet,
    "polish_scores": _polish,
    "chopin_first_editions": _chopin,
}


def _surname(composer: str) -> str:
    """Of "Chopin, Fryderyk", "Frédéric Chopin" and "ChopinFF" the same."""
    name = composer.strip().split(",")[0] if "," in composer else composer.strip().split(" ")[-1]
    short = re.fullmatch(r"([A-Z][a-zé]+)[A-Z][A-Za-z]*", name)
    return _plain(short[1] if short else name)


def _plain(text: str) -> str:
    """Lower case without accents, one blank for all that is neither letter nor digit."""
    base = unicodedata.normalize("NFKD", text.lower().replace("ł", "l"))
    bare = "".join(one for one in base if not unicodedata.combining(one))
    return re.sub(r"[\W_]+", " ", bare).strip()
