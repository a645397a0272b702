"""The table of the arms as a page: what was measured, how, and what follows."""

from collections.abc import Sequence

import numpy as np

from engine.workshop.arms import Pairs, Row

_HEAD = "# What the panel is worth\n"
_HOW = """
Written by `{command}`. Weights: composer `{composer}`, critic of bars `{critic}`.

## Ways to spend steps
{pieces} pieces of eight bars per arm, all under the same plans, which describe bars of works that
neither the composer, nor the critic, nor the judge was trained on. The judge is used here only:
other works, other features (chains of intervals, rhythms, relations to chord and bass), log-odds
that people wrote the piece; it learnt from people against our model at several temperatures and
our rules. `usual` is its second opinion: the mean squared distance from people's pieces, where 1
is what people have themselves. Every arm stands at the temperature that the judge liked best among
{temperatures} on {tuned} other pieces. `distinct` is the share of the leads' runs of four moves
that differ from each other. `no pull` is the network's own opinion of pitches inside the same
grammar: the craft's bias (chord tones, steps, the referenced bar) is off.

| arm | temperature | judge's log-odds | usual | steps a piece | distinct 4-grams |
|---|---|---|---|---|---|
"""


_CRITIC = """
## The critic of bars
AUC on works that nobody was trained on: people's bars against one fault in one bar, and against
the model's bars under the same plans. `rating` is the odds of people against all else; `own` is
the critic's opinion of that one question alone.

| against | rating | own | bars |
|---|---|---|---|
"""


def page(
    rows: Sequence[Row],
    reference: Row,
    pairs: Pairs,
    facts: dict[str, str],
    auc: dict[str, dict[str, float]],
) -> str:
    """The whole report as Markdown."""
    text = _HEAD + _HOW.format(**facts)
    for row in (*rows, reference):
        temperature = f"{row.temperature:g}" if row.tuned else "–"
        steps = f"{row.steps:.0f}" if row.tuned else "–"
        text += (
            f"| {row.name} | {temperature} | {_spread(row.odds)} | {row.typical.mean():.2f} "
            f"| {steps} | {row.distinct:.3f} |\n"
        )
    return text + _gains(rows) + _tuning(rows) + _pairs(pairs) + _critic(auc)


def _critic(auc: dict[str, dict[str, float]]) -> str:
    text = _CRITIC
    for name, found in auc.items():
        text += f"| {name} | {found['rating']:.3f} | {found['own']:.3f} | {found['bars']:.0f} |\n"
    return text


def _gains(rows: Sequence[Row]) -> str:
    by_name = {row.name: row for row in rows}
    text = "\n### Differences, piece by piece under the same plan\n"
    text += "| | log-odds | in standard errors |\n|---|---|---|\n"
    for name in by_name:
        if not name.startswith("retraction"):
            continue
        free = name.endswith("no pull")
        for other in ("plain, no pull",) if free else ("plain", "best of 2", "best bar of 2"):
            gain = by_name[name].odds - by_name[other].odds
            error = gain.std(ddof=1) / len(gain) ** 0.5
            text += f"| {name} − {other} | {_spread(gain)} | {gain.mean() / error:+.1f} |\n"
    return text


def _tuning(rows: Sequence[Row]) -> str:
    temperatures = list(rows[0].tuned)
    text = "\n### Tuning: the judge's mean at each temperature\n| arm |"
    text += "".join(f" {one:g} |" for one in temperatures)
    text += "\n|---|" + "---|" * len(temperatures) + "\n"
    for row in rows:
        text += f"| {row.name} |" + "".join(f" {row.tuned[one]:+.2f} |" for one in temperatures)
        text += "\n"
    return text


def _pairs(pairs: Pairs) -> str:
    won = pairs.model > pairs.rules
    share = won.mean()
    text = f"""
## The model against rules
{len(won)} pairs over {len(set(pairs.styles))} styles: one plan, one arranger; once
the model's lines as the studio writes them, once a lead by rule (the style's contour stated, in
sequence, again, as a fragment, closed) with the arranger's own bass and counter. The judge reads
lead, bass and counter of the arranged scores.

| | share of pairs |
|---|---|
| the judge prefers the model | {share:.1%} ± {(share * (1 - share) / len(won)) ** 0.5:.1%} |
| the model is closer to what is usual among people | {pairs.closer.mean():.1%} |
| the judge prefers the model's lead, heard alone | {pairs.leads.mean():.1%} |
| the model's lead alone is closer to what is usual | {pairs.leads_closer.mean():.1%} |

Mean log-odds: model {_spread(pairs.model)}, rules {_spread(pairs.rules)}.

| style | preferred | pairs |
|---|---|---|
"""
    for style in dict.fromkeys(pairs.styles):
        here = np.array([one == style for one in pairs.styles])
        text += f"| {style} | {won[here].mean():.0%} | {here.sum()} |\n"
    return text


def _spread(values: np.ndarray) -> str:
    return f"{values.mean():+.2f} ± {values.std(ddof=1) / len(values) ** 0.5:.2f}"
