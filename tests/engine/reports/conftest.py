"""Hand-made scores, small enough that the right answer to every measurement is known."""

from collections.abc import Sequence

import pytest
from msgspec import structs

from engine.contracts import Chord, Delivery, PartPlan, Plan, Resolved, Section
from engine.reports.takes import Take, read_back
from engine.score import Note, Part, Score

BAR = 1920
_GROUPS = {"comp": "chords", "pad": "pads", "harmony": "chords"}


class Desk:
    """Makes takes in 4/4 at 120 bpm: two seconds a bar, no ring."""

    bar = BAR
    c_major, f_major, g_seventh = (0, 4, 7), (5, 9, 0), (7, 11, 2, 5)

    def part(
        self, role: str, notes: Sequence[Note], *, program: int = 0, patch: str | None = None
    ) -> Part:
        """One part of a role; drums play on kit 0."""
        return Part(
            plan=PartPlan(
                role=role,
                group=_GROUPS.get(role, role),  # type: ignore[arg-type]
                name=f"{role} {program}",
                family="piano",
                program=program,
                patch=patch,
            ),
            notes=tuple(notes),
        )

    def beats(self, pitch: int, *, bars: int = 4, velocity: int = 80) -> list[Note]:
        """The same note on every beat."""
        return [Note(at * 480, 400, pitch, velocity) for at in range(4 * bars)]

    def section(self, name: str, bar: int, bars: int, energy: int = 4) -> Section:
        """A section in which everybody may play."""
        return Section(name=name, bar=bar, bars=bars, energy=energy, roles=("lead", "bass"))

    def chords(self, *pitches: tuple[int, ...]) -> tuple[Chord, ...]:
        """One chord a bar, root first."""
        return tuple(
            Chord(at=at * BAR, length=BAR, symbol="?", root=one[0], bass=one[0], pitches=one)
            for at, one in enumerate(pitches)
        )

    def take(
        self,
        parts: Sequence[Part],
        *,
        bars: int = 4,
        sections: Sequence[Section] | None = None,
        harmony: tuple[Chord, ...] | None = None,
        asked_bars: int | None = 0,  # 0: as many as there are
        **resolved: object,
    ) -> Take:
        """The parts written as MIDI and read back, under one section unless others are given."""
        plan = Plan(
            style="rock",
            kind="bed",
            tempo=120.0,
            meter="4/4",
            bars=bars,
            tonic=0,
            mode="major",
            sections=tuple(sections or [self.section("A", 0, bars)]),
            chords=harmony or self.chords(*[self.c_major] * bars),
            parts=tuple(one.plan for one in parts),
        )
        asked = Resolved(
            kind="bed",
            style="rock",
            candidates=1,
            seed=1,
            duration_ms=bars * 2000,
            duration_frames=bars * 96_000,
            bars=bars if asked_bars == 0 else asked_bars,
            bpm=120.0,
            bpm_range=(120.0, 120.0),
            delivery=Delivery(),
        )
        return read_back(structs.replace(asked, **resolved), Score(plan=plan, parts=tuple(parts)))


@pytest.fixture
def desk() -> Desk:
    """Where takes are made by hand."""
    return Desk()
