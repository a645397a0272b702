"""A motif of a few bell notes, by rule. Rising opens, falling closes, fifths are neutral."""

import random

from engine.contracts import Chord, PartPlan, Plan, Resolved, Section
from engine.score import bar_ticks, seconds_per_tick
from engine.styles.sounds import PATCHES
from engine.words.tonality import parse

# Degrees with an octave mark, in the notation of the styles' contours.
_RISING = (("1", "5"), ("5,", "1", "3"), ("1", "3", "5"), ("1", "5", "1'"), ("3", "5", "1'"),
           ("1", "2", "5"), ("5,", "1", "5", "3'"))  # fmt: skip
_FALLING = (("1'", "5"), ("5", "3", "1"), ("1'", "5", "3"), ("3'", "1'", "5"), ("5", "2", "1"))
_NEUTRAL = (("5", "5"), ("1", "5", "5"), ("3", "1'"), ("1'", "1'"), ("2", "5"))
_LEVEL = (("5", "5"), ("1'", "1'"))
_CLOSING = frozenset({"sad", "calm", "farewell", "off", "close", "dark"})
_OPENING = frozenset({"happy", "bright", "welcome", "hopeful", "success", "uplifting", "warm"})
_RHYTHMS = {2: ((4, 12), (6, 10), (3, 13)), 3: ((3, 3, 10), (4, 4, 8), (2, 4, 10), (6, 2, 8)),
            4: ((2, 2, 4, 8), (3, 3, 3, 7), (2, 4, 2, 8))}  # fmt: skip
BELLS = (("bell_modal", 14), ("chime_modal", 9), ("bell_fm", 10), ("pluck_glass", 11),
          ("bowl_modal", 14), ("toy_bell", 10), ("pluck_soft", 8))  # fmt: skip
PADS = (("pad_glass", 88), ("pad_warm", 89))
MOTIF_SHARE = 0.42  # of the length; the rest is the bells ringing out


def draw(resolved: Resolved, dice: random.Random, count: int) -> list[Plan]:
    """``count`` motifs in different bells, exactly as long as asked."""
    named = parse(resolved.tonality) if resolved.tonality else None
    tonic = named.tonic if named else dice.choice([0, 2, 5, 7, 9])
    mode = named.mode if named else "major"
    shapes = _shapes(set(resolved.moods))
    turn = dice.randrange(len(shapes) * len(BELLS))
    plans = []
    for at in range(count):
        motif = shapes[(turn + at) % len(shapes)]
        bell = BELLS[(turn + at) % len(BELLS)]
        rhythm = dice.choice(_RHYTHMS[len(motif)])
        plans.append(_plan(resolved, tonic, mode, motif, rhythm, bell, PADS[at % 2]))
    return plans


def _shapes(moods: set[str]) -> list[tuple[str, ...]]:
    if moods & _CLOSING:
        return [*_FALLING, *_LEVEL]
    if moods & _OPENING:
        return list(_RISING)
    return [*_RISING, *_NEUTRAL, *_FALLING]


def _plan(
    resolved: Resolved,
    tonic: int,
    mode: str,
    motif: tuple[str, ...],
    rhythm: tuple[int, ...],
    bell: tuple[str, int],
    pad: tuple[str, int],
) -> Plan:
    seconds = resolved.duration_frames / resolved.delivery.sample_rate
    tempo = 60.0 * 4 / (seconds * MOTIF_SHARE)
    bar = bar_ticks("4/4")
    ring = round(seconds / seconds_per_tick(tempo, "4/4")) - bar
    third = 4 if mode in ("major", "lydian", "mixolydian", "gong") else 3
    chord = Chord(
        at=0, length=bar + ring, symbol="I" if third == 4 else "i", root=tonic, bass=tonic,
        pitches=(tonic, (tonic + third) % 12, (tonic + 7) % 12),
    )  # fmt: skip
    cells = " ".join(f"{degree}:{length}" for degree, length in zip(motif, rhythm, strict=True))
    parts = (
        PartPlan(role="lead", group="lead", name=PATCHES.get(bell[0], bell[0]), family="bells",
                 program=bell[1], patch=bell[0], low=67, high=93, velocity=(70, 105)),
        PartPlan(role="pad", group="pads", name=PATCHES[pad[0]], family="synth", program=pad[1],
                 patch=pad[0], low=55, high=74, velocity=(30, 55)),
    )  # fmt: skip
    return Plan(
        style=resolved.style, kind="chime", tempo=tempo, meter="4/4", bars=1, tonic=tonic,
        mode=mode,
        sections=(Section(name="A", bar=0, bars=1, energy=3, roles=("lead", "pad")),),
        chords=(chord,), parts=parts, contour=f"{'maj' if third == 4 else 'min'} {cells}",
        ending="ring", ring_ticks=ring, texture=f"{parts[0].name}: {' '.join(motif)}",
        planner="drawn",
    )  # fmt: skip
