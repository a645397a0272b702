"""Plays parts with our own sounds: notes come from a cache and are added where they belong."""

import zlib
from collections import OrderedDict
from collections.abc import Iterable
from functools import lru_cache
from threading import Lock
from typing import NamedTuple

import numpy as np
from msgspec import Struct

from engine.render.strokes import Stroke
from engine.render.synth import kits
from engine.render.synth import oscillators as osc
from engine.render.synth.lines import play_line
from engine.render.synth.oscillators import SAMPLE_RATE, Sound
from engine.render.synth.patches import GENERAL_MIDI, PATCHES, Patch
from engine.render.synth.singing import Line
from engine.render.synth.sounds import play
from engine.sound.filters import blank
from engine.sound.loudness import momentary_lufs

REFERENCE_LUFS = -20.0
LAYERS = ((47, 0.28), (79, 0.52), (103, 0.73), (127, 0.92))
BUCKET_RATIO = 1.26
VARIANTS = 3
CACHE_BYTES = 192 * 2**20


class _Cache:
    """Rendered notes, least recently used out first, shared by every take of the process."""

    def __init__(self, most_bytes: int) -> None:
        self._most, self._held, self._lock = most_bytes, 0, Lock()
        self._notes: OrderedDict[tuple, Sound] = OrderedDict()

    def get(self, key: tuple) -> Sound | None:
        with self._lock:
            note = self._notes.get(key)
            if note is not None:
                self._notes.move_to_end(key)
            return note

    def put(self, key: tuple, note: Sound) -> Sound:
        note.flags.writeable = False
        with self._lock:
            if key not in self._notes:
                self._notes[key] = note
                self._held += note.nbytes
            while self._held > self._most:
                self._held -= self._notes.popitem(last=False)[1].nbytes
        return note


_CACHE = _Cache(CACHE_BYTES)


def play_part(patch_name: str, strokes: Iterable[Stroke], frames: int) -> Sound:
    """A part on one of our patches, stereo, every note at -20 LUFS when struck at 100.

    ``frames`` bounds the buffer; what rings beyond it is cut there.
    """
    patch = PATCHES[patch_name]
    if isinstance(patch.voice, Line):
        return play_line(patch_name, patch, list(strokes), frames)
    out = blank(frames)
    for stroke, wanted, held in _sheet(patch, [one for one in strokes if one.onset < frames]):
        key = (patch_name, *wanted)
        note = _CACHE.get(key)
        if note is None:
            note = _CACHE.put(key, _rendered(patch_name, patch, *wanted))
        level = gain(stroke.velocity, patch.dynamics_db)
        _add(out, note, stroke.onset, level, held, _place(level, stroke.pitch, patch.key_width))
    return out


def _place(level: float, pitch: int, width: float) -> tuple[float, float] | None:
    """Low keys to the left and high ones to the right, as the player sits."""
    if not width:
        return None
    angle = (1 + width * float(np.clip((pitch - 62) / 30, -1, 1))) * np.pi / 4
    return level * float(np.cos(angle)) * 1.4142, level * float(np.sin(angle)) * 1.4142


def play_kit(kit_name: str, strokes: Iterable[Stroke], frames: int) -> dict[str, Sound]:
    """A drum part, split into kick, snare, hats and perc."""
    kit = kits.KITS[kit_name]
    out: dict[str, Sound] = {}
    strokes = sorted(strokes, key=lambda stroke: (stroke.onset, stroke.pitch))
    hats = [stroke.onset for stroke in strokes if stroke.pitch in kits.HATS]
    for number, stroke in enumerate(strokes):
        if stroke.onset >= frames:
            continue
        layer = min(kits.LAYERS - 1, stroke.velocity * kits.LAYERS // 128)
        note = _hit(kit_name, kit, stroke.pitch, layer, number % kits.VARIANTS)
        stop = None
        if stroke.pitch == 46:
            stop = next((at - stroke.onset for at in hats if at > stroke.onset), None)
        group = kits.group_of(stroke.pitch)
        if group not in out:
            out[group] = blank(frames)
        side = _SIDES.get(stroke.pitch, 0.0)
        angle = (side + 1) * np.pi / 4
        level = drum_gain(stroke.velocity)
        pan = (level * np.cos(angle) * 1.4142, level * np.sin(angle) * 1.4142)
        _add(out[group], note, stroke.onset, level, _Held(stop, 0.006), pan if side else None)
    return out


# The overhead picture, as the audience sees it.
_SIDES = {
    42: 0.25, 44: 0.25, 46: 0.25, 51: -0.3, 53: -0.3, 59: -0.35, 49: -0.4, 57: 0.4, 50: 0.4,
    48: 0.3, 47: 0.15, 45: -0.1, 43: -0.25, 41: -0.4, 54: 0.35, 69: 0.35, 70: 0.35, 82: 0.35,
    60: -0.3, 61: -0.2, 62: 0.3, 63: 0.25, 64: 0.15, 75: -0.35, 76: -0.3, 77: 0.3, 80: 0.4,
    81: 0.4, 39: 0.12, 56: -0.25, 67: 0.3, 68: 0.2, 37: -0.12,
}  # fmt: skip


def gain(velocity: int, dynamics_db: float) -> float:
    """1 at velocity 100; ``dynamics_db`` is what lies between the softest note and the loudest."""
    soft = 1 - min(velocity, 127) / 127
    reference = 1 - 100 / 127
    return float(10 ** (-dynamics_db * (soft**1.2 - reference**1.2) / 20))


def drum_gain(velocity: int) -> float:
    """The level of a drum stroke re full velocity: 40 log v, no softer than -26 dB."""
    return float(10 ** (max(-26.0, 40 * np.log10(max(velocity, 1) / 127)) / 20))


class _Held(Struct, frozen=True, array_like=True):
    """Frames until the note is let go, None for never, and how fast it then fades."""

    frames: int | None
    tau_s: float


class _Wanted(NamedTuple):
    """A note as it lies in the cache."""

    pitch: int
    layer: int
    frames: int
    variant: int


def _sheet(patch: Patch, strokes: list[Stroke]) -> list[tuple[Stroke, _Wanted, _Held]]:
    """Which note every stroke plays, and when it is let go.

    A part's shorter notes are cut from the longest of their pitch, loudness and variant, which
    costs a third of playing each at its own length.
    """
    rows: list[tuple[Stroke, _Wanted, _Held]] = []
    longest: dict[tuple[int, int, int], int] = {}
    for number, stroke in enumerate(strokes):
        layer = next(i for i, (top, _) in enumerate(LAYERS) if stroke.velocity <= top)
        pitch = _folded(stroke.pitch, patch)
        frames, held = _length(patch, stroke.frames)
        variant = min(number % VARIANTS, _variants(patch, frames) - 1)
        wanted = _Wanted(pitch, layer, frames, variant)
        same = (pitch, layer, wanted.variant)
        longest[same] = max(longest.get(same, 0), frames)
        rows.append((stroke, wanted, held))
    if patch.rings or patch.exact:
        return rows
    return [
        (stroke, one._replace(frames=longest[one.pitch, one.layer, one.variant]), held)
        for stroke, one, held in rows
    ]


def _length(patch: Patch, sounding: int) -> tuple[int, _Held]:
    if patch.rings:
        return int(patch.longest_s * SAMPLE_RATE), _Held(None, 0.0)
    sounding = min(sounding, int(patch.longest_s * SAMPLE_RATE * 4))
    if patch.exact:
        return sounding, _Held(max(1, sounding - 480), patch.release_s)
    release = int(4.6 * patch.release_s * SAMPLE_RATE) + 240
    return _bucket(sounding + release), _Held(sounding, patch.release_s)


def _variants(patch: Patch, frames: int) -> int:
    """How often a repeated note may be the very same sound: less for what is short and struck."""
    return VARIANTS if patch.rings or frames < 2 * SAMPLE_RATE else 2


def _folded(pitch: int, patch: Patch) -> int:
    while pitch < patch.low:
        pitch += 12
    while pitch > patch.high:
        pitch -= 12
    return pitch


def _bucket(frames: int) -> int:
    """The next length of a geometric ladder, so that notes of about one length share a sound."""
    step = np.ceil(np.log(max(frames, 480) / 480) / np.log(BUCKET_RATIO) - 1e-9)
    return int(480 * BUCKET_RATIO**step)


def _rendered(name: str, patch: Patch, pitch: int, layer: int, frames: int, variant: int) -> Sound:
    seed = zlib.crc32(f"{name}/{pitch}/{layer}/{variant}".encode())
    sound = play(patch.voice, pitch, LAYERS[layer][1], frames, np.random.default_rng(seed))
    sound = _without_offset(sound)
    loudness = _loudness_at(name, pitch, layer)
    if frames >= SAMPLE_RATE // 2 and _beats(patch):
        # Voices in unison beat: two keys of one patch would differ by 4 dB, so each is levelled.
        loudness = 0.3 * loudness + 0.7 * momentary_lufs(sound)
    trim = 10 ** ((REFERENCE_LUFS - loudness) / 20)
    return osc.taper((sound * np.float32(trim)).astype(np.float32))


def _without_offset(sound: Sound) -> Sound:
    mean = sound.mean() if sound.ndim == 1 else np.array([side.mean() for side in sound.T])
    # Subtracting it whole would put a step under the first frame; it fades in with the attack.
    return sound - (np.multiply.outer(osc.attack(len(sound), 480), mean)).astype(np.float32)


def _beats(patch: Patch) -> bool:
    return any(one.voices > 1 for one in getattr(patch.voice, "oscillators", ()))


_ANCHORS = (24, 36, 48, 60, 72, 84, 96, 108)


def _loudness_at(name: str, pitch: int, layer: int) -> float:
    below = max((a for a in _ANCHORS if a <= pitch), default=_ANCHORS[0])
    above = min((a for a in _ANCHORS if a >= pitch), default=_ANCHORS[-1])
    low, high = _anchor_loudness(name, below, layer), _anchor_loudness(name, above, layer)
    return low if above == below else low + (high - low) * (pitch - below) / (above - below)


@lru_cache(maxsize=2048)
def _anchor_loudness(name: str, pitch: int, layer: int) -> float:
    """How loud the patch is at a pitch before any trim, LUFS of its loudest 400 ms."""
    patch = PATCHES[name]
    folded = _folded(pitch, patch)
    seconds = min(patch.longest_s, 1.6) if patch.rings or patch.exact else 1.2
    attack = getattr(patch.voice, "attack_s", 0.0)
    frames = int((seconds + attack) * SAMPLE_RATE)
    rng = np.random.default_rng(7)
    return momentary_lufs(play(patch.voice, folded, LAYERS[layer][1], frames, rng))


def _hit(name: str, kit: kits.Kit, key: int, layer: int, variant: int) -> Sound:
    named = (name, key, layer, variant)
    note = _CACHE.get(named)
    return note if note is not None else _CACHE.put(named, kits.hit(kit, *named))


def _add(
    out: Sound,
    note: Sound,
    onset: int,
    level: float,
    held: _Held,
    pan: tuple[float, float] | None = None,
) -> None:
    """The note into the buffer at ``onset``, let go after ``held``."""
    skipped = max(0, -onset)
    length = min(len(note), len(out) - onset)
    if held.frames is not None:
        length = min(length, held.frames + int(4.6 * held.tau_s * SAMPLE_RATE) + 240)
    if length <= skipped:
        return
    piece = note[:length]
    if held.frames is not None and held.frames < length:
        after = length - held.frames
        fall = osc.decay(after, held.tau_s)
        close = min(240, after)
        fall[-close:] *= 0.5 + 0.5 * np.cos(np.pi * (np.arange(close) + 1) / close)
        piece = piece.copy()
        piece[held.frames :] = (piece[held.frames :].T * fall).T
    target = out[max(onset, 0) : onset + length]
    piece = piece[skipped:]
    if piece.ndim == 1:
        left, right = pan or (level, level)
        target[:, 0] += piece * np.float32(left)
        target[:, 1] += piece * np.float32(right)
    elif pan:
        target += piece * np.asarray(pan, np.float32)
    else:
        target += piece * np.float32(level)


def stand_in(program: int) -> str:
    """Our patch for a General MIDI program."""
    return GENERAL_MIDI[max(0, min(program, 127))]


def stand_in_kit(program: int) -> str:
    """Our kit for a General MIDI drum set."""
    return kits.GENERAL_MIDI_KITS.get(program, "kit_acoustic")
