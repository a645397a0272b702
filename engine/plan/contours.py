"""Contours: the seed of the lead, chosen by mode and developed when it was used before."""

import random
import re

from engine.plan.modes import MAJORS
from engine.styles.sheet import Style

_CELL_DEGREE = re.compile(r"(?<![b#:\d])([1-7])(['’,]?)(?=~?:)")
WAYS = 3  # as it is, two degrees higher, its bars in another order


def draw(style: Style, mode: str, at: int, dice: random.Random) -> str:
    """A contour of the mode's family, the ``at``-th of those the style has, in one of its ways."""
    wanted = "maj" if mode in MAJORS else "min"
    fitting = [one for one in style.contours if one.startswith(wanted)] or list(style.contours)
    return developed(fitting[at % len(fitting)], dice.randrange(WAYS))


def developed(contour: str, way: int) -> str:
    """The seed itself, two degrees higher, or with its bars in another order."""
    mode, _, written = contour.partition(" ")
    bars = [bar.strip() for bar in written.split("/")]
    if way % WAYS == 1:
        bars = [_CELL_DEGREE.sub(_two_higher, bar) for bar in bars]
    if way % WAYS == 2:
        bars = bars[1:] + bars[:1] if len(bars) > 1 else [" ".join(reversed(bars[0].split()))]
    return f"{mode} {' / '.join(bars)}"


def _two_higher(cell: re.Match[str]) -> str:
    degree, octave = int(cell[1]) + 2, cell[2]
    if degree > 7:
        degree, octave = degree - 7, {",": "", "": "'"}.get(octave, octave)
    return f"{degree}{octave}"
