"""A section, up to the bar that is rated, as the trained critic reads it.

Everything comes from the bar's own section, so a section is rated for itself; later bars are not
known, so a bar's strokes stay what they are when the next one is written.
"""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from engine.contracts import Plan, Section
from engine.critique import reading
from engine.critique.grid import CENTRE, METERS, VOICES, Grid, Where, begins, features, folded
from engine.score import TICKS_PER_QUARTER, BarView, Line, bar_ticks

UNIT = TICKS_PER_QUARTER // 12  # ticks of the grid
WINDOW = 16  # bars that are laid out at a time, as many as the critic was taught with
MOST = 96  # strokes of a bar that are read, the voices that matter most first


class Sheet(Struct, frozen=True, kw_only=True):
    """A section on the grid.

    ``pitch`` and ``onset`` (voices, units) as in `engine.critique.grid.Grid`, up to the rated bar ·
    ``root`` and ``mask`` (units,) of the whole section · ``size`` units of a bar.
    """

    pitch: np.ndarray
    onset: np.ndarray
    root: np.ndarray
    mask: np.ndarray
    scale: int
    size: int
    meter: int

    @property
    def bars(self) -> int:
        """Bars that are written."""
        return self.pitch.shape[1] // self.size

    def until(self, bar: int) -> bytes:
        """All that a bar's rating may depend on."""
        units = (bar + 1) * self.size
        head = f"{self.meter} {self.scale} {units} ".encode()
        return b"".join(
            (head, self.root.tobytes(), self.mask.tobytes(), self.pitch[:, :units].tobytes(),
             self.onset[:, :units].tobytes())
        )  # fmt: skip


class Strokes(Struct, frozen=True, kw_only=True):
    """Strokes of one bar. ``ids`` (strokes, FEATURES) table rows without offsets, ``places``
    (strokes,) units after the bar line, ``bar`` from the section's first."""

    ids: np.ndarray
    places: np.ndarray
    bar: int


def sheet_of(view: BarView) -> Sheet | None:
    """The section of a bar that was just written; None when no section has it."""
    section = reading.section_at(view.plan, view.bar)
    if section is None:
        return None
    plan, bar = view.plan, bar_ticks(view.plan.meter)
    begin, size = section.bar * bar, bar // UNIT
    units = (view.bar + 1 - section.bar) * size
    pitch = np.zeros((len(VOICES), units), np.int8)
    onset = np.zeros(pitch.shape, bool)
    for line in view.lines:
        if line.role in VOICES:
            _paint(line, begin, plan, pitch[VOICES.index(line.role)],
                   onset[VOICES.index(line.role)])  # fmt: skip
    root, mask = _harmony(plan, section, size)
    scale = sum(1 << (one - plan.tonic) % 12 for one in reading.scale_of(plan))
    return Sheet(
        pitch=pitch, onset=onset, root=root, mask=mask, scale=scale, size=size,
        meter=METERS.index(plan.meter),
    )  # fmt: skip


def strokes_of(sheet: Sheet, bar: int) -> Strokes:
    """The strokes of one of the section's bars."""
    first = max(0, bar + 1 - WINDOW)
    begin, end = first * sheet.size, (bar + 1) * sheet.size
    grid = Grid(
        pitch=sheet.pitch[None, :, begin:end], onset=sheet.onset[None, :, begin:end],
        root=sheet.root[None, begin:], mask=sheet.mask[None, begin:],
        scale=np.array([sheet.scale]), first=np.zeros(1, np.int64), size=sheet.size,
        meter=sheet.meter,
    )  # fmt: skip
    last = (bar - first) * sheet.size
    voice, place = begins(np, grid)[0, :, last:].nonzero()
    voice, place = voice[:MOST], place[:MOST]
    at = Where(np.zeros_like(voice), voice, place + last)
    return Strokes(ids=features(np, grid, at), places=place, bar=bar)


def struck(sheet: Sheet) -> int:
    """Notes and held notes of the last bar."""
    last = sheet.pitch[:, -sheet.size :]
    onset = sheet.onset[:, -sheet.size :] & (last > 0)
    return int(onset.sum() + ((last[:, 0] > 0) & ~onset[:, 0]).sum())


def _paint(line: Line, begin: int, plan: Plan, pitch: np.ndarray, onset: np.ndarray) -> None:
    """A line's notes since the section's first bar line; what began before it is not known."""
    home = 60 + (plan.tonic + 5) % 12 - 5
    end = len(pitch)
    for note in _since(line, begin, begin + end * UNIT):
        start = max(0, round((note.start - begin) / UNIT))
        if start >= end:
            continue
        stop = max(start + 1, round((note.start + note.length - begin) / UNIT))
        pitch[start:stop] = folded(note.pitch - home) + CENTRE + 1
        onset[start:stop] = False
        onset[start] = True


def _since(line: Line, begin: int, end: int) -> Sequence:
    return reading.within(line.notes, begin, end)


def _harmony(plan: Plan, section: Section, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Root and mask from the tonic of every unit of a section, root 12 where there is none."""
    bar = size * UNIT
    begin, end = section.bar * bar, (section.bar + section.bars) * bar
    root = np.full(section.bars * size, 12, np.uint8)
    mask = np.zeros(section.bars * size, np.int16)
    for chord in plan.chords:
        if chord.at < end and chord.at + chord.length > begin:
            own = slice(
                max(0, (chord.at - begin) // UNIT), (chord.at + chord.length - begin) // UNIT
            )
            root[own] = (chord.root - plan.tonic) % 12
            mask[own] = sum(1 << (one - plan.tonic) % 12 for one in set(chord.pitches))
    return root, mask
