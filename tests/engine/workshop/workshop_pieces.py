"""Little pieces of our own, for whoever learns from works or measures by them."""

import random

from engine.midi.reading import Heard, Track
from engine.score import Note

BAR = 1920
ROOTS = (0, 5, 7, 0, 9, 2, 7, 0)
SCALE = (0, 2, 4, 5, 7, 9, 11)


def heard(seed: int) -> Heard:
    """Sixteen bars of our own in C: a tune in steps, a bass, a middle voice."""
    dice = random.Random(seed)
    lead, bass, middle, place = [], [], [], 7
    for bar in range(16):
        start, root = bar * BAR, ROOTS[bar % 8]
        tick = 0
        while tick < BAR:
            length = dice.choice((240, 480, 480, 960))
            length = min(length, BAR - tick)
            octave, degree = divmod(place, 7)
            lead.append(Note(start + tick, length, 60 + 12 * octave + SCALE[degree], 80))
            place = min(13, max(2, place + dice.choice((-2, -1, 1, 1, 2, -1))))
            tick += length
        bass += [Note(start, 960, 36 + root, 80), Note(start + 960, 960, 36 + root % 12, 80)]
        middle += [Note(start + n * 960, 960, 52 + root % 5, 80) for n in range(2)]
    tracks = tuple(
        Track(name=name, channel=at, program=0, notes=tuple(notes))
        for at, (name, notes) in enumerate((("a", lead), ("b", middle), ("c", bass)))
    )
    return Heard(tempos=((0, 500_000),), meters=((0, 4, 4),), tracks=tracks, length=16 * BAR)
