"""What composed pieces share with the training works, and what works by people do.

Takes are composed as the studio composes them and measured before anything retracts them, so the
figure says how often the limit is needed and not only that it holds. A long work has more places
where it can agree with another one, so people are measured in stretches too: for every composed
piece one of a work that is held out, with as many lines of as many notes.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine import styles
from engine.compose.composer import PACKAGED, Composer
from engine.contracts import Brief
from engine.critique import originality
from engine.critique.bars import rater
from engine.plan import draw
from engine.provenance.origin import derive_seed
from engine.score import Line
from engine.words import resolve
from engine.workshop.index import keep, manifest_of, shared, spread

AT_ONCE = 5  # pieces of one brief
LENGTH_MS = 30_000
FEWEST_NOTES = 8  # of a line that is worth a comparison


def composed(turns: Sequence[int], seed: int, composer: Composer) -> list[tuple[Line, ...]]:
    """The lines of five pieces for every turn: one brief each, all styles in turn."""
    names, found = styles.names(), []
    for turn in turns:
        brief = Brief(style=names[turn % len(names)], kind="bed", duration_ms=LENGTH_MS)
        own = derive_seed(seed, turn)
        plans = draw(resolve(brief, own), own, AT_ONCE)
        seeds = [derive_seed(own, number) for number in range(AT_ONCE)]
        found += [one.lines for one in composer.write(plans, seeds, rate=rater(plans[0]))]
    return found


def measured(pieces: Sequence[Sequence[Line]], index: originality.Index) -> dict[str, Any]:
    """How long the longest shared runs of some pieces are, before any is retracted and after."""
    findings = [index.longest(lines) for lines in pieces]
    kept = [one for one in findings if one.original]
    return {
        "before_retraction": spread([one.longest_run for one in findings]),
        "offered": spread([one.longest_run for one in kept]),
        "retracted": [one.reason for one in findings if not one.original],
    }


def people(
    pieces: Sequence[Sequence[Line]],
    works: Sequence[Sequence[np.ndarray]],
    index: originality.Index,
    seed: int,
) -> dict[str, Any]:
    """The same of works that are held out: whole, and in stretches as long as the pieces."""
    rng = np.random.default_rng([seed, 5])
    runs = [shared(index, _stretch(lines, works, rng)) for lines in pieces]
    return {
        "whole_works": spread([shared(index, lines) for lines in works]),
        "stretches": spread(runs),
    }


def _stretch(
    lines: Sequence[Line], works: Sequence[Sequence[np.ndarray]], rng: np.random.Generator
) -> list[np.ndarray]:
    """Lines out of one work, as many and as long as a piece's; shorter where the work is."""
    work = works[int(rng.integers(len(works)))]
    found = []
    for line in lines:
        steps = len({note.start for note in line.notes}) - 1
        if steps + 1 < FEWEST_NOTES or not work:
            continue
        own = work[int(rng.integers(len(work)))]
        first = int(rng.integers(max(1, len(own) - steps + 1)))
        found.append(own[first : first + steps])
    return found


def measure(pieces: int, seed: int, models: Path = PACKAGED) -> dict[str, Any]:
    """Compose pieces and say how long their longest shared runs are, before any is retracted."""
    turns = range(-(-pieces // AT_ONCE))
    made = composed(turns, seed, Composer(models))[:pieces]
    facts = {"seconds_each": LENGTH_MS // 1000, "seed": seed}
    return facts | measured(made, originality.packaged(models))


def make(pieces: int, seed: int, models: Path) -> dict[str, Any]:
    """Measure, and let the manifest say so."""
    found = measure(pieces, seed, models)
    manifest = manifest_of(models)
    said = {name: found[name] for name in ("seconds_each", "seed", "before_retraction", "offered")}
    manifest["originality"]["composed"] = said
    keep(models, manifest)
    return found
