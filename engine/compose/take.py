"""One take: a plan written section by section, each a passage of its own."""

from collections.abc import Mapping
from itertools import pairwise

from msgspec import structs

from engine.compose.cast import cast_of, sounds_in
from engine.compose.codes import ROLES
from engine.compose.given import Given, bar_of
from engine.compose.passage import Passage
from engine.contracts import Plan, Rewrite
from engine.score import Line, Note, bar_ticks


class Take:
    """A plan and its passages; what is given of it is read instead of written.

    ``sources`` are passages that are read only so that others may refer to them. Without ``craft``
    the network is steered by nothing but the grammar. ``place`` counts the takes of a call.
    """

    def __init__(
        self,
        plan: Plan,
        seed: int,
        given: Given | None = None,
        *,
        craft: bool = True,
        place: int = 0,
    ) -> None:
        self.plan, self.given = plan, given
        self.sources: list[Passage] = []
        self.passages: list[Passage] = []
        for index in range(len(plan.sections)):
            told = given.told if given is not None and given.varied == index else None
            self.passages.append(
                self._passage(index, seed) if told is None else self._variation(index, seed, told)
            )
        for passage in (*self.sources, *self.passages):
            passage.craft = craft
        for passage in self.passages:
            passage.take = place

    @property
    def steps(self) -> int:
        """Steps of the network so far, rewrites included."""
        return sum(passage.steps for passage in [*self.sources, *self.passages])

    def lines(self) -> tuple[Line, ...]:
        """What was written and what was given, one line per role that the plan asks for."""
        return tuple(
            Line(role=role, notes=self._notes(role), bits=self._bits(role))
            for role in ROLES
            if any(role in passage.bits for passage in self.passages)
        )

    def rewrites(self) -> tuple[Rewrite, ...]:
        """The bars that were written again, in the order of the piece."""
        return tuple(rewrite for passage in self.passages for rewrite in passage.rewrites)

    def _passage(self, index: int, seed: int) -> Passage:
        section = self.plan.sections[index]
        if section.like is None or section.like >= index:
            passage = Passage(self.plan, index, seed, given=self.given)
            before = self.passages[index - 1] if index > 0 else None
            if before is not None and before.all_given and passage.to_write:
                passage.context = before  # what is continued
            return passage
        return Passage(
            self.plan,
            index,
            seed,
            like=self._like(index, section.like),
            context=self.passages[section.like],
            given=self.given,
        )

    def _like(self, index: int, like: int) -> Mapping[str, Passage]:
        """By role, the passage to refer to: the one the section is like, where it has the role.

        Else the nearest earlier one of the same letter that has it: a tune that enters in A'
        returns in A'', although both are like an A without it.
        """
        section, found = self.plan.sections[index], {}
        letter = section.name.rstrip("'")
        nearest = [
            at for at in reversed(range(index))
            if self.plan.sections[at].name.rstrip("'") == letter
        ]  # fmt: skip
        for role in cast_of(self.plan):
            having = [at for at in (like, *nearest) if self._sounds_in(at, role)]
            if having and self._sounds_in(index, role):
                found[role] = self.passages[having[0]]
        return found

    def _sounds_in(self, index: int, role: str) -> bool:
        return sounds_in(self.plan, self.plan.sections[index], role)

    def _variation(self, index: int, seed: int, given: Given) -> Passage:
        """A passage like the section as it is given."""
        told = Passage(self.plan, index, seed, given=given)
        self.sources.append(told)
        strength = self.given.strength if self.given is not None else 0
        section = structs.replace(self.plan.sections[index], variation=strength)
        sections = (*self.plan.sections[:index], section, *self.plan.sections[index + 1 :])
        return Passage(
            structs.replace(self.plan, sections=sections),
            index,
            seed,
            like={role: told for role in told.bits if role in given.lines},
            context=told,
            given=self.given,
            varied=True,
        )

    def _notes(self, role: str) -> tuple[Note, ...]:
        bar, given = bar_ticks(self.plan.meter), self.given
        notes = [note for passage in self.passages for note in passage.notes(role)]
        if given is not None and given.fills is not None and role == given.fills.role:
            anew = [note for note in notes if bar_of(note, bar) in given.written[role]]
            return tuple(sorted([*anew, *given.fills.notes], key=_struck))
        if given is None or role not in given.lines:
            return tuple(notes)
        written = [note for note in notes if not given.fixes(role, bar_of(note, bar))]
        return _one_at_a_time([*written, *given.lines[role].notes], set(written))

    def _bits(self, role: str) -> float:
        return sum(passage.bits.get(role, 0.0) for passage in self.passages)


def _struck(note: Note) -> tuple[int, int]:
    return note.start, note.pitch


def _one_at_a_time(notes: list[Note], written: set[Note]) -> tuple[Note, ...]:
    """All in order; written notes end where a given one comes in a little early."""
    notes = sorted(notes, key=lambda note: note.start)
    found = [
        structs.replace(note, length=min(note.length, after.start - note.start))
        if note in written
        else note
        for note, after in pairwise(notes)
    ]
    return (*found, *notes[-1:])
