"""The arrangement report as a page that people read."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from engine.contracts import Brief
from engine.provenance.origin import build
from engine.reports.figures import Figure, figures
from engine.reports.findings import Finding

if TYPE_CHECKING:
    from engine.reports.arrangement import Report

WORST = 10
_STYLE_COLUMNS = (
    ("chords", "sounding notes that fit the planned chord, per beat"),
    ("tonality", "tonality heard in the notes"),
    ("energy", "energy asked against onset density × loudness"),
    ("sections", "same section against other section, AUC"),
    ("registers", "bars without two busy roles in one octave"),
    ("repeats", "bars not repeated more than four times in a row"),
    ("drums", "drum onsets in the sound within 10 ms of the grid"),
)


def page(report: "Report") -> str:
    """The whole report."""
    command = f"python -m engine report arrangement --briefs {report.briefs} --seed {report.seed}"
    parts = [
        "# Arrangement report",
        f"`{command} --waves {report.waves}`, engine {build()}. {report.briefs} random briefs over "
        "all styles, kinds, meters and ways to say a length; each one planned, composed by the "
        "shipped model (one take, nothing retracted), arranged, written as MIDI and read back from "
        "the file. Sections, chords and roles, which no file holds, come from the plan. The same "
        "command prints the same figures.",
        _refusals(report.findings),
        "## Figures",
        table(report.figures),
        "## By style",
        by_style(report.findings),
        "## What falls short, by style",
        causes(report.findings),
        "## The worst ten",
        worst(report.findings),
        "## How each figure is measured",
        "\n".join(f"- **{one.name}**: {one.definition}." for one in report.figures),
    ]
    return "\n\n".join(parts) + "\n"


def summary(report: "Report") -> str:
    """The figures alone, for a terminal."""
    lines = [
        f"{'ok ' if one.passed else 'LOW'} {one.printed(one.measured):>9}  "
        f"{'' if one.least is None else 'asked ' + one.printed(one.least):>15}  {one.name} "
        f"({one.cases})"
        for one in report.figures
    ]
    return "\n".join(lines) + f"\n{report.seconds:.0f} s"


def table(lines: Sequence[Figure]) -> str:
    """One row for each figure."""
    rows = ["| figure | at least | measured | cases | |", "|---|---|---|---|---|"]
    for one in lines:
        verdict = "" if one.least is None else "holds" if one.passed else "**falls short**"
        least = "" if one.least is None else one.printed(one.least)
        rows.append(
            f"| {one.name} | {least} | {one.printed(one.measured)} | {one.cases} | {verdict} |"
        )
    return "\n".join(rows)


def by_style(findings: Sequence[Finding]) -> str:
    """The musical figures of every style."""
    rows = [
        f"| style | pieces | constraints | {' | '.join(name for name, _ in _STYLE_COLUMNS)} |",
        f"|---|---|---|{'---|' * len(_STYLE_COLUMNS)}",
    ]
    for style in sorted({one.style for one in findings}):
        own = [one for one in findings if one.style == style]
        made = {one.name: one for one in figures(own)}
        cells = [made[name].printed(made[name].measured) for _, name in _STYLE_COLUMNS]
        names = ("length", "bars", "meter", "tempo", "required", "forbidden", "range",
                 "hits, fixed tempo", "hits, open tempo")  # fmt: skip
        shares = [one.shares[name] for one in own for name in names if name in one.shares]
        right, total = sum(one.right for one in shares), sum(one.total for one in shares)
        rows.append(f"| {style} | {len(own)} | {right:g} of {total} | {' | '.join(cells)} |")
    return "\n".join(rows)


def causes(findings: Sequence[Finding]) -> str:
    """How many pieces of each style fall short in what."""
    lines = []
    for style in sorted({one.style for one in findings}):
        counted = Counter(
            cause for one in findings if one.style == style for cause in dict.fromkeys(one.causes)
        )
        if counted:
            told = ", ".join(f"{name} {count}" for name, count in counted.most_common())
            lines.append(f"- {style}: {told}")
    return "\n".join(lines) or "Nothing."


def worst(findings: Sequence[Finding]) -> str:
    """The cases to look at first, each with its brief."""
    ranked = sorted(findings, key=lambda one: (-one.badness, one.number))
    told = []
    for one in [case for case in ranked if case.faults][:WORST]:
        brief = _said(one.brief) if one.brief else ""
        faults = "\n".join(f"   - {fault}" for fault in one.faults)
        told.append(f"1. {one.number} {one.style}: {one.facts}\n{faults}\n   - `{brief}`")
    return "\n".join(told) or "None."


def _said(brief: Brief) -> str:
    """A brief without what it leaves as it is."""
    usual = msgspec.to_builtins(Brief())
    said = {key: value for key, value in msgspec.to_builtins(brief).items() if value != usual[key]}
    return msgspec.json.encode(said).decode()


def _refusals(findings: Sequence[Finding]) -> str:
    counted = Counter(reason for one in findings for reason in one.refused)
    total = sum(counted.values())
    if not total:
        return "No drawn brief was refused."
    told = ", ".join(f"{name} {count}" for name, count in counted.most_common())
    return f"{total} drawn briefs were refused and drawn again: {told}."
