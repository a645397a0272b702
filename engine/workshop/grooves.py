"""What drummers do, measured: timing, loudness and habits by kind of music, real bars and fills.

Reads Google Magenta's Groove MIDI Dataset (CC BY 4.0) and writes one small table that the arranger
plays from. A take was played to a click, so every stroke has a step of the bar and a distance to
it: the take's own latency and its slow wandering are taken off first, and what is left is the
player's feel. Swung takes are measured on twelve steps a bar, all others on sixteen.
"""

import hashlib
import io
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mido
import numpy as np
from msgspec import Struct, structs

from engine.workshop.corpus import opened

CORPUS = "groove_midi"
CREDIT = (
    "Measured from the Groove MIDI Dataset v1.0.0 by Google LLC (Magenta): Jon Gillick, Adam "
    "Roberts, Jesse Engel, Douglas Eck and David Bamman, \"Learning to Groove with Inverse "
    "Sequence Transformations\", ICML 2019; https://magenta.tensorflow.org/datasets/groove; "
    "licensed under CC BY 4.0, https://creativecommons.org/licenses/by/4.0/. Changed: strokes "
    "were averaged by family and step, and single bars rounded to steps."
)  # fmt: skip
VOICES: dict[str, tuple[int, ...]] = {
    "K": (35, 36), "S": (37, 38, 40), "H": (22, 42), "O": (26, 46), "F": (44,),
    "R": (51, 53, 59), "C": (49, 52, 55, 57), "T": (41, 43, 45, 47, 48, 50, 58),
}  # fmt: skip
GHOST = 50  # a snare stroke softer than this is a ghost
SWUNG = 0.58  # share of the beat from which the first eighth of two is called swung
WANDER_BEATS = 4.0
FEWEST_BARS = 40  # a family of fewer has no table of its own
_FEWEST = 8  # strokes by which a step is believed half for itself, half for its voice
_FILLS, _BARS = 16, 24  # kept for a family
_OWN_BARS = 2  # kept of a take

# The dataset's first word of style → our family; the second word where it says more.
_FAMILIES: dict[str, str] = {
    "rock": "rock", "punk": "punk", "pop": "pop", "funk": "funk", "neworleans": "funk",
    "gospel": "soul", "soul": "soul", "hiphop": "hiphop", "jazz": "jazz", "blues": "jazz",
    "latin": "latin", "afrocuban": "latin", "highlife": "latin", "middleeastern": "latin",
    "afrobeat": "afrobeat", "dance": "dance", "country": "country", "reggae": "reggae",
}  # fmt: skip
_SECOND = {"brazilian-bossa": "bossa", "brazilian-samba": "bossa", "funk": "funk"}


class Stroke(Struct, frozen=True):
    """One stroke of a take, read against its grid."""

    beat: float  # from the beginning, the latency taken off
    step: int  # in the bar
    voice: str
    velocity: int
    late_ms: float  # after its step, wandering taken off


class Take(Struct, frozen=True, kw_only=True):
    """One recorded take of a drummer."""

    family: str
    bpm: float
    fill: bool
    steps: int  # 16, or 12 where it is swung
    swing: float  # share of the pair taken by its first note, of eighths in 12, sixteenths in 16
    wander_ms: float  # standard deviation of what the tempo did slowly
    bars: int
    strokes: tuple[Stroke, ...]


def make(corpus: Path, out: Path) -> None:
    """Measure every take and write the table; prints what each family stands on."""
    members, rows = opened(corpus / f"{CORPUS}.tar.zst", CORPUS)
    taken = [row for row in rows if row["licence"].startswith("CC-BY-4.0")]
    takes = [take for row in taken if (take := read(row, members[row["path"]])) is not None]
    families = measured(takes)
    table: dict[str, Any] = {
        "name": "cuesmith-grooves-1",
        "credit": CREDIT,
        "licence": "CC-BY-4.0",
        "origin": sorted({row["origin"].split(" via ")[0] for row in taken})[0],
        "files": len(taken),
        "sha256": hashlib.sha256((corpus / f"{CORPUS}.tar.zst").read_bytes()).hexdigest(),
        "families": families,
        "bars": bars(takes),
        "fills": fills(takes),
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(written(table))
    for name, family in families.items():
        print(
            f"{name:12} {family['takes']:4d} takes {family['bars']:5d} bars  swing "
            f"{family['swing']:.2f}  spread {family['spread_ms']:5.1f} ms  neighbours "
            f"{family['neighbours']:+.2f}  real bars {len(table['bars'].get(name, ())):2d}"
            f" fills {len(table['fills'].get(name, ())):2d}"
        )


def read(row: dict[str, str], midi: bytes) -> Take | None:
    """A take in four, or None: other meters are too few to measure."""
    facts = dict(one.split("=", 1) for one in row["extra"].split(";"))
    hits = _hits(midi)
    if facts["ts"] != "4-4" or len(hits) < 4:
        return None
    first, _, second = facts["style"].partition("/")
    bpm = float(facts["bpm"])
    beats = np.array([beat for beat, _, _ in hits])
    beats = beats - _latency(beats)
    swing8, swing16 = _swing(beats), _swing(beats * 2)
    steps, swing = (12, swing8) if swing8 >= SWUNG else (16, swing16)
    places = _grid(steps, swing)
    at = np.abs(beats[:, None] % 1 - places[None, :]).argmin(1)
    off = (beats % 1 - places[at]) * 60_000 / bpm
    slow = _wandering(beats, off)
    strokes = [
        Stroke(beat=float(beat), step=int(beat // 1 % 4 * (steps // 4) + place) % steps,
               voice=voice, velocity=velocity, late_ms=float(late))
        for beat, place, late, (_, voice, velocity) in zip(beats, at, off - slow, hits, strict=True)
    ]  # fmt: skip
    return Take(
        family=_SECOND.get(second, _FAMILIES.get(first, "rock")), bpm=bpm,
        fill=facts["type"] == "fill", steps=steps, swing=swing, wander_ms=float(slow.std()),
        bars=max(1, round(float(beats[-1]) / 4)), strokes=tuple(strokes),
    )  # fmt: skip


def _hits(midi: bytes) -> list[tuple[float, str, int]]:
    """(beat, voice, velocity) of each stroke in order."""
    names = {key: voice for voice, keys in VOICES.items() for key in keys}
    file, found = mido.MidiFile(file=io.BytesIO(midi)), []
    for track in file.tracks:
        tick = 0
        for message in track:
            tick += message.time
            if message.type == "note_on" and message.velocity and message.note in names:
                beat = tick / file.ticks_per_beat
                found.append((beat, names[message.note], message.velocity))
    return sorted(found)


def _latency(beats: np.ndarray) -> float:
    """Beats by which the strokes near a beat lie behind it."""
    near = (beats + 0.5) % 1 - 0.5
    near = near[np.abs(near) < 0.12]
    return float(np.median(near)) if len(near) >= 4 else 0.0


def _swing(pairs: np.ndarray) -> float:
    """Share of a pair that its first note takes; 0.5 where too few strokes tell."""
    inside = pairs % 1
    second = inside[(inside > 0.4) & (inside < 0.75)]
    if len(second) < 12:
        return 0.5
    for _ in range(5):  # the window follows the strokes, so that its edges do not decide
        middle = float(np.median(second))
        second = inside[np.abs(inside - middle) < 0.1]
    return middle


def _grid(steps: int, swing: float) -> np.ndarray:
    """Places of a beat's steps in it, and of the next beat."""
    if steps == 12:
        return np.array([0.0, swing / 2, swing, 1.0])
    return np.array([0.0, swing / 2, 0.5, 0.5 + swing / 2, 1.0])


def _wandering(beats: np.ndarray, off: np.ndarray) -> np.ndarray:
    """(strokes,) the mean distance of all strokes within two bars around each."""
    low = np.searchsorted(beats, beats - WANDER_BEATS)
    high = np.searchsorted(beats, beats + WANDER_BEATS)
    total = np.concatenate([[0.0], np.cumsum(off)])
    return (total[high] - total[low]) / (high - low)


def measured(takes: Sequence[Take]) -> dict[str, dict]:
    """The table of each family with bars enough: straight ones by name, swung ones apart."""
    groups: dict[str, list[Take]] = defaultdict(list)
    for take in takes:
        if not take.fill:
            groups[_group(take)].append(take)
    return {
        name: _family(group)
        for name, group in sorted(groups.items())
        if sum(take.bars for take in group) >= FEWEST_BARS
    }


def _group(take: Take) -> str:
    """Swung jazz is jazz, swung latin is a 6/8 of its own, every other shuffle is a shuffle."""
    if take.steps == 16:
        return "fusion" if take.family == "jazz" else take.family
    return {"jazz": "jazz", "latin": "latin12", "bossa": "latin12"}.get(take.family, "shuffle")


def _family(takes: list[Take]) -> dict:
    """One family's habits. Odds are strokes per bar at a step; times are ms after the step."""
    steps, bars = takes[0].steps, sum(take.bars for take in takes)
    strokes = _levelled(takes)
    voices = {
        voice: _voice([one for one in strokes if one.voice == voice], steps, bars)
        for voice in VOICES
        if sum(one.voice == voice for one in strokes) >= 4 * _FEWEST
    }
    ghosts = Counter(
        one.step for take in takes for one in take.strokes
        if one.voice == "S" and one.velocity < GHOST
    )  # fmt: skip
    swings = [take.swing for take in takes for _ in range(take.bars)]
    return {
        "takes": len(takes),
        "bars": bars,
        "steps": steps,
        "swing": round(float(np.median(swings)), 3),
        "wander_ms": round(float(np.median([take.wander_ms for take in takes])), 1),
        "spread_ms": round(_pooled([one.late_ms for one in strokes]), 1),
        "neighbours": round(_neighbours(takes, voices), 2),
        "ghosts": [round(min(1.0, ghosts[step] / bars), 3) for step in range(steps)],
        "voices": voices,
    }


def _levelled(takes: list[Take]) -> list[Stroke]:
    """All strokes, each take's voices brought to the family's loudness: accents are what counts."""
    strokes = [stroke for take in takes for stroke in take.strokes]
    usual = {voice: _loudness(strokes, voice) for voice in VOICES}
    levelled = []
    for take in takes:
        own = {voice: _loudness(take.strokes, voice) for voice in VOICES}
        levelled += [
            structs.replace(
                one, velocity=min(127, round(one.velocity * usual[one.voice] / own[one.voice]))
            )
            for one in take.strokes
        ]
    return levelled


def _loudness(strokes: Sequence[Stroke], voice: str) -> float:
    loud = [one.velocity for one in strokes if one.voice == voice]
    return float(np.mean(loud)) if loud else 1.0


def _voice(strokes: list[Stroke], steps: int, bars: int) -> dict[str, list[float]]:
    """A voice step by step; where few strokes tell, a step leans on the whole voice."""
    late = np.array([one.late_ms for one in strokes])
    loud = np.array([float(one.velocity) for one in strokes])
    at = np.array([one.step for one in strokes])
    table: dict[str, list[float]] = {
        name: [] for name in ("odds", "late_ms", "spread_ms", "velocity", "velocity_spread")
    }
    for step in range(steps):
        here = at == step
        table["odds"].append(round(min(1.0, float(here.sum()) / bars), 3))
        table["late_ms"].append(round(_leaning(late[here], late, np.mean), 1))
        table["spread_ms"].append(round(_leaning(late[here], late, _pooled), 1))
        table["velocity"].append(round(_leaning(loud[here], loud, np.mean), 1))
        table["velocity_spread"].append(round(_leaning(loud[here], loud, np.std), 1))
    return table


def _leaning(here: np.ndarray, whole: np.ndarray, measure) -> float:
    if not len(here):
        return float(measure(whole))
    weight = len(here) / (len(here) + _FEWEST)
    return weight * float(measure(here)) + (1 - weight) * float(measure(whole))


def _pooled(late: Sequence[float] | np.ndarray) -> float:
    """A standard deviation that a few strokes on the wrong step do not decide."""
    low, high = np.percentile(late, (15.87, 84.13))
    return float(high - low) / 2


def _neighbours(takes: list[Take], voices: dict[str, dict[str, list[float]]]) -> float:
    """Correlation of the lateness of strokes that follow each other, habits taken off."""
    ones, twos = [], []
    for take in takes:
        own = [one for one in take.strokes if one.voice in voices]
        rest = [
            float(np.clip(one.late_ms - voices[one.voice]["late_ms"][one.step], -40, 40))
            for one in own
        ]
        for at in range(1, len(own)):
            if 0.06 < own[at].beat - own[at - 1].beat < 1.1:
                ones.append(rest[at - 1])
                twos.append(rest[at])
    return float(np.corrcoef(ones, twos)[0, 1])


def bars(takes: Sequence[Take]) -> dict[str, list[dict]]:
    """The bars that drummers come back to, as digits, by family; no two of them alike."""
    found: dict[str, dict[str, dict]] = defaultdict(dict)
    for take in takes:
        if take.fill or take.bars < 4:
            continue
        by_bar: dict[int, list[Stroke]] = defaultdict(list)
        for stroke in take.strokes:
            by_bar[int((stroke.beat + 0.1) // 4)].append(stroke)
        shapes = Counter(_skeleton(own) for own in by_bar.values())
        for shape, times in shapes.most_common(_OWN_BARS):
            if times < 3 or len(shape) < 3:
                continue
            own = next(own for own in by_bar.values() if _skeleton(own) == shape)
            bar = _digits(own, take.steps)
            found[_group(take)].setdefault(json.dumps(bar, sort_keys=True), bar)
    return {family: _different(list(own.values()))[:_BARS] for family, own in sorted(found.items())}


def _skeleton(strokes: Sequence[Stroke]) -> frozenset[tuple[str, int]]:
    """What is loud in a bar."""
    return frozenset((one.voice, one.step) for one in strokes if one.velocity >= GHOST)


def _digits(strokes: Sequence[Stroke], steps: int) -> dict[str, str]:
    rows: dict[str, list[int]] = {}
    for one in strokes:
        row = rows.setdefault(one.voice, [0] * steps)
        row[one.step] = max(row[one.step], min(9, round(1 + 8 * one.velocity / 127)))
    return {voice: "".join(map(str, row)) for voice, row in sorted(rows.items())}


def fills(takes: Sequence[Take]) -> dict[str, list[dict]]:
    """Real fills of one bar as digits, the busiest of each family, no two of them alike."""
    found: dict[str, dict[str, dict]] = defaultdict(dict)
    for take in takes:
        if take.fill and take.steps == 16 and 3 <= take.strokes[-1].beat < 4.6:
            fill = _fill(take)
            if fill is not None:
                found[take.family].setdefault(json.dumps(fill, sort_keys=True), fill)
    return {
        family: _different(list(own.values()))[:_FILLS] for family, own in sorted(found.items())
    }


def _fill(take: Take) -> dict[str, str] | None:
    """Voice → sixteen digits; the arrival on the next bar is left to the groove."""
    own = [one for one in take.strokes if -0.2 < one.beat < 3.9 and one.voice in "KSTHOR"]
    hands = sum(one.voice in "ST" for one in own)
    if hands < 5 or max(one.step for one in own) < 10:
        return None
    return _digits(own, take.steps)


def _different(options: list[dict[str, str]]) -> list[dict[str, str]]:
    """In an order in which each next one is the least like those before it."""
    if not options:
        return []
    marks = [
        {(voice, at) for voice, row in one.items() for at, digit in enumerate(row) if digit != "0"}
        for one in options
    ]
    order = [max(range(len(options)), key=lambda at: len(marks[at]))]
    while len(order) < len(options):
        left = [at for at in range(len(options)) if at not in order]
        order.append(
            max(left, key=lambda at: min(_distance(marks[at], marks[one]) for one in order))
        )
    return [options[at] for at in order]


def _distance(one: set, two: set) -> float:
    return 1 - len(one & two) / max(1, len(one | two))


def written(table: dict) -> str:
    """JSON with one voice or fill a line, so that people can read and compare it."""
    lines = json.dumps(table, indent=1).splitlines()
    out: list[str] = []
    inside = 0
    for line in lines:
        text = line.strip()
        if inside:
            out[-1] += text + (" " if text.endswith(",") else "")
        else:
            out.append(line)
        inside += text.count("[") - text.count("]") if _flat(text, inside) else 0
        if inside == 0:
            out[-1] = out[-1].rstrip()
    return "\n".join(out) + "\n"


def _flat(text: str, inside: int) -> bool:
    """Whether a list of plain numbers begins here, or goes on."""
    return inside > 0 or (text.endswith("[") and '": [' in text and "fills" not in text)
