"""The report as a page: every section's figures, how they were measured, and what was asked."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from engine.workshop import report_asked
from engine.workshop.report_rules import Share as Votes
from engine.workshop.report_sections import Arms, Far
from engine.workshop.report_shares import Share as Written
from engine.workshop.report_speed import Speed
from engine.workshop.report_store import Report, Section
from engine.workshop.rolls import Taken

MEANING = "\n## What it means\n"
_HEAD = """# The trained composer and its panel

Written by `python -m engine.workshop report`. Weights: {weights}.
"""


def page(report: Report, now: Mapping[str, str], stale: Sequence[str]) -> str:
    """The whole report as Markdown, but for a person's words."""
    text = _HEAD.format(weights=", ".join(f"{name} `{digest}`" for name, digest in now.items()))
    text += report_asked.table(report, stale)
    for name, (title, lay_out) in _SECTIONS.items():
        section = report.sections.get(name)
        if section is None:
            continue
        text += f"\n## {title}\n{_origin(section, name in stale)}\n" + lay_out(section.figures)
    return text


def words_of(before: str) -> str:
    """What a person wrote under the tables of an earlier page; figures change, this is kept."""
    _, mark, rest = before.partition(MEANING)
    return mark + rest


def _origin(section: Section, stale: bool) -> str:
    said = f"Seed {section.seed}, {section.made_at}, {section.seconds} s."
    if section.quick:
        said += " **A few pieces only.**"
    if stale:
        old = ", ".join(f"{name} `{digest}`" for name, digest in section.weights.items())
        said += f" **Measured on other weights: {old}.**"
    return said


# --- the sections ---------------------------------------------------------------------------------


def _bits(found: dict[str, Any]) -> str:
    held, without = found["held_out"], found.get("held_out_without", {})
    text = f"""
Works that were held out, foretold by the shipped network of {found["parameters"] / 1e6:.1f} million
parameters: all codes of a role and their durations, divided by its notes. `counts` is a table of
frequencies that knows only the role; the columns behind it leave features untold.

| corpus | notes | bits per note | counts |{"".join(f" without {one} |" for one in without)}
|---|---|---|---|{"---|" * len(without)}
"""
    for corpus, one in held.items():
        text += (
            f"| {corpus} | {one['notes']} | {one['bits_per_note']:.3f} "
            f"| {one['baseline_bits_per_note']:.3f} |"
        )
        text += "".join(f" {each[corpus]:.3f} |" for each in without.values()) + "\n"
    return text + _bits_by_role(held) + _comparison(found.get("comparison"))


def _bits_by_role(held: dict[str, Any]) -> str:
    roles = list(dict.fromkeys(role for one in held.values() for role in one.get("per_role", {})))
    if not roles:
        return ""
    text = f"\n### By role\n| corpus | {' | '.join(roles)} |\n|---|{'---|' * len(roles)}\n"
    for corpus, one in held.items():
        bits = [one.get("per_role", {}).get(role, {}).get("bits_per_note") for role in roles]
        text += f"| {corpus} |" + "".join(
            f" {each:.3f} |" if each is not None else " – |" for each in bits
        )
        text += "\n"
    return text


def _comparison(found: dict[str, Any] | None) -> str:
    """The network with the score's features against one of its size without them."""
    if found is None:
        return ""
    arms = [name for name in found if isinstance(found[name], dict) and name != "ratio"]
    text = f"""
### Against the plain model
Two networks of {found["parameters"] / 1e6:.1f} million parameters, trained on the same windows in
the same order, {found["steps"] / 1e6:.1f} million steps each, as many as the first one gets through
in {found["budget_s"] / 60:g} minutes on {found["device"]}. `plain` reads key-relative codes, their
durations, for whom they are and whether a bar begins; `score alone` is told what it wrote and what
sounds, but not the harmony, the density and the referenced bar that a plan supplies.

| corpus | {" | ".join(arms)} | × |
|---|{"---|" * len(arms)}---|
"""
    for corpus, ratio in found["ratio"].items():
        cells = "".join(f" {found[arm][corpus]:.3f} |" for arm in arms)
        text += f"| {corpus} |{cells} {ratio:.3f} |\n"
    return text


def _critics(found: dict[str, Any]) -> str:
    text = f"""
AUC on works that nobody was trained on: people's bars against one fault in one bar, and against
the bars of composer `{found["taught_by"][:16]}` under the same plans. `rating` is the odds of
people against all else; `own` is the critic's opinion of that one question alone.

| against | rating | own | bars |
|---|---|---|---|
"""
    for name, one in found["auc"].items():
        text += f"| {name} | {one['rating']:.3f} | {one['own']:.3f} | {one['bars']:.0f} |\n"
    return text


def _arms(figures: Any) -> str:
    found = msgspec.convert(figures, Arms)
    temperatures = ", ".join(f"{one:g}" for one in found.temperatures)
    text = f"""
{found.pieces} pieces of eight bars per arm, all under the same plans, which describe bars of works
that neither the composer, nor the critic, nor the judge was trained on. The judge is used in
reports only: other works, other features (chains of intervals, rhythms, relations to chord and
bass), log-odds that people wrote the piece. `usual` is its second opinion: the mean squared
distance from people's pieces, where 1 is what people have themselves. Every arm stands at the
temperature that the judge liked best among {temperatures} on {found.tuned_on} pieces of other
works. `distinct` is the share of the leads' runs of four moves that differ from each other.
`alone` is the network inside bar lines and ranges, without what the craft asks of it: breaths,
cadences, the energy's pace, the referenced bar. The last columns are distances from people's
histograms, as multiples of people's own (see below), here of works as the critics read them, who
tell a counter and its lengths otherwise than the composer does.

| arm | T | judge's log-odds | usual | steps a piece | distinct | {_histograms(found)} |
|---|---|---|---|---|---|{"---|" * len(_names(found))}
"""
    for one in (*found.arms, found.people):
        far = found.distances.get(one.name, {})
        text += (
            f"| {one.name} | {f'{one.temperature:g}' if one.tuned else '–'} "
            f"| {_spread(one.odds)} | {sum(one.typical) / len(one.typical):.2f} "
            f"| {f'{one.steps:.0f}' if one.tuned else '–'} | {one.distinct:.3f} | "
            + " | ".join(f"{far[name]:.2f}" if name in far else "–" for name in _names(found))
            + " |\n"
        )
    return text + _gains(found) + _tuning(found)


def _names(found: Arms) -> list[str]:
    return list(next(iter(found.distances.values()), {}))


def _histograms(found: Arms) -> str:
    return " | ".join(_names(found))


def _gains(found: Arms) -> str:
    text = "\n### Differences, piece by piece under the same plan\n"
    text += "| | log-odds | in standard errors |\n|---|---|---|\n"
    for one in found.gains:
        text += (
            f"| {one.arm} − {one.other} | {one.mean:+.2f} ± {one.error:.2f} "
            f"| {one.mean / max(one.error, 1e-9):+.1f} |\n"
        )
    return text


def _tuning(found: Arms) -> str:
    text = "\n### Tuning: the judge's mean at each temperature\n| arm |"
    text += "".join(f" {one:g} |" for one in found.temperatures)
    text += "\n|---|" + "---|" * len(found.temperatures) + "\n"
    for arm in found.arms:
        means = "".join(f" {arm.tuned[f'{one:g}']:+.2f} |" for one in found.temperatures)
        text += f"| {arm.name} |{means}\n"
    return text


def _taken(figures: Any) -> str:
    found = msgspec.convert(figures, dict[str, Taken])
    first = next(iter(found.values()))
    reasons = list(dict.fromkeys(reason for one in found.values() for reason in one.by_reason))
    rows: dict[str, list[str]] = {
        "bars written again": [f"{sum(one.by_reason.values())}" for one in found.values()],
        **{
            f"– {reason}": [f"{one.by_reason.get(reason, 0)}" for one in found.values()]
            for reason in reasons
        },
        "tries, each by how many bars": [
            ", ".join(f"{tries}: {count}" for tries, count in one.tries.items()) or "–"
            for one in found.values()
        ],
        "steps, × plain": [f"{one.steps_judged / one.steps_plain:.2f}" for one in found.values()],
        "rating on paper, plain": [f"{one.rating_plain:.3f}" for one in found.values()],
        "rating on paper, with the panel": [f"{one.rating_judged:.3f}" for one in found.values()],
        "takes not offered, plain": [f"{one.retracted_plain}" for one in found.values()],
        "takes not offered, with the panel": [f"{one.retracted_judged}" for one in found.values()],
    }
    text = f"""
{first.candidates} candidates of the styles that `python -m engine.workshop rolls` draws side by
side, {first.bars} bars: same plan and seed, once plain, once with a panel that reads along.

| | {" | ".join(found)} |
|---|{"---|" * len(found)}
"""
    return text + "".join(f"| {name} | {' | '.join(cells)} |\n" for name, cells in rows.items())


def _rules(figures: Any) -> str:
    found = msgspec.convert(figures, list[Votes])
    text = f"""
{found[0].pairs} pairs over {len(found[0].by_style)} styles: one plan, one arranger; once the
model's lines, as the studio's craft has it write them and as it writes alone, once none of them.
`rule lines` are lead, bass and counter by rule: the style's contour stated, in sequence, again, as
a fragment, closed; roots and fifths; guide tones. `rule lead` is that lead over the arranger's own
bass and counter: what the studio would play if nobody composed. The judge reads lead, bass and
counter of the arranged scores.

| the model against | judge prefers the model | closer to what is usual | its lead alone preferred \
| its lead alone closer | log-odds model | log-odds other |
|---|---|---|---|---|---|---|
"""
    for one in found:
        text += (
            f"| {_named(one)} | {one.preferred:.1%} ± {one.error:.1%} | {one.closer:.1%} "
            f"| {one.lead_preferred:.1%} | {one.lead_closer:.1%} "
            f"| {one.model:+.2f} ± {one.model_error:.2f} "
            f"| {one.other:+.2f} ± {one.other_error:.2f} |\n"
        )
    text += """
What each of the judge's chains adds to the mean difference, in log-odds, and in how many pairs the
model is preferred when that chain is not asked:

| chain | """
    text += " | ".join(_named(one) for one in found) + " |\n|---|" + "---|" * len(found) + "\n"
    for chain in found[0].by_chain:
        cells = " | ".join(_added(*one.by_chain[chain]) for one in found)
        text += f"| {chain} | {cells} |\n"
    text += "\n| style | " + " | ".join(_named(one) for one in found) + " |\n"
    text += "|---|" + "---|" * len(found) + "\n"
    for style in found[0].by_style:
        text += f"| {style} | " + " | ".join(f"{one.by_style[style]:.0%}" for one in found) + " |\n"
    return text


def _added(mean: float, preferred: float) -> str:
    return f"{mean:+.2f}, {preferred:.0%}"


def _named(one: Votes) -> str:
    return f"{one.opponent}, {'with the craft' if one.craft else 'alone'}"


def _originality(found: dict[str, Any]) -> str:
    people = found["people"]
    text = f"""
Notes of the longest run that a piece shares with one training work, key and tempo left out, with at
least {found["limit_distinct_intervals"]} different intervals. Pieces of {found["seconds_each"]} s,
all styles in turn. People are works that were held out: whole, and in stretches of as many lines
with as many notes as the pieces have.

| | pieces | median | 90 % | 95 % | 99 % | longest | ≥ {found["limit_notes"]} |
|---|---|---|---|---|---|---|---|
"""
    rows = {
        "the model, before retraction": found["before_retraction"],
        "the model, offered": found["offered"],
        "people, in stretches": people["stretches"],
        "people, whole works": people["whole_works"],
    }
    for name, one in rows.items():
        text += (
            f"| {name} | {one['pieces']} | {one['median']:g} | {one['p90']:g} | {one['p95']:g} "
            f"| {one['p99']:g} | {one['longest']} | {one['at_or_over_limit']} |\n"
        )
    if found["retracted"]:
        text += f"\nRetracted {len(found['retracted'])}, the first because "
        text += f"{found['retracted'][0]}.\n"
    return text


def _distances(figures: Any) -> str:
    found = msgspec.convert(figures, Far)
    text = f"""
Jensen-Shannon divergence in bits from {found.pieces} pieces of eight bars by people. Works are
parted in two at random, 200 times; the model wrote under the plans of one half and is compared with
people's other half, as people's first half is, which is as large. 5 % and 95 % are of the partings.
`vertical` is the set of pitch classes above the lowest on every beat; lead, bass and counter are
those that the composer reads in works. The network alone is held to the figure; the craft departs
from people's works on purpose: breaths, silent bars, the pace of an energy. The more pieces, the
nearer are people to each other, and the larger is a multiple of it.
"""
    rows_of = {"The network alone": found.alone, "As the studio has it write": found.craft}
    for name, rows in rows_of.items():
        text += f"\n### {name}\n"
        text += "| histogram | role | model | people | × | 5 % | 95 % |\n"
        text += "|---|---|---|---|---|---|---|\n"
        for one in rows:
            text += (
                f"| {one.histogram} | {one.role} | {one.model:.4f} | {one.people:.4f} "
                f"| {one.ratio:.2f} | {one.low:.2f} | {one.high:.2f} |\n"
            )
    return text


def _shares(figures: Any) -> str:
    found = msgspec.convert(figures, list[Written])
    roles = list(dict.fromkeys(role for one in found for role in one.roles))
    text = f"""
Share of the sounding notes that the model wrote, by role, of {found[0].pieces} beds of 30 s a
style; the rest is the arranger's. A chord in the arranger's rhythm counts as the model's where its
part is led by the model's voices and one of them has the tone; a tone that the style adds to it is
the arranger's. `time` is the share of the sounding time, drums left out.

| style | all notes | time | {" | ".join(roles)} |
|---|---|---|{"---|" * len(roles)}
"""
    for one in found:
        timed = one.of([role for role in roles if role != "drums"]).time_share
        text += f"| {one.style} | {_share(one.of(roles).share)} | {_share(timed)} | "
        text += " | ".join(_share(one.of([role]).share) for role in roles) + " |\n"
    return text


def _speed(figures: Any) -> str:
    found = msgspec.convert(figures, list[Speed])
    text = """
Seconds by the clock, in brackets of the CPU, for candidates of a minute with every bar rated; this
machine's two cores had other work. `python -m loadtests.bench_decode` compares the network's steps
with torch and with a plain export; its table stands in `loadtests/README.md`.

| style | steps of ten | one | ten |
|---|---|---|---|
"""
    for one in found:
        text += (
            f"| {one.style} | {one.steps} | {one.one_s:.2f} ({one.one_cpu_s:.2f}) "
            f"| {one.ten_s:.2f} ({one.ten_cpu_s:.2f}) |\n"
        )
    return text


def _share(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


_SECTIONS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "bits": ("Bits per note", _bits),
    "critics": ("The critic of bars", _critics),
    "arms": ("Ways to spend steps", _arms),
    "taken": ("What the panel takes back", _taken),
    "rules": ("The model against rules", _rules),
    "originality": ("What is shared with the training works", _originality),
    "distances": ("Distance from people", _distances),
    "shares": ("Who wrote the notes", _shares),
    "speed": ("Seconds", _speed),
}


def _spread(values: Sequence[float]) -> str:
    mean = sum(values) / len(values)
    variance = sum((one - mean) ** 2 for one in values) / max(1, len(values) - 1)
    return f"{mean:+.2f} ± {(variance / len(values)) ** 0.5:.2f}"
