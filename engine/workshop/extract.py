"""A MIDI file becomes windows of roles on the grid, with key and chords.

Who does what is read from the notes: the top line leads, the lowest carries, an independent middle
line answers; what is left is the harmony, told as three voices that move with the chords, and a
broken chord among it is the figure.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct

from engine.compose.codes import (
    BAR_UNITS,
    BASS,
    BITS,
    COUNTER,
    DRUMS,
    FEATURES,
    FIGURE,
    FIRST_PITCH,
    GRID,
    LEAD,
    LEVELS,
    METERS,
    NOTHING,
    REST,
    TICKS_PER_UNIT,
    VOICES,
    Bar,
    Sheet,
    Step,
    code_of,
    density_of,
    fold_tonic,
    reference_at,
    relative_class,
    stroke_of,
)
from engine.midi.reading import Heard
from engine.score import TICKS_PER_QUARTER
from engine.workshop.harmony import harmony_of, key_of
from engine.workshop.lines import Line, figure_of, roles_of, voiced

WINDOW_BARS = 16
MAX_STEPS = 448
NO_KEY = 2
# Shares of windows in which a role is left out, so that the others learn to do without it.
_LEFT_OUT = {LEAD: 0.06, BASS: 0.06, COUNTER: 0.2, FIGURE: 0.2, DRUMS: 0.2}
_NO_VOICES = 0.25
_LOOKS_AHEAD = 0.15  # of bars may refer to a later one, as those that are filled in do
SCALES = {0: 0b101010110101, 1: 0b010110101101}  # major, natural minor; bit n = n semitones up


class Window(Struct, frozen=True, kw_only=True):
    """Sixteen bars or so, ready for training.

    ``ids`` (steps, features) categorical features · ``chroma`` (steps, 3) chord, scale and sounding
    masks · ``codes`` and ``units`` (steps,) what was written.
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
# General MIDI's kit as the letters of what is struck; what is missing here is not learnt.
_STROKE_OF = {
    pitch: letter
    for letter, pitches in (
        ("K", (35, 36)), ("S", (37, 38, 39, 40)), ("H", (22, 42, 44)), ("O", (26, 46)),
        ("R", (51, 53, 59)), ("C", (49, 52, 55, 57)), ("T", (45, 47, 48, 50)),
        ("F", (41, 43, 58)),
    )
    for pitch in pitches
}  # fmt: skip


class Batch(Struct, frozen=True, kw_only=True):
    """Windows side by side, padded to the longest.

    ``ids`` (rows, steps, features) · ``bits`` (rows, steps, 36) · ``codes`` and ``units`` (rows,
    steps), -1 behind a window's end.
    """

    ids: np.ndarray
    bits: np.ndarray
    codes: np.ndarray
    units: np.ndarray


def rng_of(seed: int, sha256: str) -> np.random.Generator:
    """The randomness of one file, by its digest: which roles its windows leave out."""
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
        bits[row, :n] = ((window.chroma[:, :, None] >> places) & 1).reshape(n, BITS)
        codes[row, :n], units[row, :n] = window.codes, window.units
    return Batch(ids=ids, bits=bits, codes=codes, units=units)


def windows(
    heard: Heard, rng: np.random.Generator, school: int = 0, hop: int = WINDOW_BARS
) -> Iterator[Window]:
    """All windows of one file, one every ``hop`` bars; nothing when it has no playable lines."""
    tracks, kit = _tracks(heard), _kit(heard)
    if not tracks and not kit:
        return
    end = max([note[1] for track in tracks for note in track] + [at + 1 for at in kit])
    bars = _bars(heard, end)
    for first in range(0, len(bars) - 3, hop):
        chosen = bars[first : first + WINDOW_BARS]
        if len(chosen) < 4:
            continue
        last = first + WINDOW_BARS >= len(bars)
        window = _window(tracks, kit, chosen, last=last, rng=rng, school=school)
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


def _kit(heard: Heard) -> dict[int, set[str]]:
    """What is struck at a grid unit, by the letters of `engine.compose.codes.HANDS`."""
    struck: dict[int, set[str]] = defaultdict(set)
    for track in heard.tracks:
        if track.drums:
            for note in track.notes:
                if note.pitch in _STROKE_OF:
                    struck[_snap(note.start)].add(_STROKE_OF[note.pitch])
    return dict(struck)


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
    tracks: list[Line], kit: dict[int, set[str]], bars: list[Bar], *, last: bool,
    rng: np.random.Generator, school: int,
) -> Window | None:  # fmt: skip
    begin, end = bars[0].start, bars[-1].start + bars[-1].units
    inside = [_cut(track, begin, end) for track in tracks]
    inside = [track for track in inside if len(track) >= 4]
    lines = roles_of(inside)
    if len(lines.get(LEAD, ())) < len(bars):
        inside, lines = [], {}
    struck = {at - begin: names for at, names in kit.items() if begin <= at < end}
    if not lines and len(struck) < 2 * len(bars):
        return None
    everything = [note for track in inside for note in track]
    tonic, mode = key_of(everything) if everything else (0, NO_KEY)
    local = [
        Bar(start=bar.start - begin, units=bar.units, meter=bar.meter,
            left=min(8, len(bars) - 1 - at) if last else 9)
        for at, bar in enumerate(bars)
    ]  # fmt: skip
    roots, chromas = harmony_of(everything, local, end - begin, tonic)
    sheet = Sheet(
        local, mode=mode, scale=SCALES.get(mode, 0), roots=roots, chromas=chromas, school=school
    )
    present = _drawn(sheet, inside, lines, struck, tonic)
    return _steps(sheet, _kept(present, rng), rng)


def _cut(track: Line, begin: int, end: int) -> Line:
    first, last = (bisect_left(track, at, key=lambda note: note[0]) for at in (begin, end))
    return [
        (start - begin, min(stop, end) - begin, pitch) for start, stop, pitch in track[first:last]
    ]


def _steps(sheet: Sheet, roles: Sequence[int], rng: np.random.Generator) -> Window | None:
    written = {role: [sheet.bar_steps(role, bar) for bar in sheet.bars] for role in roles}
    ids, chroma, codes, units = [], [], [], []
    before = Step(NOTHING, 0)
    for index, bar in enumerate(sheet.bars):
        for role, steps_of in written.items():
            level, reference = _reference(steps_of, index, ahead=rng.random() < _LOOKS_AHEAD)
            steps = steps_of[index]
            density = density_of(sum(s.code >= FIRST_PITCH for s in steps))
            position = 0
            for step in steps:
                at = bar.start + position
                ids.append(
                    sheet.features(
                        role, bar, position, before, reference_at(reference, position),
                        level, density,
                    )
                )  # fmt: skip
                chroma.append((int(sheet.chromas[at]), sheet.scale, _sounding(sheet, role, at)))
                codes.append(step.code)
                units.append(step.units)
                if step.code >= FIRST_PITCH:
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


def _sounding(sheet: Sheet, role: int, at: int) -> int:
    """The mask of what the roles before this one sound."""
    mask = 0
    for code in sheet.codes[: min(role, DRUMS), at].tolist():
        if code >= FIRST_PITCH:
            mask |= 1 << relative_class(code)
    return mask


def _kept(present: list[int], rng: np.random.Generator) -> list[int]:
    """The roles of a window, now and then without some that are there."""
    without = {role for role, share in _LEFT_OUT.items() if rng.random() < share}
    if rng.random() < _NO_VOICES:
        without |= set(VOICES)
    return [role for role in present if role not in without] or present


def _drawn(
    sheet: Sheet,
    tracks: list[Line],
    lines: dict[int, Line],
    struck: dict[int, set[str]],
    tonic: int,
) -> list[int]:
    """Put all roles onto the sheet; returns those that are there, in the order of writing."""
    tonic_pitch = fold_tonic(tonic)
    taken = {(start, pitch) for role in (LEAD, BASS) for start, _, pitch in lines.get(role, ())}
    figure = figure_of(tracks, taken, len(sheet.bars)) if lines else []
    present = lines | ({FIGURE: figure} if figure else {})
    for role, line in present.items():
        _draw(sheet, role, line, tonic_pitch)
    found = [role for role, line in present.items() if line]
    rest = [note for track in tracks for note in track if (note[0], note[2]) not in taken]
    for voice, spans in (voiced(sheet, rest, tonic) if rest else {}).items():
        _draw_voice(sheet, voice, spans, tonic_pitch)
        found.append(voice)
    if len(struck) >= 2 * len(sheet.bars):
        _draw_kit(sheet, struck)
        found.append(DRUMS)
    return sorted(found)


def _draw(sheet: Sheet, role: int, line: Line, tonic_pitch: int) -> None:
    end = sheet.codes.shape[1]
    for start, stop, pitch in line:
        if start < end:
            sheet.codes[role, start : min(stop, end)] = code_of(pitch, tonic_pitch)
            sheet.onsets[role, start] = True
            sheet.onsets[role, start + 1 : min(stop, end)] = False


def _draw_voice(sheet: Sheet, voice: int, spans: list[tuple[int, int]], tonic_pitch: int) -> None:
    """A voice over its spans; a pitch that stays is held."""
    ends = [start for start, _ in spans[1:]] + [len(sheet.roots)]
    before = 0
    for (start, pitch), end in zip(spans, ends, strict=True):
        sheet.codes[voice, start:end] = code_of(pitch, tonic_pitch) if pitch else REST
        sheet.onsets[voice, start] = pitch > 0 and pitch != before
        before = pitch


def _draw_kit(sheet: Sheet, struck: dict[int, set[str]]) -> None:
    """Each stroke lasts until the next one or the bar line."""
    starts = sorted(struck)
    lines = [bar.start for bar in sheet.bars] + [len(sheet.roots)]
    for at, after in zip(starts, [*starts[1:], lines[-1]], strict=True):
        code = stroke_of(struck[at])
        line = next(one for one in lines if one > at)
        sheet.codes[DRUMS, at : min(after, line)] = code
        sheet.onsets[DRUMS, at] = code != REST


def _reference(
    bars: list[list[Step]], index: int, *, ahead: bool
) -> tuple[int, list[Step] | tuple[()]]:
    """The bar most like this one, of those before it or, ``ahead``, of those behind it too, and how
    far this one departs from it (0-3)."""
    best, chosen = 0.0, -1
    here = _onsets(bars[index])
    if not here:
        return LEVELS - 1, ()
    others = [*range(index - 1, max(-1, index - 13), -1)]
    others += range(index + 1, min(len(bars), index + 5)) if ahead else ()
    for other in others:
        there = _onsets(bars[other])
        if not there:
            continue
        rhythm = len(here.keys() & there.keys()) / len(here.keys() | there.keys())
        same = sum(here[at] == there.get(at) for at in here) / max(len(here), len(there))
        likeness = 0.5 * rhythm + 0.5 * same + 0.02 * (index - other in (2, 4, 8))
        if likeness > best:
            best, chosen = likeness, other
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
