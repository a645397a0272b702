"""Contours: the seed of the lead, chosen by mode and developed when it was used before."""

import random
import re

from engine.plan.modes import MAJORS
from engine.styles.sheet import Style

_CELL_DEGREE = re.compile(r"(?<![b#:\d])([1-7])(['’,]?)(?=~?:)")
_MARKS = {-1: ",", 0: "", 1: "'"}
WAYS = 4  # as it is, two degrees higher, its bars in another order, two degrees lower


def draw(style: Style, mode: str, at: int, dice: random.Random) -> str:
    """A contour of the mode's family, the ``at``-th of those the style has, in one of its ways."""
    wanted = "maj" if mode in MAJORS else "min"
    fitting = [one for one in style.contours if one.startswith(wanted)] or list(style.contours)
    return developed(fitting[at % len(fitting)], dice.randrange(WAYS))


def developed(contour: str, way: int) -> str:
    """The seed in one of `WAYS`; its rhythm, its breath and its one peak stay."""
    mode, _, written = contour.partition(" ")
    bars = [bar.strip() for bar in written.split("/")]
    if way % WAYS == 2:
        bars = bars[1:] + bars[:1] if len(bars) > 1 else [" ".join(reversed(bars[0].split()))]
    shift = {1: 2, 3: -2}.get(way % WAYS, 0)
    if shift:
        bars = [_CELL_DEGREE.sub(lambda cell: _moved(cell, shift), bar) for bar in bars]
    return f"{mode} {' / '.join(bars)}"


def _moved(cell: re.Match[str], by: int) -> str:
    """A degree moved along the scale; one that would leave two octaves stays in them."""
    octave = {"'": 1, "’": 1, ",": -1}.get(cell[2], 0)
    place = int(cell[1]) - 1 + 7 * octave + by
    octave, degree = divmod(place, 7)
    return f"{degree + 1}{_MARKS[max(-1, min(1, octave))]}"
