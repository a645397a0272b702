"""Plays parts and drums on the sampled bank: see `engine.render.sampler` for how."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.render import banks
from engine.render.sampler.library import Program
from engine.render.sampler.zones import DRUMS
from engine.render.strokes import Stroke
from engine.render.synth import kits
from engine.sound.filters import blank

# What our own sounds play even where a font is installed: General MIDI's pads, leads, effects and
# synthetic basses date every piece to 1995, and its one-shot percussion cannot be tuned.
OURS = frozenset((*range(80, 104), 3, 38, 39, 50, 51, 55, *range(112, 128)))
REFUSED_MARKS = frozenset(("silent", "out of tune"))
Sound = NDArray[np.floating]


def plays(font: Path, program: int) -> bool:
    """Whether the font may play this program: it has it, it passed the audit, it is not ours."""
    heard = audit(font).get(program)
    return program not in OURS and heard is not None and not REFUSED_MARKS.intersection(heard.marks)


def audit(font: Path) -> dict[int, Program]:
    """What was found of every program (0-127) and kit (128 + kit) when the font was converted."""
    return banks.player(font).programs


def play_part(font: Path, program: int, strokes: Iterable[Stroke], frames: int) -> Sound:
    """A part as float32 (frames, 2), every program near -20 LUFS where it is struck at 100.

    ``frames`` bounds the buffer; what rings beyond it is cut there.
    """
    return banks.player(font).play_part(program, strokes, frames)


def play_kit(font: Path, kit: int, strokes: Iterable[Stroke], frames: int) -> dict[str, Sound]:
    """A drum part split into kick, snare, hats and perc, typical hits near -9 dBFS at 100.

    A kit that the font lacks, or that is silent, is played by its standard kit.
    """
    player = banks.player(font)
    told = player.programs.get(DRUMS + kit)
    if told is None or "silent" in told.marks:
        kit = 0
    ordered = sorted(strokes, key=lambda stroke: (stroke.onset, stroke.pitch))
    ordered = [stroke for stroke in ordered if stroke.onset < frames]
    groups: dict[str, list[int]] = {}
    for number, stroke in enumerate(ordered):
        groups.setdefault(kits.group_of(stroke.pitch), []).append(number)
    hits = player.hits(kit, ordered)
    out: dict[str, Sound] = {}
    for group, numbers in groups.items():
        out[group] = blank(frames)
        player.add_rows(out[group], [row for number in numbers for row in hits[number]])
    return out
