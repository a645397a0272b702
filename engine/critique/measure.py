"""Every constraint of a brief, measured on what was made."""

from collections.abc import Mapping
from typing import Any

from engine.contracts import Measured, Resolved
from engine.critique import profile, reading
from engine.critique.panel import energy_correlation
from engine.score import Score, bar_ticks, beats_per_bar
from engine.words import tonality
from engine.words.instruments import answers_to
from engine.words.tonality import MODES

HARD = frozenset(
    {
        "duration_ms",
        "bars",
        "bpm",
        "meter",
        "tonality",
        "require",
        "forbid",
        "sample_rate",
        "channels",
        "lufs",
        "true_peak_dbtp",
    }
)
"""Constraints whose failure retracts a take; the others are reported."""

LUFS_TOLERANCE = 0.3
PEAK_TOLERANCE_DB = 0.0  # what two true-peak meters of the same standard may differ by
BPM_TOLERANCE = 0.005
AMBIGUOUS_FIT = 0.02  # two tonalities this close in fit cannot be told apart by their notes
SEAM_DB = 3.0
ENERGY_CORRELATION = 0.5


def constraints(
    resolved: Resolved, score: Score, heard: Mapping[str, float], frames: int
) -> tuple[Measured, ...]:
    """Every constraint of the brief as asked, measured and passed or not.

    ``heard`` are the master's measurements, ``frames`` its length at the delivery's sample rate.
    """
    measured = [
        _duration(resolved, frames),
        *_bars(resolved, score),
        _bpm(resolved, score, frames),
        _meter(resolved, score),
        _tonality(resolved, score),
        *_instruments(resolved, score),
        *_sound(resolved, heard),
        *_seam(resolved, heard),
        *_energy(resolved, score),
    ]
    return tuple(measured)


def _duration(resolved: Resolved, frames: int) -> Measured:
    rate = resolved.delivery.sample_rate
    return Measured(
        name="duration_ms",
        asked=resolved.duration_ms,
        measured=round(frames * 1000 / rate, 3),
        passed=frames == resolved.duration_frames,
        detail=f"{frames} of {resolved.duration_frames} frames at {rate} Hz",
    )


def _bars(resolved: Resolved, score: Score) -> list[Measured]:
    if resolved.bars is None:
        return []
    last = max((note.start for part in score.parts for note in part.notes), default=0)
    length = bar_ticks(score.plan.meter)
    played = min((last + reading.GRAIN) // length + 1, score.plan.bars)
    return [
        Measured(
            name="bars",
            asked=resolved.bars,
            measured=score.plan.bars,
            passed=score.plan.bars == resolved.bars,
            detail=f"notes begin in {played} of them",
        )
    ]


def _bpm(resolved: Resolved, score: Score, frames: int) -> Measured:
    tempo = score.plan.tempo
    asked: Any = resolved.bpm if resolved.bpm is not None else list(resolved.bpm_range)
    if resolved.kind == "loop":
        # A loop's tempo can be read off its length, which the file itself proves.
        seconds = frames / resolved.delivery.sample_rate
        tempo = score.plan.bars * beats_per_bar(score.plan.meter) * 60 / seconds if seconds else 0.0
    if resolved.bpm is None:
        return Measured(name="bpm", asked=asked, measured=round(tempo, 3))
    return Measured(
        name="bpm",
        asked=asked,
        measured=round(tempo, 3),
        passed=abs(tempo - resolved.bpm) <= BPM_TOLERANCE,
    )


def _meter(resolved: Resolved, score: Score) -> Measured:
    return Measured(
        name="meter",
        asked=resolved.meter,
        measured=score.plan.meter,
        passed=score.plan.meter == resolved.meter,
    )


def _tonality(resolved: Resolved, score: Score) -> Measured:
    asked = tonality.parse(resolved.tonality) if resolved.tonality else None
    planned = tonality.Tonality(tonic=score.plan.tonic, mode=score.plan.mode)
    found = profile.estimate(score, asked or (planned if planned.mode in MODES else None))
    if asked is None:
        return Measured(
            name="tonality",
            asked=None,
            measured=None if found is None else str(found.tonality),
            detail=f"planned in {planned}",
        )
    if found is None:
        return Measured(name="tonality", asked=str(asked), passed=False, detail="nothing pitched")
    close = found.fit - found.asked_fit <= AMBIGUOUS_FIT
    heard = asked if close else found.tonality
    return Measured(
        name="tonality",
        asked=str(asked),
        measured=str(heard),
        passed=same_tonality(asked, heard),
        detail=f"fits {found.asked_fit:.2f}, best is {found.tonality} with {found.fit:.2f}",
    )


def same_tonality(asked: tonality.Tonality, heard: tonality.Tonality) -> bool:
    """Whether what is heard is what was asked: the tonic, and major or minor above it.

    Church modes that a tune hardly shows (mixolydian without its seventh) are not told apart.
    """
    if asked.tonic != heard.tonic:
        return False
    thirds = [{3, 4} & set(MODES[one.mode]) for one in (asked, heard)]
    return not all(thirds) or thirds[0] == thirds[1]


def _instruments(resolved: Resolved, score: Score) -> list[Measured]:
    sounding = [part.plan for part in score.parts if part.notes]
    heard = sorted({part.name for part in sounding})
    measured: list[Measured] = []
    for name in resolved.require:
        players = sorted({part.name for part in sounding if answers_to(part, name)})
        measured.append(
            Measured(
                name="require",
                asked=name,
                measured=players or heard,
                passed=bool(players),
            )
        )
    for name in resolved.forbid:
        players = sorted({part.name for part in sounding if answers_to(part, name)})
        measured.append(Measured(name="forbid", asked=name, measured=players, passed=not players))
    return measured


def _sound(resolved: Resolved, heard: Mapping[str, float]) -> list[Measured]:
    delivery = resolved.delivery
    measured: list[Measured] = []
    if "lufs" in heard and delivery.lufs is not None:
        measured.append(
            Measured(
                name="lufs",
                asked=delivery.lufs,
                measured=round(heard["lufs"], 2),
                passed=abs(heard["lufs"] - delivery.lufs) <= LUFS_TOLERANCE,
            )
        )
    if "true_peak_dbtp" in heard:
        measured.append(
            Measured(
                name="true_peak_dbtp",
                asked=delivery.true_peak_dbtp,
                measured=round(heard["true_peak_dbtp"], 2),
                passed=heard["true_peak_dbtp"] <= delivery.true_peak_dbtp + PEAK_TOLERANCE_DB,
            )
        )
    for name in ("sample_rate", "channels"):
        if name in heard:
            asked = getattr(delivery, name)
            measured.append(
                Measured(
                    name=name, asked=asked, measured=int(heard[name]), passed=heard[name] == asked
                )
            )
    return measured


def _seam(resolved: Resolved, heard: Mapping[str, float]) -> list[Measured]:
    if resolved.kind != "loop" or "seam_db" not in heard:
        return []
    return [
        Measured(
            name="seam_db",
            asked=SEAM_DB,
            measured=round(heard["seam_db"], 2),
            passed=heard["seam_db"] <= SEAM_DB,
            detail="step at the joint against the liveliest spots of the loop itself",
        )
    ]


def _energy(resolved: Resolved, score: Score) -> list[Measured]:
    if resolved.energy is None:
        return []
    correlation = energy_correlation(score, resolved.energy)
    if correlation is None:
        return [Measured(name="energy", asked=list(resolved.energy), detail="one level throughout")]
    return [
        Measured(
            name="energy",
            asked=list(resolved.energy),
            measured=round(correlation, 3),
            passed=correlation >= ENERGY_CORRELATION,
            detail="rank correlation of the asked energy and the played density",
        )
    ]
