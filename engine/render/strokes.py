"""Strokes: a part's notes on the clock of the file, with what a player does to each of them.

A score says what is played; a stroke says how. Voices read the strokes, so no instrument needs to
know ticks, and the notes on paper stay as they were written.
"""

from msgspec import Struct

from engine.score import Part


class Stroke(Struct, frozen=True, array_like=True):
    """One note on the clock of the file: frames, MIDI pitch, velocity 1-127, and its manner.

    ``articulation`` is one of ``"" staccato tenuto accent scoop grace roll bend fall``; a voice
    that does not know one plays the note plainly.
    """

    onset: int
    frames: int
    pitch: int
    velocity: int
    slide: float = 0.0  # semitones from which the pitch arrives, below nought from underneath
    slide_frames: int = 0
    legato: bool = False  # bound to the note before: no new attack
    vibrato: float = 0.0  # cents of the swing to one side, once it has grown
    articulation: str = ""


def strokes_of(part: Part, pace: float, frames: int, *, loop: bool) -> list[Stroke]:
    """The part's notes as strokes; ``pace`` is frames per tick, a loop's onsets lie inside it."""
    strokes = []
    for note in part.notes:
        onset = round(note.start * pace)
        length = max(round((note.start + note.length) * pace) - onset, 1)
        onset = onset % frames if loop else max(onset, 0)
        strokes.append(Stroke(onset, length, note.pitch, note.velocity))
    return strokes
