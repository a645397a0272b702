"""One take: a plan written section by section, each a passage of its own."""

from collections.abc import Mapping

from engine.compose.codes import ROLES
from engine.compose.passage import Passage
from engine.contracts import Plan, Rewrite
from engine.score import Line, Note


class Take:
    """A plan and its passages. ``forced`` lines are read instead of written."""

    def __init__(self, plan: Plan, seed: int, forced: Mapping[str, Line] | None = None) -> None:
        self.passages: list[Passage] = []
        for index, section in enumerate(plan.sections):
            like = section.like
            source = self.passages[like] if like is not None and like < index else None
            self.passages.append(Passage(plan, index, seed, source, forced))

    @property
    def steps(self) -> int:
        """Steps of the network so far, rewrites included."""
        return sum(passage.steps for passage in self.passages)

    def lines(self) -> tuple[Line, ...]:
        """What was written, one line per role that the plan asks for."""
        return tuple(
            Line(role=role, notes=self._notes(role), bits=self._bits(role))
            for role in ROLES
            if any(role in passage.bits for passage in self.passages)
        )

    def rewrites(self) -> tuple[Rewrite, ...]:
        """The bars that were written again, in the order of the piece."""
        return tuple(rewrite for passage in self.passages for rewrite in passage.rewrites)

    def _notes(self, role: str) -> tuple[Note, ...]:
        return tuple(note for passage in self.passages for note in passage.notes(role))

    def _bits(self, role: str) -> float:
        return sum(passage.bits.get(role, 0.0) for passage in self.passages)
