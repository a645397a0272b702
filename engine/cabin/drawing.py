"""Drawing a character from (seed, take), as the brand's axes move it (§6.1).

The axes move exactly the parameters that the sound designer's book gives each of them; tonic and
motif are left alone.
"""

import numpy as np
from numpy.typing import NDArray

from engine.cabin.character import CELLS, MOTIFS, TABLES, TONICS, Character, Table
from engine.cabin.timbre import profile, unlike
from engine.cabin.voices import Tone
from engine.contracts import Brand, ResolvedFamily

_STRANGE = TABLES["bowl"].ratios
GRAINS_DB = -21.0  # below what the ear takes for a second burst
_STRANGEST = 0.6  # how far the most futuristic brand goes towards the bowl


def draw(resolved: ResolvedFamily, take: int) -> Character:
    """The character of take number ``take`` (from 1): neighbours differ in signature, partials and
    rhythm on purpose."""
    order = np.random.default_rng([resolved.seed, 601])
    motif = MOTIFS[_turn(order.permutation(len(MOTIFS)), take)]
    tables = _tables(resolved.brand, int(order.integers(len(TABLES))))
    table_name = tables[(take - 1) % len(tables)]
    cell_name = tuple(CELLS)[_turn(order.permutation(len(CELLS)), take)]
    dice = np.random.default_rng([resolved.seed, take, 602])
    brand = resolved.brand
    rich = brand.rich
    return Character(
        seed=resolved.seed,
        take=take,
        tonic=TONICS.index(resolved.tonic),
        motif=motif,
        table_name=table_name,
        table=moved(TABLES[table_name], brand),
        cell_name=cell_name,
        cell=CELLS[cell_name],
        attack=2.0**brand.warm,
        decay=_between(1.4, 1.0, 0.6, brand.sporty),
        pace=_between(1.3, 1.0, 0.75, brand.sporty),
        swing=_between(0.58, 0.5, 0.5, brand.serious),
        register=_between(5, 0, -4, brand.serious),
        notes=round(_between(2, 4, 5, rich)),
        layers=round(_between(1, 1, 3, rich)),
        breath_db=5 * brand.warm - 3 * brand.electronic,
        breath_hz=float(dice.uniform(700, 1800)),
        contact_ms=_between(3.0, 1.2, 0.4, brand.sporty),
        drift_cents=_between(3.0, 1.5, 0.0, brand.electronic),
        glide_cents=120 * max(0.0, brand.futuristic),
        grain=10 ** (GRAINS_DB / 20) * max(0.0, brand.futuristic),
        modulation=0.5 * max(0.0, brand.electronic),
        room_s=_between(0.15, 0.3, 0.5, rich),
    )


def moved(table: Table, brand: Brand) -> Table:
    """A table as this brand has it: how many partials, how bright, how strange, how long."""
    count = round(_between(2, 5, 9, brand.rich))
    ratios = np.log(table.ratios)
    if brand.futuristic > 0:
        strange = np.log(_STRANGE) * (1 + 0.02 * brand.futuristic)
        ratios = ratios + _STRANGEST * brand.futuristic * (strange - ratios)
    else:
        ratios = ratios + -brand.futuristic * (np.log(np.rint(table.ratios)) - ratios)
    brighter = -6 * brand.warm if brand.warm > 0 else -4 * brand.warm
    slope = 1 - 0.6 * brand.electronic
    return Table(
        ratios=_rounded(np.exp(ratios)[:count]),
        decibels=table.shaded(brighter).decibels[:count],
        fades=_rounded(np.asarray(table.fades[:count]) ** slope),
    )


def _tables(brand: Brand, first: int) -> list[str]:
    """The tables, beginning with one and going on with what is least like those before."""
    names = list(TABLES)
    heard = {
        name: profile(Tone(table=moved(TABLES[name], brand), attack_ms=30, decay_ms=1500))
        for name in names
    }
    order = [names[first]]
    while len(order) < len(names):
        rest = [name for name in names if name not in order]
        far = [min(unlike(heard[one], heard[other]) for other in order) for one in rest]
        order.append(rest[int(np.argmax(np.round(far, 6)))])
    return order


def _turn(order: NDArray[np.integer], take: int) -> int:
    return int(order[(take - 1) % len(order)])


def _between(low: float, middle: float, high: float, at: float) -> float:
    """From ``low`` at -1 over ``middle`` at 0 to ``high`` at +1."""
    return middle + at * (high - middle) if at > 0 else middle + at * (middle - low)


def _rounded(values: NDArray[np.floating]) -> tuple[float, ...]:
    return tuple(round(float(one), 5) for one in values)
