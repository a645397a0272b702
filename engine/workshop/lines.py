"""Who does what in a piece, read from its notes alone.

The top line leads, the lowest carries, an independent middle line answers. What is left is the
harmony: three inner voices that move with the chords, and, where a chord is broken, its figure.
"""

from itertools import pairwise

import numpy as np

from engine.compose.codes import BASS, COUNTER, LEAD, VOICES, Sheet

LEAST_HELD = 2.0  # grid units that an inner voice sounds while its chord lasts
Line = list[tuple[int, int, int]]  # (start, end, pitch) in grid units


def roles_of(tracks: list[Line]) -> dict[int, Line]:
    """Who sings, who carries and who answers: by register, from one track, two or many."""
    if not tracks:
        return {}
    if len(tracks) == 1:
        return _piano(tracks[0], tracks[0])
    if len(tracks) == 2:
        upper, lower = sorted(tracks, key=_height, reverse=True)
        found = _piano(upper, lower)
        middles = [[note for note in lower if note[2] >= 52]]
    else:
        ordered = sorted(tracks, key=_height)
        found = {LEAD: _skyline(ordered[-1]), BASS: _lowline(ordered[0])}
        middles = ordered[1:-1]
    answers = [line for middle in middles if _answers(line := _skyline(middle), found[LEAD])]
    if answers:
        found[COUNTER] = max(answers, key=len)
    return found


def _answers(line: Line, lead: Line) -> bool:
    """Whether a middle line is one of its own: it moves by small steps and does not double the
    lead."""
    if len(line) < 8:
        return False
    moves = [abs(b[2] - a[2]) for a, b in pairwise(line)]
    sung = {(start, pitch % 12) for start, _, pitch in lead}
    doubled = sum((start, pitch % 12) in sung for start, _, pitch in line)
    return sum(moves) / len(moves) <= 4.5 and doubled <= 0.5 * len(line)


def voiced(sheet: Sheet, rest: Line, tonic: int) -> dict[int, list[tuple[int, int]]]:
    """The harmony's inner voices: for each (start, pitch), by span; pitch 0 is silence.

    Of what neither leads nor carries, the three pitches that sound longest while a chord lasts,
    its own tones before strangers and new ones before doubled ones.
    """
    units = len(sheet.roots)
    sounding = np.zeros((units, 128), np.float32)
    for start, end, pitch in rest:
        sounding[start:end, pitch] = 1.0
    spans = _spans(sheet)
    found: dict[int, list[tuple[int, int]]] = {voice: [] for voice in VOICES}
    for start, end in spans:
        inside = (sheet.chromas[start] >> ((np.arange(128) - tonic) % 12)) & 1
        weights = sounding[start:end].sum(0) * np.where(inside, 1.0, 0.3)
        chosen: list[int] = []
        for _ in VOICES:
            pitch = int(weights.argmax())
            if weights[pitch] < LEAST_HELD:
                break
            chosen.append(pitch)
            weights[pitch] = 0.0
            weights[pitch % 12 :: 12] *= 0.35
        chosen = sorted(chosen, reverse=True) + [0] * (len(VOICES) - len(chosen))
        if len(chosen) > 1 and chosen[2] == 0 and chosen[1]:
            chosen[1], chosen[2] = 0, chosen[1]  # of two voices the middle one is silent
        for voice, pitch in zip(VOICES, chosen, strict=True):
            found[voice].append((start, pitch))
    heard = [voice for voice in VOICES if _often(found[voice])]
    return {voice: found[voice] for voice in heard} if len(heard) > 1 else {}


def _often(voice: list[tuple[int, int]]) -> bool:
    return sum(pitch > 0 for _, pitch in voice) >= 0.5 * len(voice)


def _spans(sheet: Sheet) -> list[tuple[int, int]]:
    """(start, end) of every harmony, cut at the bar lines."""
    starts = sorted({bar.start for bar in sheet.bars} | set(np.flatnonzero(sheet.changes).tolist()))
    return list(pairwise([*starts, len(sheet.roots)]))


def figure_of(tracks: list[Line], taken: set[tuple[int, int]], bars: int) -> Line:
    """A broken chord: one note after another, wide, four or more a bar."""
    found: list[Line] = []
    for track in tracks:
        left = [note for note in track if (note[0], note[2]) not in taken]
        line = _skyline(left)
        if len(line) < 4 * bars or len(line) < 0.75 * len(left):
            continue
        if sum(abs(b[2] - a[2]) for a, b in pairwise(line)) >= 2.2 * (len(line) - 1):
            found.append(line)
    return max(found, key=len, default=[])


def _piano(upper: Line, lower: Line) -> dict[int, Line]:
    return {
        LEAD: _skyline([note for note in upper if note[2] >= 57]),
        BASS: _lowline([note for note in lower if note[2] <= 57]),
    }


def _height(track: Line) -> float:
    return float(np.mean([pitch for _, _, pitch in track]))


def _skyline(notes: Line) -> Line:
    return monophonic(notes, top=True)


def _lowline(notes: Line) -> Line:
    return monophonic(notes, top=False)


def monophonic(notes: Line, *, top: bool) -> Line:
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
