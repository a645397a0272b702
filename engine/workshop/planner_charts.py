"""Chord charts from the corpora, as the planner learns from them: counted, never kept.

Three archives carry chords: annotated songs with named sections, lead sheets with chord markers,
and short progressions. Each is read into songs of sections of chord changes over the tonic. What
cannot be read is counted and said.
"""

import csv
import hashlib
import io
import re
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from engine.plan.degrees import BAR, KINDS, Change, code, inversion, quality
from engine.workshop import corpus

CHARTS = ("mcgill_billboard", "openewld", "free_midi_chords")
HELD_OUT = 10  # one work in ten is never counted
FEWEST = 4  # chords that make a lead sheet


class Part(Struct, frozen=True, kw_only=True):
    """A section of a song: ``letter`` is its name where the chart gives one."""

    kind: int
    letter: str
    bars: int
    changes: tuple[Change, ...]


class Song(Struct, frozen=True, kw_only=True):
    """A chart: ``mode`` 0 major, 1 minor; ``named`` says whether its sections are annotated."""

    corpus: str
    work: str
    licence: str
    mode: int
    named: bool
    parts: tuple[Part, ...]

    @property
    def held_out(self) -> bool:
        """Whether this work is kept for measuring; all charts of a work fall on the same side."""
        return int(hashlib.sha256(self.work.encode()).hexdigest(), 16) % HELD_OUT == 0


# A chord before its tonic is taken away: (root, intervals, bass), None for silence.
Heard = tuple[int, frozenset[int], int] | None
Bar = list[Heard]  # at equal shares of the bar


def songs(folder: Path, report: Counter[str]) -> Iterator[Song]:
    """Every chart we may count; ``report`` says what was taken, left, and why. An archive that is
    not there is said too; none at all is a `LookupError`."""
    there = [name for name in CHARTS if (folder / f"{name}.tar.zst").exists()]
    if not there:
        raise LookupError(f"no charts in {folder}: one of {', '.join(CHARTS)} is wanted (.tar.zst)")
    report.update(f"{name}: archive not there" for name in CHARTS if name not in there)
    for name in there:
        members = _unpacked(folder / f"{name}.tar.zst", name)
        text = io.StringIO(members["SOURCES.tsv"].decode())
        for source in csv.DictReader(text, delimiter="\t"):
            reason = refused(name, source, members)
            if reason is not None:
                report[f"{name}: {reason}"] += 1
                continue
            content = members[source["path"]]
            found = list(_READERS[name](content, corpus.row_of(name, source, content)))
            report[f"{name}: taken"] += len(found)
            if not found:
                report[f"{name}: no chords in it"] += 1
            yield from found


def refused(name: str, source: dict[str, str], members: dict[str, bytes]) -> str | None:
    """Why a row may not be counted, by the rules of all corpora. A chart is no MIDI file; its
    digest is the original's."""
    digest = source.get("sha256_midi") or source.get("sha256_orig") or ""
    return corpus.refused(name, {**source, "sha256_midi": digest}, members)


def _unpacked(archive: Path, name: str) -> dict[str, bytes]:
    """An archive's files by path; originals in other notations are passed over."""
    import zstandard

    members: dict[str, bytes] = {}
    with archive.open("rb") as packed:
        stream = zstandard.ZstdDecompressor().stream_reader(packed)
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            for member in tar:
                path = member.name.removeprefix(f"{name}/")
                if member.isfile() and not path.startswith("orig/"):
                    content = tar.extractfile(member)
                    assert content is not None
                    members[path] = content.read()
    return members


# --- annotated songs ------------------------------------------------------------------------------

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_SIGNED = re.compile(r"([A-G])([b#]*)")
_SHORTHAND = {
    "maj": (0, 4, 7), "min": (0, 3, 7), "7": (0, 4, 7, 10), "maj7": (0, 4, 7, 11),
    "min7": (0, 3, 7, 10), "maj6": (0, 4, 7, 9), "min6": (0, 3, 7, 9), "9": (0, 4, 7, 10, 2),
    "maj9": (0, 4, 7, 11, 2), "min9": (0, 3, 7, 10, 2), "11": (0, 4, 7, 10, 5),
    "min11": (0, 3, 7, 10, 5), "13": (0, 4, 7, 10, 9), "maj13": (0, 4, 7, 11, 9),
    "min13": (0, 3, 7, 10, 9), "sus4": (0, 5, 7), "sus2": (0, 2, 7), "5": (0, 7), "1": (0,),
    "dim": (0, 3, 6), "dim7": (0, 3, 6, 9), "hdim7": (0, 3, 6, 10), "aug": (0, 4, 8),
    "minmaj7": (0, 3, 7, 11),
}  # fmt: skip
_MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)
_DEGREE = re.compile(r"([b#]*)(\d+)")
_LABELS = {
    "intro": "intro", "verse": "verse", "refrain": "chorus", "chorus": "chorus", "theme": "verse",
    "main theme": "verse", "bridge": "bridge", "middle eight": "bridge", "solo": "break",
    "interlude": "break", "instrumental": "break", "trans": "break", "transition": "break",
    "pre-chorus": "bridge", "prechorus": "bridge", "pre-verse": "intro", "outro": "ending",
    "coda": "ending", "fadeout": "ending", "instrumental break": "break", "break": "break",
}  # fmt: skip
_LETTER = re.compile(r"[A-Y]'*")


class _Open(Struct, kw_only=True):
    """A section while its lines are read."""

    kind: str
    letter: str
    bars: list[Bar]


def _annotated(content: bytes, row: corpus.Row) -> Iterator[Song]:
    """A song of the annotated kind: a line a phrase, sections named where they begin."""
    tonic = 0
    sections: list[_Open] = []
    for line in content.decode().splitlines():
        if line.startswith("# tonic:"):
            tonic = _pitch_class(line.split(":", 1)[1].strip()) or 0
        if line.startswith("#") or "|" not in line:
            continue
        text = line.split("\t", 1)[-1]
        first, last = text.index("|"), text.rindex("|")
        before = [one.strip() for one in text[:first].split(",") if one.strip()]
        if "Z" in before:
            continue
        letter = next((one for one in before if _LETTER.fullmatch(one)), "")
        label = next((_LABELS[one] for one in before if one in _LABELS), "")
        if letter or label or not sections:
            sections.append(_Open(kind=label or "other", letter=letter, bars=[]))
        times = re.search(r"\bx(\d+)\b", text[last:])
        bars = [_bar(one, tonic) for one in text[first + 1 : last].split("|")]
        sections[-1].bars += bars * (min(16, int(times[1])) if times else 1)
    yield from _song(row, row.work, sections, named=True)


def _bar(text: str, tonic: int) -> Bar:
    """The chords of one bar at equal shares of it; a point says the one before again."""
    bar: Bar = []
    for word in text.split():
        if re.fullmatch(r"\(\d+/\d+\)", word):
            continue
        bar.append(bar[-1] if word == "." and bar else _symbol(word, tonic))
    return bar or [None]


def _symbol(word: str, tonic: int) -> Heard:
    """``"A:min7/b3"`` over a tonic; None where no chord is heard."""
    name, _, rest = word.partition(":")
    root = _pitch_class(name)
    if root is None:
        return None
    shape, _, bass = rest.partition("/")
    found = re.fullmatch(r"([a-z0-9]*)(?:\((.*)\))?", shape)
    if found is None:
        return None
    tones = set(_SHORTHAND.get(found[1], (0, 4, 7)))
    tones |= {one for part in (found[2] or "").split(",") if (one := _interval(part)) is not None}
    return (root - tonic) % 12, frozenset(tones), _interval(bass) or 0


def _interval(text: str) -> int | None:
    found = _DEGREE.fullmatch(text)
    if found is None or not 1 <= int(found[2]) <= 13:
        return None
    up = _MAJOR_SCALE[(int(found[2]) - 1) % 7]
    return (up + found[1].count("#") - found[1].count("b")) % 12


def _pitch_class(text: str) -> int | None:
    found = _SIGNED.fullmatch(text)
    if found is None:
        return None
    return (_STEPS[found[1]] + found[2].count("#") - found[2].count("b")) % 12


# --- lead sheets ----------------------------------------------------------------------------------

_MARK = re.compile(r"chord:([A-G][b#]*)([^/]*)(?:/([A-G][b#]*))?")


def _lead_sheet(content: bytes, row: corpus.Row) -> Iterator[Song]:
    """A tune with chord markers; its key signature and last chord say where home is."""
    from engine.midi import reading

    try:
        heard = reading.read(content)
        marks, sharps, division = _marks(content)
    except (reading.UnreadableMidi, IndexError):
        return
    named = [(at * 480 // division, _MARK.fullmatch(text)) for at, text in marks]
    chords = [(at, found) for at, found in named if found is not None]
    if len(chords) < FEWEST:
        return
    over, under = heard.meters[0][1:]
    ticks = 480 * 4 * over // under
    last = _pitch_class(chords[-1][1][1])
    tonic = sharps * 7 % 12
    tonic = (tonic + 9) % 12 if last == (tonic + 9) % 12 else tonic
    # A marker stands where the chord is heard: a bar is taken in quarters or thirds of itself.
    shares = 3 if over in (3, 9) else 4
    bars: list[Bar] = []
    for number in range(max(1, round(heard.length / ticks))):
        places = [number * ticks + place * ticks // shares for place in range(shares)]
        bars.append([_marked(chords, place, tonic) for place in places])
    yield from _song(row, row.work, [_Open(kind="other", letter="", bars=bars)], named=False)


def _marked(chords: list[tuple[int, re.Match[str]]], place: int, tonic: int) -> Heard:
    """The chord that holds at a tick."""
    found = next((one for at, one in reversed(chords) if at <= place), None)
    if found is None:
        return None
    root = _pitch_class(found[1])
    assert root is not None, "the pattern begins with a note's name"
    bass = _pitch_class(found[3]) if found[3] else root
    return (root - tonic) % 12, _popular(found[2]), ((bass or 0) - root) % 12


def _popular(suffix: str) -> frozenset[int]:
    """A lead sheet's suffix, as ``m7b5`` or ``sus4(add7)``, as semitones over the root."""
    if suffix.startswith("dim"):
        return frozenset((0, 3, 6))
    if suffix.startswith(("m7b5", "h")):
        return frozenset((0, 3, 6, 10))
    if suffix.startswith("aug"):
        return frozenset((0, 4, 8, 10) if "7" in suffix else (0, 4, 8))
    if suffix.startswith("sus"):
        return frozenset((0, 5, 7))
    if suffix.startswith("maj"):
        return frozenset((0, 4, 7, 11))
    minor = suffix.startswith("m")
    tones = {0, 3 if minor else 4, 7}
    if suffix.removeprefix("m").startswith(("7", "9", "11", "13")):
        tones.add(10)
    return frozenset(tones)


def _marks(content: bytes) -> tuple[list[tuple[int, str]], int, int]:
    """Texts of the first track by tick, the first key signature in sharps, ticks to the quarter."""
    division = int.from_bytes(content[12:14], "big")
    size = int.from_bytes(content[18:22], "big")
    at, end, tick = 22, 22 + size, 0
    marks: list[tuple[int, str]] = []
    signature: int | None = None
    while at < end:
        delta, at = _variable(content, at)
        tick += delta
        if content[at] != 0xFF:
            break  # the first track is for the conductor: a note ends what it says
        kind = content[at + 1]
        length, at = _variable(content, at + 2)
        body = content[at : at + length]
        at += length
        if kind in (0x01, 0x06) and body.startswith(b"chord:"):
            marks.append((tick, body.decode(errors="replace")))
        elif kind == 0x59 and signature is None:
            signature = int.from_bytes(body[:1], "big", signed=True)
    return marks, signature or 0, division


def _variable(content: bytes, at: int) -> tuple[int, int]:
    value = 0
    while True:
        byte = content[at]
        at, value = at + 1, value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at


# --- progressions ---------------------------------------------------------------------------------

_NUMERAL = re.compile(r"([b#]?)([IV]+|[iv]+)(.*)")
_ROMAN = {"i": 0, "ii": 1, "iii": 2, "iv": 3, "v": 4, "vi": 5, "vii": 6}
_MINOR_SCALE = (0, 2, 3, 5, 7, 8, 10)


def _progressions(content: bytes, row: corpus.Row) -> Iterator[Song]:
    """Short progressions, one chord a bar, as the table writes them; each is a work."""
    for line in csv.DictReader(io.StringIO(content.decode()), delimiter="\t"):
        bars: list[Bar] = [[_numeral(one, line["mode"])] for one in line["progression"].split()]
        work = f"{row.corpus}/{line['mode']} {line['progression']}"
        yield from _song(row, work, [_Open(kind="other", letter="", bars=bars)], named=False)


def _numeral(word: str, mode: str) -> Heard:
    found = _NUMERAL.fullmatch(word)
    if found is None or found[2].lower() not in _ROMAN:
        return None
    sign, numeral, suffix = found[1], found[2], found[3]
    step = _ROMAN[numeral.lower()]
    scale = _MINOR_SCALE if mode == "min" else _MAJOR_SCALE
    root = scale[step] + {"b": -1, "#": 1}.get(sign, 0)
    # The table's plain numerals take their thirds, fifths and sevenths from the scale.
    stacked = [(scale[(step + up) % 7] - scale[step]) % 12 for up in (2, 4, 6)]
    if mode == "modal":
        stacked = [3 if numeral.islower() else 4, 7, 10]
    return root % 12, _stacked(stacked, suffix), 0


def _stacked(stacked: list[int], suffix: str) -> frozenset[int]:
    """Semitones over the root of a chord whose third, fifth and seventh are given, as its suffix
    changes them: ``m``, ``M``, ``dim``, ``sus2``, ``5``, ``dom7``, ``M7``."""
    third, fifth, seventh = stacked
    if suffix == "5":
        return frozenset((0, 7))
    if suffix.startswith("m"):
        third, fifth, seventh = 3, 7, 10
    elif suffix.startswith("M"):
        third, fifth, seventh = 4, 7, 11
    elif suffix.startswith("dom"):
        seventh = 10
    elif "dim" in suffix:
        third, fifth = 3, 6
    elif "sus" in suffix:
        third = 2 if "sus2" in suffix else 5
    extended = suffix.endswith(("7", "9")) and "add" not in suffix and suffix != "69"
    return frozenset((0, third, fifth, *([seventh] if extended else [])))


# --- songs ----------------------------------------------------------------------------------------


def _song(row: corpus.Row, work: str, sections: list[_Open], *, named: bool) -> Iterator[Song]:
    """Sections of changes, and the mode that the chords on the tonic say; none without chords."""
    parts = tuple(
        Part(
            kind=KINDS.index(one.kind),
            letter=one.letter,
            bars=len(one.bars),
            changes=_changes(one.bars),
        )
        for one in sections
        if one.bars
    )
    if any(part.changes for part in parts):
        yield Song(corpus=row.corpus, work=work, licence=row.licence, mode=_mode(sections),
                   named=named, parts=parts)  # fmt: skip


def _changes(bars: list[Bar]) -> tuple[Change, ...]:
    """Chords as they change; one that is written again is held."""
    placed: list[tuple[int, Heard]] = []
    for number, bar in enumerate(bars):
        for place, heard in enumerate(bar):
            if not placed or placed[-1][1] != heard:
                placed.append((number * BAR + place * BAR // len(bar), heard))
    ends = [at for at, _ in placed[1:]] + [len(bars) * BAR]
    return tuple(
        Change(
            code=code(heard[0], quality(heard[1])),
            inversion=inversion(heard[2]),
            at=at,
            length=end - at,
        )
        for (at, heard), end in zip(placed, ends, strict=True)
        if heard is not None and end > at
    )


def _mode(sections: list[_Open]) -> int:
    """0 major, 1 minor: by the thirds of chords on the tonic, else by all thirds over it."""
    thirds = Counter[int]()
    for section in sections:
        for bar in section.bars:
            for heard in bar:
                if heard is None:
                    continue
                tones = {(heard[0] + one) % 12 for one in heard[1]}
                weight = 100.0 if heard[0] == 0 else 1.0
                thirds.update({one: weight / len(bar) for one in (3, 4) if one in tones})
    return int(thirds[3] > thirds[4])


_READERS = {
    "mcgill_billboard": _annotated,
    "openewld": _lead_sheet,
    "free_midi_chords": _progressions,
}
