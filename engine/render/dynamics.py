"""What a part's own loudness and the kick do to its level: compressors and ducking, as curves."""

import numpy as np
from msgspec import Struct

from engine.render.control import CELL, CELLS_PER_SECOND, Curve, Sound, knots, smoothed
from engine.sound.compiled import compiled


class Compressor(Struct, frozen=True, kw_only=True):
    """A threshold in dB over the part's own mean level, and what happens above it."""

    over_db: float
    ratio: float
    attack_ms: float
    release_ms: float
    most_db: float
    knee_db: float = 6.0


class Duck(Struct, frozen=True, kw_only=True):
    """What goes down when the kick comes: decibels, and seconds to come back.

    Only the sound below ``below_hz`` where that is given: the bass makes room and nobody hears it
    pump.
    """

    depth_db: float
    release_s: float
    below_hz: float = 0.0


# After the table of mixing practice in the sound designer's notes, 3.3.
COMPRESSORS: dict[str, Compressor] = {
    "kick": Compressor(over_db=6, ratio=4, attack_ms=12, release_ms=90, most_db=5),
    "snare": Compressor(over_db=6, ratio=4, attack_ms=12, release_ms=90, most_db=5),
    "bass": Compressor(over_db=0, ratio=3.5, attack_ms=15, release_ms=120, most_db=7),
    "comp": Compressor(over_db=3.5, ratio=2.2, attack_ms=20, release_ms=200, most_db=4),
    "counter": Compressor(over_db=3, ratio=2, attack_ms=20, release_ms=200, most_db=4),
    "lead": Compressor(over_db=2, ratio=2.5, attack_ms=12, release_ms=150, most_db=5),
}
DRUM_BUS = Compressor(over_db=5, ratio=2.5, attack_ms=20, release_ms=140, most_db=4)
DRUM_PARALLEL = Compressor(over_db=-4, ratio=8, attack_ms=3, release_ms=180, most_db=15)
PARALLEL_DB = -10.0
_RMS_CELLS = 10


def compressed(powers: Curve, rule: Compressor, amount: float, *, loop: bool) -> Curve:
    """The compressor's gain on a part of these powers, linear, one value a cell.

    ``amount`` scales the reduction: an orchestra is not squeezed as a drum is.
    """
    level = _mean_level(powers)
    if level <= 0 or amount <= 0:
        return np.ones(len(powers))
    over = _over(powers, level, rule, loop=loop)
    above = np.clip(over + rule.knee_db / 2, 0, rule.knee_db)
    reduction = above**2 / (2 * rule.knee_db) + np.maximum(over - rule.knee_db / 2, 0)
    reduction = np.minimum((1 - 1 / rule.ratio) * reduction, rule.most_db) * amount
    lap = len(reduction)
    if loop:
        # What the end of the loop held down is still coming back at its beginning.
        reduction = np.tile(reduction, 2)
    followed = np.empty(len(reduction))
    slope = rule.most_db / (2 * rule.release_ms)
    _follow(reduction, slope, _attack(rule.attack_ms), followed)
    return 10 ** (-followed[-lap:] / 20)


def _mean_level(powers: Curve) -> float:
    """Power of the part while it sounds: silence does not count."""
    if not len(powers) or powers.max() <= 0:
        return 0.0
    blocks = np.add.reduceat(powers, np.arange(0, len(powers), 400)) / 400
    loud = blocks[blocks > 0.1 * blocks.mean()]
    return float(loud.mean())


def _over(powers: Curve, level: float, rule: Compressor, *, loop: bool) -> Curve:
    """Decibels over the threshold of the last ten milliseconds."""
    around = np.pad(powers, (_RMS_CELLS - 1, 0), mode="wrap" if loop else "constant")
    sums = np.concatenate([[0.0], np.cumsum(around)])
    rms = np.maximum(sums[_RMS_CELLS:] - sums[:-_RMS_CELLS], 0) / _RMS_CELLS
    return 10 * np.log10(np.maximum(rms / level, 1e-9)) - rule.over_db


@compiled("float64[:]", "float64", "const float64[:]", "float64[:]")
def _follow(reduction, slope, kernel, out):
    """Falls no faster than ``slope`` dB a cell, and comes late along the attack's ``kernel``, so
    that the click of a stroke passes; ``reduction`` is used up."""
    held = reduction[0]
    for at in range(len(reduction)):
        held = max(reduction[at], held - slope)
        reduction[at] = held
    before = len(kernel) - 1
    for at in range(len(out)):
        if at < before:
            total = 0.0
            for tap in range(len(kernel)):
                total += kernel[tap] * reduction[max(at - tap, 0)]
            out[at] = total
    # Tap after tap over a stretch that stays in the nearest cache.
    for first in range(before, len(out), 2048):
        target = out[first : first + 2048]
        target[:] = 0.0
        for tap in range(len(kernel)):
            weight, source = kernel[tap], reduction[first - tap : first - tap + len(target)]
            for at in range(len(target)):
                target[at] += weight * source[at]


def _attack(attack_ms: float) -> Curve:
    kernel = np.exp(-np.arange(int(4 * attack_ms)) / attack_ms)
    return kernel / kernel.sum()


def drum_gain(powers: Curve, amount: float, *, parallel: bool, loop: bool) -> Curve:
    """One gain for all hands: the drum bus, and beside it the flattened drums ten dB lower.

    The drums are as loud as before, only their quiet strokes stand closer to the loud ones.
    """
    gain = compressed(powers, DRUM_BUS, amount, loop=loop)
    if parallel:
        flat = compressed(powers, DRUM_PARALLEL, 1.0, loop=loop)
        flat /= max(float(flat.max(initial=0.0)), 1e-6)
        gain = gain + 10 ** (PARALLEL_DB / 20) * amount * flat
    whole = float((powers * gain**2).sum())
    return gain * np.sqrt(float(powers.sum()) / whole) if whole > 0 else gain


def duck_curve(kicks: list[int], duck: Duck, many: int, *, loop: bool) -> Curve:
    """Down within 4 ms before every kick, held 20 ms, back along a cosine; linear gain a cell."""
    rise, hold, back = 4, 20, max(int(duck.release_s * CELLS_PER_SECOND), 1)
    ramp = 0.5 - 0.5 * np.cos(np.pi * np.arange(rise) / rise)
    fall = 0.5 + 0.5 * np.cos(np.pi * np.arange(back) / back)
    shape = np.concatenate([ramp, np.ones(hold), fall])
    down = np.zeros(many + rise + len(shape))  # begins a rise before the file
    for onset in kicks:
        at = onset // CELL
        piece = down[at : at + len(shape)]
        np.maximum(piece, shape[: len(piece)], out=piece)
    inside = down[rise : rise + many]
    if loop:
        np.maximum(inside[-rise:], down[:rise][-len(inside[-rise:]) :], out=inside[-rise:])
        over = down[rise + many :][:many]
        np.maximum(inside[: len(over)], over, out=inside[: len(over)])
    return 10 ** (-duck.depth_db * inside / 20)


_LOW_CELL = 24


def duck_low_band(sound: Sound, curve: Curve, below_hz: float, *, loop: bool) -> None:
    """Put a gain by the cell on what of (frames,) lies below ``below_hz`` (60-250), in place.

    The low band is the sound's means over half milliseconds, under a raised cosine, drawn out again
    along lines; so it is in time with it.
    """
    means = np.empty(-(-len(sound) // _LOW_CELL))
    _mean(sound, means)
    means = smoothed(means, int(0.72 * 2000 / below_hz), loop=loop)
    # A mean stands in the middle of its cell: lines run from middle to middle.
    ends = (means[-1], means[0]) if loop else (means[0], means[-1])
    framed = np.concatenate([[ends[0]], means, [ends[1]]]).astype(np.float32)
    _duck(framed, knots(curve - 1, loop=loop), sound)


@compiled("const float32[:]", "float64[:]")
def _mean(sound, out):
    for cell in range(len(out)):
        piece = sound[cell * _LOW_CELL : (cell + 1) * _LOW_CELL]
        total = 0.0
        for at in range(len(piece)):
            total += piece[at]
        out[cell] = total / _LOW_CELL


@compiled("const float32[:]", "const float32[:]", "float32[:]")
def _duck(means, gain, sound):
    half = _LOW_CELL // 2
    low_step, gain_step = np.float32(1 / _LOW_CELL), np.float32(1 / CELL)
    for number in range(-(-len(sound) // half)):
        piece = sound[number * half : (number + 1) * half]
        low, cell = (number + 1) // 2, number * half // CELL
        low_slope = (means[low + 1] - means[low]) * low_step
        gain_slope = (gain[cell + 1] - gain[cell]) * gain_step
        low_at = means[low] + low_slope * np.float32((number + 1) % 2 * half + 0.5)
        gain_at = gain[cell] + gain_slope * np.float32(number * half - cell * CELL)
        for at in range(len(piece)):
            along = np.float32(at)
            piece[at] += (low_at + low_slope * along) * (gain_at + gain_slope * along)
