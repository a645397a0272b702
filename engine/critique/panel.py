"""The panel: judges a finished score on paper; its ear is in `second_hearing`.

On paper it asks what a musician would ask of a cue: does an idea come back, is there breath, does
the melody sit on the harmony, do the parts leave each other room, does it grow where the plan says,
does it end. Some answers are fatal and retract the take; the others make its rating.
"""

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from engine.critique import reading
from engine.critique.bars import roughness
from engine.critique.second_hearing import hear as hear
from engine.critique.verdict import Verdict as Verdict
from engine.score import Note, Part, Score, bar_ticks

KEPT = 0.55
"""Takes rated below this on paper are retracted.

Of 133 windows of 66 human pieces (3 voices, no drums) 95 % are above 0.62, none under 0.55; with
a lead of random pitches the mean falls from 0.83 to 0.61 (AUC 0.93), with the lead of another piece
to 0.76 (AUC 0.73).
"""

SAME_BARS = 4
"""A part may not play the same bar more often than this in a row."""

SOUNDING_PARTS = 3  # in a bed
SILENT_BARS = 2  # in a row, all parts together
LEAD_HEARD = 0.34  # share of a section's bars with the lead in them, where the plan asks for it
OUTSIDE = 0.25  # share of pitched notes outside scale and chord that no style excuses

# Modes that are written on purpose outside any seven-note scale.
FREE_MODES = ("octatonic", "chromatic", "whole", "atonal", "blues", "locrian")

FEATURE_WEIGHTS = {
    "motif": 1.0,
    "breath": 0.8,
    "motion": 1.0,
    "chord_tones": 1.6,
    "inside": 1.2,
    "room": 0.8,
    "energy": 0.8,
    "variety": 1.0,
    "leading": 0.8,
    "smooth": 0.6,
    "lead": 1.0,
    "ending": 0.6,
}


def judge(score: Score) -> Verdict:
    """Judge a score on paper."""
    if score.plan.kind == "chime":
        return _judge_chime(score)
    if score.plan.kind == "ambience":
        return _judge_ambience(score)
    reasons = _fatal(score)
    features = {name: round(feature(score), 4) for name, feature in _FEATURES.items()}
    rating = _rating(features)
    if rating < KEPT and not reasons:
        worst = sorted(features, key=lambda name: features[name])[:2]
        reasons = [f"rated {rating:.2f} on paper, weakest in {' and '.join(worst)}"]
    return Verdict(rating=rating, kept=not reasons, reasons=tuple(reasons), features=features)


def _rating(features: dict[str, float]) -> float:
    """Weighted mean, pulled down by the weakest third so that a good side cannot hide a bad one."""
    weights = np.array([FEATURE_WEIGHTS[name] for name in features])
    values = np.array(list(features.values()))
    mean = float((values * weights).sum() / weights.sum())
    weakest = float(np.sort(values)[: max(1, len(values) // 3)].mean())
    return round(0.7 * mean + 0.3 * weakest, 4)


# --- fatal ----------------------------------------------------------------------------------------


def _fatal(score: Score) -> list[str]:
    checks: tuple[Callable[[Score], str | None], ...] = (
        _too_few_parts,
        _silent_stretch,
        _stuck_bar,
        _missing_lead,
        _out_of_scale,
        _out_of_time,
    )
    return [reason for check in checks if (reason := check(score)) is not None]


def _too_few_parts(score: Score) -> str | None:
    sounding = sum(1 for part in score.parts if part.notes)
    if sounding == 0:
        return "nothing sounds"
    wanted = min(SOUNDING_PARTS, len(score.plan.parts)) if score.plan.kind == "bed" else 1
    return None if sounding >= wanted else f"only {sounding} of {wanted} parts sound"


def _silent_stretch(score: Score) -> str | None:
    length, run = bar_ticks(score.plan.meter), 0
    covered = _covered(score)
    for bar in range(score.plan.bars):
        heard = covered[bar * length // reading.GRAIN : (bar + 1) * length // reading.GRAIN].any()
        run = 0 if heard else run + 1
        if run > SILENT_BARS:
            return f"nothing sounds in bars {bar - run + 2} to {bar + 1}"
    return None


def _covered(score: Score) -> np.ndarray:
    """For every grain of the piece whether anything sounds."""
    covered = np.zeros(max(1, score.length // reading.GRAIN), dtype=bool)
    for part in score.parts:
        for note in part.notes:
            start = max(0, note.start // reading.GRAIN)
            covered[start : max(start + 1, (note.start + note.length) // reading.GRAIN)] = True
    return covered


def _stuck_bar(score: Score) -> str | None:
    for part in score.parts:
        run, bar = longest_run(part, score)
        if run > SAME_BARS:
            return f"{part.plan.name} plays the same bar {run} times from bar {bar + 1}"
    return None


def longest_run(part: Part, score: Score) -> tuple[int, int]:
    """How often a part plays one bar in a row at most, and from which bar; rests do not count."""
    best, best_at, run, since = 0, 0, 0, 0
    before: tuple[tuple[int, int], ...] = ()
    for bar, notes in enumerate(reading.bars_of(part, score.plan)):
        shape = reading.shape_of(notes, score.plan)
        if shape and shape == before:
            run += 1
        else:
            run, since = (1 if shape else 0), bar
        before = shape
        if run > best:
            best, best_at = run, since
    return best, best_at


def _missing_lead(score: Score) -> str | None:
    heard = _lead_bars(score)
    if heard is None:
        return None
    for section in score.plan.sections:
        if "lead" not in section.roles or section.bars < 2:
            continue
        bars = range(section.bar, section.bar + section.bars)
        if sum(bar in heard for bar in bars) / section.bars < LEAD_HEARD:
            return f"the lead is missing in section {section.name} at bar {section.bar + 1}"
    return None


def _lead_bars(score: Score) -> set[int] | None:
    """Bars in which the lead sounds; None when the plan has no lead."""
    if not any(part.role == "lead" for part in score.plan.parts):
        return None
    length = bar_ticks(score.plan.meter)
    return {
        bar
        for note in reading.role_of(score, "lead")
        for bar in range(
            reading.bar_of(note, score.plan),
            max(note.start, note.start + note.length - 1) // length + 1,
        )
    }


def _out_of_scale(score: Score) -> str | None:
    if score.plan.mode.split("_")[0] in FREE_MODES:
        return None
    outside = 1.0 - _inside(score)
    return f"{outside:.0%} of the notes are outside the tonality" if outside > OUTSIDE else None


def _out_of_time(score: Score) -> str | None:
    end = score.length + score.plan.ring_ticks
    late = [
        part.plan.name
        for part in score.parts
        if any(note.start >= end or note.start < -reading.GRAIN for note in part.notes)
    ]
    return f"{', '.join(late)} plays outside the piece" if late else None


# --- what makes the rating ------------------------------------------------------------------------


def _zone(value: float, low: float, high: float, slope: float) -> float:
    """1 inside [low, high], falling to 0 over ``slope`` on either side."""
    outside = max(low - value, value - high, 0.0)
    return max(0.0, 1.0 - outside / slope)


def _motif(score: Score) -> float:
    """Bars of the lead that come back in rhythm and direction, neither never nor always."""
    bars = [_gesture(notes) for notes in _lead_by_bar(score) if len(notes) >= 2]
    if len(bars) < 4:
        return 0.5
    back = sum(
        any(_alike(bar, earlier) for earlier in bars[:at]) for at, bar in enumerate(bars) if at
    )
    return _zone(back / (len(bars) - 1), 0.2, 0.97, 0.35)


def _lead_by_bar(score: Score) -> list[list[Note]]:
    bars: list[list[Note]] = [[] for _ in range(max(1, score.plan.bars))]
    for note in reading.skyline(reading.role_of(score, "lead")):
        bars[min(reading.bar_of(note, score.plan), len(bars) - 1)].append(note)
    return bars


def _gesture(notes: Sequence[Note]) -> tuple[tuple[int, int], ...]:
    """A bar of melody as (time to the next note in sixths of a quarter, direction)."""
    return tuple(
        (round((b.start - a.start) / (2 * reading.GRAIN)), int(np.sign(b.pitch - a.pitch)))
        for a, b in itertools.pairwise(notes)
    )


def _alike(one: tuple[tuple[int, int], ...], other: tuple[tuple[int, int], ...]) -> bool:
    if abs(len(one) - len(other)) > 1:
        return False
    common = sum(a == b for a, b in zip(one, other, strict=False))
    return common >= 0.7 * max(len(one), len(other), 1)


def _breath(score: Score) -> float:
    """Silence inside the lead where the plan wants one: a singer has to breathe."""
    lead = reading.role_of(score, "lead")
    length = bar_ticks(score.plan.meter)
    asked = sum(section.bars for section in score.plan.sections if "lead" in section.roles) * length
    if not lead or not asked:
        return 0.5
    sung = sum(min(note.length, length) for note in reading.skyline(lead))
    return _zone(1.0 - min(1.0, sung / asked), 0.05, 0.7, 0.25)


def _motion(score: Score) -> float:
    """Mostly steps, some skips, few wide leaps."""
    line = reading.skyline(reading.role_of(score, "lead"))
    moves = [abs(b.pitch - a.pitch) for a, b in itertools.pairwise(line)]
    if len(moves) < 4:
        return 0.5
    near = sum(move <= 4 for move in moves) / len(moves)
    wide = sum(move > 9 for move in moves) / len(moves)
    same = sum(move == 0 for move in moves) / len(moves)
    return min(_zone(near, 0.6, 1.0, 0.35), _zone(wide, 0.0, 0.08, 0.2), _zone(same, 0, 0.45, 0.4))


def _chord_tones(score: Score) -> float:
    """How well melody and bass sit on the harmony on strong beats."""
    plan = score.plan
    rough: list[float] = []
    for role in ("lead", "bass", "counter", "harmony"):
        line = reading.role_of(score, role)
        for bar in range(plan.bars):
            for tick in reading.strong_beats(plan, bar):
                chord = reading.chord_at(plan.chords, max(0, tick))
                if chord is None:
                    continue
                near = reading.within(line, tick - reading.GRAIN, tick + reading.GRAIN)
                rough += [roughness(note.pitch % 12, (*chord.pitches, chord.bass)) for note in near]
    return _zone(float(np.mean(rough)), 0.0, 0.12, 0.35) if rough else 0.5


def _inside(score: Score) -> float:
    """Share of pitched notes inside the scale or the chord in force."""
    plan, scale = score.plan, reading.scale_of(score.plan)
    notes = [
        n for part in score.parts if part.plan.role not in reading.UNPITCHED for n in part.notes
    ]
    if not notes:
        return 1.0
    good = 0
    for note in notes:
        chord = reading.chord_at(plan.chords, note.start + reading.GRAIN)
        good += note.pitch % 12 in scale or (chord is not None and note.pitch % 12 in chord.pitches)
    return good / len(notes)


def _inside_rated(score: Score) -> float:
    return _zone(_inside(score), 0.97, 1.0, 0.2)


def _room(score: Score) -> float:
    """The lead above the bass by more than an octave, the bass below everything else."""
    lead = reading.middle_pitch(reading.role_of(score, "lead"))
    bass = reading.middle_pitch(reading.role_of(score, "bass"))
    comp = reading.middle_pitch(reading.role_of(score, "comp"))
    rated: list[float] = []
    if lead is not None and bass is not None:
        rated.append(_zone(lead - bass, 14, 60, 12))
    if comp is not None and bass is not None:
        rated.append(_zone(comp - bass, 5, 48, 10))
    if lead is not None and comp is not None:
        rated.append(_zone(lead - comp, -3, 48, 12))
    return float(np.mean(rated)) if rated else 0.5


def _energy(score: Score) -> float:
    """Whether louder and busier bars are where the plan has more energy (rank correlation)."""
    correlation = energy_correlation(score)
    return 1.0 if correlation is None else _zone(correlation, 0.5, 1.0, 1.0)


def energy_correlation(
    score: Score, curve: Sequence[tuple[float, float]] | None = None
) -> float | None:
    """Spearman correlation of wanted energy and velocity-weighted density.

    Wanted is the ``curve`` of a brief (place 0-1, energy 0-1) over stretches of a few bars, or the
    plan's own energy by section. None when it does not change, or there are fewer than three.
    """
    spans = _spans(score, by_section=curve is None)
    if len(spans) < 3:
        return None
    wanted = [_wanted(score, span, curve) for span in spans]
    if len({round(value, 3) for value in wanted}) < 2:
        return None
    activity = _activity(score)
    played = [float(activity[first:end].mean()) for first, end in spans]
    if len(set(played)) < 2:
        return 0.0
    return float(np.corrcoef(_ranks(wanted), _ranks(played))[0, 1])


def _spans(score: Score, *, by_section: bool) -> list[tuple[int, int]]:
    bars = max(1, score.plan.bars)
    if by_section:
        return [
            (section.bar, min(bars, section.bar + section.bars))
            for section in score.plan.sections
            if section.bars > 0 and section.bar < bars
        ]
    size = max(1, bars // 6)
    return [(first, min(bars, first + size)) for first in range(0, bars, size)]


def _wanted(
    score: Score, span: tuple[int, int], curve: Sequence[tuple[float, float]] | None
) -> float:
    middle = (span[0] + span[1]) / 2
    if curve is not None:
        places, values = zip(*curve, strict=True)
        return float(np.interp(middle / max(1, score.plan.bars), places, values))
    section = reading.section_at(score.plan, span[0])
    return float(section.energy) if section is not None else 0.0


def _activity(score: Score) -> np.ndarray:
    """For every bar the sum of velocities of what starts in it, drums at half weight."""
    activity = np.zeros(max(1, score.plan.bars))
    for part in score.parts:
        weight = 0.5 if part.plan.role == "drums" else 1.0
        for note in part.notes:
            bar = min(reading.bar_of(note, score.plan), len(activity) - 1)
            activity[bar] += weight * note.velocity / 127
    return activity


def _ranks(values: Sequence[float]) -> np.ndarray:
    ordered = sorted(values)
    return np.array([ordered.index(v) + (ordered.count(v) - 1) / 2 for v in values])


def _variety(score: Score) -> float:
    """No part that repeats one bar for long, and more than a handful of different bars in all."""
    runs, fresh = [], []
    for part in score.parts:
        shapes = [
            reading.shape_of(notes, score.plan) for notes in reading.bars_of(part, score.plan)
        ]
        played = [shape for shape in shapes if shape]
        if len(played) >= 4:
            runs.append(longest_run(part, score)[0])
            fresh.append(len(set(played)) / len(played))
    if not runs:
        return 0.5
    return 0.5 * _zone(float(max(runs)), 0, 3, 4) + 0.5 * _zone(float(np.mean(fresh)), 0.3, 1, 0.3)


def _leading(score: Score) -> float:
    """Few parallel fifths and octaves between lead and bass."""
    lead = reading.skyline(reading.role_of(score, "lead"))
    wrong, moves = reading.parallels(lead, reading.role_of(score, "bass"))
    return _zone(wrong / moves, 0.0, 0.06, 0.2) if moves >= 8 else 0.8


def _smooth(score: Score) -> float:
    """Chords that move to the next one by small distances, voice by voice."""
    grips = _grips(score)
    moves = [
        float(np.mean([min(abs(pitch - other) for other in after) for pitch in before]))
        for before, after in itertools.pairwise(grips)
        if before != after
    ]
    return _zone(float(np.mean(moves)), 0.0, 4.0, 5.0) if len(moves) >= 3 else 0.7


def _grips(score: Score) -> list[list[int]]:
    """The pitches that comp and pad hold at each change of harmony."""
    held = reading.sorted_by_start(
        [note for role in ("comp", "pad", "harmony") for note in reading.role_of(score, role)]
    )
    grips = [
        sorted({n.pitch for n in reading.within(held, at - reading.GRAIN, at + length // 2)})
        for at, length in ((chord.at, chord.length) for chord in score.plan.chords)
    ]
    return [grip for grip in grips if len(grip) >= 2]


def _lead_present(score: Score) -> float:
    heard = _lead_bars(score)
    asked = {
        bar
        for section in score.plan.sections
        if "lead" in section.roles
        for bar in range(section.bar, section.bar + section.bars)
    }
    if heard is None or not asked:
        return 1.0
    return _zone(len(heard & asked) / len(asked), 0.7, 1.0, 0.5)


def _ending(score: Score) -> float:
    """A bed ends on its tonic, in the bass or in the last chord; a loop need not."""
    plan = score.plan
    if plan.kind == "loop" or plan.ending == "turnaround" or not plan.chords:
        return 1.0
    last = (plan.bars - 1) * bar_ticks(plan.meter)
    pitched = [
        n for part in score.parts if part.plan.role not in reading.UNPITCHED for n in part.notes
    ]
    final = [note for note in pitched if note.start + note.length > last]
    home = plan.chords[-1].root == plan.tonic or plan.chords[-1].bass == plan.tonic
    if not final:
        return 0.3
    lowest = min(final, key=lambda note: note.pitch).pitch % 12
    return 1.0 if lowest == plan.tonic else 0.6 if home else 0.2


_FEATURES: dict[str, Callable[[Score], float]] = {
    "motif": _motif,
    "breath": _breath,
    "motion": _motion,
    "chord_tones": _chord_tones,
    "inside": _inside_rated,
    "room": _room,
    "energy": _energy,
    "variety": _variety,
    "leading": _leading,
    "smooth": _smooth,
    "lead": _lead_present,
    "ending": _ending,
}


# --- chimes ---------------------------------------------------------------------------------------


def _judge_chime(score: Score) -> Verdict:
    """A chime is a motif of a few notes: it must sound, in range and inside its scale."""
    notes = [note for part in score.parts for note in part.notes]
    if not notes:
        return Verdict(rating=0.0, kept=False, reasons=("nothing sounds",))
    reasons = tuple(
        f"{part.plan.name} leaves its range"
        for part in score.parts
        if any(not part.plan.low <= note.pitch <= part.plan.high for note in part.notes)
    )
    line = reading.skyline(notes)
    wide = sum(abs(b.pitch - a.pitch) > 12 for a, b in itertools.pairwise(line))
    features = {
        "inside": round(_inside_rated(score), 4),
        "motion": _zone(wide / max(1, len(line) - 1), 0, 0.1, 0.6),
        "length": _zone(float(len(line)), 2, 8, 6),
    }
    rating = round(float(np.mean(list(features.values()))), 4)
    if rating < KEPT and not reasons:
        reasons = (f"rated {rating:.2f} on paper",)
    return Verdict(rating=rating, kept=not reasons, reasons=reasons, features=features)


def _judge_ambience(score: Score) -> Verdict:
    """An ambience has no melody and no form: everybody must sound, and in range."""
    reasons = tuple(
        f"{part.plan.name} is silent or leaves its range"
        for part in score.parts
        if not part.notes
        or any(not part.plan.low <= note.pitch <= part.plan.high for note in part.notes)
    )
    rating = 0.0 if reasons or not score.parts else 1.0
    return Verdict(rating=rating, kept=rating > 0, reasons=reasons or ())
