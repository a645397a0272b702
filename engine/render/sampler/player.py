"""Plays parts and drum kits of a converted font: notes come from the cache of the process."""

from collections.abc import Iterable
from functools import lru_cache
from math import ceil, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.render.notes import NOTES, add
from engine.render.sampler import envelopes
from engine.render.sampler.envelopes import Envelope
from engine.render.sampler.library import Library, Program
from engine.render.sampler.recordings import PLAIN, Manner, sung
from engine.render.sampler.voices import Answer, Desk, Voice
from engine.render.sampler.zones import DRUMS
from engine.render.strokes import Stroke
from engine.sound.filters import beside, blank

SAMPLE_RATE = 48_000
BUCKET_RATIO = 1.26
LONGEST = 30 * SAMPLE_RATE  # a longer note goes on as a second one bound to it
BOUND_S, BOUND_FADE = 0.06, 1440  # what a bound note leaves out of its attack, and fades in over
VIBRATO_STEP = 5  # cents
# How fast a string that rings falls silent under the next stroke on it.
DAMP_FRAMES = int(0.3 * SAMPLE_RATE)
_CLOSING = (0.5 + 0.5 * np.cos(np.pi * (np.arange(DAMP_FRAMES) + 1) / DAMP_FRAMES)).astype(
    np.float32
)
STACCATO = 0.5  # of the release that remains
Sound = NDArray[np.floating]


class _Group(NamedTuple):
    """Voices of a note that rise and fall together: one sound, one gain."""

    voices: tuple[Voice, ...]
    softer_db: float


class _Wanted(NamedTuple):
    """A group as it lies in the cache; ``held`` only where a loop is left with the key."""

    voices: tuple[Voice, ...]
    manner: Manner
    skipped: int
    held: int | None


class _Row(NamedTuple):
    """One group of one stroke: what it plays, when, how loud and when it is let go."""

    onset: int
    wanted: _Wanted
    gain: tuple[float, float] | float
    frames: int
    let_go: int | None
    envelope: Envelope
    again: int | None = None  # frames until the same key is struck once more


class Player:
    """The instruments of one font. Any number of threads may play on it at once."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self.desk = Desk(library)

    @property
    def programs(self) -> dict[int, Program]:
        """What the audit found."""
        return self._library.programs

    def play_part(self, program: int, strokes: Iterable[Stroke], frames: int) -> Sound:
        """A part as (frames, 2) float32, near -20 LUFS where it is struck at 100."""
        out = blank(frames)
        told = self._library.programs.get(program)
        trim = told.trim_db if told else 0.0
        rows: list[_Row] = []
        for stroke in strokes:
            if stroke.onset >= frames:
                continue
            key = _folded(stroke.pitch, told.low, told.high) if told else stroke.pitch
            for piece in _pieces(stroke):
                answers = self.desk.nearest(program, key, _velocity(piece))
                rows += [_row(piece, group, trim) for group in _groups(answers)]
        self.add_rows(out, _restruck(rows))
        return out

    def hits(self, kit: int, strokes: Iterable[Stroke]) -> list[list[_Row]]:
        """What every stroke on a drum kit plays; a hit silences those of its exclusive class."""
        told = self._library.programs.get(DRUMS + kit)
        trim = told.trim_db if told else 0.0
        rows: list[list[_Row]] = []
        ringing: dict[int, list[tuple[int, int]]] = {}
        for stroke in strokes:
            answers = self.desk.answers(DRUMS + kit, stroke.pitch, _velocity(stroke))
            hit = [_hit(stroke, group, trim) for group in _groups(answers)]
            for exclusive in sorted({one.voice.exclusive for one in answers} - {0}):
                for number, at in ringing.pop(exclusive, []):
                    rows[number][at] = _choked(rows[number][at], stroke.onset)
                ringing[exclusive] = [
                    (len(rows), at)
                    for at, row in enumerate(hit)
                    if row.wanted.voices[0].exclusive == exclusive
                ]
            rows.append(hit)
        return rows

    def note(
        self, program: int, key: int, velocity: int, frames: int, held: int | None = None
    ) -> Sound:
        """A single note as the font has it, untrimmed and uncached: (frames, 2). For the audit."""
        out = blank(frames)
        for group in _groups(self.desk.answers(program, key, velocity)):
            stroke = Stroke(0, held or frames, key, velocity)
            row = _row(stroke, group, 0.0)
            if held is None:
                row = row._replace(frames=frames, let_go=None)
            self._add_row(out, row, self._sounded(row.wanted, row.frames))
        return out

    def add_rows(self, out: Sound, rows: list[_Row]) -> None:
        """Rows into a buffer (frames, 2)."""
        longest: dict[_Wanted, int] = {}
        for row in rows:
            longest[row.wanted] = max(longest.get(row.wanted, 0), row.frames)
        for row in rows:
            # A part's shorter notes are cut from the longest of their kind.
            frames = longest[row.wanted]
            name = (self._library.digest, row.wanted, frames)
            note = NOTES.get(name)
            if note is None:
                note = NOTES.put(name, self._sounded(row.wanted, frames))
            self._add_row(out, row, note)

    @staticmethod
    def _add_row(out: Sound, row: _Row, note: Sound) -> None:
        fall = None
        if row.let_go is not None and row.let_go < len(note):
            ringing = len(note) - row.let_go
            damped = None if row.again is None else max(row.again - row.let_go, 0)
            if damped is not None:
                ringing = min(ringing, damped + DAMP_FRAMES)
            fall = envelopes.release(row.envelope, row.let_go + row.wanted.skipped, ringing)
            if damped is not None and len(fall) == damped + DAMP_FRAMES:
                fall = fall.copy()
                fall[damped:] *= _CLOSING
        add(out, note, row.onset, row.gain, let_go=row.let_go, fall=fall)

    def _sounded(self, wanted: _Wanted, frames: int) -> Sound:
        """The group's sound: mono where its voices stand in one place, else stereo."""
        whole = frames + wanted.skipped
        sounds = [
            sung(self._library.recordings, voice, whole, wanted.manner, wanted.held)
            for voice in wanted.voices
        ]
        length = max(map(len, sounds))
        if len(sounds) == 1:
            note = sounds[0]
        elif _one_place(wanted.voices):
            note = np.zeros(length, np.float32)
            for sound in sounds:
                note[: len(sound)] += sound
        else:
            sides = np.zeros((2, length), np.float32)
            for voice, sound in zip(wanted.voices, sounds, strict=True):
                for side, level in enumerate(_place(voice.pan)):
                    if level > 1e-4:
                        there = sides[side, : len(sound)]
                        there += sound if level > 0.9999 else sound * np.float32(level)
            note = beside(sides[0], sides[1])
        if wanted.skipped:
            note = note[wanted.skipped :].copy(order="K")
            fade = min(BOUND_FADE, len(note))
            rise = (0.5 - 0.5 * np.cos(np.pi * np.arange(fade) / fade)).astype(np.float32)
            note[:fade] = (note[:fade].T * rise).T
        return note


def _restruck(rows: list[_Row]) -> list[_Row]:
    """Rows that know when their key is struck again: a string rings no longer than that."""
    following: dict[tuple[Voice, ...], int] = {}
    out = []
    for row in sorted(rows, key=lambda row: row.onset, reverse=True):
        next_onset = following.get(row.wanted.voices)
        if next_onset is not None and next_onset > row.onset:
            row = row._replace(again=next_onset - row.onset)
        following[row.wanted.voices] = row.onset
        out.append(row)
    return out[::-1]


def _pieces(stroke: Stroke) -> list[Stroke]:
    """A very long note as several, each bound to the one before."""
    if stroke.frames <= LONGEST:
        return [stroke]
    ends = range(0, stroke.frames, LONGEST)
    return [
        Stroke(
            stroke.onset + at, min(LONGEST, stroke.frames - at), stroke.pitch, stroke.velocity,
            legato=stroke.legato or at > 0, vibrato=stroke.vibrato,
            slide=0.0 if at else stroke.slide, slide_frames=0 if at else stroke.slide_frames,
        )
        for at in ends
    ]  # fmt: skip


def _velocity(stroke: Stroke) -> int:
    return min(max(stroke.velocity, 1), 127)


@lru_cache(maxsize=1 << 13)
def _groups(answers: tuple[Answer, ...]) -> list[_Group]:
    """Voices by envelope and softness, in the order of the font."""
    found: dict[tuple[Envelope, str, int, float], list[Voice]] = {}
    for one in answers:
        voice = one.voice
        same = (voice.volume, voice.loop, voice.exclusive, round(one.softer_db, 3))
        found.setdefault(same, []).append(voice)
    return [_Group(tuple(voices), same[3]) for same, voices in found.items()]


def _row(stroke: Stroke, group: _Group, trim_db: float) -> _Row:
    envelope, looping = group.voices[0].volume, group.voices[0].loop
    if stroke.articulation == "staccato":
        envelope = Envelope(
            envelope.delay_s, envelope.attack_s, envelope.hold_s, envelope.decay_s,
            envelope.sustain, envelope.release_s * STACCATO,
        )  # fmt: skip
    bound = stroke.legato and looping == "held"
    skipped = int(max(BOUND_S, envelope.delay_s + envelope.attack_s) * SAMPLE_RATE) if bound else 0
    held = max(stroke.frames, 1)
    let_go = held
    tail = int(envelopes.SILENT_DB / envelope.fall_db) + envelopes.CLOSE
    wanted = _Wanted(
        group.voices, _manner(stroke, skipped), skipped, held if looping == "left" else None
    )
    frames = held + tail if looping == "left" else _bucket(held + tail)
    return _Row(stroke.onset, wanted, _gain(group, trim_db), frames, let_go, envelope)


def _hit(stroke: Stroke, group: _Group, trim_db: float) -> _Row:
    """A hit rings on after its note, except on what would sound for ever."""
    row = _row(stroke, group, trim_db)
    if row.wanted.voices[0].loop:
        return row
    longest = max((voice.end - voice.start) / voice.step for voice in group.voices)
    return row._replace(frames=int(longest) + 1, let_go=None)


def _choked(row: _Row, onset: int) -> _Row:
    let_go = max(1, onset - row.onset)
    quick = Envelope(0.0, 0.0, 0.0, 0.0, 0.0, envelopes.LEAST_RELEASE_S)
    if row.let_go is not None and row.let_go <= let_go:
        return row
    return row._replace(let_go=let_go, envelope=quick)


def _manner(stroke: Stroke, skipped: int) -> Manner:
    vibrato = round(stroke.vibrato / VIBRATO_STEP) * VIBRATO_STEP
    slide = round(stroke.slide * 100)
    if not vibrato and not (slide and stroke.slide_frames):
        return PLAIN
    if not slide or not stroke.slide_frames:
        return Manner(vibrato_cents=vibrato)
    return Manner(slide, stroke.slide_frames, skipped, vibrato)


def _gain(group: _Group, trim_db: float) -> tuple[float, float] | float:
    level = float(10 ** ((trim_db - group.softer_db) / 20))
    if not _one_place(group.voices):
        return level
    left, right = _place(group.voices[0].pan)
    return level * left, level * right


def _one_place(voices: tuple[Voice, ...]) -> bool:
    return all(voice.pan == voices[0].pan for voice in voices)


def _place(pan: float) -> tuple[float, float]:
    """Constant power, hard at -1 and 1."""
    if not pan:
        return 0.5**0.5, 0.5**0.5
    angle = (pan + 1) * np.pi / 4
    return float(np.cos(angle)), float(np.sin(angle))


def _folded(pitch: int, low: int, high: int) -> int:
    """The pitch an octave or more nearer where the instrument does not reach it."""
    while pitch < low:
        pitch += 12
    while pitch > high and pitch - 12 >= low:
        pitch -= 12
    return pitch


def _bucket(frames: int) -> int:
    """The next length of a geometric ladder, so that notes of about one length share a sound."""
    step = ceil(log(max(frames, 480) / 480) / log(BUCKET_RATIO) - 1e-9)
    return int(480 * BUCKET_RATIO**step)
