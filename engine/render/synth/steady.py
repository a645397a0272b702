"""Sounds that could go on for ever: pads, choirs, organs and beds.

A note is a wheel (see `wheels`) from a place of its own on, under the envelope of the patch. So a
note of a minute costs no more than one of a second, and no two notes are alike. Where the filter
moves it is crossfaded from wheel to wheel, within a decibel of what the filter does.
"""

import zlib
from functools import lru_cache, partial
from typing import Any

import numpy as np
from msgspec import Struct

from engine.render.notes import NOTES
from engine.render.synth import oscillators as osc
from engine.render.synth import subtractive
from engine.render.synth.oscillators import SAMPLE_RATE, Curve, Sound
from engine.render.synth.subtractive import STEP
from engine.render.synth.voices import Bed, Subtractive
from engine.render.synth.wheels import OCTAVES, pitched, wheels
from engine.sound.compiled import compiled, inlined
from engine.sound.filters import blank

ENSEMBLE = 4  # voices from which on a vibrato is nobody's own and may be there from the start
_GOLDEN = 0.6180339887
_HOP = SAMPLE_RATE // 10
_HEARD = 12  # hops from the onset in which a note is judged
_EVENED = 0.9  # how far, in decibels of decibels, a note is brought to the mean


def goes_on(voice: object) -> bool:
    """Whether a voice's held sound is a wheel: nothing in it happens only once but its attack."""
    if isinstance(voice, Bed):
        return True
    if not isinstance(voice, Subtractive) or voice.chip or voice.drive or voice.scoop_cents:
        return False
    most = max(one.voices for one in voice.oscillators)
    shaken = voice.vibrato_cents > 0 and most < ENSEMBLE
    struck = voice.spread == 0 and voice.attack_s < 0.1  # a bass, whose notes begin alike
    return most > 1 and voice.sustain >= 0.7 and not (voice.chiff_db or shaken or struck)


class Held(Struct, frozen=True):
    """A note to be held: which patch and voice, pitch, loudness 0-1, and the how-manyth it is."""

    name: str
    voice: Subtractive | Bed
    pitch: int
    loudness: float
    number: int


def hold(
    out: Sound,
    note: Held,
    onset: int,
    frames: int,
    gains: tuple[float, float],
    let_go: int,
    fall: Sound,
) -> None:
    """Add ``frames`` of a held note to ``out``, (frames, 2), left and right at their gains.

    After ``let_go`` frames it sinks along ``fall``, which must be long enough for the rest of it.
    """
    place = _place(note)
    rows = np.asarray(_rows(note, frames, place), np.float32)
    turned = wheels(note.name, note.voice, note.pitch, *_between(rows))
    start = int(place * next(iter(turned.values())).shape[1])
    octaves = getattr(note.voice, "slope", 12) / 6.0 * OCTAVES
    for first, until, shape in _shapes(_envelope(note.voice), frames, let_go, fall):
        at = first
        while at < until:
            row = min(max(int(np.floor(_row_at(rows, at))), min(turned)), max(turned))
            low, high = turned[row], turned.get(row + 1, turned[row])
            at = _blend(low, high, rows, row, octaves, start, at, until, shape, first,
                        *gains, out.T, onset)  # fmt: skip


def _shapes(envelope: Sound, frames: int, let_go: int, fall: Sound) -> list[tuple[int, int, Sound]]:
    """A note's amplitude piece by piece: from where to where, and every frame's, or one for all."""
    held = min(let_go, frames)
    rising, settled, last = min(len(envelope), held), min(len(envelope), frames), envelope[-1:]
    pieces = [(0, rising, envelope[:rising]), (rising, held, last)]
    if held < settled:
        pieces.append((held, settled, envelope[held:settled] * fall[: settled - held]))
    settled = max(settled, held)
    pieces.append((settled, frames, fall[settled - held : frames - held] * last))
    return [piece for piece in pieces if piece[0] < piece[1]]


def evened(note: Held) -> float:
    """The gain that brings the note near the level of all notes of its wheel.

    Voices in unison beat, so a note that begins where they meet would stand out by some decibels.
    """
    settled, began = 0, 0
    if isinstance(note.voice, Subtractive):
        octaves = note.voice.velocity_octaves * (note.loudness - 0.63)
        settled = round(octaves / OCTAVES)
        if note.voice.sweep_octaves:
            rows = _rows(note, int((1.2 + note.voice.attack_s) * SAMPLE_RATE), _place(note))
            began = round(float(rows.mean()))
        else:
            began = settled
    usual, here = (_loudest_of(note, row) for row in (settled, began))
    loudest = here[int(_place(note) * len(here))]
    return float((usual.mean(dtype=np.float64) / loudest) ** (_EVENED / 2))


def _loudest_of(note: Held, row: int) -> Sound:
    key = ("loudest", note.name, pitched(note.voice, note.pitch), row)
    wheel = partial(wheels, note.name, note.voice, note.pitch, row, row)
    return NOTES.played(key, lambda: _loudest(wheel()[row]))


def _loudest(wheel: Sound) -> Sound:
    """The power of the loudest 400 ms of notes that begin at each tenth of a second."""
    hops = wheel.shape[1] // _HOP
    power = np.square(wheel[:, : hops * _HOP]).reshape(len(wheel), hops, _HOP).sum(axis=(0, 2))
    moments = np.convolve(np.resize(power, hops + _HEARD + 3), np.ones(4), "valid")
    return np.max([moments[at : at + hops] for at in range(_HEARD)], axis=0)


def _place(note: Held) -> float:
    """Where on its wheel a note begins, 0-1: each as far as can be from those before."""
    return _GOLDEN * (note.number + 1) % 1.0


def sound(note: Held, frames: int) -> Sound:
    """The held note in one piece, (frames,) or (frames, 2)."""
    out = blank(frames)
    hold(out, note, 0, frames, (1.0, 1.0), frames, np.ones(1, np.float32))
    if isinstance(note.voice, Subtractive) and note.voice.click_db > -100:
        click = key_click(note.name, note.voice)[:frames]
        out[: len(click)] += click[:, None]
    alike = isinstance(note.voice, Subtractive) and not note.voice.spread
    return out[:, 0] if alike else out


@lru_cache(maxsize=16)
def key_click(name: str, voice: Subtractive) -> Sound:
    """The contact of the key that begins the note, mono, read-only."""
    click = subtractive.key_click(voice, np.random.default_rng(zlib.crc32(name.encode())))
    click.flags.writeable = False
    return click


# --- the filter's way ----------------------------------------------------------------------------


def _rows(note: Held, frames: int, place: float) -> Curve:
    """Between which wheels the note lies, every `STEP` frames; one value where nothing moves."""
    voice = note.voice
    if isinstance(voice, Bed):
        return np.zeros(1)
    octaves = np.array([voice.velocity_octaves * (note.loudness - 0.63)])
    if voice.env_octaves or voice.sweep_octaves:
        time = np.arange(frames // STEP + 2) * (STEP / SAMPLE_RATE)
        octaves = np.full(len(time), octaves[0])
        if voice.env_octaves:
            octaves += subtractive.env_octaves(voice, time)
        if voice.sweep_octaves:
            turn = voice.sweep_hz * time + (7 * place) % 1.0
            octaves += voice.sweep_octaves * np.sin(2 * np.pi * turn)
    return np.round(octaves / OCTAVES, 3)


def _between(rows: Curve) -> tuple[int, int]:
    """The lowest and the highest wheel that a way needs."""
    return int(np.floor(rows.min())), int(np.ceil(rows.max()))


def _row_at(rows: Curve, frame: int) -> float:
    """Between which wheels a frame lies, as `_blend` has it."""
    knot = min(frame // STEP, len(rows) - 1)
    here, after = rows[knot], rows[min(knot + 1, len(rows) - 1)]
    return float(here + (after - here) * (np.float32(frame - knot * STEP) / np.float32(STEP)))


@inlined
def _share(place: Any, octaves: Any, whole: Any) -> Any:
    """The share of the upper wheel: what is far above both cutoffs is then right to the decibel.

    ``(2**(place octaves) - 1) whole``, the power as a series for its fourth root.
    """
    x = place * octaves * np.float32(0.17328679513998632)
    root = np.float32(1 / 720)
    root = root * x + np.float32(1 / 120)
    root = root * x + np.float32(1 / 24)
    root = root * x + np.float32(1 / 6)
    root = root * x + np.float32(1 / 2)
    root = root * x + np.float32(1.0)
    root = root * x + np.float32(1.0)
    root *= root
    return (root * root - np.float32(1.0)) * whole


@compiled(
    "const float32[:, :]", "const float32[:, :]", "const float32[:]", "float32", "float32",
    "int64", "int64", "int64", "const float32[:]", "int64", "float32", "float32",
    "float32[:, :]", "int64", gives="int64",
)  # fmt: skip
def _blend(
    low: Sound,
    high: Sound,
    rows: Sound,
    row: float,
    octaves: float,
    start: int,
    at: int,
    until: int,
    shape: Sound,
    first: int,
    left: float,
    right: float,
    out: Sound,
    onset: int,
) -> int:
    """Add a note's frames from ``at`` on to ``out`` while it lies between two wheels.

    ``shape`` is the amplitude from frame ``first`` on, or one for all. Returns the frame at which
    the note passes on to other wheels, or ``until``.
    """
    whole = np.float32(1.0) / (np.float32(2.0) ** octaves - np.float32(1.0))
    share, tone = np.empty(STEP, np.float32), np.empty(STEP, np.float32)
    round_ = low.shape[1]
    began = at
    while at < until:
        knot = min(at // STEP, len(rows) - 1)
        here = rows[knot]
        rise = rows[min(knot + 1, len(rows) - 1)] - here
        passed = at - knot * STEP
        place = here + rise * (np.float32(passed) / np.float32(STEP)) - row
        if at > began and (place < np.float32(0.0) or place > np.float32(1.0)):
            return at
        on_wheel = (start + at) % round_
        count = min(STEP - passed % STEP, until - at, round_ - on_wheel)
        if rise != np.float32(0.0):
            border = np.float32(1.0) if rise > np.float32(0.0) else np.float32(0.0)
            inside = int((border - place) / rise * np.float32(STEP)) + 1
            count = min(count, max(inside, 1))
        for j in range(count):
            along = np.float32(passed + j) / np.float32(STEP)
            share[j] = _share(here + rise * along - row, octaves, whole)
        for side in range(2):
            if side < len(low):
                below = low[side, on_wheel : on_wheel + count]
                above = high[side, on_wheel : on_wheel + count]
                for j in range(count):
                    tone[j] = below[j] + (above[j] - below[j]) * share[j]
            gain = left if side == 0 else right
            target = out[side, onset + at : onset + at + count]
            if len(shape) == 1:
                gain *= shape[0]
                for j in range(count):
                    target[j] += tone[j] * gain
            else:
                shaping = shape[at - first : at - first + count]
                for j in range(count):
                    target[j] += tone[j] * (gain * shaping[j])
        at += count
    return at


@lru_cache(maxsize=64)
def _envelope(voice: Subtractive | Bed) -> Sound:
    """The amplitude from the onset until it has settled at its last value; read-only."""
    if isinstance(voice, Bed):
        rise = int(voice.attack_s * SAMPLE_RATE) + 24
        curve = osc.attack(rise + 1, rise)
    else:
        settled = voice.attack_s + (8 * voice.decay_s if voice.sustain < 1 else 0.0)
        curve = subtractive.amplitude(voice, int(settled * SAMPLE_RATE) + 2)
        curve[-1] = voice.sustain
    curve.flags.writeable = False
    return curve
