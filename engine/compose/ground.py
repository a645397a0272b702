"""What a section stands on before a note is written: its bars, its harmony, its motif."""

import numpy as np

from engine.compose import contours
from engine.compose.cast import school_of
from engine.compose.codes import METERS, TICKS_PER_UNIT, TIE, Bar, Sheet, Step, code_of, fold_tonic
from engine.contracts import Chord, PartPlan, Plan, Section
from engine.score import bar_ticks

TOLD_BARS = 8  # bars to the piece's end that the network is told; further off it hears "many"
NO_ROOT = 12
# What becomes of the motif by the letter of a section, and the degrees it moves by.
_TURNS = {
    "i": (contours.backwards, 1),
    "B": (contours.inverted, 2),
    "C": (contours.backwards, 2),
    "D": (contours.inverted, -3),
    "br": (contours.backwards, -2),
    "e": (contours.backwards, -1),
}
SUMMIT_ROOM = 2  # semitones kept free over a motif for the section's highest note
LOW_HOME = 0.4  # of its range, where a bass or a figure moves


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
    seam = turns(plan) and section.bar + section.bars == plan.bars
    third = contours.scale_of(plan.mode)[2]
    return Sheet(
        bars,
        mode=0 if third == 4 else 1,
        scale=contours.scale_mask(plan.mode),
        roots=roots,
        chromas=chromas,
        basses=basses,
        following=_first_harmony(plan) if seam else None,
        school=school_of(plan),
    )


def turns(plan: Plan) -> bool:
    """Whether the end leads back to the beginning.

    Of all that lies beyond a section's own bars, the loop's first chord and the first note of its
    contour are the only things that may be known in it: they are the plan's, not another section's.
    """
    return plan.ending == "turnaround" and bool(plan.chords)


def motif_of(plan: Plan, lead: PartPlan | None) -> list[list[Step]]:
    """The bars of the plan's contour, in the lead's register; none without either."""
    if lead is None or not plan.contour:
        return []
    bar_units = bar_ticks(plan.meter) // TICKS_PER_UNIT
    return contours.read(
        plan.contour, plan.mode, fold_tonic(plan.tonic), lead.low, lead.high, bar_units
    )


def stated_in(
    section: Section, motif: list[list[Step]], plan: Plan, lead: PartPlan | None
) -> list[list[Step]]:
    """What a section's lead states of the motif: it plain, or turned about, a third away."""
    turn = _TURNS.get(section.name.rstrip("'"))
    if lead is None or turn is None:
        return motif
    turned, shift = turn
    highest = code_of(lead.high, fold_tonic(plan.tonic)) - SUMMIT_ROOM
    for moved in (shift, -shift):
        stated = turned(motif, plan.mode, moved)
        if top_of(stated, 0) <= highest:
            return stated
    return turned(motif, plan.mode, 0)


def hits_of(plan: Plan, section: Section) -> frozenset[int]:
    """The grid units, from the section's first, on which a hit falls."""
    start = section.bar * bar_ticks(plan.meter)
    end = start + section.bars * bar_ticks(plan.meter)
    units = (end - start) // TICKS_PER_UNIT
    return frozenset(
        min(units - 1, round((hit - start) / TICKS_PER_UNIT))
        for hit in plan.hits
        if start <= hit < end
    )


def contrasts(section: Section) -> bool:
    """Whether a section stands against the first one."""
    return section.name[0] in "BCD"


def top_of(bars: list[list[Step]], otherwise: int) -> int:
    """The highest code of some bars."""
    return max((step.code for bar in bars for step in bar if step.code > TIE), default=otherwise)


def home_of(part: PartPlan, motif: list[list[Step]], tonic_pitch: int) -> int:
    """The code around which a part moves: its motif's middle, or that of its range."""
    codes = [step.code for bar in motif for step in bar if step.code > TIE]
    if part.role == "lead" and codes:
        return round(sum(codes) / len(codes))
    share = LOW_HOME if part.role in ("bass", "figure") else 0.5
    return code_of(round(part.low + share * (part.high - part.low)), tonic_pitch)


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
        chromas[begin:end] = _chroma(plan, chord)
    return roots, chromas, basses


def _first_harmony(plan: Plan) -> tuple[int, int]:
    return (plan.chords[0].root - plan.tonic) % 12, _chroma(plan, plan.chords[0])


def _chroma(plan: Plan, chord: Chord) -> int:
    return sum(1 << (pitch - plan.tonic) % 12 for pitch in set(chord.pitches))


def _left(bars: int) -> int:
    return bars if bars <= TOLD_BARS else TOLD_BARS + 1
