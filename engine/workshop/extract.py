"""A MIDI file becomes windows of roles on the grid: lead, bass and counter, with key and chords."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct

from engine.compose.codes import (
    BAR_UNITS,
    BASS,
    BITS,
    COUNTER,
    DENSITIES,
    FEATURES,
    GRID,
    LEAD,
    LEVELS,
    METERS,
    NOTHING,
    REST,
    TICKS_PER_UNIT,
    Bar,
    Sheet,
    Step,
    code_of,
    density_of,
    fold_tonic,
    reference_at,
)
from engine.midi.reading import Heard
from engine.score import TICKS_PER_QUARTER

WINDOW_BARS = 16
MAX_STEPS = 320
SCALES = {0: 0b101010110101, 1: 0b010110101101}  # major, natural minor; bit n = n semitones up
_MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
_MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])
# Triads and sevenths as chroma from the root, with a small price for the rarer ones.
_CHORDS = {
    "major": (0b000010010001, 0.0), "minor": (0b000010001001, 0.0),
    "dim": (0b000001001001, 0.06), "aug": (0b000100010001, 0.10),
    "7": (0b010010010001, 0.03), "maj7": (0b100010010001, 0.05), "m7": (0b010010001001, 0.04),
}  # fmt: skip


class Window(Struct, frozen=True, kw_only=True):
    """Sixteen bars or so, ready for training.

    ``ids`` (steps, 20) categorical features · ``chroma`` (steps, 2) chord and scale masks ·
    ``codes`` and ``units`` (steps,) what was written.
    """

    ids: np.ndarray
    chroma: np.ndarray
    codes: np.ndarray
    units: np.ndarray


# Grid unit inside its quarter, by tick.
_NEAREST = [
    min((0, 3, 4, 6, 8, 9, 12), key=lambda place: abs(place - tick / TICKS_PER_UNIT))
    for tick in range(TICKS_PER_QUARTER)
]
Line = list[tuple[int, int, int]]  # (start, end, pitch) in grid units, monophonic


class Batch(Struct, frozen=True, kw_only=True):
    """Windows side by side, padded to the longest.

    ``ids`` (rows, steps, 20) · ``bits`` (rows, steps, 24) · ``codes`` and ``units`` (rows, steps),
    -1 behind a window's end.
    """

    ids: np.ndarray
    bits: np.ndarray
    codes: np.ndarray
    units: np.ndarray


def rng_of(seed: int, sha256: str) -> np.random.Generator:
    """The randomness of one file, by its digest: which features its windows are not told."""
    return np.random.default_rng([seed, int(sha256[:8], 16)])


def padded(chosen: Sequence[Window]) -> Batch:
    """Pad windows into one batch."""
    steps = max(len(window.codes) for window in chosen)
    ids = np.zeros((len(chosen), steps, len(FEATURES)), np.int64)
    bits = np.zeros((len(chosen), steps, BITS), np.float32)
    codes = np.full((len(chosen), steps), -1, np.int64)
    units = np.full((len(chosen), steps), -1, np.int64)
    places = np.arange(12)
    for row, window in enumerate(chosen):
        n = len(window.codes)
        ids[row, :n] = window.ids
        bits[row, :n, :12] = (window.chroma[:, :1] >> places) & 1
        bits[row, :n, 12:] = (window.chroma[:, 1:] >> places) & 1
        codes[row, :n], units[row, :n] = window.codes, window.units
    return Batch(ids=ids, bits=bits, codes=codes, units=units)


def windows(heard: Heard, rng: np.random.Generator) -> Iterator[Window]:
    """All windows of one file; nothing when it has no playable lines."""
    tracks = _tracks(heard)
    if not tracks:
        return
    end = max(note[1] for track in tracks for note in track)
    bars = _bars(heard, end)
    for first in range(0, len(bars) - 3, WINDOW_BARS):
        chosen = bars[first : first + WINDOW_BARS]
        if len(chosen) < 4:
            continue
        window = _window(tracks, chosen, last=first + WINDOW_BARS >= len(bars), rng=rng)
        if window is not None:
            yield window


def _tracks(heard: Heard) -> list[Line]:
    """Pitched tracks as (start, end, pitch) on the grid, by start, in file order."""
    found = []
    for track in heard.tracks:
        if track.drums or len(track.notes) < 8:
            continue
        line = [
            (_snap(note.start), (note.start + note.length) / TICKS_PER_UNIT, note.pitch)
            for note in track.notes
        ]
        found.append([(start, max(start + 1, round(end)), pitch) for start, end, pitch in line])
    return found


def _snap(tick: int) -> int:
    """The grid unit of a tick: the nearest sixteenth or triplet eighth; anything finer is an
    ornament to us."""
    quarter, rest = divmod(tick, TICKS_PER_QUARTER)
    return quarter * GRID + _NEAREST[rest]


def _bars(heard: Heard, end: int) -> list[Bar]:
    signs = [(round(tick / TICKS_PER_UNIT), over, under) for tick, over, under in heard.meters]
    bars, at, current = [], 0, 0
    while at < end:
        while current + 1 < len(signs) and signs[current + 1][0] <= at:
            current += 1
        name = f"{signs[current][1]}/{signs[current][2]}"
        units = round(GRID * 4 * signs[current][1] / signs[current][2])
        if units > 72 or units < 6:
            return bars
        meter = METERS.index(name) if name in BAR_UNITS else METERS.index("other")
        bars.append(Bar(start=at, units=units, meter=meter))
        at += units
    return bars


def _window(
    tracks: list[Line], bars: list[Bar], *, last: bool, rng: np.random.Generator
) -> Window | None:
    begin, end = bars[0].start, bars[-1].start + bars[-1].units
    inside = [_cut(track, begin, end) for track in tracks]
    inside = [track for track in inside if len(track) >= 4]
    lines = _roles(inside)
    if lines is None or len(lines[LEAD]) < len(bars):
        return None
    everything = [note for track in inside for note in track]
    tonic, mode = _key(everything)
    local = [
        Bar(start=bar.start - begin, units=bar.units, meter=bar.meter,
            left=min(8, len(bars) - 1 - at) if last else 9)
        for at, bar in enumerate(bars)
    ]  # fmt: skip
    roots, chromas = _harmony(everything, local, end - begin, tonic)
    sheet = Sheet(local, mode=mode, scale=SCALES[mode], roots=roots, chromas=chromas)
    return _steps(sheet, lines, fold_tonic(tonic), rng)


def _cut(track: Line, begin: int, end: int) -> Line:
    first, last = (bisect_left(track, at, key=lambda note: note[0]) for at in (begin, end))
    return [
        (start - begin, min(stop, end) - begin, pitch) for start, stop, pitch in track[first:last]
    ]


def _roles(tracks: list[Line]) -> dict[int, Line] | None:
    """Who sings, who carries and who answers: by register, from one track, two or many."""
    if not tracks:
        return None
    if len(tracks) == 1:
        return _piano(tracks[0], tracks[0])
    if len(tracks) == 2:
        upper, lower = sorted(tracks, key=_height, reverse=True)
        found = _piano(upper, lower)
        found[COUNTER] = _skyline([note for note in lower if note[2] >= 52])
        return found
    ordered = sorted(tracks, key=_height)
    middle = max(ordered[1:-1], key=len)
    return {
        LEAD: _skyline(ordered[-1]),
        BASS: _lowline(ordered[0]),
        COUNTER: _skyline(middle),
    }


def _piano(upper: Line, lower: Line) -> dict[int, Line]:
    return {
        LEAD: _skyline([note for note in upper if note[2] >= 57]),
        BASS: _lowline([note for note in lower if note[2] <= 57]),
        COUNTER: [],
    }


def _height(track: Line) -> float:
    return float(np.mean([pitch for _, _, pitch in track]))


def _skyline(notes: Line) -> Line:
    return _monophonic(notes, top=True)


def _lowline(notes: Line) -> Line:
    return _monophonic(notes, top=False)


def _monophonic(notes: Line, *, top: bool) -> Line:
    """One note at a time: the outer one of a chord; small gaps are articulation and are closed."""
    outer: dict[int, tuple[int, int]] = {}
    for start, end, pitch in notes:
        if start not in outer or (pitch > outer[start][1]) == top:
            outer[start] = (end, pitch)
    line: Line = []
    for start in sorted(outer):
        end, pitch = outer[start]
        if line and line[-1][1] > start:
            previous = line[-1]
            # An inner voice moving under a held top note is not the melody.
            inner = (pitch < previous[2]) == top and previous[1] - start > 3
            if inner and abs(pitch - previous[2]) > 4:
                continue
            line[-1] = (previous[0], start, previous[2])
        line.append((start, end, pitch))
    following = [start for start, _, _ in line[1:]] + [10**9] * bool(line)
    return [
        (start, after if 0 < after - end <= 3 else end, pitch)
        for (start, end, pitch), after in zip(line, following, strict=True)
    ]


def _key(notes: Line) -> tuple[int, int]:
    weights = np.zeros(12)
    for start, end, pitch in notes:
        weights[pitch % 12] += min(end - start, 24)
    rated = [
        (float(np.corrcoef(np.roll(profile, tonic), weights)[0, 1]), tonic, mode)
        for mode, profile in enumerate((_MAJOR, _MINOR))
        for tonic in range(12)
    ]
    _, tonic, mode = max(rated)
    return tonic, mode


def _harmony(notes: Line, bars: list[Bar], units: int, tonic: int) -> tuple[np.ndarray, np.ndarray]:
    """Chord roots and chromas from the tonic, one harmony per half bar (whole bar in 3/4)."""
    weights = np.zeros((units, 12), np.float32)
    lowest = np.full(units, 128)
    for start, end, pitch in notes:
        weights[start:end, (pitch - tonic) % 12] += 1.0
        lowest[start:end] = np.minimum(lowest[start:end], pitch)
    roots, chromas = np.full(units, 12, np.int64), np.zeros(units, np.int64)
    for bar in bars:
        halves = 2 if bar.units % 24 == 0 else 1
        for half in range(halves):
            span = bar.units // halves
            at = bar.start + half * span
            root, chroma = _chord(weights[at : at + span], lowest[at : at + span], tonic)
            roots[at : at + span], chromas[at : at + span] = root, chroma
    return roots, chromas


def _chord(weights: np.ndarray, lowest: np.ndarray, tonic: int) -> tuple[int, int]:
    total = weights.sum(0)
    if total.sum() < 1:
        return 12, 0
    total = total / total.sum()
    low = lowest[lowest < 128]
    bass = int(np.bincount((low - tonic) % 12, minlength=12).argmax()) if len(low) else -1
    best = (-9.0, 12, 0)
    for shape, price in _CHORDS.values():
        members = [n for n in range(12) if shape >> n & 1]
        for root in range(12):
            inside = sum(total[(root + n) % 12] for n in members)
            rating = inside - 0.35 * (1 - inside) - price + 0.12 * (root == bass)
            rating += 0.25 * min(total[(root + members[1]) % 12], total[root])
            if rating > best[0]:
                mask = sum(1 << (root + n) % 12 for n in members)
                best = (float(rating), root, mask)
    return best[1], best[2]


def _steps(
    sheet: Sheet, lines: dict[int, Line], tonic_pitch: int, rng: np.random.Generator
) -> Window | None:
    _draw(sheet, lines, tonic_pitch)
    written = {
        role: [sheet.bar_steps(role, bar) for bar in sheet.bars]
        for role, line in lines.items()
        if line
    }
    ids, chroma, codes, units = [], [], [], []
    before = Step(NOTHING, 0)
    for index, bar in enumerate(sheet.bars):
        for role, steps_of in written.items():
            level, reference = _reference(steps_of, index, rng)
            steps = steps_of[index]
            told = rng.random() < 0.8
            density = density_of(sum(s.code > 1 for s in steps)) if told else DENSITIES - 1
            if rng.random() < 0.1:
                level, reference = LEVELS - 1, ()
            position = 0
            for step in steps:
                ids.append(
                    sheet.features(
                        role, bar, position, before, reference_at(reference, position),
                        level, density,
                    )
                )  # fmt: skip
                chroma.append((int(sheet.chromas[bar.start + position]), sheet.scale))
                codes.append(step.code)
                units.append(step.units)
                if step.code > 1:
                    sheet.last[role] = [step.code, sheet.last[role][0]]
                before = step
                position += step.units
        if len(codes) >= MAX_STEPS:
            break
    if len(codes) < 24:
        return None
    return Window(
        ids=np.array(ids[:MAX_STEPS], np.uint8),
        chroma=np.array(chroma[:MAX_STEPS], np.uint16),
        codes=np.array(codes[:MAX_STEPS], np.uint8),
        units=np.array(units[:MAX_STEPS], np.uint8),
    )


def _draw(sheet: Sheet, lines: dict[int, Line], tonic_pitch: int) -> None:
    end = sheet.codes.shape[1]
    for role, line in lines.items():
        for start, stop, pitch in line:
            if start < end:
                sheet.codes[role, start : min(stop, end)] = code_of(pitch, tonic_pitch)
                sheet.onsets[role, start] = True
                sheet.onsets[role, start + 1 : min(stop, end)] = False
        sheet.codes[role, :] = np.where(sheet.codes[role] < 0, REST, sheet.codes[role])


def _reference(
    bars: list[list[Step]], index: int, rng: np.random.Generator
) -> tuple[int, list[Step] | tuple[()]]:
    """The earlier bar most like this one, and how far this one departs from it (0-3)."""
    best, chosen = 0.0, -1
    here = _onsets(bars[index])
    if not here:
        return LEVELS - 1, ()
    for back in range(1, min(index, 12) + 1):
        there = _onsets(bars[index - back])
        if not there:
            continue
        rhythm = len(here.keys() & there.keys()) / len(here.keys() | there.keys())
        same = sum(here[at] == there.get(at) for at in here) / max(len(here), len(there))
        likeness = 0.5 * rhythm + 0.5 * same + 0.02 * (back in (2, 4, 8))
        if likeness > best:
            best, chosen = likeness, index - back
    if chosen < 0 or best < 0.3:
        return LEVELS - 1, ()
    level = 0 if best > 0.95 else 1 if best > 0.7 else 2 if best > 0.48 else 3
    return level, bars[chosen]


def _onsets(steps: list[Step]) -> dict[int, int]:
    found, at = {}, 0
    for step in steps:
        if step.code > 1:
            found[at] = step.code
        at += step.units
    return found
