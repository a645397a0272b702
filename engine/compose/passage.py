"""One section while it is written: where it stands, and how to take a bar back.

A passage is a function of its own slice of the plan, of the passages it is ``like``, and of the
take's seed. It sees no note, chord or step beyond its own bar lines, so a client may change one
section and find every other one as it was. There are two exceptions: the end of a loop knows its
first chord, to which it leads, and what follows given music has that as its context. Places in a
passage are counted from its first bar. Given bars are read by the same steps as others are written.
"""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from msgspec import Struct, structs

from engine.compose import groove
from engine.compose.cast import BREATHING, LINES, cast_of, writes_in
from engine.compose.codes import (
    DRUMS,
    FEATURES,
    NOTHING,
    OFFSETS,
    REST,
    ROLES,
    TICKS_PER_UNIT,
    TIE,
    VOICES,
    Bar,
    Step,
    fold_tonic,
    pitch_of,
    reference_at,
)
from engine.compose.given import Given, bar_of, bar_steps
from engine.compose.ground import hits_of, home_of, motif_of, sheet_of, stated_in, top_of
from engine.compose.phrasing import Shape, shape_of
from engine.compose.pitches import range_of
from engine.compose.recall import Recall, recall
from engine.contracts import PartPlan, Plan, Rewrite, Section
from engine.score import BarRating, BarView, Line, Note, bar_ticks, beat_ticks

CEILING = 5  # semitones over its middle that a lead without a motif keeps to before its summit
# Steps of a bar, about: of a line, and of the others; what a budget is counted in.
STEPS_PER_BAR = 5
_SCHOOL = [name for name, _ in FEATURES].index("school")
_STEPS = {"upper": 1, "middle": 1, "lower": 1, "figure": 8, "drums": 8}


class Slot(Struct, frozen=True):
    """One role's turn in one bar, counted from the section's first."""

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


class Passage:
    """A section being written, with its own randomness and its own budget."""

    def __init__(
        self,
        plan: Plan,
        index: int,
        seed: int,
        *,
        like: "Mapping[str, Passage] | None" = None,
        context: "Passage | None" = None,
        given: Given | None = None,
        varied: bool = False,
    ) -> None:
        self.plan, self.index, self.context = plan, index, context
        self.varied = varied  # whether it was asked to depart from what is given
        self.take: int | None = None  # whose it is, of the takes of a call; nobody's if only read
        self.craft = True  # whether a musician's rules steer; else the grammar alone does
        self.like = like or {}  # by role, the passage whose bars it repeats or varies
        self.section: Section = plan.sections[index]
        self.key = _key(plan, index)
        self.start = self.section.bar * bar_ticks(plan.meter)  # tick of its first bar line
        self.tonic_pitch = fold_tonic(plan.tonic)
        self.beat_units = beat_ticks(plan.meter) // TICKS_PER_UNIT
        self.parts = cast_of(plan)
        self.sheet = sheet_of(plan, self.section)
        self.hits = hits_of(plan, self.section)
        lead = self.parts.get("lead")
        theme = [list(bar) for bar in given.theme] if given else []
        plain = theme or motif_of(plan, lead)
        # The first note of the piece, as far as a plan can know it.
        sung = "lead" in plan.sections[0].roles
        self.opening = _first_code(plain, lead, self.tonic_pitch) if sung else NOTHING
        self.motif = stated_in(self.section, plain, plan, lead)
        self.ranges = {role: range_of(part, self.tonic_pitch) for role, part in self.parts.items()}
        self.homes = {
            role: home_of(part, self.motif, self.tonic_pitch) for role, part in self.parts.items()
        }
        self.ceiling = top_of(self.motif, self.homes.get("lead", NOTHING) + CEILING)
        self._given = given
        self.slots = self._slots()
        self.bits = {ROLES[role]: 0.0 for role in sorted({slot.role for slot in self.slots})}
        self.history: list[tuple[np.ndarray, np.ndarray]] = []
        self.inherited = 0  # steps of the history that its context wrote
        self.row, self.base, self.steps, self.stale = 0, 0, 0, False
        self.read = 0  # steps that were given
        self.rewrites: list[Rewrite] = []
        self.expected_steps = max(1, self._expected())
        self.at, self.position, self.before = 0, 0, Step(NOTHING, 0)
        self.replaying = False
        self._seed = seed
        self._queue: list[Step] = []
        self._tries: list[_Try] = []
        self._written: list[Step] = []

    def begin(self, row: int, reach: int) -> None:
        """Take a row; the last ``reach`` steps of another passage are its context."""
        self.row = row
        if self.context is not None:
            self.history = self.context.history[self.context.inherited :][-reach:]
            self.inherited = len(self.history)
            self.stale = self.inherited > 0
        self._dice(0)
        self._mark = self._remember()
        self._begin_slot()

    # --- where it stands ---

    @property
    def awaited(self) -> "list[Passage]":
        """The passages it refers to."""
        return [*self.like.values(), *([self.context] if self.context is not None else [])]

    @property
    def cost(self) -> int:
        """About how much there is to write, in bars of single roles."""
        return len(self.slots)

    def fixed(self, role: int, bar: int) -> bool:
        """Whether a role's bar, counted from the section's first, is given."""
        given = self._given
        return given is not None and given.fixes(ROLES[role], self.section.bar + bar)

    @property
    def all_given(self) -> bool:
        """Whether it has lines, and none of them is left to write."""
        lines = self._of_lines()
        return bool(lines) and all(self.fixed(slot.role, slot.bar) for slot in lines)

    @property
    def to_write(self) -> bool:
        """Whether any of its lines is left to write."""
        return any(not self.fixed(slot.role, slot.bar) for slot in self._of_lines())

    @property
    def bar_given(self) -> bool:
        """Whether the bar that was just written was given in all its lines."""
        bar = self.slots[self.at - 1].bar
        return all(self.fixed(slot.role, bar) for slot in self._of_lines() if slot.bar == bar)

    @property
    def done(self) -> bool:
        """Whether every bar is written."""
        return self.at >= len(self.slots)

    @property
    def unit(self) -> int:
        """The grid unit to be written next, from the section's first."""
        return self.bar.start + self.position

    @property
    def ends_piece(self) -> bool:
        """Whether the bar that is being written is the last of all."""
        return self.section.bar + self.slot.bar == self.plan.bars - 1

    @property
    def silent(self) -> bool:
        """Whether the bar that is being written is one in which its role is not heard."""
        return self.role in BREATHING and self.shape.silent

    @property
    def singing(self) -> int:
        """Units of the bar before its breath; an accompaniment needs none."""
        breath = self.shape.breath if self.role in BREATHING else 0
        return self.bar.units - breath * self.beat_units

    @property
    def tries(self) -> int:
        """How often this bar has been written."""
        return len(self._tries)

    @property
    def bars(self) -> int:
        """Bars of the section so far."""
        return self.section.bars if self.done else self.slots[self.at - 1].bar + 1

    @property
    def bar_complete(self) -> bool:
        """Whether the last step ended a bar, all its roles included."""
        return self._bar_ended

    @property
    def forced_step(self) -> Step | None:
        """The step that must be written, when a line is given or a bar is replayed."""
        return self._queue[0] if self._queue else None

    def features(self) -> tuple[np.ndarray, np.ndarray]:
        """(features,) table rows without offsets and (36,) bits for the next step."""
        row = self.sheet.features(
            self.slot.role,
            self.bar,
            self.position,
            self.before,
            reference_at(self.recall.steps, self.position),
            self.recall.level,
            self.recall.density,
        )
        assert len(row) == len(OFFSETS)
        if self.slot.role == DRUMS:
            row[_SCHOOL] = groove.KIT
        return np.array(row, np.int64), self.sheet.bits(self.unit, self.slot.role)

    # --- writing ---

    def put(self, step: Step) -> None:
        """Write one step and move on; sets ``bar_complete`` when the bar is full."""
        if self._queue:
            self._queue.pop(0)
            self.read += not self.replaying
        self.sheet.write(self.slot.role, self.unit, step)
        self._written.append(step)
        self.before = step
        self.position += step.units
        self._bar_ended = False
        if self.position >= self.bar.units:
            finished = self.slot.bar
            self.at += 1
            self.position = 0
            self._bar_ended = self.done or self.slots[self.at].bar != finished
            if not self._bar_ended:
                self._begin_slot()

    def spend(self, bits: float) -> None:
        """Count the surprise of a choice."""
        self.bits[self.role] += bits

    def view(self) -> BarView:
        """The bar that was just written, for the panel."""
        return BarView(
            plan=self.plan,
            bar=self.section.bar + self.slots[self.at - 1].bar,
            lines=tuple(Line(role=role, notes=self.notes(role)) for role in self._pitched),
            bits=sum(self.bits[role] - self._mark.bits[role] for role in self._pitched),
        )

    @property
    def _pitched(self) -> list[str]:
        """The roles that the panel hears: it knows nothing of drums."""
        return [role for role in self.bits if role != ROLES[DRUMS]]

    def notes(self, role: str) -> tuple[Note, ...]:
        """What a role has so far, in the piece's ticks; velocity is the arranger's."""
        index = ROLES.index(role)
        if index == DRUMS:
            return groove.fills(self)
        codes, onsets = self.sheet.codes[index], self.sheet.onsets[index]
        begins = np.flatnonzero(onsets)
        edges = np.flatnonzero(onsets[1:] | (codes[1:] != codes[:-1])) + 1
        ends = np.append(edges, len(codes))[np.searchsorted(edges, begins, side="right")]
        return tuple(
            Note(
                self.start + begin * TICKS_PER_UNIT,
                (end - begin) * TICKS_PER_UNIT,
                pitch_of(code, self.tonic_pitch),
                80,
            )
            for begin, end, code in zip(
                begins.tolist(), ends.tolist(), codes[begins].tolist(), strict=True
            )
        )

    # --- the panel's word ---

    def judge(self, rating: BarRating) -> None:
        """Note what the panel thought of this version of the bar."""
        self._tries.append(_Try(rating.rating, rating.reason, self._written))

    def keep(self, reason: str) -> None:
        """Go on from here; a bar that needed more than one try is logged."""
        if len(self._tries) > 1:
            bar = self.section.bar + self.slots[self.at - 1].bar
            first = next((one.reason for one in self._tries if one.reason), reason)
            self.rewrites.append(
                Rewrite(bar=bar, reason=first or "rated low", tries=len(self._tries))
            )
        self._tries, self.replaying = [], False
        self._mark = self._remember()
        if not self.done:
            self._dice(0)
            self._begin_slot()

    def take_back(self) -> None:
        """Return to the beginning of the bar; the next try draws from fresh randomness."""
        self._go_back()
        self._dice(len(self._tries))
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

    def _dice(self, tried: int) -> None:
        self.rng = np.random.default_rng([self._seed, self.key, self.slots[self.at].bar, tried])

    def _go_back(self) -> None:
        mark = self._mark
        bar = self.sheet.bars[self.slots[mark.slot].bar]
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

    def _begin_slot(self) -> None:
        if self.done:
            return
        self.slot: Slot = self.slots[self.at]
        self.role: str = ROLES[self.slot.role]
        self.part: PartPlan = self.parts[self.role]
        self.home: int = self.homes[self.role]  # the code around which its part moves
        self.bar: Bar = self.sheet.bars[self.slot.bar]
        beats = self.bar.units // self.beat_units
        self.shape: Shape = self._shape(beats)
        self.recall: Recall = recall(self)
        if not self.replaying:
            self._queue = self._told_steps()

    def _told_steps(self) -> list[Step]:
        """What is not to be chosen: a given bar, or the groove up to where a fill breaks it off."""
        if self.slot.role == DRUMS:
            return groove.opening(self)
        return self.given_steps(self.slot.role, self.slot.bar)

    def _shape(self, beats: int) -> Shape:
        """The bar's shape; where a hit falls into its silence the melody goes on."""
        if not self.craft:
            return Shape()
        shape = shape_of(self.plan, self.section, self.slot.bar, beats)
        end = self.bar.start + self.bar.units
        quiet = self.bar.start if shape.silent else end - shape.breath * self.beat_units
        if self.role == "counter":
            shape = structs.replace(shape, silent=False)
        if any(quiet <= hit < end for hit in self.hits):
            return structs.replace(shape, silent=False, breath=0)
        return shape

    def given_steps(self, role: int, bar: int) -> list[Step]:
        """The steps of a given bar, counted from the section's first; [] where none is given."""
        given = self._given
        if given is None or bar >= self.section.bars or not self.fixed(role, bar):
            return []
        grid = self.sheet.bars[bar]
        # A section's first note is never held over, nor is one from a bar that is written.
        may_tie = bar > 0 and self.fixed(role, bar - 1)
        steps = bar_steps(
            given.lines[ROLES[role]],
            self.start + grid.start * TICKS_PER_UNIT,
            grid.units,
            self.tonic_pitch,
            may_tie=may_tie,
        )
        return self._cut_where_harmony_changes(steps, grid) if role in VOICES else steps

    def _cut_where_harmony_changes(self, steps: list[Step], bar: Bar) -> list[Step]:
        """An inner voice takes a step at every harmony, be it to hold what it has."""
        found, at = [], bar.start
        for step in steps:
            code, end = step.code, at + step.units
            cuts = [at, *(at + 1 + np.flatnonzero(self.sheet.changes[at + 1 : end])).tolist(), end]
            for begin, stop in pairwise(cuts):
                found.append(Step(code, stop - begin))
                code = code if code == REST else TIE
            at = end
        return found

    def _slots(self) -> list[Slot]:
        """The turns of the section's roles, and of those that are given notes in it."""
        return [
            Slot(bar, index)
            for bar in range(self.section.bars)
            for index, role in enumerate(ROLES)
            if role in self.parts
            and (writes_in(self.plan, self.section, role, bar) or self._sung(role))
        ]

    def _expected(self) -> int:
        """Steps that one pass takes, about, of what is not given."""
        return sum(
            _STEPS.get(ROLES[slot.role], STEPS_PER_BAR)
            for slot in self.slots
            if not self.fixed(slot.role, slot.bar)
        )

    def _of_lines(self) -> list[Slot]:
        """The turns of those roles that can be given."""
        return [slot for slot in self.slots if ROLES[slot.role] in LINES]

    def _sung(self, role: str) -> bool:
        """Whether a role is given notes in this section."""
        line = self._given.lines.get(role) if self._given else None
        bar, bars = bar_ticks(self.plan.meter), range(self.section.bars)
        return line is not None and any(
            bar_of(note, bar) - self.section.bar in bars for note in line.notes
        )


def _key(plan: Plan, index: int) -> int:
    """A number for the section's name and how often it came before; its bar may move."""
    name = plan.sections[index].name
    occurrence = sum(section.name == name for section in plan.sections[:index])
    return int.from_bytes(f"{name} {occurrence}".encode())


def _first_code(bars: list[list[Step]], lead: PartPlan | None, tonic_pitch: int) -> int:
    """The first pitch of some bars, in the lead's range; NOTHING without one."""
    code = next((step.code for bar in bars for step in bar if step.code > TIE), NOTHING)
    if lead is None or code == NOTHING:
        return NOTHING
    while pitch_of(code, tonic_pitch) > lead.high:
        code -= 12
    while pitch_of(code, tonic_pitch) < lead.low:
        code += 12
    return code
