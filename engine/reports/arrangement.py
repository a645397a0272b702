"""The arrangement report: random briefs composed by the real model, read back and measured."""

import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from functools import cache
from pathlib import Path

from msgspec import Struct, structs

from engine.compose.composer import Composer
from engine.render.banks import find
from engine.reports import markdown, waves
from engine.reports.briefs import ask
from engine.reports.figures import Figure, figures, words_finding
from engine.reports.findings import Finding, crashed, finding_of, wave_finding
from engine.reports.takes import take_of

PROCESSES = 2

Tell = Callable[[str], None]


class Report(Struct, frozen=True, kw_only=True):
    """What was measured, and on what."""

    briefs: int
    seed: int
    waves: int
    findings: tuple[Finding, ...]
    figures: tuple[Figure, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether no figure falls short."""
        return all(one.passed for one in self.figures)


def run(briefs: int, seed: int, waves_wanted: int, tell: Tell) -> Report:
    """Measure ``briefs`` random briefs; the sound of ``waves_wanted`` of them is listened to."""
    began = time.perf_counter()
    # Spawned, not forked: a forked onnxruntime may hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, mp_context=context) as pool:
        numbers = {pool.submit(_paper, number, seed): number for number in range(briefs)}
        found = list(_told(numbers, "briefs", tell))
        found.sort(key=lambda one: one.number)
        heard = {pool.submit(_sound, one, seed): one for one in chosen(found, waves_wanted)}
        listened = {one.number: one for one in _told(heard, "waves", tell)}
    findings = [_joined(one, listened.get(one.number)) for one in found]
    words = words_finding()
    return Report(
        briefs=briefs,
        seed=seed,
        waves=len(listened),
        findings=tuple(findings),
        figures=tuple(figures([*findings, words])),
        seconds=time.perf_counter() - began,
    )


def _told(jobs: dict[Future[Finding], int], what: str, tell: Tell) -> Iterator[Finding]:
    for done, job in enumerate(as_completed(jobs), 1):
        tell(f"{what} {done}/{len(jobs)}")
        yield job.result()


@cache
def _composer() -> Composer:
    return Composer()


def _paper(number: int, seed: int) -> Finding:
    """One brief, composed and measured on paper."""
    asked = ask(number, seed)
    try:
        return finding_of(asked, take_of(asked.resolved, _composer()))
    except Exception as error:  # noqa: BLE001 - an error is what this line of the report counts
        return crashed(asked, error)


def _sound(number: int, seed: int) -> Finding:
    """The same brief's sound."""
    asked = ask(number, seed)
    take = take_of(asked.resolved, _composer())
    return wave_finding(asked, take, waves.wave_of(take, find()))


def chosen(found: Sequence[Finding], count: int) -> list[int]:
    """Numbers of takes with drums: each style once before any twice, the shortest first."""
    waiting = sorted((one for one in found if one.drums), key=lambda one: one.seconds)
    numbers: list[int] = []
    seen: dict[str, int] = {}
    while waiting and len(numbers) < count:
        best = min(waiting, key=lambda one: (seen.get(one.style, 0), one.seconds))
        waiting.remove(best)
        seen[best.style] = seen.get(best.style, 0) + 1
        numbers.append(best.number)
    return numbers


def _joined(paper: Finding, sound: Finding | None) -> Finding:
    if sound is None:
        return paper
    return structs.replace(
        paper,
        shares=paper.shares | sound.shares,
        values=paper.values | sound.values,
        faults=paper.faults + sound.faults,
        causes=paper.causes + sound.causes,
        badness=paper.badness + sound.badness,
    )


def write(briefs: int, seed: int, waves_wanted: int, out: Path) -> int:
    """Run the report and write it as Markdown; 1 when a figure falls short."""
    began = time.perf_counter()

    def tell(line: str) -> None:
        sys.stdout.write(f"\r{time.perf_counter() - began:6.1f} s  {line}   ")
        sys.stdout.flush()

    report = run(briefs, seed, waves_wanted, tell)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(markdown.page(report), encoding="utf-8")
    sys.stdout.write(f"\n{markdown.summary(report)}\nwritten to {out}\n")
    return 0 if report.passed else 1
