"""Who plays a part: a synthesiser of ours, a kit of ours, or the sampled bank."""

import numpy as np
from numpy.typing import NDArray

from engine.render import breath, mechanics, sampled
from engine.render.banks import Bank
from engine.render.performance import LEVEL_STEP, Performance
from engine.render.strokes import Stroke
from engine.render.synth import amps, bends, kits, lines
from engine.render.synth import player as synth
from engine.render.synth.patches import PATCHES
from engine.render.synth.singing import Line
from engine.score import Part
from engine.styles import palettes

Sound = NDArray[np.floating]

# A hand that plucks one string over and over stops it each time.
_STOPPED = {"zheng_ks": "zheng_stopped"}


def play(part: Part, style: str, bank: Bank, performance: Performance, frames: int) -> Sound:
    """A pitched part as (frames, 2), every note at -20 LUFS when struck at 100 on our patches."""
    patch, program = patch_of(part, style, bank), part.plan.program
    if patch is None and bank.path is not None:
        sound = sampled.play_part(bank.path, program, performance.strokes, frames)
        if program in breath.PROGRAMS:
            breath.add_breath(sound, breath.PROGRAMS[program])
        action = mechanics.PROGRAMS.get(program)
    else:
        patch = patch or synth.stand_in(program)
        sound, action = _ours(patch, performance, frames), mechanics.PATCHES.get(patch)
    if action is not None:
        mechanics.add_mechanics(sound, performance.strokes, action)
    return sound if patch is not None else _levelled(sound, performance)


def patch_of(part: Part, style: str, bank: Bank) -> str | None:
    """The patch of ours that plays a pitched part; None where the bank does."""
    patch = palettes.own(style, part.plan)
    if patch in PATCHES:
        return patch
    if bank.path is None or not sampled.plays(bank.path, part.plan.program):
        return synth.stand_in(part.plan.program)
    return None


def drum(part: Part, performance: Performance, frames: int) -> dict[str, Sound]:
    """A drum part by its hands, on the style's own kit or the one its number means."""
    named = palettes.kit(performance.style, part.plan)
    kit = named if named in kits.KITS else synth.stand_in_kit(part.plan.program)
    return synth.play_kit(kit, performance.strokes, frames)


def _ours(patch: str, performance: Performance, frames: int) -> Sound:
    """A part on one of our patches."""
    strokes, voice = performance.strokes, PATCHES[patch].voice
    if isinstance(voice, Line):
        return lines.play_line(patch, PATCHES[patch], strokes, frames, performance.level)
    if patch in amps.AMPS:
        return _levelled(amps.play_amplified(patch, strokes, frames), performance)
    if patch in _STOPPED:
        stopped, strokes = _parted(strokes)
        sound = bends.play_bent(patch, strokes, frames)
        sound += bends.play_bent(_STOPPED[patch], stopped, frames)
        return _levelled(sound, performance)
    return _levelled(bends.play_bent(patch, strokes, frames), performance)


def _parted(strokes: list[Stroke]) -> tuple[list[Stroke], list[Stroke]]:
    """Strokes of a roll that the next one stops, and those that ring."""
    ends = {one.onset for one in strokes if one.articulation == "roll"}
    stopped = [one for one in strokes if one.onset + one.frames in ends]
    return stopped, [one for one in strokes if one.onset + one.frames not in ends]


def _levelled(sound: Sound, performance: Performance) -> Sound:
    """The sound under the player's own rise and fall, straight from one value to the next."""
    if performance.level is None:
        return sound
    gain = (10 ** (performance.level / 20)).astype(np.float32)
    curve = lines.ramped(gain, LEVEL_STEP, len(sound))
    for channel in sound.T:
        channel *= curve
    return sound
