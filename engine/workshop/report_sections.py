"""The sections of the report: each measures one thing on the weights and returns plain figures."""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from msgspec import Struct

from engine import styles
from engine.compose.composer import Composer
from engine.critique import originality as index
from engine.critique.bars import both, rate, rater
from engine.critique.trained import TrainedCritic
from engine.workshop import arms as ways
from engine.workshop import judge as judging
from engine.workshop import originality as quoting
from engine.workshop import (
    report_distances,
    report_rules,
    report_shares,
    report_speed,
    report_works,
    rolls,
)
from engine.workshop.arms import ARMS, Arm, Heard, Tools, Written
from engine.workshop.excerpts import Excerpt
from engine.workshop.index import manifest_of
from engine.workshop.report_works import Work

_Job = TypeVar("_Job")
_Found = TypeVar("_Found")


class Sizes(Struct, frozen=True, kw_only=True):
    """How much of everything is measured."""

    pieces: int
    tuned_on: int
    pairs: int
    originals: int
    far: int  # pieces whose distance from people is measured
    styles: int  # whose notes are counted
    briefs: int  # of each of them
    arms: tuple[str, ...] = tuple(arm.name for arm in ARMS)


WHOLE = Sizes(pieces=200, tuned_on=32, pairs=200, originals=500, far=400, styles=99, briefs=3)
QUICK = Sizes(pieces=2, tuned_on=1, pairs=2, originals=5, far=4, styles=2, briefs=1,
              arms=("plain", "best of 2", "retraction by likeness"))  # fmt: skip


class Bench(Struct, frozen=True, kw_only=True):
    """What sections are measured with. ``works`` stand for the corpora where they are given."""

    models: Path
    critics: Path
    corpus: Path | None
    seed: int
    sizes: Sizes
    workers: int = 1
    works: tuple[Work, ...] = ()

    def held_out(self) -> list[Work]:
        """Works that nobody was trained on."""
        if self.works:
            return list(self.works)
        if self.corpus is None:
            raise LookupError("works that are held out are read from the corpora: name --corpus")
        return _held_out(self.corpus, self.models)


# --- from the manifests ---------------------------------------------------------------------------


def bits(bench: Bench) -> dict[str, Any]:
    """What training wrote down about the works that were held out."""
    manifest = manifest_of(bench.models)
    names = ("held_out", "held_out_without", "comparison", "parameters", "training")
    return {name: manifest[name] for name in names if name in manifest}


def critics(bench: Bench) -> dict[str, Any]:
    """AUCs of the critic of bars, and on which composer's bars it was taught."""
    manifest = json.loads((bench.critics / "manifest.json").read_text())
    return {"auc": manifest["auc"], "taught_by": manifest["composer"]}


# --- composed -------------------------------------------------------------------------------------


class Gain(Struct, frozen=True, kw_only=True):
    """One arm less another, piece by piece under the same plan."""

    arm: str
    other: str
    mean: float
    error: float


class Arms(Struct, frozen=True, kw_only=True):
    """The table of the arms. ``distances`` are each arm's four histograms over all roles."""

    pieces: int
    tuned_on: int
    temperatures: list[float]
    arms: list[Heard]
    people: Heard
    gains: list[Gain]
    distances: dict[str, dict[str, float]]


def arms(bench: Bench) -> Arms:
    """Tune every arm on some works, let it write under the plans of others, and ask the judge."""
    works, sizes = bench.held_out(), bench.sizes
    tuning, used, of = _sides(works, sizes, bench.seed)
    chosen = [arm for arm in ARMS if arm.name in sizes.arms]
    jobs = [(arm, bench, [one.plan for one in tuning], used) for arm in chosen]
    judge = judging.read(bench.critics / "judge.json")
    heard, far = [], {}
    for one, pieces in _told("arms", _mapped(_arm, jobs, bench.workers), len(jobs)):
        heard.append(one)
        far[one.name] = _ratios(pieces, used, of, bench.seed)
    return Arms(
        pieces=len(used), tuned_on=len(tuning), temperatures=list(ways.TEMPERATURES), arms=heard,
        people=ways.people(judge, used), gains=gains(heard), distances=far,
    )  # fmt: skip


def _arm(job: tuple[Arm, Bench, list, list[Excerpt]]) -> tuple[Heard, list[Written]]:
    arm, bench, tuning, used = job
    tools = _tools(bench.models, bench.critics)
    means = ways.tuned(arm, tools, tuning, bench.seed)
    best = max(means, key=lambda one: means[one])
    seeds = [bench.seed + 10_000 + at for at in range(len(used))]
    pieces = ways.write(arm, tools, [one.plan for one in used], seeds, best)
    return ways.heard(arm.name, best, tools.judge, pieces, means), pieces


def gains(heard: Sequence[Heard]) -> list[Gain]:
    """Every way of taking bars back less every way of paying for more, with or without craft."""
    found = []
    for one in heard:
        if not one.name.startswith("retraction"):
            continue
        alone = one.name.endswith("alone")
        for other in heard:
            if other.name.startswith("retraction") or other.name.endswith("alone") != alone:
                continue
            found.append(_gain(one, other))
    return found


def _gain(one: Heard, other: Heard) -> Gain:
    each = [a - b for a, b in zip(one.odds, other.odds, strict=True)]
    mean = sum(each) / len(each)
    spread = (sum((x - mean) ** 2 for x in each) / max(1, len(each) - 1)) ** 0.5
    return Gain(arm=one.name, other=other.name, mean=round(mean, 3),
                error=round(spread / len(each) ** 0.5, 3))  # fmt: skip


def _sides(
    works: Sequence[Work], sizes: Sizes, seed: int
) -> tuple[list[Excerpt], list[Excerpt], list[int]]:
    """Excerpts to tune on, excerpts of other works for the table, and the work of each of these."""
    chosen = [work.excerpts for work in works if work.excerpts]
    order = np.random.default_rng([seed, 4]).permutation(len(chosen))
    share = max(1, round(len(chosen) * sizes.tuned_on / (sizes.tuned_on + sizes.pieces)))
    tuning, _ = report_works.spread([chosen[at] for at in order[:share]], sizes.tuned_on, seed)
    used, of = report_works.spread([chosen[at] for at in order[share:]], sizes.pieces, seed)
    if len(used) < sizes.pieces:
        print(f"only {len(used)} of {sizes.pieces} pieces: no more is held out", file=sys.stderr)
    return tuning, used, of


def _ratios(
    pieces: Sequence[Written], used: Sequence[Excerpt], of: Sequence[int], seed: int
) -> dict[str, float]:
    found = report_distances.distances(
        [(one.plan, one.lines) for one in pieces], [(one.plan, one.lines) for one in used], of, seed
    )
    return {one.histogram: one.ratio for one in found if one.role == "all"}


def rules(bench: Bench) -> list[report_rules.Share]:
    """The model against rules, over all styles."""
    asked = report_rules.asked(bench.sizes.pairs, bench.seed)
    size = report_rules.AT_ONCE
    jobs = [(asked[at : at + size], bench) for at in range(0, len(asked), size)]
    votes = [one for some in _told("rules", _mapped(_pairs, jobs, bench.workers), len(jobs))
             for one in some]  # fmt: skip
    return report_rules.shares(votes)


def _pairs(job: tuple[list[tuple[str, int]], Bench]) -> list[report_rules.Voted]:
    pairs, bench = job
    tools = _tools(bench.models, bench.critics)
    return report_rules.voted(pairs, tools.composer, tools.judge)


def originality(bench: Bench) -> dict[str, Any]:
    """Longest runs that composed pieces, and people's held-out works, share with training works."""
    turns = range(-(-bench.sizes.originals // quoting.AT_ONCE))
    jobs = [([turn], bench) for turn in turns]
    made = [one for some in _told("originality", _mapped(_composed, jobs, bench.workers), len(jobs))
            for one in some][: bench.sizes.originals]  # fmt: skip
    packaged = index.packaged(bench.models)
    works = [work.lines for work in bench.held_out()]
    return {
        "seconds_each": quoting.LENGTH_MS // 1000,
        "limit_notes": index.MOST_NOTES,
        "limit_distinct_intervals": index.DISTINCT,
        **quoting.measured(made, packaged),
        "people": quoting.people(made, works, packaged, bench.seed),
    }


def _composed(job: tuple[list[int], Bench]) -> list:
    turns, bench = job
    return quoting.composed(turns, bench.seed, _tools(bench.models, bench.critics).composer)


class Far(Struct, frozen=True, kw_only=True):
    """Distances of so many pieces, alone and with the craft."""

    pieces: int
    alone: list[report_distances.Distance]
    craft: list[report_distances.Distance]


def distances(bench: Bench) -> Far:
    """Histograms against people's, as the network writes alone and as the studio has it write."""
    works = [work.composed for work in bench.held_out() if work.composed]
    used, of = report_works.spread(works, bench.sizes.far, bench.seed)
    people = [(one.plan, one.lines) for one in used]
    size, found = 25, {}
    for craft in (False, True):
        jobs = [(used[at : at + size], at, bench, craft) for at in range(0, len(used), size)]
        written = _told("distances", _mapped(_written, jobs, bench.workers), len(jobs))
        made = [one for some in written for one in some]
        found[craft] = report_distances.distances(
            [(one.plan, lines) for one, lines in zip(used, made, strict=True)], people, of,
            bench.seed,
        )  # fmt: skip
    return Far(pieces=len(used), alone=found[False], craft=found[True])


def _written(job: tuple[list[Excerpt], int, Bench, bool]) -> list:
    used, at, bench, craft = job
    composer = _tools(bench.models, bench.critics).composer
    seeds = [bench.seed + 20_000 + at + n for n in range(len(used))]
    plans = [one.plan for one in used]
    made = composer.write(plans, seeds, rate=rater(plans[0]), craft=craft)
    return [one.lines for one in made]


def taken(bench: Bench) -> dict[str, rolls.Taken]:
    """What the panel takes back of the candidates that `rolls` draws, without its trained critic
    and with it."""
    jobs = [(style, bench) for style in rolls.STYLES[: bench.sizes.styles]]
    found = list(_told("taken", _mapped(_rolled, jobs, bench.workers), len(jobs)))
    return {name: rolls.taken([pair for one in found for pair in one[name]]) for name in found[0]}


def _rolled(job: tuple[str, Bench]) -> dict[str, list[rolls.Pair]]:
    style, bench = job
    tools = _tools(bench.models, bench.critics)
    raters = {"rules": rate, "rules and faults": both(tools.critic)}
    return {
        name: rolls.pairs(style, bench.seed, tools.composer, one) for name, one in raters.items()
    }


def shares(bench: Bench) -> list[report_shares.Share]:
    """Who wrote the notes that sound, style by style."""
    jobs = [(style, bench) for style in styles.names()[: bench.sizes.styles]]
    return list(_told("shares", _mapped(_shares, jobs, bench.workers), len(jobs)))


def _shares(job: tuple[str, Bench]) -> report_shares.Share:
    style, bench = job
    composer = _tools(bench.models, bench.critics).composer
    return report_shares.share(style, bench.sizes.briefs, bench.seed, composer)


def speed(bench: Bench) -> list[report_speed.Speed]:
    """Seconds to compose; one style after the other, so that they do not take each other's time."""
    chosen = report_speed.STYLES[: bench.sizes.styles]
    return [report_speed.speed(style, bench.seed, bench.models) for style in chosen]


# --- at work --------------------------------------------------------------------------------------


@cache
def _tools(models: Path, critics: Path) -> Tools:
    """One set of tools for each process."""
    return Tools(
        composer=Composer(models, desks=1),  # the other cores have processes of their own
        critic=TrainedCritic(critics),
        judge=judging.read(critics / "judge.json"),
    )


@cache
def _held_out(corpus: Path, models: Path) -> list[Work]:
    return report_works.held_out(corpus, models)


def _mapped(work: Callable[[_Job], _Found], jobs: Sequence[_Job], workers: int) -> Iterable[_Found]:
    """Every job's result in their order, several at a time."""
    if workers == 1:
        yield from map(work, jobs)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(work, jobs)


def _told(what: str, found: Iterable[_Found], count: int) -> Iterable[_Found]:
    """The same, saying how far it is."""
    for number, one in enumerate(found, 1):
        print(f"{what}: {number} of {count}", file=sys.stderr, flush=True)
        yield one
