"""The report of the trained composer: which sections there are, and which are up to date.

A section is measured anew when the weights that its figures depend on are others than those it was
measured on, and as soon as it is ready it is written into ``score-model.json`` and laid out in
``score-model.md``. The words under the tables are a person's: they are kept.
"""

import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, structs

from engine.workshop import report_page, report_sections, report_store
from engine.workshop.report_sections import QUICK, Bench
from engine.workshop.report_store import Report, Section


class Kind(Struct, frozen=True, kw_only=True):
    """A section: how it is measured, the weights its figures depend on, whether it asks for works
    of the corpora, and whether it is only copied from a manifest, which costs nothing."""

    measure: Callable[[Bench], Any]
    needs: tuple[str, ...]
    works: bool = False
    copied: bool = False


KINDS: dict[str, Kind] = {
    "bits": Kind(measure=report_sections.bits, needs=("composer",), copied=True),
    "critics": Kind(measure=report_sections.critics, needs=("critic",), copied=True),
    "arms": Kind(measure=report_sections.arms, needs=("composer", "critic", "judge"), works=True),
    "taken": Kind(measure=report_sections.taken, needs=("composer", "critic")),
    "rules": Kind(measure=report_sections.rules, needs=("composer", "judge")),
    "originality": Kind(measure=report_sections.originality, needs=("composer",), works=True),
    "distances": Kind(measure=report_sections.distances, needs=("composer",), works=True),
    "shares": Kind(measure=report_sections.shares, needs=("composer",)),
    "speed": Kind(measure=report_sections.speed, needs=("composer",)),
}
NEEDS = {name: kind.needs for name, kind in KINDS.items()}


def measured(
    bench: Bench, page: Path, names: Sequence[str] = (), *, again: bool = False
) -> list[str]:
    """Measure sections of a report and lay it out; returns the names of those that are stale.

    All sections when none is named. One that asks for works is left as it is without a corpus.
    """
    unknown = [name for name in names if name not in KINDS]
    if unknown:
        raise LookupError(f"no section is called {unknown[0]}; there are {', '.join(KINDS)}")
    kept = page.with_suffix(".json")
    report, now = report_store.read(kept), report_store.weights(bench.models, bench.critics)
    wanted = [name for name in KINDS if name in names or not names]
    if not again:
        left = report_store.stale(report, NEEDS, now)
        wanted = [name for name in wanted if name in left or KINDS[name].copied]
    for name in wanted:
        if KINDS[name].works and bench.corpus is None and not bench.works:
            print(f"{name}: left as it is; it asks for --corpus", file=sys.stderr)
            continue
        section, before = _section(bench, name, now), report.sections.get(name)
        if before is not None and KINDS[name].copied and before.figures == section.figures:
            section = structs.replace(before, weights=section.weights)
        report = report.having(name, section)
        report_store.write(report, kept)
        write_page(report, page, now)
    write_page(report, page, now)
    return report_store.stale(report, NEEDS, now)


def write_page(report: Report, page: Path, now: dict[str, str]) -> None:
    """Lay the report out beside its figures, and keep the words that a person wrote under it."""
    before = page.read_text() if page.exists() else ""
    left = report_store.stale(report, NEEDS, now)
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(report_page.page(report, now, left) + report_page.words_of(before))


def _section(bench: Bench, name: str, now: dict[str, str]) -> Section:
    print(f"{name} …", file=sys.stderr, flush=True)
    began = time.monotonic()
    figures = KINDS[name].measure(bench)
    spent = time.monotonic() - began
    print(f"{name}: {spent:.0f} s", file=sys.stderr, flush=True)
    return Section(
        weights={one: now[one] for one in KINDS[name].needs},
        seed=bench.seed,
        seconds=round(spent),
        made_at=datetime.now(UTC).date().isoformat(),
        figures=msgspec.to_builtins(figures),
        quick=bench.sizes == QUICK,
    )
