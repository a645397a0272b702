"""What composed pieces share with the training works: one piece of every style in turn, as served.

Takes are composed as the studio composes them and measured before anything retracts them, so the
figure says how often the limit is needed and not only that it holds.
"""

from pathlib import Path
from typing import Any

from engine import styles
from engine.compose.composer import PACKAGED, Composer
from engine.contracts import Brief
from engine.critique import originality
from engine.critique.bars import rater
from engine.plan import draw
from engine.provenance.origin import derive_seed
from engine.words import resolve
from engine.workshop.index import keep, manifest_of, spread

_AT_ONCE = 5  # pieces of one brief
_LENGTH_MS = 30_000


def measure(pieces: int, seed: int, models: Path = PACKAGED) -> dict[str, Any]:
    """Compose pieces and say how long their longest shared runs are, before any is retracted."""
    composer, index = Composer(models), originality.packaged(models)
    findings: list[originality.Finding] = []
    names = styles.names()
    while len(findings) < pieces:
        turn = len(findings) // _AT_ONCE
        count = min(_AT_ONCE, pieces - len(findings))
        brief = Brief(style=names[turn % len(names)], kind="bed", duration_ms=_LENGTH_MS)
        own = derive_seed(seed, turn)
        plans = draw(resolve(brief, own), own, count)
        seeds = [derive_seed(own, number) for number in range(count)]
        made = composer.write(plans, seeds, rate=rater(plans[0]))
        findings += [index.longest(one.lines) for one in made]
    kept = [one for one in findings if one.original]
    return {
        "seconds_each": _LENGTH_MS // 1000,
        "seed": seed,
        "before_retraction": spread([one.longest_run for one in findings]),
        "offered": spread([one.longest_run for one in kept]),
        "retracted": [one.reason for one in findings if not one.original],
    }


def make(pieces: int, seed: int, models: Path) -> dict[str, Any]:
    """Measure, and let the manifest say so."""
    found = measure(pieces, seed, models)
    manifest = manifest_of(models)
    said = {name: found[name] for name in ("seconds_each", "seed", "before_retraction", "offered")}
    manifest["originality"]["composed"] = said
    keep(models, manifest)
    return found
