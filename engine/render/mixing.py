"""A score becomes stems: every part is played, balanced by role, placed in a room and summed.

Whatever moves a part's level (compressors, ducking, the plan's energy) is one gain curve on that
part, so the stems add up to the mix. Loops are folded before and after each filter: what rings
past the end lies over the beginning, exactly as if the loop had been playing for ever.
"""

import soxr
from msgspec import Struct

from engine.render.automation import automation
from engine.render.balancing import Session, mixed
from engine.render.banks import Bank
from engine.render.closing import close
from engine.render.control import Sound, powers
from engine.render.desk import ROLE_ROW, desk_for
from engine.render.levels import listened, loudness
from engine.render.strokes import strokes_of
from engine.score import Score, bar_ticks, beat_ticks, seconds_per_tick
from engine.sound.filters import blank

SAMPLE_RATE = 48_000
MIX_LUFS = -20.0


class Stems(Struct, frozen=True, kw_only=True):
    """The sound of each role group, (frames, 2) float32; their sum is the mix, near -20 LUFS.

    ``style`` and ``kind`` tell the mastering room what it is listening to.
    """

    sample_rate: int
    groups: dict[str, Sound]
    style: str
    kind: str
    loop: bool


def render(
    score: Score,
    bank: Bank,
    *,
    frames: int,
    sample_rate: int = SAMPLE_RATE,
    loop: bool,
    seed: int,
    apart: bool = True,
) -> Stems:
    """Play the score: exactly ``frames`` frames at 48 kHz (resampled at the end where asked).

    A bed dies away within the file; a loop wraps. The same score, bank and seed give the same
    bytes. Where no stems were asked for (not ``apart``) the groups are mixed as they are played,
    which is what keeps a piece of ten minutes small.
    """
    session = _session(score, bank, frames, loop=loop, seed=seed, apart=apart)
    groups = mixed(score, session)
    _to_mix_level(groups, loop=loop)
    if groups and not loop:
        close(groups, _last_onset(score, session.pace, frames), frames)
    if sample_rate != SAMPLE_RATE:
        groups = {
            name: soxr.resample(one, SAMPLE_RATE, sample_rate) for name, one in groups.items()
        }
    return Stems(
        sample_rate=sample_rate,
        groups=groups,
        style=score.plan.style,
        kind=score.plan.kind,
        loop=loop,
    )


def _session(
    score: Score, bank: Bank, frames: int, *, loop: bool, seed: int, apart: bool
) -> Session:
    """What is known of the mix before a note of it is played."""
    plan, pace = score.plan, _pace(score, frames, loop=loop)
    desk = desk_for(plan.style, plan.kind)
    bar_frames = bar_ticks(plan.meter) * pace
    return Session(
        desk=desk,
        bank=bank,
        pace=pace,
        kicks=_kick_onsets(score, pace, frames, loop=loop),
        moves=automation(plan.sections, bar_frames, frames, desk.energy_span_db, loop=loop),
        echo_frames=round(desk.echo[0] * beat_ticks(plan.meter) / 4 * pace) if desk.echo else 0,
        has_bass=_sounds(score, "bass", pace, frames),
        has_lead=_sounds(score, "lead", pace, frames),
        frames=frames,
        loop=loop,
        seed=seed,
        apart=apart,
    )


def _pace(score: Score, frames: int, *, loop: bool) -> float:
    """Frames per tick. A loop's own length decides, so that its last tick meets its first."""
    pace = seconds_per_tick(score.plan.tempo, score.plan.meter) * SAMPLE_RATE
    if loop and score.length and abs(frames / (score.length * pace) - 1) < 0.002:
        return frames / score.length
    return pace


def _sounds(score: Score, row: str, pace: float, frames: int) -> bool:
    """Whether a part of this row plays within the file."""
    return any(
        note.start * pace < frames
        for part in score.parts
        if part.plan.group != "drums" and ROLE_ROW.get(part.plan.role, "comp") == row
        for note in part.notes
    )


def _kick_onsets(score: Score, pace: float, frames: int, *, loop: bool) -> list[int]:
    onsets = {
        stroke.onset
        for part in score.parts
        if part.plan.group == "drums"
        for stroke in strokes_of(part, pace, frames, loop=loop)
        if stroke.pitch in (35, 36) and stroke.velocity > 30 and stroke.onset < frames
    }
    return sorted(onsets)


def _last_onset(score: Score, pace: float, frames: int) -> int:
    last = max((note.start for part in score.parts for note in part.notes), default=0)
    return min(round(last * pace), frames)


def _to_mix_level(groups: dict[str, Sound], *, loop: bool) -> None:
    """Bring the sum to `MIX_LUFS`, in place."""
    if not groups:
        return
    mix = _sum(groups)
    gain = MIX_LUFS - loudness(listened(mix, powers(mix)), loop=loop)
    for one in groups.values():
        one *= one.dtype.type(10 ** (gain / 20))


def _sum(groups: dict[str, Sound]) -> Sound:
    if len(groups) == 1:
        return next(iter(groups.values()))
    total = blank(len(next(iter(groups.values()))))
    for name in sorted(groups):
        total += groups[name]
    return total
