"""One take while it is written: where it stands, what it may refer to, how to take a bar back."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from engine.compose import contours
from engine.compose.codes import (
    LEVELS,
    NOTHING,
    OFFSETS,
    REST,
    ROLES,
    TICKS_PER_UNIT,
    TIE,
    Bar,
    Sheet,
    Step,
    code_of,
    density_of,
    fold_tonic,
    pitch_of,
    reference_at,
)
from engine.compose.codes import METERS as METER_NAMES
from engine.contracts import PartPlan, Plan, Rewrite, Section
from engine.score import BarRating, BarView, Line, Note, bar_ticks

# Onsets per bar of 4/4 by energy 1-7: what the plan asks of each role.
_LEAD_NOTES = (2, 3, 3, 4, 5, 6, 7)
_BASS_NOTES = (1, 1, 2, 3, 4, 5, 6)
_COUNTER_NOTES = (1, 1, 1, 2, 2, 3, 3)
_NOTES = {"lead": _LEAD_NOTES, "bass": _BASS_NOTES, "counter": _COUNTER_NOTES}
_NO_REFERENCE: tuple[Step, ...] = ()


class Slot(Struct, frozen=True):
    """One role's turn in one bar."""

    bar: int
    role: int


class _Mark(Struct, frozen=True):
    """Where a bar began: enough to be there again."""

    slot: int
    history: int
    before: Step
    last: list[list[int]]
    bits: dict[str, float]


class _Try(Struct, frozen=True):
    """One version of a bar and what the panel thought of it."""

    rating: float
    reason: str
    steps: list[Step]


class Take:
    """A plan being written, with its own randomness and its own budget."""

    def __init__(self, plan: Plan, seed: int, forced: dict[str, Line] | None = None) -> None:
        self.plan, self.seed = plan, seed
        self.tonic_pitch = fold_tonic(plan.tonic)
        self.bar_units = bar_ticks(plan.meter) // TICKS_PER_UNIT
        self.parts = {part.role: part for part in plan.parts if part.role in ROLES}
        self.sheet = _sheet(plan, self.bar_units)
        self.slots = _slots(plan, self.parts)
        self.motif = self._motif()
        self.bits = {ROLES[role]: 0.0 for role in sorted({slot.role for slot in self.slots})}
        self.history: list[tuple[np.ndarray, np.ndarray]] = []
        self.row, self.base, self.steps, self.stale = 0, 0, 0, False
        self.rewrites: list[Rewrite] = []
        self.expected_steps = max(1, 5 * len(self.slots))
        self.at, self.position, self.before = 0, 0, Step(NOTHING, 0)
        self._forced = forced
        self._queue: list[Step] = []
        self._tries: list[_Try] = []
        self._written: list[Step] = []
        self.replaying = False
        self.rng = np.random.default_rng([seed, 0, 0])
        self._mark = self._remember()
        self._begin_slot()

    # --- where it stands ---

    @property
    def done(self) -> bool:
        """Whether every bar is written."""
        return self.at >= len(self.slots)

    @property
    def slot(self) -> Slot:
        """Whose turn it is."""
        return self.slots[self.at]

    @property
    def role(self) -> str:
        """The role that is being written."""
        return ROLES[self.slot.role]

    @property
    def part(self) -> PartPlan:
        """The instrument that will play it."""
        return self.parts[self.role]

    @property
    def bar(self) -> Bar:
        """The bar that is being written."""
        return self.sheet.bars[self.slot.bar]

    @property
    def section(self) -> Section:
        """The section that holds this bar."""
        return section_of(self.plan, self.slot.bar)

    @property
    def unit(self) -> int:
        """The grid unit to be written next."""
        return self.bar.start + self.position

    @property
    def tries(self) -> int:
        """How often this bar has been written."""
        return len(self._tries)

    @property
    def bar_complete(self) -> bool:
        """Whether the last step ended a bar, all its roles included."""
        return self._bar_ended

    @property
    def forced_step(self) -> Step | None:
        """The step that must be written, when a line is given or a bar is replayed."""
        return self._queue[0] if self._queue else None

    def features(self) -> tuple[np.ndarray, np.ndarray]:
        """(features,) table rows without offsets and (24,) bits for the next step."""
        row = self.sheet.features(
            self.slot.role,
            self.bar,
            self.position,
            self.before,
            reference_at(self.reference, self.position),
            self.level,
            self.density,
        )
        assert len(row) == len(OFFSETS)
        return np.array(row, np.int64), self.sheet.bits(self.unit)

    # --- writing ---

    def put(self, step: Step) -> None:
        """Write one step and move on; sets ``bar_complete`` when the bar is full."""
        if self._queue:
            self._queue.pop(0)
        self.sheet.write(self.slot.role, self.unit, step)
        self._written.append(step)
        self.before = step
        self.position += step.units
        self._bar_ended = False
        if self.position >= self.bar.units:
            finished = self.slot.bar
            self.at += 1
            self.position = 0
            self._bar_ended = self.done or self.slot.bar != finished
            if not self._bar_ended:
                self._begin_slot()

    def spend(self, bits: float) -> None:
        """Count the surprise of a choice."""
        self.bits[self.role] += bits

    def view(self) -> BarView:
        """The bar that was just written, for the panel."""
        return BarView(
            plan=self.plan,
            bar=self.slots[self.at - 1].bar,
            lines=tuple(Line(role=role, notes=self.notes(role)) for role in self.bits),
            bits=sum(self.bits.values()) - sum(self._mark.bits.values()),
        )

    def notes(self, role: str) -> tuple[Note, ...]:
        """What a role has so far, in ticks; velocity is the arranger's."""
        index = ROLES.index(role)
        codes, onsets = self.sheet.codes[index], self.sheet.onsets[index]
        starts = np.flatnonzero(onsets)
        notes = []
        for start in starts:
            end = start + 1
            while end < len(codes) and not onsets[end] and codes[end] == codes[start]:
                end += 1
            pitch = pitch_of(int(codes[start]), self.tonic_pitch)
            ticks = (int(start) * TICKS_PER_UNIT, int(end - start) * TICKS_PER_UNIT)
            notes.append(Note(ticks[0], ticks[1], pitch, 80))
        return tuple(notes)

    # --- the panel's word ---

    def judge(self, rating: BarRating) -> None:
        """Note what the panel thought of this version of the bar."""
        self._tries.append(_Try(rating.rating, rating.reason, self._written))

    def keep(self, reason: str) -> None:
        """Go on from here; a bar that needed more than one try is logged."""
        if len(self._tries) > 1:
            bar = self.slots[self.at - 1].bar
            first = next((one.reason for one in self._tries if one.reason), reason)
            self.rewrites.append(
                Rewrite(bar=bar, reason=first or "rated low", tries=len(self._tries))
            )
        self._tries, self.replaying = [], False
        self._mark = self._remember()
        if not self.done:
            self.rng = np.random.default_rng([self.seed, self.slot.bar, 0])
            self._begin_slot()

    def take_back(self) -> None:
        """Return to the beginning of the bar; the next try draws from fresh randomness."""
        self._go_back()
        self.rng = np.random.default_rng([self.seed, self.slot.bar, len(self._tries)])
        self._begin_slot()

    def settle_for_best(self) -> None:
        """The tries are used up: write the best of them once more, note for note."""
        best = max(self._tries, key=lambda one: one.rating)
        if best is self._tries[-1]:
            self.keep(best.reason)
            return
        self._go_back()
        self.replaying = True
        self._queue = list(best.steps)
        self._begin_slot()

    def _go_back(self) -> None:
        mark = self._mark
        first = self.slots[mark.slot]
        bar = self.sheet.bars[first.bar]
        self.sheet.codes[:, bar.start : bar.start + bar.units] = REST
        self.sheet.onsets[:, bar.start : bar.start + bar.units] = False
        self.sheet.last = [list(pair) for pair in mark.last]
        del self.history[mark.history :]
        self.stale = len(self.history) < self.base
        self.at, self.position, self.before = mark.slot, 0, mark.before
        self.bits = dict(mark.bits)
        self._written = []
        self._queue = []

    def _remember(self) -> _Mark:
        self._written = []
        self._bar_ended = False
        return _Mark(
            self.at,
            len(self.history),
            self.before,
            [list(pair) for pair in self.sheet.last],
            dict(self.bits),
        )

    # --- what a bar refers to ---

    def _begin_slot(self) -> None:
        if self.done:
            return
        self.reference, self.level = self._reference()
        self.density = self._density()
        if self._forced is not None:
            self._queue = self._given_steps()

    def _reference(self) -> tuple[Sequence[Step], int]:
        """The bar this one repeats or varies, and how far it may depart (0-3, 4 = none)."""
        section, role = self.section, self.slot.role
        inside = self.slot.bar - section.bar
        if section.like is not None:
            like = self.plan.sections[section.like]
            source = like.bar + inside % like.bars
            if source < self.slot.bar and self.role in like.roles:
                ends = inside >= section.bars - 2
                return self._bar_steps(source), min(3, section.variation + ends)
        if role == 0 and inside < len(self.motif) and self.motif:
            bars = contours.invert(self.motif) if self._contrasts(section) else self.motif
            return bars[inside], 1
        back = 4 if inside >= 4 else 2 if inside >= 2 else 1
        if inside >= back:
            phrase = inside % 4
            level = {4: (1, 1, 2, 3), 2: (2, 2, 1, 2), 1: (1, 1, 1, 1)}[back][phrase]
            return self._bar_steps(self.slot.bar - back), level
        return _NO_REFERENCE, LEVELS - 1

    def _contrasts(self, section: Section) -> bool:
        return section.name.rstrip("'0123456789") not in ("A", "i", "")

    def _bar_steps(self, bar: int) -> list[Step]:
        return self.sheet.bar_steps(self.slot.role, self.sheet.bars[bar])

    def _density(self) -> int:
        asked = _NOTES[self.role][self.section.energy - 1]
        onsets = sum(step.code > TIE for step in self.reference)
        if self.level <= 1 and onsets:
            asked = onsets
        elif self.level == 2 and onsets:
            asked = round((asked + onsets) / 2)
        return density_of(round(asked * self.bar_units / 48) if self.level > 2 else asked)

    def _motif(self) -> list[list[Step]]:
        part = self.parts.get("lead")
        if part is None or not self.plan.contour:
            return []
        return contours.read(
            self.plan.contour, self.plan.mode, self.tonic_pitch, part.low, part.high, self.bar_units
        )

    def _given_steps(self) -> list[Step]:
        """The bar of a given line as steps; notes are cut at the bar line and tied."""
        assert self._forced is not None
        line = self._forced.get(self.role)
        bar, found, at = self.bar, [], 0
        for note in line.notes if line else ():
            start = note.start // TICKS_PER_UNIT - bar.start
            end = (note.start + note.length) // TICKS_PER_UNIT - bar.start
            if end <= 0 or start >= bar.units:
                continue
            begin, stop = max(start, at, 0), min(end, bar.units)
            if begin > at:
                found += _split(REST, begin - at)
            code = code_of(note.pitch, self.tonic_pitch) if start >= 0 else TIE
            found += _split(code, stop - begin)
            at = max(at, stop)
        return found + _split(REST, bar.units - at)


def section_of(plan: Plan, bar: int) -> Section:
    """The section that holds a bar."""
    return next(
        section for section in plan.sections if section.bar <= bar < section.bar + section.bars
    )


def _split(code: int, units: int) -> list[Step]:
    """A stretch as steps no longer than the longest duration."""
    steps = []
    while units > 0:
        part = min(units, 48)
        steps.append(Step(code, part))
        code = REST if code == REST else TIE
        units -= part
    return steps


def _slots(plan: Plan, parts: dict[str, PartPlan]) -> list[Slot]:
    return [
        Slot(bar, index)
        for bar in range(plan.bars)
        for index, role in enumerate(ROLES)
        if role in parts and role in section_of(plan, bar).roles
    ]


def _sheet(plan: Plan, bar_units: int) -> Sheet:
    bars = [
        Bar(
            start=bar * bar_units,
            units=bar_units,
            meter=METER_NAMES.index(plan.meter),
            left=plan.bars - 1 - bar if plan.bars - 1 - bar <= 8 else 9,
        )
        for bar in range(plan.bars)
    ]
    units = plan.bars * bar_units
    roots, chromas = np.full(units, 12, np.int64), np.zeros(units, np.int64)
    for chord in plan.chords:
        begin = chord.at // TICKS_PER_UNIT
        end = min(units, (chord.at + chord.length) // TICKS_PER_UNIT)
        roots[begin:end] = (chord.root - plan.tonic) % 12
        chromas[begin:end] = sum(1 << (pitch - plan.tonic) % 12 for pitch in set(chord.pitches))
    third = contours.scale_of(plan.mode)[2]
    return Sheet(
        bars,
        mode=0 if third == 4 else 1,
        scale=contours.scale_mask(plan.mode),
        roots=roots,
        chromas=chromas,
    )
