"""Works that people wrote, as the critics read them: voices on the grid, key and harmony, by side.

Every work stands on one side only, by its name: most teach the critic of bars, others the ranker,
others the judge, and the ones that the composer was never trained on are kept for measuring.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Literal

import numpy as np
from msgspec import Struct

from engine.compose.codes import Bar
from engine.critique.grid import VOICES, folded
from engine.midi.reading import Heard, UnreadableMidi, read
from engine.score import TICKS_PER_QUARTER
from engine.workshop import corpus
from engine.workshop.harmony import harmony_of, key_of
from engine.workshop.lines import Line, monophonic

UNIT = TICKS_PER_QUARTER // 12
PASSAGE_BARS = 16
FEWEST_BARS = 8
Side = Literal["critic", "ranker", "judge", "held out"]
SIDES: tuple[Side, ...] = ("critic", "ranker", "judge", "held out")
# Of every twenty works that are not held out.
_SHARES: tuple[tuple[Side, int], ...] = (("ranker", 2), ("judge", 5), ("critic", 20))
# Two bars of 2/4 are read as one of 4/4, two of 3/8 as one of 6/8.
_METERS = {"4/4": 0, "2/2": 0, "2/4": 0, "4/2": 0, "3/4": 1, "6/8": 2, "3/8": 2, "12/8": 3}
_BAR_UNITS = (48, 36, 36, 72)
# Grid unit inside its quarter, by tick: the nearest sixteenth or triplet eighth.
_NEAREST = [
    min((0, 3, 4, 6, 8, 9, 12), key=lambda place: abs(place - tick / UNIT))
    for tick in range(TICKS_PER_QUARTER)
]


class Passage(Struct, frozen=True, kw_only=True):
    """Sixteen bars or fewer of one work, in one meter and one key.

    ``notes`` (notes, 4) voice, start and length in units, pitch from the tonic nearest to middle C;
    ``roots`` and ``masks`` (half bars,) harmony from the tonic, root 12 where there is none.
    """

    corpus: str
    work: str
    side: Side
    meter: int
    mode: int
    bars: int
    notes: np.ndarray
    roots: np.ndarray
    masks: np.ndarray


def side_of(work: str, *, held_out: bool) -> Side:
    """Where a work stands."""
    if held_out:
        return "held out"
    place = int(hashlib.sha256(f"critics/{work}".encode()).hexdigest(), 16) % 20
    return next(side for side, below in _SHARES if place < below)


def passages(folder: Path, cache: Path, report: Counter[str]) -> list[Passage]:
    """All passages of the corpora, or what an earlier run kept of them."""
    if cache.exists():
        return _loaded(cache)
    found: list[Passage] = []
    with ProcessPoolExecutor(2) as workers:
        rows = list(_rows(folder, report))
        told = ((row.content for row in rows), (row.corpus for row in rows),
                (row.work for row in rows),
                (side_of(row.work, held_out=row.held_out) for row in rows))  # fmt: skip
        for row, some in zip(rows, workers.map(_read, *told, chunksize=8), strict=True):
            report[f"{row.corpus}: {'read' if some else 'no passage'}"] += 1
            found += some
    _save(found, cache)
    return found


def _rows(folder: Path, report: Counter[str]) -> Iterator[corpus.Row]:
    """Every score that may be learned from, without the composer's caps."""
    there = [name for name in corpus.CORPORA if (folder / f"{name}.tar.zst").is_file()]
    for name in there:
        members, sources = corpus.opened(folder / f"{name}.tar.zst", name)
        for source in sources:
            reason = corpus.refused(name, source, members)
            if reason is not None:
                report[f"{name}: {reason}"] += 1
                continue
            yield corpus.row_of(name, source, members[source["path"]])


def _read(content: bytes, name: str, work: str, side: Side) -> list[Passage]:
    try:
        heard = read(content)
    except UnreadableMidi:
        return []
    return list(passages_of(heard, name, work, side))


def passages_of(heard: Heard, name: str, work: str, side: Side) -> Iterator[Passage]:
    """The passages of one file: runs of whole bars in one of our meters."""
    tracks = _tracks(heard)
    if not tracks:
        return
    end = max(note[1] for track in tracks for note in track)
    for start, meter, bars in _runs(heard, end):
        size = _BAR_UNITS[meter]
        for first in range(0, bars - FEWEST_BARS + 1, PASSAGE_BARS):
            begin = start + first * size
            made = _passage(tracks, begin, meter, min(PASSAGE_BARS, bars - first))
            if made is not None:
                yield Passage(corpus=name, work=work, side=side, **made)


def _tracks(heard: Heard) -> list[Line]:
    """Pitched tracks on the grid, by start."""
    found: list[Line] = []
    for track in heard.tracks:
        if track.drums or len(track.notes) < 8:
            continue
        line = [
            (_snap(note.start), round((note.start + note.length) / UNIT), note.pitch)
            for note in track.notes
        ]
        found.append(sorted((start, max(start + 1, end), pitch) for start, end, pitch in line))
    return found


def _snap(tick: int) -> int:
    quarter, rest = divmod(tick, TICKS_PER_QUARTER)
    return quarter * 12 + _NEAREST[rest]


def _runs(heard: Heard, end: int) -> Iterator[tuple[int, int, int]]:
    """(start, meter, bars) of stretches in one meter that we know."""
    signs = [(round(tick / UNIT), over, under) for tick, over, under in heard.meters]
    ends = [at for at, _, _ in signs[1:]] + [end]
    for (at, over, under), until in zip(signs, ends, strict=True):
        meter = _METERS.get(f"{over}/{under}")
        if meter is not None and until > at:
            yield at, meter, (until - at) // _BAR_UNITS[meter]


def _passage(tracks: list[Line], begin: int, meter: int, bars: int) -> dict | None:
    size = _BAR_UNITS[meter]
    units = bars * size
    inside = [_cut(track, begin, begin + units) for track in tracks]
    inside = [track for track in inside if len(track) >= 4]
    if not inside:
        return None
    everything = [note for track in inside for note in track]
    tonic, mode = key_of(everything)
    voices = voices_of(inside)
    if len(voices.get("lead", ())) < bars // 2:
        return None
    grid = [Bar(start=at * size, units=size, meter=meter) for at in range(bars)]
    roots, masks = (
        one[:: size // 2].astype(kind)
        for one, kind in zip(
            harmony_of(everything, grid, units, tonic), (np.uint8, np.uint16), strict=True
        )
    )
    home = 60 + (tonic + 5) % 12 - 5
    notes = [
        (VOICES.index(voice), start, stop - start, folded(pitch - home))
        for voice, line in voices.items()
        for start, stop, pitch in line
    ]
    return {
        "meter": meter, "mode": mode, "bars": bars, "notes": np.array(notes, np.int16),
        "roots": roots, "masks": masks,
    }  # fmt: skip


def _cut(track: Line, begin: int, end: int) -> Line:
    return [
        (start - begin, min(stop, end) - begin, pitch)
        for start, stop, pitch in track
        if begin <= start < end
    ]


def voices_of(tracks: list[Line]) -> dict[str, Line]:
    """Who sings, who carries, who answers, and up to three voices between them.

    Notes that only double one of the first three in the octave belong to no voice.
    """
    ordered = sorted(tracks, key=lambda track: float(np.mean([pitch for _, _, pitch in track])))
    upper, lower = ordered[-1], ordered[0]
    if len(ordered) <= 2:
        found = {
            "lead": monophonic([note for note in upper if note[2] >= 57], top=True),
            "bass": monophonic([note for note in lower if note[2] <= 57], top=False),
        }
        if len(ordered) == 2:
            used = set(found["bass"])
            found["counter"] = monophonic(
                [note for note in lower if note[2] >= 52 and note not in used], top=True
            )
    else:
        found = {
            "lead": monophonic(upper, top=True),
            "bass": monophonic(lower, top=False),
            "counter": monophonic(max(ordered[1:-1], key=len), top=True),
        }
    told = {(start, pitch % 12) for line in found.values() for start, _, pitch in line}
    rest = sorted(
        {
            note
            for track in tracks
            for note in track
            if (note[0], note[2] % 12) not in told and 36 <= note[2] <= 96
        }
    )
    for voice, top in (("upper", True), ("lower", False), ("middle", True)):
        line = monophonic(rest, top=top)
        taken = {(start, pitch) for start, _, pitch in line}
        rest = [note for note in rest if (note[0], note[2]) not in taken]
        found[voice] = line
    return {voice: line for voice, line in found.items() if len(line) >= 4}


def _save(found: Sequence[Passage], cache: Path) -> None:
    cache.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        cache,
        corpus=np.array([one.corpus for one in found]), work=np.array([one.work for one in found]),
        side=np.array([SIDES.index(one.side) for one in found], np.uint8),
        meter=np.array([one.meter for one in found], np.uint8),
        mode=np.array([one.mode for one in found], np.uint8),
        bars=np.array([one.bars for one in found], np.uint8),
        counts=np.array([len(one.notes) for one in found], np.int32),
        notes=np.concatenate([one.notes for one in found]),
        roots=np.concatenate([one.roots for one in found]),
        masks=np.concatenate([one.masks for one in found]),
    )  # fmt: skip


def _loaded(cache: Path) -> list[Passage]:
    kept = dict(np.load(cache, allow_pickle=False))
    notes_end, halves_end = np.cumsum(kept["counts"]), np.cumsum(2 * kept["bars"].astype(int))
    found: list[Passage] = []
    for at in range(len(kept["bars"])):
        own = slice(notes_end[at] - kept["counts"][at], notes_end[at])
        half = slice(halves_end[at] - 2 * int(kept["bars"][at]), halves_end[at])
        found.append(
            Passage(
                corpus=str(kept["corpus"][at]), work=str(kept["work"][at]),
                side=SIDES[kept["side"][at]], meter=int(kept["meter"][at]),
                mode=int(kept["mode"][at]), bars=int(kept["bars"][at]), notes=kept["notes"][own],
                roots=kept["roots"][half], masks=kept["masks"][half],
            )
        )  # fmt: skip
    return found
