"""A take on paper becomes sound: rendered, mastered, heard a second time and written as files."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from engine.contracts import Measured, Resolved, RetractedTake
from engine.critique import measure, panel
from engine.critique.panel import Verdict
from engine.master import files
from engine.master.hearing import hear
from engine.render.banks import Bank
from engine.score import beats_per_bar
from engine.studio import leadsheet, stems
from engine.studio.sounding import Clock, loops, sounded
from engine.studio.takes import Take


class Sounded(Struct, frozen=True, kw_only=True):
    """A take that was rendered, mastered and found good, as files that nobody's name is on yet.

    Stems lie on a path where another process has written them.
    """

    master: bytes
    preview: bytes
    sheet: bytes
    stems: Mapping[str, bytes | Path]
    peaks: tuple[float, ...]
    measured: tuple[Measured, ...]
    laps: dict[str, float]
    folder: Path | None = None

    def close(self) -> None:
        """Remove what lies on a path; nobody plays it any more."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


def play(resolved: Resolved, take: Take, bank: Bank) -> Sounded | RetractedTake:
    """Render, master, hear and write one take; retracted when the second hearing says so.

    The same take and bank give the same bytes, in whatever thread or process.
    """
    clock = Clock()
    loop = loops(resolved)
    mastered = sounded(resolved, take.score, take.seed, bank, clock, stems=resolved.stems)
    bars = take.plan.bars if resolved.kind == "loop" else 0
    beats = beats_per_bar(take.plan.meter)
    heard = hear(mastered.audio, mastered.sample_rate, loop=loop, bars=bars, beats=beats)
    clock.lap("master")
    verdict = panel.hear(take.score, heard)
    measured = measure.constraints(resolved, take.score, heard, len(mastered.audio))
    if not verdict.kept:
        return RetractedTake(take=take.number, reason=reason_of(verdict), code="heard")
    # Chords of the client's own may lead his plan out of its tonality: that is told, not refused.
    hard = measure.HARD - {"tonality"} if resolved.plan is not None else measure.HARD
    if broken := [one.name for one in measured if not one.passed and one.name in hard]:
        reason = f"constraint: {', '.join(broken)}"
        return RetractedTake(take=take.number, reason=reason, code="constraint")
    measured += stems.heard(mastered.stems, resolved.stems)
    delivery = resolved.delivery
    clean = files.master_wav(mastered, delivery, take.score, loop=loop, seed=take.seed)
    preview = files.small_copy(mastered)
    apart = files.stem_wavs(mastered, delivery, resolved.stems, seed=take.seed)
    peaks = files.peaks(mastered.audio, delivery.sample_rate)
    sheet = leadsheet.drawn(resolved, take.score, mastered)
    clock.lap("write")
    return Sounded(
        master=clean, preview=preview, sheet=sheet, stems=apart, peaks=peaks, measured=measured,
        laps=clock.laps,
    )  # fmt: skip


def reason_of(verdict: Verdict) -> str:
    """Why a take is not offered."""
    return "; ".join(verdict.reasons) or "rated below what is offered"
