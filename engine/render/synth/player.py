"""Plays parts with our own sounds: notes come from a cache and are added where they belong."""

import zlib
from collections.abc import Iterable
from functools import partial
from typing import NamedTuple

import numpy as np

from engine.render.notes import NOTES, add, closing, falling
from engine.render.strokes import Stroke
from engine.render.synth import kits, steady, trims
from engine.render.synth import oscillators as osc
from engine.render.synth.lines import play_line
from engine.render.synth.oscillators import SAMPLE_RATE, Sound
from engine.render.synth.patches import GENERAL_MIDI, PATCHES, Patch
from engine.render.synth.patches.basses import BASSES
from engine.render.synth.singing import Line
from engine.render.synth.sounds import play, varies
from engine.render.synth.voices import Plucked, Subtractive
from engine.sound.filters import blank

BUCKET_RATIO = 1.26
VARIANTS = 3
_CHOKE_S = 0.006
_STOLEN = 720  # frames in which a bass's note goes when the next one begins


def play_part(
    patch_name: str, strokes: Iterable[Stroke], frames: int, into: Sound | None = None
) -> Sound:
    """A part on one of our patches, stereo, every note at -20 LUFS when struck at 100.

    ``frames`` bounds the buffer; what rings beyond it is cut there. It may be added ``into`` one.
    """
    patch = PATCHES[patch_name]
    if isinstance(patch.voice, Line):
        return play_line(patch_name, patch, list(strokes), frames)
    out = blank(frames) if into is None else into
    inside = [stroke for stroke in strokes if stroke.onset < frames]
    if steady.goes_on(patch.voice):
        for number, stroke in enumerate(inside):
            _hold(out, patch_name, patch, stroke, number)
        return out
    alone = patch_name in BASSES
    for stroke, wanted, let_go in _sheet(patch, inside):
        note = NOTES.played((patch_name, *wanted), partial(_rendered, patch_name, patch, wanted))
        fall = None if let_go is None else falling(patch.release_s)
        taken = _overlapped(stroke, inside) if alone and let_go is not None else None
        if taken is not None:
            let_go, fall = taken, closing(_STOLEN)
        add(out, note, stroke.onset, _gain(patch, stroke), let_go=let_go, fall=fall)
    return out


def _overlapped(stroke: Stroke, strokes: list[Stroke]) -> int | None:
    """After how many frames a bass's next note begins, where it begins before this one ends."""
    ends = stroke.onset + stroke.frames
    following = [one.onset for one in strokes if stroke.onset < one.onset < ends]
    return min(following) - stroke.onset if following else None


def _hold(out: Sound, name: str, patch: Patch, stroke: Stroke, number: int) -> None:
    """A note that could go on for ever, for as long as it is held."""
    layer, fall = _layer(stroke.velocity), falling(patch.release_s)
    pitch = trims.folded(stroke.pitch, patch)
    note = steady.Held(name, patch.voice, pitch, trims.LAYERS[layer][1], number)
    trim = 10 ** ((trims.REFERENCE_LUFS - trims.loudness(name, pitch, layer).lufs) / 20)
    trim *= steady.evened(note)
    left, right = (trim * side for side in _gain(patch, stroke))
    frames = min(stroke.frames + len(fall), len(out) - stroke.onset)
    steady.hold(out, note, stroke.onset, frames, (left, right), stroke.frames, fall)
    if isinstance(patch.voice, Subtractive) and patch.voice.click_db > -100:
        add(out, steady.key_click(name, patch.voice), stroke.onset, (left, right))


def _gain(patch: Patch, stroke: Stroke) -> tuple[float, float]:
    """Left and right: the velocity's level, low keys to the left as the player sits."""
    level = gain(stroke.velocity, patch.dynamics_db)
    if not patch.key_width:
        return level, level
    along = float(np.clip((stroke.pitch - 62) / 30, -1, 1))
    angle = (1 + patch.key_width * along) * np.pi / 4
    return level * float(np.cos(angle)) * 1.4142, level * float(np.sin(angle)) * 1.4142


def play_kit(kit_name: str, strokes: Iterable[Stroke], frames: int) -> dict[str, Sound]:
    """A drum part, split into kick, snare, hats and perc, each (frames, 2)."""
    kit = kits.KITS[kit_name]
    out: dict[str, Sound] = {}
    strokes = sorted(strokes, key=lambda stroke: (stroke.onset, stroke.pitch))
    stops = _stops(strokes)
    for number, stroke in enumerate(strokes):
        if stroke.onset >= frames:
            continue
        layer = min(kits.LAYERS - 1, stroke.velocity * kits.LAYERS // 128)
        note = _hit(kit_name, kit, stroke.pitch, layer, number % kits.VARIANTS)
        group = kits.group_of(stroke.pitch)
        if group not in out:
            out[group] = blank(frames)
        fall = falling(kits.DAMPED.get(stroke.pitch, _CHOKE_S))
        add(out[group], note, stroke.onset, _drum_gain(stroke), let_go=stops[number], fall=fall)
    return out


def _stops(strokes: list[Stroke]) -> list[int | None]:
    """After how many frames each stroke's ring is ended by a later one: an open hat by any other
    stroke on the hats, a skin by the next on itself."""
    following: dict[int, int] = {}
    stops: list[int | None] = []
    for stroke in reversed(strokes):
        hand = kits.HATS[0] if stroke.pitch in kits.HATS else stroke.pitch
        ends = stroke.pitch == 46 or stroke.pitch in kits.DAMPED
        later = following.get(hand)
        stops.append(later - stroke.onset if ends and later and later > stroke.onset else None)
        following[hand] = stroke.onset
    return stops[::-1]


def _drum_gain(stroke: Stroke) -> tuple[float, float]:
    """Left and right, as the overheads hear the drum."""
    level, side = drum_gain(stroke.velocity), _SIDES.get(stroke.pitch, 0.0)
    if not side:
        return level, level
    angle = (side + 1) * np.pi / 4
    return level * float(np.cos(angle)) * 1.4142, level * float(np.sin(angle)) * 1.4142


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


class _Wanted(NamedTuple):
    """A note as it lies in the cache."""

    pitch: int
    layer: int
    frames: int
    variant: int


def _sheet(patch: Patch, strokes: list[Stroke]) -> list[tuple[Stroke, _Wanted, int | None]]:
    """Which note every stroke plays, and after how many frames it is let go.

    A part's shorter notes are cut from the longest of their pitch, loudness and variant, which
    costs a third of playing each at its own length.
    """
    rows: list[tuple[Stroke, _Wanted, int | None]] = []
    longest: dict[tuple[int, int, int], int] = {}
    for number, stroke in enumerate(strokes):
        frames, let_go = _length(patch, stroke.frames)
        variant = min(number % VARIANTS, _variants(patch, frames) - 1)
        wanted = _Wanted(
            trims.folded(stroke.pitch, patch), _layer(stroke.velocity), frames, variant
        )
        same = (wanted.pitch, wanted.layer, wanted.variant)
        longest[same] = max(longest.get(same, 0), frames)
        rows.append((stroke, wanted, let_go))
    if patch.rings or patch.exact:
        return rows
    return [
        (stroke, one._replace(frames=longest[one.pitch, one.layer, one.variant]), let_go)
        for stroke, one, let_go in rows
    ]


def _layer(velocity: int) -> int:
    return next(i for i, (top, _) in enumerate(trims.LAYERS) if velocity <= top)


def _length(patch: Patch, sounding: int) -> tuple[int, int | None]:
    """Frames to be played, and when the note is let go: None for what rings anyway."""
    if patch.rings:
        return int(patch.longest_s * SAMPLE_RATE), None
    sounding = min(sounding, int(patch.longest_s * SAMPLE_RATE * 4))
    if patch.exact:
        return sounding, max(1, sounding - 480)
    return _bucket(sounding + len(falling(patch.release_s))), sounding


def _variants(patch: Patch, frames: int) -> int:
    """How many sounds a repeated note has in turn: fewer of what is long, one of what is pure."""
    if not varies(patch.voice):
        return 1
    plucked = isinstance(patch.voice, Plucked) and frames < 2 * SAMPLE_RATE
    return VARIANTS if plucked or frames < SAMPLE_RATE // 2 else 2


def _bucket(frames: int) -> int:
    """The next length of a geometric ladder, so that notes of about one length share a sound."""
    step = np.ceil(np.log(max(frames, 480) / 480) / np.log(BUCKET_RATIO) - 1e-9)
    return int(480 * BUCKET_RATIO**step)


def _rendered(name: str, patch: Patch, wanted: _Wanted) -> Sound:
    pitch, layer, frames, variant = wanted
    seed = zlib.crc32(f"{name}/{pitch}/{layer}/{variant}".encode())
    loud = trims.LAYERS[layer][1]
    sound = play(patch.voice, pitch, loud, frames, np.random.default_rng(seed))
    _centre(sound)
    natural = trims.loudness(name, pitch, layer)
    lufs = natural.lufs
    if frames >= SAMPLE_RATE // 2 and _beats(patch):
        # Voices in unison beat: two keys of one patch would differ by 4 dB, so each is levelled.
        lufs += 0.7 * (trims.power_db(sound) - natural.power_db)
    sound *= np.float32(10 ** ((trims.REFERENCE_LUFS - lufs) / 20))
    return osc.taper(sound)


def _centre(sound: Sound) -> None:
    """Take the mean out of a sound, in place."""
    for side in np.atleast_2d(sound.T):
        mean = np.float32(side.mean(dtype=np.float64))
        side -= mean
        # Taken away whole it would put a step under the first frame; it fades in with the attack.
        size = min(480, len(side))
        side[:size] += mean * (1 - osc.attack(size, 480))


def _beats(patch: Patch) -> bool:
    return any(one.voices > 1 for one in getattr(patch.voice, "oscillators", ()))


def _hit(name: str, kit: kits.Kit, key: int, layer: int, variant: int) -> Sound:
    named = (name, key, layer, variant)
    return NOTES.played(named, partial(kits.hit, kit, *named))


def stand_in(program: int) -> str:
    """Our patch for a General MIDI program."""
    return GENERAL_MIDI[max(0, min(program, 127))]


def stand_in_kit(program: int) -> str:
    """Our kit for a General MIDI drum set."""
    return kits.GENERAL_MIDI_KITS.get(program, "kit_acoustic")
