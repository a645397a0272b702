"""What a section stands on before a note is written: its bars, its harmony, its motif."""

import numpy as np

from engine.compose import contours
from engine.compose.codes import METERS, TICKS_PER_UNIT, Bar, Sheet, Step, fold_tonic
from engine.contracts import PartPlan, Plan, Section
from engine.score import bar_ticks

TOLD_BARS = 8  # bars to the piece's end that the network is told; further off it hears "many"
NO_ROOT = 12


def sheet_of(plan: Plan, section: Section) -> Sheet:
    """The empty sheet of one section, with the harmony of its own bars and no other."""
    bar_units = bar_ticks(plan.meter) // TICKS_PER_UNIT
    bars = [
        Bar(
            start=bar * bar_units,
            units=bar_units,
            meter=METERS.index(plan.meter),
            left=_left(plan.bars - 1 - section.bar - bar),
        )
        for bar in range(section.bars)
    ]
    roots, chromas, basses = _harmony(plan, section, section.bars * bar_units)
    third = contours.scale_of(plan.mode)[2]
    return Sheet(
        bars,
        mode=0 if third == 4 else 1,
        scale=contours.scale_mask(plan.mode),
        roots=roots,
        chromas=chromas,
        basses=basses,
    )


def motif_of(plan: Plan, section: Section, lead: PartPlan | None) -> list[list[Step]]:
    """The bars that a section's lead states: the plan's contour, or what contrasts with it."""
    if lead is None or not plan.contour:
        return []
    motif = contours.read(
        plan.contour,
        plan.mode,
        fold_tonic(plan.tonic),
        lead.low,
        lead.high,
        bar_ticks(plan.meter) // TICKS_PER_UNIT,
    )
    return contours.invert(motif) if contrasts(section) else motif


def contrasts(section: Section) -> bool:
    """Whether a section stands against the first one."""
    return section.name.rstrip("'0123456789") not in ("A", "i", "")


def _harmony(plan: Plan, section: Section, units: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(units,) root, chroma and bass of the section's chords, all from the tonic."""
    roots, chromas = np.full(units, NO_ROOT, np.int64), np.zeros(units, np.int64)
    basses = np.full(units, NO_ROOT, np.int64)
    start = section.bar * bar_ticks(plan.meter)
    for chord in plan.chords:
        begin = max(0, (chord.at - start) // TICKS_PER_UNIT)
        end = min(units, (chord.at + chord.length - start) // TICKS_PER_UNIT)
        if begin >= end:
            continue
        roots[begin:end] = (chord.root - plan.tonic) % 12
        basses[begin:end] = (chord.bass - plan.tonic) % 12
        chromas[begin:end] = sum(1 << (pitch - plan.tonic) % 12 for pitch in set(chord.pitches))
    return roots, chromas, basses


def _left(bars: int) -> int:
    return bars if bars <= TOLD_BARS else TOLD_BARS + 1
