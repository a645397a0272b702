"""What a patch is: a voice of ours with its numbers, and how its notes end."""

from typing import Any

from msgspec import Struct

from engine.render.synth.voices import Osc, Subtractive


class Patch(Struct, frozen=True, kw_only=True):
    """A voice and how its notes end."""

    voice: Any
    release_s: float = 0.12  # 1/e time after the note is let go
    rings: bool = False  # ignores the end of the note, as a bell does
    longest_s: float = 6.0  # a ringing note is over after this
    dynamics_db: float = 26.0  # how far the softest note lies under the loudest
    low: int = 24
    high: int = 108
    exact: bool = False  # its length is part of the sound (risers), never rounded
    key_width: float = 0.0  # how far the keys spread from left to right, 0-1


def sub(*oscillators: Osc, **settings: Any) -> Subtractive:
    return Subtractive(oscillators=oscillators, **settings)
