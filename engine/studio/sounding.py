"""From a score to a finished sound: the rooms where it is rendered and mastered, one behind the
other."""

import time
from collections.abc import Sequence

from engine.contracts import Plan, Resolved
from engine.master import master
from engine.master.mastering import Master
from engine.render import ambience, render
from engine.render.banks import Bank
from engine.score import Score, bar_ticks, seconds_per_tick
from engine.studio.stems import divided

SAMPLE_RATE = 48_000
FADE_S = (2.0, 8.0)


def loops(resolved: Resolved) -> bool:
    """Whether the piece goes round."""
    return resolved.kind in ("loop", "ambience")


class Clock:
    """Seconds since the last lap, by name."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = round(now - self._since, 3)
        self._since = now


def sounded(
    resolved: Resolved,
    score: Score,
    seed: int,
    bank: Bank,
    clock: Clock,
    *,
    stems: Sequence[str] = (),
) -> Master:
    """The master of a score, as long as ``resolved`` says; its stems too where some are wanted."""
    apart = bool(stems)
    score = divided(score, stems)
    loop = loops(resolved)
    frames = round(resolved.duration_frames * SAMPLE_RATE / resolved.delivery.sample_rate)
    if resolved.kind == "ambience":
        played = ambience.render(score, frames=frames, seed=seed, apart=apart)
    else:
        played = render(score, bank, frames=frames, loop=loop, seed=seed, apart=apart)
    clock.lap("render")
    return master(
        played,
        lufs=_lufs(resolved),
        true_peak_dbtp=resolved.delivery.true_peak_dbtp,
        loop=loop,
        seed=seed,
        delivery=resolved.delivery,
        frames=resolved.duration_frames,
        fade_s=_fade_s(score.plan),
    )


def _fade_s(plan: Plan) -> float:
    """Seconds of a fade that was asked for: the last section, but no sudden and no endless one."""
    if plan.ending != "fade":
        return 0.0
    ticks = plan.sections[-1].bars * bar_ticks(plan.meter) + plan.ring_ticks
    shortest, longest = FADE_S
    return min(longest, max(shortest, ticks * seconds_per_tick(plan.tempo, plan.meter)))


def _lufs(resolved: Resolved) -> float:
    assert resolved.delivery.lufs is not None, "resolve() fills the loudness in"
    return resolved.delivery.lufs
