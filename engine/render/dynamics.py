"""What a part's own loudness and the kick do to its level: compressors and ducking, as curves."""

import numpy as np
from msgspec import Struct

from engine.render.control import CELL, CELLS_PER_SECOND, Curve, Sound, smoothed


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
    reduction = _released(reduction, rule.most_db / (2 * rule.release_ms))
    reduction = _attacked(reduction, rule.attack_ms)
    return 10 ** (-reduction[-lap:] / 20)


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


def _released(reduction: Curve, slope: float) -> Curve:
    """Falls no faster than ``slope`` dB a cell: a running maximum, no loop over time."""
    line = slope * np.arange(len(reduction))
    return np.maximum.accumulate(reduction + line) - line


def _attacked(reduction: Curve, attack_ms: float) -> Curve:
    """Comes late by about the attack, so that the click of a stroke passes."""
    kernel = np.exp(-np.arange(int(4 * attack_ms)) / attack_ms)
    kernel /= kernel.sum()
    return np.convolve(np.pad(reduction, (len(kernel) - 1, 0), mode="edge"), kernel, "valid")


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


def low_band(sound: Sound, below_hz: float, *, loop: bool) -> Sound:
    """What of (frames,) lies below ``below_hz`` (60-250), in time with it: its means over half
    milliseconds, under a raised cosine, drawn out again along lines."""
    frames = len(sound)
    many = -(-frames // _LOW_CELL)
    padded = np.pad(sound, (0, many * _LOW_CELL - frames))
    means = padded.reshape(many, _LOW_CELL).mean(axis=1, dtype=np.float64)
    width = int(0.72 * 2000 / below_hz)
    means = smoothed(means, width, loop=loop).astype(np.float32)
    # A mean stands in the middle of its cell: lines run from middle to middle.
    before = np.append(means[-1] if loop else means[0], means)
    after = np.append(means, means[0] if loop else means[-1])
    along = ((np.arange(_LOW_CELL) + 0.5) / _LOW_CELL).astype(np.float32)
    lines = before[:, None] + (after - before)[:, None] * along
    return lines.ravel()[_LOW_CELL // 2 : _LOW_CELL // 2 + frames]
