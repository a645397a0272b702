"""The second hearing: which masters nobody may be offered, however good they are on paper.

Bounds lie between what masters of all styles measure and what a planted fault does: of 22 styles'
masters none has an inner silence of 0.2 s, ends above -50 dBFS, or has less middle than side in
its bass.
"""

from collections.abc import Iterator, Mapping
from math import inf, isfinite

from engine.critique.verdict import Verdict
from engine.score import Score, seconds_per_tick

SILENT_LUFS = -60.0
SILENCE_S = 1.5  # beyond the longest rest that is written
SILENT_END_S = 0.5  # beyond the last note's beginning
HEAD_MS = {"bed": 1500.0, "loop": 1000.0, "chime": 80.0, "sting": 500.0}
FALL_DB = -48.0  # a sound that ends from above this was cut
CLIPPED_FRAMES = 0
CLICKS = 0
DC_OFFSET = 0.001
MONO_LOSS_LU = 6.0  # in mono a phone's speaker would lose more than half of it
BALANCE_DB = 6.0
CORRELATION = -0.3
BASS_SIDE_DB = 0.0  # more side than middle where there ought to be no side
BASS_DB = -40.0  # less bass than this says nothing of its sides
SEAM_DB = 6.0
SEAM_FLUX_DB = 11.0  # beyond the roughest of the loop's own bar lines; a good one was 9.4 beyond
SEAM_JUMP_DB = 3.0

Heard = Mapping[str, float]


def hear(score: Score, heard: Heard) -> Verdict:
    """Judge a master by its measurements.

    ``heard`` are measurements by name, as `engine.master.hearing.hear` makes them; what was not
    measured is not judged.
    """
    if any(not isfinite(value) for value in heard.values()):
        reasons = ("a measurement of the master is not a number",)
    else:
        reasons = (
            *_silences(score, heard),
            *_broken(heard),
            *_sides(heard),
            *_ends(score.plan.kind, heard),
        )
    return Verdict(rating=0.0 if reasons else 1.0, kept=not reasons, reasons=reasons)


def _silences(score: Score, heard: Heard) -> Iterator[str]:
    kind = score.plan.kind
    if heard.get("lufs", 0.0) < SILENT_LUFS:
        yield "the master is silent"
    silence = heard.get("longest_silence_s", 0.0)
    if silence > SILENCE_S and silence > _longest_rest_s(score) + SILENCE_S:
        yield f"silent for {silence:.1f} s"
    head = heard.get("head_ms", 0.0)
    if head > HEAD_MS.get(kind, inf):
        yield f"begins after {head:.0f} ms of silence"
    ending = heard.get("silent_end_s", 0.0)
    if ending > _after_last_onset_s(score, heard) + SILENT_END_S:
        yield f"silent for its last {ending:.1f} s"


def _broken(heard: Heard) -> Iterator[str]:
    if (clipped := heard.get("clipped", 0.0)) > CLIPPED_FRAMES:
        yield f"{clipped:.0f} clipped samples"
    if (clicks := heard.get("clicks", 0.0)) > CLICKS:
        yield f"{clicks:.0f} clicks"
    if abs(offset := heard.get("dc", 0.0)) > DC_OFFSET:
        yield f"constant offset of {offset:.4f}"


def _sides(heard: Heard) -> Iterator[str]:
    if heard.get("channels", 0.0) <= 2 and heard.get("silent_channels", 0.0):
        yield "a channel is silent"
    if abs(balance := heard.get("balance_db", 0.0)) > BALANCE_DB:
        yield f"leans {balance:.1f} dB to one side"
    if (loss := heard.get("mono_loss_lu", 0.0)) > MONO_LOSS_LU:
        yield f"loses {loss:.1f} LU in mono"
    apart = heard.get("bass_side_db", -inf) > BASS_SIDE_DB and heard.get("bass_db", 0.0) > BASS_DB
    if apart or heard.get("correlation", 1.0) < CORRELATION:
        yield "its two sides are of opposite polarity"


def _ends(kind: str, heard: Heard) -> Iterator[str]:
    if (level := heard.get("fall_db", -inf)) > FALL_DB:
        yield f"ends in the middle of a sound, at {level:.0f} dBFS"
    if kind not in ("loop", "ambience"):
        return
    if (step := heard.get("seam_db", 0.0)) > SEAM_DB:
        yield f"the loop's seam is {step:.1f} dB rougher than the loop itself"
    flux, jump = heard.get("seam_flux_most_db", -inf), heard.get("seam_jump_most_db", -inf)
    if flux > SEAM_FLUX_DB or jump > SEAM_JUMP_DB:
        yield f"the loop's seam jumps {max(flux, jump):.1f} dB more than its roughest bar line"


def _longest_rest_s(score: Score) -> float:
    """Between the end of all notes so far and the next one, seconds."""
    until, longest = 0, 0
    for start, end in sorted(
        (note.start, note.start + note.length) for part in score.parts for note in part.notes
    ):
        longest = max(longest, start - until)
        until = max(until, end)
    return longest * seconds_per_tick(score.plan.tempo, score.plan.meter)


def _after_last_onset_s(score: Score, heard: Heard) -> float:
    """What is left of the file behind the last note's beginning, seconds; endless without notes."""
    starts = [note.start for part in score.parts for note in part.notes]
    if not starts or not heard.get("sample_rate"):
        return inf
    length = heard.get("frames", 0.0) / heard["sample_rate"]
    last = max(starts) * seconds_per_tick(score.plan.tempo, score.plan.meter)
    return max(0.0, length - last)
