"""What the report's figures are asked to be, and whether they are."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from engine.compose.cast import HARMONY
from engine.workshop.report_rules import Share as Votes
from engine.workshop.report_sections import Arms, Far
from engine.workshop.report_shares import Share as Written
from engine.workshop.report_speed import Speed
from engine.workshop.report_store import Report

# What the figures are asked to be, where the issue of this work names a figure.
_BITS, _FAULT, _MODEL, _PREFERRED, _FAR = 0.80, 0.85, 0.75, 0.65, 2.0
_STYLES = 15
_ONE_S, _TEN_S = 3.0, 12.0


def table(report: Report, stale: Sequence[str]) -> str:
    """Every figure that is asked for, as Markdown."""
    text = "\n| what | asked | measured | |\n|---|---|---|---|\n"
    for name, verdicts in _VERDICTS.items():
        section = report.sections.get(name)
        if section is None:
            continue
        for what, asked, measured, good in verdicts(section.figures):
            mark = "met" if good else "**missed**"
            mark += ", other weights" if name in stale else ""
            text += f"| {what} | {asked} | {measured} | {mark} |\n"
    return text


_Verdict = tuple[str, str, str, bool]


def _asked_of_bits(found: dict[str, Any]) -> list[_Verdict]:
    if "comparison" not in found:
        return []
    ratio = found["comparison"]["ratio"]["pitched"]
    return [("bits per note against the plain model, pitched corpora", f"≤ {_BITS:.2f} ×",
             f"{ratio:.3f} ×", ratio <= _BITS)]  # fmt: skip


def _asked_of_critics(found: dict[str, Any]) -> list[_Verdict]:
    auc = {name: one["own"] for name, one in found["auc"].items()}
    model, faults = auc.pop("model"), sorted(auc, key=lambda name: auc[name])
    good = sum(one >= _FAULT for one in auc.values())
    return [
        ("critic: people against subtle faults, each type", f"AUC ≥ {_FAULT}",
         f"{good} of {len(auc)} types; least {auc[faults[0]]:.3f} ({faults[0]})",
         good == len(auc)),
        ("critic: people against the model's bars", f"AUC ≥ {_MODEL}", f"{model:.3f}",
         model >= _MODEL),
    ]  # fmt: skip


def _asked_of_arms(figures: Any) -> list[_Verdict]:
    found = msgspec.convert(figures, Arms)
    against = [one for one in found.gains if one.other.startswith("best of 2")]
    if not against:
        return []
    best = max(against, key=lambda one: one.mean / max(one.error, 1e-9))
    steps = {one.name: one.steps for one in found.arms}
    return [(
        "retraction against best of 2, judge's log-odds", "> 2 s.e., ≤ 2 × steps",
        f"{best.arm}: {best.mean:+.2f} ± {best.error:.2f} at "
        f"{steps[best.arm] / _plain(found, best.arm):.2f} × steps",
        best.mean > 2 * best.error,
    )]  # fmt: skip


def _plain(found: Arms, arm: str) -> float:
    """Steps of one plain pass, with or without craft."""
    name = "plain, alone" if arm.endswith("alone") else "plain"
    return next(one.steps for one in found.arms if one.name == name)


def _asked_of_rules(figures: Any) -> list[_Verdict]:
    return [
        (f"the model {'with the craft' if one.craft else 'alone'} preferred to {one.opponent}, "
         f"{one.pairs} pairs", f"≥ {_PREFERRED:.0%}",
         f"{one.preferred:.1%} ± {one.error:.1%}", one.preferred >= _PREFERRED)
        for one in msgspec.convert(figures, list[Votes])
    ]  # fmt: skip


def _asked_of_originality(found: dict[str, Any]) -> list[_Verdict]:
    most, before, offered = found["people"], found["before_retraction"], found["offered"]
    return [
        (f"longest run of {before['pieces']} pieces against people's 99th percentile",
         f"≤ {most['stretches']['p99']:g} notes", f"{offered['longest']} offered, "
         f"{before['longest']} before retraction", offered["longest"] <= most["stretches"]["p99"]),
        (f"pieces with ≥ {found['limit_notes']} notes of one work and "
         f"≥ {found['limit_distinct_intervals']} intervals", "0",
         f"{offered['at_or_over_limit']} offered, {before['at_or_over_limit']} retracted",
         offered["at_or_over_limit"] == 0),
    ]  # fmt: skip


def _asked_of_distances(figures: Any) -> list[_Verdict]:
    found = msgspec.convert(figures, Far)
    alone, studio = (
        [one for one in rows if one.role == "all"] for rows in (found.alone, found.craft)
    )
    return [
        (f"{one.histogram}: distance from people", f"≤ {_FAR:g} × their own",
         f"{one.ratio:.2f} × the network alone, {other.ratio:.2f} × with the craft",
         one.ratio <= _FAR)
        for one, other in zip(alone, studio, strict=True)
    ]  # fmt: skip


def _asked_of_shares(figures: Any) -> list[_Verdict]:
    found = msgspec.convert(figures, list[Written])
    good = sum(_by_model(one) for one in found)
    return [("styles whose lead, bass and voicing are the model's", f"≥ {_STYLES}",
             f"{good} of {len(found)}", good >= _STYLES)]  # fmt: skip


def _by_model(one: Written) -> bool:
    """Whether lead, bass and voicing each have most of their notes from the model."""
    counts = [one.of(roles) for roles in (("lead",), ("bass",), HARMONY)]
    return all(2 * count.by_model > count.notes for count in counts)


def _asked_of_speed(figures: Any) -> list[_Verdict]:
    found = msgspec.convert(figures, list[Speed])
    one, ten = max(each.one_s for each in found), max(each.ten_s for each in found)
    return [
        ("composing one candidate of 60 s", f"≤ {_ONE_S:g} s", f"{one:.2f} s", one <= _ONE_S),
        ("composing ten of them", f"≤ {_TEN_S:g} s", f"{ten:.2f} s", ten <= _TEN_S),
    ]


_VERDICTS: dict[str, Callable[[Any], list[_Verdict]]] = {
    "bits": _asked_of_bits,
    "critics": _asked_of_critics,
    "arms": _asked_of_arms,
    "rules": _asked_of_rules,
    "originality": _asked_of_originality,
    "distances": _asked_of_distances,
    "shares": _asked_of_shares,
    "speed": _asked_of_speed,
}
