"""How loud every patch is by nature, so that a note struck at 100 is at -20 LUFS on all of them.

Measuring takes a second of sound for every few keys and layer, so the figures are kept as numbers
beside this file. ``python -m engine.render.synth`` measures them anew. A patch that has been
changed since is noticed by its fingerprint and measured where it is played: slower, never wrong.
"""

import zlib
from functools import lru_cache
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct

from engine.render.synth import steady
from engine.render.synth.oscillators import SAMPLE_RATE, Sound
from engine.render.synth.patches import PATCHES, Patch
from engine.render.synth.singing import Line
from engine.render.synth.sounds import play, varies
from engine.sound.loudness import momentary_lufs

REFERENCE_LUFS = -20.0
# Velocities up to the first number are played with the second as loudness.
LAYERS = ((47, 0.28), (79, 0.52), (103, 0.73), (127, 0.92))
TIMES = 4  # a patch in unison is heard so often: its voices are never twice as loud together
KEPT = Path(__file__).with_name("trims.json")
_HOME, _STEP = 60, 8  # semitones
_SOUND = 2  # counts the changes of what voices sound like; fingerprints contain it


class Loudness(Struct, frozen=True, array_like=True):
    """The loudest 400 ms of a note: LUFS, and the plain mean square of both channels in dB."""

    lufs: float
    power_db: float


class _Kept(Struct, frozen=True):
    """A patch's fingerprint and its `Loudness` for every layer and place."""

    fingerprint: int
    layers: list[list[Loudness]]


def loudness(name: str, pitch: int, layer: int) -> Loudness:
    """How loud the patch's untrimmed note is, from the places around it."""
    places = _places(PATCHES[name])
    above = next((at for at, place in enumerate(places) if place >= pitch), len(places) - 1)
    high = _anchor(name, above, layer)
    if above == 0 or places[above] <= pitch:
        return high
    low = _anchor(name, above - 1, layer)
    share = (pitch - places[above - 1]) / (places[above] - places[above - 1])
    return Loudness(
        low.lufs + (high.lufs - low.lufs) * share,
        low.power_db + (high.power_db - low.power_db) * share,
    )


def _places(patch: Patch) -> list[int]:
    """The pitches at which a patch is heard: both ends of its range and some in between."""
    inner = range(_HOME - 120, _HOME + 120, _STEP)
    return [patch.low, *(at for at in inner if patch.low + 2 < at < patch.high - 2), patch.high]


def folded(pitch: int, patch: Patch) -> int:
    """The pitch, by octaves within what the patch can play."""
    while pitch < patch.low:
        pitch += 12
    while pitch > patch.high:
        pitch -= 12
    return pitch


def power_db(sound: Sound) -> float:
    """The mean square of the loudest 400 ms (or of the whole, if shorter), both channels."""
    hop = SAMPLE_RATE // 10
    both = np.atleast_2d(sound.T)
    size = max(both.shape[1] // hop, 1) * hop
    if size > both.shape[1]:
        both = np.pad(both, ((0, 0), (0, size - both.shape[1])))
    hops = both[:, :size].reshape(len(both), -1, hop)
    power = np.einsum("chk,chk->h", hops, hops).astype(np.float64)
    power *= 2 / len(both) / (4 * hop)
    total = np.concatenate([[0.0], np.cumsum(power)])
    span = min(4, len(power))
    return float(10 * np.log10((total[span:] - total[:-span]).max() + 1e-12))


@lru_cache(maxsize=1)
def _kept() -> dict[str, _Kept]:
    return msgspec.json.decode(KEPT.read_bytes(), type=dict[str, _Kept])


def _anchor(name: str, place: int, layer: int) -> Loudness:
    kept = _kept().get(name)
    if kept is not None and kept.fingerprint == fingerprint(PATCHES[name]):
        return kept.layers[layer][place]
    return measured(name, place, layer)


@lru_cache(maxsize=512)
def fingerprint(patch: Patch) -> int:
    """Of everything that a patch says."""
    return zlib.crc32(msgspec.json.encode([_SOUND, type(patch.voice).__name__, patch]))


@lru_cache(maxsize=4096)
def measured(name: str, place: int, layer: int) -> Loudness:
    """The mean of some notes at one of the patch's places, heard now."""
    patch = PATCHES[name]
    pitch = _places(patch)[place]
    seconds = min(patch.longest_s, 1.6) if patch.rings or patch.exact else 1.2
    frames = int((seconds + getattr(patch.voice, "attack_s", 0.0)) * SAMPLE_RATE)
    unison = any(one.voices > 1 for one in getattr(patch.voice, "oscillators", ()))
    times = TIMES if unison else 2 if varies(patch.voice) else 1
    heard = [_note(name, patch, pitch, LAYERS[layer][1], frames, time) for time in range(times)]
    return Loudness(
        round(_mean([momentary_lufs(one) for one in heard]), 2),
        round(_mean([power_db(one) for one in heard]), 2),
    )


def _note(name: str, patch: Patch, pitch: int, loud: float, frames: int, time: int) -> Sound:
    if steady.goes_on(patch.voice):
        held = steady.Held(name, patch.voice, pitch, loud, time)
        return steady.sound(held, frames) * np.float32(steady.evened(held))
    return play(patch.voice, pitch, loud, frames, np.random.default_rng([7, time]))


def _mean(levels_db: list[float]) -> float:
    return float(10 * np.log10(np.mean(10 ** (np.asarray(levels_db) / 10))))


def all_measured() -> dict[str, _Kept]:
    """Every patch that plays notes, heard anew."""
    return {
        name: _Kept(
            fingerprint(patch),
            [[measured(name, at, layer) for at in range(len(_places(patch)))]
             for layer in range(len(LAYERS))],
        )
        for name, patch in sorted(PATCHES.items())
        if not isinstance(patch.voice, Line)
    }  # fmt: skip


def keep(measured_now: dict[str, _Kept]) -> None:
    """Write the figures down, a patch a line."""
    rows = [
        f" {msgspec.json.encode(name).decode()}: {msgspec.json.encode(one).decode()}"
        for name, one in measured_now.items()
    ]
    KEPT.write_text("{\n" + ",\n".join(rows) + "\n}\n")
