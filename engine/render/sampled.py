"""Plays parts on a sound font through symusic, one part at a time."""

from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import symusic
from numpy.typing import NDArray

from engine.render.banks import cache
from engine.render.fonts import prepared
from engine.render.strokes import Stroke
from engine.sound.filters import blank

SAMPLE_RATE = 48_000
TICKS_PER_SECOND = 48_000  # one tick is one frame: nothing is rounded twice
QUALITY = 2  # cubic interpolation: 4 costs five times as much and moves nothing below 12 kHz
# The player starts its envelopes this late; measured on step-like attacks of both fonts.
LATENCY = 48
_PLAYING = Lock()  # a player holds the state of its voices

# What our own sounds play even where a font is installed. General MIDI's pads, leads and effects
# date every piece to 1995; and this player ends samples that have no loop after a few milliseconds,
# which spoils the font's drums and one-shot percussion (measured on both fonts, every program).
OURS = frozenset((*range(80, 104), 3, 38, 39, 50, 51, 55, *range(112, 128)))


@lru_cache(maxsize=2)
def _player(path: str) -> Any:
    return symusic.Synthesizer(str(prepared(Path(path), cache())), SAMPLE_RATE, QUALITY)


def play_part(font: Path, program: int, strokes: list[Stroke], frames: int) -> NDArray[np.floating]:
    """A part as float32 (frames, 2); raw level, which differs from program to program."""
    # Its factories are typed for every unit of time at once.
    score: Any = symusic.Score(TICKS_PER_SECOND // 2)  # at 120 a quarter is half a second
    track: Any = symusic.Track(program=program, is_drum=False, ttype="tick")
    for stroke in strokes:
        if stroke.onset < frames:
            length = max(1, stroke.frames)
            note = symusic.Note(max(0, stroke.onset), length, stroke.pitch, stroke.velocity, "tick")
            track.notes.append(note)
    score.tracks.append(track)
    score.tempos.append(symusic.Tempo(0, qpm=120, ttype="tick"))
    with _PLAYING:
        sound = np.asarray(_player(str(font)).render(score, True), np.float32)
    out = blank(frames)
    late = sound[:, LATENCY : LATENCY + frames]
    out[: late.shape[1]] = late.T
    return out
