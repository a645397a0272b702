"""Performance: what players do that no score says. The notes on paper stay as they were written.

Timing, swing, strums and breaths are in the score already (`engine.arrange` plays it); here the
sound gets what a file of notes cannot hold: touch, binding, slides, vibrato, rolls, pedal, and the
rise and fall of a phrase. All of it follows from the seed, the part and the note.
"""

import numpy as np
from msgspec import Struct, structs
from numpy.typing import NDArray

from engine.contracts import Plan
from engine.render import expression
from engine.render.manners import manner_of
from engine.render.phrasing import phrased, rolled
from engine.render.strokes import Stroke, strokes_of
from engine.render.touch import touched
from engine.score import Part, bar_ticks
from engine.styles.clock import MACHINES

LEVEL_STEP = expression.STEP
_BREATH_S = 0.5
_LATEST = 6 * expression.SAMPLE_RATE  # frames of a loop's next lap in which its last phrase ends


class Performance(Struct, frozen=True, kw_only=True):
    """A part as it is played: its strokes, and its level in dB every `LEVEL_STEP` frames.

    ``level`` is None where the player holds one level. A loop's curve ends where it begins.
    """

    style: str
    strokes: list[Stroke]
    level: NDArray[np.floating] | None = None


def perform(
    part: Part, plan: Plan, pace: float, frames: int, *, loop: bool, seed: int
) -> Performance:
    """How the part is played; the same seed plays the same way, whatever else sounds.

    ``pace`` is frames per tick. Drums and effects are played as they are written, and what a
    sequencer plays keeps its velocities.
    """
    strokes = strokes_of(part, pace, frames, loop=loop)
    role, notes = part.plan.role, part.notes
    if role in ("drums", "fx") or part.plan.group == "drums" or plan.kind == "chime":
        return Performance(style=plan.style, strokes=strokes)
    _, manner = manner_of(part.plan, plan.style)
    if manner.human and plan.style not in MACHINES:
        forces = touched(notes, plan, role, seed)
        strokes = [structs.replace(one, velocity=force)
                   for one, force in zip(strokes, forces, strict=True)]  # fmt: skip
    lap = plan.bars * bar_ticks(plan.meter) if loop else 0
    strokes = phrased(notes, strokes, part.plan, plan, manner, pace, seed, lap)
    strokes = rolled(notes, strokes, part.plan, plan, manner, pace, seed, lap)
    level = expression.curve(notes, plan, manner, pace, frames, loop=loop)
    if loop and strokes and manner.joins:
        strokes = _from_first_breath(strokes, frames)
    return Performance(style=plan.style, strokes=strokes, level=level)


def _from_first_breath(strokes: list[Stroke], frames: int) -> list[Stroke]:
    """A loop's strokes; those at its beginning that its end runs on into are played behind it.

    What is laid over the beginning then is one tone with what it goes on from. Nothing is moved
    where the part never breathes, or where it would last too long.
    """
    free = _first_breath(strokes, frames)
    moved = [one for one in strokes if one.onset < free]
    if not moved or max(one.onset + one.frames for one in moved) > _LATEST:
        return strokes
    moved = [structs.replace(one, onset=one.onset + frames) for one in moved]
    return [one for one in strokes if one.onset >= free] + moved


def _first_breath(strokes: list[Stroke], frames: int) -> int:
    """Where a loop's part first begins anew: behind a rest, else where nothing is bound to what
    was before; 0 where that is nowhere."""
    ordered = sorted(strokes, key=lambda one: one.onset)
    ended = max(one.onset + one.frames for one in ordered) - frames
    for one in ordered:
        if one.onset - ended > _BREATH_S * expression.SAMPLE_RATE:
            return one.onset
        ended = max(ended, one.onset + one.frames)
    return min((one.onset for one in ordered if not one.legato), default=0)
