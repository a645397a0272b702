"""Who plays a part: a synthesiser of ours, a kit of ours, or the sampled bank."""

import numpy as np
from numpy.typing import NDArray

from engine.render import sampled
from engine.render.banks import Bank
from engine.render.performance import Performance
from engine.render.synth import kits
from engine.render.synth import player as synth
from engine.render.synth.patches import PATCHES
from engine.score import Part

Sound = NDArray[np.floating]


def play(part: Part, style: str, bank: Bank, performance: Performance, frames: int) -> Sound:
    """A pitched part as (frames, 2), every note at -20 LUFS when struck at 100 on our patches."""
    del style
    plan, strokes = part.plan, performance.strokes
    if plan.patch in PATCHES:
        return synth.play_part(plan.patch, strokes, frames)
    if bank.path is None or plan.program in sampled.OURS:
        return synth.play_part(synth.stand_in(plan.program), strokes, frames)
    return sampled.play_part(bank.path, plan.program, strokes, frames)


def drum(part: Part, performance: Performance, frames: int) -> dict[str, Sound]:
    """A drum part by its hands. Drums are always ours, see `sampled.OURS`."""
    named = part.plan.patch
    kit = named if named in kits.KITS else synth.stand_in_kit(part.plan.program)
    return synth.play_kit(kit, performance.strokes, frames)
