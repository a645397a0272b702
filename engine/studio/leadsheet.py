"""A candidate on one page: what its score and its master look like, in seconds of the file."""

import math
from collections.abc import Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.contracts import Plan, Resolved
from engine.contracts.sheets import (
    LoopSpan,
    Seen,
    Sheet,
    SheetChord,
    SheetPart,
    SheetSection,
    Waveform,
)
from engine.master.mastering import Master
from engine.score import Part, Score, bar_ticks, beats_per_bar, seconds_per_tick
from engine.studio.sounding import loops
from engine.styles.letters import lettered
from engine.words.tonality import printed

NAME, MEDIA_TYPE = "sheet", "application/json"
PER_S = 20


def drawn(resolved: Resolved, score: Score, mastered: Master) -> bytes:
    """The sheet as it is stored."""
    return msgspec.json.encode(sheet(resolved, score, mastered))


def sheet(resolved: Resolved, score: Score, mastered: Master) -> Sheet:
    """What there is to look at; nothing lies beyond the file's end."""
    plan, end = score.plan, len(mastered.audio) / mastered.sample_rate
    page = _Page(plan, end)
    return Sheet(
        kind=resolved.kind,
        duration_s=page.at(end),
        loudness_lufs=_finite(mastered.loudness_lufs),
        true_peak_dbtp=_finite(mastered.true_peak_dbtp),
        bpm=round(plan.tempo, 3),
        meter=plan.meter,
        key=printed(plan.tonic, plan.mode),
        beats_per_bar=beats_per_bar(plan.meter),
        loop=LoopSpan(start_s=0.0, end_s=page.at(end)) if loops(resolved) else None,
        bars_s=page.bars(),
        sections=tuple(page.sections()),
        chords=tuple(page.chords()),
        peaks=Waveform(per_s=PER_S, values=waveform(mastered.audio, mastered.sample_rate)),
        parts=tuple(page.part(part) for part in score.parts),
    )


class _Page:
    """Ticks of a plan as seconds of a file that is ``end`` seconds long."""

    def __init__(self, plan: Plan, end: float) -> None:
        self._plan, self._end = plan, end
        self._pace = seconds_per_tick(plan.tempo, plan.meter)
        self._bar = bar_ticks(plan.meter)

    def at(self, seconds: float) -> float:
        return round(min(max(seconds, 0.0), self._end), 3)

    def tick(self, ticks: float) -> float:
        return self.at(ticks * self._pace)

    def bars(self) -> tuple[float, ...]:
        """Every bar line within the file, and the end of the last bar."""
        lines = (self.tick(bar * self._bar) for bar in range(self._plan.bars + 1))
        return tuple(dict.fromkeys(lines))

    def sections(self) -> Iterator[SheetSection]:
        for one in self._plan.sections:
            start, end = self.tick(one.bar * self._bar), self.tick((one.bar + one.bars) * self._bar)
            if start < end:
                yield SheetSection(name=one.name, start_s=start, end_s=end, energy=one.energy)

    def chords(self) -> Iterator[SheetChord]:
        tonic = printed(self._plan.tonic, self._plan.mode).split()[0]
        for one in self._plan.chords:
            start, end = self.tick(one.at), self.tick(one.at + one.length)
            if start < end:
                yield SheetChord(
                    start_s=start, end_s=end, name=lettered(one.symbol, tonic), degree=one.symbol
                )

    def part(self, part: Part) -> SheetPart:
        plan = part.plan
        return SheetPart(
            name=plan.name, role=plan.role, group=plan.group, drums=plan.role == "drums",
            low=plan.low, high=plan.high, notes=tuple(self._notes(part)),
        )  # fmt: skip

    def _notes(self, part: Part) -> Iterator[Seen]:
        for note in part.notes:
            start, end = self.tick(note.start), self.tick(note.start + note.length)
            if start < end:
                yield start, round(end - start, 3), note.pitch


def waveform(
    audio: NDArray[np.floating], sample_rate: int, per_s: int = PER_S
) -> tuple[tuple[float, float], ...]:
    """The lowest and the highest of every window; ``audio`` is (frames,) or (frames, channels)."""
    if not len(audio):
        return ()
    channels = audio[:, None] if audio.ndim == 1 else audio
    count = max(1, math.ceil(len(audio) * per_s / sample_rate))
    edges = np.arange(count, dtype=np.int64) * sample_rate // per_s
    low = np.min([np.minimum.reduceat(one, edges) for one in channels.T], axis=0)
    high = np.max([np.maximum.reduceat(one, edges) for one in channels.T], axis=0)
    shown = np.clip(np.stack([low, high], axis=1), -1.0, 1.0)
    return tuple((round(low, 3), round(high, 3)) for low, high in shown.tolist())


def _finite(value: float) -> float | None:
    return round(value, 2) if math.isfinite(value) else None
