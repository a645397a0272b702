"""Candidates by plain sampling and by the panel, side by side: same plan, same seed.

Left every bar stands as it was first drawn; right the panel, its rules and its trained critic,
reads along and has bars written again. Those are marked, with the reason and how often they were
tried. Up to the first of them both sides of a section are the same.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from engine.arrange import arrange
from engine.compose.composer import BarRater, Composer
from engine.contracts import Brief, Rewrite
from engine.critique import panel
from engine.critique.bars import both
from engine.critique.trained import TrainedCritic
from engine.plan import draw
from engine.provenance.origin import derive_seed
from engine.score import Score, bar_ticks, seconds_per_tick
from engine.studio import pictures
from engine.words import resolve

STYLES = (
    "lofi", "orchestral_epic", "jazz_trio", "solo_piano", "synthwave", "chinese_traditional",
    "waltz_ballroom", "rock",
)  # fmt: skip
CANDIDATES = 3
LENGTH_MS = 30_000
_WIDTH, _HEIGHT = 13.0, 4.6  # inches of one roll


class Side(Struct, frozen=True, kw_only=True):
    """A candidate as one of the two ways wrote it, and what the panel says of the whole score."""

    score: Score
    rating: float
    reasons: tuple[str, ...]
    steps: int
    rewrites: tuple[Rewrite, ...] = ()


class Pair(Struct, frozen=True, kw_only=True):
    """One candidate, twice."""

    style: str
    number: int
    plain: Side
    judged: Side


class Taken(Struct, frozen=True, kw_only=True):
    """What the panel took back of some candidates: bars by reason, the tries they cost, the steps
    of both ways, and how many whole takes either way would have been retracted on paper."""

    candidates: int
    bars: int
    by_reason: dict[str, int]
    tries: dict[str, int]
    steps_plain: int
    steps_judged: int
    rating_plain: float
    rating_judged: float
    retracted_plain: int
    retracted_judged: int


def pairs(style: str, seed: int, composer: Composer, rate: BarRater) -> list[Pair]:
    """The candidates of one style's brief, each written both ways."""
    own = derive_seed(seed, *style.encode())
    resolved = resolve(Brief(style=style, kind="bed", duration_ms=LENGTH_MS), own)
    plans = draw(resolved, own, CANDIDATES)
    seeds = [derive_seed(own, number) for number in range(len(plans))]
    plain = composer.write(plans, seeds)
    judged = composer.write(plans, seeds, rate=rate)
    return [
        Pair(
            style=style,
            number=number,
            plain=_side(arrange(plan, one.lines, seed), one.steps, one.rewrites),
            judged=_side(arrange(plan, other.lines, seed), other.steps, other.rewrites),
        )
        for number, (plan, seed, one, other) in enumerate(
            zip(plans, seeds, plain, judged, strict=True), 1
        )
    ]


def taken(found: Sequence[Pair]) -> Taken:
    """Count what was taken back."""
    rewrites = [one for pair in found for one in pair.judged.rewrites]
    return Taken(
        candidates=len(found),
        bars=sum(pair.judged.score.plan.bars for pair in found),
        by_reason=dict(Counter(one.reason for one in rewrites).most_common()),
        tries={str(tries): count
               for tries, count in sorted(Counter(one.tries for one in rewrites).items())},
        steps_plain=sum(pair.plain.steps for pair in found),
        steps_judged=sum(pair.judged.steps for pair in found),
        rating_plain=round(sum(pair.plain.rating for pair in found) / len(found), 4),
        rating_judged=round(sum(pair.judged.rating for pair in found) / len(found), 4),
        retracted_plain=sum(bool(pair.plain.reasons) for pair in found),
        retracted_judged=sum(bool(pair.judged.reasons) for pair in found),
    )  # fmt: skip


def make(folder: Path, seed: int, models: Path, critics: Path) -> Taken:
    """Write and draw all of them; a page for each style, and what was taken back as JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    composer, rate, every = Composer(models), both(TrainedCritic(critics)), []
    for style in STYLES:
        found = pairs(style, seed, composer, rate)
        draw_page(found, folder / f"{style}.png")
        every += found
        print(f"{style}: {_said(found)}", file=sys.stderr, flush=True)
    said = taken(every)
    listed = [
        {"style": pair.style, "candidate": pair.number, "bar": one.bar + 1, "reason": one.reason,
         "tries": one.tries}
        for pair in every
        for one in pair.judged.rewrites
    ]  # fmt: skip
    text = msgspec.json.encode({"taken": said, "rewrites": listed})
    (folder / "rolls.json").write_bytes(msgspec.json.format(text, indent=1) + b"\n")
    return said


def draw_page(found: Sequence[Pair], file: Path) -> None:
    """Plain sampling left, the panel right, a row for each candidate."""
    figure = pictures.blank(2 * _WIDTH, len(found) * _HEIGHT)
    axes = figure.subplots(
        2 * len(found), 2, squeeze=False, height_ratios=[5, 1.2] * len(found), sharex="row"
    )
    for row, pair in enumerate(found):
        for column, (name, side) in enumerate((("plain", pair.plain), ("panel", pair.judged))):
            roll, drums = axes[2 * row][column], axes[2 * row + 1][column]
            _draw(roll, drums, side, f"{pair.style} {pair.number}, {name}")
    figure.savefig(file, dpi=70)


def _draw(roll: Any, drums: Any, side: Side, title: str) -> None:
    plan = side.score.plan
    second = seconds_per_tick(plan.tempo, plan.meter)
    bar = bar_ticks(plan.meter) * second
    length = plan.bars * bar + plan.ring_ticks * second
    height = pictures.paper(roll, drums, plan, side.score.parts, _WIDTH / length)
    for axes in (roll, drums):
        axes.set_xlim(0.0, length)
    for one in side.rewrites:
        roll.axvspan(one.bar * bar, (one.bar + 1) * bar, color="#d62728", alpha=0.16, zorder=0)
        roll.annotate(f"{one.reason} ×{one.tries}", (one.bar * bar, 0.0), (3, 3), fontsize=7,
                      color="#a00000", rotation=90, xycoords=roll.get_xaxis_transform(),
                      textcoords="offset points")  # fmt: skip
    said = f"{title} · rated {side.rating:.2f}"
    said += f" · {'; '.join(side.reasons)}" if side.reasons else ""
    roll.set_title(said, fontsize=9, loc="left", pad=height + 14)


def _side(score: Score, steps: int, rewrites: tuple[Rewrite, ...]) -> Side:
    verdict = panel.judge(score)
    return Side(score=score, rating=verdict.rating, reasons=verdict.reasons, steps=steps,
                rewrites=rewrites)  # fmt: skip


def _said(found: Sequence[Pair]) -> str:
    counted = Counter(one.reason for pair in found for one in pair.judged.rewrites)
    reasons = ", ".join(f"{reason} {count}" for reason, count in counted.most_common())
    return reasons or "nothing was taken back"
