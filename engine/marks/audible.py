"""China's audible mark: a rhythm that says "AI" in Morse code, synthesised here.

GB 45438-2025, 4.3: sound that a machine made is marked at its beginning, its end or in between by a
voice or by the rhythm short-long, short-short. It is laid over a piece, which is held back beneath
it and keeps its length; a loop, and a piece too short for that, has it before and after itself, so
that what is repeated stays as it was.
"""

from math import ceil

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.contracts import AudibleMark

Sound = NDArray[np.floating]

UNIT_S = 0.1
"""A dot; a dash is three of them, and so is the pause between two letters."""
RHYTHM = ((1, 1), (3, 3), (1, 1), (1, 0))
"""Units of each tone and of the silence after it: ``.-`` and ``..``."""
AROUND_S = 0.2
"""Before the first tone and after the last one."""
TONE_HZ, OCTAVE = 880.0, 0.25
_EDGE_S = 0.01
DUCK_DB = -14.0
_RAMP_S = 0.08
QUIETEST_LUFS, LOUDEST_LUFS = -30.0, -14.0
ROOM = 4
"""A piece shorter than so many marks has it outside; one that asked for it in a loop, only where it
is shorter than the mark."""
_FRONT = {1: (0,), 2: (0, 1), 4: (0, 1), 6: (0, 1)}


class Marked(Struct, frozen=True):
    """A sound with its mark. ``shift``: frames that were put before what was there."""

    sound: Sound
    shift: int = 0


def marked(
    sound: Sound, sample_rate: int, where: AudibleMark, lufs: float | None, *, loops: bool
) -> Marked:
    """``sound`` (frames, channels) with the mark, as loud as the music (``lufs``) within bounds."""
    mark = _channels(_tones(sample_rate), sound.shape[1], lufs)
    outside = loops and where != "in_loop"
    least = len(mark) if where == "in_loop" else ROOM * len(mark)
    if outside or len(sound) < least:
        after = [mark] if where == "start_end" else []
        joined = np.concatenate([mark, sound, *after]).astype(sound.dtype)
        return Marked(joined, len(mark))
    out = sound.copy()
    _lay(out[: len(mark)], mark, sample_rate)
    if where == "start_end":
        _lay(out[-len(mark) :], mark, sample_rate)
    return Marked(out)


def frames(sample_rate: int) -> int:
    """How long the mark is."""
    units = sum(tone + pause for tone, pause in RHYTHM)
    return 2 * round(AROUND_S * sample_rate) + units * round(UNIT_S * sample_rate)


def _tones(sample_rate: int) -> NDArray[np.float64]:
    """(frames,) the rhythm, its tones with an RMS of 1."""
    out, unit = np.zeros(frames(sample_rate)), round(UNIT_S * sample_rate)
    at = round(AROUND_S * sample_rate)
    for tone, pause in RHYTHM:
        out[at : at + tone * unit] = _tone(tone * unit, sample_rate)
        at += (tone + pause) * unit
    return out


def _tone(length: int, sample_rate: int) -> NDArray[np.float64]:
    phase = 2 * np.pi * TONE_HZ * np.arange(length) / sample_rate
    level = np.sqrt(2 / (1 + OCTAVE**2))
    return level * (np.sin(phase) + OCTAVE * np.sin(2 * phase)) * _fades(length, sample_rate)


def _fades(length: int, sample_rate: int) -> NDArray[np.float64]:
    edge = ceil(_EDGE_S * sample_rate)
    rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(edge) + 0.5) / edge)
    return np.concatenate([rise, np.ones(length - 2 * edge), rise[::-1]])


def _channels(tones: NDArray[np.float64], channels: int, lufs: float | None) -> Sound:
    """(frames, channels): in front, as loud as ``lufs`` by the power of BS.1770."""
    loudness = min(max(lufs if lufs is not None else -23.0, QUIETEST_LUFS), LOUDEST_LUFS)
    front = _FRONT[channels]
    level = 10 ** ((loudness + 0.691) / 20) / np.sqrt(len(front))
    out = np.zeros((len(tones), channels))
    for channel in front:
        out[:, channel] = level * tones
    return out


def _lay(under: Sound, mark: Sound, sample_rate: int) -> None:
    """Hold ``under`` back and add the mark, in place."""
    ramp = round(_RAMP_S * sample_rate)
    low = 10 ** (DUCK_DB / 20)
    down = low + (1 - low) * (0.5 + 0.5 * np.cos(np.pi * np.arange(ramp) / ramp))
    gain = np.concatenate([down, np.full(len(mark) - 2 * ramp, low), down[::-1]])
    under *= gain[:, None].astype(under.dtype)
    under += mark.astype(under.dtype)
