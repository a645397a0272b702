"""The patches: every pitched sound of ours by name, family by family.

The numbers come from our own bench (levels in dB, times in seconds); nothing is sampled.
"""

from engine.render.synth.patches.basses import BASSES
from engine.render.synth.patches.bells import BELLS
from engine.render.synth.patches.chinese import CHINESE
from engine.render.synth.patches.effects import EFFECTS
from engine.render.synth.patches.general_midi import GENERAL_MIDI
from engine.render.synth.patches.guitars import GUITARS
from engine.render.synth.patches.keys import KEYS
from engine.render.synth.patches.leads import LEADS
from engine.render.synth.patches.orchestra import ORCHESTRA
from engine.render.synth.patches.pads import PADS
from engine.render.synth.patches.patch import Patch
from engine.render.synth.patches.plucks import PLUCKS

__all__ = ["GENERAL_MIDI", "PATCHES", "Patch"]

PATCHES: dict[str, Patch] = {
    **KEYS, **PLUCKS, **GUITARS, **BELLS, **PADS, **LEADS, **BASSES, **ORCHESTRA, **EFFECTS,
    **CHINESE,
}  # fmt: skip
