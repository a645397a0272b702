"""Sections by their place in the form: all that dice and transitions may know of the neighbours.

Names, order and lengths are the form, and the whole band may look at them. Energy, roles and chords
are a section's own: nothing here reads those of a neighbour, so a section that is edited leaves the
notes of all the others as they were.
"""

from collections import Counter

from msgspec import Struct

from engine.contracts import Plan, Section
from engine.score import bar_ticks

_WEIGHT = {"A": 4, "B": 5, "C": 5, "D": 5}
CRASH_BARS = 8  # a crash needs so many bars for itself


class Place(Struct, frozen=True, kw_only=True):
    """A section, what its dice are keyed by, and what the form puts after it."""

    section: Section
    key: str  # its name and which of that name it is, e.g. "A'/1"
    after: str  # the next section's name, empty at the end
    before_peak: bool  # the form's largest section comes next
    is_peak: bool

    @property
    def letter(self) -> str:
        """Its name without primes: what returns has the same one."""
        return self.section.name.rstrip("'")


def places(plan: Plan) -> list[Place]:
    """The sections in order."""
    seen: Counter[str] = Counter()
    largest = peak(plan)
    found = []
    for at, section in enumerate(plan.sections):
        after = plan.sections[at + 1].name if at + 1 < len(plan.sections) else ""
        found.append(
            Place(
                section=section, key=f"{section.name}/{seen[section.name]}", after=after,
                before_peak=at + 1 == largest, is_peak=at == largest,
            )
        )  # fmt: skip
        seen[section.name] += 1
    return found


def peak(plan: Plan) -> int | None:
    """The section that the form makes the largest: most primes, B over A, the later one."""
    body = [at for at, one in enumerate(plan.sections) if one.name[0] in _WEIGHT]
    if len(body) < 2:
        return None
    return max(body, key=lambda at: (_size(plan.sections[at].name), at))


def _size(name: str) -> int:
    return _WEIGHT[name[0]] + name.count("'")


def crash_bars(plan: Plan) -> frozenset[int]:
    """Bars whose first beat may crash: hits first, then section lines and eighth bars, far enough
    apart from one another."""
    hits = [tick // bar_ticks(plan.meter) for tick in plan.hits]
    lines = [one.bar for one in plan.sections if one.bar > 0 and one.name not in ("i", "br", "e")]
    largest = peak(plan)
    if largest is not None:
        first = plan.sections[largest].bar
        lines.sort(key=lambda bar: (bar != first, bar))
    eighths = [
        bar for one in plan.sections for bar in range(one.bar + 8, one.bar + one.bars, CRASH_BARS)
    ]
    taken: list[int] = []
    for bar in (*hits, *lines, *eighths):
        if all(abs(bar - other) >= CRASH_BARS for other in taken):
            taken.append(bar)
    return frozenset(taken)
