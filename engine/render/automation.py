"""What the plan's energy does to the mix: levels, cymbals, room and width rise and fall with it."""

import numpy as np
from msgspec import Struct

from engine.contracts import Section
from engine.render.control import CELL, Curve, cells, smoothed

QUIETEST_HATS_DB = -6.0
DRIER_DB = 3.0  # how much wetter the quietest section is than the loudest
NARROWEST = 0.6


class Automation(Struct, frozen=True, kw_only=True):
    """Curves of one value a cell; all but ``energy`` are linear gains."""

    energy: Curve  # 0-1
    level: Curve
    hats: Curve
    send: Curve
    width: Curve


def automation(
    sections: tuple[Section, ...], bar_frames: float, frames: int, span_db: float, *, loop: bool
) -> Automation:
    """The rise and fall of the sections, smoothed over a bar; at most ``span_db`` in level."""
    energy = _energy(sections, bar_frames, frames, loop=loop)
    calm = np.clip(1 - energy, 0, 1)
    hats = QUIETEST_HATS_DB * np.clip((0.5 - energy) / 0.35, 0, 1)
    return Automation(
        energy=energy,
        level=10 ** (-span_db * calm**1.2 / 20),
        hats=10 ** (hats / 20),
        send=10 ** (DRIER_DB * calm / 20),
        width=NARROWEST + (1 - NARROWEST) * energy,
    )


def _energy(sections: tuple[Section, ...], bar_frames: float, frames: int, *, loop: bool) -> Curve:
    many = cells(frames)
    energy, bar = np.ones(many), bar_frames / CELL
    if not sections:
        return energy
    for section in sections:
        first, last = int(section.bar * bar), int(np.ceil((section.bar + section.bars) * bar))
        energy[first:last] = (section.energy - 1) / 6
    ended = int(max(one.bar + one.bars for one in sections) * bar)
    if 0 < ended < many:
        energy[ended:] = energy[ended - 1]
    return smoothed(energy, int(bar), loop=loop)
